"""The chance that a plan reaches its target and its stretch target (domain.md, Chance of hitting target).

Each open deal of the plan is won or lost with its probability, for its whole amount; what is won
already stands. The same deals on the same day give the same answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import cached_property
from uuid import UUID

from crm.models import Opportunity
from kam.core.money import minor_units, round_money
from kam.users.models import User
from metrics import operations
from metrics.amounts import amounts_in
from metrics.models import PlanKPI
from metrics.pipeline import standings_of
from metrics.record_rows import Reader
from metrics.simulation import DRAWS, Bet, Outcomes, outcomes_of
from plans.models import Plan

NOTHING = Decimal(0)
SHOWN_DRIVERS = 5
BARS = 24


@dataclass(frozen=True)
class Deal:
    """An open deal of a plan; `amount` in plan currency, rounded to its minor unit. Named where it is shown."""

    opportunity_id: UUID
    name: str
    amount: Decimal
    probability: Decimal


@dataclass(frozen=True)
class Driver:
    """A deal, and by how many percentage points it moves the chance: won instead of lost."""

    deal: Deal
    swing: float


@dataclass(frozen=True)
class Bar:
    low: Decimal
    high: Decimal
    share: float


@dataclass(frozen=True)
class Chances:
    """What may come out of a plan."""

    plan: Plan
    kpi: PlanKPI
    is_fresh: bool
    today: date
    outcomes: Outcomes

    @property
    def draws(self) -> int | None:
        """How many outcomes were drawn; None: all of them were counted."""
        return None if self.outcomes.is_exact else DRAWS

    @cached_property
    def chance_of_target(self) -> float | None:
        return self._chance_of(self.kpi.sales_target)

    @cached_property
    def chance_of_stretch(self) -> float | None:
        return self._chance_of(self.plan.stretch_target)

    def _chance_of(self, amount: Decimal | None) -> float | None:
        """In percent, to one decimal."""
        if amount is None:
            return None
        return round(self.outcomes.chance_of(self._minor(amount)) * 100, 1)

    def quantile(self, percent: int) -> Decimal:
        return self._amount(self.outcomes.quantile(percent))

    @property
    def p10(self) -> Decimal:
        return self.quantile(10)

    @property
    def p50(self) -> Decimal:
        return self.quantile(50)

    @property
    def p90(self) -> Decimal:
        return self.quantile(90)

    @property
    def bars(self) -> list[Bar]:
        return [
            Bar(self._amount(low), self._amount(high), share)
            for low, high, share in self.outcomes.histogram(BARS)
        ]

    # --- Minor units ---
    def _minor(self, amount: Decimal) -> int:
        return in_minor_units(amount, self.plan.currency)

    def _amount(self, value: int) -> Decimal:
        return Decimal(value).scaleb(-minor_units(self.plan.currency))


@dataclass(frozen=True)
class Forecast(Chances):
    """The same with the deals that it rests on, in the order of the outcomes."""

    deals: Sequence[Deal]

    def drivers(self, user: User) -> list[Driver]:
        """The deals that move the chance of the target most, as far as the user may open them."""
        if self.kpi.sales_target is None:
            return []
        swings = self.outcomes.swings(self._minor(self.kpi.sales_target))
        moving = [Driver(deal, swing * 100) for deal, swing in zip(self.deals, swings, strict=True)]
        moving = [driver for driver in moving if round(driver.swing, 1)]
        ids = [driver.deal.opportunity_id for driver in moving]
        names = dict(
            Opportunity.objects.visible_to(user).filter(pk__in=ids).order_by().values_list("pk", "name")
        )
        seen = [
            replace(driver, deal=replace(driver.deal, name=names[driver.deal.opportunity_id]))
            for driver in moving
            if driver.deal.opportunity_id in names
        ]
        seen.sort(key=lambda driver: (-abs(driver.swing), driver.deal.name, driver.deal.opportunity_id))
        return seen[:SHOWN_DRIVERS]


def in_minor_units(amount: Decimal, currency: str) -> int:
    return int(round_money(amount, currency).scaleb(minor_units(currency)))


def forecast_of(plan: Plan, *, today: date) -> Forecast:
    """How a plan that was loaded through the gate may end."""
    kpi, is_fresh = operations.fresh_kpi(plan)
    deals = open_deals(plan)
    bets = [Bet(in_minor_units(deal.amount, plan.currency), int(deal.probability * 10)) for deal in deals]
    won = kpi.won_revenue if kpi.is_known else NOTHING
    outcomes = outcomes_of(bets, base=in_minor_units(won, plan.currency), seed=seed_of(plan, today))
    return Forecast(plan, kpi, is_fresh, today, outcomes, deals)


def seed_of(plan: Plan, today: date) -> str:
    """What makes the drawn outcomes those of a plan and a day."""
    return f"{plan.pk} {today}"


def open_deals(plan: Plan) -> list[Deal]:
    """One a deal: its schedules are won or lost together."""
    standings = standings_of(amounts_in(Reader(plan, "pipeline", is_excluded=False)))
    return [
        Deal(key, "", round_money(found.total, plan.currency), found.first.probability or NOTHING)
        for key, found in sorted(standings.items(), key=lambda pair: pair[0].int)
    ]
