"""The work of a plan, as the API shows and takes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from drf_spectacular.helpers import lazy_serializer
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from crm.models import Account
from kam.core.api import fields
from kam.core.api.serializers import (
    BASE_FIELDS,
    ME,
    KamModelSerializer,
    RefSerializer,
    VersionedSerializer,
)
from plans import operations
from plans.models import ActionPlan, ActionPlanItem, AssessmentTask
from plans.models.measuring import Work, work_of
from plans.models.work import MOST_LINKS
from plans.operations.action_plans import add_action_plan
from plans.policies import as_percent
from plans.progress import Level, Node, Reason

LONGEST_LINK = 2_000


class ActionPlanSerializer(KamModelSerializer):
    fixed_fields = ()
    plan = RefSerializer(read_only=True)
    progress = serializers.SerializerMethodField(help_text="0 to 1; null: nothing to do.")
    progress_percent = serializers.SerializerMethodField()

    class Meta(KamModelSerializer.Meta):
        model = ActionPlan
        fields = (
            *BASE_FIELDS,
            "plan",
            "objective",
            "template_version",
            "name",
            "owner",
            "start_date",
            "due_date",
            "status",
            "weight",
            "order",
            "progress",
            "progress_percent",
        )
        read_only_fields = ("template_version",)
        extra_kwargs: ClassVar[dict[str, Any]] = {"owner": ME}

    def write(self, row: ActionPlan, relations: dict[str, Any]) -> ActionPlan:
        return add_action_plan(row) if row._state.adding else super().write(row, relations)

    def prepare(self, rows: Sequence[ActionPlan]) -> None:
        super().prepare(rows)
        shown = ActionPlan.objects.unscoped("rows that came through the gate")
        self.work: dict[Any, Work] = work_of(shown.filter(pk__in=[row.pk for row in rows]))

    @extend_schema_field(serializers.FloatField(allow_null=True))
    def get_progress(self, row: ActionPlan) -> float | None:
        share = self.work[row.pk].progress
        return None if share is None else float(round(share, 4))

    @extend_schema_field(serializers.FloatField(allow_null=True))
    def get_progress_percent(self, row: ActionPlan) -> float | None:
        percent = as_percent(self.work[row.pk].progress)
        return None if percent is None else float(percent)


class ActionPlanItemSerializer(KamModelSerializer):
    """A place in an action plan. With a `name` it is made with an open task of that name."""

    plan = RefSerializer(read_only=True)
    task = RefSerializer(read_only=True, allow_null=True, source="known_task")
    name = serializers.CharField(
        required=False, write_only=True, max_length=200, help_text="Of its task, which is made with it."
    )

    class Meta(KamModelSerializer.Meta):
        model = ActionPlanItem
        fields = (
            *BASE_FIELDS,
            "plan",
            "action_plan",
            "template_item",
            "name",
            "task",
            "order",
            "is_required",
            "weight",
            "prerequisite",
        )
        read_only_fields = ("template_item",)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        self.task_name = attrs.pop("name", None)
        if self.task_name and self.instance is not None:
            raise serializers.ValidationError(
                {"name": serializers.ErrorDetail("Name the task itself.", code="fixed")}
            )
        return super().validate(attrs)

    def write(self, row: ActionPlanItem, relations: dict[str, Any]) -> ActionPlanItem:
        if self.instance is None and self.task_name:
            task = AssessmentTask(item=row, name=self.task_name, assignee=self.context["request"].user)
            return operations.add_task(task).item
        return operations.add_item(row) if row._state.adding else super().write(row, relations)


class AssessmentTaskSerializer(KamModelSerializer):
    """A task is made for an `item` that has none, or in an `action_plan`: that makes the item, too."""

    fixed_fields = ("item",)
    plan = RefSerializer(read_only=True)
    objective = RefSerializer(read_only=True, source="item.action_plan.objective")
    action_plan = fields.VisibleRelatedField(
        queryset=ActionPlan.objects.all(),
        required=False,
        source="item.action_plan",
        help_text="Instead of `item`: the task goes to the end of this action plan.",
    )
    progress_percent = fields.PercentField(read_only=True, allow_null=True)
    is_overdue = serializers.BooleanField(read_only=True)
    evidence_links = serializers.ListField(
        child=serializers.URLField(max_length=LONGEST_LINK), max_length=MOST_LINKS, required=False
    )

    class Meta(KamModelSerializer.Meta):
        model = AssessmentTask
        fields = (
            *BASE_FIELDS,
            "plan",
            "objective",
            "action_plan",
            "item",
            "kind",
            "name",
            "instructions",
            "assignee",
            "start_date",
            "due_date",
            "priority",
            "status",
            "target_quantity",
            "quantity_done",
            "activity_type",
            "completed_at",
            "notes",
            "evidence_links",
            "progress_percent",
            "is_overdue",
        )
        extra_kwargs: ClassVar[dict[str, Any]] = {"assignee": ME, "item": {"required": False}}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        place = attrs.pop("item", None)
        if isinstance(place, dict):  # of `action_plan`, whose source lies in the item
            place = place.get("action_plan")
        attrs |= self._placed(place)
        status = attrs.pop("status", None)  # a step of its own, once the row as such holds
        attrs = super().validate(attrs)
        self.candidate.status = status or self.candidate.status
        return attrs

    def _placed(self, place: ActionPlan | ActionPlanItem | None) -> dict[str, Any]:
        if isinstance(place, ActionPlan) and self.instance is None:
            return {"item": ActionPlanItem(action_plan=place)}
        if isinstance(place, ActionPlan):
            same = place.pk == self.instance.item.action_plan_id
            if same:
                return {}
            raise serializers.ValidationError(
                {"action_plan": serializers.ErrorDetail("Move its item.", code="fixed")}
            )
        both = self.instance is None and {"item", "action_plan"} <= set(self.initial_data)
        if both or (place is None and self.instance is None):
            raise serializers.ValidationError(
                {"item": serializers.ErrorDetail("Name an item or an action plan.", code="required")}
            )
        return {} if place is None else {"item": place}

    def write(self, row: AssessmentTask, relations: dict[str, Any]) -> AssessmentTask:
        return operations.add_task(row) if row._state.adding else operations.save_task(row)


class CompletionSerializer(VersionedSerializer):
    quantity = fields.QuantityField(required=False, min_value=0, max_value=10**12)
    notes = serializers.CharField(required=False, allow_blank=True, max_length=20_000)
    account = fields.VisibleRelatedField(
        required=False,
        queryset=Account.objects.all(),
        help_text="Of a call for a territory business plan: the account that was called.",
    )


class TaskStepSerializer(VersionedSerializer):
    """Takes nothing but a `version`."""


# --- Progress -------------------------------------------------------------------------------
# What the levels are called in a territory business plan.
OF_TERRITORIES = {Level.PLAN: "territory_business_plan", Level.OBJECTIVE: "goal_assignment"}


class ProgressNodeSerializer(serializers.Serializer):
    """A part of a plan. `share` says what part it is of what it counts in; `left_out` why it does not count."""

    kind = serializers.ChoiceField(
        choices=[*(level.value for level in Level), *OF_TERRITORIES.values()], source="level.value"
    )
    id = serializers.UUIDField(source="row.pk")
    name = serializers.CharField(source="row")
    status = serializers.CharField(allow_blank=True)
    progress_mode = serializers.CharField(allow_blank=True, source="mode", help_text="Of objectives.")
    weight = fields.QuantityField()
    share = fields.ShareField(allow_null=True)
    progress = fields.ShareField(allow_null=True, help_text="0 to 1; null: nothing to do.")
    progress_percent = fields.PercentField(allow_null=True)
    counts = serializers.BooleanField()
    left_out = serializers.ChoiceField(choices=[reason.value for reason in Reason], allow_null=True)
    why = serializers.CharField(allow_blank=True, source="why_left_out", help_text="`left_out` in words.")
    children = serializers.SerializerMethodField()

    def to_representation(self, node: Node) -> dict[str, Any]:
        shown = super().to_representation(node)
        if self.context.get("of_territory"):
            shown["kind"] = OF_TERRITORIES.get(node.level, shown["kind"])
        return shown

    @extend_schema_field(lazy_serializer("plans.api.work_serializers.ProgressNodeSerializer")(many=True))
    def get_children(self, node: Node) -> list[Any]:
        return [self.to_representation(child) for child in node.children]
