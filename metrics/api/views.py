"""The numbers of one plan, and the records behind them."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from kam.core.api.pagination import CappedPagination
from kam.core.clock import company_today
from metrics import history, operations, policies
from metrics.api import serializers
from metrics.api.parameters import day_of, flag_of, page_links, page_of, refuse
from metrics.api.plan_views import PlanNumbersView
from metrics.models import PlanNumbers
from metrics.records import records_of
from plans.models import AccountPlan


class PlanKpiView(PlanNumbersView):
    """The KPIs of a plan, right as of now: what they rest on is counted before they are read.

    For a past day, those that were kept on it; 400 (`not_available`) if none were.
    """

    query_parameters = (
        OpenApiParameter(
            "as_of",
            OpenApiTypes.DATE,
            description="Today (default), or a past day: as the numbers stood when it ended.",
        ),
        OpenApiParameter(
            "currency", OpenApiTypes.STR, description="The plan's currency (default) or company currency."
        ),
    )

    @extend_schema(responses=serializers.PlanKpiSerializer, operation_id="account_plans_kpis")
    def get(self, request: Request, pk: UUID) -> Response:
        plan = self.plan(pk)
        day = day_of(request, "as_of")
        in_company_currency = self.wants_company_currency(plan, request.query_params.get("currency"))
        kpi, is_fresh = self.numbers(plan, day)
        return Response(
            serializers.kpi_answer(kpi, is_fresh=is_fresh, in_company_currency=in_company_currency)
        )

    def numbers(self, plan: AccountPlan, day: date | None) -> tuple[PlanNumbers, bool]:
        """As they stand, or as they stood when a past day ended."""
        if day is None or day == company_today():
            return operations.fresh_kpi(plan)
        if day > company_today():
            raise refuse("as_of", _("That day is still to come."), "not_available")
        kept = history.numbers_on(plan, day)
        if kept is None:
            raise refuse("as_of", _("No numbers were kept for that day."), "not_available")
        return kept, True

    def wants_company_currency(self, plan: AccountPlan, code: str | None) -> bool:
        if code in {None, plan.currency}:
            return False
        if code != settings.COMPANY_CURRENCY:
            offered = " or ".join(dict.fromkeys((plan.currency, settings.COMPANY_CURRENCY)))
            raise refuse("currency", _("It can be shown in %(offered)s.") % {"offered": offered})
        return True


class PlanKpiRecordsView(PlanNumbersView):
    """The records in a number of the plan, or with `excluded=true` those left out, each with the reason."""

    query_parameters = (
        OpenApiParameter("kpi", OpenApiTypes.STR, enum=policies.KPIS, required=True),
        OpenApiParameter("excluded", OpenApiTypes.BOOL),
        OpenApiParameter("page", {"type": "integer", "minimum": 1, "maximum": CappedPagination.max_page}),
        OpenApiParameter("page_size", {"type": "integer", "minimum": 1, "maximum": 10**9}),
    )

    @extend_schema(responses=serializers.KpiRecordsSerializer, operation_id="account_plans_kpis_records")
    def get(self, request: Request, pk: UUID) -> Response:
        plan = self.plan(pk)
        kpi = request.query_params.get("kpi")
        if kpi not in policies.KPIS:
            raise refuse("kpi", _("Name one of: %(names)s.") % {"names": ", ".join(policies.KPIS)})
        is_excluded = flag_of(request, "excluded")
        page, size = page_of(request)
        listed = records_of(
            plan,
            kpi=kpi,
            user=request.user,
            is_excluded=is_excluded,
            start=(page - 1) * size,
            size=size,
        )
        if page > 1 and not listed.records:
            raise NotFound(_("There is no such page."))
        links = page_links(request, page=page, size=size, count=listed.count)
        return Response({**serializers.records_answer(listed), **links})
