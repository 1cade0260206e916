"""Promises, kept from the ledger of their plan (a page of metrics, as it shows how far they are kept)."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from kam.core.forms import saved
from kam.core.pages import posted, render_form
from kam.core.policy import object_required
from plans.models import AccountPlan, Commitment, CoopExpense, CoopFund, PlanEvent, RebateProgram
from plans.promise_forms import (
    CommitmentForm,
    CoopExpenseForm,
    CoopFundForm,
    PlanEventForm,
    RebateProgramForm,
)

COLUMNS = 2


def with_plan(rows: QuerySet) -> QuerySet:
    return rows.select_related("plan")


def with_fund(rows: QuerySet) -> QuerySet:
    return rows.select_related("fund__plan")


def with_type(rows: QuerySet) -> QuerySet:
    return rows.select_related("plan", "activity_type", "owner")


def ledger_url(plan: AccountPlan) -> str:
    return reverse("metrics:plan_promises", args=[plan.pk])


def answer(request: HttpRequest, form: Any, *, title: str, template: str = "promise_form") -> HttpResponse:
    """Save what was sent and go back to the ledger, or show the form."""
    promise = form.instance
    if request.method == "POST" and saved(form, form.save):
        messages.success(request, _("“%(promise)s” is saved.") % {"promise": promise})
        return redirect(ledger_url(promise.plan))
    context = {
        "form": form,
        "plan": promise.plan,
        "title": title,
        "columns": COLUMNS,
        "ledger_url": ledger_url(promise.plan),
        "nav_section": "plans",
    }
    return render_form(request, f"plans/{template}.html", context)


def delete(request: HttpRequest, promise: Any, *, note: str = "") -> HttpResponse:
    plan = promise.plan
    if request.method == "POST":
        name = str(promise)
        promise.delete()
        messages.success(request, _("“%(promise)s” is deleted.") % {"promise": name})
        return redirect(ledger_url(plan))
    context = {
        "part": promise,
        "plan": plan,
        "note": note,
        "ledger_url": ledger_url(plan),
        "nav_section": "plans",
    }
    return render(request, "plans/promise_confirm_delete.html", context)


# --- Commitments ------------------------------------------------------------------------------
@object_required(AccountPlan, "plans.add_commitment")
def commitment_create(request: HttpRequest, plan: AccountPlan) -> HttpResponse:
    start = {"owner": request.user}
    form = CommitmentForm(posted(request), initial=start, instance=Commitment(plan=plan), user=request.user)
    return answer(request, form, title=_("New commitment"))


@object_required(Commitment, "plans.change_commitment", queryset=with_type)
def commitment_update(request: HttpRequest, commitment: Commitment) -> HttpResponse:
    form = CommitmentForm(posted(request), instance=commitment, user=request.user)
    return answer(request, form, title=_("Edit commitment"))


@object_required(Commitment, "plans.delete_commitment", queryset=with_type)
def commitment_delete(request: HttpRequest, commitment: Commitment) -> HttpResponse:
    return delete(request, commitment, note=_("What was done with the account stays."))


# --- Events -----------------------------------------------------------------------------------
@object_required(AccountPlan, "plans.add_planevent")
def event_create(request: HttpRequest, plan: AccountPlan) -> HttpResponse:
    start = {"owner": request.user}
    form = PlanEventForm(posted(request), initial=start, instance=PlanEvent(plan=plan), user=request.user)
    return answer(request, form, title=_("New event"))


@object_required(PlanEvent, "plans.change_planevent", queryset=with_plan)
def event_update(request: HttpRequest, event: PlanEvent) -> HttpResponse:
    form = PlanEventForm(posted(request), instance=event, user=request.user)
    return answer(request, form, title=_("Edit event"))


@object_required(PlanEvent, "plans.delete_planevent", queryset=with_plan)
def event_delete(request: HttpRequest, event: PlanEvent) -> HttpResponse:
    return delete(request, event)


# --- Co-op funds and their expenses -------------------------------------------------------------
@object_required(AccountPlan, "plans.add_coopfund")
def coopfund_create(request: HttpRequest, plan: AccountPlan) -> HttpResponse:
    form = CoopFundForm(posted(request), instance=CoopFund(plan=plan), user=request.user)
    return answer(request, form, title=_("New co-op fund"))


@object_required(CoopFund, "plans.change_coopfund", queryset=with_plan)
def coopfund_update(request: HttpRequest, fund: CoopFund) -> HttpResponse:
    form = CoopFundForm(posted(request), instance=fund, user=request.user)
    return answer(request, form, title=_("Edit co-op fund"))


@object_required(CoopFund, "plans.delete_coopfund", queryset=with_plan)
def coopfund_delete(request: HttpRequest, fund: CoopFund) -> HttpResponse:
    count = fund.expenses.visible_to(request.user).count()
    note = _("Its expenses go with it: %(count)s.") % {"count": count} if count else ""
    return delete(request, fund, note=note)


@object_required(CoopFund, "plans.add_coopexpense", queryset=with_plan)
def coopexpense_create(request: HttpRequest, fund: CoopFund) -> HttpResponse:
    form = CoopExpenseForm(posted(request), instance=CoopExpense(fund=fund), user=request.user)
    return answer(request, form, title=_("New expense of “%(fund)s”") % {"fund": fund})


@object_required(CoopExpense, "plans.change_coopexpense", queryset=with_fund)
def coopexpense_update(request: HttpRequest, expense: CoopExpense) -> HttpResponse:
    form = CoopExpenseForm(posted(request), instance=expense, user=request.user)
    return answer(request, form, title=_("Edit expense"))


@object_required(CoopExpense, "plans.delete_coopexpense", queryset=with_fund)
def coopexpense_delete(request: HttpRequest, expense: CoopExpense) -> HttpResponse:
    return delete(request, expense)


# --- Rebate programmes --------------------------------------------------------------------------
@object_required(AccountPlan, "plans.add_rebateprogram")
def rebateprogram_create(request: HttpRequest, plan: AccountPlan) -> HttpResponse:
    """Over the plan's period, until somebody says otherwise."""
    start = {"start_date": plan.start_date, "end_date": plan.end_date}
    form = RebateProgramForm(
        posted(request), initial=start, instance=RebateProgram(plan=plan), user=request.user
    )
    return answer(request, form, title=_("New rebate programme"), template="rebateprogram_form")


@object_required(RebateProgram, "plans.change_rebateprogram", queryset=with_plan)
def rebateprogram_update(request: HttpRequest, program: RebateProgram) -> HttpResponse:
    form = RebateProgramForm(posted(request), instance=program, user=request.user)
    return answer(request, form, title=_("Edit rebate programme"), template="rebateprogram_form")


@object_required(RebateProgram, "plans.delete_rebateprogram", queryset=with_plan)
def rebateprogram_delete(request: HttpRequest, program: RebateProgram) -> HttpResponse:
    return delete(request, program, note=_("Its tiers go with it. Orders stay."))
