"""The days of reminders against counting them one by one."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collaboration.policies import Rhythm, cleaned_days, latest_occasion

pytestmark = pytest.mark.any_database
DAY = timedelta(days=1)


def is_occasion(rhythm: Rhythm, due: date, day: date) -> bool:
    if day <= due:
        return (due - day).days in rhythm.days_before
    return rhythm.overdue_every is not None and (day - due).days % rhythm.overdue_every == 0


@given(
    due=st.dates(date(2027, 12, 1), date(2028, 4, 1)),
    first=st.dates(date(2027, 11, 1), date(2028, 6, 1)),
    length=st.integers(0, 40),
    days_before=st.frozensets(st.integers(0, 40), max_size=5),
    overdue_every=st.none() | st.integers(1, 30),
)
def test_latest_occasion_equals_looking_at_every_day(
    due: date, first: date, length: int, days_before: frozenset[int], overdue_every: int | None
) -> None:
    rhythm = Rhythm(days_before, overdue_every)
    days = [first + DAY * n for n in range(length + 1)]

    expected = max((day for day in days if is_occasion(rhythm, due, day)), default=None)

    assert latest_occasion(rhythm, due=due, first=days[0], last=days[-1]) == expected


def test_the_ends_of_the_calendar() -> None:
    rhythm = Rhythm(frozenset({0, 60}), 7)

    assert latest_occasion(rhythm, due=date.min, first=date.min, last=date.min) == date.min
    assert latest_occasion(rhythm, due=date.max, first=date.max, last=date.max) == date.max
    assert latest_occasion(rhythm, due=date.max, first=date.min, last=date.min) is None


def test_days_are_kept_once_the_earliest_first() -> None:
    assert cleaned_days([0, 7, 1, 7]) == [7, 1, 0]
