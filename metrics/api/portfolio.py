"""The records behind the totals of many plans."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from kam.core.api.fields import DayField, money_text
from kam.core.api.serializers import RefSerializer
from metrics.api.dashboards import PlanPerformanceViewSet
from metrics.api.parameters import flag_of, page_links, page_of, refuse
from metrics.api.serializers import RECORD_KINDS, decimal_text, plain, record_facts
from metrics.portfolio import portfolio_totals
from metrics.portfolio_records import PORTFOLIO_KPIS, portfolio_records

PORTFOLIO_KINDS = (*RECORD_KINDS, "opportunity_line")


class PortfolioRecordSerializer(serializers.Serializer):
    """`contribution` is exact, in company currency; sums are rounded once, at the end."""

    kind = serializers.ChoiceField(
        choices=PORTFOLIO_KINDS, help_text="A line: the plans that count its opportunity name products."
    )
    id = serializers.UUIDField()
    name = serializers.CharField()
    opportunity = serializers.UUIDField(allow_null=True)
    account = RefSerializer()
    date = DayField()
    stage = serializers.CharField()
    probability = serializers.FloatField(allow_null=True)
    amount = serializers.CharField()
    currency = serializers.CharField()
    rate = decimal_text(help_text="One unit of its currency in company currency; null: not converted.")
    contribution = decimal_text()


@extend_schema_serializer(many=False)
class PortfolioRecordsSerializer(serializers.Serializer):
    kpi = serializers.ChoiceField(choices=PORTFOLIO_KPIS)
    currency = serializers.CharField()
    value = serializers.CharField(help_text="The sum over the records that count, each once.")
    excluded = serializers.BooleanField()
    count = serializers.IntegerField()
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = PortfolioRecordSerializer(many=True)


class PortfolioRecordsViewSet(PlanPerformanceViewSet):
    """The records in a total over these plans, each once; with `excluded=true` those without a rate."""

    query_parameters = (
        OpenApiParameter("kpi", OpenApiTypes.STR, enum=PORTFOLIO_KPIS, required=True),
        OpenApiParameter("excluded", OpenApiTypes.BOOL),
    )

    @extend_schema(responses=PortfolioRecordsSerializer, operation_id="plan_performance_records")
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        kpi = request.query_params.get("kpi")
        if kpi not in PORTFOLIO_KPIS:
            raise refuse("kpi", _("Name one of: %(names)s.") % {"names": ", ".join(PORTFOLIO_KPIS)})
        is_excluded, (page, size) = flag_of(request, "excluded"), page_of(request)
        plans = self.filter_queryset(self.get_queryset()).select_related(None)
        found = portfolio_records(
            plans=plans,
            user=request.user,
            kpi=kpi,
            is_excluded=is_excluded,
            start=(page - 1) * size,
            size=size,
        )
        if page > 1 and not found.records:
            raise NotFound(_("There is no such page."))
        totals = portfolio_totals(plans=plans, user=request.user)
        currency = settings.COMPANY_CURRENCY
        return Response(
            {
                "kpi": kpi,
                "currency": currency,
                "value": money_text(getattr(totals, kpi), currency),
                "excluded": found.is_excluded,
                "count": found.count,
                **page_links(request, page=page, size=size, count=found.count),
                "results": [record_facts(record) | {"rate": plain(record.rate)} for record in found.records],
            }
        )
