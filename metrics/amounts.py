"""What each record in a plan's numbers amounts to, and no more of it: a territory may have very many.

The records are those of `metrics.records`, seen or not; names are asked for the few that are shown.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from datetime import date
from decimal import Decimal, localcontext
from typing import NamedTuple
from uuid import UUID

from kam.core.aggregates import ExactSum
from kam.core.fields import MoneyField
from kam.core.money import round_money
from kam.users.models import User
from metrics.record_rows import Reader

COLUMNS = ("opportunity_key", "stage_name", "on_date", "is_open", "chance", "size", "money")
NOTHING = Decimal(0)
EXACT = 80  # digits; amounts, rates and sums of them have far less


class Amount(NamedTuple):
    """`contribution` is exact and in the currency that is told, whatever the probability."""

    opportunity_id: UUID | None
    stage: str
    date: date
    is_open: bool
    probability: Decimal | None
    contribution: Decimal


def amounts_in(reader: Reader) -> list[Amount]:
    """Of each record in the reader's number, in one statement."""
    first, *others = (rows.order_by().values_list(*COLUMNS) for rows in reader.rows(None))
    rows = list(first.union(*others, all=True) if others else first)
    reader.load_rates({row[-1] for row in rows})
    return list(_amounts(rows, reader))


def sums_by_day(reader: Reader) -> dict[date, Decimal]:
    """What the records of the reader's number contribute together, exactly; added up by the database."""
    keys = ("on_date", "money")
    first, *others = (
        rows.order_by().values_list(*keys).annotate(sum=ExactSum("size", places=MoneyField.decimal_places))
        for rows in reader.rows(None)
    )
    found = list(first.union(*others, all=True) if others else first)
    reader.load_rates({currency for _day, currency, _sum in found})
    sums: dict[date, Decimal] = defaultdict(Decimal)
    with localcontext(prec=EXACT):
        for day, currency, amount in found:
            sums[day] += amount * (reader.factor(currency, day) or NOTHING)
    return sums


def openable_deals(reader: Reader, user: User, deals: Collection[UUID]) -> Collection[UUID]:
    """Of these deals, which are those in the number, the ones that the user may open: mostly all of them."""
    rows = (rows.filter(opportunity_key__isnull=False).order_by() for rows in reader.rows(user))
    first, *others = (found.values_list("opportunity_key", flat=True).distinct() for found in rows)
    seen = first.union(*others) if others else first  # a deal may be in several of them, by other records
    return deals if seen.count() == len(deals) else set(seen)


def _amounts(rows: Iterable[tuple], reader: Reader) -> Iterator[Amount]:
    own, factors = reader.plan.currency, {}
    with localcontext(prec=EXACT):
        for deal, stage, day, is_open, chance, size, currency in rows:
            amount = size
            if currency != own:
                if (currency, day) not in factors:
                    factors[currency, day] = reader.factor(currency, day) or NOTHING
                amount = size * factors[currency, day]
            yield Amount(deal, stage, day, bool(is_open), chance, amount)


def exact_total(amounts: Iterable[Amount]) -> Decimal:
    with localcontext(prec=EXACT):
        return sum((amount.contribution for amount in amounts), NOTHING)


def total_of(amounts: Iterable[Amount], currency: str) -> Decimal:
    """Rounded once, half up, to the minor unit."""
    with localcontext(prec=EXACT):
        return round_money(exact_total(amounts), currency)


def weighted_of(amounts: Iterable[Amount], currency: str) -> Decimal:
    """The same by what is likely."""
    with localcontext(prec=EXACT):
        likely = (amount.contribution * (amount.probability or NOTHING) for amount in amounts)
        return round_money(sum(likely, NOTHING) / 100, currency)
