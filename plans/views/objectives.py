"""Objectives, kept from the page of their plan."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from kam.core.forms import saved
from kam.core.pages import as_uuid, next_url, posted, render_form
from kam.core.policy import object_required
from plans.forms import ObjectiveForm
from plans.models import Objective, Plan, Strategy


def with_plan(rows: QuerySet) -> QuerySet:
    return rows.select_related("plan", "owner")


@object_required(Plan, "plans.add_accountplanobjective")
def objective_create(request: HttpRequest, plan: Plan) -> HttpResponse:
    """In the plan's period and with the reader as owner, until somebody says otherwise."""
    start = {"owner": request.user, "start_date": plan.start_date, "target_date": plan.end_date}
    if pk := request.GET.get("strategy"):
        strategies = Strategy.objects.visible_to(request.user).filter(plan=plan)
        start["strategy"] = get_object_or_404(strategies, pk=as_uuid(pk))
    form = ObjectiveForm(posted(request), initial=start, instance=Objective(plan=plan), user=request.user)
    back = next_url(request, plan.get_absolute_url())
    if request.method == "POST" and saved(form, form.save):
        messages.success(request, _("The objective “%(objective)s” is added.") % {"objective": form.instance})
        return redirect(back)
    context = {"form": form, "plan": plan, "title": _("New objective"), "back": back, "nav_section": "plans"}
    return render_form(request, "plans/objective_form.html", context)


@object_required(Objective, "plans.change_accountplanobjective", queryset=with_plan)
def objective_update(request: HttpRequest, objective: Objective) -> HttpResponse:
    form = ObjectiveForm(posted(request), instance=objective, user=request.user)
    back = next_url(request, objective.plan.get_absolute_url())
    if request.method == "POST" and saved(form, form.save):
        messages.success(request, _("The objective “%(objective)s” is saved.") % {"objective": objective})
        return redirect(back)
    context = {
        "form": form,
        "plan": objective.plan,
        "title": _("Edit objective"),
        "back": back,
        "nav_section": "plans",
    }
    return render_form(request, "plans/objective_form.html", context)


@object_required(Objective, "plans.delete_accountplanobjective", queryset=with_plan)
def objective_delete(request: HttpRequest, objective: Objective) -> HttpResponse:
    back = next_url(request, objective.plan.get_absolute_url())
    if request.method == "POST":
        name = str(objective)
        objective.delete()
        messages.success(request, _("The objective “%(objective)s” is deleted.") % {"objective": name})
        return redirect(back)
    context = {"part": objective, "plan": objective.plan, "back": back, "nav_section": "plans"}
    return render(request, "plans/part_confirm_delete.html", context)
