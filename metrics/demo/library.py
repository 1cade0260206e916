"""The template library of the sample company."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from crm.enums import PickList
from crm.models import PickListValue
from kam.users.models import User
from metrics.demo.library_data import CATEGORIES, GOALS, TEMPLATES, Goal, Item, Template
from metrics.demo.sample import Sample
from templates_app.models import (
    ActionPlanTemplate,
    ActionPlanTemplateItem,
    ActionPlanTemplateVersion,
    GoalDefinition,
    GoalDefinitionTemplate,
)
from templates_app.operations import publish_version

FIRST_PUBLISHED = -400  # days before today; each next version comes this long after the one before:
BETWEEN_VERSIONS = 210


def create_library(sample: Sample) -> None:
    """Templates and goals whose names are not taken in this database."""
    _create_categories(sample)
    taken = set(ActionPlanTemplate.objects.values_list("name", flat=True))
    templates = {spec.name: _create_template(sample, spec) for spec in TEMPLATES if spec.name not in taken}
    taken = set(GoalDefinition.objects.values_list("name", flat=True))
    for spec in GOALS:
        if spec.name not in taken:
            _create_goal(sample, spec, templates)


def _create_categories(sample: Sample) -> None:
    found = {
        value.name: value for value in PickListValue.objects.filter(pick_list=PickList.TEMPLATE_CATEGORY)
    }
    for number, name in enumerate(CATEGORIES, 1):
        sample.values[PickList.TEMPLATE_CATEGORY, name] = found.get(name) or PickListValue.objects.create(
            id=sample.new_id(), pick_list=PickList.TEMPLATE_CATEGORY, name=name, order=10 * number
        )


def _create_template(sample: Sample, spec: Template) -> ActionPlanTemplate:
    template = ActionPlanTemplate.objects.create(
        id=sample.new_id(),
        name=spec.name,
        description=spec.description,
        category=sample.values[PickList.TEMPLATE_CATEGORY, spec.category],
    )
    keys = {item.name: sample.new_id() for items in spec.editions for item in items}
    author: User = sample.users["admin"]
    for number, items in enumerate(spec.editions, 1):
        version = ActionPlanTemplateVersion.objects.create(
            id=sample.new_id(), template=template, number=number
        )
        _add_items(sample, version, items, keys)
        if not (spec.has_draft and number == len(spec.editions)):
            day = sample.day(FIRST_PUBLISHED + BETWEEN_VERSIONS * (number - 1))
            publish_version(version, actor=author, at=sample.moment(day))
    return template


def _add_items(
    sample: Sample, version: ActionPlanTemplateVersion, items: tuple[Item, ...], keys: dict[str, UUID]
) -> None:
    made: dict[str, ActionPlanTemplateItem] = {}
    for order, spec in enumerate(items, 1):
        made[spec.name] = ActionPlanTemplateItem(
            id=sample.new_id(),
            key=keys[spec.name],
            template_version=version,
            kind=spec.kind,
            name=spec.name,
            instructions=spec.instructions,
            start_offset=spec.start,
            due_offset=spec.due,
            assignee_role=spec.role,
            priority=spec.priority,
            is_required=spec.required,
            weight=Decimal(spec.weight),
            target_quantity=None if spec.quantity is None else Decimal(spec.quantity),
            activity_type=sample.activity_types[spec.activity] if spec.activity else None,
            order=order,
            prerequisite=made[spec.after] if spec.after else None,
        )
    ActionPlanTemplateItem.objects.bulk_create(made.values())


def _create_goal(sample: Sample, spec: Goal, templates: dict[str, ActionPlanTemplate]) -> None:
    goal = GoalDefinition.objects.create(
        id=sample.new_id(),
        name=spec.name,
        description=spec.description,
        category=sample.values[PickList.TEMPLATE_CATEGORY, spec.category],
        applies_to=spec.applies_to,
        measure_kind=spec.measure,
        default_target=None if spec.target is None else Decimal(spec.target),
        unit=spec.unit,
        default_weight=Decimal(spec.weight),
        status=spec.status,
    )
    GoalDefinitionTemplate.objects.bulk_create(
        GoalDefinitionTemplate(
            id=sample.new_id(), goal_definition=goal, template=templates[name], order=order
        )
        for order, name in enumerate(spec.templates, 1)
        if name in templates
    )
