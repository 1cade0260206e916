"""The tasks of a plan as cards, by where they stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kam.core.policy import object_required
from plans import operations
from plans.enums import Meaning, TaskStatus
from plans.models import AssessmentTask, Plan
from plans.progress import Level
from plans.views.work.answers import next_query
from plans.views.work.forms import allowed_steps
from plans.views.work.tree import Wanted, load_tree, with_participants

SHOWN = 20
STEPS = {
    "start": gettext_lazy("Start"),
    "complete": gettext_lazy("Complete"),
    "skip": gettext_lazy("Skip"),
    "cancel": gettext_lazy("Cancel the task"),
    "reopen": gettext_lazy("Open again"),
}
FAR = date.max


@dataclass(frozen=True)
class Column:
    name: str
    label: str
    tasks: Sequence[AssessmentTask]
    count: int

    @property
    def more(self) -> int:
        return self.count - len(self.tasks)


@object_required(Plan, "plans.view_accountplan", queryset=with_participants)
def work_board(request: HttpRequest, plan: Plan) -> HttpResponse:
    operations.log_confidential_look(plan=plan, user=request.user)
    tree = load_tree(plan, Wanted.of(request))
    tasks = [
        task for node in tree.root.walk() if node.level == Level.ACTION_PLAN for task in node.row.shown_tasks
    ]
    context = {
        "plan": plan,
        "plan_tab": "work",
        "view": "board",
        "tree": tree,
        "columns": columns_of(tasks, all_of=request.GET.get("all", "")),
        "back": request.get_full_path(),
        "next_query": next_query(request.get_full_path()),
        "nav_section": "plans",
    }
    return render(request, "plans/work/board.html", context)


def columns_of(tasks: list[AssessmentTask], *, all_of: str) -> list[Column]:
    """What is to do by its day, the latest first of what is over. `all_of`: the column shown in full."""
    kinds: list[tuple[str, Any, Any]] = [
        ("open", _("Open"), lambda task: task.status == TaskStatus.OPEN),
        ("in_progress", _("In progress"), lambda task: task.status == TaskStatus.IN_PROGRESS),
        ("done", _("Completed"), lambda task: task.meaning == Meaning.DONE),
        ("dropped", _("Dropped"), lambda task: task.meaning == Meaning.DROPPED),
    ]
    columns = []
    for name, label, belongs in kinds:
        found = [task for task in tasks if belongs(task)]
        is_over = name in {"done", "dropped"}
        found.sort(key=lambda task: task.due_date or (date.min if is_over else FAR), reverse=is_over)
        shown = found if all_of == name else found[:SHOWN]
        for task in shown:
            offered = allowed_steps(task, may_change=task.may_change) if task.may_complete else []  # type: ignore[attr-defined]
            task.steps = [(step, STEPS[step]) for step in offered]  # type: ignore[attr-defined]
        columns.append(Column(name, label, shown, len(found)))
    return columns
