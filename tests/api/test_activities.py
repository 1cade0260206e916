from __future__ import annotations

from typing import Any

import pytest

from crm.models import Activity
from kam.users.models import User
from tests import factories
from tests.fixtures import ApiFor, World

URL = "/api/v1/activities/"


def plan_call(world: World, **values: Any) -> dict[str, Any]:
    kind = world.activity.type_id
    return {
        "account": str(world.account.pk),
        "type": str(kind),
        "subject": "Call",
        "planned_for": "2026-12-01",
        **values,
    }


@pytest.mark.parametrize(
    ("who", "count"), [("account_manager", 2), ("colleague", 2), ("msl", 2), ("stranger", 0)]
)
def test_activities_list(cast: dict[str, User], world: World, api: ApiFor, who: str, count: int) -> None:
    assert api(cast[who]).get(URL).json()["count"] == count


def test_activities_create_is_for_oneself_unless_said(msl: User, world: World, api: ApiFor) -> None:
    body = plan_call(world, contacts=[str(world.contact.pk)], participants=[str(world.keeper.pk)])

    response = api(msl).post(URL, body)

    assert response.status_code == 201, response.json()
    assert response.json()["owner"]["id"] == str(msl.pk)
    assert [row["name"] for row in response.json()["contacts"]] == ["Ines Prado"]
    assert [row["name"] for row in response.json()["participants"]] == ["Keeper"]


def test_activities_done_without_a_day_are_refused(
    account_manager: User, world: World, api: ApiFor, errors_of: Any
) -> None:
    response = api(account_manager).post(URL, plan_call(world, status="done"))

    assert ("done_on", "invalid") in errors_of(response)


def test_activities_done(account_manager: User, world: World, api: ApiFor) -> None:
    body = {"done_on": "2026-11-02", "notes": "Went well", "quantity": 3}

    response = api(account_manager).post(f"{URL}{world.activity.pk}/done/", body)

    assert response.status_code == 200, response.json()
    shown = response.json()
    assert (shown["status"], shown["done_on"], shown["notes"], shown["quantity"]) == (
        "done",
        "2026-11-02",
        "Went well",
        "3",
    )


def test_activities_done_twice_is_a_conflict(
    account_manager: User, world: World, api: ApiFor, errors_of: Any
) -> None:
    client, url = api(account_manager), f"{URL}{world.activity.pk}/done/"

    assert client.post(url, {"done_on": "2026-11-02"}).status_code == 200
    again = client.post(url, {"done_on": "2026-11-02"})

    assert again.status_code == 409
    assert errors_of(again) == [(None, "conflict")]


def test_activities_done_moves_the_next_call(account_manager: User, api: ApiFor) -> None:
    account = factories.create_account(owner=account_manager, call_frequency="monthly")
    activity = factories.create_activity(account)
    client = api(account_manager)

    client.post(f"{URL}{activity.pk}/done/", {"done_on": "2026-01-31"})

    assert client.get(f"/api/v1/accounts/{account.pk}/").json()["next_activity_due_on"] == "2026-02-28"


@pytest.mark.parametrize(("who", "status"), [("colleague", 403), ("viewer", 403), ("stranger", 404)])
def test_activities_done_by_others_is_refused(
    cast: dict[str, User], world: World, api: ApiFor, who: str, status: int
) -> None:
    response = api(cast[who]).post(f"{URL}{world.activity.pk}/done/", {"done_on": "2026-11-02"})

    assert response.status_code == status
    assert Activity.objects.unscoped("test").get(pk=world.activity.pk).status == "planned"


def test_activities_done_takes_a_version(account_manager: User, world: World, api: ApiFor) -> None:
    body = {"done_on": "2026-11-02", "version": 7}

    assert api(account_manager).post(f"{URL}{world.activity.pk}/done/", body).status_code == 412


def test_activities_filter_overdue(account_manager: User, world: World, api: ApiFor) -> None:
    rows = api(account_manager).get(URL, {"overdue": "true"}).json()["results"]

    assert [row["subject"] for row in rows] == ["Call back"]
