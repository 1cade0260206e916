from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from kam.core.actor import acting
from kam.users.models import User
from templates_app.enums import RevenueBasis
from tests import factories
from tests.fixtures import ClientFor, World
from tests.pages import get, text_of

pytestmark = pytest.mark.django_db


def test_page_shows_the_deal_its_lines_and_its_plans(
    client_as: ClientFor, world: World, account_manager: User
) -> None:
    line = factories.create_opportunity_line(world.open, product=world.product, quantity="2.5", amount=400)
    factories.create_schedule(line, on_date=timezone.localdate() + timedelta(days=40), amount=150)

    text = text_of(get(client_as(account_manager), world.open.get_absolute_url()))

    for part in (
        "Ward extension",
        "Cholecap 20 mg",
        "2.5",
        "$150.00",
        "Ines Prado",
        "Harbour Clinics this year",
    ):
        assert part in text
    assert "Hidden takeover" not in text


def test_page_is_not_there_for_a_stranger(client_as: ClientFor, world: World, stranger: User) -> None:
    assert client_as(stranger).get(world.open.get_absolute_url()).status_code == 404


def test_slipped_one_says_so(client_as: ClientFor, world: World, account_manager: User) -> None:
    text = text_of(get(client_as(account_manager), world.slipped.get_absolute_url()))

    assert "The close date has passed and it is still open." in text


def test_plans_that_cover_it_follow_tree_dates_and_status(
    client_as: ClientFor, world: World, account_manager: User
) -> None:
    start = world.plan.start_date
    own_only = factories.create_plan(world.account, "This account only", include_child_accounts=False)
    factories.create_plan(
        world.account, "Over before", start_date=start - timedelta(days=400), end_date=start
    )
    factories.create_plan(world.account, "Dropped", status="cancelled")
    factories.create_plan(world.child, "Of the child", revenue_basis=RevenueBasis.ORDER)
    client = client_as(account_manager)

    of_group = text_of(get(client, world.open.get_absolute_url()))
    of_child = text_of(get(client, world.of_child.get_absolute_url()))

    assert own_only.name in of_group
    assert own_only.name not in of_child
    assert "Harbour Clinics this year" in of_child
    assert "Of the child" in of_child
    assert "Of the child" not in of_group
    for name in ("Over before", "Dropped"):
        assert name not in of_group + of_child


def test_page_takes_the_same_statements_for_one_and_three_lines(
    client_as: ClientFor, world: World, account_manager: User, django_assert_num_queries
) -> None:
    client = client_as(account_manager)
    with django_assert_num_queries(9):
        get(client, world.open.get_absolute_url())
    for _number in range(2):
        factories.create_schedule(factories.create_opportunity_line(world.open))
        factories.create_plan(world.account, owner=factories.create_user())

    with django_assert_num_queries(9):
        get(client, world.open.get_absolute_url())


def test_history_tells_who_changed_what(client_as: ClientFor, world: World, account_manager: User) -> None:
    with acting(account_manager, source="page"):
        world.open.amount = 1_250
        world.open.save()

    text = text_of(get(client_as(account_manager), world.open.get_absolute_url()))

    assert "Account Manager changed the opportunity Amount: $1,000.00 → $1,250.00" in text
