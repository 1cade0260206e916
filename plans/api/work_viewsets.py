"""The work of a plan: action plans, their items, tasks; and how far it all is."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import Prefetch, QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from kam.core.api.permissions import BY_OBJECT
from kam.core.api.problems import Conflict, invalid
from kam.core.api.views import KamAPIView
from kam.core.api.viewsets import found
from plans import filters, operations
from plans.api import work_serializers as serializers
from plans.api.viewsets import PlanContentViewSet
from plans.models import AccountPlan, ActionPlan, ActionPlanItem, AssessmentTask, TerritoryBusinessPlan
from plans.progress import plan_progress
from templates_app.models import ActionPlanTemplateItem, ActionPlanTemplateVersion

# What somebody says of a task of their own who may not edit the plan.
BY_ASSIGNEE = {"status", "quantity_done", "notes", "evidence_links", "version"}


class ActionPlanViewSet(PlanContentViewSet):
    """Ways to reach an objective. Progress is computed from the work."""

    queryset = ActionPlan.objects.all()
    serializer_class = serializers.ActionPlanSerializer
    filterset_class = filters.ActionPlanFilter

    def with_related(self, queryset: QuerySet) -> QuerySet:
        versions = ActionPlanTemplateVersion.objects.visible_to(self.request.user).select_related("template")
        return queryset.select_related("objective__plan", "owner").prefetch_related(
            Prefetch("template_version", versions)
        )


class ActionPlanItemViewSet(PlanContentViewSet):
    """Places in an action plan. The work itself is the task."""

    queryset = ActionPlanItem.objects.all()
    serializer_class = serializers.ActionPlanItemSerializer
    filterset_class = filters.ActionPlanItemFilter

    def with_related(self, queryset: QuerySet) -> QuerySet:
        designs = ActionPlanTemplateItem.objects.visible_to(self.request.user)
        return queryset.select_related(
            "action_plan__objective__plan", "task", "prerequisite__task"
        ).prefetch_related(Prefetch("template_item", designs))


class AssessmentTaskViewSet(PlanContentViewSet):
    """Tasks. Whose task it is may say what came of it; everything else is changed by who edits the plan."""

    queryset = AssessmentTask.objects.all()
    serializer_class = serializers.AssessmentTaskSerializer
    filterset_class = filters.AssessmentTaskFilter

    def with_related(self, queryset: QuerySet) -> QuerySet:
        return queryset.select_related(
            "item__action_plan__objective__plan", "item__task", "assignee", "activity_type"
        )

    def get_locked_object(self, permission: str, *, requires_version: bool | None = None) -> Any:
        if self.action == "partial_update" and set(self.request.data) <= BY_ASSIGNEE:
            permission = "plans.complete_assessmenttask"
        return super().get_locked_object(permission, requires_version=requires_version)

    def perform_create(self, serializer: Any) -> Any:
        return self.allowed(serializer.save)

    def perform_update(self, serializer: Any) -> Any:
        task = serializer.candidate
        drops = {"status"} <= {field.name for field in task.changed_fields()} and task.meaning == "dropped"
        if drops:
            self.require(self.permission("change"), task)
        return self.allowed(serializer.save)

    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """With its place in the action plan."""
        self.get_locked_object(self.permission("delete")).item.delete()
        return Response(status=HTTPStatus.NO_CONTENT)

    def allowed(self, step: Any, /, **values: Any) -> Any:
        """A step that the state forbids is 409, one with bad values 400."""
        try:
            return step(**values)
        except operations.TaskStepNotAllowedError as error:
            raise Conflict(str(error)) from error
        except ValidationError as error:
            raise invalid(error) from error

    @extend_schema(request=serializers.CompletionSerializer, responses=serializers.AssessmentTaskSerializer)
    @action(detail=True, methods=["post"])
    def complete(self, request: Request, pk: str) -> Response:
        """The task is done. `quantity`: how many it came to in all. A call objective logs the call."""
        task = self.get_locked_object("plans.complete_assessmenttask", requires_version=False)
        body = serializers.CompletionSerializer(data=request.data, context=self.get_serializer_context())
        body.is_valid(raise_exception=True)
        values = {name: body.validated_data.get(name) for name in ("quantity", "notes", "account")}
        return self.answer(self.written(self.allowed(operations.complete_task, task=task, **values)))

    @extend_schema(request=serializers.TaskStepSerializer, responses=serializers.AssessmentTaskSerializer)
    @action(detail=True, methods=["post"])
    def reopen(self, request: Request, pk: str) -> Response:
        """Undo: the task is open again; the call that completed it is planned again."""
        task = self.get_locked_object("plans.complete_assessmenttask", requires_version=False)
        serializers.TaskStepSerializer(data=request.data).is_valid(raise_exception=True)
        step = self.allowed(operations.take_task_step, task=task, step="reopen")
        return self.answer(self.written(step))


class PlanProgressView(KamAPIView):
    """How far a plan is, at every level, and why: weights, shares, and what is left out for which reason."""

    kam_policy = BY_OBJECT
    plans: Any = AccountPlan

    @extend_schema(responses=serializers.ProgressNodeSerializer, operation_id="account_plans_progress")
    def get(self, request: Request, pk: UUID) -> Response:
        plan = found(self.plans.objects.visible_to(request.user), pk)
        operations.log_confidential_look(plan=plan, user=request.user)
        context = {"of_territory": plan.is_of_territory}
        return Response(serializers.ProgressNodeSerializer(plan_progress(plan), context=context).data)


@extend_schema_view(get=extend_schema(operation_id="territory_business_plans_progress"))
class TerritoryPlanProgressView(PlanProgressView):
    plans = TerritoryBusinessPlan
