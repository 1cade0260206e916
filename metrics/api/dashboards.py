"""The numbers of many plans."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from kam.core.api.fields import money_text
from kam.core.api.serializers import RefSerializer
from kam.core.api.viewsets import VisibleReadOnlyViewSet
from metrics import operations
from metrics.api.serializers import NumbersSerializer, numbers_answer
from metrics.filters import PlanNumbersFilter
from metrics.portfolio import Totals, portfolio_totals
from metrics.rules import plans_with_numbers
from plans.models import AccountPlan
from plans.operations import log_confidential_look

TOTALS = ("won_revenue", "pipeline", "weighted_pipeline", "total_expected_revenue")


def ref(row: Any) -> dict[str, str]:
    return {"id": str(row.pk), "name": str(row)}


class PlanPerformanceSerializer(serializers.Serializer):
    """A plan with its stored numbers, in its currency and in the company's; null until first computed."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    account = RefSerializer()
    owner = RefSerializer()
    plan_type = RefSerializer()
    status = serializers.CharField()
    start_date = serializers.DateField()
    end_date = serializers.DateField()
    kpis = NumbersSerializer(allow_null=True)
    company_kpis = NumbersSerializer(allow_null=True)

    def to_representation(self, plan: AccountPlan) -> dict[str, Any]:
        kpi = getattr(plan, "kpi", None)
        return {
            "id": str(plan.pk),
            "name": plan.name,
            "account": ref(plan.account),
            "owner": ref(plan.owner),
            "plan_type": ref(plan.plan_type),
            "status": plan.status,
            "start_date": plan.start_date.isoformat(),
            "end_date": plan.end_date.isoformat(),
            "kpis": numbers_answer(kpi, in_company_currency=False) if kpi else None,
            "company_kpis": numbers_answer(kpi, in_company_currency=True) if kpi else None,
        }


class TotalCountsSerializer(serializers.Serializer):
    won = serializers.IntegerField()
    open = serializers.IntegerField()
    not_converted = serializers.IntegerField()


class TotalsSerializer(serializers.Serializer):
    """Sums over the records of these plans that you may open, each record once, in company currency."""

    currency = serializers.CharField()
    won_revenue = serializers.CharField()
    pipeline = serializers.CharField()
    weighted_pipeline = serializers.CharField()
    total_expected_revenue = serializers.CharField()
    counts = TotalCountsSerializer()

    def to_representation(self, totals: Totals) -> dict[str, Any]:
        return {
            "currency": totals.currency,
            **{name: money_text(getattr(totals, name), totals.currency) for name in TOTALS},
            "counts": {
                "won": totals.won_count,
                "open": totals.open_count,
                "not_converted": totals.not_converted_count,
            },
        }


@extend_schema_serializer(many=False)
class PlanPerformancePageSerializer(serializers.Serializer):
    fresh = serializers.BooleanField(
        help_text="False while changes wait to be counted: the numbers of plans may lag by seconds."
    )
    totals = TotalsSerializer()
    count = serializers.IntegerField(allow_null=True, help_text="Exact up to 10,000; null above.")
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = PlanPerformanceSerializer(many=True)


class PlanPerformanceViewSet(VisibleReadOnlyViewSet):
    """Plans with their numbers, and what their records add up to, each counted once."""

    queryset = AccountPlan.objects.all()
    serializer_class = PlanPerformanceSerializer
    filterset_class = PlanNumbersFilter

    def visible(self) -> QuerySet:
        return plans_with_numbers(self.request.user)

    def with_related(self, queryset: QuerySet) -> QuerySet:
        return queryset.select_related("account", "owner", "plan_type", "kpi")

    @extend_schema(responses=PlanPerformancePageSerializer)
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        # Before the numbers are read: what is worked off meanwhile makes them newer, never older.
        is_fresh = not operations.is_lagging()
        plans = self.filter_queryset(self.get_queryset())
        rows = self.paginate_queryset(plans)
        for plan in rows:
            log_confidential_look(plan=plan, user=request.user)
        totals = portfolio_totals(plans=plans.select_related(None), user=request.user)
        page = self.get_paginated_response(self.get_serializer(rows, many=True).data)
        page.data["fresh"] = is_fresh
        page.data["totals"] = TotalsSerializer(totals).data
        return page
