from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from kam.users.models import User
from tests import factories
from tests.fixtures import ClientFor, Territories, World
from tests.pages import form_of, get, text_of

pytestmark = pytest.mark.django_db


def test_page_shows_the_account_to_its_team(client_as: ClientFor, world: World, colleague: User) -> None:
    text = text_of(get(client_as(colleague), world.account.get_absolute_url()))

    for part in ("Harbour Clinics this year", "Ward extension", "Ines Prado", "Quarterly visit"):
        assert part in text
    assert "Hidden takeover" not in text  # confidential
    assert "Frame contract" not in text  # won: not open


def test_page_is_not_there_for_a_stranger(client_as: ClientFor, world: World, stranger: User) -> None:
    assert client_as(stranger).get(world.account.get_absolute_url()).status_code == 404


def test_medical_colleague_sees_no_opportunities_and_no_numbers(
    client_as: ClientFor, world: World, msl: User
) -> None:
    text = text_of(get(client_as(msl), world.account.get_absolute_url()))

    assert "Open opportunities" not in text
    assert "Ward extension" not in text
    assert "$" not in text
    assert "Numbers are not open to you" in text


def test_reader_gets_no_way_to_edit(client_as: ClientFor, world: World, viewer: User) -> None:
    html = get(client_as(viewer), world.account.get_absolute_url()).content.decode()

    assert reverse("crm:account_update", args=[world.account.pk]) not in html
    assert reverse("crm:activity_log", args=[world.account.pk]) not in html
    assert "hx-post" not in html


def test_tree_shows_visible_companies_only(
    client_as: ClientFor, world: World, territories: Territories, account_manager: User
) -> None:
    hidden = factories.create_account("Hidden Branch", parent=world.child, territory=territories.south)
    factories.create_account("Deep Branch", parent=hidden, territory=territories.north)

    response = get(client_as(account_manager), world.account.get_absolute_url())

    listed = [(branch.account.name, branch.level) for branch in response.context["tree"]]
    # What lies below the hidden one moves up to the next that can be seen.
    assert listed == [("Harbour Day Clinic", 0), ("Deep Branch", 0)]
    child_page = get(client_as(account_manager), world.child.get_absolute_url())
    assert [account.name for account in child_page.context["ancestors"]] == ["Harbour Clinics"]


def test_page_takes_the_same_statements_for_one_and_three(
    client_as: ClientFor, territories: Territories, account_manager: User, django_assert_num_queries
) -> None:
    account = factories.create_account("Big One", owner=account_manager, territory=territories.north)
    client = client_as(account_manager)

    def add() -> None:
        factories.create_account(parent=account, territory=territories.north, owner=account_manager)
        head = factories.create_contact(account)
        factories.create_contact(account, reports_to=head)
        factories.create_opportunity(account, owner=factories.create_user())
        factories.create_activity(account)
        factories.create_activity(account, done_on=timezone.localdate())
        factories.create_plan(account, owner=factories.create_user())

    add()
    with django_assert_num_queries(9):
        get(client, account.get_absolute_url())
    add()
    add()
    with django_assert_num_queries(9):
        get(client, account.get_absolute_url())


def test_overview_is_saved_in_place(client_as: ClientFor, world: World, account_manager: User) -> None:
    client = client_as(account_manager)
    url = reverse("crm:account_overview", args=[world.account.pk])
    values = form_of(get(client, url))

    response = client.post(url, {**values, "business_overview": "Two sites, one buyer."})

    assert response["Location"] == world.account.get_absolute_url()
    world.account.refresh_from_db()
    assert world.account.business_overview == "Two sites, one buyer."


def test_update_by_somebody_without_the_right_is_forbidden(
    client_as: ClientFor, world: World, colleague: User, stranger: User
) -> None:
    url = reverse("crm:account_update", args=[world.account.pk])

    assert client_as(colleague).post(url, {"name": "Mine now"}).status_code == 403
    assert client_as(stranger).post(url, {"name": "Mine now"}).status_code == 404
    world.account.refresh_from_db()
    assert world.account.name == "Harbour Clinics"


def test_conflict_keeps_both_texts(client_as: ClientFor, world: World, account_manager: User) -> None:
    client = client_as(account_manager)
    url = reverse("crm:account_overview", args=[world.account.pk])
    values = form_of(get(client, url))
    world.account.business_overview = "Written by somebody else."
    world.account.save()

    response = client.post(url, {**values, "business_overview": "Written by me."})

    assert response.status_code == 409
    text = text_of(response)
    assert "Written by somebody else." in text
    assert "Written by me." in text
    world.account.refresh_from_db()
    assert world.account.business_overview == "Written by somebody else."
    # Saving once more is a decision: it goes through.
    again = client.post(url, {**form_of(response), "business_overview": "Written by me."})
    assert again.status_code == 302
    world.account.refresh_from_db()
    assert world.account.business_overview == "Written by me."


def test_log_of_a_call_moves_the_cadence(client_as: ClientFor, world: World, account_manager: User) -> None:
    client = client_as(account_manager)
    world.account.call_frequency = "weekly"
    world.account.save()
    today = timezone.localdate()
    url = reverse("crm:activity_log", args=[world.account.pk])
    call = {"type": str(world.activity.type_id), "subject": "Phoned Ines", "quantity": "1"}

    response = client.post(
        url, {**call, "done_on": today.isoformat(), "owner": str(account_manager.pk)}, follow=True
    )

    assert response.context["account"].next_activity_due_on == today + timedelta(days=7)
    assert "“Phoned Ines” is logged." in text_of(response)
