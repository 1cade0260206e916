"""Where things stand: items in an action plan, action plans under an objective."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from plans.models import ActionPlan, ActionPlanItem, Objective

CALLER = "the caller loaded it through the gate"


@transaction.atomic
def place_item(*, item: ActionPlanItem, action_plan: ActionPlan, position: int) -> ActionPlanItem:
    """Put the item at this place (0: first) of an action plan of the same plan; its siblings make room.

    Moved to another action plan, it no longer waits for what it left behind, nor that for it.
    """
    rows = ActionPlanItem.objects.unscoped(CALLER)
    list(ActionPlan.objects.unscoped(CALLER).select_for_update().filter(pk=action_plan.pk))  # one at a time
    item = rows.select_related("action_plan__objective", "task").get(pk=item.pk)
    if item.action_plan_id != action_plan.pk:
        if item.action_plan.objective.plan_id != action_plan.objective.plan_id:
            raise ValidationError({"action_plan": _("The action plan belongs to another plan.")})
        item.prerequisite = None
        item.action_plan = action_plan
        item.save()
        rows.filter(prerequisite=item.pk).update(prerequisite=None)
    siblings = rows.filter(action_plan=action_plan.pk).select_related("action_plan__objective", "task")
    _number(siblings, item, position)
    return item


def move_item(*, item: ActionPlanItem, up: bool) -> ActionPlanItem:
    """One place up or down; the first and the last stay where they are."""
    siblings = ActionPlanItem.objects.unscoped(CALLER).filter(action_plan=item.action_plan_id)
    order = list(siblings.order_by("order", "created_at", "id").values_list("pk", flat=True))
    position = max(order.index(item.pk) + (-1 if up else 1), 0)
    return place_item(item=item, action_plan=item.action_plan, position=position)


@transaction.atomic
def place_action_plan(*, action_plan: ActionPlan, objective: Objective, position: int) -> ActionPlan:
    """Put the action plan at this place (0: first) under an objective of the same plan."""
    rows = ActionPlan.objects.unscoped(CALLER).select_related("objective")
    list(Objective.objects.unscoped(CALLER).select_for_update().filter(pk=objective.pk))
    action_plan = rows.get(pk=action_plan.pk)
    if action_plan.objective_id != objective.pk:
        if action_plan.objective.plan_id != objective.plan_id:
            raise ValidationError({"objective": _("The objective belongs to another plan.")})
        action_plan.objective = objective
        action_plan.save()
    _number(rows.filter(objective=objective.pk), action_plan, position)
    return action_plan


def _number(siblings: Any, moved: Any, position: int) -> None:
    """Number the rows 1, 2, 3 with `moved` at `position`; writes those only whose number changes."""
    rows = list(siblings.order_by("order", "created_at", "id"))
    ordered = [row for row in rows if row.pk != moved.pk]
    ordered.insert(max(position, 0), next(row for row in rows if row.pk == moved.pk))
    for number, row in enumerate(ordered, 1):
        row.order = number
    type(moved).objects.unscoped(CALLER).bulk_update(ordered, ["order"])
    moved.refresh_from_db()
