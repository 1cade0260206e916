from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kam.users.models import User
from plans.models import AccountPlan, TargetLine
from tests import factories
from tests.fixtures import ApiFor, Territories, World

pytestmark = pytest.mark.django_db
URL = "/api/v1/target-lines/"


@pytest.fixture
def plan(account_manager: User, territories: Territories) -> AccountPlan:
    account = factories.create_account(owner=account_manager, territory=territories.north)
    factories.create_order(account, amount=1_000, on_date=date(2024, 5, 5))
    return factories.create_plan(
        account, start_date=date(2025, 1, 1), end_date=date(2025, 12, 31), sales_target=5_000
    )


def body_of(plan: AccountPlan, **fields: Any) -> dict[str, Any]:
    return {"plan": str(plan.pk), "year": 2025, "period": "quarter", "number": 2, **fields}


def test_growth_gives_the_target(api: ApiFor, plan: AccountPlan, account_manager: User) -> None:
    response = api(account_manager).post(URL, body_of(plan, growth_percent=7.5, stretch="1200"))

    body = response.json()
    assert response.status_code == 201, body
    shown = {
        name: body[name]
        for name in (
            "last_year_actual",
            "last_year_orders",
            "last_year_source",
            "growth_percent",
            "target",
            "stretch",
        )
    }
    assert shown == {
        "last_year_actual": "1000.00",
        "last_year_orders": "1000.00",
        "last_year_source": "orders",
        "growth_percent": 7.5,
        "target": "1075.00",
        "stretch": "1200.00",
    }
    assert (body["starts_on"], body["ends_on"], body["category"]) == ("2025-04-01", "2025-06-30", None)


def test_what_was_changed_leads(api: ApiFor, plan: AccountPlan, account_manager: User) -> None:
    client = api(account_manager)
    line = client.post(URL, body_of(plan, target="1100.49")).json()
    url = f"{URL}{line['id']}/"
    seen = [(line["target"], line["growth_percent"])]

    def change(**fields: Any) -> dict[str, Any]:
        """As a client does that sends back all it read."""
        read = client.get(url).json()
        for name in (
            "starts_on",
            "ends_on",
            "currency",
            "last_year_orders",
            "last_year_source",
            "created_at",
        ):
            del read[name]
        del read["updated_at"], read["id"]
        response = client.put(url, {**read, "plan": read["plan"]["id"], **fields})
        assert response.status_code == 200, response.json()
        return response.json()

    for fields in ({}, {"growth_percent": 20}, {"target": "1500"}, {"last_year_actual": "750"}):
        body = change(**fields)
        seen.append((body["target"], body["growth_percent"]))
    taken_back = change(last_year_actual=None)

    assert seen == [
        ("1100.49", 10),
        ("1100.49", 10),
        ("1200.00", 20),
        ("1500.00", 50),
        ("1500.00", 100),
    ]
    assert body["last_year_source"] == "entered"
    assert (taken_back["last_year_source"], taken_back["growth_percent"]) == ("orders", 50)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({}, "target"),
        ({"target": "1100", "growth_percent": 5}, "growth_percent"),
        ({"target": "-1"}, "target"),
        ({"target": "1.005"}, "target"),
        ({"growth_percent": -101}, "growth_percent"),
        ({"growth_percent": 5, "number": 13, "period": "month"}, "number"),
        ({"growth_percent": 5, "number": 0}, "number"),
        ({"target": "1", "number": 5}, "number"),
        ({"target": "1", "year": 2031}, "year"),
        ({"growth_percent": 5, "year": 99999}, "year"),
        ({"growth_percent": 5, "period": "week"}, "period"),
    ],
)
def test_what_is_no_line_names_its_field(
    api: ApiFor, plan: AccountPlan, account_manager: User, fields: dict[str, Any], field: str
) -> None:
    response = api(account_manager).post(URL, body_of(plan, **fields))

    assert (response.status_code, response.json()["errors"][0]["field"]) == (400, field)


def test_a_line_that_counts_sales_twice_is_refused(
    api: ApiFor, plan: AccountPlan, account_manager: User
) -> None:
    category = factories.create_category()
    factories.create_target_line(plan, year=2025)

    response = api(account_manager).post(URL, body_of(plan, category=str(category.pk), target="1"))

    assert (response.status_code, response.json()["errors"][0]["field"]) == (400, "category")


def test_lines_follow_the_numbers_of_their_plan(
    api: ApiFor, world: World, account_manager: User, colleague: User, stranger: User, msl: User
) -> None:
    line = factories.create_target_line(world.plan)
    url, change = f"{URL}{line.pk}/", {"target": "2", "version": 1}

    assert [api(user).get(url).status_code for user in (stranger, msl, colleague)] == [404, 404, 200]
    assert api(msl).get(URL).json()["count"] == 0
    assert api(colleague).patch(url, change).status_code == 403
    assert api(account_manager).patch(url, {"target": "2"}).status_code == 428
    assert api(account_manager).patch(url, change).json()["target"] == "2.00"
    assert api(account_manager).patch(url, change).status_code == 412
    assert api(account_manager).delete(url, {"version": 2}).status_code == 204


def test_a_list_takes_a_fixed_number_of_statements(
    api: ApiFor, plan: AccountPlan, account_manager: User
) -> None:
    client, category = api(account_manager), factories.create_category()
    factories.create_target_line(plan, category, year=2025, period="month", number=1)
    client.get(URL)
    with CaptureQueriesContext(connection) as one:
        client.get(URL)
    for number in range(2, 9):
        factories.create_target_line(plan, category, year=2025, period="month", number=number)

    with CaptureQueriesContext(connection) as many:
        assert client.get(URL).json()["count"] == 8

    assert len(many) == len(one)
    assert TargetLine.objects.unscoped("test").count() == 8
