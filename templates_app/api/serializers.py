from __future__ import annotations

from typing import Any

from rest_framework import serializers

from kam.core.api.fields import VisibleRelatedField
from kam.core.api.serializers import BASE_FIELDS, KamModelSerializer
from templates_app import operations
from templates_app.enums import LibraryStatus, VersionStatus
from templates_app.models import (
    ActionPlanTemplate,
    ActionPlanTemplateItem,
    ActionPlanTemplateVersion,
    GoalDefinition,
    PlanType,
)


class PlanTypeSerializer(KamModelSerializer):
    class Meta(KamModelSerializer.Meta):
        model = PlanType
        fields = (
            *BASE_FIELDS,
            "name",
            "description",
            "default_revenue_basis",
            "default_review_frequency",
            "is_retired",
        )


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
