"""A plan that names products counts these alone: worked out by hand, in every place that shows them."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
import time_machine
from django.urls import reverse

from crm.models import Opportunity, Product, ProductCategory
from kam.users.models import User
from metrics import operations, verification
from metrics.forecast import forecast_of
from metrics.pace import pace_of, won_by_category
from metrics.records import records_of
from plans.coverage import covering
from plans.models import AccountPlan
from templates_app.enums import RevenueBasis
from tests import factories
from tests.fixtures import ClientFor

pytestmark = pytest.mark.django_db

TODAY = date(2026, 6, 15)
START, END, INSIDE = date(2026, 1, 1), date(2026, 12, 31), date(2026, 9, 1)


@pytest.fixture(autouse=True)
def _june() -> Any:
    with time_machine.travel("2026-06-15T12:00:00Z", tick=False):
        yield


@pytest.fixture
def medicines() -> ProductCategory:
    return factories.create_category("Medicines")


@pytest.fixture
def lipids(medicines: ProductCategory) -> ProductCategory:
    return factories.create_category("Lipids", parent=medicines)


@pytest.fixture
def cholecap(lipids: ProductCategory) -> Product:
    return factories.create_product("Cholecap", category=lipids)


@pytest.fixture
def training() -> Product:
    return factories.create_product("Training")


def plan_of(basis: str = RevenueBasis.OPPORTUNITY, **values: Any) -> AccountPlan:
    owner = factories.create_user()
    return factories.create_plan(
        factories.create_account(owner=owner),
        owner=owner,
        start_date=START,
        end_date=END,
        currency="USD",
        sales_target=1_000,
        revenue_basis=basis,
        **values,
    )


def deal(plan: AccountPlan, name: str, stage: Any, **amounts: Any) -> Opportunity:
    """Its lines by the names of their products; the opportunity itself says 1000, whatever they make."""
    made = factories.create_opportunity(
        plan.account, name, stage=stage, close_date=INSIDE, currency="USD", amount=1_000
    )
    for product, amount in amounts.items():
        factories.create_opportunity_line(made, product=Product.objects.get(name=product), amount=amount)
    return made


def numbers(plan: AccountPlan) -> tuple[str, str, int, int]:
    """Two ways to them: the stored row, and the independent check."""
    kpi, is_fresh = operations.fresh_kpi(plan)
    expected = verification.expected_values(plan, verification.World(company_currency="USD"), today=TODAY)
    assert is_fresh
    assert {name: getattr(kpi, name) for name in expected} == expected
    return f"{kpi.won_revenue:.2f}", f"{kpi.pipeline:.2f}", kpi.won_count, kpi.open_count


def test_an_opportunity_counts_once_with_the_lines_that_match(
    cholecap: Product, training: Product, lipids: ProductCategory
) -> None:
    plan, won, open_stage = plan_of(), factories.won_stage(), factories.open_stage()
    factories.create_product("Cholecap forte", category=lipids)
    deal(plan, "both", won, **{"Cholecap": 70, "Cholecap forte": "0.5", "Training": 400})
    deal(plan, "none of it", won, Training=400)
    deal(plan, "no lines", won)
    deal(plan, "open", open_stage, Cholecap=30)
    assert numbers(plan) == ("3000.00", "1000.00", 3, 1)

    named = factories.create_plan_product(plan, cholecap)
    assert numbers(plan) == ("70.00", "30.00", 1, 1)
    factories.create_plan_product(plan, category=lipids)  # what matches twice counts once
    assert numbers(plan) == ("70.50", "30.00", 1, 1)
    plan.products.unscoped("test").exclude(pk=named.pk).delete()
    named.delete()
    assert numbers(plan) == ("3000.00", "1000.00", 3, 1)


def test_a_category_takes_all_below_it_and_follows_its_products(
    cholecap: Product, training: Product, lipids: ProductCategory, medicines: ProductCategory
) -> None:
    plan = plan_of()
    factories.create_plan_product(plan, category=medicines)
    deal(plan, "deal", factories.won_stage(), Cholecap=70, Training=5)
    assert numbers(plan)[0] == "70.00"

    training.category = lipids
    training.save()
    assert numbers(plan)[0] == "75.00"
    lipids.parent = None
    lipids.save()
    assert numbers(plan)[0] == "0.00"


def test_what_others_sell_counts_nothing_though_the_plan_names_it(
    lipids: ProductCategory, training: Product
) -> None:
    plan = plan_of()
    velipra = factories.create_product("Velipra", category=lipids, is_competitor=True)
    factories.create_plan_product(plan, velipra)
    deal(plan, "deal", factories.won_stage(), Velipra=70, Training=5)

    assert numbers(plan) == ("0.00", "0.00", 0, 0)


def test_sums_of_lines_are_rounded_once_and_converted_as_one(
    cholecap: Product, lipids: ProductCategory
) -> None:
    plan = plan_of()
    factories.create_plan_product(plan, category=lipids)
    for _ in range(3):
        deal(plan, "deal", factories.won_stage(), Cholecap="0.335")

    assert numbers(plan)[0] == "1.01"


def test_schedules_and_orders_count_by_their_own_product(cholecap: Product, training: Product) -> None:
    scheduled, ordered = plan_of(RevenueBasis.SCHEDULE), plan_of(RevenueBasis.ORDER)
    for plan in (scheduled, ordered):
        factories.create_plan_product(plan, cholecap)
    made = deal(scheduled, "deal", factories.won_stage(), Cholecap=70, Training=400)
    for line in made.lines.unscoped("test"):
        factories.create_schedule(line, on_date=START, amount=line.amount / 10)
    for product, amount in ((cholecap, 9), (training, 40), (None, 500)):
        factories.create_order(ordered.account, amount=amount, on_date=INSIDE, product=product)
    deal(ordered, "open", factories.open_stage(), Cholecap=3, Training=400)

    assert numbers(scheduled) == ("7.00", "0.00", 1, 0)
    assert numbers(ordered) == ("9.00", "3.00", 1, 1)


def test_every_place_that_explains_the_number_says_so(
    cholecap: Product, training: Product, admin: User, client_as: ClientFor
) -> None:
    plan = plan_of()
    factories.create_plan_product(plan, cholecap)
    both = deal(plan, "both", factories.won_stage(), Cholecap=70, Training=400)
    none = deal(plan, "none of it", factories.won_stage(), Training=400)
    open_deal = deal(plan, "open", factories.open_stage(), Cholecap=30, Training=1)

    (inside,) = records_of(plan, kpi="won_revenue", user=admin).records
    outside = records_of(plan, kpi="won_revenue", user=admin, is_excluded=True)
    assert (inside.id, inside.amount, inside.counted, inside.contribution) == (both.pk, 1_000, 70, 70)
    assert {row.id: row.reason for row in outside.records} == {
        none.pk: "other_products",
        open_deal.pk: "still_open",
    }
    assert [str(row) for row in outside.named_products] == ["Cholecap"]
    assert [(row.category_id, row.amount) for row in won_by_category(plan)] == [(cholecap.category_id, 70)]
    factories.create_target_line(plan, category=cholecap.category, target=100)
    (line,) = pace_of(plan, today=TODAY).lines
    assert line.pace.actual == 70
    assert [chance.amount for chance in forecast_of(plan, today=TODAY).deals] == [30]
    pairs = covering([both.pk, none.pk, open_deal.pk], admin)
    assert {pair.opportunity_id for pair in pairs} == {both.pk, open_deal.pk}
    page = (
        client_as(admin).get(reverse("metrics:kpi_records", args=[plan.pk, "won_revenue"])).content.decode()
    )
    assert "Counts only Cholecap" in page
    assert "70.00" in page
