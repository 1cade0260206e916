"""Tasks step by step, calls, prerequisites, order, and many at once."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from crm.enums import ActivityStatus
from crm.models import Activity
from kam.core.clock import company_today
from kam.core.models import Change
from kam.users.models import User
from plans import operations
from plans.enums import ActionPlanStatus, ItemKind, ObjectiveStatus, TaskStatus
from plans.models import ActionPlan, ActionPlanItem, AssessmentTask
from tests import factories
from tests.fixtures import World


@pytest.fixture
def action_plan(world: World) -> ActionPlan:
    return factories.create_action_plan(factories.create_work_objective(world.plan), "Win the ward")


def again(row: Any) -> Any:
    return type(row).objects.unscoped("test").get(pk=row.pk)


def in_order(action_plan: ActionPlan) -> list[str]:
    rows = AssessmentTask.objects.unscoped("test").filter(item__action_plan=action_plan)
    return list(rows.order_by("item__order").values_list("name", flat=True))


def calls_of(world: World) -> list[tuple[str, Decimal]]:
    rows = Activity.objects.unscoped("test").filter(task_link__isnull=False).order_by("created_at")
    assert all(row.account_id == world.account.pk for row in rows)
    return [(row.status, row.quantity) for row in rows]


# --- One task -------------------------------------------------------------------------------
def test_task_is_completed_once_and_what_is_above_follows(action_plan: ActionPlan) -> None:
    action_plan.objective.status = ObjectiveStatus.NOT_STARTED
    action_plan.objective.save()
    first, second = factories.create_task(action_plan), factories.create_task(action_plan)

    operations.complete_task(task=first, notes="Signed", quantity=Decimal(3))
    under_way = again(action_plan).status
    operations.complete_task(task=second)

    assert (again(first).status, again(first).notes, again(first).quantity_done) == ("completed", "Signed", 3)
    assert again(first).completed_at is not None
    assert again(action_plan.objective).status == ObjectiveStatus.IN_PROGRESS
    assert (under_way, again(action_plan).status) == ("in_progress", "completed")
    with pytest.raises(operations.TaskStepNotAllowedError, match="Completed"):
        operations.complete_task(task=first)


def test_reopened_task_and_its_action_plan_are_worked_on_again(action_plan: ActionPlan) -> None:
    task = factories.create_task(action_plan, status=TaskStatus.COMPLETED)
    other = factories.create_task(action_plan, status=TaskStatus.SKIPPED)

    operations.take_task_step(task=task, step="reopen")

    assert (again(task).status, again(task).completed_at) == ("open", None)
    assert again(action_plan).status == ActionPlanStatus.OPEN
    operations.take_task_step(task=other, step="reopen")
    assert again(other).status == "open"


def test_task_whose_prerequisite_is_open_cannot_be_completed(action_plan: ActionPlan) -> None:
    first = factories.create_task(action_plan, "Audit")
    second = factories.create_task(action_plan, "Offer", prerequisite=first.item)

    with pytest.raises(operations.TaskStepNotAllowedError, match="“Offer” comes after “Audit”"):
        operations.complete_task(task=second)
    operations.take_task_step(task=first, step="cancel")
    operations.complete_task(task=second)

    assert again(second).status == "completed"


def test_required_task_is_cancelled_but_not_skipped(action_plan: ActionPlan) -> None:
    task = factories.create_task(action_plan, is_required=True)

    with pytest.raises(operations.TaskStepNotAllowedError, match="required"):
        operations.take_task_step(task=task, step="skip")
    operations.take_task_step(task=task, step="cancel")

    assert again(task).status == "cancelled"


def test_work_that_is_reported_adds_up_and_completes_the_task(action_plan: ActionPlan) -> None:
    task = factories.create_task(action_plan, target_quantity=3)

    operations.report_work(task=task, notes="Ward 1")
    half_way = again(task)
    operations.report_work(task=task, quantity=Decimal(2), notes="Wards 2 and 3")

    assert (half_way.status, half_way.quantity_done) == ("in_progress", 1)
    assert (again(task).status, again(task).quantity_done) == ("completed", 3)
    assert again(task).notes == "Ward 1\nWards 2 and 3"


def test_new_status_of_a_saved_task_takes_the_same_steps(action_plan: ActionPlan) -> None:
    task = again(factories.create_task(action_plan))

    task.status, task.name = TaskStatus.COMPLETED, "Renamed"
    operations.save_task(task)
    skipped = again(task)
    skipped.status = TaskStatus.SKIPPED
    operations.save_task(skipped)

    assert (again(task).name, again(task).status, again(task).completed_at) == ("Renamed", "skipped", None)


def test_change_of_a_task_stands_in_the_history_of_its_plan(action_plan: ActionPlan, world: World) -> None:
    task = factories.create_task(action_plan, "Audit")

    operations.complete_task(task=task)

    entries = Change.objects.of(world.plan).filter(model="plans.assessmenttask", operation="update")
    assert [(entry.object_name, entry.after["status"]) for entry in entries] == [("Audit", "completed")]


def test_task_is_for_somebody_who_sees_the_plan(action_plan: ActionPlan, stranger: User) -> None:
    task = again(factories.create_task(action_plan))
    task.assignee = stranger

    with pytest.raises(ValidationError, match="do not see this plan"):
        task.full_clean(validate_unique=False, validate_constraints=False, exclude=["item", "assignee"])
    factories.add_participant(task.plan, stranger)
    task.clean()


# --- Calls ----------------------------------------------------------------------------------
@pytest.fixture
def call(action_plan: ActionPlan, colleague: User) -> AssessmentTask:
    return factories.create_task(
        action_plan,
        "Visit the ward",
        kind=ItemKind.CALL_OBJECTIVE,
        activity_type=factories.create_activity_type("Visit"),
        assignee=colleague,
        target_quantity=8,
    )


def test_completed_call_objective_logs_the_call(call: AssessmentTask, world: World, colleague: User) -> None:
    operations.complete_task(task=call, notes="Met the head nurse")

    activity = Activity.objects.unscoped("test").get(task_link__task=call)
    assert (activity.account, activity.owner, activity.type.name) == (world.account, colleague, "Visit")
    assert (activity.subject, activity.notes) == ("Visit the ward", "Met the head nurse")
    assert (activity.status, activity.done_on, activity.quantity) == ("done", company_today(), 8)
    assert again(call).quantity_done == 8


def test_calls_are_logged_one_by_one_until_the_last_completes(call: AssessmentTask, world: World) -> None:
    operations.report_work(task=call, quantity=Decimal(3))
    status = again(call).status
    operations.complete_task(task=call, quantity=Decimal(8))

    assert status == "in_progress"
    assert calls_of(world) == [(ActivityStatus.DONE, 3), (ActivityStatus.DONE, 5)]


def test_call_that_was_taken_back_is_not_logged_twice(call: AssessmentTask, world: World) -> None:
    operations.report_work(task=call, quantity=Decimal(2))
    operations.complete_task(task=call)

    operations.take_task_step(task=call, step="reopen")
    taken_back = (calls_of(world), again(call).quantity_done)
    operations.complete_task(task=call, quantity=Decimal(3))

    assert taken_back == ([(ActivityStatus.DONE, 2), (ActivityStatus.PLANNED, 6)], 2)
    assert calls_of(world) == [(ActivityStatus.DONE, 2), (ActivityStatus.DONE, 1)]
    assert again(call).quantity_done == 3


def test_call_objective_of_no_calls_is_refused(call: AssessmentTask) -> None:
    with pytest.raises(ValidationError, match="how many calls"):
        operations.complete_task(task=call, quantity=Decimal(0))

    assert again(call).status == "open"


# --- Many at once ---------------------------------------------------------------------------
def test_many_tasks_change_at_once_or_not_at_all(action_plan: ActionPlan, stranger: User) -> None:
    first = factories.create_task(action_plan, "Audit")
    second = factories.create_task(action_plan, "Offer", prerequisite=first.item, start_date=date(2026, 5, 1))
    third = factories.create_task(action_plan, "Report", is_required=True, prerequisite=second.item)
    rows = AssessmentTask.objects.unscoped("test").filter(item__action_plan=action_plan)

    for values, message in (
        ({"assignee": stranger}, "let them take part first"),
        ({"due_date": date(2026, 4, 30)}, "They start later: “Offer”"),
        ({"status": TaskStatus.SKIPPED, "due_date": date(2026, 6, 1)}, "required.*“Report”"),
    ):
        with pytest.raises(ValidationError, match=message):
            operations.change_tasks(tasks=rows, **values)
    with pytest.raises(ValidationError, match=r"come after others.*“Report”"):
        operations.change_tasks(tasks=rows.filter(pk__in=[first.pk, third.pk]), status=TaskStatus.COMPLETED)
    assert set(rows.values_list("status", "due_date")) == {("open", None)}

    operations.change_tasks(tasks=rows, status=TaskStatus.COMPLETED, due_date=date(2026, 6, 1))
    operations.change_tasks(tasks=rows, shift_days=7)

    assert set(rows.values_list("status", "due_date")) == {("completed", date(2026, 6, 8))}
    assert again(second).start_date == date(2026, 5, 8)
    assert again(action_plan).status == ActionPlanStatus.COMPLETED


def test_many_calls_are_logged_and_taken_back(call: AssessmentTask, world: World) -> None:
    operations.report_work(task=call, quantity=Decimal(2))
    rows = AssessmentTask.objects.unscoped("test").filter(pk=call.pk)

    operations.change_tasks(tasks=rows, status=TaskStatus.COMPLETED)
    done = (calls_of(world), again(call).quantity_done)
    operations.change_tasks(tasks=rows, status=TaskStatus.OPEN)
    operations.change_tasks(tasks=rows, status=TaskStatus.COMPLETED)

    assert done == ([(ActivityStatus.DONE, 2), (ActivityStatus.DONE, 6)], 8)
    assert (calls_of(world), again(call).quantity_done) == done


def test_statements_of_a_bulk_change_do_not_depend_on_how_many_there_are(
    world: World, colleague: User
) -> None:
    visit = factories.create_activity_type()
    values = {
        "status": TaskStatus.COMPLETED,
        "assignee": colleague,
        "due_date": date(2026, 6, 1),
        "shift_days": 1,
    }
    counts = []
    for size in (1, 12):
        action_plan = factories.create_action_plan(factories.create_work_objective(world.plan))
        for _number in range(size):
            factories.create_task(action_plan)
            factories.create_task(action_plan, kind=ItemKind.CALL_OBJECTIVE, activity_type=visit)
        rows = AssessmentTask.objects.unscoped("test").filter(item__action_plan=action_plan)
        with CaptureQueriesContext(connection) as captured:
            operations.change_tasks(tasks=rows, **values)
        counts.append(len(captured))

    assert counts[0] == counts[1]


# --- Order ----------------------------------------------------------------------------------
def test_items_move_by_steps_and_to_a_place(action_plan: ActionPlan) -> None:
    items = {name: factories.create_task(action_plan, name).item for name in "ABCD"}

    operations.move_item(item=items["C"], up=True)
    operations.move_item(item=items["A"], up=True)
    by_steps = in_order(action_plan)
    operations.place_item(item=again(items["D"]), action_plan=action_plan, position=0)
    operations.move_item(item=again(items["D"]), up=False)

    assert by_steps == ["A", "C", "B", "D"]
    assert in_order(action_plan) == ["A", "D", "C", "B"]


def test_item_that_moves_to_another_action_plan_waits_for_nobody_there(
    action_plan: ActionPlan, world: World
) -> None:
    other = factories.create_action_plan(action_plan.objective)
    first = factories.create_task(action_plan, "Audit")
    second = factories.create_task(action_plan, "Offer", prerequisite=first.item)
    third = factories.create_task(action_plan, "Report", prerequisite=second.item)
    factories.create_task(other, "There")

    operations.place_item(item=second.item, action_plan=other, position=0)

    assert in_order(other) == ["Offer", "There"]
    assert [again(task.item).prerequisite_id for task in (second, third)] == [None, None]
    elsewhere = factories.create_action_plan(factories.create_work_objective(world.draft))
    with pytest.raises(ValidationError, match="another plan"):
        operations.place_item(item=third.item, action_plan=elsewhere, position=0)


def test_action_plans_move_between_objectives_of_a_plan(action_plan: ActionPlan, world: World) -> None:
    objective = factories.create_work_objective(world.plan)
    there = factories.create_action_plan(objective, "There")

    operations.place_action_plan(action_plan=action_plan, objective=objective, position=0)

    rows = ActionPlan.objects.unscoped("test").filter(objective=objective).order_by("order")
    assert list(rows) == [action_plan, there]
    elsewhere = factories.create_work_objective(world.draft)
    with pytest.raises(ValidationError, match="another plan"):
        operations.place_action_plan(action_plan=action_plan, objective=elsewhere, position=0)


@pytest.mark.parametrize("ring", [1, 3])
def test_items_do_not_wait_for_each_other(action_plan: ActionPlan, ring: int) -> None:
    items = [factories.create_task(action_plan).item for _number in range(ring)]
    for before, item in pairwise(items):
        item.prerequisite = before
        item.save()
    first = again(items[0])
    first.prerequisite = items[-1]

    with pytest.raises(ValidationError, match="wait for each other"):
        first.clean()
    assert ActionPlanItem.objects.unscoped("test").filter(prerequisite__isnull=False).count() == ring - 1


def test_database_keeps_completed_at_and_status_together(action_plan: ActionPlan) -> None:
    task = factories.create_task(action_plan)
    with pytest.raises(IntegrityError), transaction.atomic():
        AssessmentTask.objects.unscoped("test").filter(pk=task.pk).update(status=TaskStatus.COMPLETED)
