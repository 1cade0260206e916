"""Scenarios: what a plan's numbers and chances would be, and keeping what somebody imagines.

A plan is read once for any number of scenarios (`basis_of`): its records as the KPIs count them, and
what the changed deals would count on another day. Without changes the result is the plan's own numbers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from uuid import UUID

from crm.models import Opportunity
from crm.rates import Rates
from kam.core.transactions import read_snapshot
from kam.users.models import User
from metrics import operations, policies, what_if
from metrics.enums import ChangeState, DealOutcome
from metrics.forecast import Deal, Forecast, seed_of
from metrics.models import PlanKPI
from metrics.record_rows import PlanRecord, Reader
from metrics.records import exact_total, possible_records, records_in
from metrics.scenario_models import BuildingBlock, Scenario, ScenarioChange
from metrics.simulation import outcomes_of
from metrics.what_if import Frame, Imagined, Piece, Stake, Sums, Wish
from plans.enums import PinEffect, PlanStatus
from plans.models import Plan

COUNTS_ALL = "a scenario counts all deals of its plan"
NOTHING = Fraction(0)


# --- What there is --------------------------------------------------------------------------
@dataclass(frozen=True)
class Basis:
    """A plan as it stands, with what its scenarios may change."""

    plan: Plan
    kpi: PlanKPI
    is_fresh: bool
    today: date
    frame: Frame
    sums: Sums
    deals: Mapping[UUID, Opportunity]  # those that a scenario changes
    pieces: Mapping[UUID, Sequence[Piece]]  # of them, where the plan counts or would count them

    def result(self, imagined: Mapping[UUID, Imagined], effects: Sequence[Effect] = ()) -> Result:
        return Result(self, self.sums.changed(imagined), effects)

    @cached_property
    def now(self) -> Result:
        return self.result({})


def basis_of(plan: Plan, *, deal_ids: Iterable[UUID], today: date) -> Basis:
    """A plan that was loaded through the gate, with these deals at hand to be changed."""
    kpi, is_fresh = operations.fresh_kpi(plan)
    wanted = set(deal_ids)
    with read_snapshot():
        reader = open_reader(plan)
        opened, won = records_in(reader), exact_total(reader, "won_revenue")
        deals = (
            Opportunity.objects.unscoped(COUNTS_ALL).filter(pk__in=wanted).select_related("stage", "account")
        )
        found = {deal.pk: deal for deal in deals}
        possible = possible_records(reader, wanted) if wanted else []
        rates = Rates({deal.currency for deal in found.values()} | {plan.currency})
    stakes = what_if.stakes_of(
        (record.opportunity_id, record.contribution or Decimal(0), record.probability or Decimal(0))
        for record in opened
        if record.opportunity_id is not None
    )
    frame = Frame(plan.start_date, plan.end_date, plan.currency, conversion(plan.currency, rates))
    pieces = {} if plan.status == PlanStatus.CANCELLED else pieces_by_deal(possible)
    return Basis(plan, kpi, is_fresh, today, frame, Sums(Fraction(won), stakes), found, pieces)


def open_reader(plan: Plan) -> Reader:
    """Reads what is open in a plan."""
    return Reader(plan, "pipeline", is_excluded=False)


def conversion(plan_currency: str, rates: Rates) -> Callable[[str, date], Decimal | None]:
    def factor(currency: str, day: date) -> Decimal | None:
        """One unit in plan currency; None without a rate."""
        if currency == plan_currency:
            return Decimal(1)
        record_rate, plan_rate = rates.on(currency, day), rates.on(plan_currency, day)
        if record_rate is None or plan_rate is None:
            return None
        return policies.cross_rate(record_rate, plan_rate)

    return factor


def pieces_by_deal(records: Iterable[PlanRecord]) -> dict[UUID, list[Piece]]:
    pieces: dict[UUID, list[Piece]] = defaultdict(list)
    for record in records:
        if record.opportunity_id is not None:
            counted = record.amount if record.counted is None else record.counted
            is_put_in = record.pin is not None and record.pin.effect == PinEffect.INCLUDE
            pieces[record.opportunity_id].append(Piece(record.date, counted, is_put_in))
    return pieces


# --- What would be --------------------------------------------------------------------------
@dataclass(frozen=True)
class Effect:
    """What became of one change: `before` and `after` are what the deal brings, in plan currency."""

    change: ScenarioChange
    deal: Opportunity | None
    state: ChangeState
    before: Decimal
    after: Decimal
    is_partly_outside: bool = False

    @property
    def still_applies(self) -> bool:
        return self.state in {ChangeState.APPLIES, ChangeState.OUTSIDE, ChangeState.NOT_CONVERTED}


@dataclass(frozen=True)
class Result:
    """Numbers and chances of a plan, as it is or as somebody imagines it."""

    basis: Basis
    sums: Sums
    effects: Sequence[Effect] = ()

    @cached_property
    def numbers(self) -> PlanKPI:
        """The KPIs, of an object that is never saved."""
        plan, kpi = self.basis.plan, self.basis.kpi
        sums = self.sums.rounded(plan.currency)
        target = kpi.sales_target
        variance = None if target is None else sums["total_expected_revenue"] - target
        return PlanKPI(
            plan=plan,
            currency=plan.currency,
            basis=plan.revenue_basis,
            sales_target=target,
            forecast_target_variance=variance,
            **sums,
        )

    @cached_property
    def forecast(self) -> Forecast:
        basis, currency = self.basis, self.basis.plan.currency
        deals = [
            Deal(key, "", what_if.rounded(stake.amount, currency), stake.probability)
            for key, stake in sorted(self.sums.stakes.items())
        ]
        outcomes = outcomes_of(
            what_if.bets_of(basis.sums.stakes, self.sums.stakes, currency),
            base=what_if.in_units(self.sums.won, currency),
            seed=seed_of(basis.plan, basis.today),
        )
        return Forecast(basis.plan, self.numbers, basis.is_fresh, basis.today, deals, outcomes)

    def brings(self, key: UUID) -> Decimal:
        """What a deal that stays open brings, in plan currency."""
        return brought(self.sums.stakes.get(key), NOTHING, self.basis.plan.currency)


def brought(stake: Stake | None, won: Fraction, currency: str) -> Decimal:
    return what_if.rounded(won + (stake.amount if stake is not None else NOTHING), currency)


def results_of(plan: Plan, scenarios: Sequence[Scenario], *, today: date) -> tuple[Basis, list[Result]]:
    """What each scenario of a plan would bring, and the plan as it is: read at one instant."""
    ids = [scenario.pk for scenario in scenarios]
    changes: dict[UUID, list[ScenarioChange]] = defaultdict(list)
    for change in ScenarioChange.objects.unscoped(COUNTS_ALL).filter(scenario__in=ids):
        changes[change.scenario_id].append(change)
    blocks: dict[UUID, list[BuildingBlock]] = defaultdict(list)
    for block in BuildingBlock.objects.unscoped(COUNTS_ALL).filter(scenario__in=ids):
        blocks[block.scenario_id].append(block)
    named = {pk for rows in changes.values() for change in rows if (pk := change.opportunity_id) is not None}
    basis = basis_of(plan, deal_ids=named, today=today)
    return basis, [result_of(basis, changes[pk], blocks[pk]) for pk in ids]


def result_of(basis: Basis, changes: Iterable[ScenarioChange], blocks: Iterable[BuildingBlock]) -> Result:
    imagined: dict[UUID, Imagined] = {}
    effects = []
    for change in changes:
        effect, outcome = effect_of(basis, change)
        effects.append(effect)
        if outcome is not None and change.opportunity_id is not None:
            imagined[change.opportunity_id] = outcome
    for block in blocks:
        if counts(basis, block):
            imagined[block.pk] = Imagined(Stake(Fraction(block.amount), block.probability))
    return basis.result(imagined, effects)


def counts(basis: Basis, block: BuildingBlock) -> bool:
    return basis.frame.holds(block.date) and basis.plan.status != PlanStatus.CANCELLED


def effect_of(basis: Basis, change: ScenarioChange) -> tuple[Effect, Imagined | None]:
    deal = basis.deals.get(change.opportunity_id) if change.opportunity_id else None
    pieces = basis.pieces.get(deal.pk, ()) if deal is not None else ()
    if deal is None or not pieces:
        return Effect(change, deal, state_of(deal), Decimal(0), Decimal(0)), None
    as_is = what_if.Deal(deal.close_date, deal.amount, deal.currency, deal.probability, pieces)
    outcome = what_if.imagine(as_is, wish_of(change), basis.frame)
    currency = basis.plan.currency
    after = brought(outcome.stake, outcome.won, currency)
    is_counted = outcome.stake is not None or bool(outcome.won)
    state = ChangeState.APPLIES
    if outcome.not_converted:
        state = ChangeState.NOT_CONVERTED
    elif outcome.outside and not is_counted:
        state = ChangeState.OUTSIDE
    before = brought(basis.sums.stakes.get(deal.pk), NOTHING, currency)
    return Effect(change, deal, state, before, after, bool(outcome.outside) and is_counted), outcome


def state_of(deal: Opportunity | None) -> ChangeState:
    """Why a change has nothing to change any more."""
    if deal is None:
        return ChangeState.DELETED
    if deal.stage.is_closed:
        return ChangeState.WON if deal.stage.is_won else ChangeState.LOST
    return ChangeState.NOT_COUNTED


def wish_of(change: ScenarioChange) -> Wish:
    return Wish(
        day=change.date,
        amount=change.amount,
        probability=change.probability,
        is_won=change.outcome == DealOutcome.WON,
        is_dropped=change.outcome == DealOutcome.DROPPED,
    )


def openable(deal_ids: Iterable[UUID | None], user: User) -> set[UUID]:
    """Of these deals, those that the user may open: the others are counted and never named."""
    wanted = {pk for pk in deal_ids if pk is not None}
    return set(Opportunity.objects.visible_to(user).filter(pk__in=wanted).values_list("pk", flat=True))
