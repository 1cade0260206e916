"""The revenue of a plan, or of an account without one: years before, the period by month, what is open.

In one currency, at the rate of each record's day. A plan's sums count all its records, as its numbers do;
an account's only those that the reader may open. What is named, deal by deal, the reader may open in any case.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Q

from crm.models import Account, Opportunity
from crm.rates import Rates
from kam.core.transactions import read_snapshot
from kam.users.models import User
from metrics import policies, seasons
from metrics.pace import PlanPace, pace_of
from metrics.pipeline import Deal, Pipeline, by_month, deals_of, pipeline_of, seen_of, weighted_of
from metrics.record_rows import PlanRecord, named_products
from metrics.records import counted_records
from metrics.sales_history import (
    LeftOut,
    Sale,
    SalesHistory,
    history_of,
    left_out_by_currency,
    sales_of,
    years_until,
)
from plans.actuals import as_decimal
from plans.models import AccountPlan

SHOWN_DEALS = 10
SHOWN_SLIPPED = 20


@dataclass(frozen=True)
class RevenueMonth:
    """A month of the period. `won`: by the plan's basis; of an account the deals that were won."""

    first: date
    last: date
    target: Decimal | None  # by the season
    won: Decimal
    ordered: Decimal | None
    a_year_before: Decimal | None  # ordered in the same month
    open: Decimal
    weighted: Decimal

    def is_over(self, today: date) -> bool:
        return self.first <= today


@dataclass(frozen=True)
class NamedDeals:
    """The first of some deals that the reader may open; `hidden_count` of all they may not."""

    deals: list[Deal]
    seen_count: int
    hidden_count: int

    @property
    def more_count(self) -> int:
        return self.seen_count - len(self.deals)


@dataclass(frozen=True)
class Revenue:
    """`found` and `plan` are those of a plan; `account` is given where there is none."""

    currency: str
    start: date
    end: date
    today: date
    history: SalesHistory
    months: list[RevenueMonth]
    pipeline: Pipeline
    largest: NamedDeals
    slipped: NamedDeals
    plan: AccountPlan | None = None
    found: PlanPace | None = None
    account: Account | None = None
    includes_below: bool = True
    has_products: bool = False  # the plan names products, and counts nothing else
    not_converted: list[LeftOut] = field(default_factory=list)  # open and won deals

    @property
    def not_converted_count(self) -> int:
        """Deals without a rate, whose page says which they are."""
        if self.found is not None:
            return self.found.kpi.not_converted_count
        return sum(row.count for row in self.not_converted)

    @property
    def is_empty(self) -> bool:
        sums = (self.history.is_empty, not self.pipeline.total.count, not any(m.won for m in self.months))
        return all(sums) and not self.history.left_out and not self.not_converted_count


def plan_revenue(
    plan: AccountPlan, *, user: User, today: date, category_id: UUID | None = None
) -> Revenue | None:
    """Of a plan whose numbers the user may see; None where there is no such category."""
    years = years_until(plan.start_date, plan.end_date, today=today)
    named = named_products(plan)
    products = named.counted_products() if named.exists() else None
    sales = sales_of(
        plan.account_id,
        includes_below=plan.include_child_accounts,
        since=years[0].first,
        until=years[-1].last,
        products=products,
        user=None,
    )
    history = history_of(sales, years=years, currency=plan.currency, category_id=category_id)
    if history is None:
        return None
    found = pace_of(plan, today=today)
    opened, won = counted_records(plan, "pipeline"), counted_records(plan, "won_revenue")
    ordered = history if category_id is None else history_of(sales, years=years, currency=plan.currency)
    months = _months(
        [(month.first, month.last, month.expected, month.actual) for month in found.months],
        opened,
        ordered,
        plan.currency,
    )
    return Revenue(
        plan.currency,
        plan.start_date,
        plan.end_date,
        today,
        history,
        months,
        pipeline_of(opened, currency=plan.currency, start=plan.start_date, end=plan.end_date, today=today),
        *_named([*opened, *won], plan.currency, user, today),
        plan=plan,
        found=found,
        includes_below=plan.include_child_accounts,
        has_products=products is not None,
    )


def account_revenue(
    account: Account, *, user: User, today: date, includes_below: bool = True, category_id: UUID | None = None
) -> Revenue | None:
    """Of the calendar year, in the account's currency or else the company's."""
    currency = account.currency or settings.COMPANY_CURRENCY
    start, end = date(today.year, 1, 1), date(today.year, 12, 31)
    years = years_until(start, end, today=today)
    with read_snapshot():
        sales = sales_of(
            account.pk,
            includes_below=includes_below,
            since=years[0].first,
            until=years[-1].last,
            user=user,
        )
        records = account_records(account, user, currency, includes_below, start=start, end=end)
    history = history_of(sales, years=years, currency=currency, category_id=category_id)
    if history is None:
        return None
    ordered = history if category_id is None else history_of(sales, years=years, currency=currency)
    known = [record for record in records if record.contribution is not None]
    opened = [record for record in known if record.is_open]
    won = [record for record in known if not record.is_open]
    sold = by_month(won)
    spans = [
        (first, last, None, _sum(sold.get((first.year, first.month), ()), currency))
        for first, last in seasons.months_of(start, end)
    ]
    lost = [record for record in records if record.contribution is None]
    return Revenue(
        currency,
        start,
        end,
        today,
        history,
        _months(spans, opened, ordered, currency),
        pipeline_of(opened, currency=currency, start=today.replace(day=1), end=None, today=today),
        *_named(known, currency, user, today),
        account=account,
        includes_below=includes_below,
        not_converted=left_out_by_currency(
            Sale(record.date, None, record.currency, False, record.amount, count=1) for record in lost
        ),
    )


def account_records(
    account: Account, user: User, currency: str, includes_below: bool, *, start: date, end: date
) -> list[PlanRecord]:
    """Deals that are open, or won in the period, as far as the user may open them; `factor` None without a rate."""
    rows = Opportunity.objects.visible_to(user).filter(account__edges_up__ancestor=account)
    if not includes_below:
        rows = rows.filter(account=account)
    won = Q(stage__is_won=True, close_date__gte=start, close_date__lte=end)
    columns = (
        "pk",
        "name",
        "account_id",
        "account__name",
        "close_date",
        "stage__name",
        "stage__is_closed",
        "probability",
        "amount",
        "currency",
    )
    found = list(rows.filter(Q(stage__is_closed=False) | won).order_by().values_list(*columns, named=True))
    others = {row.currency for row in found} - {currency}
    rates = Rates(others | {currency} if others else ())
    return [_record(row, currency, rates) for row in found]


def _record(row: Any, currency: str, rates: Rates) -> PlanRecord:
    factor: Decimal | None = Decimal(1)
    if row.currency != currency:
        own, wanted = rates.on(row.currency, row.close_date), rates.on(currency, row.close_date)
        factor = policies.cross_rate(own, wanted) if own is not None and wanted is not None else None
    with localcontext(prec=80):
        contribution = None if factor is None else row.amount * factor
    return PlanRecord(
        kind="opportunity",
        id=row.pk,
        opportunity_id=row.pk,
        name=row.name,
        account_id=row.account_id,
        account_name=row.account__name,
        date=row.close_date,
        stage=row.stage__name,
        is_open=not row.stage__is_closed,
        probability=row.probability,
        amount=row.amount,
        counted=row.amount,
        currency=row.currency,
        factor=factor,
        contribution=contribution,
        reason="not_converted" if factor is None else "",
    )


def _months(
    spans: Iterable[tuple[date, date, Decimal | None, Decimal]],
    opened: Sequence[PlanRecord],
    ordered: SalesHistory | None,
    currency: str,
) -> list[RevenueMonth]:
    expected = by_month(opened)
    months = []
    for first, last, target, won in spans:
        records = expected.get((first.year, first.month), ())
        months.append(
            RevenueMonth(
                first,
                last,
                target,
                won,
                ordered.of_month(first.year, first.month) if ordered else None,
                ordered.of_month(first.year - 1, first.month) if ordered else None,
                _sum(records, currency),
                as_decimal(sum((weighted_of(record) for record in records), Fraction(0)), currency),
            )
        )
    return months


def _sum(records: Iterable[PlanRecord], currency: str) -> Decimal:
    return as_decimal(sum((Fraction(record.contribution or 0) for record in records), Fraction(0)), currency)


def _named(
    records: Sequence[PlanRecord], currency: str, user: User, today: date
) -> tuple[NamedDeals, NamedDeals]:
    """The largest, and those whose date has passed, the longest first."""
    deals = deals_of(records, currency=currency, today=today)
    seen = seen_of(deals, user)
    late = sorted((deal for deal in seen if deal.days_late), key=lambda deal: (deal.date, -deal.value))
    late_count = sum(1 for deal in deals if deal.days_late)
    return (
        NamedDeals(seen[:SHOWN_DEALS], len(seen), len(deals) - len(seen)),
        NamedDeals(late[:SHOWN_SLIPPED], len(late), late_count - len(late)),
    )
