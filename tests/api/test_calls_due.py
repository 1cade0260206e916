from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from crm.enums import CallFrequency
from crm.models import Account
from kam.core.clock import company_today
from kam.users.models import User
from tests import factories
from tests.fixtures import ApiFor, Territories, World

URL = "/api/v1/cadence/calls-due/"


def due_on(account: Account, day: date) -> Account:
    """The account, called every week and last so that the next call is due on this day."""
    account.call_frequency = CallFrequency.WEEKLY
    account.save()
    factories.create_activity(account, done_on=day - timedelta(days=7))
    return account


@pytest.fixture
def today(world: World) -> date:
    """Of the accounts of North the child is late, the other one is due in three days."""
    now = company_today()
    due_on(world.account, now + timedelta(days=3))
    due_on(world.child, now - timedelta(days=2))
    due_on(world.far_account, now)
    return now


def test_due_accounts_come_with_all_that_a_caller_needs(
    today: date, world: World, account_manager: User, territories: Territories, api: ApiFor
) -> None:
    body = api(account_manager).get(URL).json()

    assert (body["until"], body["count"]) == (today.isoformat(), 1)
    (row,) = body["results"]
    assert row == {
        "account": {"id": str(world.child.pk), "name": "Harbour Day Clinic"},
        "owner": {"id": str(account_manager.pk), "name": str(account_manager)},
        "territory": {"id": str(territories.north.pk), "name": "North"},
        "current_segment": None,
        "target_segment": None,
        "call_frequency": "weekly",
        "last_activity_on": (today - timedelta(days=9)).isoformat(),
        "next_activity_due_on": (today - timedelta(days=2)).isoformat(),
        "days_overdue": 2,
        "account_plans": row["account_plans"],
    }
    # Through the account above, which counts those below it; the confidential one is not there.
    assert {plan["name"] for plan in row["account_plans"]} == {
        "Harbour Clinics this year",
        "Harbour Clinics next year",
    }


def test_until_and_filters_choose_and_overdue_comes_first(
    today: date, world: World, manager: User, stranger: User, territories: Territories, api: ApiFor
) -> None:
    client = api(manager)

    def found(**query: Any) -> list[str]:
        return [row["account"]["name"] for row in client.get(URL, query).json()["results"]]

    week = (today + timedelta(days=7)).isoformat()
    assert found() == ["Harbour Day Clinic"]
    assert found(until=week) == ["Harbour Day Clinic", "Harbour Clinics"]
    assert found(until=week, ordering="-next_activity_due_on") == ["Harbour Clinics", "Harbour Day Clinic"]
    assert found(until=week, territory=str(territories.west.pk), search="day") == ["Harbour Day Clinic"]
    assert client.get(URL, {"owner": str(stranger.pk)}).json()["results"] == []


def test_due_accounts_refuse_what_is_no_day(today: date, manager: User, api: ApiFor, errors_of: Any) -> None:
    response = api(manager).get(URL, {"until": "next week"})

    assert (response.status_code, errors_of(response)) == (400, [("until", "invalid")])


@pytest.mark.parametrize(
    ("who", "names"),
    [
        ("colleague", {"Harbour Day Clinic"}),
        ("msl", {"Harbour Day Clinic"}),
        ("stranger", {"Lakeside Hospital"}),
        ("executive", {"Harbour Day Clinic", "Lakeside Hospital"}),
        ("integration", set()),
    ],
)
def test_everybody_sees_the_due_accounts_that_they_see(
    today: date, cast: dict[str, User], api: ApiFor, who: str, names: set[str]
) -> None:
    rows = api(cast[who]).get(URL).json()["results"]

    assert {row["account"]["name"] for row in rows} == names


def test_due_accounts_take_the_same_statements_for_one_and_four(
    today: date, world: World, manager: User, api: ApiFor, statements: Any
) -> None:
    client = api(manager)
    client.get(URL)
    one = statements(lambda: client.get(URL))
    for _number in range(3):
        account = factories.create_account(owner=world.account.owner, territory=world.account.territory)
        factories.create_plan(due_on(account, today))

    assert statements(lambda: client.get(URL)) == one <= 6
