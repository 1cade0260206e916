"""The front page of the template library: goals and action plan templates under one filter."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from kam.core.filters import VisibleFilterSet
from kam.core.policy import permission_required
from templates_app.filters import ActionPlanTemplateFilter, GoalDefinitionFilter
from templates_app.models import ActionPlanTemplate, GoalDefinition

SHOWN = 8
SHARED_FILTERS = ("search", "category", "applies_to", "status")


@permission_required("templates_app.view_library")
def library_home(request: HttpRequest) -> HttpResponse:
    goals = GoalDefinitionFilter(
        request.GET, GoalDefinition.objects.visible_to(request.user).with_links(), request=request
    )
    templates = ActionPlanTemplateFilter(
        request.GET,
        ActionPlanTemplate.objects.visible_to(request.user).with_state().select_related("category"),
        request=request,
    )
    keep_shared(goals)
    keep_shared(templates)
    templates._form = goals.form  # what both are filtered by is looked up once
    context = {
        "filter": goals,
        "goals": first_of(goals),
        "plan_templates": first_of(templates),
        "query": request.GET.urlencode(),
        "may_change": request.user.has_perm("templates_app.change_library"),
        "nav_section": "library",
    }
    return render(request, "templates_app/library_home.html", context)


def keep_shared(filterset: VisibleFilterSet) -> None:
    """Only the filters that goals and action plan templates have in common."""
    for name in set(filterset.form.fields) - set(SHARED_FILTERS):
        del filterset.form.fields[name]
        filterset.filters.pop(name, None)
    filterset.form.order_fields(SHARED_FILTERS)


def first_of(filterset: VisibleFilterSet) -> dict[str, Any]:
    """The first rows, and whether there are more."""
    rows = list(filterset.qs[: SHOWN + 1])
    return {"rows": rows[:SHOWN], "has_more": len(rows) > SHOWN}
