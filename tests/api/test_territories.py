from __future__ import annotations

from typing import Any

import pytest

from crm.models import TerritoryMembership
from kam.users.models import User
from tests.fixtures import ApiFor, Territories

URL = "/api/v1/territories/"


def test_territories_are_no_secret(stranger: User, territories: Territories, api: ApiFor) -> None:
    rows = api(stranger).get(URL).json()["results"]

    assert [row["name"] for row in rows] == ["North", "South", "West"]
    assert rows[1]["memberships"] == [{"user": {"id": str(stranger.pk), "name": "Stranger"}, "role": "kam"}]


def test_territories_create_with_members(
    admin: User, stranger: User, territories: Territories, api: ApiFor
) -> None:
    members = [{"user": str(stranger.pk), "role": "manager"}]
    body = {"name": "East", "code": "E", "parent": str(territories.west.pk), "memberships": members}

    response = api(admin).post(URL, body)

    assert response.status_code == 201, response.json()
    assert [row["role"] for row in response.json()["memberships"]] == ["manager"]


def test_territories_change_of_members_raises_the_version(
    admin: User, stranger: User, territories: Territories, api: ApiFor
) -> None:
    client, url = api(admin), f"{URL}{territories.south.pk}/"

    same = client.patch(url, {"memberships": [{"user": str(stranger.pk)}]})
    emptied = client.patch(url, {"memberships": []})

    assert (same["ETag"], emptied["ETag"]) == ('"1"', '"2"')
    assert not TerritoryMembership.objects.filter(territory=territories.south).exists()


def test_territories_name_a_member_once(
    admin: User, stranger: User, territories: Territories, api: ApiFor, errors_of: Any
) -> None:
    twice = [{"user": str(stranger.pk), "role": role} for role in ("kam", "manager")]

    response = api(admin).patch(f"{URL}{territories.south.pk}/", {"memberships": twice})

    assert errors_of(response) == [("memberships", "duplicate")]


@pytest.mark.parametrize("who", ["account_manager", "manager", "integration", "executive"])
def test_territories_are_written_by_administrators(
    cast: dict[str, User], territories: Territories, api: ApiFor, who: str
) -> None:
    client = api(cast[who])

    assert client.post(URL, {"name": "Mine", "code": "M"}).status_code == 403
    assert client.patch(f"{URL}{territories.south.pk}/", {"name": "Mine"}).status_code == 403


def test_territories_move_under_themselves_is_refused(
    admin: User, territories: Territories, api: ApiFor, errors_of: Any
) -> None:
    response = api(admin).patch(f"{URL}{territories.west.pk}/", {"parent": str(territories.north.pk)})

    assert [field for field, _code in errors_of(response)] == ["parent"]


def test_territories_with_others_below_are_not_deleted(
    admin: User, territories: Territories, api: ApiFor
) -> None:
    response = api(admin).delete(f"{URL}{territories.west.pk}/")

    assert response.status_code == 409
    assert response.json()["detail"] == "It is still in use by 1 territory."
