"""Plans of accounts and of territories: lists, forms, life cycle. The page of one plan is in `plan_page`."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.models import Account, Territory
from kam.core.changes import StaleObjectError
from kam.core.clock import company_today
from kam.core.forms import options_response, saved
from kam.core.pages import as_uuid, posted, render_form, typed
from kam.core.panels import render_panel
from kam.core.policy import object_required, permission_required, signed_in
from plans import operations, policies
from plans.forms import AccountPlanForm, StatusForm, TerritoryPlanForm
from plans.models import AccountPlan, Plan, TerritoryBusinessPlan
from templates_app.models import PlanType

# The words of the steps of a plan's life: what the button says, and what was done.
STEPS = {
    "activate": (gettext_lazy("Activate"), gettext_lazy("The plan is active.")),
    "hold": (gettext_lazy("Put on hold"), gettext_lazy("The plan is on hold.")),
    "complete": (gettext_lazy("Complete"), gettext_lazy("The plan is completed.")),
    "archive": (gettext_lazy("Archive"), gettext_lazy("The plan is archived.")),
    "cancel": (
        gettext_lazy("Cancel the plan"),
        gettext_lazy("The plan is cancelled. Its records no longer count in it."),
    ),
    "reopen": (gettext_lazy("Reopen"), gettext_lazy("The plan is a draft again.")),
}


def with_subject(plans: QuerySet) -> QuerySet:
    return plans.select_related("account", "territory", "plan_type")


@signed_in
def accountplan_list(request: HttpRequest) -> HttpResponse:
    """The list itself is a panel of metrics, which owns the numbers that it shows and sorts by."""
    context = {
        "list_panel": render_panel(request, "metrics:plan_list"),
        "may_add": request.user.has_perm("plans.add_accountplan"),
        "nav_section": "plans",
    }
    return render(request, "plans/accountplan_list.html", context)


@permission_required("plans.add_accountplan")
def accountplan_create(request: HttpRequest) -> HttpResponse:
    form = AccountPlanForm(
        posted(request), initial=suggested(request), instance=AccountPlan(), user=request.user
    )
    if request.method == "POST" and saved(form, form.save):
        messages.success(request, _("“%(plan)s” is there, as a draft.") % {"plan": form.instance})
        return redirect(form.instance)
    context = {"form": form, "list_url": reverse("plans:accountplan_list"), "nav_section": "plans"}
    return render_form(request, "plans/accountplan_form.html", context)


@signed_in
def territoryplan_list(request: HttpRequest) -> HttpResponse:
    context = {
        "list_panel": render_panel(request, "metrics:territory_plan_list"),
        "may_add": request.user.has_perm("plans.add_territorybusinessplan"),
        "nav_section": "territory_plans",
    }
    return render(request, "plans/territoryplan_list.html", context)


@permission_required("plans.add_territorybusinessplan")
def territoryplan_create(request: HttpRequest) -> HttpResponse:
    plan = TerritoryBusinessPlan()
    form = TerritoryPlanForm(posted(request), initial=suggested(request), instance=plan, user=request.user)
    if request.method == "POST" and saved(form, form.save):
        messages.success(request, _("“%(plan)s” is there, as a draft.") % {"plan": form.instance})
        return redirect(form.instance)
    context = {
        "form": form,
        "list_url": reverse("plans:territoryplan_list"),
        "nav_section": "territory_plans",
    }
    return render_form(request, "plans/accountplan_form.html", context)


def suggested(request: HttpRequest) -> dict[str, Any]:
    """What a new plan starts with: the reader's account or territory, the coming period, a name."""
    start, end = policies.suggested_period(company_today())
    plan_type = asked_type(request) or PlanType.objects.visible_to(request.user).offered().first()
    values: dict[str, Any] = {
        "owner": request.user,
        "start_date": start,
        "end_date": end,
        "currency": settings.COMPANY_CURRENCY,
        "plan_type": plan_type,
    }
    if plan_type is not None:
        values["revenue_basis"] = plan_type.default_revenue_basis
        values["review_frequency"] = plan_type.default_review_frequency
    if pk := request.GET.get("account"):
        account = get_object_or_404(Account.objects.visible_to(request.user), pk=as_uuid(pk))
        values |= {
            "account": account,
            "name": f"{account} {start.year}",
            "currency": account.currency or settings.COMPANY_CURRENCY,
        }
    else:
        values["territory"] = Territory.objects.visible_to(request.user).of(request.user).first()
    return values


def asked_type(request: HttpRequest) -> PlanType | None:
    """The type that the form was asked for, to show its fields."""
    pk = as_uuid(request.GET.get("plan_type", ""))
    return PlanType.objects.visible_to(request.user).filter(pk=pk).first()


@object_required(Plan, "plans.change_accountplan", queryset=with_subject)
def accountplan_update(request: HttpRequest, plan: Plan) -> HttpResponse:
    initial = {"plan_type": asked} if (asked := asked_type(request)) else {}
    form_class = TerritoryPlanForm if plan.is_of_territory else AccountPlanForm
    form = form_class(posted(request), initial=initial, instance=plan, user=request.user)
    if request.method == "POST" and saved(form, form.save):
        messages.success(request, _("“%(plan)s” is saved.") % {"plan": plan})
        return redirect(plan)
    context = {"form": form, "plan": plan, "list_url": plan.list_url, "nav_section": "plans"}
    return render_form(request, "plans/accountplan_form.html", context)


@object_required(Plan, "plans.delete_accountplan")
def accountplan_delete(request: HttpRequest, plan: Plan) -> HttpResponse:
    if request.method == "POST":
        name, list_url = str(plan), plan.list_url
        plan.delete()
        messages.success(request, _("“%(plan)s” is deleted.") % {"plan": name})
        return redirect(list_url)
    contents = operations.contents_of(plan, request.user)
    consequences = [{"count": count, "label": label} for count, label in contents]
    context = {"plan": plan, "consequences": consequences, "nav_section": "plans"}
    return render(request, "plans/accountplan_confirm_delete.html", context)


@object_required(Plan, "plans.change_accountplan")
def accountplan_action(request: HttpRequest, plan: Plan, action: str) -> HttpResponse:
    """One step of the life cycle, with a comment for the history."""
    if action not in STEPS:
        raise Http404
    label, done = STEPS[action]
    form = StatusForm(posted(request), initial={"version": plan.version})
    if request.method == "POST" and form.is_valid():
        try:
            operations.change_plan_status(
                plan=plan,
                action=action,
                comment=form.cleaned_data["comment"],
                expected_version=form.cleaned_data["version"],
            )
        except operations.TransitionNotAllowedError as error:
            messages.error(request, str(error))
        except StaleObjectError:
            messages.error(request, _("Somebody changed the plan in the meantime. Look again, then decide."))
        else:
            messages.success(request, done)
        return redirect(plan)
    context = {"form": form, "plan": plan, "action": action, "label": label, "nav_section": "plans"}
    return render_form(request, "plans/accountplan_action.html", context)


@signed_in
def plan_options(request: HttpRequest) -> HttpResponse:
    """Plans whose name matches, for search fields."""
    text = typed(request)
    plans = AccountPlan.objects.visible_to(request.user).filter(
        Q(name__icontains=text) | Q(account__name__icontains=text)
    )
    return options_response(plans.select_related("account"), note=lambda plan: str(plan.account))
