from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from crm.enums import CallFrequency
from kam.users.models import Role, User
from metrics.operations import sweep
from metrics.views.home import SHOWN_PLANS
from plans.enums import ObjectiveStatus, PlanStatus
from tests import factories
from tests.fixtures import ClientFor, Territories, World
from tests.pages import get, text_of

pytestmark = pytest.mark.django_db
URL = reverse("metrics:home")


def concerns(response: HttpResponse) -> dict[str, tuple[int, list[str]]]:
    found = response.context["concerns"]
    return {concern.icon: (concern.count, [item.text for item in concern.items]) for concern in found}


def test_home_shows_own_plans_with_their_numbers(
    client_as: ClientFor, world: World, account_manager: User
) -> None:
    factories.create_objective(world.plan, manual_progress=40)
    sweep(sweeper="test")

    response = get(client_as(account_manager), URL)

    text = text_of(response)
    assert "Harbour Clinics this year" in text
    assert "$5.75k expected of $10k" in text
    assert "40% work done" in text
    assert f"{world.plan.days_left} days left" in text


def test_plan_shared_with_me_is_mine_too(client_as: ClientFor, world: World, stranger: User) -> None:
    assert "Harbour Clinics this year" not in text_of(get(client_as(stranger), URL))
    factories.add_participant(world.plan, stranger)

    assert "Harbour Clinics this year" in text_of(get(client_as(stranger), URL))


def test_what_needs_attention(client_as: ClientFor, world: World, account_manager: User) -> None:
    today = timezone.localdate()
    world.account.call_frequency = CallFrequency.WEEKLY
    world.account.save()
    factories.create_objective(world.plan, "Late objective", target_date=today - timedelta(days=2))
    factories.create_objective(
        world.plan, "Done objective", target_date=today - timedelta(days=2), status=ObjectiveStatus.ACHIEVED
    )
    factories.create_plan(
        world.account, "Nearly over", end_date=today + timedelta(days=20), sales_target=None
    )
    sweep(sweeper="test")

    found = concerns(get(client_as(account_manager), URL))

    assert found == {
        "calendar-due": (1, []),
        "phone": (1, ["Harbour Clinics"]),
        "clock": (1, ["Late order"]),
        "flag": (1, ["Late objective"]),
        "trending-down": (1, ["Harbour Clinics this year"]),  # 57.5 % of its target
        "calendar-event": (1, ["Nearly over"]),
        "pencil": (1, ["Harbour Clinics next year"]),  # its period has begun
    }


def test_all_that_needs_attention_is_counted_however_little_is_listed(
    client_as: ClientFor, world: World, account_manager: User
) -> None:
    today, account = timezone.localdate(), world.account
    late = today - timedelta(days=3)
    for _ in range(SHOWN_PLANS + 2):
        factories.create_plan(account, plan_type=world.plan.plan_type, sales_target=100_000_000)
        factories.create_opportunity(account, close_date=late)
        factories.create_objective(world.plan, owner=account_manager, target_date=late)
        factories.create_activity(account, type=world.overdue.type, planned_for=late)
    sweep(sweeper="test")

    found = concerns(get(client_as(account_manager), URL))

    counts = {icon: count for icon, (count, _items) in found.items()}
    assert counts["trending-down"] == SHOWN_PLANS + 2
    assert (counts["clock"], counts["calendar-due"]) == (SHOWN_PLANS + 3, SHOWN_PLANS + 3)
    assert counts["flag"] == SHOWN_PLANS + 2
    assert max(len(items) for _count, items in found.values()) == 4


def test_others_concerns_are_not_mine(client_as: ClientFor, world: World, colleague: User) -> None:
    assert concerns(get(client_as(colleague), URL)) == {}


def test_activities_come_in_order_with_late_ones_first(
    client_as: ClientFor, world: World, account_manager: User
) -> None:
    response = get(client_as(account_manager), URL)

    assert [activity.subject for activity in response.context["planned"]] == ["Call back", "Quarterly visit"]
    assert "3 days late" in text_of(response)
    assert (
        f'action="{reverse("crm:activity_complete", args=[world.overdue.pk])}"' in response.content.decode()
    )


def test_medical_colleague_sees_no_deals_as_concerns(client_as: ClientFor, world: World, msl: User) -> None:
    factories.create_opportunity(
        world.account, "Mine by mistake", owner=msl, close_date=timezone.localdate() - timedelta(days=9)
    )

    assert concerns(get(client_as(msl), URL)) == {}


def test_manager_sees_the_plans_of_the_people(
    client_as: ClientFor, world: World, manager: User, executive: User, colleague: User
) -> None:
    sweep(sweeper="test")

    of_manager = [plan.name for plan in get(client_as(manager), URL).context["team_plans"]]
    of_executive = [plan.name for plan in get(client_as(executive), URL).context["team_plans"]]

    # Farthest behind first; the executive sees no drafts, the manager nothing of South.
    assert set(of_manager) == {"Harbour Clinics this year", "Harbour Clinics next year"}
    assert of_executive == ["Lakeside this year", "Harbour Clinics this year"]
    assert get(client_as(colleague), URL).context["team_plans"] is None


def test_portfolio_counts_each_record_once_and_only_for_who_asks(
    client_as: ClientFor, world: World, manager: User, account_manager: User
) -> None:
    factories.create_plan(world.account, "Covers the same")
    client = client_as(manager)

    asked = text_of(get(client, URL, data={"portfolio": "show"}))

    assert "Won $4,000 Pipeline $3,500 Weighted pipeline $1,750 Total expected $5,750" in asked
    assert get(client, URL).context["totals"] is None
    assert get(client_as(account_manager), URL, data={"portfolio": "show"}).context["totals"] is None


@pytest.mark.parametrize(
    ("instant", "words"),
    [
        ("2026-03-02 08:00:00+00:00", "Good morning, Nina"),
        ("2026-03-02 20:00:00+00:00", "Good evening, Nina"),
    ],
)
def test_greeting_follows_the_clock_of_the_reader(client: Client, instant: str, words: str) -> None:
    user = factories.create_user("nina", name="Nina Vale", role=Role.VIEWER, time_zone="Europe/Lisbon")

    with time_machine.travel(instant, tick=False):
        client.force_login(user)
        assert words in text_of(get(client, URL))


def test_new_user_is_told_what_to_do(client_as: ClientFor, account_manager: User, viewer: User) -> None:
    assert "Make your first plan" in text_of(get(client_as(account_manager), URL))
    text = text_of(get(client_as(viewer), URL))
    assert "You take part in no plan yet" in text
    assert "Nothing is waiting for you" in text


@pytest.mark.parametrize("who", ["account_manager", "manager"])
def test_home_takes_the_same_statements_for_one_and_three(
    client_as: ClientFor,
    territories: Territories,
    cast: dict[str, User],
    who: str,
    django_assert_num_queries,
) -> None:
    statements = {"account_manager": 13, "manager": 15}[who]
    user = cast[who]
    client = client_as(user)
    today = timezone.localdate()

    def add() -> None:
        account = factories.create_account(
            owner=user, territory=territories.north, call_frequency=CallFrequency.WEEKLY
        )
        mine = factories.create_plan(account)
        theirs = factories.create_plan(account, owner=factories.create_user(), status=PlanStatus.ACTIVE)
        for plan in (mine, theirs):
            factories.create_objective(plan, owner=user, target_date=today - timedelta(days=1))
        factories.create_opportunity(account, close_date=today - timedelta(days=3))
        factories.create_activity(account)
        sweep(sweeper="test")

    add()
    get(client, URL)
    with django_assert_num_queries(statements):
        get(client, URL)
    add()
    add()
    with django_assert_num_queries(statements):
        get(client, URL)


def test_administrator_of_an_empty_system_is_told_what_to_set_up(
    client_as: ClientFor, admin: User, django_assert_num_queries
) -> None:
    client = client_as(admin)
    labels = [step.label for step in get(client, URL).context["first_steps"]]
    assert labels[0] == "Add your colleagues"

    factories.create_user()
    territory = factories.create_territory()
    factories.create_account(territory=territory)
    factories.create_stage()
    factories.create_activity_type()
    factories.create_plan_type()

    with django_assert_num_queries(11):
        response = get(client, URL)
    assert "First steps" not in text_of(response)
