"""What happens to templates and goals as a whole: next version, publishing, copies, order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from crm.models import PickListValue
from kam.core.changes import bump_version
from kam.users.models import User
from templates_app import policies, uses
from templates_app.enums import PlanSection, VersionStatus
from templates_app.models import (
    ActionPlanTemplate,
    ActionPlanTemplateItem,
    ActionPlanTemplateVersion,
    CustomField,
    GoalDefinition,
    GoalDefinitionTemplate,
    PlanType,
    PlanTypeGoal,
)
from templates_app.models.action_plans import lock_drafts

# What a copy of an item takes along.
ITEM_FIELDS = (
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
    "activity_type_id",
)


class DraftExists(Exception):
    """A template has one draft at a time."""

    def __init__(self, draft: ActionPlanTemplateVersion) -> None:
        super().__init__(
            _("Version %(number)s is a draft already: edit or delete that.") % {"number": draft.number}
        )
        self.draft = draft


class NotPublishable(Exception):
    """The version is no draft, or what is in it does not hold together."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(" ".join(problems))
        self.problems = list(problems)


class NotPublished(Exception):
    """Only a published version is retired."""

    def __init__(self) -> None:
        super().__init__(_("Only a published version can be retired."))


class GoalInUse(Exception):
    """Plans were made from it: it is retired, not deleted."""

    def __init__(self) -> None:
        super().__init__(_("It is in use: retire it instead."))


class FieldInUse(Exception):
    """Plans have values of it: it is retired, not deleted."""

    def __init__(self) -> None:
        super().__init__(_("Plans have values of it: retire it instead."))


# --- Versions -------------------------------------------------------------------------------
@transaction.atomic
def create_template(template: ActionPlanTemplate) -> ActionPlanTemplateVersion:
    """Save a new, checked template with its first draft."""
    template.save()
    return ActionPlanTemplateVersion.objects.create(template=template, number=1)


@transaction.atomic
def new_draft(template: ActionPlanTemplate) -> ActionPlanTemplateVersion:
    """The next version, with the items of the last one, ready to be edited."""
    ActionPlanTemplate.objects.select_for_update().get(pk=template.pk)  # two people may press the button
    versions = ActionPlanTemplateVersion.objects.filter(template=template)
    if draft := versions.filter(status=VersionStatus.DRAFT).first():
        raise DraftExists(draft)
    last = versions.order_by("-number").first()
    draft = ActionPlanTemplateVersion.objects.create(template=template, number=last.number + 1 if last else 1)
    if last:
        _copy_items(last, draft, keep_keys=True)
    return draft


@transaction.atomic
def copy_template(template: ActionPlanTemplate, copy: ActionPlanTemplate) -> ActionPlanTemplate:
    """Save `copy` with a draft that holds the items of the published version, else of the last one."""
    copy.copied_from = template
    draft = create_template(copy)
    versions = ActionPlanTemplateVersion.objects.filter(template=template).order_by("-number")
    source = versions.filter(status=VersionStatus.PUBLISHED).first() or versions.first()
    if source:
        _copy_items(source, draft, keep_keys=False)
    return copy


def _copy_items(
    source: ActionPlanTemplateVersion, target: ActionPlanTemplateVersion, *, keep_keys: bool
) -> None:
    originals = list(source.items.order_by("order", "created_at", "id"))
    copies = {}
    for order, original in enumerate(originals, 1):
        values = {name: getattr(original, name) for name in ITEM_FIELDS}
        copies[original.pk] = ActionPlanTemplateItem(template_version=target, order=order, **values)
        if keep_keys:
            copies[original.pk].key = original.key
    for original in originals:
        if original.prerequisite_id:
            copies[original.pk].prerequisite_id = copies[original.prerequisite_id].pk
    ActionPlanTemplateItem.objects.bulk_create(copies.values())


def publishing_problems(version: ActionPlanTemplateVersion) -> list[str]:
    """Why the version cannot be published, in words."""
    if not version.is_draft:
        return [_("Only a draft can be published.")]
    items = list(version.items.all())
    if not items:
        return [_("It has no items: add what is to be done.")]
    problems = []
    for item in items:
        item.template_version = version
        try:
            item.full_clean(validate_unique=False, validate_constraints=False)
        except ValidationError as error:
            problems += [f"{item.name}: {text}" for text in error.messages]
    return problems


@transaction.atomic
def publish_version(
    version: ActionPlanTemplateVersion, *, actor: User | None, at: datetime
) -> ActionPlanTemplateVersion:
    """From now on plans are made from this version; the one published before is retired."""
    version = ActionPlanTemplateVersion.objects.select_for_update().get(pk=version.pk)
    if problems := publishing_problems(version):
        raise NotPublishable(problems)
    published = ActionPlanTemplateVersion.objects.filter(
        template=version.template, status=VersionStatus.PUBLISHED
    )
    for previous in published.select_for_update():
        retire_version(previous)
    version.status, version.published_at, version.published_by = VersionStatus.PUBLISHED, at, actor
    version.save()
    return version


@transaction.atomic
def retire_version(version: ActionPlanTemplateVersion) -> ActionPlanTemplateVersion:
    """No new plan is made from it; plans that were keep it."""
    version = ActionPlanTemplateVersion.objects.select_for_update().get(pk=version.pk)
    if version.status != VersionStatus.PUBLISHED:
        raise NotPublished
    version.status = VersionStatus.RETIRED
    version.save()
    return version


# --- Items ----------------------------------------------------------------------------------
def keep_draft(version: ActionPlanTemplateVersion) -> None:
    """Nobody publishes the version before the end of the transaction; raises if somebody has."""
    lock_drafts({version.pk})


@transaction.atomic
def add_item(item: ActionPlanTemplateItem) -> ActionPlanTemplateItem:
    """Save a new, checked item; one without a place comes last."""
    if not item.order:
        last = ActionPlanTemplateItem.objects.filter(template_version=item.template_version)
        item.order = (last.aggregate(last=Max("order"))["last"] or 0) + 1
    item.save()
    return item


@transaction.atomic
def reorder_items(version: ActionPlanTemplateVersion, order: Sequence[Any]) -> None:
    """Put the items of a draft in the order of these ids, which must name each of them once."""
    keep_draft(version)
    items = {item.pk: item for item in ActionPlanTemplateItem.objects.filter(template_version=version)}
    if len(order) != len(items) or set(order) != set(items):
        raise ValidationError(
            _("The items have changed in the meantime: load the page again."), "stale_order"
        )
    for place, pk in enumerate(order, 1):
        items[pk].order = place
    ActionPlanTemplateItem.objects.bulk_update(items.values(), ["order"])


@transaction.atomic
def move_item(item: ActionPlanTemplateItem, *, up: bool) -> None:
    """One place up or down; the first and the last stay where they are."""
    version = item.template_version
    keep_draft(version)
    order = list(version.items.order_by("order", "created_at", "id").values_list("pk", flat=True))
    reorder_items(version, _moved_by_one(order, item.pk, up=up))


def _moved_by_one(order: list[Any], pk: Any, *, up: bool) -> list[Any]:
    here = order.index(pk)
    there = here - 1 if up else here + 1
    if 0 <= there < len(order):
        order[here], order[there] = order[there], order[here]
    return order


# --- Difference -----------------------------------------------------------------------------
COMPARED = (*(name.removesuffix("_id") for name in ITEM_FIELDS), "prerequisite")


def compare_versions(
    before: ActionPlanTemplateVersion, after: ActionPlanTemplateVersion
) -> policies.VersionDifference:
    """Items are matched by their key; a prerequisite is compared by the key it names."""
    values = values_by_version([before, after])
    return policies.difference(values[before.pk], values[after.pk])


def item_values(version: ActionPlanTemplateVersion) -> dict[Any, dict[str, Any]]:
    """Key → field → value, in order. A prerequisite is the key of that item."""
    return values_by_version([version])[version.pk]


def values_by_version(versions: Sequence[ActionPlanTemplateVersion]) -> dict[Any, dict[Any, dict[str, Any]]]:
    """`item_values` of several versions by their id, in one statement."""
    rows = ActionPlanTemplateItem.objects.filter(template_version__in=[version.pk for version in versions])
    items = list(rows.select_related("activity_type").order_by("order", "created_at", "id"))
    keys: dict[Any, Any] = {item.pk: item.key for item in items}
    found: dict[Any, dict[Any, dict[str, Any]]] = {version.pk: {} for version in versions}
    for item in items:
        values = {name: getattr(item, name) for name in COMPARED[:-1]}
        found[item.template_version_id][item.key] = values | {"prerequisite": keys.get(item.prerequisite_id)}
    return found


# --- Goals ----------------------------------------------------------------------------------
@transaction.atomic
def save_goal(goal: GoalDefinition, templates: Sequence[ActionPlanTemplate] | None = None) -> GoalDefinition:
    """Save a checked goal and, if given, its action plan templates in this order."""
    version = None if goal._state.adding else goal.version
    goal.save()
    if templates is not None and set_goal_templates(goal, templates) and goal.version == version:
        bump_version(goal)
    return goal


def set_goal_templates(goal: GoalDefinition, templates: Iterable[ActionPlanTemplate]) -> bool:
    """Whether anything changed."""
    return _set_links(GoalDefinitionTemplate, {"goal_definition": goal}, "template_id", templates)


def _set_links(model: Any, owner: dict[str, Any], target: str, rows: Iterable[Any]) -> bool:
    """Make the ordered links of `owner` lead to these rows; whether anything changed."""
    wanted = list(dict.fromkeys(row.pk for row in rows))
    links = {getattr(link, target): link for link in model.objects.filter(**owner)}
    if [pk for pk, _link in sorted(links.items(), key=lambda pair: pair[1].order)] == wanted:
        return False
    surplus = [link.pk for pk, link in links.items() if pk not in wanted]
    model.objects.filter(pk__in=surplus).delete()
    new = []
    for order, pk in enumerate(wanted, 1):
        if pk in links:
            links[pk].order = order
        else:
            new.append(model(**owner, **{target: pk}, order=order))
    model.objects.bulk_update([links[pk] for pk in wanted if pk in links], ["order"])
    model.objects.bulk_create(new)
    return True


@transaction.atomic
def reorder_goal_templates(goal: GoalDefinition, order: Sequence[Any]) -> None:
    """Put the templates of a goal in the order of these ids, which must name each of them once."""
    GoalDefinition.objects.select_for_update().get(pk=goal.pk)
    templates = {link.template_id: link.template for link in goal.template_links.select_related("template")}
    if len(order) != len(templates) or set(order) != set(templates):
        raise ValidationError(_("The list has changed in the meantime: load the page again."), "stale_order")
    save_goal(goal, [templates[pk] for pk in order])


def move_goal_template(goal: GoalDefinition, template_pk: Any, *, up: bool) -> None:
    """One place up or down."""
    order = [template.pk for template in goal.ordered_templates]
    if template_pk in order:
        reorder_goal_templates(goal, _moved_by_one(order, template_pk, up=up))


def refuse_deletion_of_used_goal(goal: GoalDefinition) -> None:
    if uses.uses_of(goal):
        raise GoalInUse


def goals_using(templates: Sequence[Any], user: User | None = None) -> dict[Any, list[uses.Use]]:
    """`uses` of action plan templates: the goal definitions that bring them into plans."""
    found: dict[Any, list[GoalDefinition]] = {}
    links = GoalDefinitionTemplate.objects.filter(template__in=[row.pk for row in templates])
    for link in links.select_related("goal_definition").order_by("goal_definition__name"):
        found.setdefault(link.template_id, []).append(link.goal_definition)
    return {
        pk: [
            uses.Use(_("Goal: %(name)s") % {"name": goal.name}, 1, goal.get_absolute_url()) for goal in goals
        ]
        for pk, goals in found.items()
    }


# --- Plan types -----------------------------------------------------------------------------
@transaction.atomic
def save_plan_type(
    plan_type: PlanType,
    goals: Sequence[GoalDefinition] | None = None,
    *,
    expected_roles: Sequence[PickListValue] | None = None,
) -> PlanType:
    """Save a checked plan type and, if given, the goals that it offers first, in this order, and expected roles."""
    version = None if plan_type._state.adding else plan_type.version
    plan_type.save()
    is_changed = False
    if goals is not None:
        is_changed = _set_links(PlanTypeGoal, {"plan_type": plan_type}, "goal_definition_id", goals)
    if expected_roles is not None and set(expected_roles) != set(plan_type.expected_roles.all()):
        plan_type.expected_roles.set(expected_roles)
        is_changed = True
    if is_changed and plan_type.version == version:
        bump_version(plan_type)
    return plan_type


@transaction.atomic
def show_section(plan_type: PlanType, section: str, *, shown: bool) -> None:
    """Show a section, as the last one, or leave it out. What plans hold in it stays."""
    locked = PlanType.objects.select_for_update().get(pk=plan_type.pk)
    others = [key for key in locked.sections if key != section]
    if shown != locked.shows(section):
        locked.sections = [*others, PlanSection(section).value] if shown else others
        locked.save()


@transaction.atomic
def move_section(plan_type: PlanType, section: str, *, up: bool) -> None:
    """One place up or down."""
    locked = PlanType.objects.select_for_update().get(pk=plan_type.pk)
    if locked.shows(section):
        locked.sections = _moved_by_one([*locked.sections], section, up=up)
        locked.save()


@transaction.atomic
def reorder_sections(plan_type: PlanType, order: Sequence[str]) -> None:
    """Put the sections that are shown in this order, which must name each of them once."""
    locked = PlanType.objects.select_for_update().get(pk=plan_type.pk)
    if sorted(order) != sorted(locked.sections):
        raise ValidationError(_("The list has changed in the meantime: load the page again."), "stale_order")
    locked.sections = [*order]
    locked.save()


@transaction.atomic
def reorder_plan_type_goals(plan_type: PlanType, order: Sequence[Any]) -> None:
    """Put the goals of a plan type in the order of these ids, which must name each of them once."""
    PlanType.objects.select_for_update().get(pk=plan_type.pk)
    links = PlanTypeGoal.objects.filter(plan_type=plan_type).select_related("goal_definition")
    goals = {link.goal_definition_id: link.goal_definition for link in links}
    if len(order) != len(goals) or set(order) != set(goals):
        raise ValidationError(_("The list has changed in the meantime: load the page again."), "stale_order")
    save_plan_type(plan_type, [goals[pk] for pk in order])


@transaction.atomic
def move_plan_type_goal(plan_type: PlanType, goal_pk: Any, *, up: bool) -> None:
    """One place up or down."""
    links = PlanTypeGoal.objects.filter(plan_type=plan_type).order_by("order", "id")
    order = list(links.values_list("goal_definition_id", flat=True))
    if goal_pk in order:
        reorder_plan_type_goals(plan_type, _moved_by_one(order, goal_pk, up=up))


@transaction.atomic
def add_custom_field(field: CustomField) -> CustomField:
    """Save a new, checked field; one without a place comes last."""
    if not field.order:
        last = CustomField.objects.filter(plan_type=field.plan_type).aggregate(last=Max("order"))["last"]
        field.order = (last or 0) + 1
    field.save()
    return field


@transaction.atomic
def reorder_custom_fields(plan_type: PlanType, order: Sequence[Any]) -> None:
    """Put the fields in the order of these ids, which must name each of them once."""
    PlanType.objects.select_for_update().get(pk=plan_type.pk)
    fields = {field.pk: field for field in CustomField.objects.filter(plan_type=plan_type)}
    if len(order) != len(fields) or set(order) != set(fields):
        raise ValidationError(_("The list has changed in the meantime: load the page again."), "stale_order")
    for place, pk in enumerate(order, 1):
        fields[pk].order = place
    CustomField.objects.bulk_update(fields.values(), ["order"])


@transaction.atomic
def move_custom_field(field: CustomField, *, up: bool) -> None:
    """One place up or down."""
    rows = CustomField.objects.filter(plan_type=field.plan_type_id).order_by("order", "created_at", "id")
    order = _moved_by_one(list(rows.values_list("pk", flat=True)), field.pk, up=up)
    reorder_custom_fields(field.plan_type, order)


def refuse_deletion_of_used_field(field: CustomField) -> None:
    if uses.uses_of(field):
        raise FieldInUse
