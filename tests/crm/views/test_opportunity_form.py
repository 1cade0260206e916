from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from django.urls import reverse

from crm.models import Contact, Opportunity
from kam.users.models import User
from tests import factories
from tests.fixtures import ClientFor, World
from tests.pages import form_of, get, text_of

pytestmark = pytest.mark.django_db
NEW = reverse("crm:opportunity_create")


def deal(world: World, **values: str) -> dict[str, str]:
    return {
        "account": str(world.account.pk),
        "name": "New ward",
        "stage": str(factories.open_stage().pk),
        "amount": "5000",
        "currency": "USD",
        "close_date": "2027-03-01",
        **values,
    }


def only(name: str) -> Opportunity:
    return Opportunity.objects.unscoped("test").get(name=name)


def test_new_one_starts_from_the_account(client_as: ClientFor, world: World, account_manager: User) -> None:
    response = get(client_as(account_manager), NEW, data={"account": str(world.account.pk)})

    html = response.content.decode()
    assert 'value="Harbour Clinics"' in html
    assert form_of(response)["owner"] == str(account_manager.pk)


def test_new_one_takes_the_probability_of_its_stage(
    client_as: ClientFor, world: World, account_manager: User
) -> None:
    response = client_as(account_manager).post(NEW, deal(world))

    opportunity = only("New ward")
    assert response["Location"] == opportunity.get_absolute_url()
    assert opportunity.probability == 50
    assert opportunity.close_date == date(2027, 3, 1)


def test_account_is_found_by_its_name_without_javascript(
    client_as: ClientFor, world: World, account_manager: User
) -> None:
    values = deal(world, account="", account_text="harbour clinics")

    client_as(account_manager).post(NEW, values)

    assert only("New ward").account == world.account


def test_ambiguous_name_offers_the_matches(client_as: ClientFor, world: World, account_manager: User) -> None:
    client = client_as(account_manager)

    response = client.post(NEW, deal(world, account="", account_text="harbour"))

    assert response.status_code == 422
    text = text_of(response)
    assert "Several go by this name." in text
    assert "Harbour Clinics Harbour Day Clinic" in text
    client.post(NEW, deal(world, account="", account_text="harbour", account_pick=str(world.child.pk)))
    assert only("New ward").account == world.child


def test_typed_name_beats_a_stale_id(client_as: ClientFor, world: World, account_manager: User) -> None:
    values = deal(world, account_text="Harbour Day Clinic")  # the id still names the other one

    client_as(account_manager).post(NEW, values)

    assert only("New ward").account == world.child


def test_hidden_account_answers_like_a_missing_one(
    client_as: ClientFor, world: World, account_manager: User
) -> None:
    client = client_as(account_manager)

    hidden = client.post(NEW, deal(world, account=str(world.far_account.pk)))
    by_name = client.post(NEW, deal(world, account="", account_text="Lakeside Hospital"))
    missing = client.post(NEW, deal(world, account="00000000-0000-4000-8000-000000000000"))

    assert hidden.status_code == by_name.status_code == missing.status_code == 422
    assert hidden.context["form"].errors == missing.context["form"].errors == by_name.context["form"].errors
    assert client.get(NEW, {"account": str(world.far_account.pk)}).status_code == 404


def test_errors_are_named_and_the_text_stays(
    client_as: ClientFor, world: World, account_manager: User
) -> None:
    response = client_as(account_manager).post(
        NEW, deal(world, amount="12.345", probability="140", next_step="Call the board")
    )

    assert response.status_code == 422
    text = text_of(response)
    assert "USD has at most 2 decimal places." in text
    assert "Ensure this value is less than or equal to 100." in text
    assert 'value="Call the board"' in response.content.decode()


def test_new_stage_brings_its_probability_unless_one_was_typed(
    client_as: ClientFor, world: World, account_manager: User
) -> None:
    client = client_as(account_manager)
    url = reverse("crm:opportunity_update", args=[world.open.pk])
    won = str(factories.won_stage().pk)

    client.post(url, {**form_of(get(client, url)), "stage": won})
    world.open.refresh_from_db()
    assert world.open.probability == 100

    client.post(
        url, {**form_of(get(client, url)), "stage": str(factories.open_stage().pk), "probability": "35"}
    )
    world.open.refresh_from_db()
    assert world.open.probability == 35


def test_amount_is_shown_to_the_minor_unit(client_as: ClientFor, world: World, account_manager: User) -> None:
    client, url = client_as(account_manager), reverse("crm:opportunity_update", args=[world.open.pk])

    assert form_of(get(client, url))["amount"] == "1000"
    world.open.amount = Decimal("1000.5")
    world.open.save()
    assert form_of(get(client, url))["amount"] == "1000.50"


def test_contacts_that_the_owner_cannot_see_stay(client_as: ClientFor, world: World, stranger: User) -> None:
    # The stranger owns this deal, but does not see its account nor the contact.
    mine = factories.create_opportunity(
        world.account, "Shared deal", owner=stranger, contacts=[world.contact]
    )
    client = client_as(stranger)
    url = reverse("crm:opportunity_update", args=[mine.pk])

    response = client.post(url, {**form_of(get(client, url)), "contacts": [], "next_step": "Ring"})

    assert response.status_code == 302
    mine.refresh_from_db()
    assert mine.next_step == "Ring"
    assert Contact.objects.unscoped("test").filter(opportunities=mine).get() == world.contact


def test_conflict_keeps_the_typed_amount(client_as: ClientFor, world: World, account_manager: User) -> None:
    client = client_as(account_manager)
    url = reverse("crm:opportunity_update", args=[world.open.pk])
    values = form_of(get(client, url))
    world.open.amount = Decimal(1_100)
    world.open.save()

    response = client.post(url, {**values, "amount": "1200"})

    assert response.status_code == 409
    assert 'value="1200"' in response.content.decode()
    assert "1,100" in text_of(response)
    world.open.refresh_from_db()
    assert world.open.amount == 1_100


@pytest.mark.parametrize(
    ("who", "status"),
    [("colleague", 403), ("executive", 403), ("viewer", 403), ("stranger", 404), ("msl", 404)],
)
def test_others_cannot_change_or_delete(
    client_as: ClientFor, world: World, cast: dict[str, User], who: str, status: int
) -> None:
    client = client_as(cast[who])

    for name in ("opportunity_update", "opportunity_delete"):
        assert client.post(reverse(f"crm:{name}", args=[world.open.pk]), deal(world)).status_code == status
    assert only("Ward extension").amount == 1_000


def test_delete_asks_and_says_what_goes(client_as: ClientFor, world: World, account_manager: User) -> None:
    client = client_as(account_manager)
    url = reverse("crm:opportunity_delete", args=[world.open.pk])

    question = text_of(get(client, url))
    response = client.post(url, follow=True)

    assert "1 line with its schedule" in question
    assert "“Ward extension” is deleted." in text_of(response)
    assert not Opportunity.objects.unscoped("test").filter(name="Ward extension").exists()
