"""Scenarios: without changes the plan's own numbers; with changes those that it would have if they were made."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.models import Opportunity, OpportunityLine, RevenueSchedule
from kam.core.clock import company_today
from metrics import operations, what_if
from metrics.enums import ChangeState, DealOutcome
from metrics.forecast import forecast_of
from metrics.models import Scenario, ScenarioChange
from metrics.scenarios import Basis, Effect, Result, results_of
from metrics.simulation import DRAWS, outcomes_of
from plans.enums import PlanStatus
from plans.models import AccountPlan, Plan, PlanPin
from templates_app.enums import RevenueBasis
from tests import factories
from tests.metrics.walk import FIRST_DAY, LAST_DAY, TODAY, WHY, Walk

pytestmark = pytest.mark.django_db

SUMS = ("won_revenue", "pipeline", "weighted_pipeline", "total_expected_revenue", "forecast_target_variance")
DERIVED = ("sales_target", "remaining_target", "coverage_ratio", "percent")


@pytest.fixture(autouse=True)
def _june() -> Iterator[None]:
    with time_machine.travel("2026-06-15T12:00:00Z", tick=False):
        yield


def worked_out(scenario: Scenario) -> tuple[Basis, Result]:
    basis, (result,) = results_of(scenario.plan, [scenario], today=company_today())
    return basis, result


def numbers(kpi: Any, names: tuple[str, ...] = SUMS) -> dict[str, Any]:
    return {name: getattr(kpi, name) for name in names}


def chances(forecast: Any) -> tuple[Any, ...]:
    return (
        forecast.outcomes.totals,
        forecast.outcomes.reached,
        forecast.chance_of_target,
        forecast.chance_of_stretch,
        [bar.share for bar in forecast.bars],
    )


# --- Nothing changed ----------------------------------------------------------------------------
def test_without_changes_it_is_the_plan_to_the_cent() -> None:
    walk = Walk(4)
    drawn = counted = 0
    for plan in Plan.objects.unscoped(WHY):
        basis, result = worked_out(factories.create_scenario(plan, owner=walk.user))
        kpi, _fresh = operations.fresh_kpi(plan)
        forecast = forecast_of(plan, today=TODAY)

        for found in (basis.now, result):
            assert numbers(found.numbers, SUMS + DERIVED) == numbers(kpi, SUMS + DERIVED), plan.pk
            assert chances(found.forecast) == chances(forecast)
        drawn += not forecast.outcomes.is_exact
        counted += forecast.outcomes.is_exact and len(forecast.deals) > 0
    assert drawn > 2
    assert counted > 2


# --- The same, done in truth --------------------------------------------------------------------
def imagine(scenarios: list[Scenario], deal: Opportunity, dice: random.Random) -> None:
    """One change of any kind, or several at once, the same in each of the scenarios."""
    values: dict[str, Any] = {}
    if dice.random() < 0.5:
        values["day"] = deal.close_date + timedelta(days=dice.randint(-400, 400))
    if dice.random() < 0.4:
        values["amount"] = deal.amount * dice.choice([0, 2, 3])
    if dice.random() < 0.4:
        values["probability"] = Decimal(dice.randint(0, 1000)).scaleb(-1)
    outcomes = [DealOutcome.OPEN] if values else [DealOutcome.WON, DealOutcome.DROPPED]
    values["outcome"] = dice.choice([*outcomes, *outcomes, *DealOutcome])
    if len(values) > 1 or values["outcome"] != DealOutcome.OPEN:
        for scenario in scenarios:
            factories.create_scenario_change(scenario, deal, **values)


def make_true(change: ScenarioChange, walk: Walk, basis: str) -> None:
    """What somebody would do to the records."""
    deal: Any = change.opportunity
    grows = change.amount / deal.amount if change.amount is not None and deal.amount else 1
    lines = list(OpportunityLine.objects.unscoped(WHY).filter(opportunity=deal))
    for line in lines:
        line.amount *= grows
        line.save()
    for schedule in RevenueSchedule.objects.unscoped(WHY).filter(line__opportunity=deal):
        if change.date:
            schedule.date += change.date - deal.close_date
        schedule.amount *= grows
        schedule.save()
    deal.close_date = change.date or deal.close_date
    deal.amount = deal.amount if change.amount is None else change.amount
    deal.probability = deal.probability if change.probability is None else change.probability
    if change.outcome != DealOutcome.OPEN:
        deal.stage = walk.stages[2 if change.outcome == DealOutcome.WON else 3]
    deal.save()
    if change.outcome == DealOutcome.WON and basis == RevenueBasis.ORDER:
        of: dict[str, Any] = {"currency": deal.currency, "on_date": deal.close_date}
        for line in lines:
            factories.create_order(deal.account, amount=line.amount, product=line.product, **of)
        rest = deal.amount - sum(line.amount for line in lines)
        factories.create_order(deal.account, amount=rest, **of)


@pytest.mark.parametrize("basis", RevenueBasis)
def test_it_is_what_the_plan_would_be(basis: str) -> None:
    """Of a plan that counts everything and of one that names products, over the same accounts."""
    walk, dice = Walk(11), random.Random(f"changes {basis}")
    same = {"revenue_basis": basis, "start_date": FIRST_DAY, "end_date": LAST_DAY}
    plans = list(AccountPlan.objects.unscoped(WHY).filter(**same).exclude(status=PlanStatus.CANCELLED))
    if basis == RevenueBasis.ORDER:  # a deal that is won comes as another record, which nobody pinned
        PlanPin.objects.unscoped(WHY).filter(opportunity__isnull=False).delete()
    scenarios = []
    for plan in plans:
        plan.start_date, plan.end_date = date(2026, 1, 1), date(2026, 12, 31)
        plan.save()
        scenarios.append(factories.create_scenario(plan, owner=walk.user))
    opened = Opportunity.objects.unscoped(WHY).filter(stage__is_closed=False).order_by("close_date", "amount")
    for deal in list(opened)[::2]:
        imagine(scenarios, deal, dice)
    account: Any = plans[0].account
    whole = next(scenario for scenario in scenarios if not scenario.plan.products.unscoped(WHY).exists())
    for number in range(3):
        factories.create_building_block(whole, amount=10_000 + number, day=walk.day(), probability=33)
    worked = [worked_out(scenario) for scenario in scenarios]
    states = {effect.state for _basis, result in worked for effect in result.effects}

    changes = ScenarioChange.objects.unscoped(WHY).filter(scenario=whole)
    for change in changes.select_related("opportunity__account"):
        make_true(change, walk, basis)
    for block in whole.blocks.unscoped(WHY):
        deal = factories.create_opportunity(
            account, currency="EUR", amount=block.amount, close_date=block.date, probability=33
        )
        factories.create_schedule(factories.create_opportunity_line(deal))

    assert len(plans) == 2
    for plan, (before, result) in zip(plans, worked, strict=True):
        kpi, _fresh = operations.fresh_kpi(plan)
        assert numbers(result.numbers, SUMS + DERIVED) == numbers(kpi, SUMS + DERIVED)
        assert numbers(before.now.numbers) != numbers(kpi)
        truth = forecast_of(plan, today=TODAY)
        assert (result.forecast.chance_of_target or 0) == pytest.approx(truth.chance_of_target or 0, abs=3)
        assert result.forecast.p50 == pytest.approx(truth.p50, rel=Decimal("0.02"))
    assert states == {
        ChangeState.APPLIES,
        ChangeState.OUTSIDE,
        ChangeState.NOT_CONVERTED,
        ChangeState.NOT_COUNTED,
    }


# --- A small plan -------------------------------------------------------------------------------
@pytest.fixture
def plan() -> AccountPlan:
    """Won 1,000; open 500 at 50 % and 300 at 20 %; next year 9,999 at 50 %."""
    plan = factories.create_plan(
        start_date=date(2026, 1, 1), end_date=date(2026, 12, 31), sales_target=1_300, stretch_target=1_800
    )
    factories.create_opportunity(
        plan.account, "Won", amount=1_000, stage=factories.won_stage(), close_date=date(2026, 3, 1)
    )
    for amount, probability in ((500, 50), (300, 20)):
        factories.create_opportunity(
            plan.account,
            f"Deal {amount}",
            amount=amount,
            probability=probability,
            close_date=date(2026, 9, 1),
        )
    factories.create_opportunity(plan.account, "Next year", amount=9_999, close_date=date(2027, 1, 1))
    return plan


def deal_of(name: str) -> Opportunity:
    return Opportunity.objects.unscoped(WHY).get(name=name)


def effect_of(scenario: Scenario) -> Effect:
    (effect,) = worked_out(scenario)[1].effects
    return effect


def sums_of(scenario: Scenario) -> tuple[Any, ...]:
    found = worked_out(scenario)[1].numbers
    return found.won_revenue, found.pipeline, found.weighted_pipeline


@pytest.mark.parametrize(
    ("name", "values", "expected", "chance", "state"),
    [
        ("Deal 500", {"outcome": "dropped"}, (1_000, 300, 60), 20.0, "applies"),
        ("Deal 500", {"outcome": "won"}, (1_500, 300, 60), 100.0, "applies"),
        ("Deal 500", {"day": date(2027, 1, 1)}, (1_000, 300, 60), 20.0, "outside"),
        ("Deal 300", {"probability": 80}, (1_000, 800, 490), 90.0, "applies"),
        ("Deal 300", {"amount": 200}, (1_000, 700, 290), 50.0, "applies"),
        ("Next year", {"day": date(2026, 12, 31)}, (1_000, 10_799, "5309.5"), 80.0, "applies"),
        ("Next year", {"amount": 5}, (1_000, 800, 310), 60.0, "outside"),
    ],
)
def test_one_change(
    plan: AccountPlan, name: str, values: dict[str, Any], expected: Any, chance: float, state: str
) -> None:
    scenario = factories.create_scenario(plan)
    factories.create_scenario_change(scenario, deal_of(name), **values)

    assert sums_of(scenario) == tuple(Decimal(value) for value in expected)
    basis, result = worked_out(scenario)
    assert (basis.now.forecast.chance_of_target, result.forecast.chance_of_target) == (60.0, chance)
    assert result.effects[0].state == state


def test_blocks_count_in_the_period_alone(plan: AccountPlan) -> None:
    scenario = factories.create_scenario(plan)
    factories.create_building_block(scenario, amount=1_000, probability=25)
    factories.create_building_block(scenario, amount=7_000, day=date(2027, 1, 1))

    assert sums_of(scenario) == (1_000, 1_800, 560)


def test_what_was_decided_in_truth_is_no_longer_changed(plan: AccountPlan) -> None:
    def state_after(values: dict[str, Any]) -> tuple[str, bool]:
        scenario = factories.create_scenario(plan)
        deal = factories.create_opportunity(plan.account, amount=700, close_date=date(2026, 8, 1))
        factories.create_scenario_change(scenario, deal, outcome="dropped")
        if not values:
            deal.delete()
        for name, value in values.items():
            setattr(deal, name, value)
            deal.save()
        basis, result = worked_out(scenario)
        assert numbers(result.numbers) == numbers(basis.now.numbers)
        return result.effects[0].state, result.effects[0].still_applies

    assert state_after({"stage": factories.won_stage()}) == ("won", False)
    assert state_after({"stage": factories.lost_stage()}) == ("lost", False)
    assert state_after({"account": factories.create_account()}) == ("not_counted", False)
    assert state_after({}) == ("deleted", False)


def test_conversion_is_at_the_rate_of_the_new_day(plan: AccountPlan) -> None:
    factories.create_rate("EUR", "1.5", valid_from=date(2026, 7, 1))
    factories.create_rate("EUR", "2.5", valid_from=date(2026, 10, 1))
    deal = factories.create_opportunity(
        plan.account, "In euro", amount=100, currency="EUR", probability=10, close_date=date(2026, 8, 1)
    )
    scenario = factories.create_scenario(plan)
    change = factories.create_scenario_change(scenario, deal, day=date(2026, 11, 1))
    assert (effect_of(scenario).before, effect_of(scenario).after) == (150, 250)

    change.date = date(2026, 6, 30)  # no rate yet
    change.save()
    assert (effect_of(scenario).state, effect_of(scenario).after) == ("not_converted", 0)

    deal.close_date, change.date = date(2026, 6, 30), date(2026, 7, 1)  # and the other way round
    deal.save()
    change.save()
    assert (effect_of(scenario).state, effect_of(scenario).before, effect_of(scenario).after) == (
        "applies",
        0,
        150,
    )


def test_schedules_move_and_grow_with_their_deal() -> None:
    plan = factories.create_plan(
        start_date=date(2026, 1, 1), end_date=date(2026, 12, 31), revenue_basis=RevenueBasis.SCHEDULE
    )
    deal = factories.create_opportunity(
        plan.account, amount=300, probability=100, close_date=date(2026, 9, 1)
    )
    line = factories.create_opportunity_line(deal)
    for day in (date(2026, 9, 1), date(2026, 12, 1), date(2027, 1, 1)):
        factories.create_schedule(line, on_date=day, amount=100)
    scenario = factories.create_scenario(plan)
    change = factories.create_scenario_change(scenario, deal, day=date(2026, 10, 1), amount=100)

    assert sums_of(scenario)[1] == Decimal("66.67")  # two thirds of it: December moves to the 31st
    change.date = date(2026, 10, 2)
    change.save()
    assert sums_of(scenario)[1] == Decimal("33.33")
    assert effect_of(scenario).is_partly_outside
    Opportunity.objects.unscoped(WHY).filter(pk=deal.pk).update(amount=0)
    assert sums_of(scenario)[1] == Decimal("33.33"), "nothing to scale by: the three share the new amount"


def test_a_cancelled_plan_counts_nothing(plan: AccountPlan) -> None:
    scenario = factories.create_scenario(plan)
    factories.create_scenario_change(scenario, deal_of("Deal 500"), outcome="won")
    factories.create_building_block(scenario)
    AccountPlan.objects.unscoped(WHY).filter(pk=plan.pk).update(status=PlanStatus.CANCELLED)
    scenario = Scenario.objects.unscoped(WHY).get(pk=scenario.pk)

    assert sums_of(scenario) == (0, 0, 0)
    assert effect_of(scenario).state == "not_counted"


def test_a_record_put_in_by_hand_stays_wherever_it_moves() -> None:
    frame = what_if.Frame(date(2026, 1, 1), date(2026, 12, 31), "USD", lambda _currency, _day: Decimal(1))
    piece = what_if.Piece(date(2027, 5, 1), Decimal(10), is_kept=True)
    deal = what_if.Deal(piece.day, piece.amount, "USD", Decimal(50), [piece])

    moved = what_if.imagine(deal, what_if.Wish(day=date(2030, 1, 1)), frame)
    assert moved.stake == what_if.Stake(10, Decimal(50))  # type: ignore[arg-type]


# --- Chance -------------------------------------------------------------------------------------
def test_what_is_drawn_for_a_deal_does_not_depend_on_the_others() -> None:
    """The plans differ by what was changed, not by luck: a little more chance is never a smaller one."""
    dice = random.Random(7)
    keys = sorted(factories.create_user().pk for _ in range(30))
    now = {key: what_if.Stake(dice.randint(1, 900), Decimal(dice.choice([10, 50, 90]))) for key in keys}  # type: ignore[arg-type]

    def drawn(then: dict[Any, what_if.Stake]) -> Any:
        return outcomes_of(what_if.bets_of(now, then, "USD"), base=0, seed="x")

    before = drawn(now)
    target = before.quantile(50)
    for key in keys[:6]:
        stake = now[key]
        better = drawn(now | {key: what_if.Stake(stake.amount, stake.probability + 5)})
        gone = drawn({other: value for other, value in now.items() if other != key})
        certain = drawn(now | {key: what_if.Stake(stake.amount, Decimal(100))})
        assert gone.chance_of(target) <= before.chance_of(target) <= better.chance_of(target)
        assert better.chance_of(target) <= certain.chance_of(target)
        units = what_if.in_units(stake.amount, "USD")
        assert all(
            with_it - without in (0, units)
            for with_it, without in zip(before._totals, gone._totals, strict=True)  # type: ignore[attr-defined]
        )
    assert len(before.totals) == DRAWS


# --- Size ---------------------------------------------------------------------------------------
def many_deals(plan: AccountPlan, count: int) -> list[Opportunity]:
    stage = factories.open_stage()
    return Opportunity.objects.unscoped(WHY).bulk_create(
        Opportunity(
            account=plan.account,
            name=f"Deal {number}",
            stage=stage,
            amount=Decimal(number + 1),
            currency="EUR" if number % 3 else "USD",
            probability=Decimal(number % 100),
            close_date=date(2026, 7, 1) + timedelta(days=number % 300),
        )
        for number in range(count)
    )


def test_a_thousand_deals_take_well_under_a_second_and_as_many_statements_as_three(plan: AccountPlan) -> None:
    factories.create_rate("EUR", "1.1")

    def measured(count: int) -> tuple[int, float]:
        scenario = factories.create_scenario(plan)
        for number, deal in enumerate(many_deals(plan, count)):
            if number % 10 == 1:
                factories.create_scenario_change(scenario, deal, amount=7, day=date(2026, 12, 1))
        operations.fresh_kpi(plan)
        started = time.process_time()
        with CaptureQueriesContext(connection) as statements:
            basis, result = worked_out(scenario)
            assert result.forecast.p50
            assert basis.now.forecast.p50
        return len(statements), time.process_time() - started

    few, many = measured(3), measured(1_000)
    assert few[0] == many[0] <= 12
    assert many[1] < 1


def test_several_scenarios_are_read_together(plan: AccountPlan) -> None:
    scenarios = [factories.create_scenario(plan) for _ in range(4)]
    for scenario, probability in zip(scenarios, (10, 20, 30, 40), strict=True):
        factories.create_scenario_change(scenario, deal_of("Deal 500"), probability=probability)
    operations.fresh_kpi(plan)

    def statements(count: int) -> int:
        with CaptureQueriesContext(connection) as found:
            results_of(plan, scenarios[:count], today=TODAY)
        return len(found)

    assert statements(1) == statements(4)
    _basis, results = results_of(plan, scenarios, today=TODAY)
    assert [result.numbers.weighted_pipeline for result in results] == [110, 160, 210, 260]
