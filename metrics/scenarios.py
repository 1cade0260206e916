"""Scenarios: what a plan's numbers and chances would be, and keeping what somebody imagines.

A plan is read once for any number of scenarios (`basis_of`): its records as the KPIs count them, and
what the changed deals would count on another day. Without changes the result is the plan's own numbers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from uuid import UUID

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from crm.models import Opportunity
from kam.core.transactions import read_snapshot
from kam.users.models import User
from metrics import what_if
from metrics.amounts import amounts_in
from metrics.enums import ChangeState, DealOutcome
from metrics.forecast import Chances, seed_of
from metrics.models import PlanKPI
from metrics.pipeline import standings_of
from metrics.record_rows import PlanRecord, Reader
from metrics.records import exact_total, is_put_in, possible_records
from metrics.scenario_models import BuildingBlock, Scenario, ScenarioChange
from metrics.simulation import outcomes_of
from metrics.what_if import Frame, Imagined, Piece, Stake, Sums, Wish
from plans.enums import PlanStatus
from plans.models import Plan

COUNTS_ALL = "a scenario counts all deals of its plan"
NOTHING = Fraction(0)


# --- What there is --------------------------------------------------------------------------
@dataclass(frozen=True)
class Basis:
    """A plan as it stands, with what its scenarios may change."""

    plan: Plan
    as_of: datetime
    today: date
    frame: Frame
    sums: Sums
    deals: Mapping[UUID, Opportunity]  # those that a scenario changes
    pieces: Mapping[UUID, Sequence[Piece]]  # of those, where the plan could count them
    openable: Set[UUID]  # of those, the ones that the reader may open: the others are counted and never named

    @cached_property
    def now(self) -> Result:
        return Result(self, self.sums)


def basis_of(
    plan: Plan,
    *,
    scenarios: Collection[UUID],
    today: date,
    user: User | None = None,
    deal_id: UUID | None = None,
) -> Basis:
    """A plan that was loaded through the gate, with the deals of these scenarios, and one more, at hand.

    Read from the records at one instant: nothing that waits to be counted is missing.
    """
    changes = ScenarioChange.objects.unscoped(COUNTS_ALL).filter(scenario__in=scenarios)
    named = changes.filter(opportunity__isnull=False).order_by().values("opportunity")
    wanted = Q(pk__any_of=named) if deal_id is None else Q(pk__any_of=named) | Q(pk=deal_id)
    deals = Opportunity.objects.unscoped(COUNTS_ALL).filter(wanted)
    seen = deals.none() if user is None else Opportunity.objects.visible_to(user)
    as_of = timezone.now()
    with read_snapshot():
        reader = open_reader(plan)
        opened = standings_of(amounts_in(reader))
        possible = possible_records(reader, deals.order_by().values("pk"))
        won = exact_total(reader, "won_revenue")
        may_open = Exists(seen.filter(pk=OuterRef("pk")))
        found = list(deals.annotate(may_open=may_open).select_related("stage", "account"))
    stakes = {
        key: Stake(Fraction(deal.total), deal.first.probability or Decimal(0)) for key, deal in opened.items()
    }
    return Basis(
        plan,
        as_of,
        today,
        Frame(plan.start_date, plan.end_date, plan.currency, reader.factor),
        Sums(Fraction(won), stakes),
        {deal.pk: deal for deal in found},
        {} if plan.status == PlanStatus.CANCELLED else pieces_by_deal(possible),
        {deal.pk for deal in found if deal.may_open},
    )


class OpenReader(Reader):
    """Reads what is open in a plan; its copies share the rates, which are read once."""

    def load_rates(self, currencies: set[str]) -> None:
        if currencies - {self.plan.currency}:
            self.rates.add(currencies | {self.plan.currency})


def open_reader(plan: Plan) -> OpenReader:
    return OpenReader(plan, "pipeline", is_excluded=False)


def pieces_by_deal(records: Iterable[PlanRecord]) -> dict[UUID, list[Piece]]:
    pieces: dict[UUID, list[Piece]] = defaultdict(list)
    for record in records:
        if record.opportunity_id is not None:
            counted = record.amount if record.counted is None else record.counted
            pieces[record.opportunity_id].append(Piece(record.date, counted, is_put_in(record)))
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
    blocks: Sequence[BuildingBlock] = ()

    @cached_property
    def numbers(self) -> PlanKPI:
        """The KPIs, of an object that is never saved."""
        plan = self.basis.plan
        sums = self.sums.rounded(plan.currency)
        target = plan.sales_target
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
    def forecast(self) -> Chances:
        basis, currency = self.basis, self.basis.plan.currency
        outcomes = outcomes_of(
            what_if.bets_of(basis.sums.stakes, self.sums.stakes, currency),
            base=what_if.in_units(self.sums.won, currency),
            seed=seed_of(basis.plan, basis.today),
        )
        return Chances(basis.plan, self.numbers, True, basis.today, outcomes)

    @property
    def open_count(self) -> int:
        """How many deals may be won or lost."""
        return len(self.sums.stakes)

    def brings(self, key: UUID) -> Decimal:
        """What a deal that stays open brings, in plan currency."""
        return brought(self.sums.stakes.get(key), NOTHING, self.basis.plan.currency)


def brought(stake: Stake | None, won: Fraction, currency: str) -> Decimal:
    return what_if.rounded(won + (stake.amount if stake is not None else NOTHING), currency)


@dataclass(frozen=True)
class Content:
    """What a scenario consists of."""

    changes: Sequence[ScenarioChange]
    blocks: Sequence[BuildingBlock]


def contents_of(scenarios: Iterable[UUID]) -> dict[UUID, Content]:
    ids = list(scenarios)
    changes: dict[UUID, list[ScenarioChange]] = defaultdict(list)
    for change in ScenarioChange.objects.unscoped(COUNTS_ALL).filter(scenario__in=ids):
        changes[change.scenario_id].append(change)
    blocks: dict[UUID, list[BuildingBlock]] = defaultdict(list)
    for block in BuildingBlock.objects.unscoped(COUNTS_ALL).filter(scenario__in=ids):
        blocks[block.scenario_id].append(block)
    return {pk: Content(changes[pk], blocks[pk]) for pk in ids}


def content_of(scenario: Scenario, changes: Sequence[ScenarioChange] | None = None) -> Content:
    """`changes`: where they are at hand."""
    if changes is None:
        return contents_of([scenario.pk])[scenario.pk]
    blocks = BuildingBlock.objects.unscoped(COUNTS_ALL).filter(scenario=scenario)
    return Content(changes, list(blocks))


def results_of(
    plan: Plan, scenarios: Sequence[Scenario], *, today: date, user: User | None = None
) -> tuple[Basis, list[Result]]:
    """What each scenario of a plan would bring, and the plan as it is: read at one instant.

    `user` is who may be told the names of deals.
    """
    ids = [scenario.pk for scenario in scenarios]
    contents = contents_of(ids)
    basis = basis_of(plan, scenarios=ids, today=today, user=user)
    return basis, [result_of(basis, contents[pk]) for pk in ids]


def result_of(basis: Basis, content: Content) -> Result:
    imagined: dict[UUID, Imagined] = {}
    effects = []
    for change in content.changes:
        effect, outcome = effect_of(basis, change)
        effects.append(effect)
        if outcome is not None and change.opportunity_id is not None:
            imagined[change.opportunity_id] = outcome
    for block in content.blocks:
        if counts(basis, block):
            imagined[block.pk] = Imagined(Stake(Fraction(block.amount), block.probability))
    return Result(basis, basis.sums.changed(imagined), effects, content.blocks)


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
