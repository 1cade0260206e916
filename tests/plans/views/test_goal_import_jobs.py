"""The pages: choose plans and goals, preview, start, look how far it is, try failed ones again."""

from __future__ import annotations

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from kam.jobs.kinds import ItemState
from kam.jobs.models import Job, JobItem
from kam.jobs.operations import work_off_jobs
from kam.users.models import User
from plans.models import AccountPlanObjective, GoalAssignment
from templates_app.models import GoalDefinition
from tests import factories
from tests.fixtures import ClientFor, World

CHOOSE, PREVIEW, START = (f"/plans/import-goals/{step}" for step in ("", "preview/", "start/"))


@pytest.fixture
def goal(db: None) -> GoalDefinition:
    version = factories.create_published_template("Launch", items=2)
    return factories.create_goal("Grow wards", templates=[version.template])


@pytest.fixture
def owner_client(world: World, account_manager: User, client_as: ClientFor) -> Client:
    return client_as(account_manager)


def test_only_plans_that_may_be_edited_are_offered(
    owner_client: Client, world: World, goal: GoalDefinition, client_as: ClientFor, colleague: User
) -> None:
    page = owner_client.get(CHOOSE)
    of_colleague = client_as(colleague).get(CHOOSE)

    assert {row["plan"] for row in page.context["plans"]} == {world.plan, world.draft}
    assert [row["goal"] for row in page.context["goals"]] == [goal]
    assert (of_colleague.context["plans"], of_colleague.context["plan_count"]) == ([], 0)


def test_filters_reach_territories_below_and_segments(
    world: World, goal: GoalDefinition, client_as: ClientFor, admin: User
) -> None:
    client = client_as(admin)
    strategic = factories.create_pick_list_value("Strategic Customer", pick_list="segment")
    world.account.current_segment = strategic
    world.account.save()

    west = client.get(CHOOSE, {"territory": world.account.territory.parent_id})
    both = client.get(
        CHOOSE, {"territory": world.account.territory.parent_id, "segment": strategic.pk, "status": "draft"}
    )
    none = client.get(CHOOSE, {"territory": world.far_account.territory_id, "segment": strategic.pk})

    assert {row["plan"] for row in west.context["plans"]} == {world.plan, world.draft}
    assert [row["plan"] for row in both.context["plans"]] == [world.draft]
    assert none.context["plans"] == []


def test_ticks_stay_while_goals_are_searched(
    owner_client: Client, world: World, goal: GoalDefinition
) -> None:
    other = factories.create_goal("Reduce churn")

    page = owner_client.post(
        CHOOSE, {"goal": goal.pk, "plan": world.plan.pk, "q": "churn", "status": "active"}
    )

    assert page.context["goals"] == [
        {"goal": goal, "is_chosen": True},
        {"goal": other, "is_chosen": False},
    ]
    assert page.context["plans"] == [{"plan": world.plan, "is_chosen": True}]
    assert page.context["kept"] == [("status", "active")]


def test_preview_without_ticks_takes_all_that_match(
    owner_client: Client, world: World, goal: GoalDefinition
) -> None:
    everything = owner_client.post(PREVIEW, {"goal": goal.pk})
    ticked = owner_client.post(PREVIEW, {"goal": goal.pk, "plan": [world.draft.pk, world.far_plan.pk]})

    assert everything.context["totals"] == {"plans": 2, "objectives": 2, "action_plans": 2, "tasks": 4}
    assert [row.plan for row in ticked.context["previews"]] == [world.draft], "others' plans are not there"
    assert not Job.objects.unscoped("test").exists()


@pytest.mark.parametrize(
    ("sent", "text"),
    [
        ({}, "Choose at least one goal."),
        (
            {"goal": "00000000-0000-0000-0000-000000000007"},
            "One of these goals is not offered any more. Choose again.",
        ),
        ({"goal": "GOAL", "status": "cancelled"}, "No plan is chosen, and none matches."),
    ],
)
def test_what_is_missing_is_said_on_the_page_of_choices(
    owner_client: Client, goal: GoalDefinition, sent: dict[str, str], text: str
) -> None:
    page = owner_client.post(
        PREVIEW, {name: value.replace("GOAL", str(goal.pk)) for name, value in sent.items()}
    )

    assert (page.status_code, page.context["problems"]) == (422, [text])


def test_start_makes_a_job_whose_page_follows_the_work(
    owner_client: Client, world: World, goal: GoalDefinition
) -> None:
    plans = [world.plan.pk, world.draft.pk]
    answer = owner_client.post(START, {"goal": goal.pk, "plan": plans, "start_date": "2026-03-02"})
    job = Job.objects.unscoped("test").get()
    waiting = owner_client.get(job.get_absolute_url())
    work_off_jobs()
    done = owner_client.get(job.get_absolute_url())

    assert answer["Location"] == job.get_absolute_url()
    assert (waiting.context["percent"], b'hx-trigger="every 2s"' in waiting.content) == (0, True)
    assert (done.context["percent"], b'hx-trigger="every 2s"' in done.content) == (100, False)
    assert f'href="{world.plan.get_absolute_url()}"'.encode() in done.content
    assert "1 objective, 2 tasks" in done.content.decode()
    assert AccountPlanObjective.objects.unscoped("test").filter(name="Grow wards").count() == 2


def test_start_refuses_plans_of_others(owner_client: Client, world: World, goal: GoalDefinition) -> None:
    page = owner_client.post(START, {"goal": goal.pk, "plan": world.far_plan.pk})

    assert page.status_code == 422
    assert "You may not change one of these plans" in page.context["problems"][0]
    assert not Job.objects.unscoped("test").exists()


def test_failed_ones_are_tried_again_by_their_owner(
    owner_client: Client,
    world: World,
    goal: GoalDefinition,
    client_as: ClientFor,
    admin: User,
    colleague: User,
) -> None:
    job = factories.create_job(world.plan.owner, [world.plan, world.draft], goals=[goal])
    JobItem.objects.unscoped("test").filter(target_id=world.plan.pk).update(
        state=ItemState.FAILED, note="No luck."
    )
    work_off_jobs()
    url = f"{job.get_absolute_url()}retry/"

    page = owner_client.get(job.get_absolute_url())
    assert [item.state for item in page.context["page_obj"]] == ["failed", "done"]
    assert "Done, with failures" in page.content.decode()
    assert [client_as(user).post(url).status_code for user in (admin, colleague)] == [403, 404]
    assert client_as(admin).get(job.get_absolute_url()).context["may_retry"] is False
    assert owner_client.post(url).status_code == 302
    work_off_jobs()

    assert owner_client.get(job.get_absolute_url()).context["counts"]["done"] == 2
    assert b"Nothing of it has failed." in owner_client.post(url, follow=True).content


def test_pages_of_jobs_take_the_same_statements_for_one_plan_and_for_three(
    owner_client: Client,
    world: World,
    goal: GoalDefinition,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    plan_type = world.plan.plan_type
    more = [factories.create_plan(world.account, f"P{n}", plan_type=plan_type) for n in range(2)]
    for plans in ([world.plan], [world.plan, *more]):
        job = factories.create_job(world.plan.owner, plans, goals=[goal])
        with django_assert_num_queries(7):
            owner_client.get(job.get_absolute_url())
        with django_assert_num_queries(5):
            owner_client.get("/jobs/")


def test_choosing_and_previewing_take_the_same_statements(
    owner_client: Client,
    world: World,
    goal: GoalDefinition,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(2):
        with django_assert_num_queries(9):
            owner_client.get(CHOOSE)
        with django_assert_num_queries(10):
            owner_client.post(PREVIEW, {"goal": goal.pk})
        factories.create_plan(world.account, f"P{number}", plan_type=world.plan.plan_type)
        factories.create_goal(f"G{number}")


def test_no_jobs_yet(client_as: ClientFor, viewer: User) -> None:
    client = client_as(viewer)

    assert b"No jobs yet" in client.get("/jobs/").content
    assert client.get(CHOOSE).status_code == 403


# --- Plans of territories -----------------------------------------------------------------------
def test_goals_for_territories_come_into_territory_plans(
    client_as: ClientFor, world: World, account_manager: User, colleague: User
) -> None:
    """The same steps at addresses of their own: other plans, other goals, never mixed."""
    choose, preview, start = (f"/territory-plans/import-goals/{step}" for step in ("", "preview/", "start/"))
    north = world.account.territory
    mine = factories.create_territory_plan(north, "North this year", owner=account_manager)
    factories.create_territory_plan(north, "Not mine", owner=colleague)
    launch = factories.create_published_template("Congress", items=3)
    goals = [
        factories.create_goal(
            "Be at each congress", applies_to="territory_plan", templates=[launch.template]
        ),
        factories.create_goal("Be seen", applies_to="both"),
    ]
    goal = factories.create_goal("Visit wards", applies_to="account_plan")
    client = client_as(account_manager)

    page = client.get(choose, {"territory": north.parent_id})
    seen = client.post(preview, {"goal": [row.pk for row in goals]})
    mixed = [
        client.post(start, {"goal": goals[0].pk, "plan": world.plan.pk}).status_code,
        client.post(start, {"goal": goal.pk, "plan": mine.pk}).status_code,
        client.post(START, {"goal": goal.pk, "plan": mine.pk}).status_code,
        client.post(START, {"goal": goals[0].pk, "plan": world.plan.pk}).status_code,
    ]
    assert not Job.objects.unscoped("test").exists()
    client.post(start, {"goal": [row.pk for row in goals], "plan": mine.pk})
    work_off_jobs()

    assert [row["plan"] for row in page.context["plans"]] == [mine]
    assert {row["goal"] for row in page.context["goals"]} == set(goals)
    assert [tab["active"] for tab in page.context["tabs"]] == [False, True]
    assert seen.context["totals"] == {"plans": 1, "objectives": 2, "action_plans": 1, "tasks": 3}
    assert mixed == [422, 422, 422, 422]
    job = Job.objects.unscoped("test").get()
    done = client.get(job.get_absolute_url())
    assert done.context["counts"]["done"] == 1
    assert f'href="{mine.get_absolute_url()}"' in done.content.decode()
    made = GoalAssignment.objects.unscoped("test").filter(plan=mine)
    assert set(made.values_list("name", flat=True)) == {row.name for row in goals}
