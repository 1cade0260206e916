from collections.abc import Iterator

from django.urls import URLPattern, path

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

KINDS = ("account-plans", "territory-business-plans")
NUMBERS = {  # of one plan, by its kind
    "kpis": (views.PlanKpiView, territories.TerritoryPlanKpiView),
    "kpis/records": (views.PlanKpiRecordsView, territories.TerritoryPlanKpiRecordsView),
    "kpi-history": (history.KpiHistoryView, territories.TerritoryPlanKpiHistoryView),
    "pace": (outlook.PlanPaceView, territories.TerritoryPlanPaceView),
    "forecast": (outlook.PlanForecastView, territories.TerritoryPlanForecastView),
    "revenue": (revenue.PlanRevenueView, territories.TerritoryPlanRevenueView),
}
PINS = (pins.PlanPinViewSet, pins.TerritoryPlanPinViewSet)
SCENARIOS = (scenarios.ScenarioViewSet, scenarios.TerritoryScenarioViewSet)
LIST = {"get": "list", "post": "create"}
ONE = {"get": "retrieve", "delete": "destroy"}
EDITABLE = {**ONE, "put": "update", "patch": "partial_update"}


def numbers_of_plans() -> Iterator[URLPattern]:
    for route, of_kinds in NUMBERS.items():
        for kind, view in zip(KINDS, of_kinds, strict=True):
            yield path(f"{kind}/<uuid:pk>/{route}/", view.as_view(), name=f"{kind}-{route.replace('/', '-')}")


def parts_of_plans() -> Iterator[URLPattern]:
    for kind, pin, scenario in zip(KINDS, PINS, SCENARIOS, strict=True):
        of_pins, of_scenarios = (f"{kind}/<uuid:plan_id>/{part}/" for part in ("pins", "scenarios"))
        yield path(of_pins, pin.as_view(LIST), name=f"{kind}-pins-list")
        yield path(f"{of_pins}<uuid:pk>/", pin.as_view(ONE), name=f"{kind}-pins-detail")
        yield path(of_scenarios, scenario.as_view(LIST), name=f"{kind}-scenarios-list")
        yield path(f"{of_scenarios}<uuid:pk>/", scenario.as_view(EDITABLE), name=f"{kind}-scenarios-detail")
        result = scenario.as_view({"get": "result"})
        yield path(f"{of_scenarios}<uuid:pk>/result/", result, name=f"{kind}-scenarios-result")


urlpatterns = [
    *numbers_of_plans(),
    *parts_of_plans(),
    path("accounts/<uuid:pk>/revenue/", revenue.AccountRevenueView.as_view(), name="accounts-revenue"),
    path("periodic-jobs/", jobs.PeriodicJobsView.as_view(), name="periodic-jobs-list"),
    path("periodic-jobs/<slug:name>/", jobs.PeriodicJobView.as_view(), name="periodic-jobs-detail"),
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
