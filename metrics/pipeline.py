"""What is open, by stage and month, and the deals that matter most in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

from crm.models import Opportunity, Stage
from kam.users.models import User
from metrics import seasons
from metrics.record_rows import PlanRecord
from plans.actuals import as_decimal

MOST_MONTHS = 12
NOTHING = Decimal(0)


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
    records: Sequence[PlanRecord], *, currency: str, start: date, end: date | None, today: date
) -> Pipeline:
    """Of open records with what they contribute, unweighted. `end`: of the plan; None: a year is told."""
    columns = columns_of((record.date for record in records), start=start, end=end, today=today)
    by_place: dict[tuple[str, int], list[PlanRecord]] = defaultdict(list)
    for record in records:
        place = next((n for n, column in enumerate(columns) if column.holds(record.date)), None)
        if place is not None:
            by_place[record.stage, place].append(record)
    order = dict(Stage.objects.order_by("order", "name").values_list("name", "order"))
    names = sorted({stage for stage, _place in by_place}, key=lambda name: (order.get(name, 0), name))
    rows = []
    for name in names:
        cells = [by_place[name, place] for place in range(len(columns))]
        rows.append(
            StageRow(
                name,
                [_cell(cell, currency) for cell in cells],
                _cell([record for cell in cells for record in cell], currency),
            )
        )
    totals = [
        _cell([r for name in names for r in by_place[name, place]], currency) for place in range(len(columns))
    ]
    return Pipeline(currency, columns, rows, totals, _cell(records, currency))


def _cell(records: Sequence[PlanRecord], currency: str) -> Cell:
    deals = {record.opportunity_id for record in records}
    amount = sum((Fraction(record.contribution or 0) for record in records), Fraction(0))
    weighted = sum((weighted_of(record) for record in records), Fraction(0))
    return Cell(len(deals), as_decimal(amount, currency), as_decimal(weighted, currency))


def weighted_of(record: PlanRecord) -> Fraction:
    return Fraction(record.contribution or 0) * Fraction(record.probability or 0) / 100


def deals_of(records: Iterable[PlanRecord], *, currency: str, today: date) -> list[Deal]:
    """One for each opportunity, its schedules together; the largest first."""
    by_deal: dict[UUID, list[PlanRecord]] = defaultdict(list)
    for record in records:
        if record.opportunity_id is not None:
            by_deal[record.opportunity_id].append(record)
    deals = []
    for key, rows in by_deal.items():
        first = min(rows, key=lambda row: row.date)
        value = as_decimal(sum((Fraction(row.contribution or 0) for row in rows), Fraction(0)), currency)
        late = max((today - first.date).days, 0) if first.is_open else 0
        deals.append(
            Deal(
                key,
                first.name,
                first.account_id,
                first.account_name,
                first.date,
                first.stage,
                first.is_open,
                first.probability,
                value,
                late,
            )
        )
    return sorted(deals, key=lambda deal: (-deal.value, deal.date, deal.opportunity_id))


def seen_of(deals: Sequence[Deal], user: User) -> list[Deal]:
    """Those that the user may open, in their order."""
    seen = Opportunity.objects.visible_to(user).filter(pk__in=[deal.opportunity_id for deal in deals])
    ids = set(seen.values_list("pk", flat=True))
    return [deal for deal in deals if deal.opportunity_id in ids]


def by_month(records: Iterable[PlanRecord]) -> Mapping[tuple[int, int], list[PlanRecord]]:
    found: dict[tuple[int, int], list[PlanRecord]] = defaultdict(list)
    for record in records:
        found[record.date.year, record.date.month].append(record)
    return found
