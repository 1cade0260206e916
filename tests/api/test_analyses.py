"""SWOT, PESTEL and the products of plans."""

from __future__ import annotations

from typing import Any

from kam.users.models import User
from tests import factories
from tests.fixtures import ApiFor, World

ANALYSES = "/api/v1/related-object-analyses/"
PRODUCTS = "/api/v1/account-plan-products/"


def test_entry_is_made_with_the_objectives_that_answer_it(
    account_manager: User, world: World, api: ApiFor
) -> None:
    objective = factories.create_objective(world.plan, "Second supporter")
    product = factories.create_plan_product(world.plan, world.product)
    body = {
        "plan": str(world.plan.pk),
        "product": str(product.pk),
        "factor": "threat",
        "text": "One buyer decides",
        "impact": 5,
        "likelihood": 2,
        "objectives": [str(objective.pk)],
    }

    made = api(account_manager).post(ANALYSES, body)
    second = api(account_manager).post(ANALYSES, {**body, "text": "Two"}).json()

    shown = made.json()
    assert made.status_code == 201, shown
    assert shown["product"] == {"id": str(product.pk), "name": "Cholecap 20 mg"}
    assert shown["objectives"] == [{"id": str(objective.pk), "name": "Second supporter"}]
    assert shown["owner"]["id"] == str(account_manager.pk)
    assert (shown["order"], second["order"]) == (1, 2)
    found = api(account_manager).get(ANALYSES, {"factor": "threat", "objective": str(objective.pk)}).json()
    assert found["count"] == 2


def test_entry_rests_on_its_own_plan_only(
    account_manager: User, world: World, api: ApiFor, errors_of: Any
) -> None:
    client = api(account_manager)
    body = {"plan": str(world.plan.pk), "factor": "strength", "text": "X"}
    foreign = {
        "objectives": [str(factories.create_objective(world.draft).pk)],
        "product": str(factories.create_plan_product(world.draft).pk),
    }

    for name, value in foreign.items():
        assert [field for field, _code in errors_of(client.post(ANALYSES, {**body, name: value}))] == [name]
    for name, value in (("impact", 6), ("impact", 0), ("likelihood", 6), ("factor", "luck"), ("text", " ")):
        assert [field for field, _code in errors_of(client.post(ANALYSES, {**body, name: value}))] == [name]


def test_product_or_category_once(account_manager: User, world: World, api: ApiFor, errors_of: Any) -> None:
    client = api(account_manager)
    plan, product = {"plan": str(world.plan.pk)}, {"product": str(world.product.pk)}
    category = {"category": str(world.product.category_id)}

    made = client.post(PRODUCTS, {**plan, **product, "target": "500.00"})
    both = client.post(PRODUCTS, {**plan, **product, **category})
    again = client.post(PRODUCTS, {**plan, **product})

    assert (made.status_code, made.json()["name"], made.json()["target"]) == (201, "Cholecap 20 mg", "500.00")
    assert [field for field, _code in errors_of(both)] == ["product"]
    assert again.json()["errors"][0]["message"] == "The plan has this product already."
    assert client.post(PRODUCTS, {**plan, **category}).status_code == 201
    assert [field for field, _code in errors_of(client.post(PRODUCTS, plan))] == ["product"]


def test_amounts_of_products_are_kept_from_who_sees_no_numbers(msl: User, world: World, api: ApiFor) -> None:
    product = factories.create_plan_product(world.plan, target=500, last_year_actual=400)

    shown = api(msl).get(f"{PRODUCTS}{product.pk}/").json()

    assert (shown["target"], shown["last_year_actual"]) == (None, None)


def test_deleted_product_leaves_its_entries_to_the_plan(
    account_manager: User, world: World, api: ApiFor
) -> None:
    product = factories.create_plan_product(world.plan)
    entry = factories.create_analysis(world.plan, product=product)

    api(account_manager).delete(f"{PRODUCTS}{product.pk}/", headers={"If-Match": '"1"'})

    entry.refresh_from_db()
    assert entry.product is None
