from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from crm.views import opportunities
from kam.core import lists
from kam.users.models import User
from tests import factories
from tests.fixtures import ClientFor, Territories, World
from tests.pages import get, text_of

pytestmark = pytest.mark.django_db
URL = reverse("crm:opportunity_list")


def names(response) -> set[str]:  # type: ignore[no-untyped-def]
    return {opportunity.name for opportunity in response.context["page_obj"]}


def test_list_shows_own_scope(client_as: ClientFor, world: World, colleague: User, stranger: User) -> None:
    everything = {"Ward extension", "Frame contract", "Pilot", "Late order", "Day clinic start"}

    assert names(get(client_as(colleague), URL)) == everything
    assert names(get(client_as(stranger), URL)) == {"Lakeside ward"}


def test_medical_colleague_has_no_such_list(client_as: ClientFor, world: World, msl: User) -> None:
    client = client_as(msl)

    assert client.get(URL).status_code == 403
    assert client.get(world.open.get_absolute_url()).status_code == 404
    assert "Opportunities" not in get(client, reverse("metrics:home")).content.decode()


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"is_closed": "false"}, {"Ward extension", "Late order", "Day clinic start"}),
        ({"slipped": "true"}, {"Late order"}),
        ({"is_won": "true"}, {"Frame contract"}),
        ({"amount_min": "1500"}, {"Frame contract", "Late order"}),
        ({"search": "day"}, {"Day clinic start"}),
    ],
)
def test_filters(
    client_as: ClientFor, world: World, account_manager: User, query: dict[str, str], expected: set[str]
) -> None:
    assert names(get(client_as(account_manager), URL, data=query)) == expected


def test_filter_by_account_and_period(client_as: ClientFor, world: World, account_manager: User) -> None:
    today = timezone.localdate()
    query = {
        "account": str(world.account.pk),
        "close_date_after": today.isoformat(),
        "close_date_before": (today + timedelta(days=60)).isoformat(),
    }

    response = get(client_as(account_manager), URL, data=query)

    assert names(response) == {"Ward extension"}
    assert "Account: Harbour Clinics" in text_of(response)


@pytest.mark.parametrize("few", [0, 100])
def test_totals_are_by_currency_and_of_the_visible_only(
    client_as: ClientFor,
    world: World,
    account_manager: User,
    executive: User,
    few: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(opportunities, "FEW", few)
    factories.create_opportunity(world.account, "In euro", amount="10.50", currency="EUR", probability=10)

    mine = get(client_as(account_manager), URL, data={"is_closed": "false"}).context["totals"]
    all_of_them = get(client_as(executive), URL, data={"is_closed": "false"}).context["totals"]

    sums = {row["currency"]: (row["count"], row["total"], row["weighted"]) for row in mine}
    assert sums == {"EUR": (1, Decimal("10.50"), Decimal("1.05")), "USD": (3, 3_500, 1_750)}
    assert {row["currency"]: row["total"] for row in all_of_them} == {"EUR": Decimal("10.50"), "USD": 12_500}


def test_long_list_adds_up_in_an_answer_of_its_own(
    client_as: ClientFor, world: World, account_manager: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "COUNT_LIMIT", 2)
    client, query = client_as(account_manager), {"is_closed": "false", "totals": "show"}

    response = get(client, URL, data={"is_closed": "false"})
    panel = get(client, URL, data=query, headers={"HX-Request": "true", "HX-Target": "totals"})
    without_script = text_of(get(client, URL, data=query))

    assert len(names(response)) == 3
    assert 'hx-get="?is_closed=false&amp;totals=show" hx-trigger="load"' in response.content.decode()
    assert "$3,500" not in text_of(response)
    assert panel.headers["Vary"].startswith("HX-Request")
    assert "<html" not in panel.content.decode()
    # A sort or a filter keeps the address and asks for the list.
    assert "<html" in get(client, URL, data=query, headers={"HX-Request": "true"}).content.decode()
    for text in (text_of(panel), without_script):
        assert "USD · 3 opportunities $3,500 weighted $1,750" in text


def test_totals_of_very_many_are_left_out(
    client_as: ClientFor, world: World, account_manager: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "COUNT_LIMIT", 2)
    monkeypatch.setattr(opportunities, "TOTALS_LIMIT", 2)

    text = text_of(get(client_as(account_manager), URL, data={"totals": "show"}))

    assert "More than 2 opportunities: filter the list to see what they add up to." in text


@pytest.mark.parametrize("limit", [2, 1_000])
def test_short_and_long_lists_are_read_in_the_same_order(
    client_as: ClientFor, world: World, manager: User, limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "COUNT_LIMIT", limit)

    response = get(client_as(manager), URL, data={"ordering": "-amount", "is_closed": "false"})

    shown = [opportunity.name for opportunity in response.context["page_obj"]]
    assert shown == ["Late order", "Ward extension", "Day clinic start"]


def test_list_takes_the_same_statements_for_one_and_three(
    client_as: ClientFor, account_manager: User, territories: Territories, django_assert_num_queries
) -> None:
    client = client_as(account_manager)

    def add() -> None:
        account = factories.create_account(owner=factories.create_user(), territory=territories.north)
        factories.create_opportunity(account, owner=factories.create_user())

    add()
    with django_assert_num_queries(7):
        get(client, URL)
    add()
    add()
    with django_assert_num_queries(7):
        assert len(names(get(client, URL))) == 3


def test_pages_follow_each_other(client_as: ClientFor, world: World, account_manager: User) -> None:
    for number in range(26):
        factories.create_opportunity(world.account, f"Deal {number}")
    client = client_as(account_manager)

    first, second = names(get(client, URL)), names(get(client, URL, data={"page": "2"}))

    assert (len(first), len(second), len(first & second)) == (25, 6, 0)
    assert names(get(client, URL, data={"page": "99"})) == second
    assert names(get(client, URL, data={"page": "zebra"})) == first


def test_invalid_filter_is_named_and_selects_nothing(
    client_as: ClientFor, world: World, account_manager: User
) -> None:
    response = get(client_as(account_manager), URL, data={"amount_min": "much"})

    assert names(response) == set()
    assert "Enter a number." in text_of(response)
