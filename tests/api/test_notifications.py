"""`notifications`, and `notifications/settings/`."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from collaboration.models import Notification
from kam.core.clock import company_today
from kam.users.models import User
from plans.models import AssessmentTask
from tests import factories
from tests.fixtures import ApiFor, World

URL = "/api/v1/notifications/"
DAY = timedelta(days=1)


@pytest.fixture
def task(world: World) -> AssessmentTask:
    action_plan = factories.create_action_plan(factories.create_work_objective(world.plan))
    return factories.create_task(action_plan, "Audit", due_date=company_today() + DAY)


@pytest.fixture
def reminder(task: AssessmentTask) -> Notification:
    return factories.create_reminder(task)


def test_list_shows_one_s_own(
    api: ApiFor, cast: dict[str, User], world: World, reminder: Notification
) -> None:
    seen = {name: api(user).get(URL).json()["count"] for name, user in cast.items()}
    row = api(reminder.recipient).get(URL).json()["results"][0]

    assert {name for name, count in seen.items() if count} == {"account_manager"}
    assert (row["kind"], row["name"], row["plan"]["name"]) == ("task_due", "Audit", world.plan.name)
    assert (row["task"]["id"], row["objective"]) == (str(reminder.task_id), None)
    assert (row["is_read"], row["is_standing"], row["due_date"]) == (
        False,
        True,
        reminder.due_date.isoformat(),
    )


def test_reading_and_putting_off(api: ApiFor, reminder: Notification) -> None:
    client, url = api(reminder.recipient), f"{URL}{reminder.pk}/"
    until = (company_today() + 3 * DAY).isoformat()

    read = client.patch(url, {"is_read": True, "version": 1})
    stale = client.patch(url, {"is_read": False, "version": 1})
    assert (read.json()["is_read"], read.json()["version"], stale.status_code) == (True, 2, 412)
    assert client.get(f"{URL}?unread=true").json()["count"] == 0
    assert client.get(f"{URL}?unread=false").json()["count"] == 1
    off = client.patch(url, {"snoozed_until": until}).json()
    assert (off["snoozed_until"], off["is_read"]) == (until, False)
    client.patch(url, {"snoozed_until": None})
    assert client.get(f"{URL}?unread=true&plan={reminder.plan_id}&kind=task_due").json()["count"] == 1
    assert client.patch(url, {"due_date": until}).status_code == 400
    assert client.delete(url).status_code == 405


def test_all_read(api: ApiFor, task: AssessmentTask, reminder: Notification) -> None:
    factories.create_reminder(task, occasion=company_today() - DAY)
    client = api(reminder.recipient)

    assert client.post(f"{URL}mark-all-read/").json() == {"marked": 2}
    assert client.post(f"{URL}mark-all-read/").json() == {"marked": 0}


def test_a_plan_that_is_hidden_by_now(api: ApiFor, world: World, reminder: Notification) -> None:
    type(world.plan).objects.unscoped("test").filter(pk=world.plan.pk).update(
        owner=world.keeper, is_confidential=True
    )
    client = api(reminder.recipient)

    assert client.get(URL).json()["count"] == 0
    assert client.get(f"{URL}{reminder.pk}/").status_code == 404
    assert client.patch(f"{URL}{reminder.pk}/", {"is_read": True}).status_code == 404


def test_settings(api: ApiFor, colleague: User) -> None:
    client, url = api(colleague), f"{URL}settings/"
    usual = {"days_before": [7, 1, 0], "overdue_every": 7, "mail": "none", "is_company": True}

    assert client.get(url).json() == usual
    changed = client.patch(url, {"days_before": [0, 3, 3]})
    assert changed.json() == {**usual, "days_before": [3, 0], "is_company": False}
    assert client.patch(url, {"overdue_every": None, "mail": "daily"}).json()["days_before"] == [3, 0]
    for wrong in (
        {"days_before": [61]},
        {"overdue_every": 0},
        {"mail": "x"},
        {"days_before": [-1]},
        {"x": 1},
    ):
        assert client.patch(url, wrong).status_code == 400
    assert client.delete(url).status_code == 204
    assert client.get(url).json() == usual


def test_a_list_takes_the_same_statements(
    api: ApiFor,
    task: AssessmentTask,
    reminder: Notification,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    client = api(reminder.recipient)
    client.get(URL)  # notes when the token was used
    for number in range(3):
        with django_assert_num_queries(2):
            client.get(URL)
        factories.create_reminder(task, occasion=company_today() - (number + 1) * DAY)
