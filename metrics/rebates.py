"""How far the tiers of a rebate programme are reached: measured on orders, never entered.

Everything is computed for many programmes at once, in a fixed number of statements. An order counts when
its account is the plan's (or, unless the plan is for that one only, lies below it) and its day lies in the
programme's own period; it is converted at the rate of its day.

Customers order by season: what should be ordered by now on the way to the next tier goes by the curve of
the account's own orders, as the pace of a plan does (`metrics.pacing`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import cached_property
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Case, Count, F, OuterRef, Prefetch, Q, QuerySet, Subquery, Value, When

from crm.models import ExchangeRate
from kam.core.aggregates import ExactSum
from kam.core.fields import MoneyField, RateField
from kam.core.money import round_money
from metrics import policies
from metrics.pacing import Histories, Pace, Season, Span
from plans.actuals import Scope, as_decimal
from plans.enums import PlanStatus
from plans.models import RebateProgram, RebateTier

NOTHING = Decimal(0)
REASON = "rebates of plans that were loaded through the gate"
SUM_REASON = "a promise counts all its records, seen or not"
ORDERED = "plan__account__edges_down__descendant__orders"
OWN_OR_BELOW = Q(plan__include_child_accounts=True) | Q(plan__account__edges_down__depth=0)


@dataclass(frozen=True)
class RebateStanding:
    """Where a programme stands, in the plan's currency. `tiers` rise."""

    program: RebateProgram
    tiers: tuple[RebateTier, ...]
    turnover: Decimal
    order_count: int
    not_converted_count: int
    today: date
    season: Season

    @property
    def reached(self) -> RebateTier | None:
        return tier_at(self.tiers, self.turnover)

    @property
    def next(self) -> RebateTier | None:
        return next((tier for tier in self.tiers if tier.threshold > self.turnover), None)

    @property
    def missing(self) -> Decimal | None:
        """What has to be ordered until the programme ends to reach the next tier."""
        return None if self.next is None else self.next.threshold - self.turnover

    @property
    def rebate(self) -> Decimal:
        """The reached tier's percent of all that was ordered, rounded once."""
        if self.reached is None:
            return NOTHING
        return round_money(self.turnover * self.reached.percent / 100, self.program.plan.currency)

    @cached_property
    def pace(self) -> Pace:
        """On the way to the next tier: what should be ordered by now, and a month from now on."""
        program, goal = self.program, None if self.next is None else self.next.threshold
        currency, curve = program.plan.currency, self.season.curve
        return Pace(program.start_date, program.end_date, self.today, currency, goal, self.turnover, curve)

    @property
    def expected(self) -> Decimal | None:
        return self.pace.expected

    @property
    def needed_per_month(self) -> Decimal | None:
        return self.pace.needed_per_month

    @property
    def percent(self) -> Decimal | None:
        """Of the way to the next tier."""
        return None if self.next is None else policies.percent_of(self.turnover, self.next.threshold)

    @property
    def expected_percent(self) -> Decimal | None:
        return None if self.next is None else self.pace.share_percent

    @property
    def state(self) -> str:
        """How the next tier stands; the highest is reached: kept; without tiers: nothing to say."""
        if not self.tiers:
            return ""
        if self.next is None:
            return "kept"
        return policies.promise_state(
            done=self.turnover,
            promised=self.next.threshold,
            expected=self.pace.exactly_expected or Fraction(0),
            start=self.program.start_date,
            end=self.program.end_date,
            today=self.today,
            is_cancelled=self.program.plan.status == PlanStatus.CANCELLED,
        )

    @property
    def projected(self) -> Decimal | None:
        """What is ordered by the end if the season goes on as until now; None before it begins."""
        share = self.pace.share
        if not share:
            return None
        return as_decimal(Fraction(self.turnover) / share, self.program.plan.currency)

    @property
    def projected_tier(self) -> RebateTier | None:
        return None if self.projected is None else tier_at(self.tiers, self.projected)

    @property
    def is_over(self) -> bool:
        return self.today > self.program.end_date


def tier_at(tiers: Iterable[RebateTier], turnover: Decimal) -> RebateTier | None:
    """The highest tier that this turnover reaches."""
    reached = [tier for tier in tiers if tier.threshold <= turnover]
    return max(reached, key=lambda tier: tier.threshold) if reached else None


def standings_of(programs: Sequence[RebateProgram], *, today: date) -> dict[UUID, RebateStanding]:
    """By programme, in a fixed number of statements, or none. They come with their plans and tiers (`with_tiers`)."""
    if not programs:
        return {}
    sums: dict[UUID, list[Any]] = defaultdict(list)
    for pk, *group in _ordered(programs):
        sums[pk].append(group)
    spans = {program.pk: span_of(program) for program in programs}
    histories = Histories(spans.values(), today=today)
    return {
        program.pk: _standing(program, sums[program.pk], today, histories.season(spans[program.pk]))
        for program in programs
    }


def span_of(program: RebateProgram) -> Span:
    """All orders count, also where the plan names products."""
    plan = program.plan
    scope = Scope(plan.account_id, includes_below=plan.include_child_accounts)
    return Span(scope, plan.currency, program.start_date, program.end_date)


def with_tiers(programs: QuerySet) -> QuerySet:
    tiers = RebateTier.objects.unscoped(REASON).order_by("threshold")
    return programs.prefetch_related(Prefetch("tiers", tiers))


def _ordered(programs: Iterable[RebateProgram]) -> QuerySet:
    """Orders by programme, currency and the rates of their days: (pk, currency, rates, sum, count)."""
    rows = RebateProgram.objects.unscoped(SUM_REASON).filter(pk__in=[program.pk for program in programs])
    rows = rows.filter(
        OWN_OR_BELOW,
        **{f"{ORDERED}__date__gte": F("start_date"), f"{ORDERED}__date__lte": F("end_date")},
    ).annotate(money=F(f"{ORDERED}__currency"), own=F("plan__currency"))
    rows = rows.annotate(record_rate=_rate("money"), plan_rate=_rate("own"))
    groups = rows.order_by().values_list("pk", "money", "record_rate", "plan_rate")
    return groups.annotate(
        total=ExactSum(f"{ORDERED}__amount", places=MoneyField.decimal_places), count=Count(ORDERED)
    )


def _rate(currency: str) -> Case:
    """The rate of a currency on the day of the order; not looked up where nothing is converted."""
    rates = ExchangeRate.objects.filter(
        currency=OuterRef(currency), valid_from__lte=OuterRef(f"{ORDERED}__date")
    )
    one = Value(Decimal(1), output_field=RateField())
    return Case(
        When(money=F("own"), then=one),
        When(**{currency: settings.COMPANY_CURRENCY}, then=one),
        default=Subquery(rates.order_by("-valid_from").values("rate")[:1]),
    )


def _standing(program: RebateProgram, groups: Iterable[Any], today: date, season: Season) -> RebateStanding:
    total, count, not_converted = NOTHING, 0, 0
    for money, record_rate, plan_rate, amount, orders in groups:
        if money == program.plan.currency:
            factor = Decimal(1)
        elif record_rate is None or plan_rate is None:
            not_converted += orders
            continue
        else:
            factor = policies.cross_rate(record_rate, plan_rate)
        count += orders
        with localcontext(prec=80):
            total += amount * factor
    with localcontext(prec=80):
        turnover = round_money(total, program.plan.currency)
    return RebateStanding(program, tuple(program.tiers.all()), turnover, count, not_converted, today, season)
