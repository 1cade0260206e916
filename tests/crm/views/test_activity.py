from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from crm.enums import ActivityStatus
from crm.models import Activity
from kam.users.models import User
from tests.fixtures import ClientFor, World
from tests.pages import form_of, get, text_of

pytestmark = pytest.mark.django_db


def step(name: str, activity: Activity) -> str:
    return reverse(f"crm:activity_{name}", args=[activity.pk])


def test_one_click_says_done_today_and_can_be_undone(
    client_as: ClientFor, world: World, account_manager: User
) -> None:
    client = client_as(account_manager)

    response = client.post(step("complete", world.overdue), {"next": "/"}, follow=True)

    world.overdue.refresh_from_db()
    assert (world.overdue.status, world.overdue.done_on) == (ActivityStatus.DONE, timezone.localdate())
    assert response.redirect_chain == [("/", 302)]
    undo = f"{step('reopen', world.overdue)}?next=%2F"
    assert f'action="{undo}"' in response.content.decode()
    client.post(undo)
    world.overdue.refresh_from_db()
    assert (world.overdue.status, world.overdue.done_on) == (ActivityStatus.PLANNED, None)


def test_done_twice_is_told(client_as: ClientFor, world: World, account_manager: User) -> None:
    client = client_as(account_manager)
    client.post(step("complete", world.overdue))

    response = client.post(step("complete", world.overdue), follow=True)

    assert "“Call back” is done already." in text_of(response)


def test_done_with_a_form_takes_day_and_notes(
    client_as: ClientFor, world: World, account_manager: User
) -> None:
    client = client_as(account_manager)
    yesterday = timezone.localdate() - timedelta(days=1)

    client.post(step("complete", world.overdue), {"done_on": yesterday.isoformat(), "notes": "Wants a quote"})

    world.overdue.refresh_from_db()
    assert (world.overdue.done_on, world.overdue.notes) == (yesterday, "Wants a quote")


def test_nothing_was_done_tomorrow(client_as: ClientFor, world: World, account_manager: User) -> None:
    tomorrow = (timezone.localdate() + timedelta(days=1)).isoformat()

    response = client_as(account_manager).post(step("complete", world.overdue), {"done_on": tomorrow})

    assert response.status_code == 422
    assert "That day is still to come." in text_of(response)


def test_step_never_leads_to_a_foreign_site(
    client_as: ClientFor, world: World, account_manager: User
) -> None:
    response = client_as(account_manager).post(
        step("complete", world.overdue), {"next": "https://elsewhere.example/"}
    )

    assert response["Location"] == world.account.get_absolute_url()


def test_cancel_and_undo(client_as: ClientFor, world: World, account_manager: User) -> None:
    client = client_as(account_manager)

    client.post(step("cancel", world.activity))
    world.activity.refresh_from_db()
    assert world.activity.status == ActivityStatus.CANCELLED
    client.post(step("reopen", world.activity))
    world.activity.refresh_from_db()
    assert world.activity.status == ActivityStatus.PLANNED


def test_planned_one_is_edited_and_keeps_what_others_saved(
    client_as: ClientFor, world: World, account_manager: User
) -> None:
    client = client_as(account_manager)
    values = form_of(get(client, step("update", world.activity)))
    world.activity.notes = "Bring samples"
    world.activity.save()

    response = client.post(step("update", world.activity), {**values, "subject": "Yearly visit"})

    assert response.status_code == 409
    assert 'value="Yearly visit"' in response.content.decode()
    assert "Bring samples" in text_of(response)


def test_activity_is_planned_for_a_day(client_as: ClientFor, world: World, account_manager: User) -> None:
    client = client_as(account_manager)
    url = reverse("crm:activity_plan", args=[world.account.pk])
    values = {"type": str(world.activity.type_id), "subject": "Lunch", "quantity": "1"}

    missing = client.post(url, {**values, "owner": str(account_manager.pk)})
    client.post(url, {**values, "owner": str(account_manager.pk), "planned_for": "2027-01-20"})

    assert missing.status_code == 422
    assert "This field is required." in text_of(missing)
    lunch = Activity.objects.unscoped("test").get(subject="Lunch")
    assert (lunch.status, lunch.account, str(lunch.planned_for)) == (
        ActivityStatus.PLANNED,
        world.account,
        "2027-01-20",
    )


@pytest.mark.parametrize(("who", "status"), [("colleague", 403), ("viewer", 403), ("stranger", 404)])
def test_others_cannot_touch_it(
    client_as: ClientFor, world: World, cast: dict[str, User], who: str, status: int
) -> None:
    client = client_as(cast[who])

    for name in ("complete", "cancel", "reopen", "update", "delete"):
        assert client.post(step(name, world.activity)).status_code == status
    world.activity.refresh_from_db()
    assert world.activity.status == ActivityStatus.PLANNED


def test_delete_asks_first(client_as: ClientFor, world: World, account_manager: User) -> None:
    client = client_as(account_manager)

    assert "Delete Quarterly visit?" in text_of(get(client, step("delete", world.activity)))
    client.post(step("delete", world.activity))

    assert not Activity.objects.unscoped("test").filter(pk=world.activity.pk).exists()
