"""Goals of the library brought into a plan: what would be made, and making it (domain.md, Templates into plans).

A draft holds unsaved rows. Whoever looks at it may change them or leave parts out; `import_goals` then
saves what is left in one transaction and a fixed number of statements.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from kam.core.clock import company_today
from kam.users.models import User
from plans.enums import MeasureKind, ProgressMode
from plans.models import (
    AccountPlanParticipant,
    ActionPlan,
    ActionPlanItem,
    AssessmentTask,
    Objective,
    Plan,
)
from templates_app.enums import AppliesTo, AssigneeRole, VersionStatus
from templates_app.models import (
    ActionPlanTemplateItem,
    ActionPlanTemplateVersion,
    GoalDefinition,
    GoalDefinitionTemplate,
)

CALLER = "parts of a plan that was loaded through the gate"
MOST_GOALS = 50


class AlreadyImportedError(Exception):
    """The plan has objectives from these goals: it is done again only if asked for (HTTP 409)."""

    def __init__(self, goals: Sequence[GoalDefinition]) -> None:
        names = ", ".join(f"“{goal}”" for goal in goals)
        super().__init__(
            _("This plan has objectives from these goals already: %(names)s.") % {"names": names}
        )
        self.goals = list(goals)


@dataclass
class TaskDraft:
    design: ActionPlanTemplateItem
    item: ActionPlanItem
    task: AssessmentTask
    is_included: bool = True
    falls_to_owner: bool = False  # nobody on the plan has the role it is for


@dataclass
class ActionPlanDraft:
    version: ActionPlanTemplateVersion
    action_plan: ActionPlan
    tasks: list[TaskDraft] = field(default_factory=list)
    is_included: bool = True

    @property
    def included(self) -> list[TaskDraft]:
        return [draft for draft in self.tasks if draft.is_included]


@dataclass
class GoalDraft:
    goal: GoalDefinition
    objective: Objective
    action_plans: list[ActionPlanDraft] = field(default_factory=list)
    without_version: list[Any] = field(default_factory=list)  # templates of which nothing is published
    is_again: bool = False

    @property
    def included(self) -> list[ActionPlanDraft]:
        return [draft for draft in self.action_plans if draft.is_included]


@dataclass
class ImportDraft:
    plan: Plan
    start_date: date
    goals: list[GoalDraft] = field(default_factory=list)

    def action_plans(self) -> Iterator[ActionPlanDraft]:
        return (draft for goal in self.goals for draft in goal.included)

    def tasks(self) -> Iterator[TaskDraft]:
        return (draft for action_plan in self.action_plans() for draft in action_plan.included)

    @property
    def counts(self) -> dict[str, int]:
        return {
            "objectives": len(self.goals),
            "action_plans": sum(1 for _draft in self.action_plans()),
            "tasks": sum(1 for _draft in self.tasks()),
        }

    @property
    def late_count(self) -> int:
        """Tasks that are due after the end of the plan: allowed, and worth a word."""
        dues = (draft.task.due_date for draft in self.tasks())
        return sum(1 for due in dues if due and due > self.plan.end_date)


# --- What would be made ---------------------------------------------------------------------
def first_start(plan: Plan) -> date:
    """When work that is imported today begins: with the plan, or today once it runs."""
    return min(max(plan.start_date, company_today()), plan.end_date)


def offered_goals(user: User, *, for_territories: bool = False) -> Any:
    """The goals that can be brought into an account plan, or into the plan of a territory."""
    kind = AppliesTo.TERRITORY_PLAN if for_territories else AppliesTo.ACCOUNT_PLAN
    return GoalDefinition.objects.visible_to(user).offered().filter(applies_to__in=(kind, AppliesTo.BOTH))


def draft_import(
    *,
    plan: Plan,
    goals: Sequence[GoalDefinition],
    start_date: date | None = None,
    sources: Sources | None = None,
) -> ImportDraft:
    """What importing these goals would make; six statements, however much that is, or those of `sources`."""
    if len(goals) > MOST_GOALS:
        raise ValidationError({"goal_definitions": _("At most %(most)s at a time.") % {"most": MOST_GOALS}})
    sources = sources or Sources([plan], goals)
    start = start_date or first_start(plan)
    draft = ImportDraft(plan, start)
    people, known = sources.people(plan), sources.known[plan.pk]
    for place, goal in enumerate(goals, sources.last_order.get(plan.pk, 0) + 1):
        planned = GoalDraft(goal, Objective(), is_again=goal.pk in known)
        chosen, planned.without_version = sources.work_of(goal)
        planned.objective = _objective(goal, plan, start=start, order=place, has_work=bool(chosen))
        planned.action_plans = [
            _action_plan(version, planned.objective, people, start=start, order=order)
            for order, version in enumerate(chosen, 1)
        ]
        draft.goals.append(planned)
    return draft


class Sources:
    """What drafts rest on, read for all plans and goals together."""

    def __init__(self, plans: Sequence[Plan], goals: Sequence[GoalDefinition]) -> None:
        ids = [goal.pk for goal in goals]
        rows = Objective.objects.unscoped(CALLER).filter(plan__in=plans).order_by()
        last = rows.values("plan").annotate(last=Max("order")).values_list("plan", "last")
        self.last_order: dict[Any, int] = dict(last)
        self.known: dict[Any, set[Any]] = defaultdict(set)  # by plan, the goals it has objectives from
        for plan_id, goal_id in rows.filter(goal_definition__in=ids).values_list("plan", "goal_definition"):
            self.known[plan_id].add(goal_id)
        self.seats: dict[Any, list[AccountPlanParticipant]] = defaultdict(list)
        for seat in _seats(plans):
            self.seats[seat.plan_id].append(seat)
        self.templates = _templates_of(ids)
        self.versions = _published({row.pk for found in self.templates.values() for row in found})

    def people(self, plan: Plan) -> People:
        return People(plan, self.seats[plan.pk])

    def work_of(self, goal: GoalDefinition) -> tuple[list[Any], list[Any]]:
        """The published versions of its templates, and the templates without one."""
        templates = self.templates[goal.pk]
        chosen = [self.versions[row.pk] for row in templates if row.pk in self.versions]
        return chosen, [row for row in templates if row.pk not in self.versions]


def _seats(plans: Sequence[Plan]) -> Any:
    rows = AccountPlanParticipant.objects.unscoped(CALLER).filter(plan__in=plans, user__is_active=True)
    return rows.select_related("user").order_by("created_at", "id")


class People:
    """Who gets what on a plan: the first active colleague with a role, else the owner of the work."""

    def __init__(self, plan: Plan, seats: Iterable[AccountPlanParticipant] | None = None) -> None:
        self.by_role: dict[str, User] = {}
        for seat in _seats([plan]) if seats is None else seats:
            self.by_role.setdefault(seat.role, seat.user)

    def assignee(self, role: str, owner: User) -> tuple[User, bool]:
        """With whether it falls to the owner for want of somebody with the role."""
        if role == AssigneeRole.OWNER:
            return owner, False
        found = self.by_role.get(role)
        return (found, False) if found else (owner, True)


def _templates_of(goal_ids: Sequence[Any]) -> dict[Any, list[Any]]:
    links = GoalDefinitionTemplate.objects.filter(goal_definition__in=goal_ids)
    found: dict[Any, list[Any]] = defaultdict(list)
    for link in links.select_related("template").order_by("order", "id"):
        found[link.goal_definition_id].append(link.template)
    return found


def _published(template_ids: Iterable[Any]) -> dict[Any, ActionPlanTemplateVersion]:
    """By template, with its items and their prerequisites."""
    rows = ActionPlanTemplateVersion.objects.filter(
        template__in=list(template_ids), status=VersionStatus.PUBLISHED
    )
    versions = list(rows.select_related("template"))
    read_items(versions)
    return {version.template_id: version for version in versions}


def read_items(versions: Sequence[ActionPlanTemplateVersion]) -> None:
    """The items of these versions, in order, as `designs` of each."""
    rows = ActionPlanTemplateItem.objects.filter(template_version__in=[version.pk for version in versions])
    by_version: dict[Any, list[ActionPlanTemplateItem]] = defaultdict(list)
    for item in rows.select_related("activity_type").order_by("order", "created_at", "id"):
        by_version[item.template_version_id].append(item)
    for version in versions:
        version.designs = by_version[version.pk]  # type: ignore[attr-defined]


def _objective(goal: GoalDefinition, plan: Plan, *, start: date, order: int, has_work: bool) -> Objective:
    measured = ProgressMode.MANUAL if goal.default_target is None else ProgressMode.MEASURE
    return Objective(
        plan=plan,
        goal_definition=goal,
        name=goal.name,
        approach=goal.description,
        owner=plan.owner,
        start_date=min(start, plan.end_date),
        target_date=plan.end_date,
        weight=goal.default_weight,
        measure_kind=goal.measure_kind,
        unit=plan.currency if goal.measure_kind == MeasureKind.REVENUE else goal.unit,
        target=goal.default_target,
        progress_mode=ProgressMode.TASKS if has_work else measured,
        order=order,
    )


def _action_plan(
    version: Any, objective: Objective, people: People, *, start: date, order: int
) -> ActionPlanDraft:
    action_plan = ActionPlan(
        objective=objective,
        template_version=version,
        name=version.template.name,
        owner=objective.owner,
        start_date=start,
        order=order,
    )
    tasks = draft_tasks(action_plan, version.designs, people, start=start)
    action_plan.due_date = max((draft.task.due_date for draft in tasks if draft.task.due_date), default=start)
    return ActionPlanDraft(version, action_plan, tasks)


def draft_tasks(
    action_plan: ActionPlan,
    designs: Sequence[ActionPlanTemplateItem],
    people: People,
    *,
    start: date,
    after: int = 0,
) -> list[TaskDraft]:
    """An item and task for each design, numbered from `after` + 1; prerequisites among them are linked."""
    drafts: dict[Any, TaskDraft] = {}
    for order, design in enumerate(designs, after + 1):
        assignee, falls_to_owner = people.assignee(design.assignee_role, action_plan.owner)
        item = ActionPlanItem(
            action_plan=action_plan,
            template_item=design,
            order=order,
            is_required=design.is_required,
            weight=design.weight,
        )
        task = AssessmentTask(
            kind=design.kind,
            name=design.name,
            instructions=design.instructions,
            assignee=assignee,
            start_date=days_after(start, design.start_offset),
            due_date=days_after(start, design.due_offset),
            priority=design.priority,
            target_quantity=design.target_quantity,
            activity_type=design.activity_type,
        )
        task.item = item
        item.task = task  # the log names an item by its task
        drafts[design.pk] = TaskDraft(design, item, task, falls_to_owner=falls_to_owner)
    for draft in drafts.values():
        if first := drafts.get(draft.design.prerequisite_id):
            draft.item.prerequisite = first.item
    return list(drafts.values())


def days_after(start: date, days: int) -> date:
    try:
        return start + timedelta(days=days)
    except OverflowError as error:
        raise ValidationError({"start_date": _("The work would end after the last day there is.")}) from error


# --- Making it ------------------------------------------------------------------------------
@transaction.atomic
def import_goals(draft: ImportDraft, *, again: bool = False) -> ImportDraft:
    """Save what the draft includes: all of it or nothing.

    The plan stays locked until the end: of two people who import at once the second is asked whether
    to do it again. Raises `AlreadyImportedError`, and `ValidationError` where adjusted values do not hold.
    """
    plan = Plan.objects.unscoped(CALLER).select_for_update().get(pk=draft.plan.pk)
    goals = [planned.goal.pk for planned in draft.goals]
    there = Objective.objects.unscoped(CALLER).filter(plan=plan, goal_definition__in=goals)
    known = set(there.values_list("goal_definition", flat=True))
    if known and not again:
        raise AlreadyImportedError([planned.goal for planned in draft.goals if planned.goal.pk in known])
    check_drafts(list(draft.tasks()), plan)
    Objective.objects.bulk_create(planned.objective for planned in draft.goals)
    ActionPlan.objects.bulk_create(planned.action_plan for planned in draft.action_plans())
    save_drafts(list(draft.tasks()))
    return draft


def check_drafts(drafts: Sequence[TaskDraft], plan: Plan) -> None:
    """Everybody who gets a task sees the plan; asked once for each person that is not on it by role."""
    people = {draft.task.assignee_id: draft.task.assignee for draft in drafts}
    for user in people.values():
        if user.pk == plan.owner_id:
            continue
        if not Plan.objects.visible_to(user).filter(pk=plan.pk).exists():
            message = _("%(user)s does not see this plan: let them take part in it first.")
            raise ValidationError({"assignee": message % {"user": user}})


def save_drafts(drafts: Sequence[TaskDraft]) -> None:
    included = {draft.item.pk for draft in drafts}
    for draft in drafts:
        waits_for = draft.item.prerequisite
        if waits_for is not None and waits_for._state.adding and waits_for.pk not in included:
            draft.item.prerequisite = None  # that one is left out
    ActionPlanItem.objects.bulk_create(draft.item for draft in drafts)
    AssessmentTask.objects.bulk_create(draft.task for draft in drafts)


def check_adjusted(draft: ImportDraft) -> dict[Any, ValidationError]:
    """What does not hold of the adjusted rows that are included, by the id of the row."""
    rows: list[Any] = [planned.objective for planned in draft.goals]
    rows += [planned.action_plan for planned in draft.action_plans()]
    rows += [planned.task for planned in draft.tasks()]
    errors = {}
    for row in rows:
        try:
            row.clean_fields(exclude=[field.name for field in row._meta.concrete_fields if field.is_relation])
            _check_dates(row)
        except ValidationError as error:
            errors[row.pk] = error
    return errors


def _check_dates(row: Any) -> None:
    end = "target_date" if isinstance(row, Objective) else "due_date"
    start, due = row.start_date, getattr(row, end)
    if start and due and start > due:
        raise ValidationError({end: _("It is due before it starts.")})
