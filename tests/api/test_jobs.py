"""`account-plans/import-goals/` and `jobs`."""

from __future__ import annotations

import uuid

import pytest
from pytest_django import DjangoAssertNumQueries

from kam.jobs.models import Job
from kam.jobs.operations import work_off_jobs
from kam.users.models import User
from templates_app.models import GoalDefinition
from tests import factories
from tests.fixtures import ApiFor, World

URL = "/api/v1/account-plans/import-goals/"


@pytest.fixture
def goal(db: None) -> GoalDefinition:
    version = factories.create_published_template("Launch", items=2)
    return factories.create_goal("Grow wards", templates=[version.template])


def test_import_into_plans_answers_with_a_job_that_can_be_followed(
    api: ApiFor, account_manager: User, world: World, goal: GoalDefinition
) -> None:
    client = api(account_manager)
    body = {"goal_definitions": [goal.pk], "plans": [world.plan.pk, world.draft.pk]}

    answer = client.post(URL, body, headers={"Idempotency-Key": "one"})
    again = client.post(URL, body, headers={"Idempotency-Key": "one"})
    job = client.get(answer["Location"]).json()
    work_off_jobs()
    done = client.get(answer["Location"]).json()
    items = client.get(f"{answer['Location']}items/").json()

    assert (answer.status_code, again.json()) == (202, answer.json())
    assert answer.json() == job
    assert (job["state"], job["owner"]["id"]) == ("waiting", str(account_manager.pk))
    assert job["counts"] == {"total": 2, "waiting": 2, "done": 0, "skipped": 0, "failed": 0}
    assert (done["state"], done["counts"]["done"]) == ("done", 2)
    assert items["count"] == 2
    assert {(item["target"]["name"], item["note"]) for item in items["results"]} == {
        (world.plan.name, "1 objective, 2 tasks"),
        (world.draft.name, "1 objective, 2 tasks"),
    }
    assert Job.objects.unscoped("test").count() == 1


def test_dry_run_by_filters_makes_nothing(
    api: ApiFor, manager: User, account_manager: User, world: World, goal: GoalDefinition
) -> None:
    west = world.account.territory.parent_id
    body = {"goal_definitions": [goal.pk], "filters": {"territory": str(west)}, "dry_run": True}

    answer = api(account_manager).post(URL, body)

    assert answer.status_code == 200
    plans = answer.json()["plans"]
    assert {row["plan"]["name"] for row in plans} == {world.plan.name, world.draft.name}
    assert plans[0]["counts"] == {"objectives": 1, "action_plans": 1, "tasks": 2}
    assert plans[0]["assignees"] == [
        {"user": {"id": str(account_manager.pk), "name": str(account_manager)}, "tasks": 2}
    ]
    assert api(manager).post(URL, body).json()["plans"] == [], "seen, but not theirs to edit"
    assert not Job.objects.unscoped("test").exists()


def test_what_cannot_be_asked(
    api: ApiFor, colleague: User, executive: User, world: World, goal: GoalDefinition
) -> None:
    def errors(**body: object) -> list[tuple[str, str]]:
        answer = api(colleague).post(URL, {"goal_definitions": [goal.pk], **body})
        assert answer.status_code == 400
        return [(error["field"], error["code"]) for error in answer.json()["errors"]]

    missing = errors(plans=[uuid.uuid4()])
    assert errors(plans=[world.confidential.pk]) == missing == [("plans", "does_not_exist")]
    assert errors(plans=[world.plan.pk]) == [("plans", "not_editable")]
    assert errors() == [("plans", "required")]
    assert errors(plans=[world.plan.pk], filters={}) == [("plans", "required")]
    assert errors(filters={"colour": "red"}) == [("filters.colour", "unknown")]
    assert errors(filters={"owner": "nobody"}) == [("filters.owner", "invalid")]
    refused = api(executive).post(URL, {"goal_definitions": [goal.pk], "filters": {}})
    assert refused.status_code == 403


def test_jobs_are_for_their_owner_and_administrators(
    api: ApiFor, cast: dict[str, User], world: World, goal: GoalDefinition
) -> None:
    job = factories.create_job(cast["account_manager"], [world.plan], goals=[goal])
    factories.create_job(world.keeper, [world.confidential], goals=[goal])
    sees = set()
    for name, user in cast.items():
        client = api(user)
        if client.get("/api/v1/jobs/").json()["count"] == 1:
            sees.add(name)
        status = client.get(f"/api/v1/jobs/{job.pk}/").status_code
        assert status == (200 if name in {"account_manager", "admin"} else 404)

    assert sees == {"account_manager", "admin"}
    client = api(cast["account_manager"])
    assert client.get("/api/v1/jobs/?state=done").json()["count"] == 0
    assert client.delete(f"/api/v1/jobs/{job.pk}/").status_code == 405


def test_a_list_takes_the_same_statements(
    api: ApiFor,
    account_manager: User,
    world: World,
    goal: GoalDefinition,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    client = api(account_manager)
    client.get("/api/v1/jobs/")  # notes when the token was used
    for plans in ([world.plan], [world.plan, world.draft], [world.draft]):
        job = factories.create_job(account_manager, plans, goals=[goal])
        with django_assert_num_queries(3):
            client.get("/api/v1/jobs/")
        with django_assert_num_queries(4):
            client.get(f"/api/v1/jobs/{job.pk}/items/")


def test_goals_into_many_territory_plans(
    api: ApiFor, account_manager: User, colleague: User, world: World
) -> None:
    url = "/api/v1/territory-business-plans/import-goals/"
    mine = factories.create_territory_plan(world.account.territory, owner=account_manager)
    theirs = factories.create_territory_plan(world.account.territory, owner=colleague)
    goal = factories.create_goal("Visit wards", applies_to="account_plan")
    launch = factories.create_goal("Be seen", applies_to="territory_plan")
    client = api(account_manager)

    dry = client.post(
        url,
        {
            "goal_definitions": [launch.pk],
            "filters": {"territory": str(world.account.territory.parent_id)},
            "dry_run": True,
        },
    )
    refused = [
        client.post(url, {"goal_definitions": [goal.pk], "plans": [mine.pk]}),
        client.post(url, {"goal_definitions": [launch.pk], "plans": [theirs.pk]}),
        client.post(url, {"goal_definitions": [launch.pk], "plans": [world.plan.pk]}),
        client.post(url, {"goal_definitions": [launch.pk], "filters": {"segment": "x"}}),
        client.post(URL, {"goal_definitions": [goal.pk], "plans": [mine.pk]}),
    ]
    started = client.post(url, {"goal_definitions": [launch.pk], "plans": [mine.pk]})
    work_off_jobs()

    assert [row["plan"]["id"] for row in dry.json()["plans"]] == [str(mine.pk)]
    assert [[(e["field"], e["code"]) for e in answer.json()["errors"]] for answer in refused] == [
        [("goal_definitions", "not_offered")],
        [("plans", "not_editable")],
        [("plans", "does_not_exist")],
        [("filters.segment", "unknown")],
        [("plans", "does_not_exist")],
    ]
    assert started.status_code == 202
    assert client.get(started["Location"]).json()["counts"]["done"] == 1
