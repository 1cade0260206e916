"""Whether a plan keeps pace: what should be sold by now with the season in it, and what is (domain.md, Pace).

The season's curve is the account's own orders of three years, month by month; with less than twelve
months with sales the company's; else every day counts the same. The same for each target line, with
the orders of its category.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models.functions import TruncMonth
from django.utils.translation import gettext as _

from crm.models import OpportunityLine, Order, RevenueSchedule
from kam.core.aggregates import ExactSum
from kam.core.fields import MoneyField
from metrics import operations, policies, seasons
from metrics.models import PlanKPI
from metrics.records import counted_records
from metrics.seasons import BY_DAYS, Curve, Month
from plans.actuals import Converter, Sold, as_decimal, orders_of
from plans.enums import PlanStatus
from plans.models import AccountPlan, TargetLine
from plans.models.targets import lies_below, parents_of_categories
from plans.targeting import lines_of
from templates_app.enums import RevenueBasis

REASON = "the pace of a plan that was loaded through the gate counts all its records"
NOTHING = Decimal(0)
MOST_DAYS = 3_660  # of a plan whose months are told one by one


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
    def expected(self) -> Decimal | None:
        return None if self.target is None else as_decimal(Fraction(self.target) * self.share, self.currency)

    @property
    def percent(self) -> Decimal | None:
        """Actual ÷ expected."""
        return policies.percent_of(self.actual, self.expected)

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


@dataclass(frozen=True)
class PlanPace:
    """The pace of a plan, of its months and of its target lines, and why this curve."""

    plan: AccountPlan
    kpi: PlanKPI
    is_fresh: bool
    pace: Pace
    sales_months: dict[str, int]  # how many months with sales each history had
    months: list[MonthPace]
    lines: list[LinePace] = field(default_factory=list)

    @property
    def reason(self) -> str:
        return reason_of(self.pace.curve, self.sales_months)


def reason_of(curve: Curve, sales_months: dict[str, int]) -> str:
    """Why this curve, in words."""
    if curve.source == "account":
        return _("The account's own orders of three years: %(months)s months with sales.") % {
            "months": sales_months["account"]
        }
    own = _("The account had sales in %(months)s of the 36 months before: at least 12 are needed.") % {
        "months": sales_months["account"]
    }
    if sales_months["account"] >= seasons.ENOUGH_MONTHS:
        own = _("The account never had sales in these months of the year.")
    if curve.source == "company":
        return own + " " + _("So the season is that of the whole company.")
    return own + " " + _("The company's orders do not say more. So every day counts the same.")


# --- The curve ----------------------------------------------------------------------------------
class Histories:
    """Three years of orders, of the account and, only if need be, of the company."""

    def __init__(self, plan: AccountPlan, *, today: date) -> None:
        self.plan = plan
        self.since, self.until = seasons.history_span(plan.start_date, today)
        self.parents = parents_of_categories()
        sold = orders_of([plan.account_id], since=self.since, until=self.until).get(plan.account_id, [])
        self.own = [row for row in sold if plan.include_child_accounts or not row.is_below]
        self._converter = converter_to(plan.currency, self.own)

    @cached_property
    def company(self) -> tuple[list[Sold], Converter]:
        rows = _company_months(self.since, self.until)
        return rows, converter_to(settings.COMPANY_CURRENCY, rows)

    def curve(self, *, category_id: UUID | None, start: date, end: date) -> tuple[Curve, dict[str, int]]:
        """The first that says enough, and how many months with sales each of those asked had."""
        months: dict[str, int] = {}
        for source in ("account", "company"):
            sold = self._by_month(source, category_id)
            months[source] = seasons.months_with_sales(sold)
            curve = seasons.curve_of(source, sold, start=start, end=end)
            if curve is not None:
                return curve, months
        return BY_DAYS, months

    def _by_month(self, source: str, category_id: UUID | None) -> dict[Month, Fraction]:
        if source == "account":
            rows, converter, currency = self.own, self._converter, self.plan.currency
        else:
            (rows, converter), currency = self.company, settings.COMPANY_CURRENCY
        sold: dict[Month, Fraction] = defaultdict(Fraction)
        for row in rows:
            if lies_below(row.category_id, category_id, self.parents):
                sold[row.day.year, row.day.month] += converter.exact(row, currency) or 0
        return sold


def converter_to(currency: str, rows: Iterable[Sold]) -> Converter:
    """With the rates that these rows need, in one statement, or in none."""
    others = {row.currency for row in rows} - {currency}
    return Converter(others | {currency} if others else ())


def _company_months(since: date, until: date) -> list[Sold]:
    """All orders by month, category and currency; converted at the rate of the month's first day."""
    orders = Order.objects.unscoped("the season of the whole company").filter(
        date__gte=since, date__lte=until
    )
    groups: Any = (
        orders.annotate(month=TruncMonth("date"))
        .order_by()
        .values_list("month", "product__category", "currency")
    )
    groups = groups.annotate(sum=ExactSum("amount", places=MoneyField.decimal_places))
    return [
        Sold(month, category_id, currency, False, amount) for month, category_id, currency, amount in groups
    ]


# --- What was sold ------------------------------------------------------------------------------
def won_by_category(plan: AccountPlan) -> list[Sold]:
    """What was won in the plan's period by day and category: the parts of deals, schedules or orders, by its basis.

    A deal without lines belongs to no category.
    """
    if plan.status == PlanStatus.CANCELLED:
        return []
    if plan.revenue_basis == RevenueBasis.ORDER:
        sold = orders_of([plan.account_id], since=plan.start_date, until=plan.end_date).get(
            plan.account_id, []
        )
        return [row for row in sold if plan.include_child_accounts or not row.is_below]
    is_scheduled = plan.revenue_basis == RevenueBasis.SCHEDULE
    model: Any = RevenueSchedule if is_scheduled else OpportunityLine
    line, day = ("line__", "date") if is_scheduled else ("", "opportunity__close_date")
    deal = f"{line}opportunity__"
    edge = f"{deal}account__edges_up"
    own = {} if plan.include_child_accounts else {f"{edge}__depth": 0}
    rows = model.objects.unscoped(REASON).filter(
        **{f"{edge}__ancestor": plan.account_id, f"{deal}stage__is_won": True},
        **{f"{day}__gte": plan.start_date, f"{day}__lte": plan.end_date},
        **own,
    )
    groups = rows.order_by().values_list(day, f"{line}product__category", f"{deal}currency")
    groups = groups.annotate(sum=ExactSum("amount", places=MoneyField.decimal_places))
    return [Sold(on, category_id, currency, False, amount) for on, category_id, currency, amount in groups]


def _sum(rows: Iterable[Sold], currency: str, converter: Converter) -> Decimal:
    total = sum((converter.exact(row, currency) or Fraction(0) for row in rows), Fraction(0))
    return as_decimal(total, currency)


# --- The pace of a plan -------------------------------------------------------------------------
def pace_of(plan: AccountPlan, *, today: date) -> PlanPace:
    """The pace of a plan that was loaded through the gate, with its months and target lines."""
    kpi, is_fresh = operations.fresh_kpi(plan)
    by_day: dict[date, Fraction] = defaultdict(Fraction)
    for record in counted_records(plan, "won_revenue"):
        by_day[record.date] += Fraction(record.contribution or NOTHING)
    histories = Histories(plan, today=today)
    curve, sales_months = histories.curve(category_id=None, start=plan.start_date, end=plan.end_date)
    actual = kpi.won_revenue if kpi.is_known else NOTHING
    pace = Pace(plan.start_date, plan.end_date, today, plan.currency, kpi.sales_target, actual, curve)
    months = list(_months(pace, by_day))
    lines = _lines(plan, by_day, histories, today)
    return PlanPace(plan, kpi, is_fresh, pace, sales_months, months, lines)


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


def _lines(
    plan: AccountPlan, by_day: dict[date, Fraction], histories: Histories, today: date
) -> list[LinePace]:
    lines = lines_of(plan)
    sold = won_by_category(plan) if any(line.category_id for line in lines) else []
    converter = converter_to(plan.currency, sold)
    curves: dict[Any, Curve] = {}
    found = []
    for line in lines:
        start, end = line.days
        if line.category_id is None:
            total = sum((amount for day, amount in by_day.items() if start <= day <= end), Fraction(0))
            actual = as_decimal(total, plan.currency)
        else:
            rows = (
                row
                for row in sold
                if start <= row.day <= end
                and lies_below(row.category_id, line.category_id, histories.parents)
            )
            actual = _sum(rows, plan.currency, converter)
        key = (line.category_id, start, end)
        if key not in curves:
            curves[key] = histories.curve(category_id=line.category_id, start=start, end=end)[0]
        found.append(LinePace(line, Pace(start, end, today, plan.currency, line.target, actual, curves[key])))
    return found
