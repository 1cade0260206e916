from __future__ import annotations

from typing import Any

from rest_framework import serializers

from crm.enums import PickList
from crm.models import PickListValue
from kam.core.api.fields import VisibleRelatedField
from kam.core.api.serializers import BASE_FIELDS, KamModelSerializer
from templates_app import operations
from templates_app.enums import FieldKind, LibraryStatus, PlanSection, VersionStatus
from templates_app.models import (
    ActionPlanTemplate,
    ActionPlanTemplateItem,
    ActionPlanTemplateVersion,
    CustomField,
    GoalDefinition,
    PlanType,
)
from templates_app.models.custom_fields import LONGEST_CHOICE, MOST_CHOICES


class CustomFieldOfTypeSerializer(serializers.Serializer):
    """A custom field as its plan type shows it; `custom-fields` keeps it."""

    id = serializers.UUIDField()
    key = serializers.CharField()
    label = serializers.CharField()
    kind = serializers.ChoiceField(FieldKind.choices)
    help_text = serializers.CharField()
    choices = serializers.ListField(child=serializers.CharField())
    is_required = serializers.BooleanField()
    is_retired = serializers.BooleanField()


class PlanTypeSerializer(KamModelSerializer):
    """`sections` are those that plans of this type show, in order; `goal_definitions` are offered first, in order.

    `expected_roles` are roles of stakeholders: a plan that has nobody with one shows a gap.
    """

    sections = serializers.ListField(child=serializers.ChoiceField(PlanSection.choices), required=False)
    goal_definitions = VisibleRelatedField(
        source="ordered_goals", many=True, required=False, queryset=GoalDefinition.objects.all()
    )
    custom_fields = CustomFieldOfTypeSerializer(many=True, read_only=True)
    expected_roles = VisibleRelatedField(
        many=True, required=False, queryset=PickListValue.objects.filter(pick_list=PickList.STAKEHOLDER_ROLE)
    )

    class Meta(KamModelSerializer.Meta):
        model = PlanType
        fields = (
            *BASE_FIELDS,
            "name",
            "plural_name",
            "description",
            "sections",
            "default_revenue_basis",
            "default_review_frequency",
            "goal_definitions",
            "custom_fields",
            "expected_roles",
            "is_retired",
        )

    @property
    def relation_names(self) -> set[str]:
        return {"ordered_goals", "expected_roles"}

    def write(self, row: PlanType, relations: dict[str, Any]) -> PlanType:
        return operations.save_plan_type(
            row, relations.get("ordered_goals"), expected_roles=relations.get("expected_roles")
        )


class CustomFieldSerializer(KamModelSerializer):
    """`key` names it in `custom_values` of plans and in the filter `custom.<key>`; key and kind never change."""

    fixed_fields = ("plan_type", "key", "kind")
    choices = serializers.ListField(
        child=serializers.CharField(max_length=LONGEST_CHOICE), max_length=MOST_CHOICES, required=False
    )

    class Meta(KamModelSerializer.Meta):
        model = CustomField
        fields = (
            *BASE_FIELDS,
            "plan_type",
            "key",
            "label",
            "kind",
            "help_text",
            "choices",
            "is_required",
            "order",
            "is_retired",
        )

    def write(self, row: CustomField, relations: dict[str, Any]) -> CustomField:
        if row._state.adding:
            return operations.add_custom_field(row)
        row.save()
        return row


class GoalDefinitionSerializer(KamModelSerializer):
    """`action_plan_templates` in the order in which they come into a plan."""

    action_plan_templates = VisibleRelatedField(
        source="ordered_templates", many=True, required=False, queryset=ActionPlanTemplate.objects.all()
    )

    class Meta(KamModelSerializer.Meta):
        model = GoalDefinition
        fields = (
            *BASE_FIELDS,
            "name",
            "description",
            "category",
            "applies_to",
            "measure_kind",
            "default_target",
            "unit",
            "default_weight",
            "status",
            "action_plan_templates",
        )

    @property
    def relation_names(self) -> set[str]:
        return {"ordered_templates"}

    def write(self, row: GoalDefinition, relations: dict[str, Any]) -> GoalDefinition:
        return operations.save_goal(row, relations.get("ordered_templates"))


class VersionRefSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    number = serializers.IntegerField()
    status = serializers.ChoiceField(VersionStatus.choices)


class ActionPlanTemplateSerializer(KamModelSerializer):
    """`status` follows from the versions. A new template comes with an empty draft."""

    status = serializers.ChoiceField(LibraryStatus.choices, source="state", read_only=True)
    versions = VersionRefSerializer(many=True, read_only=True)

    class Meta(KamModelSerializer.Meta):
        model = ActionPlanTemplate
        fields = (*BASE_FIELDS, "name", "description", "category", "status", "versions", "copied_from")
        read_only_fields = ("copied_from",)

    def write(self, row: ActionPlanTemplate, relations: dict[str, Any]) -> ActionPlanTemplate:
        if row._state.adding:
            operations.create_template(row)
        else:
            row.save()
        return row


class VersionSerializer(KamModelSerializer):
    """A version by itself has nothing to edit: its items have, while it is a draft."""

    fixed_fields = ("template",)

    class Meta(KamModelSerializer.Meta):
        model = ActionPlanTemplateVersion
        fields = (*BASE_FIELDS, "template", "number", "status", "published_at", "published_by")
        read_only_fields = ("number", "status", "published_at", "published_by")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if self.instance is not None:
            return super().validate(attrs)
        self.candidate = ActionPlanTemplateVersion(template=attrs["template"])  # `new_draft` numbers it
        return attrs


class ItemSerializer(KamModelSerializer):
    """`key` is the same for an item in every version of its template."""

    fixed_fields = ("template_version",)

    class Meta(KamModelSerializer.Meta):
        model = ActionPlanTemplateItem
        fields = (
            *BASE_FIELDS,
            "template_version",
            "key",
            "kind",
            "name",
            "instructions",
            "start_offset",
            "due_offset",
            "assignee_role",
            "priority",
            "is_required",
            "weight",
            "target_quantity",
            "activity_type",
            "order",
            "prerequisite",
        )
        read_only_fields = ("key",)

    def write(self, row: ActionPlanTemplateItem, relations: dict[str, Any]) -> ActionPlanTemplateItem:
        if row._state.adding:
            return operations.add_item(row)
        row.save()
        return row
