"""Strategic accounts with and without a plan."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from crm.models import Account
from kam.core.api.serializers import RefSerializer
from kam.core.api.viewsets import VisibleReadOnlyViewSet
from kam.core.clock import company_today
from metrics.api.calls_due import ref_or_none
from metrics.api.dashboards import ref
from metrics.dashboards import coverage
from metrics.dashboards.covering import plans_by_account, plans_to_come
from metrics.dashboards.groups import Counts, Group
from metrics.enums import PlanState
from metrics.filters import PlanCoverageFilter
from plans.enums import PlanStatus


@extend_schema_serializer(many=False)
class CoverageCountsSerializer(serializers.Serializer):
    accounts = serializers.IntegerField()
    with_plan = serializers.IntegerField(help_text="A plan that is more than a draft runs or is to come.")
    draft_only = serializers.IntegerField(help_text="Nothing but drafts.")
    without_plan = serializers.IntegerField(help_text="No plan at all that you may see.")
    coverage_percent = serializers.FloatField(allow_null=True, help_text="`with_plan` of `accounts`.")


class OwnerCoverageSerializer(CoverageCountsSerializer):
    owner = RefSerializer(allow_null=True)


class TerritoryCoverageSerializer(CoverageCountsSerializer):
    territory = RefSerializer(allow_null=True, help_text="With the territories below it.")


class CoveringPlanSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    name = serializers.CharField()
    status = serializers.ChoiceField(choices=PlanStatus.choices)


class CoveredAccountSerializer(serializers.Serializer):
    """A strategic account. `account_plans` may be those of an account above that count those below it."""

    account = RefSerializer()
    owner = RefSerializer(allow_null=True)
    territory = RefSerializer(allow_null=True)
    current_segment = RefSerializer(allow_null=True)
    target_segment = RefSerializer(allow_null=True)
    plan_state = serializers.ChoiceField(choices=PlanState.choices)
    account_plans = CoveringPlanSerializer(many=True)

    def to_representation(self, account: Any) -> dict[str, Any]:
        related = ("owner", "territory", "current_segment", "target_segment")
        return {
            "account": ref(account),
            **{name: ref_or_none(getattr(account, name)) for name in related},
            "plan_state": account.plan_state,
            "account_plans": [
                {"id": str(plan.id), "name": plan.name, "status": plan.status}
                for plan in self.context["plans"].get(account.pk, ())
            ],
        }


@extend_schema_serializer(many=False)
class PlanCoveragePageSerializer(serializers.Serializer):
    """`totals` and groups follow all filters but `plan_state`, which narrows the list of accounts."""

    totals = CoverageCountsSerializer()
    by_owner = OwnerCoverageSerializer(many=True)
    by_territory = TerritoryCoverageSerializer(many=True)
    count = serializers.IntegerField(allow_null=True, help_text="Exact up to 10,000; null above.")
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = CoveredAccountSerializer(many=True)


def counts_answer(counts: Counts) -> dict[str, Any]:
    percent = coverage.coverage_percent(counts)
    return {
        "accounts": coverage.accounts_in(counts),
        **{state: counts[state] for state in PlanState.values},
        "coverage_percent": None if percent is None else float(percent),
    }


def group_ref(group: Group) -> dict[str, str] | None:
    return None if group.id is None else {"id": str(group.id), "name": group.name}


class PlanCoverageViewSet(VisibleReadOnlyViewSet):
    """Strategic accounts with and without a plan, by owner and territory, and the accounts themselves.

    An account is strategic when its current or target segment means a strategic customer.
    """

    queryset = Account.objects.all()
    serializer_class = CoveredAccountSerializer
    filterset_class = PlanCoverageFilter

    def visible(self) -> QuerySet:
        return coverage.strategic_accounts(self.request.user, today=company_today())

    @extend_schema(responses=PlanCoveragePageSerializer, operation_id="plan_coverage")
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        accounts = self.filter_queryset(self.get_queryset())
        found = coverage.coverage_of(accounts)
        if state := request.query_params.get("plan_state"):
            accounts = accounts.filter(plan_state=state)
        related = ("owner", "territory", "current_segment", "target_segment")
        rows = self.paginate_queryset(accounts.select_related(*related).defer("business_overview", "address"))
        to_come = plans_to_come(request.user, today=company_today())
        context = self.get_serializer_context()
        context["plans"] = plans_by_account([account.pk for account in rows], to_come)
        page = self.get_paginated_response(CoveredAccountSerializer(rows, many=True, context=context).data)
        page.data["totals"] = counts_answer(found.total)
        page.data["by_owner"] = [
            {"owner": group_ref(group), **counts_answer(group.counts)} for group in found.by_owner
        ]
        page.data["by_territory"] = [
            {"territory": group_ref(group), **counts_answer(group.counts)} for group in found.by_territory
        ]
        return page
