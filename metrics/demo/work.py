"""Work under the sample plans: goals of the library brought in, and done as far as the calendar says."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from kam.core.actor import acting
from metrics.demo.sample import Sample
from plans.enums import ItemKind
from plans.models import ActionPlanItem, AssessmentTask, Plan
from plans.operations import add_task, complete_task, save_task, take_task_step
from plans.operations.goal_imports import ImportDraft, draft_import, import_goals
from templates_app.models import ActionPlanTemplateItem, ActionPlanTemplateVersion, GoalDefinition


@dataclass(frozen=True)
class Work:
    """`start`: days from today. Of the tasks that are due, the last `late` stay open."""

    plan: str
    goal: str
    start: int
    late: int = 0
    cancelled: str = ""
    own: tuple[tuple[str, int, str], ...] = ()  # of no template: name, due in days from today, step taken
    from_version: int | None = None  # an older version than the published one


WORK = (
    Work(
        "newton",
        "Win a place on the formulary",
        -75,
        late=1,
        own=(
            ("Send the pharmacist the stability data", 3, "start"),
            ("Book the lecture hall", -2, ""),
            ("Ask for a reference visit", -9, "skip"),
        ),
        from_version=1,
    ),
    Work("newton", "Become a trusted adviser", -20, cancelled="Score the relationships again"),
    Work("harrowfen", "Deliver without complaints", -100, late=2, cancelled="Set up the monthly report"),
    Work("brackwater", "Raise our share of their purchases", -40),
    Work("calder", "Become a trusted adviser", 30),
    Work("ironvale", "Deliver without complaints", -140),
    Work("brandauer", "Become a trusted adviser", -60, late=2),
)


def create_work(sample: Sample) -> None:
    for spec in WORK:
        plan = sample.plans[spec.plan]
        goal = GoalDefinition.objects.get(name=spec.goal)
        with acting(plan.owner, reason="Planned with the team"):
            draft = draft_import(plan=plan, goals=[goal], start_date=sample.day(spec.start))
            _settle_ids(sample, draft, spec)
            import_goals(draft)
            _do(sample, spec, [task.task for task in draft.tasks()])


def bring_in(sample: Sample, plan: Plan, goal: str, *, start: int) -> None:
    """A goal of the library with its work; what was due is done, calls are still to be made."""
    spec = Work("", goal, start)
    draft = draft_import(
        plan=plan, goals=[GoalDefinition.objects.get(name=goal)], start_date=sample.day(start)
    )
    _settle_ids(sample, draft, spec)
    import_goals(draft)
    _do(sample, spec, [task.task for task in draft.tasks()])


def _settle_ids(sample: Sample, draft: ImportDraft, spec: Work) -> None:
    """The same ids each time; an older version where the spec says so."""
    for planned in draft.goals:
        planned.objective.id = sample.new_id()
        for part in planned.action_plans:
            part.action_plan.id = sample.new_id()
            part.action_plan.objective = planned.objective
            older = _designs(part.version, spec.from_version)
            for task in part.tasks:
                task.is_included = not older or task.design.key in older
                task.item.template_item = older.get(task.design.key, task.design)
                task.item.id, task.task.id = sample.new_id(), sample.new_id()
                task.item.action_plan, task.task.item = part.action_plan, task.item
            for task in part.tasks:
                task.item.prerequisite = task.item.prerequisite  # its id has changed
            if older:
                part.action_plan.template_version = next(iter(older.values())).template_version


def _designs(version: ActionPlanTemplateVersion, number: int | None) -> dict[object, ActionPlanTemplateItem]:
    if number is None:
        return {}
    rows = ActionPlanTemplateItem.objects.filter(
        template_version__template=version.template_id, template_version__number=number
    )
    return {item.key: item for item in rows.select_related("template_version")}


def _do(sample: Sample, spec: Work, tasks: list[AssessmentTask]) -> None:
    """What is due is done, but for the last ones and what waits for them; what has begun is under way.

    Calls stay to be made: each would count as an activity.
    """
    due = [task for task in tasks if task.due_date and task.due_date < sample.today and _is_typed_in(task)]
    done = {task.pk for task in due[: max(len(due) - spec.late, 0)]}
    open_items = set()
    for task in tasks:
        if task.name == spec.cancelled:
            take_task_step(task=task, step="cancel")
        elif task.pk in done and task.item.prerequisite_id not in open_items:
            complete_task(task=task, at=sample.moment(task.due_date or sample.today, hour=15))
        else:
            open_items.add(task.item_id)
            if task.start_date and task.start_date <= sample.today:
                _take_up(task)
    for name, days, step in spec.own:
        action_plan = tasks[0].item.action_plan
        item = ActionPlanItem(id=sample.new_id(), action_plan=action_plan, is_required=False)
        task = add_task(
            AssessmentTask(
                id=sample.new_id(),
                item=item,
                name=name,
                assignee=sample.plans[spec.plan].owner,
                due_date=sample.day(days),
            )
        )
        if step:
            take_task_step(task=task, step=step)


def _is_typed_in(task: AssessmentTask) -> bool:
    return task.kind != ItemKind.CALL_OBJECTIVE


def _take_up(task: AssessmentTask) -> None:
    """Half of it, where it is counted."""
    started = take_task_step(task=task, step="start")
    if started.target_quantity:
        started.quantity_done = Decimal(int(started.target_quantity / 2))
        save_task(started)
