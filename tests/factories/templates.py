from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

from crm.enums import PickList
from crm.models import ActivityType, PickListValue
from templates_app import operations
from templates_app.enums import (
    AppliesTo,
    AssigneeRole,
    FieldKind,
    ItemKind,
    LibraryStatus,
    MeasureKind,
    Priority,
)
from templates_app.models import (
    ActionPlanTemplate,
    ActionPlanTemplateItem,
    ActionPlanTemplateVersion,
    CustomField,
    GoalDefinition,
    PlanType,
)
from tests.factories.crm import Number, create_pick_list_value
from tests.factories.sequence import numbered

PUBLISHED_AT = datetime(2026, 1, 15, 9, 0, tzinfo=UTC)


def create_template_category(name: str = "") -> PickListValue:
    return create_pick_list_value(name or numbered("Category"), pick_list=PickList.TEMPLATE_CATEGORY)


def create_template(
    name: str = "", *, category: PickListValue | None = None, description: str = "", items: int = 0
) -> ActionPlanTemplate:
    """A template with a draft that holds `items` tasks."""
    template = ActionPlanTemplate(
        name=name or numbered("Template"), category=category, description=description
    )
    draft = operations.create_template(template)
    for _number in range(items):
        create_item(draft)
    return template


def draft_of(template: ActionPlanTemplate) -> ActionPlanTemplateVersion:
    return template.versions.get(status="draft")


def create_item(
    version: ActionPlanTemplateVersion,
    name: str = "",
    *,
    kind: str = ItemKind.TASK,
    instructions: str = "",
    start_offset: int = 0,
    due_offset: int = 7,
    assignee_role: str = AssigneeRole.OWNER,
    priority: str = Priority.NORMAL,
    is_required: bool = True,
    weight: Number = 1,
    target_quantity: Number | None = None,
    activity_type: ActivityType | None = None,
    prerequisite: ActionPlanTemplateItem | None = None,
) -> ActionPlanTemplateItem:
    return operations.add_item(
        ActionPlanTemplateItem(
            template_version=version,
            name=name or numbered("Item"),
            kind=kind,
            instructions=instructions,
            start_offset=start_offset,
            due_offset=due_offset,
            assignee_role=assignee_role,
            priority=priority,
            is_required=is_required,
            weight=Decimal(weight),
            target_quantity=None if target_quantity is None else Decimal(target_quantity),
            activity_type=activity_type,
            prerequisite=prerequisite,
        )
    )


def publish(template: ActionPlanTemplate) -> ActionPlanTemplateVersion:
    """Publish the template's draft, with a task in it if it has none."""
    draft = draft_of(template)
    if not draft.items.exists():
        create_item(draft)
    return operations.publish_version(draft, actor=None, at=PUBLISHED_AT)


def create_published_template(name: str = "", *, items: int = 2) -> ActionPlanTemplateVersion:
    return publish(create_template(name, items=items))


def create_goal(
    name: str = "",
    *,
    status: str = LibraryStatus.ACTIVE,
    applies_to: str = AppliesTo.BOTH,
    category: PickListValue | None = None,
    measure_kind: str = MeasureKind.QUALITATIVE,
    default_target: Number | None = None,
    unit: str = "",
    default_weight: Number = 1,
    description: str = "",
    templates: Sequence[ActionPlanTemplate] = (),
) -> GoalDefinition:
    goal = GoalDefinition(
        name=name or numbered("Goal"),
        description=description,
        status=status,
        applies_to=applies_to,
        category=category,
        measure_kind=measure_kind,
        default_target=None if default_target is None else Decimal(default_target),
        unit=unit,
        default_weight=Decimal(default_weight),
    )
    return operations.save_goal(goal, templates)


def create_custom_field(
    plan_type: PlanType,
    key: str = "",
    *,
    label: str = "",
    kind: str = FieldKind.TEXT,
    choices: Sequence[str] = (),
    is_required: bool = False,
    is_retired: bool = False,
) -> CustomField:
    key = key or numbered("field").replace(" ", "_")
    return operations.add_custom_field(
        CustomField(
            plan_type=plan_type,
            key=key,
            label=label or key.capitalize(),
            kind=kind,
            choices=[*choices],
            is_required=is_required,
            is_retired=is_retired,
        )
    )
