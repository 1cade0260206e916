"""What was ordered in the years before, by category and month: of a plan's accounts, or of an account.

A plan counts all orders of its accounts, as its numbers do; an account's page only those that its reader
may open. Amounts are converted at the rate of their day; without a rate they are left out, and listed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Any
from uuid import UUID

from django.db.models import Count, QuerySet
from django.utils.translation import gettext as _

from crm.models import Order, ProductCategory
from kam.core.aggregates import ExactSum
from kam.core.fields import MoneyField
from kam.users.models import User
from metrics import policies, seasons
from metrics.pacing import converter_to
from plans.actuals import Sold, as_decimal
from plans.policies import days_last_year

MOST_YEARS = 6
REASON = "what a plan's accounts ordered counts all of it, seen or not"


@dataclass(frozen=True)
class Sale(Sold):
    """The orders of one day, category and currency, and how many they are."""

    count: int = 0


@dataclass(frozen=True)
class LeftOut:
    """Records of one currency that could not be converted."""

    currency: str
    count: int
    amount: Decimal
    first: date
    last: date


@dataclass(frozen=True)
class Year:
    """Twelve months; `last` is earlier where not all of it is over."""

    first: date
    last: date
    is_whole: bool

    @property
    def label(self) -> str:
        if self.first.month == 1:
            return str(self.first.year)
        return f"{self.first.year}/{(self.first.year + 1) % 100:02d}"


@dataclass(frozen=True)
class CategoryHistory:
    """One category with those below it, or all (`category_id` None); `is_rest`: what lies in none of the others."""

    category_id: UUID | None
    name: str
    has_below: bool
    months: list[Decimal]
    years: list[Decimal]
    a_year_before: Decimal  # the days of the last year, a year earlier
    is_rest: bool = False

    def change(self, place: int) -> Decimal | None:
        """Of a whole year over the one before, in percent; None over nothing."""
        before = self.years[place - 1] if place else Decimal(0)
        return _change(self.years[place], before)

    @property
    def latest_change(self) -> Decimal | None:
        """Of the last year over the same days a year earlier."""
        return _change(self.years[-1], self.a_year_before)


def _change(now: Decimal, before: Decimal) -> Decimal | None:
    return policies.percent_of(now - before, before) if before > 0 else None


@dataclass(frozen=True)
class SalesHistory:
    currency: str
    years: list[Year]
    months: list[tuple[date, date]]
    total: CategoryHistory
    categories: list[CategoryHistory]
    left_out: list[LeftOut]
    top: ProductCategory | None  # whose parts the categories are; None: the whole catalogue

    @property
    def is_empty(self) -> bool:
        return not any(self.total.months) and not self.categories

    def of_month(self, year: int, month: int) -> Decimal | None:
        """All that was ordered in it; None for a month that is not told."""
        return self._by_month.get((year, month))

    @cached_property
    def _by_month(self) -> dict[tuple[int, int], Decimal]:
        months = ((first.year, first.month) for first, _last in self.months)
        return dict(zip(months, self.total.months, strict=True))


def sales_of(
    account_ids: QuerySet,
    *,
    since: date,
    until: date,
    products: QuerySet | None = None,
    user: User | None,
) -> list[Sale]:
    """Of these accounts by day, category and currency, in one statement; those that `user` may open, or all for None.

    Of `products` alone, if they are given.
    """
    orders = Order.objects.unscoped(REASON) if user is None else Order.objects.visible_to(user)
    orders = orders.filter(account__in=account_ids, date__gte=since, date__lte=until)
    if products is not None:
        orders = orders.filter(product__in=products.values("pk"))
    groups: Any = orders.order_by().values_list("date", "product__category", "currency")
    groups = groups.annotate(sum=ExactSum("amount", places=MoneyField.decimal_places), count=Count("pk"))
    return [
        Sale(day, category, currency, False, amount, count=count)
        for day, category, currency, amount, count in groups
    ]


def years_until(start: date, end: date, *, today: date) -> list[Year]:
    """The three years before a period that begins with its month, and what is over of the period itself.

    Of a period still to come: before the year that runs today.
    """
    anchor = start.replace(day=1)
    if anchor > today:
        anchor = anchor.replace(year=today.year - ((today.month, today.day) < (anchor.month, 1)))
    before = seasons.HISTORY_MONTHS // 12
    first = anchor.replace(year=max(anchor.year, before + 1) - before)
    until = min(end, today)
    years: list[Year] = []
    while len(years) < before or first <= until:
        next_first = first.replace(year=first.year + 1)
        last = next_first - timedelta(days=1)
        is_whole = len(years) < before or last <= until
        years.append(Year(first, last if is_whole else until, is_whole))
        first = next_first
    return years[-MOST_YEARS:]


class _Catalogue:
    """The categories, and in which part of the catalogue a sale belongs."""

    def __init__(self, top_id: UUID | None) -> None:
        rows = ProductCategory.objects.only("name", "parent_id")
        self.by_id: dict[Any, ProductCategory] = {row.pk: row for row in rows}
        self.top_id = top_id

    @cached_property
    def parents(self) -> set[Any]:
        return {row.parent_id for row in self.by_id.values()}

    def skip_the_only_part(self, sales: Iterable[Sale]) -> None:
        """Where everything lies in one part of the catalogue, its own parts say more."""
        sold = {sale.category_id for sale in sales}
        while len(parts := {self.part_of(category_id)[1] for category_id in sold}) == 1:
            (part,) = parts
            if part is None or part in sold or part not in self.parents:
                return
            self.top_id = part

    def part_of(self, category_id: UUID | None) -> tuple[bool, UUID | None]:
        """Whether it lies below the top, and in which part directly below; None: in the top itself."""
        part: UUID | None = None
        seen = category_id
        while seen is not None and seen != self.top_id:
            part, seen = seen, self.by_id[seen].parent_id
        return seen == self.top_id, part


def history_of(
    sales: Sequence[Sale], *, years: Sequence[Year], currency: str, category_id: UUID | None = None
) -> SalesHistory | None:
    """None where there is no such category. In two statements at most."""
    catalogue = _Catalogue(category_id)
    if category_id is not None and category_id not in catalogue.by_id:
        return None
    if category_id is None:
        catalogue.skip_the_only_part(sales)
    converter = converter_to(currency, sales)
    by_part: dict[UUID | None, dict[date, Fraction]] = defaultdict(lambda: defaultdict(Fraction))
    left_out = []
    for sale in sales:
        is_below, part = catalogue.part_of(sale.category_id)
        if not is_below:
            continue
        amount = converter.exact(sale, currency)
        if amount is None:
            left_out.append(sale)
        else:
            by_part[part][sale.day] += amount
    months = [month for year in years for month in seasons.months_of(year.first, year.last)]
    frame = _Frame(list(years), months, currency)
    every: dict[date, Fraction] = defaultdict(Fraction)
    for days in by_part.values():
        for day, amount in days.items():
            every[day] += amount
    parts = [
        frame.told(part, _name_of(part, catalogue), part in catalogue.parents, days, is_rest=part is None)
        for part, days in by_part.items()
    ]
    parts = [part for part in parts if any(part.months)]
    parts.sort(key=lambda part: (part.is_rest, -sum(part.years), part.name))
    top = catalogue.by_id.get(category_id)
    total = frame.told(category_id, top.name if top else _("All categories"), True, every)
    return SalesHistory(currency, list(years), months, total, parts, left_out_by_currency(left_out), top)


def _name_of(part: UUID | None, catalogue: _Catalogue) -> str:
    if part is not None:
        return catalogue.by_id[part].name
    return _("Without a category") if catalogue.top_id is None else _("Directly in it")


@dataclass(frozen=True)
class _Frame:
    years: list[Year]
    months: list[tuple[date, date]]
    currency: str

    def told(
        self,
        category_id: UUID | None,
        name: str,
        has_below: bool,
        days: dict[date, Fraction],
        *,
        is_rest: bool = False,
    ) -> CategoryHistory:
        by_month: dict[tuple[int, int], Fraction] = defaultdict(Fraction)
        for day, amount in days.items():
            by_month[day.year, day.month] += amount
        latest = days_last_year(self.years[-1].first, self.years[-1].last)
        return CategoryHistory(
            category_id,
            name,
            has_below,
            [as_decimal(by_month[first.year, first.month], self.currency) for first, _last in self.months],
            [self._between(days, year.first, year.last) for year in self.years],
            self._between(days, *latest),
            is_rest,
        )

    def _between(self, days: dict[date, Fraction], first: date, last: date) -> Decimal:
        total = sum((amount for day, amount in days.items() if first <= day <= last), Fraction(0))
        return as_decimal(total, self.currency)


def left_out_by_currency(sales: Iterable[Sale]) -> list[LeftOut]:
    groups: dict[str, list[Sale]] = defaultdict(list)
    for sale in sales:
        groups[sale.currency].append(sale)
    return [
        LeftOut(
            currency,
            sum(sale.count for sale in rows),
            sum((sale.amount for sale in rows), Decimal(0)),
            min(sale.day for sale in rows),
            max(sale.day for sale in rows),
        )
        for currency, rows in sorted(groups.items())
    ]
