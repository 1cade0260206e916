"""Writes about plans that are more than saving one form."""

from plans.operations.analyses import (
    move_analysis,
    reorder_analyses,
    save_analysis,
    save_plan_product,
)
from plans.operations.contents import contents_of
from plans.operations.life_cycle import (
    TransitionNotAllowedError,
    change_plan_status,
    log_confidential_look,
    log_confidential_looks,
)
from plans.operations.places import move_item, place_action_plan, place_item
from plans.operations.review_agenda import suggested_agenda
from plans.operations.reviews import (
    ReviewSettledError,
    add_review_task,
    delete_review,
    hold_review,
    make_due_reviews,
    save_plan,
    save_review,
    skip_review,
)
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
    "ReviewSettledError",
    "TaskStepNotAllowedError",
    "TransitionNotAllowedError",
    "add_item",
    "add_review_task",
    "add_task",
    "change_plan_status",
    "change_tasks",
    "complete_task",
    "contents_of",
    "delete_review",
    "hold_review",
    "log_confidential_look",
    "log_confidential_looks",
    "make_due_reviews",
    "move_analysis",
    "move_item",
    "place_action_plan",
    "place_item",
    "reorder_analyses",
    "report_work",
    "save_analysis",
    "save_plan",
    "save_plan_product",
    "save_review",
    "save_task",
    "skip_review",
    "suggested_agenda",
    "take_task_step",
]
