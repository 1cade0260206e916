"""The ledger of what a plan promises, its version for the customer, its summary, and the evidence."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from kam.core.clock import company_today
from kam.core.lists import page_of
from kam.core.panels import is_part_of_page
from kam.core.policy import object_required
from metrics.promises import evidence_for, ledger_of, progress_of
from plans.models import AccountPlan, Commitment
from plans.operations import log_confidential_look

SHOWN_EVIDENCE = 10
SHOWN_TO_CUSTOMER = 50


def with_head(plans: QuerySet) -> QuerySet:
    return plans.select_related("account", "plan_type", "owner")


def with_plan(commitments: QuerySet) -> QuerySet:
    return commitments.select_related("plan__account", "activity_type")


@object_required(AccountPlan, "plans.view_accountplan", queryset=with_head)
def plan_promises(request: HttpRequest, plan: AccountPlan) -> HttpResponse:
    """Everything promised and how far it is kept; with `?view=customer` only what the customer may see."""
    user, today = request.user, company_today()
    log_confidential_look(plan=plan, user=user)
    is_for_customer = request.GET.get("view") == "customer"
    sees_numbers = user.has_perm("plans.view_numbers", plan)
    ledger = ledger_of(
        plan,
        user=user,
        today=today,
        shown_evidence=SHOWN_TO_CUSTOMER if is_for_customer else SHOWN_EVIDENCE,
        sees_numbers=sees_numbers,
        only_external=is_for_customer,
    )
    context = {
        "plan": plan,
        "ledger": ledger,
        "today": today,
        "sees_numbers": sees_numbers,
        "may_change": user.has_perm("plans.change_accountplan", plan),
        "may_log": user.has_perm("crm.add_activity"),
        "plan_tab": "promises",
        "nav_section": "plans",
    }
    template = "plan_promises_customer" if is_for_customer else "plan_promises"
    return render(request, f"metrics/{template}.html", context)


@object_required(AccountPlan, "plans.view_accountplan")
def promises_panel(request: HttpRequest, plan: AccountPlan) -> HttpResponse:
    """The summary on the plan's page, which loads it after itself."""
    if not is_part_of_page(request):
        return redirect("metrics:plan_promises", plan.pk)
    sees_numbers = request.user.has_perm("plans.view_numbers", plan)
    ledger = ledger_of(plan, user=request.user, today=company_today(), sees_numbers=sees_numbers)
    context = {"plan": plan, "ledger": ledger, "sees_numbers": sees_numbers, "today": company_today()}
    return render(request, "metrics/_promises_panel.html", context)


@object_required(Commitment, "plans.view_commitment", queryset=with_plan)
def commitment_evidence(request: HttpRequest, commitment: Commitment) -> HttpResponse:
    """Every activity that fills a commitment, as far as the reader may see them."""
    plan = commitment.plan
    log_confidential_look(plan=plan, user=request.user)
    page = page_of(request, evidence_for(commitment, request.user))
    progress = progress_of([commitment], today=company_today())[commitment.pk]
    context = {
        "plan": plan,
        "commitment": commitment,
        "progress": progress,
        "page_obj": page,
        "hidden_count": progress.count - (page.paginator.count or progress.count),
        "nav_section": "plans",
    }
    return render(request, "metrics/commitment_evidence.html", context)
