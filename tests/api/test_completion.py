from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from kam.core.clock import company_today
from kam.users.models import User
from plans.enums import ActionPlanStatus, ObjectiveStatus, PlanStatus, TaskStatus
from plans.models import AccountPlan, Plan
from tests import factories
from tests.fixtures import ApiFor, Territories, World

URL = "/api/v1/dashboards/completion/"


@pytest.fixture
def work(world: World) -> Plan:
    """The plan of the account has an objective of each kind, and tasks of each kind under one of them."""
    today = company_today()
    late, soon = today - timedelta(days=1), today + timedelta(days=9)
    for status, day in (
        (ObjectiveStatus.IN_PROGRESS, soon),
        (ObjectiveStatus.NOT_STARTED, late),
        (ObjectiveStatus.ACHIEVED, late),
        (ObjectiveStatus.PARTIALLY_ACHIEVED, None),
        (ObjectiveStatus.NOT_ACHIEVED, None),
        (ObjectiveStatus.DEFERRED, late),
    ):
        objective = factories.create_objective(world.plan, status=status, target_date=day)
    action_plan = factories.create_action_plan(factories.create_work_objective(world.plan))
    for task_status, day in (
        (TaskStatus.OPEN, today),
        (TaskStatus.IN_PROGRESS, late),
        (TaskStatus.COMPLETED, late),
        (TaskStatus.SKIPPED, late),
    ):
        factories.create_task(action_plan, status=task_status, due_date=day)
    dropped = factories.create_action_plan(action_plan.objective, status=ActionPlanStatus.CANCELLED)
    factories.create_task(dropped, due_date=late)
    factories.create_task(factories.create_action_plan(objective), due_date=late)  # under the deferred one
    return world.plan


def numbers(row: dict[str, Any], kind: str) -> tuple[int, ...]:
    return tuple(row[kind][name] for name in ("total", "done", "open", "overdue", "not_achieved"))


def body_of(api: ApiFor, user: User, **query: str) -> Any:
    return api(user).get(URL, query).json()


def test_work_is_counted_by_what_became_of_it(
    work: Plan, world: World, manager: User, account_manager: User, api: ApiFor
) -> None:
    factories.create_objective(factories.create_plan(world.child, owner=manager))

    body = body_of(api, manager)

    row = next(row for row in body["results"] if row["id"] == str(work.pk))
    assert (numbers(row, "objectives"), numbers(row, "tasks")) == ((6, 2, 3, 1, 1), (3, 1, 2, 1, 0))
    assert (row["objectives"]["done_percent"], row["tasks"]["done_percent"]) == (33.3, 33.3)
    assert numbers(body["totals"], "objectives") == (7, 2, 4, 1, 1)
    by_owner = {row["owner"]["name"]: (row["plans"], numbers(row, "objectives")) for row in body["by_owner"]}
    assert by_owner == {str(account_manager): (2, (6, 2, 3, 1, 1)), str(manager): (1, (1, 0, 1, 0, 0))}
    assert sum(row["plans"] for row in body["by_plan_type"]) == body["totals"]["plans"] == body["count"] == 3


def test_plans_of_territories_count_where_they_are(
    work: Plan, manager: User, territories: Territories, api: ApiFor
) -> None:
    factories.create_objective(factories.create_territory_plan(territories.west, owner=manager))

    body = body_of(api, manager)

    assert [
        (row["territory"]["name"], row["plans"], row["objectives"]["total"]) for row in body["by_territory"]
    ] == [
        ("West", 3, 7),
        ("North", 2, 6),
    ]
    assert body_of(api, manager, territory=str(territories.north.pk))["totals"]["plans"] == 2


@pytest.mark.parametrize(
    ("concern", "names"),
    [
        ("without_objectives", {"Harbour Clinics next year", "Bare"}),
        ("never_activated", {"Harbour Clinics next year"}),
        ("overdue_objectives", {"Harbour Clinics this year"}),
        ("overdue_tasks", {"Harbour Clinics this year"}),
    ],
)
def test_concerns_narrow_the_list_alone(
    work: Plan, world: World, manager: User, api: ApiFor, concern: str, names: set[str]
) -> None:
    factories.create_plan(world.child, "Bare")
    factories.create_plan(world.child, "Over", status=PlanStatus.COMPLETED)
    factories.create_plan(
        world.child, "To come", status=PlanStatus.ACTIVE, start_date=company_today() + timedelta(days=5)
    )
    factories.create_objective(Plan.objects.unscoped("test").get(name="To come"))

    body = body_of(api, manager, concern=concern)

    assert {row["name"] for row in body["results"]} == names
    assert body["totals"]["plans"] == 5
    assert body["totals"].get(concern, len(names)) == len(names)


def test_a_confidential_plan_changes_nothing_that_others_see(
    work: Plan, world: World, cast: dict[str, User], api: ApiFor
) -> None:
    hidden = factories.create_work_objective(world.confidential, "Hidden")
    factories.create_task(factories.create_action_plan(hidden))
    readers = ("manager", "executive", "admin", "account_manager")
    before = {who: body_of(api, cast[who]) for who in readers}

    AccountPlan.objects.unscoped("test").filter(pk=world.confidential.pk).delete()

    assert before == {who: body_of(api, cast[who]) for who in readers}


@pytest.mark.parametrize(
    ("who", "plans"), [("viewer", 1), ("msl", 2), ("stranger", 1), ("executive", 2), ("integration", 0)]
)
def test_everybody_counts_the_plans_that_they_see(
    work: Plan, cast: dict[str, User], api: ApiFor, who: str, plans: int
) -> None:
    body = body_of(api, cast[who])

    assert (body["totals"]["plans"], body["count"]) == (plans, plans)


def test_completion_takes_the_same_statements_for_few_and_many(
    work: Plan, world: World, manager: User, api: ApiFor, statements: Any
) -> None:
    client = api(manager)
    client.get(URL)
    few = statements(lambda: client.get(URL))
    for _number in range(3):
        territory = factories.create_territory(parent=world.account.territory)
        account = factories.create_account(owner=factories.create_user(), territory=territory)
        objective = factories.create_work_objective(factories.create_plan(account))
        factories.create_task(factories.create_action_plan(objective))

    assert statements(lambda: client.get(URL)) == few <= 8
    assert body_of(api, manager)["totals"]["plans"] == 5
