"""The numbers of a plan on past days."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from kam.core.api.fields import DayField, UtcDateTimeField, money_text
from kam.core.clock import company_today
from metrics import history
from metrics.api.parameters import day_of, refuse
from metrics.api.plan_views import PlanNumbersView
from metrics.api.serializers import NumbersSerializer, decimal_text, instant, numbers_answer
from metrics.models import PlanKPISnapshot
from plans.models import AccountPlan

LONGEST = timedelta(days=1_100)  # three years, and a little


class KpiPointSerializer(NumbersSerializer):
    """The numbers as they stood when the day ended; today's as they stand."""

    date = DayField()
    as_of = UtcDateTimeField()
    stretch_target = decimal_text()


class KpiHistorySerializer(serializers.Serializer):
    plan = serializers.UUIDField()
    to = DayField()
    results = KpiPointSerializer(many=True)

    def get_fields(self) -> dict[str, serializers.Field]:
        fields = super().get_fields()
        return {"plan": fields.pop("plan"), "from": DayField(), **fields}  # `from` is a word of Python


class KpiHistoryView(PlanNumbersView):
    """The numbers of a plan day by day. Days on which none were kept are left out."""

    query_parameters = (
        OpenApiParameter("from", OpenApiTypes.DATE, description="By default the plan's first day."),
        OpenApiParameter("to", OpenApiTypes.DATE, description="By default today."),
    )

    @extend_schema(responses=KpiHistorySerializer, operation_id="account_plans_kpi_history")
    def get(self, request: Request, pk: UUID) -> Response:
        plan = self.plan(pk)
        since, until = self.span(plan)
        rows = history.history_of(plan, since=since, until=until)
        return Response(
            {
                "plan": str(plan.pk),
                "from": since.isoformat(),
                "to": until.isoformat(),
                "results": [point(row) for row in rows],
            }
        )

    def span(self, plan: AccountPlan) -> tuple[date, date]:
        until = day_of(self.request, "to") or company_today()
        since = day_of(self.request, "from")
        if since is None:
            earliest = date.fromordinal(max(until.toordinal() - LONGEST.days, 1))
            return max(min(plan.start_date, until), earliest), until
        if since > until:
            raise refuse("from", _("The first day is after the last."))
        if until - since > LONGEST:
            raise refuse("from", _("At most %(days)s days at a time.") % {"days": LONGEST.days}, "max_span")
        return since, until


def point(row: PlanKPISnapshot) -> dict[str, object]:
    stretch = row.stretch_target
    return {
        "date": row.day.isoformat(),
        "as_of": instant(row),
        "stretch_target": None if stretch is None else money_text(stretch, row.currency),
        **numbers_answer(row, in_company_currency=False),
    }
