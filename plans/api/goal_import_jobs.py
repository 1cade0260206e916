"""`POST account-plans/import-goals/`: goals of the library into many plans of a kind, as a job."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, ClassVar

from django.core.exceptions import ValidationError as DjangoValidationError
from django.http import QueryDict
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from kam.core.api import fields
from kam.core.api.permissions import BY_OBJECT
from kam.core.api.problems import invalid
from kam.core.api.serializers import RefSerializer, StrictSerializer
from kam.core.api.views import KamAPIView
from kam.jobs.api.serializers import JobSerializer
from plans.api.goal_imports import MadeCountsSerializer, offered_only
from plans.filters import AccountPlanFilter, PlanFilter, TerritoryBusinessPlanFilter
from plans.models import AccountPlan, Plan, TerritoryBusinessPlan
from plans.operations.goal_import_jobs import (
    MOST_PLANS,
    PlanPreview,
    importable_plans,
    preview_imports,
    start_import,
)
from templates_app.models import GoalDefinition


class ImportGoalsIntoPlansSerializer(StrictSerializer):
    kind: ClassVar[type[Plan]] = AccountPlan
    filterset: ClassVar[type[PlanFilter]] = AccountPlanFilter

    goal_definitions = fields.VisibleRelatedField(
        many=True, allow_empty=False, queryset=GoalDefinition.objects.all()
    )
    plans = fields.VisibleRelatedField(
        many=True,
        allow_empty=False,
        required=False,
        queryset=AccountPlan.objects.all(),
        help_text="Plans that you may edit and that are not over. Or say `filters`.",
    )
    filters = serializers.DictField(
        child=serializers.CharField(max_length=200),
        required=False,
        help_text=(
            "As in the query of `account-plans/`, such as `territory` (with those below it), `segment`, "
            "`plan_type`, `owner`, `current`: of what matches, the plans that you may edit and that are not over."
        ),
    )
    start_date = fields.DayField(
        required=False, help_text="When the work begins; left out: with each plan, or today once it runs."
    )
    dry_run = serializers.BooleanField(required=False, help_text="Only say what would be made.")

    def validate_goal_definitions(self, goals: list[GoalDefinition]) -> list[GoalDefinition]:
        for_territories = self.kind is TerritoryBusinessPlan
        return offered_only(goals, self.context["request"].user, for_territories=for_territories)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("plans" in attrs) == ("filters" in attrs):
            message = _("Say either which plans, or by which filters.")
            raise ValidationError({"plans": [ErrorDetail(message, code="required")]})
        user = self.context["request"].user
        found = self._named(attrs["plans"], user) if "plans" in attrs else self._filtered(attrs["filters"])
        if len(found) > MOST_PLANS:
            message = _("At most %(most)s plans at a time.") % {"most": MOST_PLANS}
            raise ValidationError({"plans": [ErrorDetail(message, code="max_length")]})
        return {**attrs, "plans": found}

    def _named(self, plans: list[Plan], user: Any) -> list[Plan]:
        ids = list(dict.fromkeys(plan.pk for plan in plans[: MOST_PLANS + 1]))
        rows = importable_plans(user, self.kind).select_related("owner", "plan_type").in_bulk(ids)
        if refused := [plan for plan in plans if plan.pk in ids and plan.pk not in rows]:
            names = ", ".join(str(plan) for plan in refused[:10])
            message = _("You may not edit these plans, or they are over: %(names)s.") % {"names": names}
            raise ValidationError({"plans": [ErrorDetail(message, code="not_editable")]})
        return [rows[pk] for pk in ids]

    def _filtered(self, filters: dict[str, str]) -> list[Plan]:
        request = self.context["request"]
        known = self.filterset.parameter_names()
        known |= self.filterset.custom_parameters(filters, request.user)
        if unknown := sorted(set(filters) - known):
            message = _("There is no such filter.")
            raise ValidationError({"filters": {name: [ErrorDetail(message, "unknown")] for name in unknown}})
        query = QueryDict(mutable=True)
        query.update(filters)
        rows = importable_plans(request.user, self.kind).select_related("owner", "plan_type")
        filterset = self.filterset(query, rows, request=request)
        if not filterset.is_valid():
            raise ValidationError(
                {"filters": invalid(DjangoValidationError(filterset.errors.as_data())).detail}
            )
        return list(filterset.qs[: MOST_PLANS + 1])


class ImportGoalsIntoTerritoryPlansSerializer(ImportGoalsIntoPlansSerializer):
    kind = TerritoryBusinessPlan
    filterset = TerritoryBusinessPlanFilter

    plans = fields.VisibleRelatedField(
        many=True,
        allow_empty=False,
        required=False,
        queryset=TerritoryBusinessPlan.objects.all(),
        help_text="Plans that you may edit and that are not over. Or say `filters`.",
    )
    filters = serializers.DictField(
        child=serializers.CharField(max_length=200),
        required=False,
        help_text=(
            "As in the query of `territory-business-plans/`: of what matches, the plans that you may edit "
            "and that are not over."
        ),
    )


class TasksOfSerializer(serializers.Serializer):
    user = RefSerializer()
    tasks = serializers.IntegerField()


class PlanPreviewSerializer(serializers.Serializer):
    """What would be made in one plan."""

    plan = RefSerializer()
    counts = MadeCountsSerializer()
    assignees = TasksOfSerializer(many=True)
    falls_to_owner = serializers.IntegerField(help_text="Tasks for roles that nobody on the plan has.")
    already_there = RefSerializer(many=True, help_text="Goals that the plan has objectives from: left out.")
    problem = serializers.CharField(allow_blank=True)

    def to_representation(self, preview: PlanPreview) -> dict[str, Any]:
        return {
            "plan": ref(preview.plan),
            "counts": preview.counts,
            "assignees": [{"user": ref(user), "tasks": count} for user, count in preview.people],
            "falls_to_owner": preview.fallen_count,
            "already_there": [ref(goal) for goal in preview.there],
            "problem": preview.problem,
        }


def ref(row: Any) -> dict[str, str]:
    return {"id": str(row.pk), "name": str(row)}


class ImportPreviewSerializer(serializers.Serializer):
    dry_run = serializers.BooleanField()
    plans = PlanPreviewSerializer(many=True)


class ImportGoalsIntoPlansView(KamAPIView):
    """Imports goals into many plans in the background; the answer is the job, to be looked at in `jobs`.

    In each plan all is made or nothing. Goals from which a plan has objectives already are left out, and
    plans that you may no longer edit when their turn comes are skipped.
    """

    kam_policy = BY_OBJECT
    serializer: ClassVar[type[ImportGoalsIntoPlansSerializer]] = ImportGoalsIntoPlansSerializer

    @extend_schema(
        request=ImportGoalsIntoPlansSerializer,
        responses={200: ImportPreviewSerializer, 202: JobSerializer},
        operation_id="account_plans_import_goals_into_many",
    )
    def post(self, request: Request) -> Response:
        if not request.user.has_perm("plans.add_accountplan"):
            raise PermissionDenied
        body = self.serializer(data=request.data, context={"request": request})
        body.is_valid(raise_exception=True)
        asked = body.validated_data
        wish = {
            "plans": asked["plans"],
            "goals": asked["goal_definitions"],
            "start_date": asked.get("start_date"),
        }
        if asked.get("dry_run"):
            previews = preview_imports(**wish)
            return Response(ImportPreviewSerializer({"dry_run": True, "plans": previews}).data)
        job = start_import(user=request.user, **wish)
        response = Response(JobSerializer(job, context={"request": request}).data, status=HTTPStatus.ACCEPTED)
        response["Location"] = reverse("api:jobs-detail", args=[job.pk], request=request)
        return response


@extend_schema_view(
    post=extend_schema(
        request=ImportGoalsIntoTerritoryPlansSerializer,
        operation_id="territory_business_plans_import_goals_into_many",
    )
)
class ImportGoalsIntoTerritoryPlansView(ImportGoalsIntoPlansView):
    """Imports goals into many territory plans in the background; the answer is the job.

    In each plan all is made or nothing. Goals from which a plan has goal assignments already are left out,
    and plans that you may no longer edit when their turn comes are skipped.
    """

    serializer = ImportGoalsIntoTerritoryPlansSerializer
