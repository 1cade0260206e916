from __future__ import annotations

from datetime import date
from decimal import Decimal

from crm.models import ActivityType
from kam.users.models import User
from plans import operations
from plans.enums import ActionPlanStatus, ItemKind, Priority, ProgressMode, TaskStatus
from plans.models import ActionPlan, ActionPlanItem, AssessmentTask, Objective, Plan
from templates_app.models import ActionPlanTemplateItem, ActionPlanTemplateVersion
from tests.factories.crm import Number
from tests.factories.plans import create_objective
from tests.factories.sequence import numbered


def create_work_objective(plan: Plan, name: str = "", *, weight: Number = 1) -> Objective:
    """An objective whose progress comes from its action plans."""
    objective = create_objective(plan, name, weight=weight)
    objective.progress_mode = ProgressMode.TASKS
    objective.save()
    return objective


def create_action_plan(
    objective: Objective,
    name: str = "",
    *,
    owner: User | None = None,
    status: str = ActionPlanStatus.OPEN,
    weight: Number = 1,
    order: int = 0,
    start_date: date | None = None,
    due_date: date | None = None,
    template_version: ActionPlanTemplateVersion | None = None,
) -> ActionPlan:
    return ActionPlan.objects.create(
        objective=objective,
        name=name or numbered("Action plan"),
        owner=owner or objective.owner,
        status=status,
        weight=Decimal(weight),
        order=order,
        start_date=start_date,
        due_date=due_date,
        template_version=template_version,
    )


def create_task(
    action_plan: ActionPlan,
    name: str = "",
    *,
    status: str = TaskStatus.OPEN,
    kind: str = ItemKind.TASK,
    assignee: User | None = None,
    start_date: date | None = None,
    due_date: date | None = None,
    priority: str = Priority.NORMAL,
    target_quantity: Number | None = None,
    quantity_done: Number = 0,
    activity_type: ActivityType | None = None,
    weight: Number = 1,
    is_required: bool = False,
    prerequisite: ActionPlanItem | None = None,
    template_item: ActionPlanTemplateItem | None = None,
) -> AssessmentTask:
    """A task with its item at the end of the action plan; `status` is reached by its steps."""
    item = ActionPlanItem(
        action_plan=action_plan,
        weight=Decimal(weight),
        is_required=is_required,
        prerequisite=prerequisite,
        template_item=template_item,
    )
    task = AssessmentTask(
        item=item,
        name=name or numbered("Task"),
        status=status,
        kind=kind,
        assignee=assignee or action_plan.owner,
        start_date=start_date,
        due_date=due_date,
        priority=priority,
        target_quantity=None if target_quantity is None else Decimal(target_quantity),
        quantity_done=Decimal(quantity_done),
        activity_type=activity_type,
    )
    return operations.add_task(task)
