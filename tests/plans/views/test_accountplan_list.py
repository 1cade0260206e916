from __future__ import annotations

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from kam.users.models import User
from metrics.operations import sweep
from plans.enums import PlanStatus
from tests import factories
from tests.fixtures import ClientFor, Territories, World
from tests.pages import get, text_of

pytestmark = pytest.mark.django_db
URL = reverse("plans:accountplan_list")


def names(response: HttpResponse) -> list[str]:
    """The plans of the list, as the page shows them."""
    html = response.content.decode().partition('id="results"')[2]
    return [part.partition("</a>")[0].partition(">")[2] for part in html.split('class="k-main"><a ')[1:]]


def ordered(client: Client, ordering: str) -> list[str]:
    return names(get(client, URL, data={"ordering": ordering}))


@pytest.fixture
def priced(world: World, account_manager: User) -> World:
    """The world, and a plan in yen that is a million short: in dollars not the worst."""
    factories.create_rate("JPY", "0.007")
    factories.create_plan(world.account, "In yen", currency="JPY", sales_target=1_000_000)
    sweep(sweeper="test")
    return world


def test_list_shows_what_the_reader_may_see(
    client_as: ClientFor, world: World, colleague: User, stranger: User, executive: User, viewer: User
) -> None:
    both = ["Harbour Clinics next year", "Harbour Clinics this year"]

    assert names(get(client_as(colleague), URL)) == both
    assert names(get(client_as(stranger), URL)) == ["Lakeside this year"]
    assert names(get(client_as(viewer), URL)) == ["Harbour Clinics this year"]  # no drafts
    assert names(get(client_as(executive), URL)) == ["Harbour Clinics this year", "Lakeside this year"]


def test_owner_sees_the_confidential_one_marked(client_as: ClientFor, world: World) -> None:
    response = get(client_as(world.keeper), URL)

    assert names(response) == ["Hidden takeover"]
    assert 'aria-label="Confidential"' in response.content.decode()


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"current": "true"}, ["Harbour Clinics next year", "Harbour Clinics this year"]),
        ({"status": "draft"}, ["Harbour Clinics next year"]),
        ({"search": "next"}, ["Harbour Clinics next year"]),
        (
            {"status": ["active", "draft"], "ordering": "name"},
            ["Harbour Clinics next year", "Harbour Clinics this year"],
        ),
    ],
)
def test_filters(
    client_as: ClientFor, world: World, account_manager: User, query: dict[str, str], expected: list[str]
) -> None:
    assert names(get(client_as(account_manager), URL, data=query)) == expected


def test_numbers_are_sorted_in_company_currency(
    client_as: ClientFor, priced: World, account_manager: User
) -> None:
    client = client_as(account_manager)

    # 5,750 expected of 10,000 dollars; 821,429 of 1,000,000 yen is 1,250 dollars short.
    assert set(ordered(client, "variance")[:2]) == {"Harbour Clinics this year", "Harbour Clinics next year"}
    assert ordered(client, "-target")[0] != "In yen"
    assert ordered(client, "variance")[-1] == "In yen"


def test_numbers_stand_in_the_row(client_as: ClientFor, priced: World, account_manager: User) -> None:
    text = text_of(get(client_as(account_manager), URL, data={"search": "this year"}))

    assert "$10k $4k $5.75k -$4.25k" in text
    assert "Won $4,000.00, weighted pipeline $1,750.00" in text  # what the picture says


def test_medical_colleague_sees_no_numbers_and_cannot_sort_by_them(
    client_as: ClientFor, priced: World, msl: User
) -> None:
    client = client_as(msl)
    response = get(client, URL)

    assert "$" not in text_of(response)
    assert "ordering=variance" not in response.content.decode()
    by_name = ordered(client, "name")
    assert ordered(client, "variance") == ordered(client, "-variance") == ordered(client, "sales_target")
    assert set(by_name) == {"Harbour Clinics next year", "Harbour Clinics this year", "In yen"}


def test_list_says_when_numbers_lag(client_as: ClientFor, world: World, account_manager: User) -> None:
    client = client_as(account_manager)

    assert "some may lag" in text_of(get(client, URL))
    sweep(sweeper="test")
    assert "some may lag" not in text_of(get(client, URL))


def test_plan_without_numbers_yet_says_so(client_as: ClientFor, world: World, account_manager: User) -> None:
    assert "Being computed" in text_of(get(client_as(account_manager), URL))


def test_list_takes_the_same_statements_for_one_and_three(
    client_as: ClientFor, account_manager: User, territories: Territories, django_assert_num_queries
) -> None:
    client = client_as(account_manager)

    def add() -> None:
        owner = factories.create_user()
        factories.create_plan(factories.create_account(owner=owner, territory=territories.north))
        sweep(sweeper="test")

    add()
    with django_assert_num_queries(7):
        get(client, URL)
    add()
    add()
    with django_assert_num_queries(7):
        assert len(names(get(client, URL))) == 3


def test_empty_list_offers_the_first_plan(client_as: ClientFor, account_manager: User, viewer: User) -> None:
    assert "Make the first plan" in text_of(get(client_as(account_manager), URL))
    assert "Make the first plan" not in text_of(get(client_as(viewer), URL))


def test_bare_panel_leads_to_its_page(client_as: ClientFor, account_manager: User) -> None:
    response = client_as(account_manager).get(reverse("metrics:plan_list"))

    assert response["Location"] == URL


def test_options_hide_confidential_plans(client_as: ClientFor, world: World, account_manager: User) -> None:
    found = client_as(account_manager).get(reverse("plans:plan_options"), {"q": ""}).json()["options"]

    assert [option["label"] for option in found] == ["Harbour Clinics next year", "Harbour Clinics this year"]


def test_archived_ones_leave_the_current_view(
    client_as: ClientFor, world: World, account_manager: User
) -> None:
    world.plan.status = PlanStatus.ARCHIVED
    world.plan.save()

    assert names(get(client_as(account_manager), URL, data={"current": "true"})) == [
        "Harbour Clinics next year"
    ]
