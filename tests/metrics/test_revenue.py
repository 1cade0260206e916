"""The revenue pages' numbers against plain loops over rows, and who is told what."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.models import Account, ExchangeRate, Opportunity, Order, ProductCategory
from kam.users.models import User
from metrics.pipeline import columns_of
from metrics.revenue import Revenue, account_revenue, plan_revenue
from metrics.sales_history import years_until
from plans.models import AccountPlan
from templates_app.enums import RevenueBasis
from tests import factories
from tests.fixtures import ApiFor, World

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def cents(value: Fraction) -> Decimal:
    return (Decimal(value.numerator) / value.denominator).quantize(Decimal("0.01"), ROUND_HALF_UP)


def rate(currency: str, on: date) -> Fraction | None:
    if currency == "USD":
        return Fraction(1)
    row = ExchangeRate.objects.filter(currency=currency, valid_from__lte=on).order_by("-valid_from").first()
    return Fraction(row.rate) if row else None


def converted(amount: Decimal, currency: str, on: date, wanted: str) -> Fraction | None:
    own, other = rate(currency, on), rate(wanted, on)
    if currency == wanted:
        return Fraction(amount)
    return None if own is None or other is None else Fraction(amount) * own / other


def below(account: Account) -> set[Any]:
    found = {account.pk}
    while (
        more := set(Account.objects.unscoped("test").filter(parent__in=found).values_list("pk", flat=True))
        - found
    ):
        found |= more
    return found


def root_of(category: ProductCategory | None) -> Any:
    while category is not None and category.parent is not None:
        category = category.parent
    return category and category.pk


def ordered(accounts: set[Any], wanted: str, spans: Iterable[tuple[date, date]], part: Any) -> list[Decimal]:
    """By span, of one part of the catalogue; "all" of all."""
    sums = []
    orders = Order.objects.unscoped("test").filter(account__in=accounts)
    rows = list(orders.select_related("product__category__parent__parent"))
    for first, last in spans:
        total = Fraction(0)
        for order in rows:
            category = order.product.category if order.product else None
            if first <= order.date <= last and part in ("all", root_of(category)):
                total += converted(order.amount, order.currency, order.date, wanted) or 0
        sums.append(cents(total))
    return sums


def random_world(dice: random.Random) -> tuple[AccountPlan, date]:
    tops = [factories.create_category() for _ in range(2)]
    below_first = factories.create_category(parent=tops[0])
    products = [factories.create_product(category=category) for category in (*tops, below_first)]
    for currency in ("EUR", "GBP"):
        for valid_from in (date(2021, 6, 1), date(2024, 2, 29)):
            factories.create_rate(
                currency, Decimal(dice.randint(5_000, 20_000)) / 10_000, valid_from=valid_from
            )
    group = factories.create_account(currency=dice.choice(["USD", "EUR"]))
    accounts = [group, factories.create_account(parent=group), factories.create_account()]
    currencies = ["USD", "EUR", "GBP", "CHF"]  # no rate for CHF, ever
    for _ in range(80):
        factories.create_order(
            dice.choice(accounts),
            amount=Decimal(dice.randint(-3_000, 60_000)) / 100,
            currency=dice.choice(currencies),
            on_date=dice.choice([date(2024, 2, 29), date(2021, 1, 1) + DAY * dice.randint(0, 1_700)]),
            product=dice.choice([*products, None]),
        )
    stages = [factories.create_stage(probability=30), factories.open_stage(), factories.won_stage()]
    for _ in range(25):
        factories.create_opportunity(
            dice.choice(accounts),
            amount=Decimal(dice.randint(1, 90_000)) / 100,
            currency=dice.choice(currencies),
            stage=dice.choice(stages),
            close_date=date(2024, 1, 1) + DAY * dice.randint(0, 500),
        )
    plan = factories.create_plan(
        group,
        start_date=dice.choice([date(2024, 1, 1), date(2024, 2, 29), date(2024, 7, 1)]),
        end_date=dice.choice([date(2024, 12, 31), date(2025, 2, 28)]),
        currency=dice.choice(["USD", "EUR", "GBP"]),
        sales_target=1_000,
        include_child_accounts=dice.random() < 0.7,
    )
    return plan, dice.choice([date(2024, 2, 29), date(2024, 8, 31), date(2025, 3, 15)])


def check_history(found: Revenue, accounts: set[Any]) -> None:
    history = found.history
    spans = [(year.first, year.last) for year in history.years]
    for part in (history.total, *history.categories):
        key = "all" if part is history.total else part.category_id
        assert part.years == ordered(accounts, found.currency, spans, key)
        whole_months = [(first.replace(day=1), last) for first, last in history.months]
        assert part.months == ordered(accounts, found.currency, whole_months, key)
    left_out = [
        order
        for order in Order.objects.unscoped("test").filter(account__in=accounts)
        if spans[0][0] <= order.date <= spans[-1][1]
        and converted(order.amount, order.currency, order.date, found.currency) is None
    ]
    assert sum(row.count for row in history.left_out) == len(left_out)


def check_open(found: Revenue, deals: list[Opportunity]) -> None:
    known = {deal: converted(deal.amount, deal.currency, deal.close_date, found.currency) for deal in deals}
    counted = {deal: value for deal, value in known.items() if value is not None}
    assert found.pipeline.total.amount == cents(sum(counted.values(), Fraction(0)))
    assert found.pipeline.total.count == len(counted)
    for row in found.pipeline.rows:
        for column, cell in zip(found.pipeline.columns, row.cells, strict=True):
            in_it = [d for d in counted if d.stage.name == row.stage and column.holds(d.close_date)]
            assert cell.amount == cents(sum((counted[d] for d in in_it), Fraction(0)))
            weighted = sum((counted[d] * Fraction(d.probability) / 100 for d in in_it), Fraction(0))
            assert (cell.count, cell.weighted) == (len(in_it), cents(weighted))
    assert sum(row.total.count for row in found.pipeline.rows) == len(counted)
    late = {deal.pk for deal in counted if deal.close_date < found.today}
    assert {deal.opportunity_id for deal in found.slipped.deals} == late


@pytest.mark.parametrize("seed", range(4))
def test_revenue_equals_plain_loops(seed: int, admin: User) -> None:
    plan, today = random_world(random.Random(seed))
    everything = Opportunity.objects.unscoped("test").select_related("stage")

    of_plan = plan_revenue(plan, user=admin, today=today)
    of_account = account_revenue(plan.account, user=admin, today=today)

    assert of_plan is not None
    assert of_account is not None
    accounts = below(plan.account) if plan.include_child_accounts else {plan.account_id}
    check_history(of_plan, accounts)
    period = (plan.start_date, plan.end_date)
    opened = everything.filter(account__in=accounts, stage__is_closed=False)
    check_open(of_plan, list(opened.filter(close_date__range=period)))
    check_won(of_plan, accounts, plan.revenue_basis)
    check_history(of_account, below(plan.account))
    check_open(of_account, list(everything.filter(account__in=below(plan.account), stage__is_closed=False)))


def check_won(found: Revenue, accounts: set[Any], basis: str) -> None:
    for month in found.months:
        span = (month.first, month.last)
        rows: Iterable[tuple[Decimal, str, date]]
        if basis == RevenueBasis.ORDER:
            orders = Order.objects.unscoped("test").filter(account__in=accounts, date__range=span)
            rows = orders.values_list("amount", "currency", "date")
        else:
            deals = Opportunity.objects.unscoped("test").filter(account__in=accounts, stage__is_won=True)
            rows = deals.filter(close_date__range=span).values_list("amount", "currency", "close_date")
        values = (converted(amount, money, day, found.currency) for amount, money, day in rows)
        assert month.won == cents(sum((value or Fraction(0) for value in values), Fraction(0)))


@pytest.mark.parametrize("seed", range(3))
def test_revenue_of_a_territory_equals_plain_loops(seed: int, admin: User) -> None:
    dice = random.Random(seed)
    frame, today = random_world(dice)
    top = factories.create_territory()
    places = [top, factories.create_territory(parent=top), factories.create_territory()]
    for account, place in zip(Account.objects.unscoped("test"), places, strict=True):
        account.territory = place
        account.save()
    basis = dice.choice([RevenueBasis.OPPORTUNITY, RevenueBasis.ORDER])
    plan = factories.create_territory_plan(
        top,
        start_date=frame.start_date,
        end_date=frame.end_date,
        currency=frame.currency,
        revenue_basis=basis,
    )

    found = plan_revenue(plan, user=admin, today=today)

    assert found is not None
    accounts = {row.pk for row in Account.objects.unscoped("test") if row.territory in places[:2]}
    assert len(accounts) == 2
    check_history(found, accounts)
    check_won(found, accounts, basis)
    opened = Opportunity.objects.unscoped("test").select_related("stage").filter(stage__is_closed=False)
    period = (plan.start_date, plan.end_date)
    check_open(found, list(opened.filter(account__in=accounts, close_date__range=period)))


def test_months_say_what_was_won_ordered_and_is_open(world: World, account_manager: User) -> None:
    today = world.plan.start_date + DAY * 40
    plan = world.plan
    factories.create_order(
        plan.account, amount=700, on_date=plan.start_date.replace(year=plan.start_date.year - 1)
    )

    found = plan_revenue(plan, user=account_manager, today=today)

    assert found is not None
    assert found.found is not None
    assert [month.won for month in found.months] == [month.actual for month in found.found.months]
    assert [month.target for month in found.months] == [month.expected for month in found.found.months]
    assert sum(month.open for month in found.months) == found.pipeline.total.amount == 3_500
    assert found.months[0].a_year_before == 700


# --- Years and columns --------------------------------------------------------------------------
def test_years_end_before_the_period_and_say_what_is_over_of_it() -> None:
    years = years_until(date(2026, 4, 15), date(2027, 3, 31), today=date(2026, 11, 22))

    assert [year.label for year in years] == ["2023/24", "2024/25", "2025/26", "2026/27"]
    assert (years[0].first, years[2].last) == (date(2023, 4, 1), date(2026, 3, 31))
    assert (years[3].last, years[3].is_whole) == (date(2026, 11, 22), False)
    to_come = years_until(date(2027, 1, 1), date(2027, 12, 31), today=date(2026, 11, 22))
    assert [year.label for year in to_come] == ["2023", "2024", "2025", "2026"]
    over = years_until(date(2020, 1, 1), date(2020, 12, 31), today=date(2026, 11, 22))
    assert [(year.label, year.is_whole) for year in over][-1] == ("2020", True)
    endless = years_until(date(1, 1, 1), date(9999, 12, 31), today=date(2026, 11, 22))
    assert [year.label for year in endless][::5] == ["2021", "2026"]


def test_columns_are_what_slipped_the_months_and_later() -> None:
    days = [date(2026, 11, 21), date(2027, 2, 1)]
    columns = columns_of(days, start=date(2026, 11, 1), end=None, today=date(2026, 11, 22))

    assert (columns[0].is_slipped, len(columns)) == (True, 13)
    assert (columns[1].first, columns[-1].last) == (date(2026, 11, 22), date(2027, 10, 31))
    late = columns_of([date(2028, 1, 1)], start=date(2026, 11, 1), end=None, today=date(2026, 11, 22))
    assert late[-1].is_later
    over = columns_of(days, start=date(2026, 1, 1), end=date(2026, 6, 30), today=date(2026, 11, 22))
    assert [column.is_slipped for column in over] == [True, False]  # one put in by hand lies ahead
    assert over[1].is_later
    early = columns_of(
        [date(2026, 12, 5)], start=date(2027, 1, 1), end=date(2027, 6, 30), today=date(2026, 11, 22)
    )
    assert [column.holds(date(2026, 12, 5)) for column in early] == [True] + [False] * 6


def test_the_only_part_of_the_catalogue_is_told_by_its_own_parts(account_manager: User) -> None:
    top = factories.create_category("Devices")
    pumps, stents = (factories.create_category(name, parent=top) for name in ("Pumps", "Stents"))
    account = factories.create_account(owner=account_manager)
    for category, amount in ((pumps, 30), (stents, 50)):
        product = factories.create_product(category=category)
        factories.create_order(account, amount=amount, on_date=date(2025, 2, 3), product=product)

    def names(category_id: Any = None) -> list[str]:
        found = account_revenue(
            account, user=account_manager, today=date(2026, 3, 1), category_id=category_id
        )
        assert found is not None
        return [part.name for part in found.history.categories]

    assert names() == ["Stents", "Pumps"]
    factories.create_order(account, amount=5, on_date=date(2025, 2, 3))
    assert names() == ["Devices", "Without a category"]
    assert names(top.pk) == ["Stents", "Pumps"]
    assert (
        account_revenue(account, user=account_manager, today=date(2026, 3, 1), category_id=account.pk) is None
    )


def test_a_plan_that_names_products_tells_their_orders_alone(world: World, account_manager: User) -> None:
    day, category = world.plan.start_date, factories.create_category()
    factories.create_plan_product(world.plan, category=category)
    for of, amount in ((category, 40), (factories.create_category(), 500)):
        factories.create_order(
            world.account, amount=amount, on_date=day, product=factories.create_product(category=of)
        )

    found = plan_revenue(world.plan, user=account_manager, today=day)

    assert found is not None
    assert (found.has_products, sum(found.history.total.years)) == (True, 40)


# --- Who is told what ---------------------------------------------------------------------------
def test_a_plan_counts_what_its_reader_may_not_open_and_an_account_does_not(
    world: World, account_manager: User, admin: User
) -> None:
    hidden = factories.create_account(parent=world.account, owner=factories.create_user())
    factories.create_opportunity(hidden, "Hidden deal", amount=9_000, close_date=world.open.close_date)
    factories.create_order(hidden, amount=800, on_date=world.plan.start_date)
    today = world.plan.start_date + DAY

    of_plan = plan_revenue(world.plan, user=account_manager, today=today)
    of_account = account_revenue(world.account, user=account_manager, today=today)
    everything = account_revenue(world.account, user=admin, today=today)

    assert of_plan is not None
    assert of_account is not None
    assert everything is not None
    assert of_plan.pipeline.total.amount == 12_500
    assert of_plan.largest.hidden_count == 1
    assert "Hidden deal" not in {deal.name for deal in of_plan.largest.deals}
    assert (of_account.pipeline.total.amount, everything.pipeline.total.amount) == (3_500, 12_500)
    assert of_account.largest.hidden_count == 0
    ordered_by = [sum(found.history.total.years) for found in (of_account, everything)]
    assert ordered_by[1] - ordered_by[0] == 800


def test_a_hidden_deal_is_not_named_where_another_counts_by_rule_and_by_hand(
    world: World, account_manager: User
) -> None:
    world.plan.revenue_basis = RevenueBasis.SCHEDULE
    world.plan.save()
    hidden = factories.create_account(parent=world.account, owner=factories.create_user())
    for account, name in ((world.account, "Seen"), (hidden, "Hidden deal")):
        deal = factories.create_opportunity(account, name, owner=account.owner)
        line = factories.create_opportunity_line(deal)
        parts = [factories.create_schedule(line, on_date=world.open.close_date) for _ in range(2)]
        if name == "Seen":
            factories.create_pin(world.plan, parts[0])

    found = plan_revenue(world.plan, user=account_manager, today=world.plan.start_date)

    assert found is not None
    assert [deal.name for deal in found.largest.deals] == ["Seen"]
    assert (found.largest.seen_count, found.largest.hidden_count) == (1, 1)


def test_an_account_alone_leaves_out_what_lies_below(world: World, account_manager: User) -> None:
    alone = account_revenue(world.account, user=account_manager, today=date(2026, 1, 1), includes_below=False)

    assert alone is not None
    assert alone.pipeline.total.amount == 3_000  # without the 500 of the child


# --- Pages and API ------------------------------------------------------------------------------
def urls_of(world: World) -> list[str]:
    return [
        f"/api/v1/account-plans/{world.plan.pk}/revenue/",
        f"/api/v1/accounts/{world.account.pk}/revenue/",
    ]


def test_revenue_in_the_api(
    api: ApiFor, world: World, account_manager: User, stranger: User, msl: User
) -> None:
    of_plan, of_account = (api(account_manager).get(url).json() for url in urls_of(world))

    assert (of_plan["counts_hidden"], of_account["counts_hidden"]) == (True, False)
    assert of_plan["pipeline"]["total"] == {"count": 3, "amount": "3500.00", "weighted": "1750.00"}
    assert of_plan["largest"]["results"][0]["opportunity"]["id"] == str(world.won.pk)
    assert [deal["opportunity"]["id"] for deal in of_account["slipped"]["results"]] == [str(world.slipped.pk)]
    for url in urls_of(world):
        assert (api(stranger).get(url).status_code, api(msl).get(url).status_code) == (404, 403)
        assert api(account_manager).get(f"{url}?category={world.account.pk}").status_code == 400


def add_records(world: World, number: int) -> None:
    factories.create_rate("EUR", "1.1", valid_from=date(2000, 1, number))
    category = factories.create_category()
    factories.create_order(
        world.account,
        amount=100 * number,
        currency="EUR",
        on_date=world.plan.start_date - DAY * 60 * number,
        product=factories.create_product(category=category),
    )
    child = factories.create_account(parent=world.account, owner=world.account.owner)
    for stage in (factories.create_stage(), factories.won_stage()):
        factories.create_opportunity(
            child, currency="EUR", amount=50, stage=stage, close_date=world.open.close_date
        )


@pytest.mark.parametrize("basis", [RevenueBasis.OPPORTUNITY, RevenueBasis.ORDER])
def test_revenue_takes_a_fixed_number_of_statements(world: World, account_manager: User, basis: str) -> None:
    world.plan.revenue_basis = basis
    world.plan.save()
    today = world.plan.start_date + DAY * 100

    def count() -> int:
        plan_revenue(world.plan, user=account_manager, today=today)
        with CaptureQueriesContext(connection) as statements:
            plan_revenue(world.plan, user=account_manager, today=today)
            account_revenue(world.account, user=account_manager, today=today)
        return len(statements)

    add_records(world, 1)
    few = count()
    for number in range(2, 5):
        add_records(world, number)

    assert count() == few
