from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from crm.models import Activity
from kam.core.clock import company_today
from kam.users.models import User
from tests import factories
from tests.fixtures import ClientFor, World
from tests.pages import get, text_of

pytestmark = pytest.mark.django_db
URL, SILENT = reverse("metrics:activity"), reverse("metrics:activity_accounts")


@pytest.fixture
def calls(world: World, account_manager: User, colleague: User) -> World:
    """With the account a joint call was done and another is late; with the child nothing was done."""
    Activity.objects.unscoped("test").exclude(pk=world.overdue.pk).delete()
    today = company_today()
    factories.create_activity(
        world.account, "Joint call", type=world.overdue.type, done_on=today, participants=[colleague]
    )
    factories.create_activity(world.child, "To come", owner=colleague, planned_for=today + timedelta(days=1))
    factories.create_commitment(world.plan, activity_type=world.overdue.type, quantity=4)
    return world


def test_every_count_leads_to_the_activities_behind_it(
    client_as: ClientFor, calls: World, manager: User
) -> None:
    client = client_as(manager)

    page = get(client, URL)

    assert "3 activities, 1 done jointly" in text_of(page)
    assert "Call 1 4 1 25%" in text_of(page)  # one commitment of four, one of it done
    rows = [row for table in page.context["tables"] for row in table["rows"]]
    cells = [cell for row in rows for cell in row.cells[1:]]
    cells += [cell for row in page.context["months"] for cell in row.cells]
    assert sum(cell.count for cell in cells) == 3 * 4  # by owner, type and month; the joint one twice
    for cell in cells:
        behind = get(client, f"{URL}{cell.url.partition('#')[0]}")
        assert behind.context["page_obj"].paginator.count == cell.count


def test_accounts_without_contact_are_listed_with_a_way_to_plan_one(
    client_as: ClientFor, calls: World, account_manager: User, viewer: User
) -> None:
    client = client_as(account_manager)
    page = get(client, URL)
    listed = get(client, SILENT)

    assert page.context["silent_count"] == 1
    assert [account.name for account in listed.context["page_obj"]] == ["Harbour Day Clinic"]
    assert not get(client, f"{SILENT}?search=lakeside").context["page_obj"].object_list
    assert reverse("crm:activity_plan", args=[calls.child.pk]) in listed.content.decode()
    assert "activities/plan" not in get(client_as(viewer), SILENT).content.decode()


def test_empty_company_says_so(client_as: ClientFor, admin: User) -> None:
    text = text_of(get(client_as(admin), URL))

    assert "No activity in this period" in text
    assert "No plan in force promises" in text


def test_pages_take_the_same_statements_for_few_and_many(
    client_as: ClientFor, calls: World, manager: User, django_assert_max_num_queries: Any
) -> None:
    client = client_as(manager)
    client.get(URL)
    with django_assert_max_num_queries(10) as few:
        get(client, URL)
    with django_assert_max_num_queries(8) as few_accounts:
        get(client, SILENT)
    for _number in range(3):
        account = factories.create_account(owner=factories.create_user(), territory=calls.account.territory)
        factories.create_activity(account, done_on=company_today())
        factories.create_commitment(factories.create_plan(account))
        factories.create_account(owner=factories.create_user(), territory=calls.account.territory)

    with django_assert_max_num_queries(len(few)):
        get(client, URL)
    with django_assert_max_num_queries(len(few_accounts)):
        get(client, SILENT)
