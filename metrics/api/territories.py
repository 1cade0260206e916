"""The numbers of a territory business plan: the same as those of an account plan, over its accounts."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema, extend_schema_view

from metrics.api.history import KpiHistoryView
from metrics.api.outlook import PlanForecastView, PlanPaceView
from metrics.api.revenue import PlanRevenueView
from metrics.api.views import PlanKpiRecordsView, PlanKpiView
from plans.models import TerritoryBusinessPlan


@extend_schema_view(get=extend_schema(operation_id="territory_business_plans_kpis"))
class TerritoryPlanKpiView(PlanKpiView):
    plans = TerritoryBusinessPlan


@extend_schema_view(get=extend_schema(operation_id="territory_business_plans_kpis_records"))
class TerritoryPlanKpiRecordsView(PlanKpiRecordsView):
    plans = TerritoryBusinessPlan


@extend_schema_view(get=extend_schema(operation_id="territory_business_plans_kpi_history"))
class TerritoryPlanKpiHistoryView(KpiHistoryView):
    plans = TerritoryBusinessPlan


@extend_schema_view(get=extend_schema(operation_id="territory_business_plans_pace"))
class TerritoryPlanPaceView(PlanPaceView):
    plans = TerritoryBusinessPlan


@extend_schema_view(get=extend_schema(operation_id="territory_business_plans_forecast"))
class TerritoryPlanForecastView(PlanForecastView):
    plans = TerritoryBusinessPlan


@extend_schema_view(get=extend_schema(operation_id="territory_business_plans_revenue"))
class TerritoryPlanRevenueView(PlanRevenueView):
    plans = TerritoryBusinessPlan
