"""Territory business plans and goal assignments through the API."""

from __future__ import annotations

from typing import Any

import pytest

from crm.models import Activity, Territory
from kam.core.models import Change
from kam.users.models import User
from plans.models import AccountPlan, GoalAssignment, TerritoryBusinessPlan
from templates_app.enums import AppliesTo
from tests import factories
from tests.fixtures import ApiFor, World

URL = "/api/v1/territory-business-plans/"
GOALS = "/api/v1/goal-assignments/"


@pytest.fixture
def north(world: World) -> Territory:
    return world.account.territory


@pytest.fixture
def plan(north: Territory, account_manager: User) -> TerritoryBusinessPlan:
    return factories.create_territory_plan(north, "North this year", owner=account_manager)


def detail(plan: Any, more: str = "") -> str:
    return f"{URL}{plan.pk}/{more}"


def frame(plan: TerritoryBusinessPlan, **values: Any) -> dict[str, Any]:
    return {
        "name": "North next year",
        "territory": str(plan.territory_id),
        "plan_type": str(plan.plan_type_id),
        "start_date": "2027-01-01",
        "end_date": "2027-12-31",
        "currency": "USD",
        "sales_target": "100000.00",
        **values,
    }


# --- Who sees and makes them ------------------------------------------------------------------
SEEN_BY = {
    "account_manager": {"open", "draft", "confidential"},  # owns them
    "colleague": {"open", "draft"},
    "manager": {"open", "draft"},
    "msl": {"open", "draft"},
    "viewer": {"open"},
    "executive": {"open"},
    "admin": {"open", "draft"},
    "stranger": set(),
    "integration": set(),
}


@pytest.mark.parametrize("who", SEEN_BY)
def test_list_shows_what_each_may_see(who: str, cast: dict[str, User], north: Territory, api: ApiFor) -> None:
    owner = cast["account_manager"]
    factories.create_territory_plan(north, "open", owner=owner)
    factories.create_territory_plan(north, "draft", owner=owner, status="draft")
    factories.create_territory_plan(north, "confidential", owner=owner, is_confidential=True)

    body = api(cast[who]).get(URL).json()

    assert {row["name"] for row in body["results"]} == SEEN_BY[who]
    assert body["count"] == len(SEEN_BY[who])


def test_plans_of_the_two_kinds_keep_to_their_paths(
    plan: TerritoryBusinessPlan, world: World, account_manager: User, api: ApiFor
) -> None:
    client = api(account_manager)
    for path, other in ((URL, world.plan), ("/api/v1/account-plans/", plan)):
        for more in ("", "kpis/", "progress/", "kpi-history/"):
            assert client.get(f"{path}{other.pk}/{more}").status_code == 404
        assert client.post(f"{path}{other.pk}/hold/").status_code == 404
    names = {row["name"] for row in client.get("/api/v1/account-plans/").json()["results"]}
    assert plan.name not in names


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("account_manager", 201),
        ("msl", 201),
        ("manager", 201),
        ("admin", 201),
        ("stranger", 403),  # works in another territory
        ("executive", 403),
        ("viewer", 403),
        ("integration", 403),
    ],
)
def test_create_is_for_who_works_in_the_territory(
    who: str, status: int, plan: TerritoryBusinessPlan, cast: dict[str, User], api: ApiFor
) -> None:
    response = api(cast[who]).post(URL, frame(plan), format="json")

    assert response.status_code == status
    made = TerritoryBusinessPlan.objects.unscoped("test").filter(name="North next year")
    assert made.exists() == (status == 201)
    if status == 201:
        assert response.json()["territory"]["name"] == str(plan.territory)
        assert response.json()["owner"]["id"] == str(cast[who].pk)
        entry = Change.objects.of(made.get()).get()
        assert (entry.model, entry.operation) == ("plans.territorybusinessplan", "create")


def test_plan_moves_only_to_a_territory_of_its_editor(
    plan: TerritoryBusinessPlan, world: World, account_manager: User, api: ApiFor
) -> None:
    version = {"HTTP_IF_MATCH": f'"{plan.version}"'}
    south = {"territory": str(world.far_account.territory_id)}

    assert api(account_manager).patch(detail(plan), south, format="json", **version).status_code == 403
    assert api(account_manager).patch(detail(plan), {"territory": None}, format="json", **version).json()[
        "errors"
    ][0]["field"] == ("territory")


def test_life_cycle_goes_by_the_same_steps(
    plan: TerritoryBusinessPlan, account_manager: User, api: ApiFor
) -> None:
    client = api(account_manager)

    assert client.post(detail(plan, "hold/"), {"comment": "Reorganised"}).json()["status"] == "on_hold"
    assert client.post(detail(plan, "hold/")).status_code == 409


def test_list_takes_a_fixed_number_of_statements(
    plan: TerritoryBusinessPlan, account_manager: User, api: ApiFor, django_assert_max_num_queries
) -> None:
    client = api(account_manager)
    client.get(URL)
    for _number in range(3):
        more = factories.create_territory_plan(owner=account_manager)
        factories.create_objective(more)
        with django_assert_max_num_queries(9):
            assert client.get(URL).status_code == 200


# --- Goal assignments and work ----------------------------------------------------------------
def test_goal_assignments_belong_to_territory_plans_only(
    plan: TerritoryBusinessPlan, world: World, account_manager: User, api: ApiFor
) -> None:
    client = api(account_manager)

    made = client.post(GOALS, {"plan": str(plan.pk), "name": "Reach every ward"}, format="json")
    refused = client.post(GOALS, {"plan": str(world.plan.pk), "name": "Elsewhere"}, format="json")
    missing = client.post(GOALS, {"plan": str(world.account.pk), "name": "Nowhere"}, format="json")
    other = client.post(
        "/api/v1/account-plan-objectives/", {"plan": str(plan.pk), "name": "Elsewhere"}, format="json"
    )

    assert made.status_code == 201, made.json()
    assert GoalAssignment.objects.unscoped("test").get().name == "Reach every ward"
    assert refused.json()["errors"][0]["field"] == other.json()["errors"][0]["field"] == "plan"
    assert refused.json()["errors"][0]["code"] == missing.json()["errors"][0]["code"]
    assert client.get(f"/api/v1/account-plan-objectives/{made.json()['id']}/").status_code == 404
    assert [row["name"] for row in client.get(GOALS, {"plan": plan.pk}).json()["results"]] == [
        "Reach every ward"
    ]
    version = {"HTTP_IF_MATCH": f'"{made.json()["version"]}"'}
    changed = client.patch(f"{GOALS}{made.json()['id']}/", {"name": "Reach all"}, format="json", **version)
    assert changed.json()["name"] == "Reach all"
    assert api(account_manager).get(f"{GOALS}{world.plan.pk}/").status_code == 404


def test_goals_of_the_library_come_into_a_territory_plan(
    plan: TerritoryBusinessPlan, world: World, account_manager: User, api: ApiFor
) -> None:
    version = factories.create_published_template("Onboarding", items=2)
    goal = factories.create_goal("Reach", templates=[version.template], applies_to=AppliesTo.TERRITORY_PLAN)
    other = factories.create_goal("Sell", applies_to=AppliesTo.ACCOUNT_PLAN)
    client = api(account_manager)

    def asked(*goals: Any, **more: Any) -> Any:
        body = {"goal_definitions": [str(row.pk) for row in goals], **more}
        return client.post(detail(plan, "import-goals/"), body, format="json")

    dry = asked(goal, dry_run=True)
    refused = asked(other)
    made = asked(goal)

    assert (dry.status_code, dry.json()["counts"]) == (200, {"objectives": 1, "action_plans": 1, "tasks": 2})
    assert refused.json()["errors"][0]["code"] == "not_offered"
    assert made.status_code == 201
    assert GoalAssignment.objects.unscoped("test").get().plan == plan
    assert asked(goal).status_code == 409
    to_account = client.post(
        f"/api/v1/account-plans/{world.plan.pk}/import-goals/",
        {"goal_definitions": [str(goal.pk)]},
        format="json",
    )
    assert to_account.json()["errors"][0]["code"] == "not_offered"
    progress = client.get(detail(plan, "progress/")).json()
    assert [(node["kind"], node["name"]) for node in progress["children"]] == [("goal_assignment", "Reach")]


def test_strategies_are_of_both_kinds(
    plan: TerritoryBusinessPlan, account_manager: User, api: ApiFor
) -> None:
    body = {"plan": str(plan.pk), "name": "Wider reach"}

    assert api(account_manager).post("/api/v1/strategies/", body, format="json").status_code == 201


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("commitments", {"quantity": "8"}),
        ("coop-funds", {"name": "Fund", "amount": "100.00"}),
        ("rebate-programs", {"name": "Rebate", "start_date": "2026-01-01", "end_date": "2026-12-31"}),
        ("plan-events", {"name": "Fair", "date": "2026-11-01"}),
    ],
)
def test_promises_are_of_account_plans_only(
    path: str, values: Any, plan: TerritoryBusinessPlan, account_manager: User, api: ApiFor
) -> None:
    response = api(account_manager).post(f"/api/v1/{path}/", {"plan": str(plan.pk), **values}, format="json")

    assert response.status_code == 400
    assert "plan" in [error["field"] for error in response.json()["errors"]]


def test_call_for_a_territory_says_which_account_was_called(
    plan: TerritoryBusinessPlan, world: World, account_manager: User, api: ApiFor
) -> None:
    action_plan = factories.create_action_plan(factories.create_work_objective(plan))
    task = factories.create_task(
        action_plan, kind="call_objective", activity_type=factories.create_activity_type()
    )
    client, url = api(account_manager), f"/api/v1/assessment-tasks/{task.pk}/complete/"
    outside = factories.create_account("Own, elsewhere", owner=account_manager)

    errors = [
        client.post(url, body, format="json").json()["errors"][0]["field"]
        for body in ({}, {"account": str(outside.pk)}, {"account": str(world.far_account.pk)})
    ]
    done = client.post(url, {"account": str(world.account.pk)}, format="json")

    assert errors == ["account"] * 3
    assert (done.status_code, done.json()["status"]) == (200, "completed")
    assert Activity.objects.unscoped("test").filter(task_link__task=task).get().account == world.account


def test_parent_of_an_account_plan_is_one_of_an_account(
    plan: TerritoryBusinessPlan, world: World, account_manager: User, api: ApiFor
) -> None:
    response = api(account_manager).patch(
        f"/api/v1/account-plans/{world.plan.pk}/",
        {"parent_plan": str(plan.pk)},
        format="json",
        HTTP_IF_MATCH=f'"{world.plan.version}"',
    )

    assert response.json()["errors"][0]["field"] == "parent_plan"
    assert AccountPlan.objects.unscoped("test").get(pk=world.plan.pk).parent_plan_id is None
