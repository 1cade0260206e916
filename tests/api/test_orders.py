from __future__ import annotations

from typing import Any

import pytest

from kam.users.models import User
from tests import factories
from tests.fixtures import ApiFor, World

URL = "/api/v1/orders/"


@pytest.mark.parametrize(
    ("who", "count"), [("account_manager", 1), ("colleague", 1), ("stranger", 0), ("msl", 0)]
)
def test_orders_follow_their_account(
    cast: dict[str, User], world: World, api: ApiFor, who: str, count: int
) -> None:
    assert api(cast[who]).get(URL).json()["count"] == count


def test_orders_come_from_systems(integration: User, api: ApiFor) -> None:
    account = factories.create_account(source="erp", external_id="A1")
    body = {
        "account": str(account.pk),
        "date": "2026-02-28",
        "amount": "-12.50",
        "currency": "USD",
        "external_id": "O1",
    }

    response = api(integration).post(URL, body)

    assert response.status_code == 201
    assert response.json()["amount"] == "-12.50"
    assert response.json()["product"] is None


@pytest.mark.parametrize("who", ["account_manager", "manager", "viewer"])
def test_orders_are_typed_by_nobody(cast: dict[str, User], world: World, api: ApiFor, who: str) -> None:
    client = api(cast[who])

    assert client.post(URL, {}).status_code == 403
    assert client.patch(f"{URL}{world.order.pk}/", {"amount": "1"}).status_code == 403


def test_orders_amount_has_the_places_of_its_currency(
    admin: User, world: World, api: ApiFor, errors_of: Any
) -> None:
    url = f"{URL}{world.order.pk}/"

    assert errors_of(api(admin).patch(url, {"currency": "JPY", "amount": "1.5"})) == [
        ("amount", "max_decimal_places")
    ]
    assert api(admin).patch(url, {"currency": "JPY", "amount": "15"}).json()["amount"] == "15"
    assert api(admin).patch(url, {"currency": "KWD", "amount": "1.25"}).json()["amount"] == "1.250"


def test_orders_filter_by_day(account_manager: User, world: World, api: ApiFor) -> None:
    day = world.order.date.isoformat()

    def count(**query: Any) -> int:
        return api(account_manager).get(URL, query).json()["count"]

    assert count(date_after=day, date_before=day) == 1
    assert count(date_after="2099-01-01") == 0
    assert count(product=str(world.product.pk)) == 1
