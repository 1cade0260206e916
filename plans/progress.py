"""How far a plan is, at every level, and why (domain.md, Progress).

The tree of one plan is read in five statements and added up here, row by row. Lists of plans and
objectives use `plans.models.measuring`, which lets the database add up.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from plans import policies
from plans.enums import ActionPlanStatus, Meaning, ObjectiveStatus, ProgressMode, TaskStatus
from plans.models import (
    ActionPlan,
    ActionPlanItem,
    AssessmentTask,
    Objective,
    Plan,
    Strategy,
)

LOADED = "parts of a plan that was loaded through the gate"


class Level(StrEnum):
    PLAN = "account_plan"
    STRATEGY = "strategy"
    OBJECTIVE = "account_plan_objective"
    ACTION_PLAN = "action_plan"
    ITEM = "action_plan_item"
    TASK = "assessment_task"


class Reason(StrEnum):
    """Why a part does not count in what is above it."""

    CANCELLED = "cancelled"
    DEFERRED = "deferred"
    SKIPPED = "skipped"
    ZERO_WEIGHT = "zero_weight"
    NOTHING_TO_DO = "nothing_to_do"
    NOT_MEASURED = "not_measured"  # its objective is measured or entered, not added up from the work


REASONS = {
    Reason.CANCELLED: _("cancelled"),
    Reason.DEFERRED: _("deferred"),
    Reason.SKIPPED: _("skipped"),
    Reason.ZERO_WEIGHT: _("has no weight"),
    Reason.NOTHING_TO_DO: _("nothing to do in it"),
    Reason.NOT_MEASURED: _("the progress of this objective does not come from its work"),
}
ONE = Decimal(1)


@dataclass
class Node:
    """One part of the tree. `progress` is its own, 0…1; `left_out` says why it does not count above."""

    level: Level
    row: Any
    weight: Decimal
    progress: Decimal | None
    status: str = ""
    left_out: Reason | None = None
    mode: str = ""  # how an objective's progress is known
    share: Decimal | None = None  # of the whole it counts in, 0…1; of an objective that is the plan
    children: list[Node] = field(default_factory=list)

    @property
    def progress_percent(self) -> Decimal | None:
        return policies.as_percent(self.progress)

    @property
    def counts(self) -> bool:
        return self.left_out is None

    @property
    def why_left_out(self) -> str:
        return str(REASONS[self.left_out]) if self.left_out else ""

    def walk(self) -> Iterable[Node]:
        yield self
        for child in self.children:
            yield from child.walk()


def plan_progress(plan: Plan) -> Node:
    """The whole tree of a plan that was loaded through the gate: five statements, however large it is."""
    tasks = AssessmentTask.objects.unscoped(LOADED).filter(item__action_plan__objective__plan=plan)
    items = ActionPlanItem.objects.unscoped(LOADED).filter(action_plan__objective__plan=plan)
    action_plans = ActionPlan.objects.unscoped(LOADED).filter(objective__plan=plan)
    objectives = Objective.objects.unscoped(LOADED).filter(plan=plan)
    strategies = Strategy.objects.unscoped(LOADED).filter(plan=plan)
    return tree_of(
        plan,
        strategies=strategies,
        objectives=objectives,
        action_plans=action_plans,
        items=items,
        tasks=tasks,
    )


def tree_of(
    plan: Plan,
    *,
    strategies: QuerySet | Sequence[Strategy],
    objectives: QuerySet | Sequence[Objective],
    action_plans: QuerySet | Sequence[ActionPlan],
    items: QuerySet | Sequence[ActionPlanItem],
    tasks: QuerySet | Sequence[AssessmentTask],
) -> Node:
    """The tree of these rows, in their order. A page passes rows with what else it shows of them."""
    by_item = {task.item_id: task for task in tasks}
    for item in (items := list(items)):  # nobody has to ask for its task
        item._state.fields_cache["task"] = by_item.get(item.pk)
    in_action_plan = _grouped((_item_node(item, by_item.get(item.pk)) for item in items), "action_plan_id")
    in_objective = _grouped(
        (_action_plan_node(row, in_action_plan[row.pk]) for row in action_plans), "objective_id"
    )
    nodes = [_objective_node(row, in_objective[row.pk]) for row in objectives]
    in_strategy = _grouped(nodes, "strategy_id")
    branches = [_strategy_node(row, in_strategy[row.pk]) for row in strategies]
    root = Node(Level.PLAN, plan, ONE, None, plan.status, children=[*branches, *in_strategy[None]])
    root.progress = _added_up(nodes)  # over the objectives, whichever strategy they belong to
    return root


def _grouped(nodes: Iterable[Node], key: str) -> dict[Any, list[Node]]:
    groups: dict[Any, list[Node]] = defaultdict(list)
    for node in nodes:
        groups[getattr(node.row, key)].append(node)
    return groups


def _item_node(item: ActionPlanItem, task: AssessmentTask | None) -> Node:
    node = Node(Level.ITEM, item, item.weight, None)
    if task is None:
        node.left_out = Reason.NOTHING_TO_DO
        return node
    node.status, node.progress = task.status, task.progress
    if TaskStatus(task.status).meaning == Meaning.DROPPED:
        node.left_out = Reason.SKIPPED if task.status == TaskStatus.SKIPPED else Reason.CANCELLED
    elif not item.weight:
        node.left_out = Reason.ZERO_WEIGHT
    leaf = Node(Level.TASK, task, ONE, node.progress, task.status, node.left_out)
    if leaf.left_out == Reason.ZERO_WEIGHT:
        leaf.left_out = None  # it counts in its item; the item does not
    leaf.share = ONE if leaf.counts else None
    node.children = [leaf]
    return node


def _action_plan_node(row: ActionPlan, items: list[Node]) -> Node:
    node = Node(Level.ACTION_PLAN, row, row.weight, _added_up(items), row.status, children=items)
    if ActionPlanStatus(row.status).meaning == Meaning.DROPPED:
        node.left_out = Reason.CANCELLED
    else:
        node.left_out = _emptiness(node)
    return node


def _objective_node(row: Objective, action_plans: list[Node]) -> Node:
    by_work = row.progress_mode == ProgressMode.TASKS
    if by_work:
        row.work_progress = _added_up(action_plans)  # so that nobody asks the database for it
    else:
        for child in action_plans:
            child.left_out = child.left_out or Reason.NOT_MEASURED
    node = Node(
        Level.OBJECTIVE,
        row,
        row.weight,
        row.progress,
        row.status,
        mode=row.progress_mode,
        children=action_plans,
    )
    if row.status == ObjectiveStatus.CANCELLED:
        node.left_out = Reason.CANCELLED
    elif row.status == ObjectiveStatus.DEFERRED:
        node.left_out = Reason.DEFERRED
    else:
        node.left_out = _emptiness(node)
    return node


def _strategy_node(row: Strategy, objectives: list[Node]) -> Node:
    """It weighs what its counting objectives weigh together."""
    progress = policies.weighted_mean((node.weight, node.progress) for node in objectives if node.counts)
    weight = sum((node.weight for node in objectives if node.counts), Decimal(0))
    node = Node(Level.STRATEGY, row, weight, progress, children=objectives)
    node.left_out = Reason.NOTHING_TO_DO if progress is None else None
    return node


def _emptiness(node: Node) -> Reason | None:
    if not node.weight:
        return Reason.ZERO_WEIGHT
    return Reason.NOTHING_TO_DO if node.progress is None else None


def _added_up(nodes: Sequence[Node]) -> Decimal | None:
    """Their weighted mean; each learns its share."""
    counted = [node for node in nodes if node.counts]
    total = sum((node.weight for node in counted), Decimal(0))
    for node in counted:
        node.share = node.weight / total
    return policies.weighted_mean((node.weight, node.progress) for node in counted)
