"""Writes about plans that are more than saving one form."""

from plans.operations.analyses import (
    move_analysis,
    reorder_analyses,
    save_analysis,
    save_plan_product,
)
from plans.operations.life_cycle import (
    TransitionNotAllowedError,
    change_plan_status,
    log_confidential_look,
    log_confidential_looks,
)
from plans.operations.places import move_item, place_action_plan, place_item
from plans.operations.work import (
    TaskStepNotAllowedError,
    add_item,
    add_task,
    change_tasks,
    complete_task,
    report_work,
    save_task,
    take_task_step,
)

__all__ = [
    "TaskStepNotAllowedError",
    "TransitionNotAllowedError",
    "add_item",
    "add_task",
    "change_plan_status",
    "change_tasks",
    "complete_task",
    "log_confidential_look",
    "log_confidential_looks",
    "move_analysis",
    "move_item",
    "place_action_plan",
    "place_item",
    "reorder_analyses",
    "report_work",
    "save_analysis",
    "save_plan_product",
    "save_task",
    "take_task_step",
]
