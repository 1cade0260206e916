from django.urls import path

from metrics.api import dashboards, views

urlpatterns = [
    path("account-plans/<uuid:pk>/kpis/", views.PlanKpiView.as_view(), name="account-plans-kpis"),
    path(
        "account-plans/<uuid:pk>/kpis/records/",
        views.PlanKpiRecordsView.as_view(),
        name="account-plans-kpis-records",
    ),
    path(
        "dashboards/plan-performance/",
        dashboards.PlanPerformanceViewSet.as_view({"get": "list"}),
        name="plan-performance",
    ),
]
