from __future__ import annotations

import gzip
import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

from kam.core.actor import acting
from kam.core.models import Change
from kam.users.models import User
from plans.enums import Access, ObjectiveStatus
from tests import factories
from tests.fixtures import ClientFor, World
from tests.pages import get, text_of

pytestmark = pytest.mark.django_db


def test_page_shows_numbers_at_the_first_load(
    client_as: ClientFor, world: World, account_manager: User
) -> None:
    text = text_of(get(client_as(account_manager), world.plan.get_absolute_url()))

    for part in (
        "Sales target Why? Sales target $10k",
        "$4k 40.0% of target · 1 deal",
        "$3.5k 35.0% of target · 3 open deals",
        "1 slipped",
        "$5.75k 57.5% of target",
        "-$4.25k -42.5% of target Short of target",
        "Coverage 0.58×",
    ):
        assert part in text


def test_numbers_are_right_at_the_next_read(
    client_as: ClientFor, world: World, account_manager: User
) -> None:
    client = client_as(account_manager)
    get(client, world.plan.get_absolute_url())
    world.open.stage = factories.won_stage()
    world.open.save()

    text = text_of(get(client, world.plan.get_absolute_url()))

    assert "$5k 50.0% of target · 2 deals" in text


def test_record_without_a_rate_is_said(client_as: ClientFor, world: World, account_manager: User) -> None:
    factories.create_opportunity(world.account, "In yen", currency="JPY", amount=900)

    text = text_of(get(client_as(account_manager), world.plan.get_absolute_url()))

    assert "Some records are left out: there is no exchange rate" in text


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("colleague", 200),
        ("manager", 200),
        ("executive", 200),
        ("viewer", 200),
        ("msl", 200),
        ("stranger", 404),
    ],
)
def test_who_sees_the_plan(
    client_as: ClientFor, world: World, cast: dict[str, User], who: str, status: int
) -> None:
    assert client_as(cast[who]).get(world.plan.get_absolute_url()).status_code == status


def test_confidential_plan_answers_like_a_missing_one(
    client_as: ClientFor, world: World, cast: dict[str, User]
) -> None:
    missing = "/plans/00000000-0000-4000-8000-000000000000/"

    for user in cast.values():
        client = client_as(user)
        hidden = client.get(world.confidential.get_absolute_url())
        assert hidden.status_code == 404
        assert hidden.content == client.get(missing).content
    assert client_as(world.keeper).get(world.confidential.get_absolute_url()).status_code == 200


def test_medical_colleague_sees_no_numbers(
    client_as: ClientFor, world: World, msl: User, account_manager: User
) -> None:
    with acting(account_manager):
        world.plan.sales_target = 12_000
        world.plan.save()

    response = get(client_as(msl), world.plan.get_absolute_url())

    html = response.content.decode()
    assert "$" not in text_of(response)
    assert "12,000" not in html
    assert 'id="numbers"' not in html
    assert "Sales target" not in html


def test_medical_colleague_who_takes_part_sees_numbers(client_as: ClientFor, world: World, msl: User) -> None:
    factories.add_participant(world.plan, msl)

    assert "$5.75k" in text_of(get(client_as(msl), world.plan.get_absolute_url()))


def test_reader_gets_no_way_to_edit(client_as: ClientFor, world: World, colleague: User) -> None:
    html = get(client_as(colleague), world.plan.get_absolute_url()).content.decode()

    assert "/edit/" not in html.replace(f"/activities/{world.activity.pk}/edit/", "").replace(
        f"/activities/{world.overdue.pk}/edit/", ""
    )
    assert "/status/" not in html
    assert "/sections/" not in html


def test_editing_participant_may_edit_but_not_delete(
    client_as: ClientFor, world: World, colleague: User
) -> None:
    factories.add_participant(world.plan, colleague, access=Access.EDIT)

    html = get(client_as(colleague), world.plan.get_absolute_url()).content.decode()

    assert f"/plans/{world.plan.pk}/edit/" in html
    assert f"/plans/{world.plan.pk}/delete/" not in html


def test_objectives_stand_under_their_strategies(
    client_as: ClientFor, world: World, account_manager: User
) -> None:
    today = timezone.localdate()
    strategy = factories.create_strategy(world.plan, "Win the wards")
    period = {"start_date": today - timedelta(days=50), "target_date": today + timedelta(days=50)}
    factories.create_objective(
        world.plan, "Six wards", strategy=strategy, baseline=0, current=5, target=6, unit="wards", **period
    )
    factories.create_objective(world.plan, "Board agrees", strategy=strategy, manual_progress=10, **period)
    factories.create_objective(
        world.plan, "Late one", target_date=today - timedelta(days=1), status=ObjectiveStatus.NOT_STARTED
    )

    text = text_of(get(client_as(account_manager), world.plan.get_absolute_url()))

    table = text[text.index("Win the wards") :]
    assert re.search(
        r"Win the wards .*Six wards .*5 / 6 wards On track .*Board agrees .*Off track .*Late one .*Overdue",
        table,
    )
    assert "47% complete" in text  # (83.3 % + 10 %) ÷ 2; nothing entered counts for nothing


def test_more_than_five_objectives_bring_a_hint(
    client_as: ClientFor, world: World, account_manager: User
) -> None:
    client = client_as(account_manager)
    for number in range(5):
        factories.create_objective(world.plan, f"Objective {number}")
    assert "Two to five objectives" not in text_of(get(client, world.plan.get_absolute_url()))
    factories.create_objective(world.plan, "One more")

    assert "Two to five objectives" in text_of(get(client, world.plan.get_absolute_url()))


def test_history_tells_in_words(
    client_as: ClientFor, world: World, account_manager: User, colleague: User
) -> None:
    with acting(account_manager, source="page"):
        world.plan.sales_target = 12_000
        world.plan.vision = "First choice. " * 20
        world.plan.save()
        factories.add_participant(world.plan, colleague)

    text = text_of(get(client_as(account_manager), world.plan.get_absolute_url()))

    assert "Account Manager changed the account plan Sales target: $10,000.00 → $12,000.00 Vision" in text
    assert "Account Manager added the participant “Colleague (Team member)”" in text


def test_short_term_plan_says_how_old_it_is(
    client_as: ClientFor, world: World, account_manager: User
) -> None:
    world.plan.short_term_plan = "Ring the buyer."
    with acting(account_manager):
        world.plan.save()
    client, url = client_as(account_manager), world.plan.get_absolute_url()

    text = text_of(get(client, url))

    assert re.search(r"Last touched \w+\.? \d+, \d{4} by Account Manager", text)


def test_over_plan_asks_to_be_completed(client_as: ClientFor, world: World, account_manager: User) -> None:
    today = timezone.localdate()
    over = factories.create_plan(
        world.account, "Over", start_date=today - timedelta(days=90), end_date=today - timedelta(days=1)
    )

    response = get(client_as(account_manager), over.get_absolute_url())

    assert "The period is over. Complete the plan" in text_of(response)
    assert [step.action for step in response.context["steps"] if step.is_due] == ["complete"]


def test_page_takes_at_most_twelve_statements_however_large_the_plan(
    client_as: ClientFor, world: World, account_manager: User, msl: User, django_assert_num_queries
) -> None:
    factories.add_participant(world.plan, msl, access=Access.EDIT)
    client, medical = client_as(account_manager), client_as(msl)
    url = world.plan.get_absolute_url()
    get(client, url)  # what is stale is repaired

    with django_assert_num_queries(10):  # no analyses and no fields of its type: neither is asked for
        get(client, url)
    factories.create_custom_field(world.plan.plan_type, "tier")
    factories.create_analysis(world.plan)
    with django_assert_num_queries(12):
        get(client, url)
    for number in range(3):
        strategy = factories.create_strategy(world.plan)
        factories.create_objective(world.plan, strategy=strategy, owner=factories.create_user())
        factories.create_objective(world.plan, manual_progress=number)
        factories.add_participant(world.plan, factories.create_user())
        factories.create_activity(world.account, owner=factories.create_user())
        factories.create_analysis(
            world.plan,
            product=factories.create_plan_product(world.plan),
            objectives=world.plan.objectives.unscoped("test"),
        )
        factories.create_custom_field(world.plan.plan_type)
    get(client, url)  # its products change what it counts
    with django_assert_num_queries(12):
        get(client, url)
    with django_assert_num_queries(12):
        get(medical, url)


def test_page_is_light(client_as: ClientFor, world: World, account_manager: User) -> None:
    for number in range(10):
        factories.create_objective(
            world.plan, strategy=factories.create_strategy(world.plan), manual_progress=number
        )

    response = get(client_as(account_manager), world.plan.get_absolute_url())

    assert len(gzip.compress(response.content)) < 60_000


def test_look_of_an_administrator_at_a_confidential_plan_is_logged(
    client_as: ClientFor, world: World, admin: User
) -> None:
    admin.user_permissions.add(Permission.objects.get(codename="view_confidential"))

    get(client_as(admin), world.confidential.get_absolute_url())

    look = Change.objects.unscoped("test").filter(operation=Change.Operation.VIEW).get()
    assert (look.object_id, look.actor_id) == (world.confidential.pk, admin.pk)
