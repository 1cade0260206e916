from __future__ import annotations

import pytest
from django.urls import reverse

from kam.users.models import User
from tests import factories
from tests.fixtures import ClientFor, World
from tests.pages import get, text_of

pytestmark = pytest.mark.django_db
URL = reverse("plans:search")


def found(client_as: ClientFor, user: User, text: str) -> dict[str, int]:
    response = get(client_as(user), URL, data={"q": text})
    return {group.kind: group.count for group in response.context["groups"]}


def test_search_groups_what_the_reader_may_see(
    client_as: ClientFor, world: World, account_manager: User, stranger: User, msl: User
) -> None:
    assert found(client_as, account_manager, "harbour") == {
        "plans": 2,
        "accounts": 2,
        "opportunities": 5,
        "contacts": 1,
    }
    assert found(client_as, stranger, "harbour") == {}
    assert found(client_as, msl, "harbour") == {"plans": 2, "accounts": 2, "contacts": 1}


def test_confidential_plans_cannot_be_found(
    client_as: ClientFor, world: World, cast: dict[str, User]
) -> None:
    assert {name: found(client_as, user, "takeover") for name, user in cast.items()} == {
        name: {} for name in cast
    }
    assert found(client_as, world.keeper, "takeover") == {"plans": 1}


def test_medical_insights_are_found_by_who_sees_them(
    client_as: ClientFor, world: World, cast: dict[str, User]
) -> None:
    """Medical colleagues and those above; of the others who takes part in the plan that an insight serves."""
    plan = factories.create_territory_plan(world.account.territory)
    factories.create_insight(world.account, "Zebra fish in trials", author=cast["msl"], plan=plan)
    factories.create_insight(world.account, "Zebra stripes", author=cast["msl"])
    factories.add_participant(plan, cast["colleague"])

    counts = {name: found(client_as, user, "zebra trials") for name, user in cast.items()}

    seen = {"insights": 1}
    assert counts == {name: {} for name in cast} | dict.fromkeys(
        ("msl", "manager", "executive", "admin", "colleague"), seen
    )
    assert found(client_as, cast["msl"], "zebra") == {"insights": 2}
    assert found(client_as, cast["colleague"], "zebra") == seen
    page = get(client_as(cast["msl"]), URL, data={"q": "harbour zebra"})
    assert "Zebra stripes Harbour Clinics · Research" in text_of(page)


def test_every_word_must_occur(client_as: ClientFor, world: World, account_manager: User) -> None:
    assert found(client_as, account_manager, "ines prado") == {"contacts": 1}
    assert found(client_as, account_manager, "ines zebra") == {}


def test_many_matches_are_cut_and_lead_to_the_list(
    client_as: ClientFor, world: World, account_manager: User
) -> None:
    for number in range(101):
        factories.create_opportunity(world.account, f"Series {number}")

    response = get(client_as(account_manager), URL, data={"q": "series"})

    text = text_of(response)
    assert "Opportunities 100+" in text
    assert f"{reverse('crm:opportunity_list')}?search=series" in response.content.decode()


def test_nothing_typed_nothing_found_and_too_short(
    client_as: ClientFor, world: World, account_manager: User
) -> None:
    client = client_as(account_manager)

    assert "What are you looking for?" in text_of(get(client, URL))
    assert "Nothing found" in text_of(get(client, URL, data={"q": "zebra"}))
    assert "Two letters at least" in text_of(get(client, URL, data={"q": "h"}))


def test_statements_do_not_grow_with_the_matches(
    client_as: ClientFor, world: World, account_manager: User, django_assert_num_queries
) -> None:
    client = client_as(account_manager)
    with django_assert_num_queries(8):
        get(client, URL, data={"q": "harbour"})
    for _number in range(2):
        account = factories.create_account(
            "Harbour more", owner=account_manager, territory=world.account.territory
        )
        factories.create_plan(account, "Harbour plan", owner=factories.create_user())
        factories.create_contact(account, "Harbour Master")

    with django_assert_num_queries(8):
        get(client, URL, data={"q": "harbour"})


@pytest.mark.parametrize("text", ["\x00\x00", "ha\x00rbour", "%", "_\\", "'" * 300, "🙂" * 300])
def test_strange_texts_find_nothing_or_something_but_do_not_fail(
    client_as: ClientFor, world: World, account_manager: User, text: str
) -> None:
    client = client_as(account_manager)

    for url in (
        URL,
        reverse("crm:account_options"),
        reverse("plans:plan_options"),
        reverse("users:user_options"),
    ):
        assert client.get(url, {"q": text}).status_code == 200
    typed = client.post(reverse("plans:accountplan_create"), {"account_text": text, "owner_text": text})
    assert typed.status_code == 422
    for name in ("crm:account_list", "crm:opportunity_list", "plans:accountplan_list"):
        query = {"search": text, "account_text": text, "page": text, "ordering": text}
        assert client.get(reverse(name), query).status_code == 200
