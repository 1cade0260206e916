"""Strategies, kept from the page of their plan."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from kam.core.forms import saved
from kam.core.pages import next_url, posted, render_form
from kam.core.policy import object_required
from plans.forms import StrategyForm
from plans.models import Objective, Plan, Strategy


def with_plan(rows: QuerySet) -> QuerySet:
    return rows.select_related("plan")


@object_required(Plan, "plans.add_strategy")
def strategy_create(request: HttpRequest, plan: Plan) -> HttpResponse:
    form = StrategyForm(posted(request), instance=Strategy(plan=plan), user=request.user)
    back = next_url(request, plan.get_absolute_url())
    if request.method == "POST" and saved(form, form.save):
        messages.success(request, _("The strategy “%(strategy)s” is added.") % {"strategy": form.instance})
        return redirect(back)
    context = {"form": form, "plan": plan, "title": _("New strategy"), "back": back, "nav_section": "plans"}
    return render_form(request, "plans/part_form.html", context)


@object_required(Strategy, "plans.change_strategy", queryset=with_plan)
def strategy_update(request: HttpRequest, strategy: Strategy) -> HttpResponse:
    form = StrategyForm(posted(request), instance=strategy, user=request.user)
    back = next_url(request, strategy.plan.get_absolute_url())
    if request.method == "POST" and saved(form, form.save):
        messages.success(request, _("The strategy “%(strategy)s” is saved.") % {"strategy": strategy})
        return redirect(back)
    context = {
        "form": form,
        "plan": strategy.plan,
        "title": _("Edit strategy"),
        "back": back,
        "nav_section": "plans",
    }
    return render_form(request, "plans/part_form.html", context)


@object_required(Strategy, "plans.delete_strategy", queryset=with_plan)
def strategy_delete(request: HttpRequest, strategy: Strategy) -> HttpResponse:
    """Its objectives stay with the plan, without a strategy."""
    back = next_url(request, strategy.plan.get_absolute_url())
    if request.method == "POST":
        name = str(strategy)
        strategy.delete()
        messages.success(request, _("The strategy “%(strategy)s” is deleted.") % {"strategy": name})
        return redirect(back)
    kept = Objective.objects.visible_to(request.user).filter(strategy=strategy).count()
    note = (
        _("Its objectives stay on the plan, without a strategy: %(count)s.") % {"count": kept} if kept else ""
    )
    context = {"part": strategy, "plan": strategy.plan, "note": note, "back": back, "nav_section": "plans"}
    return render(request, "plans/part_confirm_delete.html", context)
