"""Periods of plans: which comes next, and what a plan of it is called."""

from __future__ import annotations

import re
from datetime import date, timedelta

from crm.policies import add_months

A_YEAR = re.compile(r"\b(?P<year>(?:19|20)\d\d)(?P<second>[/–-]\d\d)?\b")


def whole_months(start: date, end: date) -> int | None:
    """How many whole calendar months from `start` to `end` (both included); None if it is no whole number."""
    after = end + timedelta(days=1)
    months = (after.year - start.year) * 12 + after.month - start.month
    return months if months > 0 and add_months(start, months) == after else None


def months_between(day: date, other: date) -> int | None:
    """How many whole months lie from one day to another; None if the days of the month differ."""
    months = (other.year - day.year) * 12 + other.month - day.month
    return months if add_months(day, months) == other else None


def next_period(start: date, end: date) -> tuple[date, date]:
    """The period of the same length right after this one: in months where it is whole months, else in days."""
    following = end + timedelta(days=1)
    months = whole_months(start, end)
    if months is None:
        return following, following + (end - start)
    return following, add_months(following, months) - timedelta(days=1)


def name_in(name: str, *, years_later: int) -> str:
    """The name with its years moved on: “Newton 2026/27” one year later is “Newton 2027/28”."""

    def moved(match: re.Match[str]) -> str:
        year = str(int(match["year"]) + years_later)
        second = match["second"] or ""
        if second:
            second = f"{second[0]}{(int(second[1:]) + years_later) % 100:02d}"
        return year + second

    return A_YEAR.sub(moved, name)
