"""Pace against an independent implementation, day by day, and the rules of domain.md on examples."""

from __future__ import annotations

import random
from calendar import monthrange
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm.models import (
    Account,
    ExchangeRate,
    Opportunity,
    OpportunityLine,
    Order,
    Product,
    ProductCategory,
    RevenueSchedule,
)
from kam.users.models import User
from metrics import policies
from metrics.pace import PlanPace, pace_of
from metrics.promises import commitments_of, rebates_of
from metrics.rebates import RebateStanding
from plans.enums import PlanStatus
from plans.models import AccountPlan, RebateProgram, TargetLine
from templates_app.enums import RevenueBasis
from tests import factories
from tests.fixtures import ApiFor, World

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


# --- By hand ------------------------------------------------------------------------------------
class ByHand:
    """The same numbers from plain rows: no aggregate, no curve object, a loop over days."""

    def __init__(self, plan: AccountPlan, today: date, since: date | None = None) -> None:
        self.plan, self.today, self.since = plan, today, since or plan.start_date
        self.named: list[Any] = []  # categories that the plan counts alone
        self.accounts = {plan.account_id}
        while plan.include_child_accounts:
            below = Account.objects.unscoped("test").filter(parent__in=self.accounts)
            found = set(below.values_list("pk", flat=True)) - self.accounts
            if not found:
                break
            self.accounts |= found

    def rate(self, currency: str, on: date) -> Fraction | None:
        if currency == "USD":
            return Fraction(1)
        rows = ExchangeRate.objects.filter(currency=currency, valid_from__lte=on).order_by("-valid_from")
        return Fraction(rows[0].rate) if rows else None

    def converted(self, amount: Decimal, currency: str, on: date, wanted: str) -> Fraction:
        if currency == wanted:
            return Fraction(amount)
        own, other = self.rate(currency, on), self.rate(wanted, on)
        return Fraction(amount) * own / other if own and other else Fraction(0)

    def is_of(self, product: Product | None, category_id: Any) -> bool:
        category = product.category if product else None
        while category is not None and category.pk != category_id:
            category = category.parent
        return category_id is None or category is not None

    def is_named(self, product: Product | None) -> bool:
        return not self.named or any(self.is_of(product, pk) for pk in self.named)

    def weights(self, category_id: Any, start: date, end: date) -> tuple[str, dict[int, Fraction] | None]:
        anchor = min(self.since, self.today).replace(day=1)
        orders = Order.objects.unscoped("test").select_related("product__category__parent")
        orders = orders.filter(date__gte=anchor.replace(year=anchor.year - 3), date__lt=anchor)
        for source, wanted in (("account", self.plan.currency), ("company", "USD")):
            months: dict[tuple[int, int], Fraction] = {}
            for order in orders:
                if source == "account" and order.account_id not in self.accounts:
                    continue
                if not self.is_of(order.product, category_id) or not self.is_named(order.product):
                    continue
                month = (order.date.year, order.date.month)
                on = order.date if source == "account" else order.date.replace(day=1)
                months.setdefault(month, Fraction(0))
                months[month] += self.converted(order.amount, order.currency, on, wanted)
            if sum(amount > 0 for amount in months.values()) >= 12:
                of_year = {
                    number: max(
                        sum((a for (_y, m), a in months.items() if m == number), Fraction(0)), Fraction(0)
                    )
                    for number in range(1, 13)
                }
                if self.weigh(of_year, start, end):
                    return source, of_year
        return "days", None

    def weigh(self, weights: dict[int, Fraction] | None, start: date, end: date) -> Fraction:
        total, day = Fraction(0), start
        while day <= end:
            length = monthrange(day.year, day.month)[1]
            total += Fraction(1) if weights is None else weights[day.month] / length
            day += DAY
        return total

    def counted(self, category_id: Any) -> Iterator[tuple[Any, date, Decimal, str, Product | None]]:
        """What the plan's basis counts as won, wherever and whenever."""
        if self.plan.revenue_basis == RevenueBasis.ORDER:
            for order in Order.objects.unscoped("test").select_related("product__category__parent"):
                yield order.account_id, order.date, order.amount, order.currency, order.product
            return
        for deal in Opportunity.objects.unscoped("test").filter(stage__is_won=True):
            by_part = OpportunityLine.objects.unscoped("test").select_related("product__category__parent")
            for line in by_part.filter(opportunity=deal):
                if self.plan.revenue_basis == RevenueBasis.SCHEDULE:
                    for part in RevenueSchedule.objects.unscoped("test").filter(line=line):
                        yield deal.account_id, part.date, part.amount, deal.currency, line.product
                elif category_id is not None or self.named:
                    yield deal.account_id, deal.close_date, line.amount, deal.currency, line.product
            is_whole = category_id is None and not self.named
            if self.plan.revenue_basis == RevenueBasis.OPPORTUNITY and is_whole:
                yield deal.account_id, deal.close_date, deal.amount, deal.currency, None

    def actual(self, category_id: Any, start: date, end: date) -> Fraction:
        return sum(
            (
                self.converted(amount, currency, on, self.plan.currency)
                for account_id, on, amount, currency, product in self.counted(category_id)
                if account_id in self.accounts
                and start <= on <= end
                and self.is_of(product, category_id)
                and self.is_named(product)
            ),
            Fraction(0),
        )

    def numbers(self, target: Decimal, category_id: Any, start: date, end: date) -> tuple[Any, ...]:
        source, weights = self.weights(category_id, start, end)
        over = self.weigh(weights, start, min(self.today, end)) if self.today >= start else Fraction(0)
        expected = Fraction(target) * over / self.weigh(weights, start, end)
        actual = self.actual(category_id, start, end)
        shown = cents(actual)
        if self.today < start:
            state = "to_come"
        elif Fraction(shown) >= expected:
            state = "on_pace"
        else:
            state = "at_risk" if Fraction(shown) >= expected * 8 / 10 else "behind"
        months, day = Fraction(0), max(start, self.today + DAY)
        while day <= end:
            months += Fraction(1, monthrange(day.year, day.month)[1])
            day += DAY
        missing = max(target - shown, Decimal(0))
        return source, cents(expected), shown, state, cents(Fraction(missing) / months) if months else None


def cents(value: Fraction) -> Decimal:
    with_more = Decimal(value.numerator) / Decimal(value.denominator)
    return with_more.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


def numbers_of(pace: Any) -> tuple[Any, ...]:
    return pace.curve.source, pace.expected, pace.actual, pace.state, pace.needed_per_month


# --- Random worlds ------------------------------------------------------------------------------
def random_world(dice: random.Random) -> tuple[AccountPlan, date]:
    top = factories.create_category()
    categories = [top, factories.create_category(parent=top), factories.create_category()]
    products = [factories.create_product(category=category) for category in categories]
    group = factories.create_account()
    accounts = [group, factories.create_account(parent=group), factories.create_account()]
    for currency in ("EUR", "GBP"):
        for valid_from in (date(2021, 1, 1), date(2024, 2, 29)):
            factories.create_rate(
                currency, Decimal(dice.randint(5_000, 20_000)) / 10_000, valid_from=valid_from
            )
    own_share = dice.choice([0, 1, 1, 2])
    for _ in range(70):
        factories.create_order(
            dice.choice([*accounts[: own_share + 1], accounts[2]] if own_share else accounts[2:]),
            amount=Decimal(dice.randint(-3_000, 60_000)) / 100,
            currency=dice.choice(["USD", "EUR", "GBP"]),
            on_date=date(2021, 1, 1) + DAY * dice.randint(0, 1_500),
            product=dice.choice([*products, None]),
        )
    plan = factories.create_plan(
        group,
        start_date=dice.choice([date(2024, 1, 1), date(2023, 7, 10), date(2024, 2, 1)]),
        end_date=dice.choice([date(2024, 12, 31), date(2024, 11, 17), date(2025, 2, 28)]),
        currency=dice.choice(["USD", "EUR"]),
        sales_target=dice.randint(1, 900),
        revenue_basis=dice.choice(RevenueBasis.values),
        include_child_accounts=dice.random() < 0.7,
    )
    won, opened = factories.won_stage(), factories.open_stage()
    for _ in range(12):
        day = date(2023, 7, 1) + DAY * dice.randint(0, 600)
        deal = factories.create_opportunity(
            dice.choice(accounts),
            amount=Decimal(dice.randint(1, 9_000)) / 100,
            currency=dice.choice(["USD", "EUR", "GBP"]),
            stage=dice.choice([won, won, opened]),
            close_date=day,
        )
        line = factories.create_opportunity_line(deal, product=dice.choice(products), amount=deal.amount)
        factories.create_schedule(line, on_date=day + DAY * dice.randint(0, 60), amount=deal.amount)
    lines = ((None, "quarter", 1), (top, "half", 2), (categories[2], "quarter", 2))
    for category, period, number in lines:
        factories.create_target_line(
            plan, category, year=2024, period=period, number=number, target=dice.randint(1, 300)
        )
    for start, end in ((plan.start_date, plan.end_date), (date(2024, 2, 29), date(2024, 10, 15))):
        tiers = [(dice.randint(1, 20), 1), (dice.randint(21, 900), 2)]
        factories.create_rebate_program(plan, tiers=tiers, start_date=start, end_date=end)
    today = dice.choice(
        [date(2024, 2, 28), date(2024, 2, 29), date(2024, 8, 3), date(2023, 5, 1), date(2025, 6, 1)]
    )
    return plan, today


@pytest.mark.parametrize("seed", range(8))
def test_pace_equals_an_independent_implementation(seed: int) -> None:
    plan, today = random_world(random.Random(seed))
    by_hand = ByHand(plan, today)
    if seed % 2:
        top = ProductCategory.objects.get(parent=None, children__isnull=False)
        factories.create_plan_product(plan, category=top)
        by_hand.named = [top.pk]

    found = pace_of(plan, today=today)

    period = (plan.start_date, plan.end_date)
    assert numbers_of(found.pace) == by_hand.numbers(plan.sales_target, None, *period)
    expected = {
        line.pk: by_hand.numbers(line.target, line.category_id, *line.days)
        for line in TargetLine.objects.unscoped("test").select_related("plan")
    }
    assert {row.line.pk: numbers_of(row.pace) for row in found.lines} == expected
    for row in rebates_of(plan, today=today):
        assert rebate_numbers(row) == rebate_by_hand(row.program, today), row.program


# --- Rebates ------------------------------------------------------------------------------------
def rebate_numbers(row: RebateStanding) -> tuple[Any, ...]:
    numbers = row.expected, row.state, row.needed_per_month, row.projected
    return row.season.curve.source, row.turnover, row.next and row.next.threshold, *numbers


def rebate_by_hand(program: RebateProgram, today: date) -> tuple[Any, ...]:
    """The way to the next tier: only orders count, whatever the plan's own numbers rest on."""
    period = (program.start_date, program.end_date)
    by_hand = ByHand(program.plan, today, since=program.start_date)
    by_hand.plan.revenue_basis = RevenueBasis.ORDER
    turnover = cents(by_hand.actual(None, *period))
    source, weights = by_hand.weights(None, *period)
    goal = min((t.threshold for t in program.tiers.all() if t.threshold > turnover), default=None)
    over = by_hand.weigh(weights, period[0], min(today, period[1])) / by_hand.weigh(weights, *period)
    projected = cents(Fraction(turnover) / over) if over else None
    if goal is None:
        return source, turnover, None, None, "kept", None, projected
    _source, expected, _actual, state, needed = by_hand.numbers(goal, None, *period)
    state = "overdue" if today > program.end_date else state
    return source, turnover, goal, expected, state, needed, projected


def test_rebate_goes_by_the_season_and_a_commitment_by_days() -> None:
    plan = a_plan()
    sell(plan.account, {(2025, month): 200 if month < 7 else 100 for month in range(1, 13)})
    factories.create_rebate_program(plan, tiers=[(900, 2)])
    factories.create_commitment(plan, quantity=12)
    sell(plan.account, {(2026, 1): 480})

    (rebate,) = rebates_of(plan, today=date(2026, 6, 30))
    (calls,) = commitments_of(plan, today=date(2026, 6, 30))

    # Two thirds of the year's orders come by June; by days it would be on pace with 446 of 900.
    assert (rebate.expected, rebate.state, rebate.needed_per_month) == (600, "at_risk", 70)
    assert rebate.projected == 720
    assert rebate.season.reason == "The account's own orders of three years: 12 months with sales."
    assert (policies.tenth(Fraction(calls.expected)), calls.needed_per_month) == (6, 2)


def test_promises_of_a_cancelled_plan_are_not_behind() -> None:
    plan = a_plan(status=PlanStatus.CANCELLED)
    factories.create_rebate_program(plan, tiers=[(100, 2), (900, 3)])
    kept, missed = (factories.create_commitment(plan, quantity=quantity) for quantity in (1, 5))
    factories.create_activity(plan.account, type=kept.activity_type, done_on=date(2026, 2, 1))
    sell(plan.account, {(2026, 1): 200})

    rebates, calls = rebates_of(plan, today=date(2027, 3, 1)), commitments_of(plan, today=date(2027, 3, 1))

    assert {row.commitment.pk: row.state for row in calls} == {kept.pk: "kept", missed.pk: "cancelled"}
    assert [(row.state, row.reached.percent) for row in rebates] == [("cancelled", 2)]
    assert [row.needed_per_month for row in calls] == [None, None]


# --- Examples -----------------------------------------------------------------------------------
def a_plan(**values: Any) -> AccountPlan:
    return factories.create_plan(
        start_date=date(2026, 1, 1), end_date=date(2026, 12, 31), sales_target=1_200, **values
    )


def sell(account: Account, months: dict[tuple[int, int], int]) -> None:
    for (year, month), amount in months.items():
        factories.create_order(account, amount=amount, on_date=date(year, month, 15))


def at(plan: AccountPlan, today: date, won: int = 0) -> PlanPace:
    if won:
        factories.create_opportunity(
            plan.account, amount=won, stage=factories.won_stage(), close_date=plan.start_date
        )
    return pace_of(plan, today=today)


def test_without_sales_every_day_counts_the_same() -> None:
    found = at(a_plan(), date(2026, 7, 2))

    assert (found.pace.curve.source, found.pace.expected) == ("days", Decimal("601.64"))  # 183 of 365 days
    assert "The account had sales in 0 of the 36 months before" in found.reason


def test_the_account_s_own_season_counts_from_twelve_months_with_sales_on() -> None:
    plan = a_plan()
    half_year = {(year, month): 100 for year in (2024, 2025) for month in (1, 2, 3, 4, 5)}
    sell(plan.account, {**half_year, (2025, 12): 100})
    eleven = at(plan, date(2026, 5, 31))
    sell(plan.account, {(2023, 12): 100})
    twelve = at(plan, date(2026, 5, 31))

    assert (eleven.pace.curve.source, twelve.pace.curve.source) == ("days", "account")
    assert twelve.pace.expected == 1_000, "ten of twelve months' sales lie in January to May"
    assert [month.expected for month in twelve.months] == [200] * 5 + [0] * 6 + [200]
    assert [month.needed for month in twelve.months][4:] == [None, *[0] * 6, 1_200]


def test_a_line_that_the_period_was_moved_away_from_is_told_no_more() -> None:
    plan = a_plan()
    factories.create_target_line(plan, period="quarter", number=1)
    factories.create_target_line(plan, period="quarter", number=2)
    plan.start_date = date(2026, 5, 1)
    plan.save()

    found = at(plan, date(2026, 6, 30))

    assert [(row.pace.start, row.pace.end, row.pace.expected) for row in found.lines] == [
        (date(2026, 5, 1), date(2026, 6, 30), 1_000)
    ]


def test_what_was_put_in_by_hand_from_beyond_the_period_counts_at_its_ends() -> None:
    plan = a_plan()
    category = factories.create_category()
    for line_of in (None, category):
        factories.create_target_line(plan, line_of, period="quarter", number=1)
        factories.create_target_line(plan, line_of, period="quarter", number=4)
    factories.create_rate("EUR", 2, valid_from=date(2025, 1, 1))
    factories.create_rate("EUR", 3, valid_from=date(2026, 1, 1))
    for day, amount in ((date(2025, 12, 20), 40), (date(2027, 2, 1), 7)):
        deal = factories.create_opportunity(
            factories.create_account(),
            amount=amount,
            currency="EUR",
            stage=factories.won_stage(),
            close_date=day,
        )
        factories.create_opportunity_line(deal, product=factories.create_product(category=category))
        factories.create_pin(plan, deal)

    found = at(plan, date(2026, 6, 30), won=100)

    assert found.pace.actual == 100 + 80 + 21, "each at the rate of its own day"
    assert [month.actual for month in found.months] == [180, *[0] * 10, 21]
    actual = {(row.line.category_id, row.line.number): row.pace.actual for row in found.lines}
    assert actual == {(None, 1): 180, (None, 4): 21, (category.pk, 1): 80, (category.pk, 4): 21}


def test_the_company_s_season_stands_in() -> None:
    plan = a_plan()
    sell(factories.create_account(), {(2025, month): 100 if month > 6 else 300 for month in range(1, 13)})

    found = at(plan, date(2026, 6, 30))

    assert (found.pace.curve.source, found.pace.expected) == ("company", 900)
    assert "So the season is that of the whole company." in found.reason


@pytest.mark.parametrize(
    ("won", "state"), [(602, "on_pace"), (601, "at_risk"), (482, "at_risk"), (481, "behind"), (0, "behind")]
)
def test_on_pace_at_risk_behind(won: int, state: str) -> None:
    assert at(a_plan(), date(2026, 7, 2), won).pace.state == state  # 601.64 are expected, 481.32 are 80 %


def test_before_after_and_without_a_target() -> None:
    plan = a_plan()

    before, last, after = (
        at(plan, day).pace for day in (date(2025, 12, 31), date(2026, 12, 31), date(2027, 3, 1))
    )

    assert (before.state, before.expected, before.needed_per_month) == ("to_come", 0, 100)
    assert (last.state, last.expected, last.needed_per_month) == ("behind", 1_200, None)
    assert (after.expected, after.needed_per_month) == (1_200, None)
    nothing = pace_of(factories.create_plan(sales_target=None), today=date(2026, 1, 1)).pace
    assert (nothing.state, nothing.expected, nothing.percent, nothing.needed_per_month) == (None,) * 4


def test_a_leap_day_weighs_a_29th_of_its_february() -> None:
    plan = factories.create_plan(start_date=date(2028, 2, 1), end_date=date(2028, 3, 31), sales_target=580)
    sell(plan.account, {(2027, month): 100 for month in range(1, 13)})

    by_day = [at(plan, date(2028, 2, day)).pace.expected for day in (1, 28, 29)]

    assert by_day == [10, 280, 290]


def test_a_cancelled_plan_counts_nothing() -> None:
    plan, category = a_plan(revenue_basis=RevenueBasis.ORDER, status="cancelled"), factories.create_category()
    factories.create_order(
        plan.account, on_date=date(2026, 2, 2), product=factories.create_product(category=category)
    )
    factories.create_target_line(plan, category, target=10)

    found = at(plan, date(2026, 6, 1))

    assert [found.pace.actual, *(row.pace.actual for row in found.lines)] == [0, 0]


def test_the_longest_plan_there_can_be() -> None:
    plan = factories.create_plan(start_date=date(1, 1, 1), end_date=date(9999, 12, 31))

    found = pace_of(plan, today=date(2026, 1, 1))

    assert (found.pace.curve.source, found.months) == ("days", [])


# --- API and statements -------------------------------------------------------------------------
def test_pace_in_the_api(api: ApiFor, world: World, account_manager: User, stranger: User, msl: User) -> None:
    line = factories.create_target_line(world.plan, target=1_000, year=world.plan.start_date.year)
    program = factories.create_rebate_program(world.plan)
    commitment = factories.create_commitment(world.plan, quantity=2)
    url = f"/api/v1/account-plans/{world.plan.pk}/pace/"

    body = api(account_manager).get(url).json()

    assert (body["target"], body["actual"], body["remaining_target"]) == ("10000.00", "4000.00", "6000.00")
    assert (body["curve"]["source"], len(body["curve"]["months"]), body["state"]) == ("days", 12, "on_pace")
    assert [row["id"] for row in body["lines"]] == [str(line.pk)]
    assert sum(Decimal(month["actual"]) for month in body["months"]) == 4_000
    (rebate,), (calls,) = body["rebates"], body["commitments"]
    assert (rebate["id"], rebate["curve_source"], rebate["next_tier"]["percent"]) == (
        str(program.pk),
        "days",
        2,
    )
    assert (calls["id"], calls["curve_source"], calls["quantity"]) == (str(commitment.pk), "days", "2")
    assert "every day counts the same" in rebate["curve_reason"]
    assert (api(stranger).get(url).status_code, api(msl).get(url).status_code) == (404, 403)


def test_pace_takes_a_fixed_number_of_statements(world: World) -> None:
    factories.create_rate("EUR", "1.1")
    product, today = factories.create_product(), timezone.localdate()
    start = world.plan.start_date

    def more(number: int) -> None:
        factories.create_order(
            world.account, on_date=start - DAY * 40 * number, product=product, currency="EUR"
        )
        won = factories.create_opportunity(
            world.account, currency="EUR", stage=factories.won_stage(), close_date=start + DAY * number
        )
        factories.create_opportunity_line(won, product=product)
        factories.create_target_line(
            world.plan, factories.create_category(), year=start.year, period="year", target=number
        )
        factories.create_rebate_program(world.plan)
        factories.create_commitment(world.plan)
        read()

    def read() -> None:
        pace_of(world.plan, today=today)
        rebates_of(world.plan, today=today)
        commitments_of(world.plan, today=today)

    more(1)
    with CaptureQueriesContext(connection) as few:
        read()
    for number in range(2, 5):
        more(number)

    with CaptureQueriesContext(connection) as many:
        read()

    assert len(many) == len(few)
