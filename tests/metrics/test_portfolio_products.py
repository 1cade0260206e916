"""Sums over plans that name products, and over records put in or left out by hand: each record once."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from crm.models import Opportunity, Product
from kam.core.clock import company_today
from kam.users.models import User
from metrics.portfolio import portfolio_totals
from metrics.portfolio_records import plans_counting, portfolio_records
from metrics.rules import plans_with_numbers
from plans.enums import PinEffect
from plans.models import AccountPlan
from templates_app.enums import RevenueBasis
from tests import factories

pytestmark = pytest.mark.django_db


@dataclass
class Shop:
    """A deal of 60 for beds, 30 for lamps and 10 for what a competitor sells; an open one of 50 for a cot."""

    plan: AccountPlan
    beds: Product
    cot: Product
    lamps: Product
    deal: Opportunity
    cots: Opportunity
    owner: User

    def totals(self) -> tuple[Decimal, Decimal, int, int]:
        found = portfolio_totals(plans=plans_with_numbers(self.owner), user=self.owner)
        return found.won_revenue, found.pipeline, found.won_count, found.open_count

    def records(self, kpi: str = "total_expected_revenue") -> dict[str, Decimal]:
        mine = plans_with_numbers(self.owner)
        found = portfolio_records(plans=mine, user=self.owner, kpi=kpi).records
        return {record.name: record.amount for record in found}


@pytest.fixture
def shop(account_manager: User) -> Shop:
    account = factories.create_account("Harbour", owner=account_manager, currency="USD")
    furniture = factories.create_category("Furniture")
    beds = factories.create_product("Bed", category=factories.create_category("Beds", parent=furniture))
    cot = factories.create_product("Cot", category=beds.category)
    lamps = factories.create_product("Lamp")
    theirs = factories.create_product("Rival", category=beds.category, is_competitor=True)
    today = company_today()
    deal = factories.create_opportunity(
        account, "Ward", amount=100, stage=factories.won_stage(), close_date=today
    )
    for product, amount in ((beds, 60), (lamps, 30), (theirs, 10)):
        factories.create_opportunity_line(deal, product=product, amount=amount)
    cots = factories.create_opportunity(account, "Cots", amount=50, close_date=today)
    factories.create_opportunity_line(cots, product=cot, amount=50)
    plan = factories.create_plan(account, "Beds", owner=account_manager)
    factories.create_plan_product(plan, category=furniture)
    return Shop(plan, beds, cot, lamps, deal, cots, account_manager)


def another(shop: Shop, **values: Any) -> AccountPlan:
    return factories.create_plan(shop.plan.account, owner=shop.owner, **values)


def test_deal_counts_with_the_lines_that_have_one_of_the_products(shop: Shop) -> None:
    assert shop.totals() == (60, 50, 1, 1)
    assert shop.records() == {"Ward · Bed": 60, "Cots · Cot": 50}


def test_lines_that_two_plans_name_count_once(shop: Shop) -> None:
    factories.create_plan_product(another(shop), shop.beds)
    lamps = another(shop)
    factories.create_plan_product(lamps, shop.lamps)

    assert shop.totals() == (90, 50, 1, 1)
    assert shop.records("won_revenue") == {"Ward · Bed": 60, "Ward · Lamp": 30}


def test_deal_that_another_plan_counts_whole_counts_once(shop: Shop) -> None:
    another(shop)

    assert shop.totals() == (100, 50, 1, 1)
    assert shop.records() == {"Ward": 100, "Cots": 50}


def test_won_deals_of_plans_with_orders_as_revenue_do_not_count(shop: Shop) -> None:
    AccountPlan.objects.unscoped("a test").filter(pk=shop.plan.pk).update(revenue_basis=RevenueBasis.ORDER)
    ours = factories.create_order(shop.plan.account, amount=7, product=shop.beds)
    factories.create_order(shop.plan.account, amount=3, product=shop.lamps)
    factories.create_order(shop.plan.account, amount=2)

    assert shop.totals() == (7, 50, 1, 1)
    assert list(plans_counting(ours, shop.owner)) == [shop.plan]


def test_schedules_count_by_the_product_of_their_line(shop: Shop) -> None:
    AccountPlan.objects.unscoped("a test").filter(pk=shop.plan.pk).update(revenue_basis=RevenueBasis.SCHEDULE)
    for line in shop.deal.lines.unscoped("a test"):
        factories.create_schedule(line, amount=line.amount / 2)

    assert shop.totals() == (30, 0, 1, 0)


def test_left_out_and_put_in_by_hand(shop: Shop) -> None:
    elsewhere = factories.create_opportunity(
        factories.create_account(owner=shop.owner, currency="USD"), "Elsewhere", amount=11, currency="USD"
    )
    factories.create_pin(shop.plan, elsewhere)
    factories.create_pin(shop.plan, shop.cots, effect=PinEffect.EXCLUDE)

    assert shop.totals() == (60, 11, 1, 1)

    whole = another(shop)  # for which nobody left it out

    assert shop.totals() == (100, 61, 1, 2)

    factories.create_pin(whole, shop.deal, effect=PinEffect.EXCLUDE)

    assert shop.totals() == (60, 61, 1, 2)


def test_order_put_in_or_left_out_by_hand_tells_its_plans(shop: Shop) -> None:
    plan = another(shop, revenue_basis=RevenueBasis.ORDER)
    own = factories.create_order(plan.account, amount=5)
    other = factories.create_order(factories.create_account(owner=shop.owner), amount=5)
    assert (list(plans_counting(own, shop.owner)), list(plans_counting(other, shop.owner))) == ([plan], [])

    factories.create_pin(plan, own, effect=PinEffect.EXCLUDE)
    factories.create_pin(plan, other)

    assert (list(plans_counting(own, shop.owner)), list(plans_counting(other, shop.owner))) == ([], [plan])


def test_plan_of_a_territory_adds_nothing_to_the_sums(shop: Shop) -> None:
    before = shop.totals()
    territory = factories.create_territory()
    factories.create_account(territory=territory, owner=shop.owner)
    factories.create_territory_plan(territory, owner=shop.owner)

    assert shop.totals() == before
