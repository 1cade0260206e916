"""The resources of plans. All of them are plan content: a change names the version it is based on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Prefetch, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from kam.core.api.problems import Conflict
from kam.core.api.viewsets import VisibleModelViewSet
from plans import filters, operations
from plans.api import serializers
from plans.api.copying import CopyMixin, PlanCopySerializer, TerritoryPlanCopySerializer, copy_action
from plans.models import (
    AccountPlan,
    AccountPlanObjective,
    AccountPlanParticipant,
    GoalAssignment,
    Objective,
    Strategy,
    TerritoryBusinessPlan,
)
from plans.rules import plan_of
from templates_app.models import GoalDefinition

# What the progress of a plan is computed from, and no long texts.
PROGRESS_FIELDS = (
    "plan_id",
    "version",
    "status",
    "weight",
    "progress_mode",
    "manual_progress",
    "baseline",
    "current",
    "target",
)


class PlanContentViewSet(VisibleModelViewSet):
    """A plan or rows of a plan. Every look of an administrator at a confidential plan is logged."""

    requires_version = True
    role_permission = "plans.add_accountplan"  # the add rule of the rows looks at their plan

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        row = self.get_object()
        self.log_looks([row])
        return self.answer(row)

    def paginate_queryset(self, queryset: QuerySet) -> Any:
        rows = super().paginate_queryset(queryset)
        self.log_looks(rows)
        return rows

    def log_looks(self, rows: Iterable[Any]) -> None:
        confidential = {plan.pk: plan for plan in map(plan_of, rows) if plan.is_confidential}
        if confidential and self.request.user.has_perm("plans.view_confidential"):
            for plan in confidential.values():
                operations.log_confidential_look(plan=plan, user=self.request.user)


STEPS = {
    "activate": "Start the plan.",
    "hold": "Pause the plan.",
    "complete": "Close the plan when its period is over or its work is done.",
    "cancel": "Drop the plan: it counts nowhere any more.",
    "archive": "Put a completed or cancelled plan away.",
    "reopen": "Undo complete, cancel or archive: the plan is a draft again.",
}


def with_steps(viewset: Any) -> Any:
    """The steps of the life cycle as `POST <plans>/{id}/<step>/`."""
    for name, text in STEPS.items():
        setattr(viewset, name, plan_step(name, text, viewset.serializer_class))
    return viewset


def plan_step(name: str, text: str, serializer_class: Any) -> Any:
    def step(self: PlanViewSet, request: Request, pk: str) -> Response:
        return self.take_step(name)

    step.__name__, step.__doc__ = name, text
    described = extend_schema(request=serializers.PlanStepSerializer, responses=serializer_class)
    return described(action(detail=True, methods=["post"])(step))


class PlanViewSet(CopyMixin, PlanContentViewSet):
    """What account plans and territory business plans share."""

    subject = ""

    def with_related(self, queryset: QuerySet) -> QuerySet:
        objectives = Objective.objects.unscoped("progress of plans that were loaded through the gate")
        return queryset.select_related(self.subject, "plan_type", "owner").prefetch_related(
            Prefetch("objectives", objectives.only(*PROGRESS_FIELDS).with_work()),
            "plan_type__custom_fields",
        )

    def known_parameters(self) -> set[str]:
        known = super().known_parameters()
        if self.action == "list":
            known |= filters.PlanFilter.custom_parameters(self.request.query_params, self.request.user)
        return known

    def get_locked_object(self, permission: str, *, requires_version: bool | None = None) -> Any:
        # Who may only hand the plan over sends nothing but the new owner.
        if self.action == "partial_update" and set(self.request.data) - {"version"} == {"owner"}:
            permission = "plans.change_owner"
        return super().get_locked_object(permission, requires_version=requires_version)

    def perform_create(self, serializer: Any) -> Any:
        if serializer.candidate.owner_id != self.request.user.pk:
            self.require("plans.change_owner", serializer.candidate)
        return serializer.save()

    def perform_update(self, serializer: Any) -> Any:
        plan = serializer.candidate
        if "owner" in {field.name for field in plan.changed_fields()}:
            self.require("plans.change_owner", self.visible().get(pk=plan.pk))
        return serializer.save()

    def take_step(self, name: str) -> Response:
        plan = self.get_locked_object(self.permission("change"), requires_version=False)
        body = serializers.PlanStepSerializer(data=self.request.data)
        body.is_valid(raise_exception=True)
        try:
            plan = operations.change_plan_status(
                plan=plan, action=name, comment=body.validated_data.get("comment", "")
            )
        except operations.TransitionNotAllowedError as error:
            raise Conflict(str(error)) from error
        return self.answer(self.written(plan))


@with_steps
class AccountPlanViewSet(PlanViewSet):
    """Account plans. Their numbers are at `account-plans/{id}/kpis/`.

    A list is also filtered by the fields that a plan type adds: `custom.<key>=value`.
    """

    subject = "account"
    queryset = AccountPlan.objects.all()
    serializer_class = serializers.AccountPlanSerializer
    filterset_class = filters.AccountPlanFilter
    copy = copy_action(PlanCopySerializer, serializers.AccountPlanSerializer)


@with_steps
class TerritoryBusinessPlanViewSet(PlanViewSet):
    """Plans of territories: of all accounts there and below. Their numbers are at `…/{id}/kpis/`.

    A list is also filtered by the fields that a plan type adds: `custom.<key>=value`.
    """

    subject = "territory"
    queryset = TerritoryBusinessPlan.objects.all()
    serializer_class = serializers.TerritoryBusinessPlanSerializer
    filterset_class = filters.TerritoryBusinessPlanFilter
    role_permission = "plans.add_territorybusinessplan"
    copy = copy_action(TerritoryPlanCopySerializer, serializers.TerritoryBusinessPlanSerializer)

    def perform_update(self, serializer: Any) -> Any:
        if "territory" in {field.name for field in serializer.candidate.changed_fields()}:
            self.require("plans.add_territorybusinessplan", serializer.candidate)
        return super().perform_update(serializer)


class StrategyViewSet(PlanContentViewSet):
    """An optional level between a plan and its objectives."""

    queryset = Strategy.objects.all()
    serializer_class = serializers.StrategySerializer
    filterset_class = filters.StrategyFilter

    def with_related(self, queryset: QuerySet) -> QuerySet:
        return queryset.select_related("plan")


class ObjectiveViewSet(PlanContentViewSet):
    """What a plan wants to reach. Progress is computed, by the objective's mode."""

    def with_related(self, queryset: QuerySet) -> QuerySet:
        goals = GoalDefinition.objects.visible_to(self.request.user)
        rows = queryset.select_related("plan", "strategy", "owner").with_work()
        return rows.prefetch_related(Prefetch("goal_definition", goals))


class AccountPlanObjectiveViewSet(ObjectiveViewSet):
    """What an account plan wants to reach. Progress is computed, by the objective's mode."""

    queryset = AccountPlanObjective.objects.all()
    serializer_class = serializers.AccountPlanObjectiveSerializer
    filterset_class = filters.AccountPlanObjectiveFilter


class GoalAssignmentViewSet(ObjectiveViewSet):
    """What a territory business plan wants to reach. Progress is computed, by the mode."""

    role_permission = "plans.add_territorybusinessplan"
    queryset = GoalAssignment.objects.all()
    serializer_class = serializers.GoalAssignmentSerializer
    filterset_class = filters.GoalAssignmentFilter


class AccountPlanParticipantViewSet(PlanContentViewSet):
    """Colleagues on a plan, and what they may do there."""

    queryset = AccountPlanParticipant.objects.all()
    serializer_class = serializers.AccountPlanParticipantSerializer
    filterset_class = filters.AccountPlanParticipantFilter

    def with_related(self, queryset: QuerySet) -> QuerySet:
        return queryset.select_related("plan", "user")
