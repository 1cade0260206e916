"""Goal definitions: the list, one goal, and the order of its action plan templates."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from kam.core.forms import saved
from kam.core.lists import list_filter, page_of
from kam.core.pages import as_uuid, render_form
from kam.core.policy import object_required, permission_required
from templates_app import operations, uses
from templates_app.filters import GoalDefinitionFilter
from templates_app.forms import GoalDefinitionForm, GoalTemplateForm
from templates_app.models import ActionPlanTemplate, GoalDefinition

PAGE = {"nav_section": "library"}


@permission_required("templates_app.view_library")
def goal_list(request: HttpRequest) -> HttpResponse:
    filterset = list_filter(
        GoalDefinitionFilter,
        request,
        GoalDefinition.objects.visible_to(request.user).with_links(),
        name="goal_definitions",
        show=("category", "applies_to", "status", "measure_kind"),
    )
    may_add = request.user.has_perm("templates_app.add_goaldefinition")
    context = {"filter": filterset, "page_obj": page_of(request, filterset.qs), "may_add": may_add, **PAGE}
    return render(request, "templates_app/goaldefinition_list.html", context)


@object_required(GoalDefinition, "templates_app.view_goaldefinition", queryset=lambda rows: rows.with_links())
def goal_detail(request: HttpRequest, goal: GoalDefinition) -> HttpResponse:
    return render(request, "templates_app/goaldefinition_detail.html", detail_context(request, goal))


def detail_context(request: HttpRequest, goal: GoalDefinition) -> dict[str, Any]:
    user = request.user
    may_change = user.has_perm("templates_app.change_goaldefinition", goal)
    order = {template.pk: place for place, template in enumerate(goal.ordered_templates)}
    rows = ActionPlanTemplate.objects.visible_to(user).filter(pk__in=order).with_state()
    return {
        "goal": goal,
        "plan_templates": sorted(rows, key=lambda row: order[row.pk]),
        "uses": uses.uses_of(goal, user),
        "may_change": may_change,
        "add_form": GoalTemplateForm(goal=goal, user=user) if may_change else None,
        **PAGE,
    }


@permission_required("templates_app.add_goaldefinition")
def goal_create(request: HttpRequest) -> HttpResponse:
    form = GoalDefinitionForm(request.POST or None, instance=GoalDefinition(), user=request.user)
    if request.method == "POST" and saved(form, form.save):
        messages.success(
            request, _("“%(goal)s” is added. Now choose its action plan templates.") % {"goal": form.instance}
        )
        return redirect(form.instance)
    return render_form(request, "templates_app/goaldefinition_form.html", {"form": form, **PAGE})


@object_required(GoalDefinition, "templates_app.change_goaldefinition")
def goal_update(request: HttpRequest, goal: GoalDefinition) -> HttpResponse:
    form = GoalDefinitionForm(request.POST or None, instance=goal, user=request.user)
    if request.method == "POST" and saved(form, form.save):
        messages.success(request, _("“%(goal)s” is saved.") % {"goal": goal})
        return redirect(goal)
    return render_form(
        request, "templates_app/goaldefinition_form.html", {"form": form, "goal": goal, **PAGE}
    )


@object_required(GoalDefinition, "templates_app.delete_goaldefinition")
def goal_delete(request: HttpRequest, goal: GoalDefinition) -> HttpResponse:
    blocked_by = [f"{use.label}: {use.count}" for use in uses.uses_of(goal, request.user)]
    if not blocked_by and uses.uses_of(goal):  # by what the reader may not see
        blocked_by = [_("It is in use: retire it instead.")]
    if request.method == "POST" and not blocked_by:
        name = str(goal)
        goal.delete()
        messages.success(request, _("“%(goal)s” is deleted.") % {"goal": name})
        return redirect("templates_app:library_home")
    context = {"object": goal, "cancel_url": goal.get_absolute_url(), "blocked_by": blocked_by, **PAGE}
    return render(request, "templates_app/confirm_delete.html", context)


# --- Its action plan templates --------------------------------------------------------------
def with_links(rows: Any) -> Any:
    return rows.with_links()


@require_POST
@object_required(GoalDefinition, "templates_app.change_goaldefinition", queryset=with_links)
def goal_template_add(request: HttpRequest, goal: GoalDefinition) -> HttpResponse:
    form = GoalTemplateForm(request.POST, goal=goal, user=request.user)
    if form.is_valid():
        operations.save_goal(goal, [*goal.ordered_templates, form.cleaned_data["template"]])
    else:
        messages.error(request, _("Choose an action plan template."))
    return redirect(goal)


@require_POST
@object_required(GoalDefinition, "templates_app.change_goaldefinition", queryset=with_links)
def goal_template_remove(request: HttpRequest, goal: GoalDefinition, template_pk: Any) -> HttpResponse:
    template = get_object_or_404(ActionPlanTemplate.objects.visible_to(request.user), pk=template_pk)
    operations.save_goal(goal, [row for row in goal.ordered_templates if row != template])
    messages.success(request, _("“%(template)s” is no longer part of the goal.") % {"template": template})
    return redirect(goal)


@require_POST
@object_required(GoalDefinition, "templates_app.change_goaldefinition", queryset=with_links)
def goal_reorder(request: HttpRequest, goal: GoalDefinition) -> HttpResponse:
    """By drag (all ids in their new order) or by a button (`move` = “id:up”)."""
    try:
        if move := asked_move(request):
            operations.move_goal_template(goal, move[0], up=move[1])
        else:
            operations.reorder_goal_templates(goal, asked_order(request))
    except ValidationError as error:
        messages.error(request, error.messages[0])
    return redirect(goal)


def asked_order(request: HttpRequest) -> list[Any]:
    return [as_uuid(text) for text in request.POST.getlist("order")]


def asked_move(request: HttpRequest) -> tuple[Any, bool] | None:
    """The row that a button moves, and whether up."""
    text, colon, direction = request.POST.get("move", "").partition(":")
    return (as_uuid(text), direction == "up") if colon else None
