from django.urls import path

from metrics.api import dashboards, history, jobs, outlook, views

urlpatterns = [
    path("account-plans/<uuid:pk>/kpis/", views.PlanKpiView.as_view(), name="account-plans-kpis"),
    path(
        "account-plans/<uuid:pk>/kpis/records/",
        views.PlanKpiRecordsView.as_view(),
        name="account-plans-kpis-records",
    ),
    path(
        "account-plans/<uuid:pk>/kpi-history/",
        history.KpiHistoryView.as_view(),
        name="account-plans-kpi-history",
    ),
    path("account-plans/<uuid:pk>/pace/", outlook.PlanPaceView.as_view(), name="account-plans-pace"),
    path(
        "account-plans/<uuid:pk>/forecast/",
        outlook.PlanForecastView.as_view(),
        name="account-plans-forecast",
    ),
    path("jobs/", jobs.JobsView.as_view(), name="jobs-list"),
    path("jobs/<slug:name>/", jobs.JobView.as_view(), name="jobs-detail"),
    path(
        "dashboards/plan-performance/",
        dashboards.PlanPerformanceViewSet.as_view({"get": "list"}),
        name="plan-performance",
    ),
]
