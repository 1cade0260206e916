from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from django.db.models import Prefetch

from kam.users.models import User
from templates_app.importing.file_format import (
    CUSTOM_FIELD_FIELDS,
    FORMAT,
    FORMAT_VERSION,
    PLAN_TYPE_FIELDS,
)
from templates_app.models import (
    ActionPlanTemplate,
    ActionPlanTemplateItem,
    ActionPlanTemplateVersion,
    CustomField,
    GoalDefinition,
    PlanType,
)

PLAIN_ITEM_FIELDS = (
    "kind",
    "name",
    "instructions",
    "start_offset",
    "due_offset",
    "assignee_role",
    "priority",
    "is_required",
)


def export_library(user: User) -> bytes:
    """The whole library as the user sees it. The same library gives the same bytes."""
    items = ActionPlanTemplateItem.objects.select_related("activity_type").order_by(
        "order", "created_at", "id"
    )
    versions = ActionPlanTemplateVersion.objects.order_by("number").prefetch_related(
        Prefetch("items", queryset=items)
    )
    templates = (
        ActionPlanTemplate.objects.visible_to(user)
        .select_related("category")
        .prefetch_related(Prefetch("versions", queryset=versions))
    )
    goals = GoalDefinition.objects.visible_to(user).with_links()
    types = PlanType.objects.visible_to(user).with_goals(user)
    types = types.prefetch_related("custom_fields", "expected_roles")
    content = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "action_plan_templates": [_template(row) for row in templates.order_by("name", "id")],
        "goal_definitions": [_goal(row) for row in goals.order_by("name", "id")],
        "plan_types": [_plan_type(row) for row in types.order_by("name", "id")],
    }
    return (json.dumps(content, ensure_ascii=False, indent=2) + "\n").encode()


def _template(template: ActionPlanTemplate) -> dict[str, Any]:
    return {
        "id": str(template.pk),
        "name": template.name,
        "description": template.description,
        "category": template.category.name if template.category else None,
        "versions": [_version(version) for version in template.versions.all()],
    }


def _version(version: ActionPlanTemplateVersion) -> dict[str, Any]:
    items = list(version.items.all())
    keys = {item.pk: str(item.key) for item in items}
    return {
        "number": version.number,
        "status": version.status,
        "published_at": version.published_at.isoformat() if version.published_at else None,
        "items": [_item(item, keys) for item in items],
    }


def _item(item: ActionPlanTemplateItem, keys: dict[Any, str]) -> dict[str, Any]:
    return {
        "key": str(item.key),
        **{name: getattr(item, name) for name in PLAIN_ITEM_FIELDS},
        "weight": _number(item.weight),
        "target_quantity": _number(item.target_quantity),
        "activity_type": item.activity_type.name if item.activity_type else None,
        "prerequisite": keys.get(item.prerequisite_id),
    }


def _goal(goal: GoalDefinition) -> dict[str, Any]:
    return {
        "id": str(goal.pk),
        "name": goal.name,
        "description": goal.description,
        "category": goal.category.name if goal.category else None,
        "applies_to": goal.applies_to,
        "measure_kind": goal.measure_kind,
        "default_target": _number(goal.default_target),
        "unit": goal.unit,
        "default_weight": _number(goal.default_weight),
        "status": goal.status,
        "action_plan_templates": [str(template.pk) for template in goal.ordered_templates],
    }


def _plan_type(plan_type: PlanType) -> dict[str, Any]:
    return {
        "id": str(plan_type.pk),
        **{name: getattr(plan_type, name) for name in PLAN_TYPE_FIELDS},
        "goal_definitions": [str(goal.pk) for goal in plan_type.ordered_goals],
        "expected_roles": [
            {"name": role.name, "meaning": role.meaning} for role in plan_type.expected_roles.all()
        ],
        "custom_fields": [_custom_field(field) for field in plan_type.custom_fields.all()],
    }


def _custom_field(field: CustomField) -> dict[str, Any]:
    return {"key": field.key, **{name: getattr(field, name) for name in CUSTOM_FIELD_FIELDS}}


def _number(value: Decimal | None) -> str | None:
    if value is None:
        return None
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
