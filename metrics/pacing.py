"""A target against the part of its season that is over, and whose season that is (domain.md, Pace).

The season's curve is the account's own orders of three years, month by month; with less than twelve
months with sales the company's; else every day counts the same. The years end before the target's
period begins, so that nothing is measured by what it changes itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db.models.functions import TruncMonth
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.models import Order
from kam.core.aggregates import ExactSum
from kam.core.fields import MoneyField
from metrics import policies, seasons
from metrics.seasons import BY_DAYS, Curve, Month
from plans.actuals import Converter, Scope, Sold, as_decimal, orders_in
from plans.models.targets import lies_below, parents_of_categories


@dataclass(frozen=True)
class Pace:
    """How a target stands at the end of a day. `expected` and `state` are None without a target."""

    start: date
    end: date
    today: date
    currency: str
    target: Decimal | None
    actual: Decimal
    curve: Curve

    @cached_property
    def share(self) -> Fraction:
        """Of the season that is over."""
        return self.curve.share(self.start, self.end, until=self.today)

    @property
    def share_percent(self) -> Decimal:
        return policies.tenth(self.share * 100)

    @property
    def exactly_expected(self) -> Fraction | None:
        return None if self.target is None else Fraction(self.target) * self.share

    @property
    def expected(self) -> Decimal | None:
        return None if self.exactly_expected is None else as_decimal(self.exactly_expected, self.currency)

    @property
    def percent(self) -> Decimal | None:
        """Actual ÷ expected."""
        return policies.percent_of(self.actual, self.expected)

    @property
    def done_percent(self) -> Decimal | None:
        """Actual ÷ target."""
        return policies.percent_of(self.actual, self.target)

    @property
    def state(self) -> str | None:
        return policies.pace_state(
            actual=self.actual,
            target=self.target,
            share=self.share,
            is_begun=self.start <= self.today,
        )

    @property
    def remaining(self) -> Decimal | None:
        return policies.remaining_target(sales_target=self.target, won_revenue=self.actual)

    @cached_property
    def months_left(self) -> Fraction:
        return seasons.months_left(self.start, self.end, today=self.today)

    @property
    def needed_per_month(self) -> Decimal | None:
        """What is missing, spread evenly over what is left of the period; None when it is over."""
        if self.remaining is None or not self.months_left:
            return None
        return as_decimal(Fraction(self.remaining) / self.months_left, self.currency)


SUBJECTS = {"account": gettext_lazy("The account"), "territory": gettext_lazy("The territory")}


@dataclass(frozen=True)
class Season:
    """A curve, and how many months with sales each history had that was asked for it: its own one first."""

    curve: Curve
    sales_months: dict[str, int]
    of_products: bool = False  # the orders of some products alone

    @property
    def reason(self) -> str:
        """Why this curve, in words."""
        limit = " " + _("Only orders of the plan's products count.") if self.of_products else ""
        return self._why() + limit

    def _why(self) -> str:
        own_source, own_months = next(iter(self.sales_months.items()))
        facts = {"subject": SUBJECTS[own_source], "months": own_months}
        if self.curve.source == own_source:
            return _("%(subject)s's own orders of three years: %(months)s months with sales.") % facts
        own = (
            _("%(subject)s had sales in %(months)s of the 36 months before: at least 12 are needed.") % facts
        )
        if own_months >= seasons.ENOUGH_MONTHS:
            own = _("%(subject)s never had sales in these months of the year.") % facts
        if self.curve.source == "company":
            return own + " " + _("So the season is that of the whole company.")
        return own + " " + _("The company's orders do not say more. So every day counts the same.")


class Span(NamedTuple):
    """A stretch of time of an account (or a territory) whose season is asked for."""

    scope: Scope
    currency: str
    start: date
    end: date


class Histories:
    """Three years of orders before each of some spans, and only if need be those of the company.

    In a fixed number of statements, however many spans.
    """

    def __init__(self, spans: Iterable[Span], *, today: date) -> None:
        self.today = today
        self.spans = list(spans)
        days = [seasons.history_span(span.start, today) for span in self.spans]
        self.since = min((since for since, _until in days), default=today)
        self.until = max((until for _since, until in days), default=today)
        self._own = orders_in((span.scope for span in self.spans), since=self.since, until=self.until)
        self._found: dict[tuple[str, Span], dict[tuple[Month, UUID | None], Fraction]] = {}
        found = {row.currency for rows in self._own.values() for row in rows}
        wanted = {span.currency for span in self.spans}
        self._converter = Converter(found | wanted if len(found | wanted) > 1 and found else ())

    @cached_property
    def parents(self) -> Any:
        return parents_of_categories()

    @cached_property
    def company(self) -> tuple[list[Sold], Converter]:
        with_products = any(span.scope.products is not None for span in self.spans)
        rows = company_months(self.since, self.until, with_products=with_products)
        return rows, converter_to(settings.COMPANY_CURRENCY, rows)

    def season(
        self,
        span: Span,
        *,
        category_id: UUID | None = None,
        start: date | None = None,
        end: date | None = None,
    ) -> Season:
        """The first history that says enough of these days (all of the span's)."""
        start, end = start or span.start, end or span.end
        months: dict[str, int] = {}
        for source in ("territory" if span.scope.territory_id else "account", "company"):
            sold = self._by_month(source, span, category_id)
            months[source] = seasons.months_with_sales(sold)
            curve = seasons.curve_of(source, sold, start=start, end=end)
            if curve is not None:
                return Season(curve, months, span.scope.products is not None)
        return Season(BY_DAYS, months, span.scope.products is not None)

    def _by_month(self, source: str, span: Span, category_id: UUID | None) -> dict[Month, Fraction]:
        """What was sold of a category and those below it, or of all."""
        if (source, span) not in self._found:
            self._found[source, span] = self._converted(source, span)
        sold: dict[Month, Fraction] = defaultdict(Fraction)
        for (month, of_category), amount in self._found[source, span].items():
            if category_id is None or lies_below(of_category, category_id, self.parents):
                sold[month] += amount
        return sold

    def _converted(self, source: str, span: Span) -> dict[tuple[Month, UUID | None], Fraction]:
        """By month and category."""
        if source != "company":
            rows, converter, currency = self._own[span.scope], self._converter, span.currency
        else:
            (rows, converter), currency = self.company, settings.COMPANY_CURRENCY
        since, until = seasons.history_span(span.start, self.today)
        products = span.scope.products
        sold: dict[tuple[Month, UUID | None], Fraction] = defaultdict(Fraction)
        for row in rows:
            is_of = products is None or row.product_id in products
            if is_of and since <= row.day <= until:
                month = row.day.year, row.day.month
                sold[month, row.category_id] += converter.exact(row, currency) or 0
        return sold


def converter_to(currency: str, rows: Iterable[Sold]) -> Converter:
    """With the rates that these rows need, in one statement, or in none."""
    others = {row.currency for row in rows} - {currency}
    return Converter(others | {currency} if others else ())


def company_months(since: date, until: date, *, with_products: bool = False) -> list[Sold]:
    """All orders by month, category and currency; converted at the rate of the month's first day."""
    orders = Order.objects.unscoped("the season of the whole company").filter(
        date__gte=since, date__lte=until
    )
    keys = ["month", "product__category", "currency", *(["product"] if with_products else [])]
    groups: Any = orders.annotate(month=TruncMonth("date")).order_by().values_list(*keys)
    groups = groups.annotate(sum=ExactSum("amount", places=MoneyField.decimal_places))
    return [
        Sold(month, category_id, currency, False, amount, *product)
        for month, category_id, currency, *product, amount in groups
    ]
