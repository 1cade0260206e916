"""Progress, at every level, against a second way to compute it: fractions over plain trees."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from itertools import count
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from plans.enums import ActionPlanStatus, ObjectiveStatus, ProgressMode, TaskStatus
from plans.models import (
    AccountPlan,
    AccountPlanObjective,
    ActionPlan,
    ActionPlanItem,
    AssessmentTask,
    Strategy,
)
from plans.progress import Level, Node, Reason, plan_progress
from tests import factories
from tests.fixtures import World

# --- A tree as plain values, and its progress by the book (domain.md, Progress) ----------------
WEIGHTS = st.sampled_from([0, 1, 1, 2, 3, 7])


@dataclass
class Task:
    status: str
    done: int = 0
    target: int | None = None


@dataclass
class Part:
    """An item (with one task or none), an action plan or an objective."""

    weight: int
    status: str = ""
    mode: str = ProgressMode.TASKS
    parts: list[Any] = field(default_factory=list)
    strategy: int | None = None


def of_task(task: Task) -> Fraction | None:
    if task.status in {"skipped", "cancelled"}:
        return None
    if task.status == "completed":
        return Fraction(1)
    return min(Fraction(task.done, task.target), Fraction(1)) if task.target else Fraction(0)


def mean(parts: list[tuple[int, Fraction | None]]) -> Fraction | None:
    counted = [(weight, share) for weight, share in parts if weight and share is not None]
    total = sum(weight for weight, _share in counted)
    return sum((weight * share for weight, share in counted), Fraction(0)) / total if total else None


def of_action_plan(action_plan: Part) -> Fraction | None:
    return mean([(item.weight, of_task(item.parts[0]) if item.parts else None) for item in action_plan.parts])


def of_objective(objective: Part) -> Fraction | None:
    if objective.mode == ProgressMode.MANUAL:
        return Fraction(1, 4)
    if objective.mode == ProgressMode.MEASURE:
        return Fraction(2, 3)
    live = [part for part in objective.parts if part.status != "cancelled"]
    return mean([(part.weight, of_action_plan(part)) for part in live])


def of_objectives(objectives: list[Part]) -> Fraction | None:
    live = [part for part in objectives if part.status not in {"cancelled", "deferred"}]
    return mean([(part.weight, of_objective(part)) for part in live])


def percent(share: Fraction | None) -> Decimal | None:
    if share is None:
        return None
    tenths = share * 1000
    return Decimal(int(tenths + Fraction(1, 2))).scaleb(-1)


TASKS = st.builds(
    Task,
    status=st.sampled_from([status.value for status in TaskStatus]),
    done=st.integers(0, 9),
    target=st.sampled_from([None, 3, 6, 7]),
)
ITEMS = st.builds(Part, weight=WEIGHTS, parts=st.lists(TASKS, max_size=1))
ACTION_PLANS = st.builds(
    Part,
    weight=WEIGHTS,
    status=st.sampled_from(["open", "in_progress", "completed", "cancelled"]),
    parts=st.lists(ITEMS, max_size=4),
)
OBJECTIVES = st.builds(
    Part,
    weight=WEIGHTS,
    status=st.sampled_from(["in_progress", "in_progress", "achieved", "deferred", "cancelled"]),
    mode=st.sampled_from([ProgressMode.TASKS] * 4 + [ProgressMode.MANUAL, ProgressMode.MEASURE]),
    parts=st.lists(ACTION_PLANS, max_size=3),
    strategy=st.sampled_from([None, 0, 1]),
)


def build(plan: AccountPlan, tree: list[Part]) -> dict[Any, Part]:
    """The tree in the database, by bulk: which part each objective, action plan and strategy is."""
    strategies = [Strategy(plan=plan, name=f"S{number}", order=number) for number in range(2)]
    Strategy.objects.bulk_create(strategies)
    rows: dict[type, list[Any]] = {
        model: [] for model in (AccountPlanObjective, ActionPlan, ActionPlanItem, AssessmentTask)
    }
    made: dict[Any, Part] = {}
    order = count(1)
    for part in tree:
        objective = AccountPlanObjective(plan=plan, owner=plan.owner, name="O", weight=Decimal(part.weight))
        objective.status, objective.progress_mode, objective.order = part.status, part.mode, next(order)
        objective.strategy = None if part.strategy is None else strategies[part.strategy]
        objective.manual_progress = Decimal(25)
        objective.baseline, objective.current, objective.target = Decimal(1), Decimal(3), Decimal(4)
        rows[AccountPlanObjective].append(objective)
        made[objective.pk] = part
        for below in part.parts:
            action_plan = ActionPlan(objective=objective, owner=plan.owner, name="A", status=below.status)
            action_plan.weight = Decimal(below.weight)
            rows[ActionPlan].append(action_plan)
            made[action_plan.pk] = below
            for place in below.parts:
                item = ActionPlanItem(action_plan=action_plan, weight=Decimal(place.weight))
                item._state.fields_cache["task"] = None
                rows[ActionPlanItem].append(item)
                rows[AssessmentTask] += [task_row(item, task, plan) for task in place.parts]
    for model, created in rows.items():
        model.objects.bulk_create(created)
    for number, strategy in enumerate(strategies):
        made[strategy.pk] = Part(1, parts=[part for part in tree if part.strategy == number])
    return made


def task_row(item: ActionPlanItem, task: Task, plan: AccountPlan) -> AssessmentTask:
    row = AssessmentTask(item=item, name="T", assignee=plan.owner, status=task.status)
    row.quantity_done = Decimal(task.done)
    row.target_quantity = None if task.target is None else Decimal(task.target)
    row.completed_at = plan.created_at if task.status == TaskStatus.COMPLETED else None
    return row


@pytest.mark.django_db
@given(tree=st.lists(OBJECTIVES, max_size=4))
@settings(deadline=None)
def test_progress_equals_a_second_way_to_compute_it(tree: list[Part]) -> None:
    plan = factories.create_plan()
    made = build(plan, tree)

    root = plan_progress(plan)

    for node in root.walk():
        if node.level == Level.OBJECTIVE:
            assert node.progress_percent == percent(of_objective(made[node.row.pk]))
        elif node.level == Level.ACTION_PLAN:
            assert node.progress_percent == percent(of_action_plan(made[node.row.pk]))
        elif node.level == Level.STRATEGY:
            assert node.progress_percent == percent(of_objectives(made[node.row.pk].parts))
    assert root.progress_percent == percent(of_objectives(tree))
    # The lists of many plans let the database add up: the same.
    assert plan.percent_complete == root.progress_percent
    listed = AccountPlanObjective.objects.unscoped("test").filter(plan=plan).with_work()
    assert {row.pk: row.progress_percent for row in listed} == {
        node.row.pk: node.progress_percent for node in root.walk() if node.level == Level.OBJECTIVE
    }
    check_why(root)


def check_why(root: Node) -> None:
    """What counts is said to count, with shares that come to one; the rest says why not."""
    for node in root.walk():
        shares = [child.share for child in node.children if child.counts]
        if node.level in {Level.ACTION_PLAN, Level.OBJECTIVE} and shares:
            assert sum(shares) == pytest.approx(1)
        for child in node.children:
            assert (child.left_out is None) == (child.share is not None) or child.level == Level.STRATEGY
    objectives = [node for node in root.walk() if node.level == Level.OBJECTIVE and node.counts]
    if objectives:
        assert sum(node.share for node in objectives) == pytest.approx(1)


def test_what_is_left_out_says_why(world: World) -> None:
    objective = factories.create_work_objective(world.plan)
    action_plan = factories.create_action_plan(objective)
    factories.create_task(action_plan, status="completed", weight=3)
    factories.create_task(action_plan, target_quantity=4, quantity_done=2)
    factories.create_task(action_plan, status="skipped")
    factories.create_task(action_plan, status="cancelled")
    factories.create_task(action_plan, weight=0)
    ActionPlanItem.objects.create(action_plan=action_plan, order=6)
    factories.create_action_plan(objective, status=ActionPlanStatus.CANCELLED)
    factories.create_action_plan(objective)
    for status in (ObjectiveStatus.DEFERRED, ObjectiveStatus.CANCELLED):
        factories.create_objective(world.plan, status=status, manual_progress=90)

    root = plan_progress(world.plan)
    first, *others = root.children

    assert (root.progress_percent, first.progress_percent) == (Decimal("87.5"), Decimal("87.5"))
    items = first.children[0].children
    assert [(item.left_out, item.share) for item in items] == [
        (None, Decimal("0.75")),
        (None, Decimal("0.25")),
        (Reason.SKIPPED, None),
        (Reason.CANCELLED, None),
        (Reason.ZERO_WEIGHT, None),
        (Reason.NOTHING_TO_DO, None),
    ]
    assert [child.left_out for child in first.children] == [None, Reason.CANCELLED, Reason.NOTHING_TO_DO]
    assert [node.left_out for node in others] == [Reason.DEFERRED, Reason.CANCELLED]
    assert others[0].why_left_out == "deferred"


def test_plan_with_nothing_to_do_has_no_progress(world: World) -> None:
    action_plan = factories.create_action_plan(factories.create_work_objective(world.plan))
    factories.create_task(action_plan, status="cancelled")

    assert (plan_progress(world.plan).progress, world.plan.percent_complete) == (None, None)


def test_work_under_a_measured_objective_is_shown_and_does_not_count(world: World) -> None:
    objective = factories.create_objective(world.plan, manual_progress=40)
    factories.create_task(factories.create_action_plan(objective), status="completed")

    (node,) = plan_progress(world.plan).children

    assert (node.progress_percent, node.children[0].progress_percent) == (Decimal(40), Decimal(100))
    assert node.children[0].left_out == Reason.NOT_MEASURED


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        (plan_progress, 5),
        (lambda plan: list(AccountPlanObjective.objects.unscoped("test").filter(plan=plan).with_work()), 3),
    ],
    ids=["tree", "list"],
)
def test_statements_do_not_depend_on_the_size_of_the_tree(
    world: World, read: Callable[[AccountPlan], Any], expected: int
) -> None:
    counts = []
    for _size in range(2):
        for _number in range(3):
            objective = factories.create_work_objective(world.plan)
            for _below in range(2):
                action_plan = factories.create_action_plan(objective)
                factories.create_task(action_plan, target_quantity=3, quantity_done=1)
        with CaptureQueriesContext(connection) as captured:
            read(world.plan)
        counts.append(len(captured))

    assert counts == [expected, expected]
