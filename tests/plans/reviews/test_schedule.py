"""The reviews of a plan: each made once, none left out, against brute force; held ones stay as they are."""

from __future__ import annotations

import threading
from calendar import monthrange
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plans.enums import PlanStatus, ReviewStatus
from plans.models import Plan, PlanReview
from plans.operations import (
    change_plan_status,
    hold_review,
    make_due_reviews,
    reviews,
    save_plan,
    skip_review,
)
from plans.operations.copying import CopyRequest, copy_plan
from plans.policies import review_days
from templates_app.enums import ReviewFrequency
from tests import factories

DAY = timedelta(days=1)
MONTHS = {"monthly": 1, "quarterly": 3, "half_yearly": 6, "yearly": 12}


def days_of(plan: Plan, **only: Any) -> list[date]:
    rows = PlanReview.objects.unscoped("test").filter(plan=plan, **only).order_by("due_date")
    return list(rows.values_list("due_date", flat=True))


def activated(start: date, end: date, frequency: str) -> Plan:
    plan = factories.create_plan(start_date=start, end_date=end, status=PlanStatus.DRAFT)
    plan.review_frequency = frequency
    save_plan(plan)
    assert days_of(plan) == []
    return change_plan_status(plan=plan, action="activate")


# --- The days -----------------------------------------------------------------------------------
def is_last_of_span(day: date, start: date, months: int) -> bool:
    """Day by day: whether a whole span of months, counted from the start, ends with this day."""
    after = day + DAY
    passed = (after.year - start.year) * 12 + after.month - start.month
    day_of_month = min(start.day, monthrange(after.year, after.month)[1])
    return passed > 0 and passed % months == 0 and after.day == day_of_month


@pytest.mark.any_database
@given(
    start=st.dates(date(1999, 1, 1), date(2036, 12, 31)),
    length=st.integers(1, 1_500),
    frequency=st.sampled_from([*MONTHS]),
)
@settings(max_examples=150, deadline=None)
def test_days_are_those_on_which_a_whole_span_ends(start: date, length: int, frequency: str) -> None:
    end = start + timedelta(days=length)
    every_day = (start + timedelta(days=number) for number in range(length + 1))

    expected = [day for day in every_day if is_last_of_span(day, start, MONTHS[frequency])]

    assert review_days(start=start, end=end, frequency=frequency) == expected


@pytest.mark.any_database
def test_days_at_month_ends_and_in_leap_years() -> None:
    def found(start: date, end: date, frequency: str) -> list[str]:
        return [day.isoformat() for day in review_days(start=start, end=end, frequency=frequency)]

    assert found(date(2028, 1, 1), date(2028, 12, 31), "quarterly") == [
        *("2028-03-31", "2028-06-30", "2028-09-30", "2028-12-31")
    ]
    assert found(date(2027, 12, 1), date(2028, 3, 31), "monthly")[2] == "2028-02-29"
    assert found(date(2027, 1, 31), date(2027, 5, 30), "monthly") == [
        *("2027-02-27", "2027-03-30", "2027-04-29", "2027-05-30")  # the short month leaves no trace
    ]
    assert found(date(2028, 2, 29), date(2030, 2, 28), "yearly") == ["2029-02-27", "2030-02-27"]
    assert found(date(2028, 1, 1), date(2028, 12, 30), "yearly") == []
    assert found(date(2028, 1, 1), date(2028, 12, 31), ReviewFrequency.NONE) == []
    assert len(found(date(9990, 1, 1), date.max, "monthly")) == 120


# --- Made once and kept -------------------------------------------------------------------------
@pytest.mark.django_db
def test_activation_makes_the_reviews_once_and_a_copy_starts_with_its_own() -> None:
    plan = activated(date(2028, 1, 1), date(2028, 12, 31), "quarterly")
    expected = [date(2028, 3, 31), date(2028, 6, 30), date(2028, 9, 30), date(2028, 12, 31)]
    assert days_of(plan, is_scheduled=True) == expected

    for step in ("hold", "activate"):
        plan = change_plan_status(plan=plan, action=step)
    assert make_due_reviews() == 0
    assert days_of(plan) == expected

    assert plan.account is not None
    request = CopyRequest("Next", plan.account, date(2029, 1, 1), date(2029, 6, 30), plan.owner, ())
    copy = copy_plan(plan, request).plan
    assert days_of(copy) == []
    change_plan_status(plan=copy, action="activate")
    assert days_of(copy) == [date(2029, 3, 31), date(2029, 6, 30)]
    assert days_of(plan) == expected


@pytest.mark.django_db
def test_another_frequency_or_period_leaves_held_skipped_and_past_reviews_alone() -> None:
    plan = activated(date(2026, 1, 1), date(2026, 12, 31), "quarterly")
    first, second, third, fourth = PlanReview.objects.unscoped("test").order_by("due_date")
    hold_review(review=first, user=plan.owner, today=date(2026, 4, 2))
    skip_review(review=third, is_skipped=True)
    fourth.agenda = "Prepared already"
    fourth.save()
    today = date(2026, 8, 10)  # the second is overdue, the fourth to come

    Plan.objects.unscoped("test").filter(pk=plan.pk).update(review_frequency="monthly")
    assert reviews.keep_reviews(plan.pk, today=today) == 3

    assert days_of(plan, status=ReviewStatus.PLANNED) == [
        *(date(2026, 6, 30), date(2026, 8, 31), date(2026, 10, 31), date(2026, 11, 30), date(2026, 12, 31))
    ]
    assert days_of(plan, status=ReviewStatus.HELD) == [first.due_date]
    assert days_of(plan, status=ReviewStatus.SKIPPED) == [third.due_date]  # not made a second time

    Plan.objects.unscoped("test").filter(pk=plan.pk).update(review_frequency="none")
    reviews.keep_reviews(plan.pk, today=today)
    assert days_of(plan, status=ReviewStatus.PLANNED, is_scheduled=True) == [second.due_date]
    assert days_of(plan, is_scheduled=False) == [fourth.due_date]  # somebody prepared it: it stays, by hand


@pytest.mark.django_db
def test_a_longer_period_moves_reviews_with_what_is_prepared() -> None:
    plan = activated(date(2028, 1, 1), date(2028, 12, 31), "half_yearly")
    first = PlanReview.objects.unscoped("test").order_by("due_date")[0]
    first.agenda = "Prices"
    first.save()

    plan.start_date = date(2028, 2, 1)
    plan.end_date = date(2029, 7, 31)
    save_plan(plan)

    assert days_of(plan) == [date(2028, 7, 31), date(2029, 1, 31), date(2029, 7, 31)]
    first.refresh_from_db()
    assert (first.due_date, first.agenda) == (date(2028, 7, 31), "Prices")


# What happens to a plan, in any order: each step on a later day. `raw` changes it past the application.
steps = st.lists(
    st.tuples(
        st.sampled_from(["monthly", "quarterly", "half_yearly", "yearly", "none", "hold", "skip", "run"]),
        st.integers(0, 120),
        st.booleans(),
    ),
    max_size=8,
)


@pytest.mark.django_db
@given(start=st.dates(date(2027, 8, 25), date(2028, 3, 3)), history=steps)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_after_any_history_what_is_to_come_is_what_the_plan_says(
    start: date, history: list[tuple[str, int, bool]]
) -> None:
    plan = activated(start, start + timedelta(days=500), "quarterly")
    today, settled = start, {}
    for what, days, is_raw in history:
        today += timedelta(days=days)
        planned = PlanReview.objects.unscoped("test").filter(plan=plan, status=ReviewStatus.PLANNED).first()
        if what in {"hold", "skip"} and planned is not None:
            if what == "hold":
                hold_review(review=planned, user=plan.owner, today=date(2026, 1, 1))
            else:
                skip_review(review=planned, is_skipped=True)
            settled[planned.pk] = planned.due_date
        elif what in ReviewFrequency.values:
            Plan.objects.unscoped("test").filter(pk=plan.pk).update(review_frequency=what)
            if not is_raw:
                reviews.keep_reviews(plan.pk, today=today)
        make_due_reviews(today=today)
        assert make_due_reviews(today=today) == 0  # whoever runs again has nothing to do

        plan.refresh_from_db()
        wanted = review_days(start=plan.start_date, end=plan.end_date, frequency=plan.review_frequency)
        there = days_of(plan, is_scheduled=True)
        assert len(there) == len(set(there))
        assert {day for day in wanted if day >= today} <= set(there)
        to_come = days_of(plan, is_scheduled=True, status=ReviewStatus.PLANNED, due_date__gte=today)
        assert set(to_come) <= set(wanted)
        rows = PlanReview.objects.unscoped("test").filter(pk__in=settled)
        assert dict(rows.values_list("pk", "due_date")) == settled


# --- Two at once --------------------------------------------------------------------------------
def run_at_once(count: int) -> list[BaseException]:
    errors: list[BaseException] = []
    start = threading.Barrier(count)

    def run() -> None:
        try:
            start.wait()
            make_due_reviews()
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


@pytest.mark.postgres  # SQLite lets one writer in at a time
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_locked", [True, False])
def test_two_schedulers_make_each_review_once(is_locked: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    plans = [factories.create_plan(start_date=date(2028, 1, 1)) for _number in range(25)]
    meet = threading.Barrier(2)

    def unlocked(plan_id: Any) -> Plan:
        found: Plan = Plan.objects.unscoped("the control: nobody is locked out").get(pk=plan_id)
        return found

    def slowly(*args: Any, **kwargs: Any) -> Any:
        """Both have looked before one writes, where nothing keeps them from it."""
        changes = known(*args, **kwargs)
        try:
            meet.wait(timeout=0.2)
        except threading.BrokenBarrierError:
            meet.reset()
        return changes

    known = reviews._changes
    if not is_locked:
        monkeypatch.setattr(reviews, "_locked_plan", unlocked)
        monkeypatch.setattr(reviews, "_changes", slowly)

    errors = run_at_once(2)

    assert bool(errors) != is_locked  # without the lock the constraint refuses the second
    if is_locked:
        found = [(plan, day) for plan in plans for day in days_of(plan)]
        assert len(found) == len(set(found)) == 25 * 3  # of a leap year and 365 days
