"""Cases worked out by hand: what is stored and what the independent check expects are these plain numbers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from crm.models import Account, Opportunity, Stage
from metrics import operations, verification
from metrics.models import PlanKPI
from plans.enums import PlanStatus
from plans.models import AccountPlan
from templates_app.enums import RevenueBasis
from tests import factories

pytestmark = pytest.mark.django_db

TODAY = date(2026, 6, 15)
START, END = date(2026, 1, 1), date(2026, 12, 31)
LATER = date(2026, 9, 1)
Stages = Callable[[], Stage]


@pytest.fixture(autouse=True)
def _june() -> Any:
    with time_machine.travel("2026-06-15T12:00:00Z", tick=False):
        yield


def plan_of(account: Account | None = None, **values: Any) -> AccountPlan:
    account = account or factories.create_account()
    return factories.create_plan(
        account, **{"start_date": START, "end_date": END, "currency": "USD", "sales_target": None, **values}
    )


def deal(
    plan: AccountPlan | Account, amount: Any, stage: Stages = factories.open_stage, **values: Any
) -> Opportunity:
    account = plan.account if isinstance(plan, AccountPlan) else plan
    return factories.create_opportunity(
        account, amount=amount, stage=stage(), **{"close_date": LATER, "currency": "USD", **values}
    )


def won(plan: AccountPlan | Account, amount: Any, **values: Any) -> Opportunity:
    return deal(plan, amount, factories.won_stage, **values)


def assert_numbers(plan: AccountPlan, **expected: Any) -> PlanKPI:
    """Two ways to the same plain numbers: the stored row, and the independent check."""
    kpi, is_fresh = operations.fresh_kpi(plan)
    world = verification.World(company_currency="USD")
    checked = verification.expected_values(plan, world, today=TODAY)
    wanted = {
        name: Decimal(value) if isinstance(value, str) and name not in {"currency", "basis"} else value
        for name, value in expected.items()
    }
    assert is_fresh
    assert {name: getattr(kpi, name) for name in wanted} == wanted
    assert {name: verification.readable(checked[name]) for name in wanted} == wanted
    return kpi


# --- Worked out by hand -----------------------------------------------------------------------
def test_the_example_of_the_design() -> None:
    plan = plan_of(sales_target=100_000)
    for amount in (25_000, 10_000, 5_000):
        won(plan, amount, close_date=date(2026, 3, 1))
    deal(plan, 30_000, close_date=date(2026, 6, 14))  # slipped
    for amount in (20_000, 20_000, 15_000, 5_000):
        deal(plan, amount, close_date=TODAY)
    deal(plan, 7_000, factories.lost_stage)

    kpi = assert_numbers(
        plan,
        currency="USD",
        basis="opportunity",
        sales_target="100000",
        won_revenue="40000",
        pipeline="90000",
        weighted_pipeline="45000",
        total_expected_revenue="85000",
        forecast_target_variance="-15000",
        won_count=3,
        open_count=5,
        lost_count=1,
        slipped_count=1,
        not_converted_count=0,
        valid_until=TODAY,
        company_won_revenue="40000",
        company_forecast_target_variance="-15000",
    )
    assert kpi.remaining_target == 60_000
    assert kpi.coverage_ratio == Decimal("1.50")
    assert {name: str(value) for name, value in kpi.percent.items()} == {
        "won_revenue": "40.0",
        "pipeline": "90.0",
        "weighted_pipeline": "45.0",
        "total_expected_revenue": "85.0",
        "forecast_target_variance": "-15.0",
    }


def test_both_ends_of_the_period_count_and_the_days_beside_them_do_not() -> None:
    plan = plan_of()
    won(plan, 1, close_date=date(2025, 12, 31))
    won(plan, 10, close_date=START)
    won(plan, 100, close_date=END)
    won(plan, 1_000, close_date=date(2027, 1, 1))

    assert_numbers(plan, won_revenue="110", won_count=2)


def test_accounts_below_count_unless_the_plan_is_for_one_account_only() -> None:
    top = factories.create_account()
    middle = factories.create_account(parent=top)
    bottom = factories.create_account(parent=middle)
    beside = factories.create_account()
    for account, amount in ((top, 1), (middle, 10), (bottom, 100), (beside, 1_000)):
        won(account, amount)

    assert_numbers(plan_of(top), won_revenue="111")
    assert_numbers(plan_of(middle), won_revenue="110")
    assert_numbers(plan_of(top, include_child_accounts=False), won_revenue="1")
    assert_numbers(plan_of(middle, include_child_accounts=False), won_revenue="10")


def test_a_record_converts_at_the_rate_of_its_own_day() -> None:
    plan = plan_of()
    factories.create_rate("EUR", "1.10", valid_from=date(2026, 2, 1))
    factories.create_rate("EUR", "1.20", valid_from=date(2026, 7, 1))
    won(plan, 100, currency="EUR", close_date=date(2026, 1, 31))  # before the first rate: not converted
    won(plan, 100, currency="EUR", close_date=date(2026, 6, 30))  # 110
    won(plan, 100, currency="EUR", close_date=date(2026, 7, 1))  # 120
    won(plan, 100, currency="EUR", close_date=END)  # the latest there is: 120
    won(plan, 100, currency="BRL")  # no rate at all

    assert_numbers(plan, won_revenue="350", won_count=5, not_converted_count=2, company_not_converted_count=2)


def test_yen_has_no_decimals_and_halves_go_up() -> None:
    plan = plan_of(currency="JPY", sales_target=1_000)
    factories.create_rate("JPY", "0.008")
    won(plan, "1.004")  # 125.5 yen
    deal(plan, "333", currency="JPY", probability="33.3")  # 110.889 yen

    assert_numbers(
        plan,
        won_revenue="126",
        pipeline="333",
        weighted_pipeline="111",
        total_expected_revenue="237",
        forecast_target_variance="-763",
        company_sales_target="8",
        company_won_revenue="1.00",
        company_pipeline="2.66",  # 2.664
        company_weighted_pipeline="0.89",  # 0.887112
        company_total_expected_revenue="1.89",
        company_forecast_target_variance="-6.11",
    )


def test_dinars_have_three_decimals() -> None:
    plan = plan_of(currency="KWD")
    factories.create_rate("KWD", "3.25")
    won(plan, 1)  # 0.30769…
    deal(plan, "0.001", currency="KWD")  # half of it: 0.0005

    assert_numbers(plan, won_revenue="0.308", pipeline="0.001", weighted_pipeline="0.001")


def test_two_foreign_currencies_meet_over_the_company_currency() -> None:
    plan = plan_of(currency="EUR")
    factories.create_rate("EUR", "1.20")
    factories.create_rate("GBP", "1.50")
    won(plan, 100, currency="GBP")  # 150 dollars are 125 euros

    assert_numbers(plan, won_revenue="125", company_won_revenue="150")


def test_a_sum_is_rounded_once() -> None:
    plan = plan_of()
    for _ in range(3):
        won(plan, "0.335")  # rounded one by one they would make 1.02

    assert_numbers(plan, won_revenue="1.01")


def test_what_is_shown_adds_up() -> None:
    plan = plan_of(sales_target="10.00")
    won(plan, "1.005")  # 1.01
    deal(plan, "2.01")  # weighted 1.005, so 1.01; unrounded all of it would make 2.01

    assert_numbers(plan, total_expected_revenue="2.02", forecast_target_variance="-7.98")


def test_schedules_count_by_their_own_date_with_the_state_of_their_deal() -> None:
    plan = plan_of(revenue_basis=RevenueBasis.SCHEDULE)
    for stage, step in ((factories.won_stage, 1), (factories.open_stage, 10), (factories.lost_stage, 100)):
        line = factories.create_opportunity_line(deal(plan, 90_000, stage, close_date=date(2028, 1, 1)))
        factories.create_schedule(line, on_date=START, amount=step)
        factories.create_schedule(line, on_date=END, amount=step * 2)
        factories.create_schedule(line, on_date=date(2027, 1, 1), amount=step * 4)
    won(plan, 50_000)  # without schedules

    assert_numbers(
        plan,
        basis="schedule",
        won_revenue="3",
        pipeline="30",
        weighted_pipeline="15",
        won_count=2,
        open_count=2,
        lost_count=2,
        slipped_count=1,
        valid_until=END,
    )


def test_with_orders_as_revenue_a_won_deal_is_none_and_a_credit_note_takes_away() -> None:
    plan = plan_of(revenue_basis=RevenueBasis.ORDER)
    for amount in (500, 250, -1_000):
        factories.create_order(plan.account, amount=amount, on_date=LATER)
    factories.create_order(plan.account, amount=70_000, on_date=date(2027, 1, 1))
    won(plan, 90_000)
    deal(plan, 100)

    assert_numbers(
        plan, won_revenue="-250", pipeline="100", weighted_pipeline="50", won_count=3, open_count=1
    )


def test_halves_of_a_loss_go_away_from_zero() -> None:
    plan = plan_of(revenue_basis=RevenueBasis.ORDER)
    factories.create_order(plan.account, amount="-1.005", on_date=LATER)

    assert_numbers(plan, won_revenue="-1.01")


def test_a_target_from_lines_is_their_sum_however_they_were_written() -> None:
    plan = plan_of(sales_target=5)
    lines = [factories.create_target_line(plan, period="quarter", number=n, target=100) for n in (1, 2)]
    plan.target_from_lines = True
    plan.save()
    assert_numbers(plan, sales_target=Decimal(200), forecast_target_variance=Decimal(-200))

    with connection.cursor() as cursor:
        cursor.execute("UPDATE plans_targetline SET target = target + 1005")
    plan.refresh_from_db()
    assert_numbers(plan, sales_target=Decimal("202.01"))
    plan.sales_target = Decimal(7)  # as if nothing had kept it
    world = verification.World(company_currency="USD")
    assert verification.expected_values(plan, world, today=TODAY)["sales_target"] == Fraction(20_201, 100)
    for line in lines:
        line.delete()
    plan.refresh_from_db()
    assert_numbers(plan, sales_target=None, forecast_target_variance=None)


def test_the_company_s_day_decides_what_has_slipped_wherever_it_is_read() -> None:
    plan = plan_of()
    last_day = deal(plan, 100, close_date=TODAY)

    with timezone.override("Pacific/Kiritimati"):  # where it is the 16th already
        assert not last_day.is_slipped
        assert plan.elapsed_percent == Decimal("45.5")  # 166 of 365 days
        assert_numbers(plan, pipeline=Decimal(100), slipped_count=0)


def test_a_cancelled_plan_counts_nothing() -> None:
    plan = plan_of(status=PlanStatus.CANCELLED, sales_target=1_000)
    won(plan, 100)
    deal(plan, 100, close_date=START)

    assert_numbers(
        plan,
        won_revenue="0",
        won_count=0,
        slipped_count=0,
        forecast_target_variance="-1000",
        valid_until=None,
    )


def test_without_a_target_there_is_no_variance_and_no_percent() -> None:
    plan = plan_of()
    won(plan, 100)

    kpi = assert_numbers(plan, sales_target=None, forecast_target_variance=None, company_sales_target=None)
    assert (kpi.remaining_target, kpi.coverage_ratio) == (None, None)
    assert set(kpi.percent.values()) == {None}


def test_once_the_target_is_won_there_is_no_gap_and_no_coverage() -> None:
    plan = plan_of(sales_target=100)
    won(plan, 140)
    deal(plan, 10)

    kpi = assert_numbers(plan, forecast_target_variance="45")
    assert (kpi.remaining_target, kpi.coverage_ratio) == (0, None)


def test_a_plan_in_a_currency_without_a_rate_counts_its_own_currency_only() -> None:
    plan = plan_of(currency="BRL", sales_target=1_000)
    won(plan, 300, currency="BRL")
    won(plan, 500, currency="USD")

    assert_numbers(
        plan,
        won_revenue="300",
        forecast_target_variance="-700",
        not_converted_count=1,
        company_sales_target=None,
        company_forecast_target_variance=None,
        company_won_revenue="500",
        company_not_converted_count=1,
    )


# --- The check itself -------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("value", "places", "expected"),
    [("2.345", 2, "2.35"), ("-2.345", 2, "-2.35"), ("2.3449", 2, "2.34"), ("0.5", 0, "1"), ("-0.4", 0, "0")],
)
def test_half_up(value: str, places: int, expected: str) -> None:
    assert verification.half_up(Fraction(value), places) == Fraction(expected)


def found() -> list[tuple[str, Any, Any]]:
    differences = verification.kpi_differences(today=TODAY, company_currency="USD")
    return [(difference.field, difference.stored, difference.expected) for difference in differences]


def execute(sql: str, *parameters: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)


MONEY = (
    "sales_target",
    "won_revenue",
    "pipeline",
    "weighted_pipeline",
    "total_expected_revenue",
    "forecast_target_variance",
)
COUNTS = ["won_count", "open_count", "lost_count", "slipped_count", "not_converted_count"]


@pytest.mark.parametrize(
    "column", [*MONEY, *(f"company_{name}" for name in MONEY), *COUNTS, "company_not_converted_count"]
)
def test_every_number_that_is_off_by_the_least_is_found(column: str) -> None:
    plan = plan_of(sales_target=1_000)
    won(plan, 100)
    operations.sweep(sweeper="test")
    assert found() == []

    execute(f"UPDATE metrics_plankpi SET {column} = {column} + 1")

    assert [name for name, _stored, _expected in found()] == [column]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("currency", "EUR"),
        ("basis", "order"),
        ("company_currency", "EUR"),
        ("valid_until", "2026-12-31"),
        ("valid_until", None),
    ],
)
def test_every_other_field_that_is_wrong_is_found(column: str, value: Any) -> None:
    deal(plan_of(), 100)
    operations.sweep(sweeper="test")

    execute(f"UPDATE metrics_plankpi SET {column} = %s", value)

    assert [name for name, _stored, _expected in found()] == [column]


def test_numbers_that_are_missing_or_left_over_are_found() -> None:
    plan = plan_of()
    gone = plan_of()
    operations.sweep(sweeper="test")
    assert found() == []

    execute("UPDATE metrics_plankpi SET plan_id = %s WHERE plan_id = %s", *keys("0" * 31 + "1", gone.pk.hex))

    assert sorted(found()) == [("kpi", "missing", "there"), ("kpi", "there", "gone with its plan")]
    differences = [*verification.kpi_differences(today=TODAY, company_currency="USD")]
    assert str(plan.pk) not in "".join(map(str, differences))


def keys(*ids: str) -> list[str]:
    field = AccountPlan._meta.pk
    return [field.get_db_prep_value(pk, connection) for pk in ids]


@pytest.mark.parametrize(
    ("sql", "depths"),
    [
        ("DELETE FROM crm_accountedge WHERE depth = 2", [(None, 2)]),
        ("UPDATE crm_accountedge SET depth = 3 WHERE depth = 2", [(3, 2)]),
        ("DELETE FROM crm_accountedge WHERE depth = 0 AND ancestor_id = {bottom}", [(None, 0)]),
        (
            "INSERT INTO crm_accountedge (ancestor_id, descendant_id, depth) VALUES ({bottom}, {top}, 2)",
            [(2, None)],
        ),
    ],
)
def test_an_edge_that_is_missing_wrong_or_too_much_is_found(
    sql: str, depths: list[tuple[int | None, int | None]]
) -> None:
    top = factories.create_account()
    bottom = factories.create_account(parent=factories.create_account(parent=top))
    assert list(verification.tree_differences()) == []

    execute(sql.format(top=quoted(top), bottom=quoted(bottom)))

    differences = list(verification.tree_differences())
    assert [(difference.stored, difference.expected) for difference in differences] == depths


def quoted(account: Account) -> str:
    return f"'{keys(account.pk.hex)[0]}'"
