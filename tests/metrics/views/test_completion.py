from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from kam.core.clock import company_today
from kam.users.models import User
from plans.enums import ObjectiveStatus
from tests import factories
from tests.fixtures import ClientFor, World
from tests.pages import get, text_of

pytestmark = pytest.mark.django_db
URL = reverse("metrics:completion")


@pytest.fixture
def late(world: World) -> World:
    """Of two plans one has two late objectives and one that was reached."""
    day = company_today() - timedelta(days=3)
    for _number in range(2):
        factories.create_objective(world.plan, target_date=day)
    factories.create_objective(world.plan, status=ObjectiveStatus.ACHIEVED)
    return world


def test_every_count_leads_to_the_plans_behind_it(client_as: ClientFor, late: World, manager: User) -> None:
    client = client_as(manager)

    page = get(client, URL)

    assert "Objectives: 33% of 3 done" in text_of(page)
    for table in page.context["tables"]:
        for row in table["rows"]:
            plans, _bar, *objectives = row.cells
            behind = get(client, f"{URL}{plans.url.partition('#')[0]}").context["page_obj"]
            assert behind.paginator.count == plans.count > 0
            cell = next(cell for cell in objectives if cell.label == "Overdue")
            behind = get(client, f"{URL}{cell.url.partition('#')[0]}").context["page_obj"]
            assert sum(plan.work[0]["overdue"] for plan in behind) == cell.count == 2
            assert [plan.name for plan in behind] == ["Harbour Clinics this year"]


def test_tabs_show_what_was_never_begun(client_as: ClientFor, late: World, account_manager: User) -> None:
    client = client_as(account_manager)
    tabs = get(client, URL).context["concern_tabs"]

    assert [tab["count"] for tab in tabs] == [2, 1, 1, None, None]
    for tab in tabs[1:3]:
        page = get(client, f"{URL}{tab['url'].partition('#')[0]}")
        assert [plan.name for plan in page.context["page_obj"]] == ["Harbour Clinics next year"]


def test_empty_company_says_so(client_as: ClientFor, admin: User) -> None:
    assert "No plans yet" in text_of(get(client_as(admin), URL))


def test_page_takes_the_same_statements_for_few_and_many(
    client_as: ClientFor, late: World, manager: User, django_assert_max_num_queries: Any
) -> None:
    client = client_as(manager)
    client.get(URL)
    with django_assert_max_num_queries(10) as few:
        get(client, URL)
    for _number in range(3):
        account = factories.create_account(owner=factories.create_user(), territory=late.account.territory)
        objective = factories.create_work_objective(factories.create_plan(account))
        factories.create_task(factories.create_action_plan(objective))

    with django_assert_max_num_queries(len(few)):
        get(client, URL)
