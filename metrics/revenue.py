"""The revenue of a plan, or of an account without one: years before, the period by month, what is open.

In one currency, at the rate of each record's day. A plan's sums count all its records, as its numbers do;
an account's only those that the reader may open. What is named, deal by deal, the reader may open in any case.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, localcontext
from heapq import nsmallest
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Q

from crm.models import Account, AccountEdge, Opportunity
from crm.rates import Rates
from kam.core.transactions import read_snapshot
from kam.users.models import User
from metrics import policies, seasons
from metrics.amounts import EXACT, Amount, amounts_in, exact_total, openable_deals, total_of, weighted_of
from metrics.pace import PlanPace, pace_of
from metrics.pipeline import Deal, Pipeline, Standing, by_month, deals_of, pipeline_of, standings_of
from metrics.record_rows import Reader, named_products
from metrics.sales_history import (
    LeftOut,
    Sale,
    SalesHistory,
    history_of,
    left_out_by_currency,
    sales_of,
    years_until,
)
from metrics.territories import ByAccount, by_account
from plans.models import Plan

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
    """`found`, `accounts` and `plan` are those of a plan; `account` is given where there is none."""

    currency: str
    start: date
    end: date
    today: date
    history: SalesHistory
    months: list[RevenueMonth]
    pipeline: Pipeline
    largest: NamedDeals
    slipped: NamedDeals
    plan: Plan | None = None
    found: PlanPace | None = None
    accounts: ByAccount | None = None
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


def plan_revenue(plan: Plan, *, user: User, today: date, category_id: UUID | None = None) -> Revenue | None:
    """Of a plan whose numbers the user may see; None where there is no such category."""
    years = years_until(plan.start_date, plan.end_date, today=today)
    named = named_products(plan)
    products = named.counted_products() if named.exists() else None
    sales = sales_of(
        plan.accounts(),
        since=years[0].first,
        until=years[-1].last,
        products=products,
        user=None,
    )
    history = history_of(sales, years=years, currency=plan.currency, category_id=category_id)
    if history is None:
        return None
    found = pace_of(plan, today=today)
    reader = Reader(plan, "total_expected_revenue", is_excluded=False)
    amounts = amounts_in(reader)
    opened, standings = [amount for amount in amounts if amount.is_open], standings_of(amounts)
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
        *_named(standings, openable_deals(reader, user, standings), plan.currency, today),
        plan=plan,
        found=found,
        accounts=by_account(
            plan,
            user,
            won=exact_total(amount for amount in amounts if not amount.is_open),
            opened=exact_total(opened),
        ),
        includes_below=plan.is_of_territory or plan.include_child_accounts,
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
            AccountEdge.ids_below(account.pk, includes_below=includes_below),
            since=years[0].first,
            until=years[-1].last,
            user=user,
        )
        amounts, lost = account_amounts(account, user, currency, includes_below, start=start, end=end)
    history = history_of(sales, years=years, currency=currency, category_id=category_id)
    if history is None:
        return None
    ordered = history if category_id is None else history_of(sales, years=years, currency=currency)
    opened, standings = [amount for amount in amounts if amount.is_open], standings_of(amounts)
    sold = by_month(amount for amount in amounts if not amount.is_open)
    spans = [
        (first, last, None, total_of(sold.get((first.year, first.month), ()), currency))
        for first, last in seasons.months_of(start, end)
    ]
    return Revenue(
        currency,
        start,
        end,
        today,
        history,
        _months(spans, opened, ordered, currency),
        pipeline_of(opened, currency=currency, start=today.replace(day=1), end=None, today=today),
        *_named(standings, standings, currency, today),
        account=account,
        includes_below=includes_below,
        not_converted=left_out_by_currency(lost),
    )


def account_amounts(
    account: Account, user: User, currency: str, includes_below: bool, *, start: date, end: date
) -> tuple[list[Amount], list[Sale]]:
    """Deals that are open, or won in the period, as far as the user may open them; and those without a rate."""
    accounts = AccountEdge.ids_below(account.pk, includes_below=includes_below)
    rows = Opportunity.objects.visible_to(user).filter(account__in=accounts)
    won = Q(stage__is_won=True, close_date__gte=start, close_date__lte=end)
    columns = ("pk", "stage__name", "close_date", "stage__is_closed", "probability", "amount", "currency")
    found = list(rows.filter(Q(stage__is_closed=False) | won).order_by().values_list(*columns))
    others = {row[-1] for row in found} - {currency}
    rates = Rates(others | {currency} if others else ())
    amounts, left_out = [], []
    for key, stage, day, is_closed, probability, amount, money in found:
        factor = _factor(money, currency, day, rates)
        if factor is None:
            left_out.append(Sale(day, None, money, False, amount, count=1))
            continue
        with localcontext(prec=EXACT):
            amounts.append(Amount(key, stage, day, not is_closed, probability, amount * factor))
    return amounts, left_out


def _factor(money: str, currency: str, day: date, rates: Rates) -> Decimal | None:
    """One unit in the currency of the page; None without a rate."""
    if money == currency:
        return Decimal(1)
    own, wanted = rates.on(money, day), rates.on(currency, day)
    return policies.cross_rate(own, wanted) if own is not None and wanted is not None else None


def _months(
    spans: Iterable[tuple[date, date, Decimal | None, Decimal]],
    opened: Sequence[Amount],
    ordered: SalesHistory | None,
    currency: str,
) -> list[RevenueMonth]:
    expected = by_month(opened)
    months = []
    for first, last, target, won in spans:
        amounts = expected.get((first.year, first.month), ())
        months.append(
            RevenueMonth(
                first,
                last,
                target,
                won,
                ordered.of_month(first.year, first.month) if ordered else None,
                ordered.of_month(first.year - 1, first.month) if ordered else None,
                total_of(amounts, currency),
                weighted_of(amounts, currency),
            )
        )
    return months


def _named(
    standings: Mapping[UUID, Standing], seen: Collection[UUID], currency: str, today: date
) -> tuple[NamedDeals, NamedDeals]:
    """The largest, and those whose date has passed, the longest first."""
    late = {key: standing for key, standing in standings.items() if standing.days_late(today)}

    def largest(key: UUID) -> Any:
        return -standings[key].total, standings[key].first.date, key

    def longest(key: UUID) -> Any:
        return standings[key].first.date, -standings[key].total, key

    return (
        _first(standings, seen, largest, SHOWN_DEALS, currency, today),
        _first(late, seen, longest, SHOWN_SLIPPED, currency, today),
    )


def _first(
    standings: Mapping[UUID, Standing],
    seen: Collection[UUID],
    ordering: Callable[[UUID], Any],
    count: int,
    currency: str,
    today: date,
) -> NamedDeals:
    openable = [key for key in standings if key in seen]
    shown = {key: standings[key] for key in nsmallest(count, openable, key=ordering)}
    deals = deals_of(shown, currency=currency, today=today) if shown else []
    return NamedDeals(deals, len(openable), len(standings) - len(openable))
