"""Tasks: made, taken step by step, and changed many at once.

A task's status changes nowhere else: what hangs on it (when it was completed, the call it stands for,
the status of its action plan) is kept here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, Max, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.enums import ActivityStatus
from crm.models import Account, Activity
from crm.operations import complete_activity, reopen_activity
from kam.core.changes import StaleObjectError
from kam.core.clock import company_today
from kam.core.writing import check_row
from kam.users.models import User
from plans import policies
from plans.enums import ActionPlanStatus, ItemKind, Meaning, ObjectiveStatus, TaskStatus
from plans.models import (
    ActionPlan,
    ActionPlanItem,
    AssessmentTask,
    Objective,
    Plan,
    TaskActivity,
)

CALLER = "the caller loaded it through the gate"
MOST_AT_ONCE = 1_000
NAMED = 5  # tasks that an error names


class TaskStepNotAllowedError(Exception):
    """The task, or what it waits for, does not allow this step (HTTP 409)."""


# --- Making ---------------------------------------------------------------------------------
@transaction.atomic
def add_item(item: ActionPlanItem) -> ActionPlanItem:
    """Save a new, checked item; one without a place comes last."""
    if not item.order:
        last = ActionPlanItem.objects.unscoped(CALLER).filter(action_plan=item.action_plan)
        item.order = (last.aggregate(last=Max("order"))["last"] or 0) + 1
    item.save()
    return item


@transaction.atomic
def add_task(task: AssessmentTask) -> AssessmentTask:
    """Save a new, checked task; its item is saved with it if that is new, and without a place comes last."""
    item = task.item
    status, task.status = task.status, TaskStatus.OPEN
    if item._state.adding:
        item.task = task  # the log names the item by its task
        add_item(item)
        task.item = item
    task.save()
    _follow([item.action_plan_id])
    return task if status == TaskStatus.OPEN else _bring_to(task, status)


@transaction.atomic
def save_task(task: AssessmentTask) -> AssessmentTask:
    """Save a checked, changed task. A new status is reached by the steps that lead there."""
    before: str = task._loaded["status"]
    status, task.status = task.status, before
    task.save()
    return task if status == before else _bring_to(task, status)


def _bring_to(task: AssessmentTask, status: str) -> AssessmentTask:
    wanted = TaskStatus(status)
    if task.meaning != Meaning.OPEN and wanted != TaskStatus.OPEN:
        task = take_task_step(task=task, step="reopen")
    step = next(name for name, (_from, target) in policies.TASK_STEPS.items() if target == wanted)
    return task if task.status == wanted else take_task_step(task=task, step=step)


# --- Step by step ---------------------------------------------------------------------------
def _locked(task: AssessmentTask, expected_version: int | None = None) -> AssessmentTask:
    """The row as it stands, held until the end: of two people who press at once the second is told."""
    rows = AssessmentTask.objects.unscoped(CALLER).select_for_update(of=("self",))
    related = ("item__action_plan__objective__plan", "item__prerequisite__task", "activity_type", "assignee")
    locked = rows.select_related(*related).get(pk=task.pk)
    if expected_version is not None and locked.version != expected_version:
        raise StaleObjectError(locked)
    return locked


@transaction.atomic
def take_task_step(
    *, task: AssessmentTask, step: str, at: datetime | None = None, expected_version: int | None = None
) -> AssessmentTask:
    """One of `policies.TASK_STEPS`: start, complete, skip, cancel, reopen."""
    if step == "complete":
        return complete_task(task=task, at=at, expected_version=expected_version)
    locked = _locked(task, expected_version)
    _refuse_step(locked, step)
    locked.status = policies.TASK_STEPS[step][1]
    if step == "reopen":
        _take_back_call(locked)
        locked.completed_at = None
    locked.save()
    _follow([locked.item.action_plan_id])
    return locked


@transaction.atomic
def complete_task(
    *,
    task: AssessmentTask,
    quantity: Decimal | None = None,
    notes: str | None = None,
    at: datetime | None = None,
    account: Account | None = None,
    expected_version: int | None = None,
) -> AssessmentTask:
    """The task is done; a call objective logs the call. `quantity` is how many it came to in all.

    Without a quantity, a call objective came to what it was for; elsewhere what was reported stays.
    Of a territory's plan, `account` is the one that was called.
    """
    at = at or timezone.now()
    locked = _locked(task, expected_version)
    _refuse_step(locked, "complete")
    _refuse_waiting(locked)
    if locked.kind == ItemKind.CALL_OBJECTIVE:
        total = quantity if quantity is not None else locked.target_quantity or Decimal(1)
        quantity = total - locked.quantity_done
        _log_call(locked, account, quantity=quantity, notes=notes or "", at=at, is_last=True)
    elif quantity is not None:
        locked.quantity_done = quantity
    if notes is not None:
        locked.notes = notes
    locked.status, locked.completed_at = TaskStatus.COMPLETED, at
    check_row(locked)
    locked.save()
    _follow([locked.item.action_plan_id])
    return locked


@transaction.atomic
def report_work(
    *,
    task: AssessmentTask,
    quantity: Decimal = Decimal(1),
    notes: str = "",
    at: datetime | None = None,
    account: Account | None = None,
    expected_version: int | None = None,
) -> AssessmentTask:
    """So many more are done: of a call objective a call is logged. Reaching the target completes the task."""
    at = at or timezone.now()
    locked = _locked(task, expected_version)
    _refuse_step(locked, "complete")
    reached = locked.quantity_done + quantity
    is_last = reached >= (locked.target_quantity or 0)
    if is_last:
        _refuse_waiting(locked)
    if locked.kind == ItemKind.CALL_OBJECTIVE:
        _log_call(locked, account, quantity=quantity, notes=notes, at=at, is_last=is_last)
    else:
        locked.quantity_done = reached
        locked.notes = "\n".join(filter(None, (locked.notes, notes)))
    locked.status = TaskStatus.COMPLETED if is_last else TaskStatus.IN_PROGRESS
    locked.completed_at = at if is_last else None
    check_row(locked)
    locked.save()
    _follow([locked.item.action_plan_id])
    return locked


def check_status(task: AssessmentTask) -> None:
    """Whether a changed task may come to its new status, asked before it is saved; raises `TaskStepNotAllowedError`."""
    if task.status == TaskStatus.COMPLETED != task._loaded["status"]:
        _refuse_waiting(task)


def _refuse_step(task: AssessmentTask, step: str) -> None:
    if task.status not in policies.TASK_STEPS[step][0]:
        status = TaskStatus(task.status).label
        message = _("“%(task)s” is “%(status)s” and cannot take this step.")
        raise TaskStepNotAllowedError(message % {"task": task, "status": status})
    if step == "skip" and task.item.is_required:
        raise TaskStepNotAllowedError(
            _("“%(task)s” is required: it can be cancelled, not skipped.") % {"task": task}
        )


def _refuse_waiting(task: AssessmentTask) -> None:
    if waits_for := waiting_for(task.item):
        message = _("“%(task)s” comes after “%(first)s”, which is not done yet.")
        raise TaskStepNotAllowedError(message % {"task": task, "first": waits_for})


def waiting_for(item: ActionPlanItem) -> AssessmentTask | None:
    """The task that must be done before, if it still is to be."""
    first = item.prerequisite.known_task if item.prerequisite else None
    return first if first and first.meaning == Meaning.OPEN else None


# --- Calls ----------------------------------------------------------------------------------
def _log_call(
    task: AssessmentTask,
    account: Account | None,
    *,
    quantity: Decimal,
    notes: str,
    at: datetime,
    is_last: bool,
) -> None:
    """A done activity on the plan's account for the assignee: a call that was taken back, else a new one."""
    if quantity <= 0 and task.quantity_done:
        return  # the calls are logged already
    if quantity <= 0:
        raise ValidationError({"quantity": _("Say how many calls it were.")})
    day = company_today(at)
    calls = TaskActivity.objects.unscoped(CALLER).filter(task=task).select_related("activity")
    taken_back = calls.filter(activity__status=ActivityStatus.PLANNED).order_by("created_at").first()
    if taken_back:
        complete_activity(activity=taken_back.activity, done_on=day, notes=notes or None, quantity=quantity)
        taken_back.has_closed_task = is_last
        taken_back.save()
    else:
        activity = _call_of(task, _called(task, account), quantity=quantity, notes=notes, day=day)
        check_row(activity)
        activity.save()
        TaskActivity.objects.create(task=task, activity=activity, has_closed_task=is_last)
    task.quantity_done += quantity


def _called(task: AssessmentTask, account: Account | None) -> Any:
    """The account of a call: that of the plan, or the one of the territory's that was named."""
    plan = task.plan
    if not plan.is_of_territory:
        return plan.account_id
    if account is None:
        raise ValidationError({"account": _("Say which account was called.")})
    if not plan.accounts().filter(pk=account.pk).exists():
        raise ValidationError({"account": _("This account lies outside the plan's territory.")})
    return account.pk


def _call_of(task: AssessmentTask, account_id: Any, *, quantity: Decimal, notes: str, day: date) -> Activity:
    return Activity(
        type_id=task.activity_type_id,  # type: ignore[misc]  # a call objective has one (`clean`)
        account_id=account_id,
        subject=task.name,
        status=ActivityStatus.DONE,
        done_on=day,
        owner=task.assignee,
        quantity=quantity,
        notes=notes,
    )


def _take_back_call(task: AssessmentTask) -> None:
    """The call that completed the task is planned again: completing it once more does not log a second."""
    calls = TaskActivity.objects.unscoped(CALLER).filter(task=task, has_closed_task=True)
    for call in calls.select_related("activity"):
        if call.activity.status == ActivityStatus.DONE:
            task.quantity_done = max(task.quantity_done - call.activity.quantity, Decimal(0))
            reopen_activity(activity=call.activity)
        call.has_closed_task = False
        call.save()


# --- Many at once ---------------------------------------------------------------------------
@transaction.atomic
def change_tasks(
    *,
    tasks: QuerySet[AssessmentTask],
    status: str | None = None,
    assignee: User | None = None,
    due_date: date | None = None,
    shift_days: int = 0,
    at: datetime | None = None,
) -> int:
    """The same change to many tasks, all or none, in a few statements; how many there are.

    `tasks` came through the gate, for somebody who may edit them. `shift_days` moves both dates.
    """
    ids = list(tasks.order_by().values_list("pk", flat=True)[: MOST_AT_ONCE + 1])
    if len(ids) > MOST_AT_ONCE:
        raise ValidationError(_("At most %(most)s at a time.") % {"most": MOST_AT_ONCE})
    rows = AssessmentTask.objects.unscoped(CALLER).filter(pk__in=ids)
    related = ("item__action_plan__objective__plan", "item__prerequisite__task", "assignee")
    locked = list(rows.select_for_update(of=("self",)).select_related(*related).order_by("pk"))
    if assignee is not None:
        _refuse_blind_assignee(locked, assignee)
        rows.update(assignee=assignee)
        for task in locked:
            task.assignee = assignee  # whose call it is
    if due_date is not None:
        late = [task for task in locked if task.start_date and task.start_date > due_date]
        _refuse(late, "due_date", _("They start later: %(tasks)s."))
        rows.update(due_date=due_date)
    if shift_days:
        _shift(rows, shift_days)
    if status is not None:
        _bring_all_to(locked, rows, TaskStatus(status), at or timezone.now())
    return len(locked)


def _refuse(tasks: Sequence[AssessmentTask], field: str, text: str) -> None:
    if tasks:
        names = ", ".join(f"“{task}”" for task in tasks[:NAMED])
        more = len(tasks) - NAMED
        names += _(" and %(count)s more") % {"count": more} if more > 0 else ""
        raise ValidationError({field: text % {"tasks": names}})


def _refuse_blind_assignee(tasks: Sequence[AssessmentTask], assignee: User) -> None:
    plans = {task.plan.pk for task in tasks}
    seen = set(Plan.objects.visible_to(assignee).filter(pk__in=plans).values_list("pk", flat=True))
    blind = [task for task in tasks if task.plan.pk not in seen]
    _refuse(blind, "assignee", _("They do not see the plan of these, let them take part first: %(tasks)s."))


def _shift(rows: QuerySet, days: int) -> None:
    moved = list(rows.select_related("item__action_plan__objective"))
    step = timedelta(days=days)
    try:
        for task in moved:
            task.start_date = task.start_date and task.start_date + step
            task.due_date = task.due_date and task.due_date + step
    except OverflowError as error:
        raise ValidationError({"shift_days": _("There is no such day.")}) from error
    rows.bulk_update(moved, ["start_date", "due_date"])


def _bring_all_to(tasks: Sequence[AssessmentTask], rows: QuerySet, status: TaskStatus, at: datetime) -> None:
    changing = [task for task in tasks if task.status != status]
    changing_rows = rows.filter(pk__in=[task.pk for task in changing])
    if status == TaskStatus.SKIPPED:
        required = [task for task in changing if task.item.is_required]
        _refuse(required, "status", _("These are required: cancel them, or do them: %(tasks)s."))
    if status == TaskStatus.COMPLETED:
        chosen = {task.item_id for task in tasks}
        waiting = [
            task for task in changing if waiting_for(task.item) and task.item.prerequisite_id not in chosen
        ]
        _refuse(waiting, "status", _("These come after others that are not done yet: %(tasks)s."))
        calls = [task for task in changing if task.kind == ItemKind.CALL_OBJECTIVE]
        somewhere = [task for task in calls if task.plan.is_of_territory]
        _refuse(somewhere, "status", _("Log these one by one, to say which account was called: %(tasks)s."))
        _log_calls(calls, rows, at)
    else:
        for task in changing:  # few: only calls that were completed
            if task.kind == ItemKind.CALL_OBJECTIVE and task.meaning == Meaning.DONE:
                _take_back_call(task)
                task.save()
    completed_at = at if status == TaskStatus.COMPLETED else None
    changing_rows.update(status=status, completed_at=completed_at)
    _follow({task.item.action_plan_id for task in changing})


def _log_calls(tasks: Sequence[AssessmentTask], rows: QuerySet, at: datetime) -> None:
    day = company_today(at)
    activities, links = [], []
    calls = TaskActivity.objects.unscoped(CALLER).filter(task__in=[task.pk for task in tasks])
    taken_back = set(calls.filter(activity__status=ActivityStatus.PLANNED).values_list("task", flat=True))
    for task in tasks:
        missing = (task.target_quantity or Decimal(1)) - task.quantity_done
        if missing > 0 and task.pk in taken_back:
            _log_call(task, None, quantity=missing, notes="", at=at, is_last=True)
            task.save()
        elif missing > 0:
            activities.append(_call_of(task, task.plan.account_id, quantity=missing, notes="", day=day))
            links.append(TaskActivity(task=task, activity=activities[-1], has_closed_task=True))
    Activity.objects.bulk_create(activities)
    TaskActivity.objects.bulk_create(links)
    called = rows.filter(pk__in=[link.task_id for link in links])
    called.filter(target_quantity__isnull=False).update(quantity_done=F("target_quantity"))
    called.filter(target_quantity__isnull=True).update(quantity_done=Decimal(1))


def _follow(action_plan_ids: Any) -> None:
    """Bring the status of action plans to where their tasks stand; with the work, its objective begins."""
    plans = ActionPlan.objects.unscoped(CALLER).filter(pk__in=action_plan_ids)
    statuses: dict[Any, tuple[str, list[str]]] = {}
    for pk, status, task in plans.order_by().values_list("pk", "status", "items__task__status"):
        statuses.setdefault(pk, (status, []))[1].extend([task] if task else [])
    by_target: dict[str, list[Any]] = {}
    for pk, (status, tasks) in statuses.items():
        target = policies.status_of_work(status, tasks)
        if target != status:
            by_target.setdefault(target, []).append(pk)
    for target, ids in by_target.items():
        plans.filter(pk__in=ids).update(status=target)
    begun = by_target.get(ActionPlanStatus.IN_PROGRESS, []) + by_target.get(ActionPlanStatus.COMPLETED, [])
    if begun:
        objectives = Objective.objects.unscoped(CALLER).filter(
            pk__in=plans.filter(pk__in=begun).values("objective"), status=ObjectiveStatus.NOT_STARTED
        )
        objectives.update(status=ObjectiveStatus.IN_PROGRESS)
