from __future__ import annotations

import pytest
from django.urls import reverse

from crm.enums import CallFrequency, PickList
from kam.users.models import User
from tests import factories
from tests.fixtures import ClientFor, Territories, World
from tests.pages import get, text_of

pytestmark = pytest.mark.django_db
URL = reverse("crm:account_list")


def names(response) -> list[str]:  # type: ignore[no-untyped-def]
    return [account.name for account in response.context["page_obj"]]


def test_list_shows_own_territory_only(
    client_as: ClientFor, world: World, colleague: User, stranger: User
) -> None:
    assert names(get(client_as(colleague), URL)) == ["Harbour Clinics", "Harbour Day Clinic"]
    assert names(get(client_as(stranger), URL)) == ["Lakeside Hospital"]


def test_list_searches_and_filters(client_as: ClientFor, world: World, manager: User) -> None:
    client = client_as(manager)

    assert names(get(client, URL, data={"search": "day"})) == ["Harbour Day Clinic"]
    assert names(get(client, URL, data={"owner": str(world.account.owner_id), "search": "clinics"})) == [
        "Harbour Clinics"
    ]


def test_list_takes_the_same_statements_for_one_and_three(
    client_as: ClientFor, account_manager: User, territories: Territories, django_assert_num_queries
) -> None:
    client = client_as(account_manager)
    industry = factories.create_pick_list_value("Hospital", pick_list=PickList.INDUSTRY)

    def add() -> None:
        factories.create_account(
            owner=factories.create_user(),
            territory=territories.north,
            industry=industry,
            call_frequency=CallFrequency.MONTHLY,
        )

    add()
    get(client, URL)  # the session is there
    with django_assert_num_queries(7):
        get(client, URL)
    add()
    add()
    with django_assert_num_queries(7):
        assert len(names(get(client, URL))) == 3


def test_list_remembers_the_last_ordering(client_as: ClientFor, world: World, account_manager: User) -> None:
    client = client_as(account_manager)
    get(client, URL, data={"ordering": "-name"})

    response = get(client, URL)

    assert names(response) == ["Harbour Day Clinic", "Harbour Clinics"]
    assert 'aria-sort="descending"' in response.content.decode()


def test_list_forgets_an_ordering_it_does_not_know(
    client_as: ClientFor, world: World, account_manager: User
) -> None:
    response = get(client_as(account_manager), URL, data={"ordering": "owner__password"})

    assert names(response) == ["Harbour Clinics", "Harbour Day Clinic"]


def test_filter_by_a_hidden_row_answers_like_one_that_does_not_exist(
    client_as: ClientFor, world: World, account_manager: User
) -> None:
    client = client_as(account_manager)
    opportunities = reverse("crm:opportunity_list")

    hidden = text_of(get(client, opportunities, data={"account": str(world.far_account.pk)}))
    missing = text_of(get(client, opportunities, data={"account": "00000000-0000-4000-8000-000000000000"}))

    assert hidden == missing
    assert "Lakeside" not in hidden


def test_filters_are_open_where_one_is_wrong(client_as: ClientFor, manager: User) -> None:
    client = client_as(manager)

    wrong = get(client, URL, data={"owner": "nobody"}).content.decode()

    assert 'class="k-filter-fields is-open"' in wrong  # closed on a phone, they would hide the error
    assert 'aria-expanded="true" aria-controls="results-fields"' in wrong
    assert 'class="k-filter-fields"' in get(client, URL).content.decode()


def test_empty_list_says_where_accounts_come_from(client_as: ClientFor, account_manager: User) -> None:
    response = get(client_as(account_manager), URL)

    assert "No accounts yet" in text_of(response)


def test_list_without_match_says_so(client_as: ClientFor, world: World, account_manager: User) -> None:
    response = get(client_as(account_manager), URL, data={"search": "zebra"})

    assert "No account matches" in text_of(response)


def test_options_offer_what_the_user_may_see(
    client_as: ClientFor, world: World, account_manager: User
) -> None:
    client = client_as(account_manager)

    found = client.get(reverse("crm:account_options"), {"q": "a"}).json()["options"]

    assert [option["label"] for option in found] == ["Harbour Clinics", "Harbour Day Clinic"]


def test_options_are_at_most_twenty(client_as: ClientFor, admin: User) -> None:
    for number in range(25):
        factories.create_account(f"Clinic {number:02}")

    found = client_as(admin).get(reverse("crm:account_options"), {"q": "clinic"}).json()["options"]

    assert len(found) == 20
