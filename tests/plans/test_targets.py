"""Target lines: last year from orders against an independent count, growth and target as one number, sums."""

from __future__ import annotations

import random
from calendar import monthrange
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.models import ExchangeRate, Order
from metrics.operations import fresh_kpi
from plans import policies, targeting
from plans.actuals import last_year_of
from plans.models import AccountPlan, TargetLine
from plans.target_forms import plain_number
from tests import factories

pytestmark = pytest.mark.django_db
ZERO = Decimal(0)


@pytest.fixture
def plan() -> AccountPlan:
    return factories.create_plan(start_date=date(2025, 1, 1), end_date=date(2025, 12, 31), sales_target=5_000)


# --- Last year ----------------------------------------------------------------------------------
def months_of(line: TargetLine) -> list[tuple[int, int]]:
    length = {"year": 12, "half": 6, "quarter": 3, "month": 1}[line.period]
    return [(line.year, (line.number - 1) * length + month) for month in range(1, length + 1)]


def days_by_hand(line: TargetLine, plan: AccountPlan) -> set[date]:
    """Day by day over the plan's own days, each a year earlier; written without `plans.policies`."""
    days, day = set(), plan.start_date
    while day <= plan.end_date:
        if (day.year, day.month) in months_of(line):
            last = monthrange(day.year - 1, day.month)[1]
            days.add(date(day.year - 1, day.month, min(day.day, last)))
            if day.day == monthrange(day.year, day.month)[1] and last > day.day:
                days.add(date(day.year - 1, day.month, last))  # 28 February counts a 29th before it
        day += timedelta(days=1)
    return days


def rate_by_hand(currency: str, on: date) -> Fraction | None:
    if currency == "USD":
        return Fraction(1)
    known = ExchangeRate.objects.filter(currency=currency, valid_from__lte=on).order_by("-valid_from")
    return Fraction(known[0].rate) if known else None


def converted_by_hand(order: Order, currency: str) -> Fraction:
    own, wanted = rate_by_hand(order.currency, order.date), rate_by_hand(currency, order.date)
    if order.currency == currency:
        return Fraction(order.amount)
    return Fraction(order.amount) * own / wanted if own and wanted else Fraction(0)


def counted_by_hand(
    line: TargetLine, plan: AccountPlan, parents: dict[Any, Any], accounts: set[Any], named: set[Any]
) -> Decimal:
    days, total = days_by_hand(line, plan), Fraction(0)
    for order in Order.objects.unscoped("test").select_related("product"):
        category = order.product.category_id if order.product else None
        chain = [None]
        while category is not None:
            chain.append(category)
            category = parents[category]
        counts = not named or not named.isdisjoint([order.product_id, *chain])
        if counts and order.account_id in accounts and order.date in days and line.category_id in chain:
            total += converted_by_hand(order, plan.currency)
    exact = Decimal(total.numerator) / total.denominator
    return exact.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


@pytest.mark.parametrize("seed", range(4))
def test_last_year_equals_an_independent_count(seed: int) -> None:
    """Three currencies with changing rates, a tree of accounts and of categories, leap days, odd periods."""
    dice = random.Random(seed)
    roots = [factories.create_category() for _ in range(2)]
    categories = [*roots, *(factories.create_category(parent=dice.choice(roots)) for _ in range(3))]
    parents = {category.pk: category.parent_id for category in categories}
    products = [factories.create_product(category=category) for category in categories]
    group = factories.create_account()
    accounts = [group, factories.create_account(parent=group), factories.create_account()]
    for currency in ("EUR", "GBP"):
        for valid_from in (date(2023, 3, 1), date(2024, 2, 29), date(2025, 1, 17)):
            factories.create_rate(
                currency, Decimal(dice.randint(5_000, 20_000)) / 10_000, valid_from=valid_from
            )
    for _ in range(60):
        random_day = date(2023, 1, 1) + timedelta(days=dice.randint(0, 900))
        factories.create_order(
            dice.choice(accounts),
            amount=Decimal(dice.randint(-2_000, 50_000)) / 100,
            currency=dice.choice(["USD", "EUR", "GBP"]),
            on_date=dice.choice([date(2024, 2, 29), date(2023, 2, 28), random_day]),
            product=dice.choice([*products, None]),
        )
    start = dice.choice([date(2025, 1, 1), date(2024, 2, 1), date(2025, 2, 10)])
    plan = factories.create_plan(
        group,
        currency=dice.choice(["USD", "EUR"]),
        start_date=start,
        end_date=dice.choice([date(2025, 12, 31), date(2026, 2, 28)]),
        include_child_accounts=dice.random() < 0.5,
    )
    lines = [
        TargetLine(plan=plan, category=category, year=year, period=period, number=number)
        for period in ("year", "half", "quarter", "month")
        for year, number in policies.periods_within(plan.start_date, plan.end_date, period)
        for category in (None, dice.choice(categories))
    ]
    named = {roots[0].pk, products[-1].pk} if seed % 2 else set()
    if named:
        factories.create_plan_product(plan, category=roots[0])
        factories.create_plan_product(plan, products[-1])

    found = last_year_of(lines)

    covered = {account.pk for account in (accounts[:2] if plan.include_child_accounts else accounts[:1])}
    expected = {line.pk: counted_by_hand(line, plan, parents, covered, named) for line in lines}
    assert {line.pk: found[line.pk].amount for line in lines} == expected
    assert any(expected.values())


def test_last_year_takes_as_many_statements_for_many_lines_as_for_one(plan: AccountPlan) -> None:
    factories.create_rate("EUR", "1.1")
    product = factories.create_product()
    factories.create_order(plan.account, on_date=date(2024, 5, 5), product=product, currency="EUR")
    lines = [TargetLine(plan=plan, year=2025, period="month", number=number) for number in range(1, 13)]

    counts = []
    for some in (lines[4:5], lines):
        with CaptureQueriesContext(connection) as statements:
            last_year_of(some)
        counts.append(len(statements))

    assert counts[0] == counts[1] == 4


def test_before_the_first_year_nothing_was_sold() -> None:
    plan = factories.create_plan(start_date=date(1, 1, 1), end_date=date(1, 12, 31))

    assert targeting.sold_categories(plan) == []
    assert policies.days_last_year(date(2028, 2, 29), date(2029, 2, 28)) == (
        date(2027, 2, 28),
        date(2028, 2, 29),
    )


def test_a_correction_by_hand_counts_and_is_said(plan: AccountPlan) -> None:
    factories.create_order(plan.account, amount=800, on_date=date(2024, 5, 5))
    line = factories.create_target_line(plan, last_year_entered=900)

    last_year = last_year_of([line])[line.pk]

    assert (last_year.amount, last_year.from_orders, last_year.is_entered) == (900, 800, True)


# --- Growth and target --------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("target", "growth", "meant"),
    [
        (None, "5", "1050.00"),
        ("1100", None, "1100"),
        (None, "-10", "900.00"),
        (None, "0.1", "1001.00"),
        ("1050", "5", "1050"),
        ("1050.49", "5.0", "1050.49"),
        ("1200.50", "20.0", "1200.50"),
    ],
)
def test_growth_and_target_are_two_views_of_one_number(
    plan: AccountPlan, target: str | None, growth: str | None, meant: str
) -> None:
    factories.create_order(plan.account, amount=1_000, on_date=date(2024, 5, 5))
    line = TargetLine(plan=plan, year=2025)
    given = {"target": target and Decimal(target), "growth": growth and Decimal(growth)}

    found = targeting.target_of(line, last_year_of([line])[line.pk], **given)

    assert found == Decimal(meant)
    if growth is not None:
        shown = policies.growth_percent(target=found, last_year=Decimal(1_000))
        assert abs(shown - Decimal(growth)) <= Decimal("0.1")


@pytest.mark.parametrize(
    ("sold", "target", "growth", "field"),
    [(1_000, "1100", "5", "growth_percent"), (0, None, "5", "growth_percent"), (1_000, None, None, "target")],
)
def test_what_is_no_target_is_refused(
    plan: AccountPlan, sold: int, target: str | None, growth: str | None, field: str
) -> None:
    factories.create_order(plan.account, amount=sold, on_date=date(2024, 5, 5))
    line = TargetLine(plan=plan, year=2025)
    given = {"target": target and Decimal(target), "growth": growth and Decimal(growth)}

    with pytest.raises(ValidationError) as refused:
        targeting.target_of(line, last_year_of([line])[line.pk], **given)

    assert set(refused.value.message_dict) == {field}


# --- Lines of a plan ----------------------------------------------------------------------------
def test_a_sale_counts_in_one_line_only(plan: AccountPlan) -> None:
    bearings = factories.create_category("Bearings")
    ball, other = factories.create_category("Ball", parent=bearings), factories.create_category("Other")
    factories.create_target_line(plan, bearings, year=2025, period="quarter", number=2)

    for category, period, number, is_fine in (
        (ball, "month", 4, False),
        (None, "half", 1, False),
        (bearings, "year", 1, False),
        (ball, "month", 7, True),
        (other, "quarter", 2, True),
        (None, "half", 2, True),
    ):
        line = TargetLine(plan=plan, category=category, year=2025, period=period, number=number, target=ZERO)
        if is_fine:
            line.full_clean()
        else:
            with pytest.raises(ValidationError, match="counts the same sales already"):
                line.full_clean()


@pytest.mark.parametrize(
    ("year", "period", "number"),
    [(2025, "quarter", 5), (2025, "month", 0), (2024, "month", 12), (2026, "year", 1)],
)
def test_a_period_lies_in_the_year_and_in_the_plan(
    plan: AccountPlan, year: int, period: str, number: int
) -> None:
    line = TargetLine(plan=plan, year=year, period=period, number=number, target=ZERO)

    with pytest.raises(ValidationError):
        line.full_clean()


def test_lines_start_from_last_year_and_what_is_there_stays(plan: AccountPlan) -> None:
    product = factories.create_product()
    factories.create_order(plan.account, amount=1_000, on_date=date(2024, 2, 5), product=product)
    factories.create_order(plan.account, amount=200, on_date=date(2024, 11, 5), product=product)
    kept = factories.create_target_line(
        plan, product.category, year=2025, period="quarter", number=4, target=7
    )
    sold = targeting.sold_categories(plan)

    count = targeting.add_lines(plan=plan, categories=sold, period="quarter", growth=Decimal("7.5"))

    assert (sold, count) == ([product.category], 3)
    assert [(line.number, line.target) for line in targeting.lines_of(plan)] == [
        (1, 1_075),
        (2, 0),
        (3, 0),
        (4, 7),
    ]
    with pytest.raises(targeting.NothingToAddError):
        targeting.add_lines(plan=plan, categories=[None], period="month", growth=ZERO)
    assert targeting.grow_all(plan=plan, growth=Decimal(50)) == 2
    kept.refresh_from_db()
    assert kept.target == 300


# --- The plan's target --------------------------------------------------------------------------
def target_of(plan: AccountPlan) -> Decimal | None:
    return AccountPlan.objects.unscoped("test").get(pk=plan.pk).sales_target


def test_the_plan_s_target_is_the_sum_of_its_lines_if_it_says_so(plan: AccountPlan) -> None:
    first = factories.create_target_line(plan, year=2025, period="quarter", number=1, target=100)
    assert target_of(plan) == 5_000, "entered"

    plan.target_from_lines = True
    plan.save()
    assert target_of(plan) == 100
    factories.create_target_line(plan, year=2025, period="quarter", number=2, target="20.5")
    assert target_of(plan) == Decimal("120.5")
    with connection.cursor() as cursor:  # past everything that Python does
        cursor.execute("UPDATE plans_targetline SET target = 1000 WHERE number = 2")
    assert target_of(plan) == 101
    assert fresh_kpi(plan)[0].sales_target == 101
    first.delete()
    assert (target_of(plan), fresh_kpi(plan)[0].sales_target) == (1, 1)
    AccountPlan.objects.unscoped("test").filter(pk=plan.pk).update(sales_target=Decimal(77))
    assert target_of(plan) == 1
    TargetLine.objects.unscoped("test").delete()
    assert (target_of(plan), fresh_kpi(plan)[0].sales_target) == (None, None)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1234.5", "1234.5"),
        ("1,234.50", "1234.50"),
        ("1.234,50 €", "1234.50"),
        ("$ 12,000", "12000"),
        ("12 000", "12000"),
        ("1.234.567", "1234567"),
        ("7,5 %", "7.5"),
        ("−3", "-3"),
        ("abc", ""),
    ],
)
def test_numbers_are_read_as_spreadsheets_write_them(text: str, number: str) -> None:
    assert plain_number(text) == number
