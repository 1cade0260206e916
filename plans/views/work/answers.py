"""Where a change of the work leads: back to the page, or, with HTMX, to the row and the progress above it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode, urlsplit

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse

from kam.core.pages import next_url
from plans.models import ActionPlan, AssessmentTask
from plans.views.work.tree import Wanted, load_tree, with_rights


def work_url(plan_id: Any, *, action_plan: ActionPlan | None = None) -> str:
    url = reverse("plans:work_tree", args=[plan_id])
    return f"{url}?open={action_plan.pk}#actionplan-{action_plan.pk}" if action_plan else url


def back_url(request: HttpRequest, plan_id: Any, *, action_plan: ActionPlan | None = None) -> str:
    """Where the reader came from; on the work page with this action plan open."""
    target = next_url(request, work_url(plan_id))
    parts = urlsplit(target)
    if action_plan is None or parts.path != work_url(plan_id):
        return target
    query = QueryDict(parts.query, mutable=True)
    if str(action_plan.pk) not in query.getlist("open"):
        query.appendlist("open", str(action_plan.pk))
    return f"{parts.path}?{query.urlencode()}#actionplan-{action_plan.pk}"


def wants_row(request: HttpRequest) -> bool:
    """Whether the answer replaces a row of the tree."""
    return bool(getattr(request, "htmx", False)) and request.POST.get("as") == "row"


def after_change(request: HttpRequest, task: AssessmentTask, *, is_edited: bool = False) -> HttpResponse:
    """The row as it stands now, with the progress above it; or back to where the reader came from."""
    action_plan = task.item.action_plan
    if not wants_row(request):
        return redirect(back_url(request, task.change_container_id, action_plan=action_plan))
    return render(request, "plans/work/_task_answer.html", row_context(request, task, is_edited=is_edited))


def row_context(request: HttpRequest, task: AssessmentTask, *, is_edited: bool = False) -> dict[str, Any]:
    plan = task.plan
    tree = load_tree(plan, Wanted.of(request))
    shown = tree.by_pk[task.pk].row
    siblings = [
        child.row.known_task for child in tree.by_pk[shown.item.action_plan_id].children if child.children
    ]
    with_rights(siblings, request.user, tree.may_change)
    return {
        "task": shown,
        "plan": plan,
        "above": tree.nodes_above(shown.item.action_plan),
        "action_plan": shown.item.action_plan,
        "is_edited": is_edited,
        "may_change": tree.may_change,
        "back": work_url(plan.pk),
    }


def tasks_answer(request: HttpRequest, action_plan: ActionPlan) -> HttpResponse:
    """All tasks of an action plan, with the progress above it."""
    plan = action_plan.objective.plan
    tree = load_tree(plan, Wanted.of(request), opened=[str(action_plan.pk)])
    node = tree.by_pk[action_plan.pk]
    context = {
        "plan": plan,
        "action_plan": node.row,
        "above": tree.nodes_above(node.row),
        "may_change": tree.may_change,
        "back": work_url(plan.pk),
    }
    return render(request, "plans/work/_tasks_answer.html", context)


def next_query(back: str, plan_id: Any = None) -> str:
    """What a link says of where it stands; nothing on the plain work page, where its page leads by itself."""
    is_plain = plan_id is not None and back == work_url(plan_id)
    return "" if is_plain else f"?{urlencode({'next': back})}"


def undo_url(task: AssessmentTask, back: str) -> str:
    return f"{reverse('plans:task_step', args=[task.pk, 'reopen'])}?{urlencode({'next': back})}"
