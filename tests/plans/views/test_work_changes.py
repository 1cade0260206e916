"""Working on the tree: tasks are done, changed, added, moved, deleted, many at once."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse

from crm.models import Activity
from kam.core.clock import company_today
from kam.users.models import User
from plans.enums import Access, ItemKind
from plans.models import ActionPlan, AssessmentTask
from tests import factories
from tests.fixtures import ClientFor, World
from tests.pages import form_of, get, text_of

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def action_plan(world: World) -> ActionPlan:
    objective = factories.create_work_objective(world.plan, "Win the wards")
    return factories.create_action_plan(objective, "Prove the benefit")


def step_url(task: AssessmentTask, step: str) -> str:
    return reverse("plans:task_step", args=[task.pk, step])


def names(action_plan: ActionPlan) -> list[str]:
    tasks = AssessmentTask.objects.unscoped("test").filter(item__action_plan=action_plan)
    return list(tasks.order_by("item__order").values_list("name", flat=True))


def values_of(task: AssessmentTask, **values: str) -> dict[str, str]:
    return {"status": task.status, "assignee": str(task.assignee_id), "version": str(task.version), **values}


# --- Steps ------------------------------------------------------------------------------------
def test_task_is_done_with_one_click_and_undone(
    client_as: ClientFor, action_plan: ActionPlan, account_manager: User
) -> None:
    task = factories.create_task(action_plan, "Map the buyers")
    client = client_as(account_manager)

    response = client.post(step_url(task, "complete"), follow=True)

    assert "“Map the buyers” is done." in text_of(response)
    assert f"{step_url(task, 'reopen')}?next=" in response.content.decode()
    task.refresh_from_db()
    assert task.status == "completed"
    client.post(step_url(task, "reopen"))
    task.refresh_from_db()
    assert task.status == "open"


def test_row_answer_brings_the_progress_above_along(
    client_as: ClientFor, world: World, action_plan: ActionPlan, account_manager: User
) -> None:
    task = factories.create_task(action_plan, "Map the buyers")
    factories.create_task(action_plan)

    response = client_as(account_manager).post(step_url(task, "complete"), {"as": "row"}, headers=HTMX)

    html = response.content.decode()
    assert f'id="task-{task.pk}"' in html
    for pk in (action_plan.pk, action_plan.objective_id, world.plan.pk):
        assert f'id="progress-{pk}" hx-swap-oob="true"' in html
    assert html.count("50%") == 3
    assert "1 of 2 done" in html
    assert "is done." in html


def test_what_waits_is_not_done_before(
    client_as: ClientFor, action_plan: ActionPlan, account_manager: User
) -> None:
    first = factories.create_task(action_plan, "First")
    second = factories.create_task(action_plan, "Second", prerequisite=first.item)

    response = client_as(account_manager).post(step_url(second, "complete"), follow=True)

    assert "“Second” comes after “First”, which is not done yet." in text_of(response)
    second.refresh_from_db()
    assert second.status == "open"


def test_assignee_without_the_right_to_edit_does_their_own_and_no_more(
    client_as: ClientFor, action_plan: ActionPlan, colleague: User, account_manager: User
) -> None:
    own = factories.create_task(action_plan, assignee=colleague, is_required=False)
    other = factories.create_task(action_plan, assignee=account_manager)
    client = client_as(colleague)

    assert client.post(step_url(own, "complete")).status_code == 302
    own.refresh_from_db()
    assert own.status == "completed"
    client.post(step_url(own, "reopen"))
    assert client.post(step_url(own, "cancel")).status_code == 403  # who edits the plan drops work
    assert client.post(step_url(other, "complete")).status_code == 403
    for name in ("task_update", "task_row", "task_complete", "task_place", "task_delete"):
        assert client.get(reverse(f"plans:{name}", args=[other.pk])).status_code == 403
    for name in ("task_place", "task_delete"):
        assert client.post(reverse(f"plans:{name}", args=[own.pk])).status_code == 403
    page = get(client, reverse("plans:task_update", args=[own.pk]))
    assert set(page.context["form"].fields) == {"status", "notes", "evidence_links", "version"}
    assert "Cancelled" not in str(page.context["form"]["status"])


def test_unknown_step_and_hidden_task_are_not_there(
    client_as: ClientFor, action_plan: ActionPlan, account_manager: User, stranger: User
) -> None:
    task = factories.create_task(action_plan)

    assert client_as(account_manager).post(step_url(task, "burn")).status_code == 404
    assert client_as(stranger).post(step_url(task, "complete")).status_code == 404


# --- Calls ------------------------------------------------------------------------------------
def test_call_objective_asks_when_and_logs_the_call(
    client_as: ClientFor, world: World, action_plan: ActionPlan, account_manager: User
) -> None:
    task = factories.create_task(
        action_plan,
        "Ring the buyer",
        kind=ItemKind.CALL_OBJECTIVE,
        activity_type=world.activity.type,
        target_quantity=2,
    )
    client = client_as(account_manager)
    url = reverse("plans:task_complete", args=[task.pk])
    assert client.post(step_url(task, "complete"))["Location"] == url
    yesterday = company_today() - timedelta(days=1)
    values = {**form_of(get(client, url)), "done_on": yesterday.isoformat(), "notes": "Liked it"}

    client.post(url, values)
    task.refresh_from_db()
    assert (task.status, task.quantity_done) == ("in_progress", 1)
    client.post(url, {**values, "version": str(task.version), "is_last": "on"})

    task.refresh_from_db()
    assert (task.status, task.quantity_done) == ("completed", 2)
    calls = Activity.objects.unscoped("test").filter(subject="Ring the buyer")
    assert [(call.done_on, call.notes) for call in calls] == [(yesterday, "Liked it")] * 2
    assert get(client, url).status_code == 200


def test_completion_refuses_a_day_to_come_and_an_old_page(
    client_as: ClientFor, action_plan: ActionPlan, account_manager: User
) -> None:
    task = factories.create_task(action_plan, target_quantity=4)
    client = client_as(account_manager)
    url = reverse("plans:task_complete", args=[task.pk])
    values = form_of(get(client, url))

    tomorrow = (company_today() + timedelta(days=1)).isoformat()
    assert client.post(url, {**values, "done_on": tomorrow}).status_code == 422
    task.name = "Renamed"
    task.save()
    response = client.post(url, {**values, "done_on": company_today().isoformat()}, follow=True)

    assert "Somebody changed" in text_of(response)
    task.refresh_from_db()
    assert task.quantity_done == 0


# --- Edit -------------------------------------------------------------------------------------
def test_row_is_edited_in_place(
    client_as: ClientFor, action_plan: ActionPlan, account_manager: User, colleague: User
) -> None:
    task = factories.create_task(action_plan, target_quantity=8)
    client = client_as(account_manager)
    url = reverse("plans:task_row", args=[task.pk])
    assert 'class="k-task is-editing"' in get(client, f"{url}?edit=true", headers=HTMX).content.decode()
    values = values_of(
        task, status="in_progress", assignee=str(colleague.pk), due_date="2027-03-01", quantity_done="2.5"
    )

    response = client.post(url, {**values, "as": "row"}, headers=HTMX)

    assert response.status_code == 200
    task.refresh_from_db()
    assert (task.status, task.assignee, task.due_date.isoformat()) == ("in_progress", colleague, "2027-03-01")
    assert task.quantity_done == Decimal("2.5")
    assert client.get(url)["Location"] == reverse("plans:task_update", args=[task.pk])


def test_row_conflict_keeps_what_was_typed(
    client_as: ClientFor, action_plan: ActionPlan, account_manager: User
) -> None:
    task = factories.create_task(action_plan)
    values = values_of(task, due_date="2027-03-01", **{"as": "row"})
    task.due_date = company_today()
    task.save()
    client = client_as(account_manager)
    url = reverse("plans:task_row", args=[task.pk])

    response = client.post(url, values, headers=HTMX)

    assert response.status_code == 409
    html = response.content.decode()
    assert 'value="2027-03-01"' in html
    assert f'name="version" value="{task.version}"' in html
    task.refresh_from_db()
    assert task.due_date == company_today()
    assert client.post(url, {**values, "version": str(task.version)}, headers=HTMX).status_code == 200


def test_task_page_saves_everything_with_its_place(
    client_as: ClientFor, action_plan: ActionPlan, account_manager: User
) -> None:
    first = factories.create_task(action_plan, "First")
    task = factories.create_task(action_plan, "Second")
    client = client_as(account_manager)
    url = reverse("plans:task_update", args=[task.pk])
    values = {
        **form_of(get(client, url)),
        "name": "Renamed",
        "weight": "2.5",
        "prerequisite": str(first.item_id),
        "evidence_links": "https://kam.example/a\nhttps://kam.example/b",
        "priority": "high",
    }

    response = client.post(url, values)

    assert response["Location"].endswith(f"?open={action_plan.pk}#actionplan-{action_plan.pk}")
    task = AssessmentTask.objects.unscoped("test").select_related("item").get(pk=task.pk)
    assert (task.name, task.priority, task.item.weight, task.item.prerequisite_id) == (
        "Renamed",
        "high",
        Decimal("2.5"),
        first.item_id,
    )
    assert task.evidence_links == ["https://kam.example/a", "https://kam.example/b"]
    wrong = {"start_date": "2027-02-02", "due_date": "2027-01-01", "weight": "-1"}
    refused = client.post(url, {**form_of(get(client, url)), **wrong})
    assert refused.status_code == 422
    assert {"due_date", "weight"} <= set(refused.context["form"].errors)


# --- Add, move, delete ------------------------------------------------------------------------
def test_action_plan_and_task_are_added_at_the_end(
    client_as: ClientFor, world: World, action_plan: ActionPlan, account_manager: User, colleague: User
) -> None:
    client = client_as(account_manager)
    url = reverse("plans:actionplan_create", args=[action_plan.objective_id])
    client.post(url, {"name": "Next way", "owner_text": "Colleague", "due_date": "2027-01-31"})
    added = ActionPlan.objects.unscoped("test").get(name="Next way")
    assert (added.owner, added.order > action_plan.order) == (colleague, True)
    create = reverse("plans:task_create", args=[added.pk])

    for name in ("One", "Two"):
        response = client.post(create, {"name": name, "assignee": str(account_manager.pk)})

    assert response["Location"].endswith(f"?open={added.pk}#actionplan-{added.pk}")
    assert names(added) == ["One", "Two"]
    refused = client.post(create, {"name": "", "assignee_text": "nobody at all"})
    assert refused.status_code == 422
    assert set(refused.context["form"].errors) == {"name", "assignee"}


def test_new_task_takes_a_completed_action_plan_up_again(
    client_as: ClientFor, action_plan: ActionPlan, account_manager: User
) -> None:
    factories.create_task(action_plan, status="completed")
    client_as(account_manager).post(
        reverse("plans:task_create", args=[action_plan.pk]),
        {"name": "One more", "assignee": str(account_manager.pk)},
    )

    action_plan.refresh_from_db()
    assert action_plan.status == "in_progress"


def test_task_is_moved_by_buttons_by_drag_and_elsewhere(
    client_as: ClientFor, action_plan: ActionPlan, account_manager: User, world: World
) -> None:
    one, _two, three = (factories.create_task(action_plan, name) for name in ("One", "Two", "Three"))
    other = factories.create_action_plan(action_plan.objective, "Other way")
    client = client_as(account_manager)

    def place(task: AssessmentTask, **values: Any) -> Any:
        return client.post(reverse("plans:task_place", args=[task.pk]), {"as": "row", **values}, headers=HTMX)

    assert place(three, move="up").status_code == 200
    assert names(action_plan) == ["One", "Three", "Two"]
    place(one, move="up")  # the first stays
    place(one, action_plan=str(action_plan.pk), position="2")
    assert names(action_plan) == ["Three", "Two", "One"]
    place(one, action_plan=str(other.pk), position="0")
    assert (names(action_plan), names(other)) == (["Three", "Two"], ["One"])
    far = factories.create_action_plan(factories.create_objective(world.far_plan))
    assert place(one, action_plan=str(far.pk)).status_code == 422


def test_action_plan_is_moved_edited_and_deleted(
    client_as: ClientFor, action_plan: ActionPlan, account_manager: User, world: World
) -> None:
    factories.create_task(action_plan, status="in_progress")
    second = factories.create_action_plan(action_plan.objective, "Second way", order=9)
    elsewhere = factories.create_work_objective(world.plan, "Elsewhere")
    client = client_as(account_manager)
    place = reverse("plans:actionplan_place", args=[second.pk])

    client.post(place, {"move": "up"})
    second.refresh_from_db()
    action_plan.refresh_from_db()
    assert second.order < action_plan.order
    client.post(place, {"objective": str(elsewhere.pk)})
    second.refresh_from_db()
    assert second.objective == elsewhere
    edit = reverse("plans:actionplan_update", args=[action_plan.pk])
    for cancelled, status in (("on", "cancelled"), ("", "in_progress")):
        client.post(edit, {**form_of(get(client, edit)), "is_cancelled": cancelled})
        action_plan.refresh_from_db()
        assert action_plan.status == status
    delete = reverse("plans:actionplan_delete", args=[action_plan.pk])
    assert "1 task" in text_of(get(client, delete))
    client.post(delete)
    assert not ActionPlan.objects.unscoped("test").filter(pk=action_plan.pk).exists()


def test_task_is_deleted_with_its_place(
    client_as: ClientFor, action_plan: ActionPlan, account_manager: User
) -> None:
    task = factories.create_task(action_plan)
    client = client_as(account_manager)
    url = reverse("plans:task_delete", args=[task.pk])

    assert get(client, url).status_code == 200
    client.post(url)

    assert names(action_plan) == []
    assert not action_plan.items.unscoped("test").exists()


# --- Many at once -------------------------------------------------------------------------------
def test_many_are_changed_together(
    client_as: ClientFor, world: World, action_plan: ActionPlan, account_manager: User, colleague: User
) -> None:
    today = company_today()
    tasks = [factories.create_task(action_plan, due_date=today) for _number in range(3)]
    untouched = factories.create_task(action_plan, due_date=today)
    url = reverse("plans:work_bulk", args=[world.plan.pk])
    values = {
        "task": [str(task.pk) for task in tasks],
        "status": "in_progress",
        "shift_days": "7",
        "assignee": str(colleague.pk),
    }

    response = client_as(account_manager).post(url, values, follow=True)

    assert "3 tasks are changed." in text_of(response)
    for task in tasks:
        task.refresh_from_db()
        assert (task.status, task.assignee, task.due_date) == (
            "in_progress",
            colleague,
            today + timedelta(days=7),
        )
    untouched.refresh_from_db()
    assert untouched.status == "open"


def test_many_are_changed_all_or_none_and_the_error_names_them(
    client_as: ClientFor, world: World, action_plan: ActionPlan, account_manager: User
) -> None:
    free = factories.create_task(action_plan, "Free")
    required = factories.create_task(action_plan, "Must be done", is_required=True)
    url = reverse("plans:work_bulk", args=[world.plan.pk])
    client = client_as(account_manager)
    values = {"task": [str(free.pk), str(required.pk)], "status": "skipped", "shift_days": "1"}

    response = client.post(url, values, headers=HTMX)

    assert response.status_code == 422
    assert "“Must be done”" in text_of(response)
    free.refresh_from_db()
    assert free.status == "open"
    plain = client.post(url, values)
    assert plain.status_code == 422
    assert plain.content.decode().count(" checked>") == 2  # the choice is kept
    for wrong in ({**values, "task": []}, {"task": values["task"]}, {**values, "due_date": "2027-01-01"}):
        assert client.post(url, wrong, headers=HTMX).status_code == 422


def test_bulk_reaches_no_task_of_another_plan(
    client_as: ClientFor, world: World, account_manager: User, stranger: User, action_plan: ActionPlan
) -> None:
    far = factories.create_task(factories.create_action_plan(factories.create_objective(world.far_plan)))
    url = reverse("plans:work_bulk", args=[world.plan.pk])
    values = {"task": [str(far.pk)], "status": "in_progress"}

    response = client_as(account_manager).post(url, values, headers=HTMX)

    assert "Choose tasks first." in text_of(response)
    far.refresh_from_db()
    assert far.status == "open"
    factories.add_participant(world.plan, stranger, access=Access.READ)
    assert client_as(stranger).post(url, values).status_code == 403
