"""What was really sold: orders of earlier years, by category and day, in the currency of a plan."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Case, Value, When

from crm.models import AccountEdge, TerritoryEdge
from crm.rates import Rates
from kam.core.aggregates import ExactSum
from kam.core.fields import MoneyField
from kam.core.money import round_money
from plans import policies
from plans.models import AccountPlanProduct, Plan, TargetLine
from plans.models.targets import lies_below, parents_of_categories

ORDERS = "descendant__orders"
TERRITORY_ORDERS = "descendant__accounts__orders"
REASON = "what a plan counts is no secret of its numbers"


class Scope(NamedTuple):
    """Whose orders are meant: of an account and those below it, or of a territory; of some products alone."""

    account_id: Any = None
    territory_id: Any = None
    includes_below: bool = True
    products: frozenset[UUID] | None = None


def scopes_of(plans: Iterable[Plan]) -> dict[UUID, Scope]:
    """By plan: the orders that it is about. In one statement, or two where some of them name products."""
    by_id = {plan.pk: plan for plan in plans}
    products = AccountPlanProduct.objects.unscoped(REASON).filter(plan__in=by_id).products_by_plan()
    return {
        pk: Scope(
            plan.account_id,
            plan.territory_id,
            plan.is_of_territory or plan.include_child_accounts,
            products.get(pk),
        )
        for pk, plan in by_id.items()
    }


@dataclass(frozen=True)
class Sold:
    """The orders of one day, category and currency; `is_below`: of accounts below the one that was asked for.

    `product_id` is told where it was asked for, too.
    """

    day: date
    category_id: UUID | None
    currency: str
    is_below: bool
    amount: Decimal
    product_id: UUID | None = None


def orders_in(scopes: Iterable[Scope], *, since: date, until: date) -> dict[Scope, list[Sold]]:
    """The orders of each, in one statement for accounts and one for territories."""
    wanted = set(scopes)
    with_products = any(scope.products is not None for scope in wanted)
    sold: dict[Any, list[Sold]] = {}
    for edges, path, ids in (
        (AccountEdge, ORDERS, {scope.account_id for scope in wanted} - {None}),
        (TerritoryEdge, TERRITORY_ORDERS, {scope.territory_id for scope in wanted} - {None}),
    ):
        if ids:
            sold |= _orders_below(edges, path, ids, since, until, with_products)
    return {
        scope: [row for row in sold.get(scope.territory_id or scope.account_id, ()) if _is_in(row, scope)]
        for scope in wanted
    }


def _is_in(row: Sold, scope: Scope) -> bool:
    is_named = scope.products is None or row.product_id in scope.products
    return is_named and (scope.includes_below or not row.is_below)


def _orders_below(
    edges: Any, path: str, ids: set[Any], since: date, until: date, with_products: bool
) -> dict[UUID, list[Sold]]:
    rows = edges.objects.filter(
        ancestor__in=ids, **{f"{path}__date__gte": since, f"{path}__date__lte": until}
    )
    is_below = Case(When(depth=0, then=Value(False)), default=Value(True))
    keys = ["ancestor_id", f"{path}__date", f"{path}__product__category", f"{path}__currency", "below"]
    keys += [f"{path}__product"] if with_products else []
    groups = rows.annotate(below=is_below).order_by().values_list(*keys)
    sold: dict[UUID, list[Sold]] = defaultdict(list)
    for subject_id, day, category_id, currency, below, *product, amount in groups.annotate(
        sum=ExactSum(f"{path}__amount", places=MoneyField.decimal_places)
    ):
        sold[subject_id].append(Sold(day, category_id, currency, bool(below), amount, *product))
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

    Of a plan that names products, these alone. Orders without a rate on their day are left out. The lines
    come with their plans.
    """
    if not lines:
        return {}
    spans = {line.pk: policies.days_last_year(*line.days) for line in lines}
    since, until = min(start for start, _end in spans.values()), max(end for _start, end in spans.values())
    scopes = scopes_of(line.plan for line in lines)
    sold = orders_in(scopes.values(), since=since, until=until)
    currencies = {row.currency for rows in sold.values() for row in rows}
    converter = Converter(currencies | {line.plan.currency for line in lines} if currencies else ())
    parents = parents_of_categories()
    totals = {}
    for line in lines:
        start, end = spans[line.pk]
        total = Fraction(0)
        for row in sold[scopes[line.plan_id]]:
            if start <= row.day <= end and lies_below(row.category_id, line.category_id, parents):
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
