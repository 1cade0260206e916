"""Action plans, items and tasks: who writes what, their steps, progress, and goals of the library."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from crm.models import Activity
from kam.core.clock import company_today
from kam.users.models import User
from plans.enums import ItemKind
from plans.models import ActionPlan, AssessmentTask
from tests import factories
from tests.fixtures import ApiFor, World

BASE = "/api/v1/"
ACTION_PLANS = f"{BASE}action-plans/"
ITEMS = f"{BASE}action-plan-items/"
TASKS = f"{BASE}assessment-tasks/"
MISSING = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def action_plan(world: World) -> ActionPlan:
    return factories.create_action_plan(factories.create_work_objective(world.plan, "Grow"), "Launch")


@pytest.fixture
def task(action_plan: ActionPlan, colleague: User) -> AssessmentTask:
    """For a colleague, who may only read the plan."""
    return factories.create_task(action_plan, "Audit", assignee=colleague)


def address(task: AssessmentTask, step: str = "") -> str:
    return f"{TASKS}{task.pk}/{step}"


# --- Writing ----------------------------------------------------------------------------------
def test_work_is_written_from_objective_to_task(account_manager: User, world: World, api: ApiFor) -> None:
    client = api(account_manager)
    objective = factories.create_work_objective(world.plan)

    made = client.post(ACTION_PLANS, {"objective": str(objective.pk), "name": "Launch"}).json()
    place = client.post(ITEMS, {"action_plan": made["id"], "weight": "3"}).json()
    first = client.post(TASKS, {"item": place["id"], "name": "Audit", "due_date": "2026-05-01"}).json()
    second = client.post(TASKS, {"action_plan": made["id"], "name": "Offer"}).json()
    named = client.post(
        ITEMS, {"action_plan": made["id"], "name": "Report", "prerequisite": place["id"]}
    ).json()

    assert made["plan"] == {"id": str(world.plan.pk), "name": world.plan.name}
    assert (made["owner"]["id"], made["progress"]) == (str(account_manager.pk), None)
    assert (place["task"], first["item"]) == (None, {"id": place["id"], "name": "Audit"})
    assert (first["action_plan"]["name"], first["objective"]["id"]) == ("Launch", str(objective.pk))
    assert (second["status"], second["assignee"]["id"]) == ("open", str(account_manager.pk))
    assert (named["task"]["name"], named["prerequisite"]["name"], named["order"]) == ("Report", "Audit", 3)
    assert client.get(ITEMS, {"action_plan": made["id"]}).json()["count"] == 3


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"item": None}, ("item", "required")),
        ({"action_plan": "the other"}, ("item", "required")),
        ({"item": "taken"}, ("item", "unique")),
        ({"assignee": "stranger"}, ("assignee", "invalid")),
        ({"kind": "call_objective"}, ("activity_type", "invalid")),
        ({"start_date": "2026-05-02", "due_date": "2026-05-01"}, ("due_date", "invalid")),
        ({"evidence_links": ["javascript:alert(1)"]}, ("evidence_links.0", "invalid")),
        ({"quantity_done": "-1"}, ("quantity_done", "min_value")),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_tasks_that_do_not_hold_are_refused(
    account_manager: User,
    stranger: User,
    action_plan: ActionPlan,
    api: ApiFor,
    errors_of: Any,
    change: dict[str, Any],
    error: tuple[str, str],
) -> None:
    taken = factories.create_task(action_plan).item
    place = taken._meta.model.objects.create(action_plan=action_plan)
    known = {"taken": str(taken.pk), "stranger": str(stranger.pk), "the other": str(action_plan.pk)}
    body = {"item": str(place.pk), "name": "Audit"}
    body |= {name: known.get(str(value), value) for name, value in change.items()}
    body = {name: value for name, value in body.items() if value is not None}

    assert errors_of(api(account_manager).post(TASKS, body)) == [error]


def test_work_of_a_hidden_plan_answers_like_missing_work(
    account_manager: User, world: World, api: ApiFor, errors_of: Any
) -> None:
    hidden = factories.create_task(
        factories.create_action_plan(factories.create_work_objective(world.confidential))
    )
    client = api(account_manager)
    places = {
        TASKS: ("action_plan", hidden.item.action_plan_id),
        ITEMS: ("action_plan", hidden.item.action_plan_id),
        ACTION_PLANS: ("objective", hidden.item.action_plan.objective_id),
    }

    for url, (name, pk) in places.items():
        posts = [client.post(url, {name: str(key), "name": "x"}) for key in (pk, MISSING)]
        filters = [client.get(url, {name: str(key)}) for key in (pk, MISSING)]
        assert errors_of(posts[0]) == [(name, "does_not_exist")]
        assert posts[0].json() == posts[1].json()
        assert filters[0].json() == filters[1].json()
        assert client.get(url).json()["count"] == 0
    assert client.post(address(hidden, "complete/"), {}).status_code == 404
    progress = f"{BASE}account-plans/{world.confidential.pk}/progress/"
    assert client.get(progress).status_code == 404


@pytest.mark.parametrize(
    ("who", "edits", "completes"),
    [
        ("account_manager", 200, 200),
        ("colleague", 403, 200),
        ("manager", 403, 403),
        ("viewer", 403, 403),
        ("executive", 403, 403),
        ("admin", 200, 200),
        ("stranger", 404, 404),
        ("integration", 404, 404),
    ],
)
def test_who_edits_the_plan_edits_the_work_and_the_assignee_completes_it(
    cast: dict[str, User], task: AssessmentTask, api: ApiFor, who: str, edits: int, completes: int
) -> None:
    client = api(cast[who])

    def patch(body: dict[str, Any]) -> int:
        version = AssessmentTask.objects.unscoped("test").get(pk=task.pk).version
        return client.patch(address(task), {**body, "version": version}).status_code

    assert patch({"name": "Renamed"}) == edits
    assert patch({"notes": "Half of it", "quantity_done": "1"}) == completes
    assert patch({"status": "skipped"}) == edits
    if edits == 200:
        client.post(address(task, "reopen/"), {})
    assert client.post(address(task, "complete/"), {}).status_code == completes
    assert client.post(address(task, "reopen/"), {}).status_code == completes
    version = AssessmentTask.objects.unscoped("test").get(pk=task.pk).version
    deleted = client.delete(address(task), headers={"If-Match": f'"{version}"'})
    assert deleted.status_code == (204 if edits == 200 else edits)


def test_changes_of_work_name_the_version_they_are_based_on(
    account_manager: User, task: AssessmentTask, api: ApiFor
) -> None:
    client = api(account_manager)

    assert client.patch(address(task), {"name": "x"}).status_code == 428
    assert client.patch(address(task), {"name": "x", "version": 9}).status_code == 412
    assert client.post(address(task, "complete/"), {"version": 9}).status_code == 412


# --- Steps ------------------------------------------------------------------------------------
def test_task_is_completed_and_reopened(account_manager: User, task: AssessmentTask, api: ApiFor) -> None:
    client = api(account_manager)

    done = client.post(address(task, "complete/"), {"quantity": "3", "notes": "Signed"})
    twice = client.post(address(task, "complete/"), {})
    back = client.post(address(task, "reopen/"), {})

    assert (done.status_code, done.json()["status"], done.json()["quantity_done"]) == (200, "completed", "3")
    assert (done.json()["progress_percent"], done["ETag"]) == (100, f'"{done.json()["version"]}"')
    assert (twice.status_code, twice.json()["detail"]) == (
        409,
        "“Audit” is “Completed” and cannot take this step.",
    )
    assert (back.json()["status"], back.json()["completed_at"]) == ("open", None)


def test_prerequisite_must_be_done_first(account_manager: User, task: AssessmentTask, api: ApiFor) -> None:
    second = factories.create_task(task.item.action_plan, "Offer", prerequisite=task.item)
    client = api(account_manager)

    for response in (
        client.post(address(second, "complete/"), {}),
        client.patch(address(second), {"status": "completed", "version": second.version}),
    ):
        assert (response.status_code, response.json()["detail"]) == (
            409,
            "“Offer” comes after “Audit”, which is not done yet.",
        )
    client.post(address(task, "complete/"), {})
    assert client.post(address(second, "complete/"), {}).status_code == 200


def test_completed_call_objective_logs_the_call_for_its_assignee(
    action_plan: ActionPlan, world: World, colleague: User, api: ApiFor, errors_of: Any
) -> None:
    visit = factories.create_activity_type("Visit")
    call = factories.create_task(
        action_plan, "Visit", kind=ItemKind.CALL_OBJECTIVE, activity_type=visit, assignee=colleague
    )
    client = api(colleague)

    refused = client.post(address(call, "complete/"), {"quantity": 0})
    done = client.post(address(call, "complete/"), {"notes": "Met them"})

    assert errors_of(refused) == [("quantity", "invalid")]
    assert done.status_code == 200
    activity = Activity.objects.visible_to(colleague).get(task_link__task=call)
    assert (activity.account, activity.type, activity.owner) == (world.account, visit, colleague)
    assert (activity.done_on, activity.notes) == (company_today(), "Met them")
    shown = client.get(f"{BASE}activities/{activity.pk}/").json()
    assert shown["assessment_task"] == {"id": str(call.pk), "name": "Visit"}


# --- Lists ------------------------------------------------------------------------------------
def test_tasks_are_filtered(account_manager: User, task: AssessmentTask, world: World, api: ApiFor) -> None:
    today = company_today()
    late = factories.create_task(
        task.item.action_plan, "Late", due_date=today - timedelta(days=1), assignee=account_manager
    )
    elsewhere = factories.create_action_plan(factories.create_work_objective(world.draft))
    factories.create_task(elsewhere, "Elsewhere", status="completed", due_date=today)
    client = api(account_manager)

    def names(**query: Any) -> list[str]:
        rows = client.get(TASKS, {**query, "ordering": "name"}).json()["results"]
        return [row["name"] for row in rows]

    assert names() == ["Audit", "Elsewhere", "Late"]
    assert names(plan=world.draft.pk) == ["Elsewhere"]
    assert names(action_plan=task.item.action_plan_id, overdue="true") == ["Late"]
    assert names(overdue="false") == ["Audit", "Elsewhere"]
    assert names(mine="true", status="open") == ["Late"]
    assert names(mine="false") == ["Audit"]
    assert names(account=world.account.pk, search="aud") == ["Audit"]
    assert names(due_date_after=today) == ["Elsewhere"]
    assert late.is_overdue


# --- Progress ---------------------------------------------------------------------------------
def test_progress_is_told_at_every_level_with_the_reasons(
    colleague: User, task: AssessmentTask, world: World, api: ApiFor, statements: Callable[..., int]
) -> None:
    factories.create_task(task.item.action_plan, weight=3, status="completed")
    factories.create_task(task.item.action_plan, status="skipped")
    client = api(colleague)
    url = f"{BASE}account-plans/{world.plan.pk}/progress/"

    plan = client.get(url).json()
    before = statements(lambda: client.get(url))
    for _number in range(3):
        factories.create_task(factories.create_action_plan(factories.create_work_objective(world.plan)))

    objective = plan["children"][0]
    items = objective["children"][0]["children"]
    assert (plan["kind"], plan["progress"], plan["progress_percent"]) == ("account_plan", 0.75, 75)
    assert (objective["kind"], objective["progress_mode"], objective["share"]) == (
        "account_plan_objective",
        "tasks",
        1,
    )
    assert [(item["name"], item["share"], item["left_out"]) for item in items] == [
        ("Audit", 0.25, None),
        (items[1]["name"], 0.75, None),
        (items[2]["name"], None, "skipped"),
    ]
    assert items[2]["why"] == "skipped"
    assert statements(lambda: client.get(url)) == before


# --- Goals of the library ---------------------------------------------------------------------
@pytest.fixture
def body() -> dict[str, Any]:
    version = factories.create_published_template("Launch", items=2)
    goal = factories.create_goal("Grow", templates=[version.template])
    return {"goal_definitions": [str(goal.pk)], "start_date": "2026-03-02"}


def import_url(world: World) -> str:
    return f"{BASE}account-plans/{world.plan.pk}/import-goals/"


def test_goals_are_imported_once_unless_asked_for_again(
    account_manager: User, world: World, api: ApiFor, body: dict[str, Any]
) -> None:
    client, url = api(account_manager), import_url(world)

    tried = client.post(url, {**body, "dry_run": True})
    made = client.post(url, body)
    twice = client.post(url, body)
    again = client.post(url, {**body, "again": True})

    assert (tried.status_code, tried.json()["objectives"][0]["id"]) == (200, None)
    assert (made.status_code, made.json()["counts"]) == (
        201,
        {"objectives": 1, "action_plans": 1, "tasks": 2},
    )
    (objective,) = made.json()["objectives"]
    task = objective["action_plans"][0]["tasks"][0]
    assert (task["due_date"], task["assignee"]["id"]) == ("2026-03-09", str(account_manager.pk))
    assert client.get(f"{TASKS}{task['id']}/").json()["name"] == task["name"]
    assert (twice.status_code, again.status_code) == (409, 201)
    shown = client.get(f"{BASE}account-plan-objectives/{objective['id']}/").json()
    assert shown["goal_definition"]["name"] == "Grow"


@pytest.mark.parametrize(
    ("who", "status"),
    [("colleague", 403), ("viewer", 403), ("executive", 403), ("stranger", 404), ("admin", 201)],
)
def test_goals_are_imported_by_who_edits_the_plan(
    cast: dict[str, User], world: World, api: ApiFor, body: dict[str, Any], who: str, status: int
) -> None:
    assert api(cast[who]).post(import_url(world), body).status_code == status


@pytest.mark.parametrize(
    "values", [{"status": "draft"}, {"status": "retired"}, {"applies_to": "territory_plan"}]
)
def test_goals_that_are_not_offered_are_refused(
    account_manager: User, world: World, api: ApiFor, errors_of: Any, values: dict[str, str]
) -> None:
    goal = factories.create_goal(**values)
    client = api(account_manager)

    refused = client.post(import_url(world), {"goal_definitions": [str(goal.pk)]})

    assert errors_of(refused) == [("goal_definitions", "not_offered")]
    assert errors_of(client.post(import_url(world), {"goal_definitions": []})) == [
        ("goal_definitions", "empty")
    ]


def test_readers_of_a_plan_without_the_library_see_no_goal_behind_an_objective(
    viewer: User, world: World, account_manager: User, api: ApiFor, body: dict[str, Any]
) -> None:
    made = api(account_manager).post(import_url(world), body).json()["objectives"][0]

    shown = api(viewer).get(f"{BASE}account-plan-objectives/{made['id']}/").json()
    action_plan = api(viewer).get(f"{ACTION_PLANS}{made['action_plans'][0]['id']}/").json()

    assert (shown["goal_definition"], action_plan["template_version"]) == (None, None)
    assert date.fromisoformat(action_plan["start_date"]) == date(2026, 3, 2)
