"""Action plans: add, edit, place, delete, on the work page of their plan."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kam.core.forms import saved
from kam.core.pages import posted, render_form
from kam.core.policy import object_required
from plans import operations
from plans.models import ActionPlan, AssessmentTask, Objective
from plans.operations.action_plans import move_action_plan
from plans.views.work.answers import back_url
from plans.views.work.forms import ActionPlanForm, ActionPlanPlaceForm, QuickActionPlanForm
from plans.views.work.pages import with_plan
from plans.views.work.tasks import PAGE, position_of


@object_required(
    Objective,
    "plans.change_accountplanobjective",
    queryset=lambda rows: rows.select_related("plan__account"),
)
def actionplan_create(request: HttpRequest, objective: Objective) -> HttpResponse:
    """One line under the objective."""
    form = QuickActionPlanForm.below(objective, request.user, posted(request))
    back = back_url(request, objective.plan_id)
    if request.method == "POST" and saved(form, form.save):
        messages.success(request, _("The action plan “%(plan)s” is added.") % {"plan": form.instance})
        return redirect(back_url(request, objective.plan_id, action_plan=form.instance))
    context = {"form": form, "plan": objective.plan, "title": _("New action plan"), "back": back, **PAGE}
    return render_form(request, "plans/work/form.html", context)


@object_required(ActionPlan, "plans.change_actionplan", queryset=with_plan)
def actionplan_update(request: HttpRequest, action_plan: ActionPlan) -> HttpResponse:
    form = ActionPlanForm(posted(request), instance=action_plan, user=request.user)
    back = back_url(request, action_plan.change_container_id, action_plan=action_plan)
    if request.method == "POST" and saved(form, form.save):
        messages.success(request, _("“%(plan)s” is saved.") % {"plan": action_plan})
        return redirect(back)
    context = {"form": form, "action_plan": action_plan, "plan": action_plan.plan, "back": back, **PAGE}
    return render_form(request, "plans/work/actionplan_form.html", {**context, "title": str(action_plan)})


@object_required(ActionPlan, "plans.delete_actionplan", queryset=with_plan)
def actionplan_delete(request: HttpRequest, action_plan: ActionPlan) -> HttpResponse:
    back = back_url(request, action_plan.change_container_id)
    if request.method == "POST":
        name = str(action_plan)
        action_plan.delete()
        messages.success(request, _("The action plan “%(plan)s” is deleted.") % {"plan": name})
        return redirect(back)
    count = AssessmentTask.objects.visible_to(request.user).filter(item__action_plan=action_plan).count()
    consequences = [{"count": count, "label": ngettext("task", "tasks", count)}] if count else []
    context = {"part": action_plan, "plan": action_plan.plan, "back": back, **PAGE}
    return render(request, "plans/work/confirm_delete.html", {**context, "consequences": consequences})


@object_required(ActionPlan, "plans.change_actionplan", queryset=with_plan)
def actionplan_place(request: HttpRequest, action_plan: ActionPlan) -> HttpResponse:
    """Up or down under its objective (`move`), or under another objective of the plan."""
    move = request.POST.get("move")
    back = back_url(request, action_plan.change_container_id)
    if move in {"up", "down"}:
        move_action_plan(action_plan=action_plan, up=move == "up")
        return redirect(back)
    form = ActionPlanPlaceForm(posted(request), action_plan=action_plan, user=request.user)
    if request.method == "POST" and form.is_valid():
        objective = form.cleaned_data["objective"]
        operations.place_action_plan(
            action_plan=action_plan, objective=objective, position=position_of(request)
        )
        messages.success(
            request, _("“%(plan)s” is now under “%(to)s”.") % {"plan": action_plan, "to": objective}
        )
        return redirect(back)
    context = {"form": form, "plan": action_plan.plan, "title": _("Move the action plan"), "back": back}
    return render_form(request, "plans/work/form.html", {**context, **PAGE})
