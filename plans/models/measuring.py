"""How far the work under objectives is, for many of them at once: two statements, however much work there is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.apps import apps
from django.db.models import Case, F, Q, QuerySet, When

from kam.core.aggregates import ExactSum
from plans import policies
from plans.enums import ActionPlanStatus, Meaning, TaskStatus

PLACES = 3  # of weights
NOTHING = Decimal(0)
COMPLETED = [status for status in TaskStatus if status.meaning == Meaning.DONE]
COUNTED = [status for status in TaskStatus if status.meaning != Meaning.DROPPED]
UNDER_WAY = [status for status in TaskStatus if status.meaning == Meaning.OPEN]
DROPPED_PLANS = [status for status in ActionPlanStatus if status.meaning == Meaning.DROPPED]


@dataclass
class Work:
    """What the items of one action plan come to. `weight` is the action plan's own."""

    objective_id: Any
    weight: Decimal
    is_dropped: bool
    total: Decimal = NOTHING
    achieved: Decimal = NOTHING

    @property
    def progress(self) -> Decimal | None:
        """Σ weight × progress ÷ Σ weight over the items that count; None where there are none."""
        return self.achieved / self.total if self.total else None


def weight_of(statuses: list[TaskStatus]) -> ExactSum:
    counted = When(items__task__status__in=statuses, then=F("items__weight"))
    return ExactSum(Case(counted), places=PLACES)


def work_of(action_plans: QuerySet) -> dict[Any, Work]:
    """By action plan. The queryset only selects: no column of it is read."""
    plans = apps.get_model("plans", "ActionPlan")._base_manager.filter(pk__in=action_plans.values("pk"))
    rows = plans.values_list("pk", "objective_id", "weight", "status").annotate(
        total=weight_of(COUNTED), achieved=weight_of(COMPLETED)
    )
    found = {
        pk: Work(objective_id, weight, status in DROPPED_PLANS, total or NOTHING, achieved or NOTHING)
        for pk, objective_id, weight, status, total, achieved in rows.order_by()
    }
    tasks = apps.get_model("plans", "AssessmentTask")._base_manager.filter(
        Q(quantity_done__gt=0, target_quantity__gt=0, item__weight__gt=0, status__in=UNDER_WAY),
        item__action_plan__in=action_plans.values("pk"),
    )
    columns = ("item__action_plan", "item__weight", "status", "quantity_done", "target_quantity")
    for pk, weight, status, done, target in tasks.values_list(*columns):
        if pk in found:
            share = policies.task_progress(status=status, quantity_done=done, target_quantity=target)
            found[pk].achieved += weight * (share or NOTHING)
    return found


def work_under(objective_ids: Iterable[Any]) -> dict[Any, Decimal | None]:
    """By objective: the weighted mean over its action plans that are not cancelled."""
    ids = list(objective_ids)
    action_plans = apps.get_model("plans", "ActionPlan")._base_manager.filter(objective__in=ids)
    parts: dict[Any, list[tuple[Decimal, Decimal | None]]] = {pk: [] for pk in ids}
    for work in work_of(action_plans).values():
        if not work.is_dropped:
            parts[work.objective_id].append((work.weight, work.progress))
    return {pk: policies.weighted_mean(works) for pk, works in parts.items()}
