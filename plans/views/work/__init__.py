"""The work of a plan: tree, time line, board, and everybody's own tasks."""

from plans.views.work.actionplans import (
    actionplan_create,
    actionplan_delete,
    actionplan_place,
    actionplan_update,
)
from plans.views.work.board import work_board
from plans.views.work.bulk import work_bulk
from plans.views.work.my_tasks import my_tasks, my_tasks_panel
from plans.views.work.pages import actionplan_tasks, progress_why, work_tree
from plans.views.work.tasks import (
    task_complete,
    task_create,
    task_delete,
    task_place,
    task_row,
    task_step,
    task_update,
)
from plans.views.work.timeline import work_timeline_page

__all__ = [
    "actionplan_create",
    "actionplan_delete",
    "actionplan_place",
    "actionplan_tasks",
    "actionplan_update",
    "my_tasks",
    "my_tasks_panel",
    "progress_why",
    "task_complete",
    "task_create",
    "task_delete",
    "task_place",
    "task_row",
    "task_step",
    "task_update",
    "work_board",
    "work_bulk",
    "work_timeline_page",
    "work_tree",
]
