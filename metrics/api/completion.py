"""How far the objectives and tasks of plans are."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from kam.core.api.serializers import RefSerializer
from kam.core.api.viewsets import VisibleReadOnlyViewSet
from kam.core.clock import company_today
from metrics.api.calls_due import ref_or_none
from metrics.api.coverage import group_ref
from metrics.api.dashboards import ref
from metrics.dashboards import completion
from metrics.dashboards.groups import Counts, Group
from metrics.enums import PlanConcern
from metrics.filters import CompletionFilter
from plans.enums import PlanStatus
from plans.models import Plan
from plans.operations import log_confidential_look


class WorkSerializer(serializers.Serializer):
    """Without what was cancelled, deferred or skipped; `open` has `overdue` in it."""

    total = serializers.IntegerField()
    done = serializers.IntegerField()
    open = serializers.IntegerField()
    overdue = serializers.IntegerField()
    not_achieved = serializers.IntegerField(help_text="Closed without success; of tasks always 0.")
    done_percent = serializers.FloatField(allow_null=True)


@extend_schema_serializer(many=False)
class CompletionCountsSerializer(serializers.Serializer):
    plans = serializers.IntegerField()
    without_objectives = serializers.IntegerField(help_text="Plans that are not over.")
    never_activated = serializers.IntegerField(help_text="Drafts that should have started.")
    objectives = WorkSerializer()
    tasks = WorkSerializer()


class OwnerCompletionSerializer(CompletionCountsSerializer):
    owner = RefSerializer(help_text="Of the plans.")


class TerritoryCompletionSerializer(CompletionCountsSerializer):
    territory = RefSerializer(allow_null=True, help_text="With the territories below it.")


class PlanTypeCompletionSerializer(CompletionCountsSerializer):
    plan_type = RefSerializer()


class PlanCompletionSerializer(serializers.Serializer):
    """A plan of an account or of a territory."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    account = RefSerializer(allow_null=True)
    territory = RefSerializer(allow_null=True)
    owner = RefSerializer()
    plan_type = RefSerializer()
    status = serializers.ChoiceField(choices=PlanStatus.choices)
    start_date = serializers.DateField()
    end_date = serializers.DateField()
    objectives = WorkSerializer()
    tasks = WorkSerializer()

    def to_representation(self, plan: Plan) -> dict[str, Any]:
        return {
            **ref(plan),
            "account": ref_or_none(plan.account),
            "territory": ref_or_none(plan.territory),
            "owner": ref(plan.owner),
            "plan_type": ref(plan.plan_type),
            "status": plan.status,
            "start_date": plan.start_date.isoformat(),
            "end_date": plan.end_date.isoformat(),
            **work_answer(self.context["work"].get(plan.pk, Counts())),
        }


@extend_schema_serializer(many=False)
class CompletionPageSerializer(serializers.Serializer):
    """`totals` and groups follow all filters but `concern`, which narrows the list of plans."""

    totals = CompletionCountsSerializer()
    by_owner = OwnerCompletionSerializer(many=True)
    by_territory = TerritoryCompletionSerializer(many=True)
    by_plan_type = PlanTypeCompletionSerializer(many=True)
    count = serializers.IntegerField(allow_null=True, help_text="Exact up to 10,000; null above.")
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = PlanCompletionSerializer(many=True)


def work_answer(counts: Counts) -> dict[str, Any]:
    return {f"{kind}s": _work_of(counts, kind) for kind in ("objective", "task")}


def _work_of(counts: Counts, kind: str) -> dict[str, Any]:
    done, in_time, overdue, missed = (counts[f"{kind}_{name}"] for name in completion.WORK)
    percent = completion.work_percent(counts, kind)
    return {
        "total": done + in_time + overdue + missed,
        "done": done,
        "open": in_time + overdue,
        "overdue": overdue,
        "not_achieved": missed,
        "done_percent": None if percent is None else float(percent),
    }


def counts_answer(counts: Counts) -> dict[str, Any]:
    concerns = (PlanConcern.WITHOUT_OBJECTIVES, PlanConcern.NEVER_ACTIVATED)
    return {
        "plans": counts["plans"],
        **{str(concern): counts[concern] for concern in concerns},
        **work_answer(counts),
    }


def groups_answer(name: str, groups: list[Group]) -> list[dict[str, Any]]:
    return [{name: group_ref(group), **counts_answer(group.counts)} for group in groups]


class CompletionViewSet(VisibleReadOnlyViewSet):
    """How far the objectives and tasks of plans are, by owner, territory and plan type, and plan by plan."""

    queryset = Plan.objects.all()
    serializer_class = PlanCompletionSerializer
    filterset_class = CompletionFilter

    def with_related(self, queryset: QuerySet) -> QuerySet:
        return queryset.select_related("account", "territory", "owner", "plan_type")

    @extend_schema(responses=CompletionPageSerializer, operation_id="plan_completion")
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        today = company_today()
        plans = self.filter_queryset(self.get_queryset())
        found = completion.completion_of(plans, today=today)
        if concern := request.query_params.get("concern"):
            plans = plans.filter(completion.concerns(today)[concern])
        rows = self.paginate_queryset(plans)
        for plan in rows:
            log_confidential_look(plan=plan, user=request.user)
        context = self.get_serializer_context()
        context["work"] = completion.work_of_plans([plan.pk for plan in rows], today=today)
        page = self.get_paginated_response(PlanCompletionSerializer(rows, many=True, context=context).data)
        page.data["totals"] = counts_answer(found.total)
        page.data["by_owner"] = groups_answer("owner", found.by_owner)
        page.data["by_territory"] = groups_answer("territory", found.by_territory)
        page.data["by_plan_type"] = groups_answer("plan_type", found.by_plan_type)
        return page
