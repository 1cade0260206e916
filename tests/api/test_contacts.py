from __future__ import annotations

from typing import Any

import pytest

from crm.models import Contact
from kam.users.models import User
from tests import factories
from tests.fixtures import ApiFor, World

URL = "/api/v1/contacts/"


@pytest.mark.parametrize(
    ("who", "count"), [("account_manager", 1), ("colleague", 1), ("stranger", 0), ("msl", 1)]
)
def test_contacts_follow_their_account(
    cast: dict[str, User], world: World, api: ApiFor, who: str, count: int
) -> None:
    assert api(cast[who]).get(URL).json()["count"] == count


def test_contacts_create(account_manager: User, world: World, api: ApiFor) -> None:
    body = {"account": str(world.account.pk), "name": "Rui Alves", "reports_to": str(world.contact.pk)}

    response = api(account_manager).post(URL, body)

    assert response.status_code == 201
    assert response.json()["account"] == {"id": str(world.account.pk), "name": "Harbour Clinics"}
    assert response.json()["reports_to"]["name"] == "Ines Prado"


def test_contacts_create_at_a_hidden_account_is_refused_like_at_a_missing_one(
    stranger: User, world: World, api: ApiFor, errors_of: Any
) -> None:
    response = api(stranger).post(URL, {"account": str(world.account.pk), "name": "Spy"})

    assert errors_of(response) == [("account", "does_not_exist")]
    assert not Contact.objects.unscoped("test").filter(name="Spy").exists()


def test_contacts_change_by_a_reader_is_forbidden(viewer: User, world: World, api: ApiFor) -> None:
    assert api(viewer).patch(f"{URL}{world.contact.pk}/", {"name": "X"}).status_code == 403


def test_contacts_need_a_proper_address(
    account_manager: User, world: World, api: ApiFor, errors_of: Any
) -> None:
    response = api(account_manager).patch(f"{URL}{world.contact.pk}/", {"email": "not an address"})

    assert errors_of(response) == [("email", "invalid")]


def test_contacts_of_a_system_are_its_own(integration: User, api: ApiFor) -> None:
    account = factories.create_account(source="erp", external_id="A1")
    own = factories.create_contact(account, source="erp", external_id="C1")
    factories.create_contact(account, source="other", external_id="C1")

    response = api(integration).get(URL, {"external_id": "C1"})

    assert [row["id"] for row in response.json()["results"]] == [str(own.pk)]


def test_contacts_delete(account_manager: User, world: World, api: ApiFor) -> None:
    contact = factories.create_contact(world.account, reports_to=world.contact)

    assert api(account_manager).delete(f"{URL}{world.contact.pk}/").status_code == 204
    assert Contact.objects.unscoped("test").get(pk=contact.pk).reports_to is None
