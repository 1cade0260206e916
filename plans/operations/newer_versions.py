"""Action plans of which the template has a newer version: what is new, and adding it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from kam.core.changes import StaleObjectError
from plans.enums import ActionPlanStatus, Meaning
from plans.models import ActionPlan, ActionPlanItem
from plans.operations.goal_imports import (
    CALLER,
    People,
    TaskDraft,
    check_drafts,
    draft_tasks,
    first_start,
    read_items,
    save_drafts,
)
from templates_app.enums import VersionStatus
from templates_app.models import ActionPlanTemplateItem, ActionPlanTemplateVersion
from templates_app.operations import compare_versions
from templates_app.policies import VersionDifference


class NothingNewError(Exception):
    """The action plan follows the latest version, or is closed (HTTP 409)."""

    def __init__(self) -> None:
        super().__init__(_("There is no newer version for this action plan."))


def newer_versions(action_plans: Iterable[ActionPlan]) -> dict[Any, ActionPlanTemplateVersion]:
    """By action plan that is still worked on: the published version after the one it was made from.

    One statement; the action plans come with their `template_version`.
    """
    followed = {
        row.pk: row.template_version
        for row in action_plans
        if row.template_version and ActionPlanStatus(row.status).meaning == Meaning.OPEN
    }
    templates = {version.template_id for version in followed.values()}
    rows = ActionPlanTemplateVersion.objects.filter(
        template__in=templates, status=VersionStatus.PUBLISHED
    ).select_related("template")
    published = {version.template_id: version for version in rows}
    latest = {pk: published.get(version.template_id, version) for pk, version in followed.items()}
    return {pk: version for pk, version in latest.items() if version.number > followed[pk].number}


@dataclass
class NewerDraft:
    """What the newer version brings. Only `tasks` would be added; the rest is for reading."""

    action_plan: ActionPlan
    version: ActionPlanTemplateVersion
    difference: VersionDifference
    names: dict[Any, str] = field(default_factory=dict)  # of the items of both versions, by key
    tasks: list[TaskDraft] = field(default_factory=list)

    @property
    def changed(self) -> list[str]:
        return [self.names[key] for key in self.difference.changed]

    @property
    def removed(self) -> list[str]:
        return [self.names[key] for key in self.difference.removed]


def draft_newer(action_plan: ActionPlan) -> NewerDraft:
    """What is new since the version the action plan was made from. Raises `NothingNewError`."""
    previous, version = action_plan.template_version, newer_versions([action_plan]).get(action_plan.pk)
    if previous is None or version is None:
        raise NothingNewError
    read_items([version])
    designs: Sequence[ActionPlanTemplateItem] = version.designs  # type: ignore[attr-defined]
    before = ActionPlanTemplateItem.objects.filter(template_version=previous)
    old_names = dict(before.values_list("key", "name"))
    difference = compare_versions(previous, version)
    rows = ActionPlanItem.objects.unscoped(CALLER).filter(action_plan=action_plan)
    present = list(rows.select_related("template_item", "action_plan__objective", "task"))
    by_key: dict[Any, ActionPlanItem] = {row.template_item.key: row for row in present if row.template_item}
    new = [design for design in designs if design.key in difference.added and design.key not in by_key]
    plan = action_plan.objective.plan
    start = action_plan.start_date or first_start(plan)
    after = max((row.order for row in present), default=0)
    tasks = draft_tasks(action_plan, new, People(plan), start=start, after=after)
    keys: dict[Any, Any] = {design.pk: design.key for design in designs}
    for draft in tasks:
        _not_in_the_past(draft, first_start(plan))
        if draft.item.prerequisite is None:
            draft.item.prerequisite = by_key.get(keys.get(draft.design.prerequisite_id))
    names = {**old_names, **{design.key: design.name for design in designs}}
    return NewerDraft(action_plan, version, difference, names, tasks)


def _not_in_the_past(draft: TaskDraft, today: date) -> None:
    """Work that is new today starts today at the earliest, and keeps its length."""
    task = draft.task
    if task.start_date and task.due_date and task.start_date < today:
        length = task.due_date - task.start_date
        task.start_date = today
        task.due_date = today + length


@transaction.atomic
def add_newer(action_plan: ActionPlan, *, expected_version: int | None = None) -> NewerDraft:
    """Add the items that are new. Items that are there, done or not, stay as they are.

    From then on the action plan follows the newer version.
    """
    rows = ActionPlan.objects.unscoped(CALLER).select_for_update(of=("self",))
    locked = rows.select_related("objective__plan", "template_version", "owner").get(pk=action_plan.pk)
    if expected_version is not None and locked.version != expected_version:
        raise StaleObjectError(locked)
    draft = draft_newer(locked)
    check_drafts(draft.tasks, locked.plan)
    locked.template_version = draft.version
    dues = [task.task.due_date for task in draft.tasks if task.task.due_date]
    if locked.due_date and dues:
        locked.due_date = max([locked.due_date, *dues])
    locked.save()
    save_drafts(draft.tasks)
    return draft
