"""Which accounts are due for contact."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.forms import DateField
from drf_spectacular.utils import extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from crm.enums import CallFrequency
from crm.filters import CallsDueFilter
from crm.models import Account
from crm.models.cadence import with_next_due
from kam.core.api.fields import DayField
from kam.core.api.serializers import RefSerializer
from kam.core.api.viewsets import VisibleReadOnlyViewSet
from kam.core.clock import company_today
from kam.core.filters import ISO_DATE
from metrics.api.dashboards import ref
from metrics.dashboards.covering import plans_by_account, plans_in_force


def ref_or_none(row: Any) -> dict[str, str] | None:
    return None if row is None else ref(row)


class CallDueSerializer(serializers.Serializer):
    """An account whose next call is due. `account_plans` are those in force that you may see."""

    account = RefSerializer()
    owner = RefSerializer(allow_null=True)
    territory = RefSerializer(allow_null=True)
    current_segment = RefSerializer(allow_null=True)
    target_segment = RefSerializer(allow_null=True)
    call_frequency = serializers.ChoiceField(
        choices=[choice for choice in CallFrequency.choices if choice[0] != CallFrequency.NONE]
    )
    last_activity_on = DayField(allow_null=True, help_text="Null: never contacted, due at once.")
    next_activity_due_on = DayField()
    days_overdue = serializers.IntegerField(help_text="0: due today or later.")
    account_plans = RefSerializer(many=True)

    def to_representation(self, account: Any) -> dict[str, Any]:
        last, due = account.last_activity_on, account.next_due_on
        return {
            "account": ref(account),
            "owner": ref_or_none(account.owner),
            "territory": ref_or_none(account.territory),
            "current_segment": ref_or_none(account.current_segment),
            "target_segment": ref_or_none(account.target_segment),
            "call_frequency": account.call_frequency,
            "last_activity_on": last.isoformat() if last else None,
            "next_activity_due_on": due.isoformat(),
            "days_overdue": max((self.context["today"] - due).days, 0),
            "account_plans": [
                {"id": str(plan.id), "name": plan.name} for plan in self.context["plans"].get(account.pk, ())
            ],
        }


@extend_schema_serializer(many=False)
class CallsDuePageSerializer(serializers.Serializer):
    until = DayField()
    count = serializers.IntegerField(allow_null=True, help_text="Exact up to 10,000; null above.")
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = CallDueSerializer(many=True)


class CallsDueViewSet(VisibleReadOnlyViewSet):
    """Accounts that are due for contact until a day (without `until`: today), what is overdue first."""

    queryset = Account.objects.all()
    serializer_class = CallDueSerializer
    filterset_class = CallsDueFilter

    def with_related(self, queryset: QuerySet) -> QuerySet:
        related = ("owner", "territory", "current_segment", "target_segment")
        return with_next_due(queryset).select_related(*related).defer("business_overview", "address")

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "today": company_today()}

    @extend_schema(responses=CallsDuePageSerializer, operation_id="calls_due")
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        rows = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        context = self.get_serializer_context()
        context["plans"] = plans_by_account(
            [account.pk for account in rows], plans_in_force(request.user, today=context["today"])
        )
        page = self.get_paginated_response(CallDueSerializer(rows, many=True, context=context).data)
        until = DateField(input_formats=ISO_DATE).to_python(request.query_params.get("until"))
        page.data["until"] = (until or context["today"]).isoformat()
        return page
