"""Goals into many plans at once: the preview, the job, whose rights count when."""

from __future__ import annotations

from datetime import date

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kam.jobs.models import Job, JobItem
from kam.jobs.operations import counts_of, work_off_jobs
from kam.users.models import User
from plans.enums import Access, ColleagueRole, PlanStatus
from plans.models import AccountPlan, AccountPlanObjective, AssessmentTask
from plans.operations.goal_import_jobs import (
    MOST_PLANS,
    importable_plans,
    preview_imports,
    start_import,
    total_of,
)
from plans.operations.goal_imports import draft_import, import_goals
from templates_app.enums import AssigneeRole
from templates_app.models import GoalDefinition
from tests import factories
from tests.fixtures import World

pytestmark = pytest.mark.django_db
START = date(2026, 3, 2)


@pytest.fixture
def goals(db: None) -> list[GoalDefinition]:
    """“Grow” with a template of two tasks, one for the project manager; “Keep” without work."""
    template = factories.create_template("Launch")
    draft = factories.draft_of(template)
    factories.create_item(draft, "Audit", due_offset=5, assignee_role=AssigneeRole.PROJECT_MANAGER)
    factories.create_item(draft, "Offer", due_offset=30)
    factories.publish(template)
    return [factories.create_goal("Grow", templates=[template]), factories.create_goal("Keep")]


def objectives_of(plan: AccountPlan) -> list[str]:
    rows = AccountPlanObjective.objects.unscoped("test").filter(plan=plan)
    return sorted(rows.values_list("name", flat=True))


def outcomes(job: Job) -> dict[str, tuple[str, str]]:
    names = dict(AccountPlan.objects.unscoped("test").values_list("pk", "name"))
    items = JobItem.objects.unscoped("test").filter(job=job)
    return {names[item.target_id]: (item.state, item.note) for item in items}


def test_preview_says_for_each_plan_what_is_made_for_whom_and_what_is_there(
    world: World, goals: list[GoalDefinition], colleague: User
) -> None:
    factories.add_participant(world.plan, colleague, role=ColleagueRole.PROJECT_MANAGER)
    import_goals(draft_import(plan=world.draft, goals=goals[1:]))

    first, second = preview_imports(plans=[world.plan, world.draft], goals=goals, start_date=START)

    owner = world.plan.owner
    assert (first.there, first.counts) == ([], {"objectives": 2, "action_plans": 1, "tasks": 2})
    assert (first.people, first.fallen_count) == ([(owner, 1), (colleague, 1)], 0)
    assert (second.there, second.counts["objectives"]) == (goals[1:], 1)
    assert (second.people, second.fallen_count) == ([(owner, 2)], 1)
    assert total_of([first, second]) == {"plans": 2, "objectives": 3, "action_plans": 2, "tasks": 4}
    assert objectives_of(world.plan) == [], "nothing is made by looking"


def test_preview_equals_what_is_then_made(world: World, goals: list[GoalDefinition]) -> None:
    plans = [world.plan, world.draft]
    previewed = {p.plan.pk: p.counts["tasks"] for p in preview_imports(plans=plans, goals=goals)}
    start_import(user=world.plan.owner, plans=plans, goals=goals)

    work_off_jobs()

    tasks = AssessmentTask.objects.unscoped("test")
    place = "item__action_plan__objective__plan"
    assert previewed == {plan.pk: tasks.filter(**{place: plan}).count() for plan in plans}


def test_statements_of_a_preview_do_not_grow_with_the_plans(
    world: World, goals: list[GoalDefinition], account_manager: User
) -> None:
    plans = list(importable_plans(account_manager).select_related("owner", "plan_type"))
    with CaptureQueriesContext(connection) as one:
        preview_imports(plans=plans[:1], goals=goals)
    with CaptureQueriesContext(connection) as two:
        preview_imports(plans=plans, goals=goals)

    assert (len(plans), len(one), len(two)) == (2, 6, 6)


def test_a_job_makes_what_is_missing_and_doing_it_again_makes_nothing(
    world: World, goals: list[GoalDefinition]
) -> None:
    import_goals(draft_import(plan=world.draft, goals=goals[1:]))
    plans = [world.plan, world.draft]
    first = start_import(user=world.plan.owner, plans=plans, goals=goals, start_date=START)
    again = start_import(user=world.plan.owner, plans=plans, goals=goals)

    work_off_jobs()

    assert outcomes(first) == {
        world.plan.name: ("done", "2 objectives, 2 tasks"),
        world.draft.name: ("done", "1 objective, 2 tasks; 1 goal was there already"),
    }
    assert {state for state, _note in outcomes(again).values()} == {"skipped"}
    assert objectives_of(world.plan) == objectives_of(world.draft) == ["Grow", "Keep"]
    grow = AccountPlanObjective.objects.unscoped("test").get(plan=world.plan, name="Grow")
    assert (grow.start_date, grow.created_by) == (min(START, world.plan.end_date), world.plan.owner)


def test_what_its_owner_may_do_at_the_moment_of_the_work_counts(
    world: World, goals: list[GoalDefinition], colleague: User
) -> None:
    plan_type = world.plan.plan_type
    seat = factories.add_participant(world.plan, colleague, access=Access.EDIT)
    over = factories.create_plan(world.account, "Over soon", owner=colleague, plan_type=plan_type)
    kept = factories.create_plan(world.account, "Kept", owner=colleague, plan_type=plan_type)
    job = start_import(user=colleague, plans=[world.plan, over, kept], goals=goals)
    seat.access = Access.READ
    seat.save()
    over.status = PlanStatus.COMPLETED
    over.save()

    work_off_jobs()

    assert {name: state for name, (state, _note) in outcomes(job).items()} == {
        world.plan.name: "skipped",
        "Over soon": "skipped",
        "Kept": "done",
    }
    assert objectives_of(world.plan) == objectives_of(over) == []


def test_a_plan_that_is_hidden_by_now_is_neither_shown_nor_counted(
    world: World, goals: list[GoalDefinition], colleague: User
) -> None:
    seat = factories.add_participant(world.confidential, colleague, access=Access.EDIT)
    own = factories.create_plan(world.account, "Own", owner=colleague, plan_type=world.plan.plan_type)
    job = start_import(user=colleague, plans=[world.confidential, own], goals=goals)
    seat.delete()

    work_off_jobs()

    assert objectives_of(world.confidential) == []
    assert counts_of([job], colleague)[job.pk] == {
        "total": 1,
        "waiting": 0,
        "done": 1,
        "skipped": 0,
        "failed": 0,
    }
    assert [item.target_id for item in JobItem.objects.visible_to(colleague)] == [own.pk]


def test_goals_that_are_offered_no_more_fail(world: World, goals: list[GoalDefinition]) -> None:
    job = start_import(user=world.plan.owner, plans=[world.plan], goals=goals[1:])
    GoalDefinition.objects.filter(pk=goals[1].pk).update(status="retired")

    work_off_jobs()

    assert outcomes(job) == {world.plan.name: ("failed", "The library offers these goals no more.")}


def test_at_most_so_many_plans(world: World, goals: list[GoalDefinition]) -> None:
    with pytest.raises(ValidationError, match="At most 500 plans"):
        start_import(user=world.plan.owner, plans=[world.plan] * (MOST_PLANS + 1), goals=goals)
