"""The bell, the page of notifications, and how one wants to be reminded."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from collaboration.models import Notification, ReminderSettings
from kam.core.clock import company_today
from kam.users.models import User
from plans.models import AssessmentTask
from plans.operations import complete_task
from tests import factories
from tests.fixtures import ClientFor, World
from tests.pages import text_of

DAY = timedelta(days=1)
LIST, BELL, SETTINGS = "/notifications/", "/notifications/bell/", "/profile/reminders/"


@pytest.fixture
def task(world: World) -> AssessmentTask:
    action_plan = factories.create_action_plan(factories.create_work_objective(world.plan))
    return factories.create_task(action_plan, "Audit the wards", due_date=company_today() + DAY)


@pytest.fixture
def reminder(task: AssessmentTask) -> Notification:
    return factories.create_reminder(task)


@pytest.fixture
def reader(reminder: Notification, client_as: ClientFor) -> Client:
    return client_as(reminder.recipient)


def unread(client: Client) -> int:
    return client.get(BELL).context["count"]


def test_the_bell_counts_and_the_page_leads_to_the_work(
    reader: Client, reminder: Notification, task: AssessmentTask
) -> None:
    bell, page = reader.get(BELL).content.decode(), reader.get(LIST)

    assert 'aria-label="Notifications: 1 unread"' in bell
    assert "Audit the wards due tomorrow" in text_of(page)
    opened = reader.get(f"{LIST}{reminder.pk}/")
    assert opened["Location"] == f"/plans/{task.plan.pk}/work/?open={task.item.action_plan_id}#task-{task.pk}"
    assert f'id="task-{task.pk}"' in reader.get(opened["Location"]).content.decode()
    assert unread(reader) == 0
    assert "You are up to date" in text_of(reader.get(LIST))
    assert "Audit the wards" in text_of(reader.get(f"{LIST}?show=all"))


def test_an_objective_is_led_to_as_well(world: World, client_as: ClientFor) -> None:
    objective = factories.create_objective(world.plan, "Grow", target_date=company_today() - 3 * DAY)
    reminder = factories.create_reminder(objective)
    client = client_as(objective.owner)

    page = client.get(LIST)
    target = client.get(f"{LIST}{reminder.pk}/")["Location"]

    assert "Grow due 3 days ago" in text_of(page)
    assert f'id="{target.partition("#")[2]}"' in client.get(target).content.decode()


def test_what_is_done_by_now_is_settled(reader: Client, task: AssessmentTask) -> None:
    complete_task(task=task)

    assert unread(reader) == 0
    assert "Settled" in text_of(reader.get(f"{LIST}?show=all"))


def test_a_plan_that_is_hidden_by_now_is_not_told_of(
    reader: Client, reminder: Notification, world: World
) -> None:
    type(world.plan).objects.unscoped("test").filter(pk=world.plan.pk).update(
        owner=world.keeper, is_confidential=True
    )

    assert unread(reader) == 0
    assert "Audit" not in text_of(reader.get(f"{LIST}?show=all"))
    assert [
        reader.get(f"{LIST}{reminder.pk}/").status_code,
        reader.post(f"{LIST}{reminder.pk}/read/").status_code,
        reader.post(f"{LIST}{reminder.pk}/snooze/", {"days": "1"}).status_code,
    ] == [404, 404, 404]
    reader.post(f"{LIST}read/")
    assert Notification.objects.unscoped("test").get().read_at is None


def test_nobody_sees_those_of_others(
    reminder: Notification, client_as: ClientFor, admin: User, colleague: User
) -> None:
    for user in (admin, colleague):
        client = client_as(user)
        assert (unread(client), client.get(f"{LIST}{reminder.pk}/").status_code) == (0, 404)


def test_read_unread_and_all_read(reader: Client, reminder: Notification, task: AssessmentTask) -> None:
    factories.create_reminder(task, occasion=company_today() - DAY)
    url = f"{LIST}{reminder.pk}/read/"

    answer = reader.post(url, {"next": f"{LIST}?show=all"})
    counts = [unread(reader)]
    reader.post(url, {"unread": "", "next": "https://elsewhere.example/"})
    counts.append(unread(reader))
    reader.post(f"{LIST}read/")

    assert (answer["Location"], [*counts, unread(reader)]) == (f"{LIST}?show=all", [1, 2, 0])


def test_snoozed_ones_come_back(reader: Client, reminder: Notification) -> None:
    url = f"{LIST}{reminder.pk}/snooze/"
    reader.post(url, {"days": "1000"})
    before = unread(reader)
    reader.post(url, {"days": "3"})
    asleep = unread(reader)
    reminder.refresh_from_db()
    Notification.objects.unscoped("test").update(snoozed_until=company_today())

    assert (before, asleep, unread(reader)) == (1, 0, 1)
    assert reminder.snoozed_until == company_today() + 3 * DAY


def test_pages_take_the_same_statements_for_one_and_for_three(
    reader: Client, task: AssessmentTask, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(3):
        with django_assert_num_queries(4):
            reader.get(LIST)
        with django_assert_num_queries(3):
            reader.get(BELL)
        factories.create_reminder(task, occasion=company_today() - (number + 1) * DAY)


def test_a_second_page(reader: Client, task: AssessmentTask) -> None:
    for number in range(30):
        factories.create_reminder(task, occasion=company_today() - (number + 1) * DAY)

    assert len(reader.get(f"{LIST}?page=2").context["page_obj"].object_list) == 6


def test_every_page_asks_for_the_bell_later(reader: Client) -> None:
    assert f'hx-get="{BELL}" hx-trigger="load"' in reader.get("/").content.decode()


# --- How one wants to be reminded ---------------------------------------------------------------
def test_settings_are_the_company_s_until_one_has_own(client_as: ClientFor, colleague: User) -> None:
    company = factories.create_reminder_settings(None, days_before=[5], overdue_every=None)
    client = client_as(colleague)

    page = client.get(SETTINGS)
    assert (page.context["is_company"], page.context["form"].instance.days_before) == (True, [5])
    client.post(SETTINGS, {"days_before": ["7", "0"], "overdue_every": "3", "mail": "daily"})
    own = ReminderSettings.objects.unscoped("test").get(user=colleague)
    assert (own.days_before, own.overdue_every, own.mail) == ([7, 0], 3, "daily")
    assert client.get(SETTINGS).context["is_company"] is False
    client.post(f"{SETTINGS}forget/")

    assert list(ReminderSettings.objects.unscoped("test")) == [company]


def test_settings_that_cannot_be(client_as: ClientFor, colleague: User) -> None:
    client = client_as(colleague)

    page = client.post(SETTINGS, {"days_before": ["4"], "overdue_every": "0", "mail": "hourly"})

    assert (page.status_code, set(page.context["form"].errors)) == (
        422,
        {"days_before", "overdue_every", "mail"},
    )
    assert not ReminderSettings.objects.unscoped("test").exists()


def test_no_reminders_at_all_may_be_chosen(client_as: ClientFor, colleague: User) -> None:
    client_as(colleague).post(SETTINGS, {"overdue_every": "", "mail": "none"})

    own = ReminderSettings.objects.unscoped("test").get()
    assert (own.days_before, own.overdue_every) == ([], None)


def test_the_company_s_settings_are_kept_in_the_admin(
    client_as: ClientFor, admin: User, colleague: User
) -> None:
    factories.create_reminder_settings(colleague)
    client, url = client_as(admin), "/admin/collaboration/remindersettings/"

    client.post(f"{url}add/", {"days_before": "[2, 9, 2]", "overdue_every": "", "mail": "daily"})
    company = ReminderSettings.objects.unscoped("test").get(user=None)

    assert (company.days_before, company.overdue_every, company.mail) == ([9, 2], None, "daily")
    assert client.get(f"{url}add/").status_code == 403
    assert client.get(url).context["cl"].result_count == 1
    assert client.get("/admin/collaboration/digest/").status_code == 200
