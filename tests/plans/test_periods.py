from datetime import date

import pytest

from plans.periods import months_between, name_in, next_period


@pytest.mark.parametrize(
    ("start", "end", "following"),
    [
        (date(2026, 4, 1), date(2027, 3, 31), (date(2027, 4, 1), date(2028, 3, 31))),
        (date(2026, 1, 1), date(2026, 3, 31), (date(2026, 4, 1), date(2026, 6, 30))),
        (date(2024, 1, 1), date(2024, 2, 29), (date(2024, 3, 1), date(2024, 4, 30))),  # a leap day
        (date(2026, 1, 15), date(2026, 2, 20), (date(2026, 2, 21), date(2026, 3, 29))),  # days, no months
    ],
)
def test_the_next_period_has_the_same_length(start: date, end: date, following: tuple[date, date]) -> None:
    assert next_period(start, end) == following


@pytest.mark.parametrize(
    ("name", "moved"),
    [
        ("Newton 2026", "Newton 2027"),
        ("Newton 2026/27 v2", "Newton 2027/28 v2"),
        ("Plan 1999-00", "Plan 2000-01"),
        ("Room 20266, no year", "Room 20266, no year"),
    ],
)
def test_a_name_moves_on_with_its_years(name: str, moved: str) -> None:
    assert name_in(name, years_later=1) == moved


@pytest.mark.parametrize(
    ("day", "other", "months"),
    [
        (date(2026, 1, 1), date(2027, 1, 1), 12),
        (date(2026, 1, 31), date(2026, 2, 28), 1),
        (date(2026, 5, 1), date(2026, 2, 1), -3),
        (date(2026, 1, 1), date(2026, 1, 15), None),
    ],
)
def test_months_between_two_days(day: date, other: date, months: int | None) -> None:
    assert months_between(day, other) == months
