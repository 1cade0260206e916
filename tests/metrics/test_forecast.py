"""The chance of a target: exact counts for few deals, drawn outcomes close to them for many, fast and repeatable."""

from __future__ import annotations

import random
import time
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise, product
from math import sqrt
from statistics import fmean, pstdev

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from kam.users.models import User
from metrics.forecast import forecast_of
from metrics.simulation import DRAWN_DEALS, DRAWS, EXACT_DEALS, Bet, DrawnOutcomes, outcomes_of
from plans.models import AccountPlan
from templates_app.enums import RevenueBasis
from tests import factories
from tests.fixtures import ApiFor, World

TODAY = date(2026, 6, 1)


def some_bets(dice: random.Random, count: int) -> list[Bet]:
    """Also losses, doubles, certain deals and hopeless ones."""
    chances = [0, 1_000, 500, *(dice.randint(0, 1_000) for _ in range(5))]
    return [
        Bet(dice.choice([-70, 100, 100, dice.randint(1, 900)]), dice.choice(chances)) for _ in range(count)
    ]


def by_hand(bets: list[Bet], base: int) -> dict[int, Fraction]:
    """Every combination written out."""
    totals: dict[int, Fraction] = {}
    for won in product([False, True], repeat=len(bets)):
        chance, total = Fraction(1), base
        for bet, is_won in zip(bets, won, strict=True):
            chance *= Fraction(bet.chance if is_won else 1_000 - bet.chance, 1_000)
            total += bet.amount if is_won else 0
        totals[total] = totals.get(total, Fraction(0)) + chance
    return totals


def chance_by_hand(bets: list[Bet], base: int, target: int) -> Fraction:
    return sum((chance for total, chance in by_hand(bets, base).items() if total >= target), Fraction(0))


@pytest.mark.parametrize("count", [0, 1, 2, 5, 8])
def test_few_deals_are_counted_exactly(count: int) -> None:
    dice = random.Random(count)
    bets, base = some_bets(dice, count), 250
    found, totals = outcomes_of(bets, base=base, seed="any"), by_hand(bets, base)

    assert found.is_exact
    for target in (0, 250, 251, 400, 700, 5_000):
        assert found.chance_of(target) == pytest.approx(float(chance_by_hand(bets, base, target)), abs=1e-12)
        for number, swing in enumerate(found.swings(target)):
            others = bets[:number] + bets[number + 1 :]
            if bets[number].chance in (0, 1_000):
                assert swing == 0
                continue
            won = chance_by_hand(others, base + bets[number].amount, target)
            assert swing == pytest.approx(float(won - chance_by_hand(others, base, target)), abs=1e-12)
    for percent in (10, 50, 90):
        reached, expected = Fraction(0), None
        for total in sorted(totals):
            reached += totals[total]
            if totals[total] and reached * 100 >= percent:
                expected = total
                break
        assert found.quantile(percent) == expected


def test_up_to_fifteen_deals_are_counted_and_more_are_drawn() -> None:
    dice = random.Random(15)
    bets = [Bet(dice.randint(1, 900), dice.randint(0, 1_000)) for _ in range(EXACT_DEALS + 1)]
    hits = 0
    for won in range(1 << EXACT_DEALS):
        total, weight = 0, 1
        for number, bet in enumerate(bets[:-1]):
            is_won = won >> number & 1
            total += bet.amount * is_won
            weight *= bet.chance if is_won else 1_000 - bet.chance
        hits += weight if total >= 3_000 else 0

    counted = outcomes_of(bets[:-1], base=0, seed="x")

    assert counted.is_exact
    assert counted.chance_of(3_000) == hits / 1_000**EXACT_DEALS
    assert not outcomes_of(bets, base=0, seed="x").is_exact


@pytest.mark.parametrize("seed", range(5))
def test_drawn_outcomes_come_close_to_the_counted_ones(seed: int) -> None:
    """Within four standard errors; with the same seed exactly the same, with another one not."""
    bets = some_bets(random.Random(seed), 12)
    exact = outcomes_of(bets, base=-40, seed="")
    drawn, again, other = (DrawnOutcomes(bets, -40, random.Random(name)) for name in ("a", "a", "b"))

    for target in (0, 200, 500, 1_000):
        chance = exact.chance_of(target)
        assert abs(drawn.chance_of(target) - chance) <= 4 * sqrt(chance * (1 - chance) / DRAWS) + 1e-9
    assert drawn.totals == again.totals
    assert drawn.totals != other.totals
    assert min(drawn.totals) >= min(by_hand(bets, -40))


def test_shares_of_the_picture_add_up() -> None:
    bets = some_bets(random.Random(3), 40)

    bars = outcomes_of(bets, base=0, seed="x").histogram(24)

    assert (len(bars), sum(share for _low, _high, share in bars)) == (24, pytest.approx(1))
    assert all(before[1] == after[0] for before, after in pairwise(bars))


def test_a_thousand_deals_are_drawn_in_well_under_a_second() -> None:
    dice = random.Random(1)
    bets = [Bet(dice.randint(1, 10**9), dice.randint(0, 1_000)) for _ in range(1_000)]
    started = time.process_time()

    outcomes = outcomes_of(bets, base=0, seed="x")
    outcomes.swings(outcomes.quantile(50))

    assert time.process_time() - started < 1
    mean = sum(bet.amount * bet.chance for bet in bets) / 1_000
    assert outcomes.quantile(50) == pytest.approx(mean, rel=0.01)


def test_of_very_many_deals_the_smaller_ones_are_drawn_together() -> None:
    """Mean and spread are those of all deals; whatever becomes of one leaves the lots of the others alone."""
    dice = random.Random(2)
    bets = [
        Bet(dice.choice([-1, 1, 1, 50]) * dice.randint(1, 10**6), dice.randint(0, 1_000))
        for _ in range(3_000)
    ]
    started = time.process_time()

    outcomes = outcomes_of(bets, base=1_000, seed="x")
    swings = outcomes.swings(outcomes.quantile(50))

    assert time.process_time() - started < 1
    mean = 1_000 + sum(bet.amount * bet.chance for bet in bets) / 1_000
    deviation = sqrt(sum(bet.amount**2 * bet.chance * (1_000 - bet.chance) for bet in bets)) / 1_000
    assert fmean(outcomes.totals) == pytest.approx(mean, abs=4 * deviation / sqrt(DRAWS))
    assert pstdev(outcomes.totals) == pytest.approx(deviation, rel=0.03)
    assert (len(swings), sum(swing != 0 for swing in swings)) == (3_000, DRAWN_DEALS)
    largest = max(range(3_000), key=lambda place: bets[place].variance)
    assert swings[largest] > 0.02
    brings = bets[largest].amount * bets[largest].chance / 1_000
    bets[largest] = Bet(0, bets[largest].chance)
    less = outcomes_of(bets, base=1_000, seed="x")
    moved = fmean(outcomes.totals) - fmean(less.totals)
    assert moved == pytest.approx(brings, rel=0.05)  # and not by luck


# --- Plans --------------------------------------------------------------------------------------
@pytest.fixture
def plan(db: None) -> AccountPlan:
    """Won 1,000; open 500 at 50 % and 300 at 20 %."""
    plan = factories.create_plan(
        start_date=date(2026, 1, 1), end_date=date(2026, 12, 31), sales_target=1_300, stretch_target=1_800
    )
    factories.create_opportunity(
        plan.account, amount=1_000, stage=factories.won_stage(), close_date=date(2026, 3, 1)
    )
    for amount, probability in ((500, 50), (300, 20)):
        factories.create_opportunity(
            plan.account,
            f"Deal {amount}",
            amount=amount,
            probability=probability,
            close_date=date(2026, 9, 1),
        )
    factories.create_opportunity(plan.account, amount=9_999, close_date=date(2027, 1, 1))
    return plan


def test_the_chance_of_target_and_stretch(plan: AccountPlan) -> None:
    found = forecast_of(plan, today=TODAY)

    assert (found.chance_of_target, found.chance_of_stretch) == (60.0, 10.0)  # 1 − 0.5 × 0.8; 0.5 × 0.2
    assert (found.p10, found.p50, found.p90, found.draws) == (1_000, 1_300, 1_500, None)


def test_the_deals_that_move_the_chance_most_come_first(plan: AccountPlan, admin: User) -> None:
    drivers = forecast_of(plan, today=TODAY).drivers(admin)

    assert [(driver.deal.name, round(driver.swing, 1)) for driver in drivers] == [
        ("Deal 500", 80.0),
        ("Deal 300", 50.0),
    ]


def test_drivers_that_the_reader_may_not_open_are_not_named(plan: AccountPlan, stranger: User) -> None:
    assert forecast_of(plan, today=TODAY).drivers(stranger) == []


@pytest.mark.django_db
def test_schedules_of_a_deal_are_won_together_and_converted() -> None:
    plan = factories.create_plan(
        start_date=date(2026, 1, 1),
        end_date=date(2026, 12, 31),
        sales_target=300,
        revenue_basis=RevenueBasis.SCHEDULE,
    )
    factories.create_rate("EUR", "1.5")
    deal = factories.create_opportunity(
        plan.account, currency="EUR", probability=30, close_date=date(2026, 9, 1)
    )
    line = factories.create_opportunity_line(deal)
    for month in (5, 9):
        factories.create_schedule(line, on_date=date(2026, month, 1), amount=100)
    factories.create_schedule(line, on_date=date(2027, 1, 1), amount=100)

    found = forecast_of(plan, today=TODAY)

    assert [(deal.amount, deal.probability) for deal in found.deals] == [(300, 30)]
    assert found.chance_of_target == 30.0


@pytest.mark.django_db
def test_without_deals_and_without_targets() -> None:
    plan = factories.create_plan(sales_target=None)

    found = forecast_of(plan, today=TODAY)

    assert (found.chance_of_target, found.chance_of_stretch, found.p50, len(found.bars)) == (None, None, 0, 1)


def test_the_same_day_gives_the_same_answer(plan: AccountPlan) -> None:
    for number in range(30):
        factories.create_opportunity(
            plan.account, amount=10 + number, probability=40, close_date=date(2026, 8, 1)
        )

    first, second, later = (forecast_of(plan, today=day) for day in (TODAY, TODAY, TODAY + timedelta(days=1)))

    assert first.outcomes.totals == second.outcomes.totals
    assert first.outcomes.totals != later.outcomes.totals
    assert (first.draws, len(first.deals)) == (DRAWS, 32)


def test_forecast_in_the_api(
    api: ApiFor, world: World, account_manager: User, stranger: User, msl: User
) -> None:
    url = f"/api/v1/account-plans/{world.plan.pk}/forecast/"

    body = api(account_manager).get(url).json()

    assert {name: body[name] for name in ("method", "draws", "deals", "won_revenue", "p10", "p90")} == {
        "method": "exact",
        "draws": None,
        "deals": 3,
        "won_revenue": "4000.00",
        "p10": "4000.00",
        "p90": "7500.00",
    }
    assert (body["probability_of_target"], body["probability_of_stretch"], body["drivers"]) == (0, None, [])
    assert round(sum(bar["percent"] for bar in body["distribution"])) == 100
    assert (api(stranger).get(url).status_code, api(msl).get(url).status_code) == (404, 403)


def test_forecast_takes_a_fixed_number_of_statements(world: World, account_manager: User) -> None:
    today = timezone.localdate()

    def count() -> int:
        forecast_of(world.plan, today=today)
        with CaptureQueriesContext(connection) as statements:
            forecast_of(world.plan, today=today).drivers(account_manager)
        return len(statements)

    few = count()
    for number in range(20):
        factories.create_opportunity(world.account, amount=Decimal(number + 1))

    assert count() == few
