"""Action plans: added at the end of their objective, dropped and taken up again."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Max

from plans import policies
from plans.enums import ActionPlanStatus
from plans.models import ActionPlan
from plans.operations.places import place_action_plan

CALLER = "the caller loaded it through the gate"


@transaction.atomic
def add_action_plan(action_plan: ActionPlan) -> ActionPlan:
    """Save a new, checked action plan; without a place it comes last."""
    if not action_plan.order:
        siblings = ActionPlan.objects.unscoped(CALLER).filter(objective=action_plan.objective_id)
        action_plan.order = (siblings.aggregate(last=Max("order"))["last"] or 0) + 1
    action_plan.save()
    return action_plan


@transaction.atomic
def save_action_plan(action_plan: ActionPlan, *, is_cancelled: bool) -> ActionPlan:
    """Save a checked, changed action plan. Taken up again, it stands where its tasks stand."""
    if is_cancelled:
        action_plan.status = ActionPlanStatus.CANCELLED
    elif action_plan.status == ActionPlanStatus.CANCELLED:
        items = action_plan.items.unscoped(CALLER).filter(task__isnull=False)
        action_plan.status = policies.status_of_work(
            ActionPlanStatus.OPEN, items.values_list("task__status", flat=True)
        )
    action_plan.save()
    return action_plan


def move_action_plan(*, action_plan: ActionPlan, up: bool) -> ActionPlan:
    """One place up or down under its objective; the first and the last stay where they are."""
    siblings = ActionPlan.objects.unscoped(CALLER).filter(objective=action_plan.objective_id)
    order = list(siblings.order_by("order", "created_at", "id").values_list("pk", flat=True))
    position = max(order.index(action_plan.pk) + (-1 if up else 1), 0)
    return place_action_plan(action_plan=action_plan, objective=action_plan.objective, position=position)
