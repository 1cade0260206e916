"""Whether a plan keeps pace: what should be sold by now with the season in it, and what is (domain.md, Pace).

By the season of its account (`metrics.pacing`), as a whole and month by month; each target line with the
orders of its category.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from metrics import operations, seasons
from metrics.amounts import sums_by_day
from metrics.models import PlanKPI
from metrics.pacing import Histories, Pace, Season, Span, converter_to
from metrics.record_rows import Reader
from plans.actuals import Converter, Sold, as_decimal, scopes_of
from plans.models import Plan, TargetLine
from plans.models.targets import lies_below
from plans.targeting import lines_of

NOTHING = Decimal(0)
MOST_DAYS = 3_660  # of a plan whose months are told one by one


@dataclass(frozen=True)
class MonthPace:
    """One calendar month of the plan: what the season asks for, what was sold, what is needed from now on."""

    first: date
    last: date
    expected: Decimal | None
    expected_total: Decimal | None
    actual: Decimal
    needed: Decimal | None


@dataclass(frozen=True)
class LinePace:
    line: TargetLine
    pace: Pace
    season: Season


@dataclass(frozen=True)
class PlanPace:
    """The pace of a plan, of its months and of its target lines, and why this curve."""

    plan: Plan
    kpi: PlanKPI
    is_fresh: bool
    pace: Pace
    season: Season
    months: list[MonthPace]
    lines: list[LinePace] = field(default_factory=list)

    @property
    def reason(self) -> str:
        return self.season.reason


# --- What was sold ------------------------------------------------------------------------------
def won_by_category(plan: Plan) -> list[Sold]:
    """What was won in the plan's period by day and category: the parts of deals, schedules or orders, by its basis.

    A deal without lines belongs to no category.
    """
    parts = Reader(plan, "won_revenue", is_excluded=False).parts_by_category()
    return [Sold(day, category_id, currency, False, amount) for day, category_id, currency, amount in parts]


def _sum(rows: Iterable[Sold], currency: str, converter: Converter) -> Decimal:
    total = sum((converter.exact(row, currency) or Fraction(0) for row in rows), Fraction(0))
    return as_decimal(total, currency)


# --- The pace of a plan -------------------------------------------------------------------------
def pace_of(plan: Plan, *, today: date) -> PlanPace:
    """The pace of a plan that was loaded through the gate, with its months and target lines."""
    kpi, is_fresh = operations.fresh_kpi(plan)
    by_day: dict[date, Fraction] = defaultdict(Fraction)
    for day, amount in sums_by_day(Reader(plan, "won_revenue", is_excluded=False)).items():
        by_day[held(day, plan)] += Fraction(amount)
    span = Span(scopes_of([plan])[plan.pk], plan.currency, plan.start_date, plan.end_date)
    histories = Histories([span], today=today)
    season = histories.season(span)
    actual = kpi.won_revenue if kpi.is_known else NOTHING
    pace = Pace(plan.start_date, plan.end_date, today, plan.currency, kpi.sales_target, actual, season.curve)
    months = list(_months(pace, by_day))
    lines = _lines(plan, by_day, histories, today)
    return PlanPace(plan, kpi, is_fresh, pace, season, months, lines)


def held(day: date, plan: Plan) -> date:
    """The day of the period for which something counts: what was put in by hand may lie before or after it."""
    return min(max(day, plan.start_date), plan.end_date)


def _months(pace: Pace, by_day: dict[date, Fraction]) -> Iterable[MonthPace]:
    if (pace.end - pace.start).days > MOST_DAYS:
        return
    whole = pace.curve.weight(pace.start, pace.end)
    ahead = max(pace.start, pace.today + timedelta(days=1))
    weight_ahead = pace.curve.weight(ahead, pace.end) if ahead <= pace.end else Fraction(0)
    so_far = Fraction(0)
    for first, last in seasons.months_of(pace.start, pace.end):
        so_far += pace.curve.of_month(first, last)
        expected = expected_total = needed = None
        if pace.target is not None:
            target = Fraction(pace.target)
            expected = as_decimal(target * pace.curve.of_month(first, last) / whole, pace.currency)
            expected_total = as_decimal(target * so_far / whole, pace.currency)
            if last >= ahead and weight_ahead:
                part = pace.curve.of_month(max(first, ahead), last) / weight_ahead
                needed = as_decimal(Fraction(pace.remaining or 0) * part, pace.currency)
        sold = sum((amount for day, amount in by_day.items() if first <= day <= last), Fraction(0))
        yield MonthPace(first, last, expected, expected_total, as_decimal(sold, pace.currency), needed)


def _lines(plan: Plan, by_day: dict[date, Fraction], histories: Histories, today: date) -> list[LinePace]:
    lines = lines_of(plan)
    sold = won_by_category(plan) if any(line.category_id for line in lines) else []
    converter = converter_to(plan.currency, sold)
    found_seasons: dict[Any, Season] = {}
    span = histories.spans[0]
    found = []
    for line in lines:
        start, end = line.days
        if start > end:  # the plan's period was moved away from it
            continue
        if line.category_id is None:
            total = sum((amount for day, amount in by_day.items() if start <= day <= end), Fraction(0))
            actual = as_decimal(total, plan.currency)
        else:
            rows = (
                row
                for row in sold
                if start <= held(row.day, plan) <= end
                and lies_below(row.category_id, line.category_id, histories.parents)
            )
            actual = _sum(rows, plan.currency, converter)
        key = (line.category_id, start, end)
        if key not in found_seasons:
            found_seasons[key] = histories.season(span, category_id=line.category_id, start=start, end=end)
        season = found_seasons[key]
        pace = Pace(start, end, today, plan.currency, line.target, actual, season.curve)
        found.append(LinePace(line, pace, season))
    return found
