"""How sales spread over the year: pure functions (domain.md, Pace).

A curve gives each calendar month a weight; a month's weight lies evenly on its days, 28 or 29 in
February. Without enough sales to go by, every day weighs the same.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

HISTORY_MONTHS = 36
ENOUGH_MONTHS = 12  # with sales, of the history
Month = tuple[int, int]  # year and month


@dataclass(frozen=True)
class Curve:
    """`weights` of January to December; None: straight by days."""

    source: str  # "account", "territory", "company" or "days"
    weights: tuple[Fraction, ...] | None = None

    def weight(self, start: date, end: date) -> Fraction:
        """What the days of a span weigh, both ends included."""
        if self.weights is None:
            return Fraction(max((end - start).days + 1, 0))
        return sum((self.of_month(first, last) for first, last in months_of(start, end)), Fraction(0))

    def of_month(self, first: date, last: date) -> Fraction:
        """What days of one month weigh."""
        days = (last - first).days + 1
        if self.weights is None:
            return Fraction(days)
        return self.weights[first.month - 1] * days / monthrange(first.year, first.month)[1]

    def share(self, start: date, end: date, *, until: date) -> Fraction:
        """The part of the season from `start` to `end` that is over at the end of `until`; 0 to 1."""
        if until < start:
            return Fraction(0)
        return self.weight(start, min(until, end)) / self.weight(start, end)

    @property
    def month_shares(self) -> list[Fraction]:
        """Each calendar month's part of a year."""
        weights = self.weights or (Fraction(1),) * 12
        return [weight / sum(weights) for weight in weights]


BY_DAYS = Curve("days")


def months_of(start: date, end: date) -> Iterator[tuple[date, date]]:
    """The first and last day of each calendar month in a span, as far as they lie in it."""
    first = start
    while first <= end:
        last = min(date(first.year, first.month, monthrange(first.year, first.month)[1]), end)
        yield first, last
        if last == end:  # there may be no day after it
            return
        first = last + timedelta(days=1)


def history_span(start: date, today: date) -> tuple[date, date]:
    """The three years whose sales make the curve: the whole months before the plan's first, or before this one.

    They end before the plan begins, so that a plan is not measured by what it changes itself.
    """
    earliest = date(HISTORY_MONTHS // 12 + 1, 1, 1)
    anchor = max(min(start, today).replace(day=1), earliest)
    return anchor.replace(year=anchor.year - HISTORY_MONTHS // 12), anchor - timedelta(days=1)


def months_with_sales(sold: Mapping[Month, Fraction]) -> int:
    return sum(1 for amount in sold.values() if amount > 0)


def curve_of(source: str, sold: Mapping[Month, Fraction], *, start: date, end: date) -> Curve | None:
    """The curve of three years of monthly sales; None if they say too little of this span of days.

    A month that brought back more than it sold over the years weighs nothing.
    """
    if months_with_sales(sold) < ENOUGH_MONTHS:
        return None
    weights = [Fraction(0)] * 12
    for (_year, month), amount in sold.items():
        weights[month - 1] += amount
    curve = Curve(source, tuple(max(weight, Fraction(0)) for weight in weights))
    return curve if curve.weight(start, end) > 0 else None


def months_left(start: date, end: date, *, today: date) -> Fraction:
    """How many months are still to come after `today`, a part of one by its days."""
    first = max(start, today + timedelta(days=1))
    return sum(
        (
            Fraction((last - day).days + 1, monthrange(day.year, day.month)[1])
            for day, last in months_of(first, end)
        ),
        Fraction(0),
    )
