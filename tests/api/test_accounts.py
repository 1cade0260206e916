from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone

from crm.models import Account
from kam.users.models import User
from tests import factories
from tests.fixtures import ApiFor, World

URL = "/api/v1/accounts/"


def detail(account: Any) -> str:
    return f"{URL}{account.pk}/"


@pytest.mark.parametrize(
    ("who", "names"),
    [
        ("account_manager", ["Harbour Clinics", "Harbour Day Clinic"]),
        ("colleague", ["Harbour Clinics", "Harbour Day Clinic"]),
        ("stranger", ["Lakeside Hospital"]),
        ("admin", ["Harbour Clinics", "Harbour Day Clinic", "Lakeside Hospital"]),
        ("integration", []),
    ],
)
def test_accounts_list_shows_what_each_may_see(
    cast: dict[str, User], world: World, api: ApiFor, who: str, names: list[str]
) -> None:
    response = api(cast[who]).get(URL)

    assert [row["name"] for row in response.json()["results"]] == names
    assert response.json()["count"] == len(names)


def test_accounts_retrieve_shows_references_by_id_and_name(
    account_manager: User, world: World, api: ApiFor
) -> None:
    response = api(account_manager).get(detail(world.child))

    assert response.status_code == 200
    assert response["ETag"] == '"1"'
    body = response.json()
    assert body["parent"] == {"id": str(world.account.pk), "name": "Harbour Clinics"}
    assert body["owner"] == {"id": str(account_manager.pk), "name": "Account Manager"}
    assert body["created_at"].endswith("Z")


def test_accounts_retrieve_answers_hidden_like_missing(stranger: User, world: World, api: ApiFor) -> None:
    hidden = api(stranger).get(detail(world.account))
    missing = api(stranger).get(f"{URL}00000000-0000-4000-8000-000000000000/")

    assert (hidden.status_code, missing.status_code) == (404, 404)
    assert hidden.json() == missing.json()


def test_accounts_retrieve_hides_a_parent_the_reader_may_not_see(
    stranger: User, world: World, api: ApiFor
) -> None:
    Account.objects.unscoped("test").filter(pk=world.far_account.pk).update(parent=world.account)

    assert api(stranger).get(detail(world.far_account)).json()["parent"] is None


def test_accounts_show_last_and_next_activity(account_manager: User, world: World, api: ApiFor) -> None:
    account = factories.create_account("Weekly", owner=account_manager, call_frequency="weekly")
    factories.create_activity(account, done_on=date(2026, 3, 2))

    body = api(account_manager).get(detail(account)).json()

    assert (body["last_activity_on"], body["next_activity_due_on"]) == ("2026-03-02", "2026-03-09")


def test_accounts_update_by_the_owner(account_manager: User, world: World, api: ApiFor) -> None:
    response = api(account_manager).patch(detail(world.account), {"website": "https://harbour.example"})

    assert response.status_code == 200
    assert response.json()["website"] == "https://harbour.example"
    assert response["ETag"] == '"2"'


@pytest.mark.parametrize("who", ["colleague", "viewer", "executive"])
def test_accounts_update_by_who_only_reads_is_forbidden(
    cast: dict[str, User], world: World, api: ApiFor, errors_of: Any, who: str
) -> None:
    response = api(cast[who]).patch(detail(world.account), {"name": "Mine"})

    assert response.status_code == 403
    assert errors_of(response) == [(None, "permission_denied")]


def test_accounts_update_of_a_hidden_one_is_not_found(stranger: User, world: World, api: ApiFor) -> None:
    assert api(stranger).patch(detail(world.account), {"name": "Mine"}).status_code == 404


def test_accounts_create_by_an_administrator(admin: User, territories: Any, api: ApiFor) -> None:
    response = api(admin).post(
        URL, {"name": "New", "territory": str(territories.north.pk), "currency": "EUR"}
    )

    assert response.status_code == 201
    assert response["Location"].endswith(f"{URL}{response.json()['id']}/")
    assert response.json()["territory"]["name"] == "North"


def test_accounts_create_by_an_account_manager_is_forbidden(account_manager: User, api: ApiFor) -> None:
    assert api(account_manager).post(URL, {"name": "New"}).status_code == 403


def test_accounts_create_by_a_system_takes_its_source(integration: User, api: ApiFor) -> None:
    response = api(integration).post(URL, {"name": "New", "external_id": "A-1"})

    assert response.status_code == 201
    assert (response.json()["source"], response.json()["external_id"]) == ("erp", "A-1")


def test_accounts_create_by_a_system_under_another_source_is_refused(
    integration: User, api: ApiFor, errors_of: Any
) -> None:
    response = api(integration).post(URL, {"name": "New", "source": "sap", "external_id": "A-1"})

    assert response.status_code == 400
    assert errors_of(response) == [("source", "permission")]


def test_accounts_create_by_a_system_without_a_source_is_refused(
    api: ApiFor, db: None, errors_of: Any
) -> None:
    system = factories.create_user(role="integration")

    assert errors_of(api(system).post(URL, {"name": "New"})) == [("source", "permission")]


def test_accounts_are_not_cut_off_their_system(account_manager: User, api: ApiFor, errors_of: Any) -> None:
    account = factories.create_account(owner=account_manager, source="erp", external_id="1")
    client = api(account_manager)

    assert errors_of(client.patch(detail(account), {"source": None, "external_id": None})) == [
        ("source", "permission")
    ]
    assert client.patch(detail(account), {"name": "New", "source": "erp"}).status_code == 200


def test_accounts_source_is_not_for_people(
    account_manager: User, world: World, api: ApiFor, errors_of: Any
) -> None:
    response = api(account_manager).patch(detail(world.account), {"source": "erp", "external_id": "1"})

    assert errors_of(response) == [("source", "permission")]


def test_accounts_with_a_parent_the_user_may_not_see_answers_like_a_missing_one(
    account_manager: User, world: World, api: ApiFor, errors_of: Any
) -> None:
    client = api(account_manager)
    hidden = client.patch(detail(world.account), {"parent": str(world.far_account.pk)})
    missing = client.patch(detail(world.account), {"parent": "00000000-0000-4000-8000-000000000000"})

    assert errors_of(hidden) == [("parent", "does_not_exist")]
    assert hidden.json() == missing.json()


def test_accounts_cannot_lie_below_themselves(admin: User, world: World, api: ApiFor, errors_of: Any) -> None:
    response = api(admin).patch(detail(world.account), {"parent": str(world.child.pk)})

    assert response.status_code == 400
    assert [field for field, _code in errors_of(response)] == ["parent"]


def test_accounts_take_only_values_of_the_right_list(
    admin: User, world: World, api: ApiFor, errors_of: Any
) -> None:
    segment = factories.create_pick_list_value("Strategic", pick_list="segment")

    response = api(admin).patch(detail(world.account), {"industry": str(segment.pk)})

    assert [field for field, _code in errors_of(response)] == ["industry"]


def test_accounts_delete_says_what_holds_it(admin: User, world: World, api: ApiFor, errors_of: Any) -> None:
    response = api(admin).delete(detail(world.far_account))

    assert response.status_code == 409
    assert errors_of(response) == [(None, "in_use")]
    assert response.json()["detail"] == "It is still in use by 1 opportunity, 1 account plan."


def test_accounts_delete_names_no_hidden_plan(admin: User, world: World, api: ApiFor) -> None:
    lonely = factories.create_account("Lonely")
    factories.create_plan(lonely, owner=world.keeper, is_confidential=True)

    response = api(admin).delete(detail(lonely))

    assert response.status_code == 409
    assert response.json()["detail"] == "It is still in use."


def test_accounts_delete(admin: User, api: ApiFor) -> None:
    account = factories.create_account()

    assert api(admin).delete(detail(account)).status_code == 204
    assert not Account.objects.unscoped("test").filter(pk=account.pk).exists()


def test_accounts_filter_by_a_hidden_owner_or_account_answers_like_a_missing_one(
    stranger: User, world: World, api: ApiFor
) -> None:
    client = api(stranger)
    hidden = client.get(URL, {"parent": str(world.account.pk)})
    missing = client.get(URL, {"parent": "00000000-0000-4000-8000-000000000000"})

    assert (hidden.status_code, missing.status_code) == (400, 400)
    assert hidden.json() == missing.json()


def test_accounts_filter_and_search(admin: User, world: World, territories: Any, api: ApiFor) -> None:
    client = api(admin)

    def names(**query: Any) -> list[str]:
        return [row["name"] for row in client.get(URL, query).json()["results"]]

    assert names(search="clinic day") == ["Harbour Day Clinic"]
    assert names(territory=territories.west.pk) == ["Harbour Clinics", "Harbour Day Clinic"]
    assert names(below=world.account.pk, ordering="-name") == ["Harbour Day Clinic", "Harbour Clinics"]
    since = (timezone.now() + timedelta(hours=1)).isoformat()
    assert names(updated_since=since) == []
