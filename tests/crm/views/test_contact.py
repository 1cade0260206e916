from __future__ import annotations

import pytest
from django.urls import reverse

from crm.models import Contact
from kam.users.models import User
from tests import factories
from tests.fixtures import ClientFor, World
from tests.pages import form_of, get, text_of

pytestmark = pytest.mark.django_db


def test_contact_is_added_to_the_account(client_as: ClientFor, world: World, account_manager: User) -> None:
    url = reverse("crm:contact_create", args=[world.account.pk])

    response = client_as(account_manager).post(url, {"name": "Rui Sol", "reports_to": str(world.contact.pk)})

    assert response["Location"] == world.account.get_absolute_url()
    contact = Contact.objects.unscoped("test").get(name="Rui Sol")
    assert (contact.account, contact.reports_to, contact.created_by) == (
        world.account,
        world.contact,
        account_manager,
    )


def test_contact_names_errors_and_keeps_the_text(
    client_as: ClientFor, world: World, account_manager: User
) -> None:
    url = reverse("crm:contact_create", args=[world.account.pk])

    response = client_as(account_manager).post(url, {"name": "", "job_title": "Nurse", "email": "no-mail"})

    assert response.status_code == 422
    assert "Enter a valid email address." in text_of(response)
    assert 'value="Nurse"' in response.content.decode()


def test_boss_must_be_of_the_same_account(client_as: ClientFor, world: World, account_manager: User) -> None:
    other = factories.create_contact(world.child, "Of the child")
    url = reverse("crm:contact_create", args=[world.account.pk])

    response = client_as(account_manager).post(url, {"name": "Rui Sol", "reports_to": str(other.pk)})

    assert response.status_code == 422
    assert "Of the child" not in text_of(response)


def test_contact_is_changed_and_deleted_by_the_owner(
    client_as: ClientFor, world: World, account_manager: User
) -> None:
    client = client_as(account_manager)
    url = reverse("crm:contact_update", args=[world.contact.pk])
    client.post(url, {**form_of(get(client, url)), "job_title": "Director"})
    world.contact.refresh_from_db()
    assert world.contact.job_title == "Director"

    question = get(client, reverse("crm:contact_delete", args=[world.contact.pk]))
    assert "1 mention in an opportunity" in text_of(question)
    client.post(reverse("crm:contact_delete", args=[world.contact.pk]))
    assert not Contact.objects.unscoped("test").filter(pk=world.contact.pk).exists()


@pytest.mark.parametrize(("who", "status"), [("colleague", 403), ("viewer", 403), ("stranger", 404)])
def test_others_cannot_change_or_delete(
    client_as: ClientFor, world: World, cast: dict[str, User], who: str, status: int
) -> None:
    client = client_as(cast[who])

    assert (
        client.post(reverse("crm:contact_update", args=[world.contact.pk]), {"name": "X"}).status_code
        == status
    )
    assert client.post(reverse("crm:contact_delete", args=[world.contact.pk])).status_code == status
    assert Contact.objects.unscoped("test").filter(name="Ines Prado").exists()


def test_contact_conflict_keeps_the_text(client_as: ClientFor, world: World, account_manager: User) -> None:
    client = client_as(account_manager)
    url = reverse("crm:contact_update", args=[world.contact.pk])
    values = form_of(get(client, url))
    world.contact.phone = "111"
    world.contact.save()

    response = client.post(url, {**values, "phone": "222"})

    assert response.status_code == 409
    assert 'value="222"' in response.content.decode()
    world.contact.refresh_from_db()
    assert world.contact.phone == "111"
