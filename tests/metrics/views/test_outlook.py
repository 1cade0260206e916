from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from kam.users.models import User
from metrics import operations
from metrics.history import take_snapshots
from plans.models import AccountPlan
from tests import factories
from tests.fixtures import ClientFor, World
from tests.pages import text_of

pytestmark = pytest.mark.django_db


def page_of(plan: AccountPlan) -> str:
    return reverse("metrics:plan_outlook", args=[plan.pk])


def keep(*days_ago: int) -> None:
    for days in days_ago:
        with time_machine.travel(timezone.now() - timedelta(days=days), tick=False):
            take_snapshots(sweeper="test")


def test_outlook_shows_how_the_numbers_went(
    client_as: ClientFor, world: World, account_manager: User
) -> None:
    keep(2, 1)
    factories.create_opportunity(world.account, amount=3_000, stage=factories.won_stage())

    response = client_as(account_manager).get(page_of(world.plan))

    text, html = text_of(response), response.content.decode()
    assert html.count('data-line="won"') == 2  # the pace and the course
    assert "$4,000" in text  # as it was
    assert "$7,000" in text  # as it is


def test_outlook_begins_with_the_first_kept_day(
    client_as: ClientFor, world: World, account_manager: User
) -> None:
    assert "The course begins today" in text_of(client_as(account_manager).get(page_of(world.plan)))


def test_plan_page_loads_the_outlook_afterwards_and_links_to_it(
    client_as: ClientFor, world: World, account_manager: User
) -> None:
    client, panel = client_as(account_manager), reverse("metrics:outlook_panel", args=[world.plan.pk])
    html = client.get(world.plan.get_absolute_url()).content.decode()

    assert f'hx-get="{panel}"' in html
    assert f'href="{page_of(world.plan)}"' in html
    assert "Outlook" in text_of(client.get(panel, headers={"HX-Request": "true"}))
    assert client.get(panel).headers["Location"] == page_of(world.plan)


def test_outlook_follows_the_numbers(
    client_as: ClientFor, world: World, stranger: User, msl: User, viewer: User
) -> None:
    panel = reverse("metrics:outlook_panel", args=[world.plan.pk])

    for address in (page_of(world.plan), panel):
        asked = [
            client_as(user).get(address, headers={"HX-Request": "true"}) for user in (stranger, msl, viewer)
        ]
        assert [response.status_code for response in asked] == [404, 403, 200]


def count(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as statements:
        assert client.get(address, headers={"HX-Request": "true"}).status_code == 200
    return len(statements)


def test_outlook_takes_a_fixed_number_of_statements(
    client_as: ClientFor, world: World, account_manager: User
) -> None:
    client, panel = client_as(account_manager), reverse("metrics:outlook_panel", args=[world.plan.pk])
    keep(3)
    operations.fresh_kpi(world.plan)
    client.get(page_of(world.plan))
    few = [count(client, address) for address in (page_of(world.plan), panel)]
    for _ in range(5):
        factories.create_opportunity(world.account, amount=100)
        factories.create_opportunity(world.account, amount=100, stage=factories.won_stage())
    keep(2, 1)
    operations.fresh_kpi(world.plan)

    assert [count(client, address) for address in (page_of(world.plan), panel)] == few
