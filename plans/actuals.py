"""What was really sold: orders of earlier years, by category and day, in the currency of a plan."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any
from uuid import UUID

from django.db.models import Case, Value, When

from crm.models import AccountEdge, TerritoryEdge
from crm.rates import Rates
from kam.core.aggregates import ExactSum
from kam.core.fields import MoneyField
from kam.core.money import round_money
from plans import policies
from plans.models import Plan, TargetLine
from plans.models.targets import lies_below, parents_of_categories

ORDERS = "descendant__orders"
TERRITORY_ORDERS = "descendant__accounts__orders"


@dataclass(frozen=True)
class Sold:
    """The orders of one day, category and currency; `is_below`: of accounts below the one that was asked for."""

    day: date
    category_id: UUID | None
    currency: str
    is_below: bool
    amount: Decimal


def orders_of(account_ids: Iterable[UUID], *, since: date, until: date) -> dict[UUID, list[Sold]]:
    """By account: the orders of it and of those below, in one statement."""
    return _orders_below(AccountEdge, ORDERS, set(account_ids), since=since, until=until)


def orders_for(plans: Iterable[Plan], *, since: date, until: date) -> dict[UUID, list[Sold]]:
    """By account or territory of these plans: the orders that they are about."""
    plans = list(plans)
    account_ids = {plan.account_id for plan in plans if plan.account_id}
    territory_ids = {plan.territory_id for plan in plans if plan.territory_id}
    found = orders_of(account_ids, since=since, until=until) if account_ids or not territory_ids else {}
    if territory_ids:
        found |= _orders_below(TerritoryEdge, TERRITORY_ORDERS, territory_ids, since=since, until=until)
    return found


def counts_for(plan: Plan, sold: Sold) -> bool:
    """Whether the orders of accounts below belong to the plan, too."""
    return plan.is_of_territory or plan.include_child_accounts or not sold.is_below


def _orders_below(
    edges: Any, path: str, ids: set[Any], *, since: date, until: date
) -> dict[UUID, list[Sold]]:
    rows = edges.objects.filter(
        ancestor__in=ids, **{f"{path}__date__gte": since, f"{path}__date__lte": until}
    )
    is_below = Case(When(depth=0, then=Value(False)), default=Value(True))
    keys = ("ancestor_id", f"{path}__date", f"{path}__product__category", f"{path}__currency", "below")
    groups = rows.annotate(below=is_below).order_by().values_list(*keys)
    sold: dict[UUID, list[Sold]] = defaultdict(list)
    for account_id, day, category_id, currency, below, amount in groups.annotate(
        sum=ExactSum(f"{path}__amount", places=MoneyField.decimal_places)
    ):
        sold[account_id].append(Sold(day, category_id, currency, bool(below), amount))
    return sold


class Converter:
    """Amounts of some currencies in another, at the rate of their day, exactly; None without a rate."""

    def __init__(self, currencies: Iterable[str]) -> None:
        self.rates = Rates(currencies)

    def exact(self, sold: Sold, currency: str) -> Fraction | None:
        if sold.currency == currency:
            return Fraction(sold.amount)
        own, wanted = self.rates.on(sold.currency, sold.day), self.rates.on(currency, sold.day)
        if own is None or wanted is None:
            return None
        return Fraction(sold.amount) * Fraction(own) / Fraction(wanted)


def as_decimal(value: Fraction, currency: str) -> Decimal:
    """Rounded once, half up, to the minor unit."""
    with localcontext(prec=80):
        return round_money(Decimal(value.numerator) / value.denominator, currency)


def last_year_orders(lines: Sequence[TargetLine]) -> dict[Any, Decimal]:
    """By line: what was sold in the same days a year before, of its category and those below.

    Orders without a rate on their day are left out. The lines come with their plans.
    """
    if not lines:
        return {}
    spans = {line.pk: policies.days_last_year(*line.days) for line in lines}
    since, until = min(start for start, _end in spans.values()), max(end for _start, end in spans.values())
    sold = orders_for((line.plan for line in lines), since=since, until=until)
    currencies = {row.currency for rows in sold.values() for row in rows}
    converter = Converter(currencies | {line.plan.currency for line in lines} if currencies else ())
    parents = parents_of_categories()
    totals = {}
    for line in lines:
        start, end = spans[line.pk]
        total = Fraction(0)
        subject_id: Any = line.plan.territory_id or line.plan.account_id
        for row in sold.get(subject_id, ()):
            counts = start <= row.day <= end and counts_for(line.plan, row)
            if counts and lies_below(row.category_id, line.category_id, parents):
                total += converter.exact(row, line.plan.currency) or 0
        totals[line.pk] = as_decimal(total, line.plan.currency)
    return totals


@dataclass(frozen=True)
class LastYear:
    """The sales a target grows from: computed from orders, or corrected by hand, which is said."""

    from_orders: Decimal
    entered: Decimal | None

    @property
    def amount(self) -> Decimal:
        return self.from_orders if self.entered is None else self.entered

    @property
    def is_entered(self) -> bool:
        return self.entered is not None


def last_year_of(lines: Sequence[TargetLine]) -> dict[Any, LastYear]:
    orders = last_year_orders(lines)
    return {line.pk: LastYear(orders[line.pk], line.last_year_entered) for line in lines}
