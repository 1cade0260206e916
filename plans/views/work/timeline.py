"""When the work of a plan is to be done: a bar for each action plan and task, and the same as a table."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from kam.core.pages import as_uuid
from kam.core.policy import object_required
from plans import operations
from plans.charts import WorkBar, span_of, work_timeline
from plans.enums import ActionPlanStatus, Meaning
from plans.models import ActionPlan, AssessmentTask, Objective, Plan
from plans.progress import Level, Node
from plans.templatetags.work import due_words
from plans.views.work.tree import Tree, Wanted, load_tree, with_participants

MOST_ROWS = 150  # of more, the tasks are shown objective by objective


@dataclass(frozen=True)
class Row:
    """A line of the time line: an objective (a heading), an action plan or a task."""

    node: Node
    level: str
    name: str
    who: Any
    start: date | None
    due: date | None
    status: str
    words: str
    is_late: bool
    after: str = ""
    after_row: int | None = None


@object_required(Plan, "plans.view_accountplan", queryset=with_participants)
def work_timeline_page(request: HttpRequest, plan: Plan) -> HttpResponse:
    operations.log_confidential_look(plan=plan, user=request.user)
    tree = load_tree(plan, Wanted.of(request))
    objectives = [node.row for node in tree.root.walk() if node.level == Level.OBJECTIVE]
    chosen = None
    if asked := request.GET.get("objective"):
        visible = Objective.objects.visible_to(request.user).filter(plan=plan)
        chosen = get_object_or_404(visible.only("pk"), pk=as_uuid(asked)).pk
    rows = rows_of(tree, objective=chosen)
    has_tasks = chosen is not None or len(rows) <= MOST_ROWS
    if not has_tasks:
        rows = [row for row in rows if row.level != "task"]
    context = {
        "plan": plan,
        "plan_tab": "work",
        "view": "timeline",
        "tree": tree,
        "rows": rows,
        "has_tasks": has_tasks,
        "objectives": objectives,
        "chosen": chosen,
        "chart": chart_of(plan, rows, tree.wanted.today),
        "nav_section": "plans",
    }
    return render(request, "plans/work/timeline.html", context)


def rows_of(tree: Tree, *, objective: Any = None) -> list[Row]:
    rows: list[Row] = []
    for node in tree.root.walk():
        is_asked = node.level == Level.OBJECTIVE and (objective is None or node.row.pk == objective)
        if not is_asked or not tree.shows(node) or not node.children:
            continue
        rows.append(objective_row(node))
        for action_plan in node.children:
            if tree.shows(action_plan):
                rows.append(action_plan_row(action_plan))
                rows += task_rows(action_plan, first=len(rows))
    return rows


def objective_row(node: Node) -> Row:
    row = node.row
    return Row(
        node=node,
        level="objective",
        name=row.name,
        who=row.owner,
        start=row.start_date,
        due=row.target_date,
        status=str(row.get_status_display()),
        words=due_words(row.target_date, row.is_overdue),
        is_late=row.is_overdue,
    )


def action_plan_row(node: Node) -> Row:
    """Without dates of its own it runs from the first to the last day of its tasks."""
    row: ActionPlan = node.row
    tasks: list[AssessmentTask] = row.shown_tasks  # type: ignore[attr-defined]
    starts = [day for task in tasks if (day := task.start_date or task.due_date)]
    ends = [day for task in tasks if (day := task.due_date or task.start_date)]
    return Row(
        node=node,
        level="action_plan",
        name=row.name,
        who=row.owner,
        start=row.start_date or min(starts, default=None),
        due=row.due_date or max(ends, default=None),
        status=str(ActionPlanStatus(row.status).label),
        words=due_words(row.due_date, row.is_overdue),
        is_late=row.is_overdue,
    )


def task_rows(node: Node, *, first: int) -> list[Row]:
    """In the order of the action plan, what comes first before what waits for it."""
    tasks: list[AssessmentTask] = node.row.shown_tasks
    places = {task.item_id: first + place for place, task in enumerate(tasks)}
    children = {child.row.pk: child for child in node.children}
    return [
        Row(
            node=children[task.item_id],
            level="task",
            name=task.name,
            who=task.assignee,
            start=task.start_date,
            due=task.due_date,
            status=str(task.get_status_display()),
            words=due_words(task.due_date, task.is_overdue),
            is_late=task.is_overdue,
            after=str(task.item.prerequisite) if task.item.prerequisite_id else "",
            after_row=places.get(task.item.prerequisite_id),
        )
        for task in tasks
    ]


def chart_of(plan: Plan, rows: list[Row], today: date) -> Any:
    bars = [
        WorkBar(
            label=row.name,
            start=row.start,
            due=row.due,
            tone=tone_of(row),
            is_summary=row.level != "task",
            after=row.after_row,
            note=", ".join(filter(None, [period_words(row), row.status, row.words if row.is_late else ""])),
        )
        for row in rows
    ]
    span = span_of(bars, start=plan.start_date, end=plan.end_date)
    return work_timeline(
        chart_id="work-timeline", bars=bars, span=span, today=today, title=_("Time line of the work")
    )


def tone_of(row: Row) -> str:
    if row.is_late:
        return "bad"
    if row.level == "task":
        return {Meaning.DONE: "ok", Meaning.DROPPED: ""}.get(row.node.row.known_task.meaning, "info")
    return "ok" if row.node.status in {ActionPlanStatus.COMPLETED, "achieved"} else "info"


def period_words(row: Row) -> str:
    days = [date_format(day, "SHORT_DATE_FORMAT") for day in (row.start, row.due) if day]
    return " – ".join(days) if days else _("no dates")
