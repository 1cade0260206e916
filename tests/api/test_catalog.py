"""What every reader shares: categories, products, stages, activity types, rates, pick-lists, plan types."""

from __future__ import annotations

from typing import Any

import pytest

from kam.users.models import User
from tests import factories
from tests.fixtures import ApiFor

BASE = "/api/v1/"
NEW: dict[str, dict[str, Any]] = {
    "product-categories": {"name": "Oncology", "code": "ONC"},
    "stages": {"name": "Offer", "default_probability": 12.5, "order": 3},
    "activity-types": {"name": "Training", "counts_as_commitment": True},
    "exchange-rates": {"currency": "EUR", "valid_from": "2026-01-01", "rate": "1.0912345678"},
    "pick-list-values": {"pick_list": "industry", "name": "Hospitals"},
    "plan-types": {"name": "Account Development Plan", "default_revenue_basis": "order"},
}


@pytest.mark.parametrize("path", NEW)
def test_catalog_is_written_by_administrators_and_read_by_all(
    admin: User, stranger: User, api: ApiFor, path: str
) -> None:
    made = api(admin).post(f"{BASE}{path}/", NEW[path])
    reader = api(stranger)

    assert made.status_code == 201, made.json()
    shown = reader.get(f"{BASE}{path}/{made.json()['id']}/").json()
    assert {name: shown[name] for name in NEW[path]} == NEW[path]
    assert reader.post(f"{BASE}{path}/", NEW[path]).status_code == 403
    assert reader.patch(f"{BASE}{path}/{made.json()['id']}/", {"name": "X"}).status_code == 403
    assert api(admin).delete(f"{BASE}{path}/{made.json()['id']}/").status_code == 204


@pytest.mark.parametrize(
    ("path", "taken"), [("product-categories", "code"), ("stages", "name"), ("plan-types", "name")]
)
def test_catalog_names_are_unique(admin: User, api: ApiFor, errors_of: Any, path: str, taken: str) -> None:
    client = api(admin)
    client.post(f"{BASE}{path}/", NEW[path])

    again = client.post(f"{BASE}{path}/", NEW[path])

    assert again.status_code == 400
    assert errors_of(again) == [(taken, "unique")]


@pytest.mark.parametrize("rate", ["0", "-1", "1.00000000001", "100000001", "NaN", ""])
def test_exchange_rate_must_be_a_positive_number(admin: User, api: ApiFor, errors_of: Any, rate: str) -> None:
    response = api(admin).post(f"{BASE}exchange-rates/", {**NEW["exchange-rates"], "rate": rate})

    assert [field for field, _code in errors_of(response)] == ["rate"]


@pytest.mark.parametrize("probability", [-1, 100.1, 12.55, "many", None, True, [50]])
def test_stage_probability_is_a_percentage(
    admin: User, api: ApiFor, errors_of: Any, probability: Any
) -> None:
    response = api(admin).post(f"{BASE}stages/", {"name": "X", "default_probability": probability})

    assert [field for field, _code in errors_of(response)] == ["default_probability"]


def test_stage_that_is_won_is_closed(admin: User, api: ApiFor) -> None:
    assert api(admin).post(f"{BASE}stages/", {"name": "X", "is_won": True}).status_code == 400


def test_products_of_a_system(integration: User, api: ApiFor) -> None:
    category = factories.create_category()
    client = api(integration)

    made = client.post(
        f"{BASE}products/", {"code": "P1", "name": "One", "category": str(category.pk), "external_id": "1"}
    )

    assert made.status_code == 201
    assert client.patch(f"{BASE}products/{made.json()['id']}/", {"name": "Two"}).status_code == 200
    other = factories.create_product(category=category)
    assert client.patch(f"{BASE}products/{other.pk}/", {"name": "Two"}).status_code == 403


def test_products_filter(admin: User, api: ApiFor) -> None:
    factories.create_product("Old", is_active=False)
    factories.create_product("New")

    rows = api(admin).get(f"{BASE}products/", {"is_active": "true"}).json()["results"]

    assert [row["name"] for row in rows] == ["New"]


def test_categories_in_a_ring_are_refused(admin: User, api: ApiFor, errors_of: Any) -> None:
    top = factories.create_category()
    below = factories.create_category(parent=top)

    response = api(admin).patch(f"{BASE}product-categories/{top.pk}/", {"parent": str(below.pk)})

    assert [field for field, _code in errors_of(response)] == ["parent"]
