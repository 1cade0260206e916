"""The work of a plan as a tree: strategies, objectives, action plans and tasks on one page."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from kam.core.policy import object_required
from plans import operations
from plans.models import ActionPlan, Plan
from plans.progress import Level, Node, plan_progress
from plans.views.work.answers import next_query, work_url
from plans.views.work.forms import BulkForm
from plans.views.work.tree import Wanted, load_action_plan, load_tree, participants_at, with_participants


def with_plan(rows: QuerySet) -> QuerySet:
    return participants_at("objective__plan__", rows.select_related("objective__plan__account", "owner"))


@object_required(Plan, "plans.view_accountplan", queryset=with_participants)
def work_tree(request: HttpRequest, plan: Plan) -> HttpResponse:
    operations.log_confidential_look(plan=plan, user=request.user)
    return render(request, "plans/work/tree.html", tree_context(request, plan))


def tree_context(request: HttpRequest, plan: Plan, **more: Any) -> dict[str, Any]:
    tree = load_tree(plan, Wanted.of(request), opened=request.GET.getlist("open"))
    query = request.GET.copy()
    query.pop("open", None)  # what is open is said by the link that leads back
    back = f"{work_url(plan.pk)}?{query.urlencode()}" if query else work_url(plan.pk)
    return {
        "plan": plan,
        "plan_tab": "work",
        "view": "tree",
        "tree": tree,
        "may_change": tree.may_change,
        "bulk_form": BulkForm(),
        "selected": set(),
        "back": back,
        "next_query": next_query(back, plan.pk),
        "nav_section": "plans",
        **more,
    }


@object_required(ActionPlan, "plans.view_actionplan", queryset=with_plan)
def actionplan_tasks(request: HttpRequest, action_plan: ActionPlan) -> HttpResponse:
    """The tasks of one action plan, for the tree that is opened; by itself the page with it open."""
    plan = action_plan.objective.plan
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect(work_url(plan.pk, action_plan=action_plan))
    may_change = request.user.has_perm("plans.change_accountplan", plan)
    load_action_plan(action_plan, Wanted.of(request), may_change=may_change)
    context = {"plan": plan, "action_plan": action_plan, "may_change": may_change, "back": work_url(plan.pk)}
    return render(request, "plans/work/_tasks.html", context)


@object_required(Plan, "plans.view_accountplan", queryset=with_participants)
def progress_why(request: HttpRequest, plan: Plan, part: UUID) -> HttpResponse:
    """How the progress of a part of the plan comes about: what counts with which share, what is left out."""
    root = plan_progress(plan)
    node = next((found for found in root.walk() if found.row.pk == part), None)
    if node is None:
        raise Http404
    children = counted_in(node)
    context = {
        "plan": plan,
        "plan_tab": "work",
        "node": node,
        "counted": [child for child in children if child.counts],
        "left_out": [child for child in children if not child.counts],
        "back": work_url(plan.pk),
        "nav_section": "plans",
    }
    return render(request, "plans/work/why.html", context)


def counted_in(node: Node) -> list[Node]:
    """What a progress is the mean of: that of a plan is made of its objectives, whatever their strategy."""
    if node.level != Level.PLAN:
        return node.children
    return [found for found in node.walk() if found.level == Level.OBJECTIVE]
