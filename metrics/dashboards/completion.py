"""How far the work of plans is: objectives and tasks by owner, territory and type of the plan.

Objectives and tasks that were cancelled, deferred or skipped are left out, and so are the tasks under
them. What is open and late stands apart from what is open.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import BooleanField, Case, Count, Exists, F, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce

from kam.users.models import User
from metrics.dashboards.groups import Counts, Group, by_name, by_territory, summed
from metrics.enums import PlanConcern
from metrics.policies import percent_of
from plans.enums import ActionPlanStatus, Meaning, ObjectiveStatus, PlanStatus, TaskStatus
from plans.models import AssessmentTask, Objective, Plan
from plans.models.plans import OVER
from plans.policies import LEFT_OUT

WHY = "counts of plans that came through the gate"
OF_A_TASK = "item__action_plan__objective__"
WORK = ("done", "open", "overdue", "missed")
OPEN_OBJECTIVE = (ObjectiveStatus.NOT_STARTED, ObjectiveStatus.IN_PROGRESS)
OPEN_TASK = tuple(status for status in TaskStatus if status.meaning == Meaning.OPEN)
NAMES = ("first_name", "last_name", "username")
DONE_OBJECTIVE = (ObjectiveStatus.ACHIEVED, ObjectiveStatus.PARTIALLY_ACHIEVED)


def plans_of(user: User) -> QuerySet:
    """Plans of both kinds that the user may see."""
    return Plan.objects.visible_to(user)


# --- What is asked of the database ------------------------------------------------------------
def objectives() -> QuerySet:
    return Objective.objects.unscoped(WHY).exclude(status__in=LEFT_OUT).order_by()


def tasks() -> QuerySet:
    rows = AssessmentTask.objects.unscoped(WHY).filter(
        status__in=[status for status in TaskStatus if status.meaning != Meaning.DROPPED]
    )
    return rows.exclude(
        Q(item__action_plan__status=ActionPlanStatus.CANCELLED) | Q(**{f"{OF_A_TASK}status__in": LEFT_OUT})
    ).order_by()


def late_objective(today: date) -> Q:
    return Q(status__in=OPEN_OBJECTIVE, target_date__lt=today)


def late_task(today: date) -> Q:
    return Q(status__in=OPEN_TASK, due_date__lt=today)


def concerns(today: date) -> dict[str, Any]:
    """By concern, which plans have it."""
    of_plan = {"objective": {"plan": OuterRef("pk")}, "task": {f"{OF_A_TASK}plan": OuterRef("pk")}}
    whatever = Objective.objects.unscoped(WHY).filter(plan=OuterRef("pk"))
    return {
        PlanConcern.WITHOUT_OBJECTIVES: ~Q(status__in=OVER) & ~Exists(whatever),
        PlanConcern.NEVER_ACTIVATED: Q(status=PlanStatus.DRAFT, start_date__lte=today),
        PlanConcern.OVERDUE_OBJECTIVES: Exists(
            objectives().filter(late_objective(today), **of_plan["objective"])
        ),
        PlanConcern.OVERDUE_TASKS: Exists(tasks().filter(late_task(today), **of_plan["task"])),
    }


def place(path: str = "") -> Coalesce:
    """The territory of a plan: its own, or that of its account."""
    return Coalesce(F(f"{path}territory_id"), F(f"{path}account__territory_id"))


def _work(plans: Any, keys: Sequence[str], today: date) -> Iterable[tuple[tuple[Any, ...], Counts]]:
    """Objectives and tasks of these plans (a subquery, or ids), by keys of the plan: one statement."""
    statements = []
    for name, rows, path, done, still_open, late, missed in (
        (
            "objective",
            objectives(),
            "plan",
            Q(status__in=DONE_OBJECTIVE),
            Q(status__in=OPEN_OBJECTIVE),
            late_objective(today),
            Q(status=ObjectiveStatus.NOT_ACHIEVED),
        ),
        (
            "task",
            tasks(),
            f"{OF_A_TASK}plan",
            Q(status=TaskStatus.COMPLETED),
            Q(status__in=OPEN_TASK),
            late_task(today),
            Q(pk=None),
        ),
    ):
        grouped = rows.filter(**{f"{path}__in": plans}).values_list(
            Value(name), *[place(f"{path}__") if key == "place" else F(f"{path}__{key}") for key in keys]
        )
        statements.append(
            grouped.annotate(
                done=Count("pk", filter=done),
                open=Count("pk", filter=still_open),
                overdue=Count("pk", filter=late),
                missed=Count("pk", filter=missed),
            )
        )
    for row in statements[0].union(statements[1], all=True):
        kind, found, (done, still_open, late, missed) = row[0], row[1:-4], row[-4:]
        counted = (done, still_open - late, late, missed)
        yield (
            found,
            Counter({f"{kind}_{name}": count for name, count in zip(WORK, counted, strict=True) if count}),
        )


# --- Answers ----------------------------------------------------------------------------------
@dataclass(frozen=True)
class Completion:
    total: Counts
    by_owner: list[Group]
    by_territory: list[Group]
    by_plan_type: list[Group]


def completion_of(plans: QuerySet, *, today: date) -> Completion:
    """How far these plans are: three statements, whatever their number."""
    plans = plans.order_by().select_related(None)
    found = concerns(today)
    columns = ("owner_id", "plan_type_id", "plan_type__name", *(f"owner__{name}" for name in NAMES))
    rows = plans.annotate(
        place=place(), is_bare=_as_condition(found[PlanConcern.WITHOUT_OBJECTIVES])
    ).values_list("place", *columns)
    rows = rows.annotate(
        plans=Count("pk"),
        bare=Count("pk", filter=Q(is_bare=True)),
        never=Count("pk", filter=found[PlanConcern.NEVER_ACTIVATED]),
    )
    counted: list[tuple[tuple[Any, ...], Counts]] = []
    owners: dict[UUID, str] = {}
    types: dict[UUID, str] = {}
    for where, owner, kind, kind_name, *names, in_all, bare, never in rows:
        owners[owner], types[kind] = called(*names), kind_name
        numbers = {
            "plans": in_all,
            PlanConcern.WITHOUT_OBJECTIVES: bare,
            PlanConcern.NEVER_ACTIVATED: never,
        }
        counted.append(
            ((where, owner, kind), Counter({name: count for name, count in numbers.items() if count}))
        )
    counted += _work(plans.values("pk"), ("place", "owner_id", "plan_type_id"), today)
    return Completion(
        total=sum((counts for _key, counts in counted), Counter()),
        by_territory=by_territory(summed((key[0], counts) for key, counts in counted)),
        by_owner=by_name(summed((key[1], counts) for key, counts in counted), owners),
        by_plan_type=by_name(summed((key[2], counts) for key, counts in counted), types),
    )


def called(first: str, last: str, username: str) -> str:
    """As `str(user)` says it."""
    return f"{first} {last}".strip() or username


def _as_condition(condition: Any) -> Any:
    return Case(When(condition, then=Value(True)), default=Value(False), output_field=BooleanField())


def work_of_plans(ids: Sequence[UUID], *, today: date) -> dict[UUID, Counts]:
    """By plan, for the rows of a list: one statement."""
    return summed((key[0], counts) for key, counts in _work(ids, ("pk",), today)) if ids else {}


def work_percent(counts: Counts, kind: str) -> Decimal | None:
    """What is done of all objectives, or of all tasks; None where there are none."""
    return percent_of(
        Decimal(counts[f"{kind}_done"]), Decimal(sum(counts[f"{kind}_{name}"] for name in WORK))
    )
