"""`POST account-plans/{id}/import-goals/`: goals of the library into a plan."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError as DjangoValidationError
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from kam.core.api import fields
from kam.core.api.permissions import BY_OBJECT
from kam.core.api.problems import Conflict, invalid
from kam.core.api.serializers import StrictSerializer
from kam.core.api.views import KamAPIView
from kam.core.api.viewsets import found
from kam.users.models import User
from plans.models import AccountPlan, TerritoryBusinessPlan
from plans.operations.goal_imports import (
    MOST_GOALS,
    AlreadyImportedError,
    ImportDraft,
    draft_import,
    import_goals,
    offered_goals,
)
from templates_app.models import GoalDefinition


class ImportGoalsSerializer(StrictSerializer):
    goal_definitions = fields.VisibleRelatedField(
        many=True, allow_empty=False, queryset=GoalDefinition.objects.all()
    )
    start_date = fields.DayField(
        required=False, help_text="When the work begins; left out: with the plan, or today once it runs."
    )
    dry_run = serializers.BooleanField(required=False, help_text="Only say what would be made.")
    again = serializers.BooleanField(
        required=False, help_text="Also goals from which the plan has objectives already."
    )

    def validate_goal_definitions(self, goals: list[GoalDefinition]) -> list[GoalDefinition]:
        user = self.context["request"].user
        return offered_only(goals, user, for_territories=self.context.get("for_territories", False))


def offered_only(
    goals: list[GoalDefinition], user: User, *, for_territories: bool = False
) -> list[GoalDefinition]:
    """Each once; an error where one of them cannot be brought into a plan of the kind."""
    goals = list({goal.pk: goal for goal in goals}.values())
    if len(goals) > MOST_GOALS:
        raise ValidationError(_("At most %(most)s at a time.") % {"most": MOST_GOALS}, code="max_length")
    offered = offered_goals(user, for_territories=for_territories).filter(pk__in=[goal.pk for goal in goals])
    missing = {goal.pk for goal in goals} - set(offered.values_list("pk", flat=True))
    if missing:
        names = ", ".join(str(goal) for goal in goals if goal.pk in missing)
        message = (
            _("Not offered for territory plans: %(names)s.")
            if for_territories
            else _("Not offered for account plans: %(names)s.")
        )
        raise ValidationError([ErrorDetail(message % {"names": names}, code="not_offered")])
    return goals


class PartSerializer(serializers.Serializer):
    """An object by its own name, whatever makes that up."""

    id = serializers.UUIDField(source="pk")
    name = serializers.CharField(source="*")


class MadeTaskSerializer(serializers.Serializer):
    id = serializers.UUIDField(allow_null=True, source="task.pk")
    name = serializers.CharField(source="task.name")
    kind = serializers.CharField(source="task.kind")
    assignee = PartSerializer(source="task.assignee")
    falls_to_owner = serializers.BooleanField(help_text="Nobody on the plan has the role it is for.")
    start_date = serializers.DateField(source="task.start_date")
    due_date = serializers.DateField(source="task.due_date")


class MadeActionPlanSerializer(serializers.Serializer):
    id = serializers.UUIDField(allow_null=True, source="action_plan.pk")
    name = serializers.CharField(source="action_plan.name")
    template_version = PartSerializer(source="version")
    start_date = serializers.DateField(source="action_plan.start_date")
    due_date = serializers.DateField(source="action_plan.due_date")
    tasks = MadeTaskSerializer(many=True, source="included")


class MadeObjectiveSerializer(serializers.Serializer):
    id = serializers.UUIDField(allow_null=True, source="objective.pk")
    name = serializers.CharField(source="objective.name")
    goal_definition = PartSerializer(source="goal")
    is_again = serializers.BooleanField(help_text="The plan has an objective from this goal already.")
    start_date = serializers.DateField(source="objective.start_date")
    target_date = serializers.DateField(source="objective.target_date")
    action_plans = MadeActionPlanSerializer(many=True, source="included")
    without_version = PartSerializer(
        many=True, help_text="Action plan templates of which no version is published: left out."
    )


class MadeCountsSerializer(serializers.Serializer):
    objectives = serializers.IntegerField()
    action_plans = serializers.IntegerField()
    tasks = serializers.IntegerField()


class MadeSerializer(serializers.Serializer):
    """What was made, or would be: then the ids are null."""

    dry_run = serializers.BooleanField()
    counts = MadeCountsSerializer()
    objectives = MadeObjectiveSerializer(many=True, source="goals")

    def to_representation(self, draft: ImportDraft) -> dict[str, Any]:
        dry_run = self.context["dry_run"]
        shown = {
            "dry_run": dry_run,
            "counts": draft.counts,
            "objectives": MadeObjectiveSerializer(draft.goals, many=True).data,
        }
        return _without_ids(shown) if dry_run else shown


def _without_ids(shown: dict[str, Any]) -> dict[str, Any]:
    """Ids of rows that were not made lead nowhere."""
    for objective in shown["objectives"]:
        for part in (objective, *objective["action_plans"]):
            part["id"] = None
            for task in part.get("tasks", ()):
                task["id"] = None
    return shown


class ImportGoalsView(KamAPIView):
    """Makes an objective for each goal, an action plan for each of its templates, and the work in it.

    All or nothing. A goal from which the plan has an objective already is 409 unless `again`.
    """

    kam_policy = BY_OBJECT
    plans: Any = AccountPlan

    @extend_schema(
        request=ImportGoalsSerializer,
        responses={200: MadeSerializer, 201: MadeSerializer},
        operation_id="account_plans_import_goals",
    )
    def post(self, request: Request, pk: UUID) -> Response:
        plan = found(self.plans.objects.visible_to(request.user).select_related("owner"), pk)
        if not request.user.has_perm("plans.change_accountplan", plan):
            raise PermissionDenied
        body = ImportGoalsSerializer(
            data=request.data, context={"request": request, "for_territories": plan.is_of_territory}
        )
        body.is_valid(raise_exception=True)
        asked = body.validated_data
        dry_run = asked.get("dry_run", False)
        try:
            draft = draft_import(
                plan=plan, goals=asked["goal_definitions"], start_date=asked.get("start_date")
            )
            if not dry_run:
                import_goals(draft, again=asked.get("again", False))
        except AlreadyImportedError as error:
            raise Conflict(str(error)) from error
        except DjangoValidationError as error:
            raise invalid(error) from error
        status = HTTPStatus.OK if dry_run else HTTPStatus.CREATED
        return Response(MadeSerializer(draft, context={"dry_run": dry_run}).data, status=status)


@extend_schema_view(post=extend_schema(operation_id="territory_business_plans_import_goals"))
class TerritoryImportGoalsView(ImportGoalsView):
    """Makes a goal assignment for each goal, an action plan for each of its templates, and the work in it.

    All or nothing. A goal from which the plan has a goal assignment already is 409 unless `again`.
    """

    plans = TerritoryBusinessPlan
