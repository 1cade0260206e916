"""Reminders: each once, none left out, to whom it concerns; against brute force over random histories."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collaboration.models import Notification, RemindedThrough
from collaboration.operations import make_reminders, reminders
from collaboration.policies import Rhythm
from kam.users.models import User
from plans.enums import ActionPlanStatus, ObjectiveStatus, PlanStatus
from plans.models import ActionPlan, AssessmentTask, Plan
from plans.operations import complete_task
from tests import factories
from tests.collaboration.test_policies import is_occasion

DAY = timedelta(days=1)
MONDAY = date(2026, 6, 15)


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


@pytest.fixture
def work(db: None) -> ActionPlan:
    plan = factories.create_plan(start_date=date(2026, 1, 1))
    return factories.create_action_plan(factories.create_work_objective(plan))


def task_due(work: ActionPlan, due: date, **values: Any) -> AssessmentTask:
    return factories.create_task(work, due_date=due, **values)


def made(rows: Iterable[Notification] | None = None) -> list[tuple[str, date]]:
    """Who was reminded on which occasion, in order."""
    found = Notification.objects.unscoped("test").select_related("recipient") if rows is None else rows
    return sorted(
        ((row.recipient.username, row.occasion) for row in found), key=lambda pair: (pair[1], pair[0])
    )


def run_days(first: date, last: date, *, but: Iterable[date] = ()) -> None:
    day = first
    while day <= last:
        if day not in but:
            make_reminders(at=noon(day))
        day += DAY


# --- When -----------------------------------------------------------------------------------
@pytest.mark.django_db
def test_reminders_come_before_on_the_day_and_while_overdue(work: ActionPlan) -> None:
    task = task_due(work, MONDAY + 8 * DAY)

    run_days(MONDAY, MONDAY + 30 * DAY)

    owner = task.assignee.username
    assert made() == [(owner, task.due_date + n * DAY) for n in (-7, -1, 0, 7, 14, 21)]
    assert make_reminders(at=noon(MONDAY + 30 * DAY)) == 0


@pytest.mark.django_db
def test_a_new_reminder_takes_the_place_of_the_one_before(work: ActionPlan) -> None:
    task, other = task_due(work, MONDAY + 8 * DAY), task_due(work, MONDAY + 8 * DAY)

    run_days(MONDAY, MONDAY + 9 * DAY)

    unread = Notification.objects.unscoped("test").filter(read_at=None)
    assert {(row.task_id, row.occasion) for row in unread} == {
        (task.pk, task.due_date),
        (other.pk, task.due_date),
    }


@pytest.mark.django_db
def test_after_downtime_one_reminder_says_what_was_missed(work: ActionPlan) -> None:
    task = task_due(work, MONDAY + 8 * DAY)
    make_reminders(at=noon(MONDAY))

    make_reminders(at=noon(MONDAY + 30 * DAY))

    assert made() == [(task.assignee.username, task.due_date + 21 * DAY)]


@pytest.mark.django_db
def test_work_planned_late_is_told_from_then_on(work: ActionPlan) -> None:
    """What is planned today for in three days was not missed a week before; for tomorrow it is told today."""
    run_days(MONDAY, MONDAY + DAY)
    soon, sooner = task_due(work, MONDAY + 4 * DAY), task_due(work, MONDAY + 2 * DAY)

    make_reminders(at=noon(MONDAY + DAY))

    assert [row.task for row in Notification.objects.unscoped("test").select_related("task")] == [sooner]
    run_days(MONDAY + 2 * DAY, MONDAY + 4 * DAY)
    rows = Notification.objects.unscoped("test").filter(task=soon).select_related("recipient")
    assert [occasion for _user, occasion in made(rows)] == [MONDAY + 3 * DAY, MONDAY + 4 * DAY]


@pytest.mark.django_db
def test_a_moved_date_counts_from_then_on(work: ActionPlan) -> None:
    task = task_due(work, MONDAY + DAY)
    make_reminders(at=noon(MONDAY))
    task.due_date = MONDAY + 8 * DAY
    task.save()

    run_days(MONDAY, MONDAY + 8 * DAY)

    old, *new = Notification.objects.unscoped("test").select_related("task", "plan").order_by("created_at")
    assert not old.is_standing
    assert [row.occasion - MONDAY for row in new] == [1 * DAY, 7 * DAY, 8 * DAY]


@pytest.mark.django_db
def test_days_are_the_company_s_also_when_clocks_change(work: ActionPlan) -> None:
    with override_settings(TIME_ZONE="America/New_York"):
        timezone.get_default_timezone.cache_clear()
        try:
            task = task_due(work, date(2026, 11, 1))  # 25 hours long there
            make_reminders(at=datetime(2026, 11, 1, 3, 59, tzinfo=UTC))  # still October
            before = made()
            for hour in (4, 5, 6, 7):
                make_reminders(at=datetime(2026, 11, 1, hour, 1, tzinfo=UTC))
        finally:
            timezone.get_default_timezone.cache_clear()

    user = task.assignee.username
    assert before == [(user, date(2026, 10, 31))]
    assert made() == [(user, date(2026, 10, 31)), (user, date(2026, 11, 1))]


@pytest.mark.django_db
def test_a_clock_set_back_makes_nothing_twice(work: ActionPlan) -> None:
    task_due(work, MONDAY + 8 * DAY)
    run_days(MONDAY, MONDAY + 8 * DAY)
    count = len(made())

    run_days(MONDAY, MONDAY + 8 * DAY)

    assert (len(made()), RemindedThrough.objects.get().day) == (count, MONDAY + 8 * DAY)


# --- Of what, to whom -----------------------------------------------------------------------
@pytest.mark.django_db
def test_what_is_closed_or_dropped_is_left_alone(work: ActionPlan) -> None:
    complete_task(task=task_due(work, MONDAY), at=timezone.now())
    dropped = factories.create_action_plan(work.objective, status=ActionPlanStatus.CANCELLED)
    task_due(dropped, MONDAY)
    factories.create_task(work)
    over = factories.create_plan(work.plan.account, status=PlanStatus.COMPLETED, start_date=date(2026, 1, 1))
    factories.create_objective(over, target_date=MONDAY)
    factories.create_objective(work.plan, target_date=MONDAY, status=ObjectiveStatus.ACHIEVED)

    assert make_reminders(at=noon(MONDAY)) == 0


@pytest.mark.django_db
def test_objectives_are_told_to_their_owners(work: ActionPlan) -> None:
    partner = factories.create_user("partner")
    factories.add_participant(work.plan, partner)
    objective = factories.create_objective(work.plan, owner=partner, target_date=MONDAY + DAY)

    make_reminders(at=noon(MONDAY))

    row = Notification.objects.unscoped("test").get()
    assert (row.recipient, row.objective_id, row.plan_id) == (partner, objective.pk, work.plan.pk)


@pytest.mark.django_db
def test_who_left_or_sees_the_plan_no_more_is_not_told_but_the_owner_is(work: ActionPlan) -> None:
    gone, blind = factories.create_user("gone"), factories.create_user("blind")
    seats = [factories.add_participant(work.plan, user) for user in (gone, blind)]
    first, second = task_due(work, MONDAY, assignee=gone), task_due(work, MONDAY, assignee=blind)
    gone.is_active = False
    gone.save()
    seats[1].delete()

    make_reminders(at=noon(MONDAY))

    rows = Notification.objects.unscoped("test")
    assert {(row.recipient_id, row.task_id) for row in rows} == {
        (work.plan.owner_id, first.pk),
        (work.plan.owner_id, second.pk),
    }


@pytest.mark.django_db
def test_with_the_owner_gone_too_nobody_is_told(work: ActionPlan) -> None:
    task_due(work, MONDAY)
    User.objects.filter(pk=work.plan.owner_id).update(is_active=False)

    assert make_reminders(at=noon(MONDAY)) == 0


@pytest.mark.django_db
def test_one_s_own_settings_come_before_the_company_s(work: ActionPlan) -> None:
    partner = factories.create_user("partner")
    factories.add_participant(work.plan, partner)
    task_due(work, MONDAY + 3 * DAY), task_due(work, MONDAY + 3 * DAY, assignee=partner)
    factories.create_reminder_settings(None, days_before=[3], overdue_every=None)
    factories.create_reminder_settings(partner, days_before=[], overdue_every=2)

    run_days(MONDAY, MONDAY + 7 * DAY)

    owner = work.plan.owner.username
    assert made() == [(owner, MONDAY), ("partner", MONDAY + 5 * DAY), ("partner", MONDAY + 7 * DAY)]


@pytest.mark.django_db
def test_statements_do_not_grow_with_the_work(work: ActionPlan) -> None:
    counts = []
    for day in (MONDAY, MONDAY + DAY):
        for _ in range(1 if day == MONDAY else 20):
            task_due(work, day)
            factories.create_objective(work.plan, target_date=day)
        make_reminders(at=noon(day - DAY))
        with CaptureQueriesContext(connection) as captured:
            make_reminders(at=noon(day))
        counts.append(len(captured))

    assert counts[0] == counts[1] <= 15  # tasks, objectives and reviews


# --- Random histories against brute force -----------------------------------------------------
START = date(2028, 2, 20)  # a leap year
dates = st.integers(-20, 40).map(lambda days: START + days * DAY)
rhythms = st.tuples(st.lists(st.integers(0, 20), max_size=4, unique=True), st.none() | st.integers(1, 9))
STORIES = {
    "dues": st.lists(dates, min_size=1, max_size=4),
    "company": rhythms,
    "own": rhythms,
    "runs": st.lists(st.tuples(st.integers(0, 12), st.integers(1, 2)), min_size=1, max_size=8),
    "moves": st.lists(st.tuples(st.integers(0, 7), st.integers(0, 3), dates | st.none()), max_size=4),
}


def told(
    dues: list[date | None], rhythms: list[Rhythm], first: date, last: date, known: set[tuple[Any, ...]]
) -> set[tuple[Any, ...]]:
    """What a run has to make: for each task the latest of its days since the last run, unless it is there."""
    new = set()
    for number, due in enumerate(dues):
        day = last
        while due is not None and day >= first:
            if is_occasion(rhythms[number % 2], due, day):
                new.add((number, due, day))
                break
            day -= DAY
    return new - known


@pytest.mark.django_db
@given(**STORIES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
def test_random_histories_equal_brute_force(
    work: ActionPlan,
    dues: list[date],
    company: tuple[list[int], int | None],
    own: tuple[list[int], int | None],
    runs: list[tuple[int, int]],
    moves: list[tuple[int, int, date | None]],
) -> None:
    """Tasks of two people, dates that move or tasks that end, runs with gaps and doubles."""
    for model in (Notification, RemindedThrough, AssessmentTask):
        model._base_manager.all()._raw_delete("default")
    ActionPlan.items.rel.related_model._base_manager.all()._raw_delete("default")
    settings_of = type(
        factories.create_reminder_settings(None, days_before=company[0], overdue_every=company[1])
    )
    other, _new = User.objects.get_or_create(username="other")
    if not work.plan.participants.unscoped("test").filter(user=other).exists():
        factories.add_participant(work.plan, other)
    factories.create_reminder_settings(other, days_before=own[0], overdue_every=own[1])
    people = (work.plan.owner, other)
    tasks = [task_due(work, due, assignee=people[n % 2]) for n, due in enumerate(dues)]
    wanted: list[date | None] = [*dues]
    both = [Rhythm(frozenset(company[0]), company[1]), Rhythm(frozenset(own[0]), own[1])]
    known: set[tuple[Any, ...]] = set()
    through, today = None, START
    try:
        for number, (gap, times) in enumerate(runs):
            today += gap * DAY
            for _again in range(times):
                new = told(wanted, both, through or today, today, known)
                assert make_reminders(at=noon(today)) == len(new)
                known |= new
                through = today
            for step, which, due in moves:
                if step == number and which < len(tasks):
                    wanted[which] = due
                    tasks[which].due_date = due
                    tasks[which].save()
        rows = Notification.objects.unscoped("test")
        numbers = {task.pk: n for n, task in enumerate(tasks)}
        assert sorted((numbers[r.task_id], r.due_date, r.occasion) for r in rows) == sorted(known)
        assert all(r.recipient_id == people[numbers[r.task_id] % 2].pk for r in rows)
    finally:
        settings_of._base_manager.all()._raw_delete("default")


# --- Two at once, and what breaks off ---------------------------------------------------------
def remind_together(at: datetime, people: int = 3) -> None:
    barrier = threading.Barrier(people)
    problems: list[BaseException] = []

    def run() -> None:
        try:
            barrier.wait()
            make_reminders(at=at)
        except BaseException as error:
            problems.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(people)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert problems == []


@pytest.mark.django_db(transaction=True)
def test_schedulers_at_once_make_each_reminder_once(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = factories.create_plan(start_date=date(2026, 1, 1))
    work = factories.create_action_plan(factories.create_work_objective(plan))
    tasks = {task_due(work, MONDAY).pk for _ in range(5)}
    barrier = threading.Barrier(3)
    original = reminders._known

    def together(wanted: Any) -> Any:  # all have looked before anybody writes
        found = original(wanted)
        barrier.wait(timeout=20)
        return found

    monkeypatch.setattr(reminders, "_known", together)
    remind_together(noon(MONDAY))

    rows = Notification.objects.unscoped("test")
    assert sorted(row.task_id for row in rows) == sorted(tasks)


@pytest.mark.postgres
@pytest.mark.django_db
def test_without_the_constraint_they_would_be_doubled(
    work: ActionPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: two that have looked before either wrote."""
    task_due(work, MONDAY)
    monkeypatch.setattr(reminders, "_known", lambda wanted: set())
    make_reminders(at=noon(MONDAY)), make_reminders(at=noon(MONDAY))
    guarded = len(made())
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE collaboration_notification DROP CONSTRAINT reminder_of_task_once")

    make_reminders(at=noon(MONDAY))

    assert (guarded, len(made())) == (1, 2)


@pytest.mark.django_db
def test_a_run_that_breaks_off_is_made_up_for(work: ActionPlan, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        task_due(work, MONDAY)
    monkeypatch.setattr(reminders, "BATCH", 1)
    original, calls = reminders._insert, []

    def breaks(rows: list[Notification]) -> None:
        calls.append(rows)
        if len(calls) == 2:
            raise KeyboardInterrupt
        original(rows)

    monkeypatch.setattr(reminders, "_insert", breaks)
    with pytest.raises(KeyboardInterrupt):
        make_reminders(at=noon(MONDAY))
    assert len(made()) == 1
    assert not RemindedThrough.objects.exists()

    make_reminders(at=noon(MONDAY))

    assert len(made()) == 3
    assert Plan.objects.unscoped("test").count() == 1
