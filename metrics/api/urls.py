from django.urls import path

from metrics.api import (
    activity,
    calls_due,
    completion,
    coverage,
    dashboards,
    history,
    jobs,
    outlook,
    pins,
    portfolio,
    revenue,
    scenarios,
    territories,
    views,
)

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
    path("account-plans/<uuid:pk>/revenue/", revenue.PlanRevenueView.as_view(), name="account-plans-revenue"),
    path("accounts/<uuid:pk>/revenue/", revenue.AccountRevenueView.as_view(), name="accounts-revenue"),
    path(
        "territory-business-plans/<uuid:pk>/kpis/",
        territories.TerritoryPlanKpiView.as_view(),
        name="territory-business-plans-kpis",
    ),
    path(
        "territory-business-plans/<uuid:pk>/kpis/records/",
        territories.TerritoryPlanKpiRecordsView.as_view(),
        name="territory-business-plans-kpis-records",
    ),
    path(
        "territory-business-plans/<uuid:pk>/kpi-history/",
        territories.TerritoryPlanKpiHistoryView.as_view(),
        name="territory-business-plans-kpi-history",
    ),
    path(
        "territory-business-plans/<uuid:pk>/pace/",
        territories.TerritoryPlanPaceView.as_view(),
        name="territory-business-plans-pace",
    ),
    path(
        "territory-business-plans/<uuid:pk>/forecast/",
        territories.TerritoryPlanForecastView.as_view(),
        name="territory-business-plans-forecast",
    ),
    path(
        "territory-business-plans/<uuid:pk>/revenue/",
        territories.TerritoryPlanRevenueView.as_view(),
        name="territory-business-plans-revenue",
    ),
    path(
        "account-plans/<uuid:plan_id>/pins/",
        pins.PlanPinViewSet.as_view({"get": "list", "post": "create"}),
        name="account-plans-pins-list",
    ),
    path(
        "account-plans/<uuid:plan_id>/pins/<uuid:pk>/",
        pins.PlanPinViewSet.as_view({"get": "retrieve", "delete": "destroy"}),
        name="account-plans-pins-detail",
    ),
    path(
        "territory-business-plans/<uuid:plan_id>/pins/",
        pins.TerritoryPlanPinViewSet.as_view({"get": "list", "post": "create"}),
        name="territory-business-plans-pins-list",
    ),
    path(
        "territory-business-plans/<uuid:plan_id>/pins/<uuid:pk>/",
        pins.TerritoryPlanPinViewSet.as_view({"get": "retrieve", "delete": "destroy"}),
        name="territory-business-plans-pins-detail",
    ),
    path("periodic-jobs/", jobs.PeriodicJobsView.as_view(), name="periodic-jobs-list"),
    path("periodic-jobs/<slug:name>/", jobs.PeriodicJobView.as_view(), name="periodic-jobs-detail"),
    path(
        "account-plans/<uuid:plan_id>/scenarios/",
        scenarios.ScenarioViewSet.as_view({"get": "list", "post": "create"}),
        name="account-plans-scenarios-list",
    ),
    path(
        "account-plans/<uuid:plan_id>/scenarios/<uuid:pk>/",
        scenarios.ScenarioViewSet.as_view(
            {"get": "retrieve", "put": "update", "patch": "partial_update", "delete": "destroy"}
        ),
        name="account-plans-scenarios-detail",
    ),
    path(
        "account-plans/<uuid:plan_id>/scenarios/<uuid:pk>/result/",
        scenarios.ScenarioViewSet.as_view({"get": "result"}),
        name="account-plans-scenarios-result",
    ),
    path(
        "territory-business-plans/<uuid:plan_id>/scenarios/",
        scenarios.TerritoryScenarioViewSet.as_view({"get": "list", "post": "create"}),
        name="territory-business-plans-scenarios-list",
    ),
    path(
        "territory-business-plans/<uuid:plan_id>/scenarios/<uuid:pk>/",
        scenarios.TerritoryScenarioViewSet.as_view(
            {"get": "retrieve", "put": "update", "patch": "partial_update", "delete": "destroy"}
        ),
        name="territory-business-plans-scenarios-detail",
    ),
    path(
        "territory-business-plans/<uuid:plan_id>/scenarios/<uuid:pk>/result/",
        scenarios.TerritoryScenarioViewSet.as_view({"get": "result"}),
        name="territory-business-plans-scenarios-result",
    ),
    path(
        "dashboards/plan-performance/",
        dashboards.PlanPerformanceViewSet.as_view({"get": "list"}),
        name="plan-performance",
    ),
    path(
        "dashboards/plan-performance/records/",
        portfolio.PortfolioRecordsViewSet.as_view({"get": "list"}),
        name="plan-performance-records",
    ),
    path(
        "dashboards/plan-coverage/",
        coverage.PlanCoverageViewSet.as_view({"get": "list"}),
        name="plan-coverage",
    ),
    path(
        "dashboards/completion/",
        completion.CompletionViewSet.as_view({"get": "list"}),
        name="plan-completion",
    ),
    path(
        "dashboards/activity/",
        activity.ActivityDashboardViewSet.as_view({"get": "list"}),
        name="activity-dashboard",
    ),
    path("cadence/calls-due/", calls_due.CallsDueViewSet.as_view({"get": "list"}), name="calls-due"),
]
