"""What the work page shows of one plan: its progress tree, with what the reader may do at each task."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest

from kam.core.clock import company_today
from kam.users.models import User
from plans.enums import Meaning
from plans.models import (
    AccountPlanParticipant,
    ActionPlan,
    ActionPlanItem,
    AssessmentTask,
    Objective,
    Plan,
    Strategy,
)
from plans.operations.work import waiting_for
from plans.progress import Level, Node, tree_of

LOADED = "parts of a plan that was loaded through the gate"
INLINE = 60  # as many tasks stand in the page at once; of more, each action plan loads its own when opened
NAMES = ("first_name", "last_name", "username")


@dataclass(frozen=True)
class Wanted:
    """Which tasks the reader asked to see."""

    user: User
    today: date
    is_mine: bool = False
    state: str = ""

    @classmethod
    def of(cls, request: HttpRequest) -> Wanted:
        state = request.GET.get("state", "")
        return cls(
            user=request.user,
            today=company_today(),
            is_mine=request.GET.get("mine") == "true",
            state=state if state in {"open", "overdue"} else "",
        )

    @property
    def is_everything(self) -> bool:
        return not self.is_mine and not self.state

    def includes(self, task: AssessmentTask) -> bool:
        if self.is_mine and task.assignee_id != self.user.pk:
            return False
        if self.state == "overdue":
            return bool(task.meaning == Meaning.OPEN and task.due_date and task.due_date < self.today)
        return not self.state or task.meaning == Meaning.OPEN


@dataclass
class Counts:
    """Tasks under a part of the plan."""

    total: int = 0  # without those that were dropped
    done: int = 0
    overdue: int = 0
    shown: int = 0

    def add(self, other: Counts) -> None:
        self.total += other.total
        self.done += other.done
        self.overdue += other.overdue
        self.shown += other.shown


@dataclass
class Tree:
    root: Node
    plan: Plan
    wanted: Wanted
    may_change: bool
    opened: frozenset[str] = field(default_factory=frozenset)

    @cached_property
    def by_pk(self) -> dict[Any, Node]:
        return {node.row.pk: node for node in self.root.walk()}

    @property
    def counts(self) -> Counts:
        return self.root.row.counts

    @property
    def is_inline(self) -> bool:
        return self.counts.shown <= INLINE

    @property
    def strategies(self) -> list[Node]:
        return [node for node in self.root.children if node.level == Level.STRATEGY and self.shows(node)]

    @property
    def objectives(self) -> list[Node]:
        """Those without a strategy."""
        return [node for node in self.root.children if node.level == Level.OBJECTIVE and self.shows(node)]

    def shows(self, node: Node) -> bool:
        return self.wanted.is_everything or bool(node.row.counts.shown)

    def nodes_above(self, action_plan: ActionPlan) -> list[Node]:
        """The action plan and what it counts in, up to the plan."""
        node = self.by_pk[action_plan.pk]
        objective = self.by_pk[action_plan.objective_id]
        strategy = self.by_pk.get(objective.row.strategy_id)
        return [found for found in (node, objective, strategy, self.root) if found is not None]


def with_participants(plans: QuerySet) -> QuerySet:
    """A plan with its frame, and with what the rules ask about it at every task."""
    return participants_at("", plans.select_related("account", "plan_type", "owner"))


def participants_at(path: str, rows: QuerySet) -> QuerySet:
    """Rows whose plan, at `path`, knows its participants."""
    people = AccountPlanParticipant.objects.unscoped(LOADED).only("plan_id", "access", "user_id")
    return rows.prefetch_related(Prefetch(f"{path}participants", people))


def load_tree(plan: Plan, wanted: Wanted, *, opened: Iterable[str] = ()) -> Tree:
    """The whole tree in five statements. `opened`: ids of action plans whose tasks stand in the page."""
    user = wanted.user
    owners = [f"owner__{name}" for name in NAMES]
    objectives = Objective.objects.unscoped(LOADED).filter(plan=plan).select_related("owner")
    action_plans = ActionPlan.objects.unscoped(LOADED).filter(objective__plan=plan).select_related("owner")
    root = tree_of(
        plan,
        strategies=Strategy.objects.unscoped(LOADED).filter(plan=plan),
        objectives=objectives.defer("approach", "owner_comments", "manager_comments", "lessons_learned"),
        action_plans=action_plans.only(
            *("objective_id", "name", "owner_id", "start_date", "due_date", "status", "weight", "version"),
            *owners,
        ),
        items=items_under(plan_path="action_plan__objective__plan", row=plan),
        tasks=tasks_under(plan_path="item__action_plan__objective__plan", row=plan),
    )
    may_change = user.has_perm("plans.change_accountplan", plan)
    tree = Tree(root, plan, wanted, may_change, frozenset(opened))
    _prepare(tree)
    return tree


def items_under(*, plan_path: str, row: Any) -> QuerySet:
    items = ActionPlanItem.objects.unscoped(LOADED).filter(**{plan_path: row})
    return items.only("action_plan_id", "order", "is_required", "weight", "prerequisite_id", "version")


def tasks_under(*, plan_path: str, row: Any) -> QuerySet:
    tasks = AssessmentTask.objects.unscoped(LOADED).filter(**{plan_path: row}).select_related("assignee")
    return tasks.only(
        *("item_id", "kind", "name", "assignee_id", "start_date", "due_date", "priority", "status"),
        *("target_quantity", "quantity_done", "version"),
        *(f"assignee__{name}" for name in NAMES),
    ).order_by()


def _prepare(tree: Tree) -> None:
    """Tie the rows together, so that no rule has to ask for the way up, and count the tasks."""
    items = {node.row.pk: node.row for node in tree.root.walk() if node.level == Level.ITEM}
    for strategy in tree.root.children:
        strategy.row.counts = Counts()
        objectives = strategy.children if strategy.level == Level.STRATEGY else [strategy]
        for objective in objectives:
            objective.row.plan = tree.plan
            objective.row.counts = Counts()
            for action_plan in objective.children:
                action_plan.row.objective = objective.row
                _prepare_action_plan(action_plan, items, tree)
                objective.row.counts.add(action_plan.row.counts)
            if strategy is not objective:
                strategy.row.counts.add(objective.row.counts)
    tree.plan.counts = Counts()  # type: ignore[attr-defined]
    for part in tree.root.children:
        tree.plan.counts.add(part.row.counts)  # type: ignore[attr-defined]
    for node in tree.by_pk.values():
        if node.level == Level.ACTION_PLAN:
            is_opened = str(node.row.pk) in tree.opened
            node.row.is_loaded = is_opened or tree.is_inline
            node.row.is_open = is_opened or (node.row.is_loaded and node.status in {"open", "in_progress"})


def _prepare_action_plan(node: Node, items: dict[Any, ActionPlanItem], tree: Tree) -> None:
    counts = node.row.counts = Counts()
    rows = []
    for child in node.children:
        child.row.action_plan = node.row
        if child.row.prerequisite_id in items:
            child.row.prerequisite = items[child.row.prerequisite_id]
        task = child.row.known_task
        if task is None:
            continue
        task.item = child.row
        counts.total += task.meaning != Meaning.DROPPED
        counts.done += task.meaning == Meaning.DONE
        counts.overdue += task.is_overdue
        if tree.wanted.includes(task):
            rows.append(task)
    counts.shown = len(rows)
    node.row.shown_tasks = with_rights(rows, tree.wanted.user, tree.may_change)


def with_rights(tasks: list[AssessmentTask], user: User, may_change: bool) -> list[AssessmentTask]:
    """Tasks that know what the reader may do with them, and what they wait for."""
    for place, task in enumerate(tasks):
        task.may_change = may_change  # type: ignore[attr-defined]
        task.may_complete = may_change or (  # type: ignore[attr-defined]
            task.assignee_id == user.pk and user.has_perm("plans.complete_assessmenttask", task)
        )
        task.waits_for = waiting_for(task.item)  # type: ignore[attr-defined]
        task.is_first, task.is_last = place == 0, place == len(tasks) - 1  # type: ignore[attr-defined]
    return tasks


def load_action_plan(action_plan: ActionPlan, wanted: Wanted, *, may_change: bool) -> ActionPlan:
    """One action plan of a loaded plan, with its tasks, in two statements."""
    items = {item.pk: item for item in items_under(plan_path="action_plan", row=action_plan)}
    by_item = {task.item_id: task for task in tasks_under(plan_path="item__action_plan", row=action_plan)}
    for item in items.values():
        item._state.fields_cache["task"] = by_item.get(item.pk)
    rows = []
    for item in items.values():
        item.action_plan = action_plan
        if item.prerequisite_id in items:
            item.prerequisite = items[item.prerequisite_id]
        task = item.known_task
        if task is not None:
            task.item = item
            if wanted.includes(task):
                rows.append(task)
    action_plan.shown_tasks = with_rights(rows, wanted.user, may_change)  # type: ignore[attr-defined]
    return action_plan
