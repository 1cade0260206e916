"""What is open, by stage and month, and the deals that matter most in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, localcontext
from uuid import UUID

from crm.models import Opportunity, Stage
from kam.core.money import round_money
from metrics import seasons
from metrics.amounts import EXACT, Amount, total_of, weighted_of

MOST_MONTHS = 12


@dataclass(frozen=True)
class Column:
    """Days together: of a month, those before today (`first` None) or those after the last month (`last` None)."""

    first: date | None
    last: date | None

    def holds(self, day: date) -> bool:
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)

    @property
    def is_slipped(self) -> bool:
        return self.first is None

    @property
    def is_later(self) -> bool:
        return self.last is None


@dataclass(frozen=True)
class Cell:
    count: int
    amount: Decimal
    weighted: Decimal


@dataclass(frozen=True)
class StageRow:
    stage: str
    cells: list[Cell]
    total: Cell


@dataclass(frozen=True)
class Pipeline:
    currency: str
    columns: list[Column]
    rows: list[StageRow]
    totals: list[Cell]
    total: Cell


@dataclass(frozen=True)
class Deal:
    """An opportunity with what counts of it, in the currency of the page."""

    opportunity_id: UUID
    name: str
    account_id: UUID
    account_name: str
    date: date
    stage: str
    is_open: bool
    probability: Decimal | None
    value: Decimal
    days_late: int = 0


@dataclass
class Standing:
    """The first record of a deal, and what all of its records bring."""

    first: Amount
    total: Decimal

    def days_late(self, today: date) -> int:
        return max((today - self.first.date).days, 0) if self.first.is_open else 0


def columns_of(days: Iterable[date], *, start: date, end: date | None, today: date) -> list[Column]:
    """What slipped, the months from now on, and later; the first and the last only if there is something in it.

    The months begin with the period, or with what was put in by hand though it lies before.
    """
    found = sorted(days)
    columns = [Column(None, today - timedelta(days=1))] if found and found[0] < today else []
    first = max(min([start, *(day for day in found if day >= today)]), today)
    last = end or date(first.year + 1, first.month, 1) - timedelta(days=1)
    months = [Column(*month) for month in seasons.months_of(first, last)][:MOST_MONTHS]
    columns += months
    after = (months[-1].last or last) + timedelta(days=1) if months else today
    if found and found[-1] >= after:
        columns.append(Column(after, None))
    return columns


def pipeline_of(
    amounts: Sequence[Amount], *, currency: str, start: date, end: date | None, today: date
) -> Pipeline:
    """Of open records. `end`: of the plan; None: a year is told."""
    columns = columns_of({amount.date for amount in amounts}, start=start, end=end, today=today)
    by_day: dict[tuple[str, date], list[Amount]] = defaultdict(list)
    for amount in amounts:
        by_day[amount.stage, amount.date].append(amount)
    by_place: dict[tuple[str, int], list[Amount]] = defaultdict(list)
    for (stage, day), found in by_day.items():
        place = next((n for n, column in enumerate(columns) if column.holds(day)), None)
        if place is not None:
            by_place[stage, place] += found
    order = dict(Stage.objects.order_by("order", "name").values_list("name", "order"))
    names = sorted({stage for stage, _place in by_place}, key=lambda name: (order.get(name, 0), name))
    places = range(len(columns))
    rows = []
    for name in names:
        cells = [by_place[name, place] for place in places]
        rows.append(
            StageRow(
                name,
                [_cell(cell, currency) for cell in cells],
                _cell([amount for cell in cells for amount in cell], currency),
            )
        )
    totals = [_cell([a for name in names for a in by_place[name, place]], currency) for place in places]
    return Pipeline(currency, columns, rows, totals, _cell(amounts, currency))


def _cell(amounts: Sequence[Amount], currency: str) -> Cell:
    return Cell(
        len({amount.opportunity_id for amount in amounts}),
        total_of(amounts, currency),
        weighted_of(amounts, currency),
    )


def standings_of(amounts: Iterable[Amount]) -> dict[UUID, Standing]:
    """By deal, its schedules together."""
    found: dict[UUID, Standing] = {}
    with localcontext(prec=EXACT):
        for amount in amounts:
            if amount.opportunity_id is None:
                continue
            standing = found.get(amount.opportunity_id)
            if standing is None:
                found[amount.opportunity_id] = Standing(amount, amount.contribution)
                continue
            standing.total += amount.contribution
            if amount.date < standing.first.date:
                standing.first = amount
    return found


def deals_of(standings: Mapping[UUID, Standing], *, currency: str, today: date) -> list[Deal]:
    """Deals that somebody may open, by their names, in this order; one statement."""
    rows = Opportunity.objects.unscoped("deals that the reader may open").filter(pk__in=list(standings))
    named = {row[0]: row for row in rows.order_by().values_list("pk", "name", "account_id", "account__name")}
    return [
        Deal(
            *named[key],
            standing.first.date,
            standing.first.stage,
            standing.first.is_open,
            standing.first.probability,
            round_money(standing.total, currency),
            standing.days_late(today),
        )
        for key, standing in standings.items()
        if key in named
    ]


def by_month(amounts: Iterable[Amount]) -> Mapping[tuple[int, int], list[Amount]]:
    found: dict[tuple[int, int], list[Amount]] = defaultdict(list)
    for amount in amounts:
        found[amount.date.year, amount.date.month].append(amount)
    return found
