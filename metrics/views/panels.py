"""Panels with numbers, shown in the pages of accounts, opportunities and plans."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse, reverse_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from crm.models import Account, Opportunity, Order
from kam.core.lists import OrderedRows, list_filter, page_of, tabs_of
from kam.core.panels import is_part_of_page
from kam.core.policy import object_required, signed_in
from kam.users.models import User
from metrics import operations
from metrics.filters import PlanNumbersFilter
from metrics.portfolio_records import plans_counting
from metrics.record_rows import named_products
from metrics.views.portfolio import with_query
from metrics.views.tiles import chart_of, rows_of, tiles_of
from plans.coverage import covering
from plans.models import AccountPlan, AccountPlanProduct, Plan

SHOWN_PLANS = 10
# What a row of the list shows; a list of whole rows, with all their texts, takes half as long again.
COLUMNS = (
    "name",
    "status",
    "start_date",
    "end_date",
    "is_confidential",
    "account__name",
    "plan_type__name",
    "owner__first_name",
    "owner__last_name",
    "owner__username",
    "kpi__currency",
    "kpi__sales_target",
    "kpi__won_revenue",
    "kpi__weighted_pipeline",
    "kpi__total_expected_revenue",
    "kpi__forecast_target_variance",
)
WORDS = {
    "plans": _lazy("Account plans"),
    "search": _lazy("Plan or account"),
    "subject": _lazy("Account"),
    "none": _lazy("No plans yet"),
    "meaning": _lazy(
        "A plan says what you will win with an account, with which objectives, and shows every day how far you are."
    ),
}
SHOWN_FILTERS = ("status", "owner", "account", "territory", "plan_type", "start_date")


def plans_with_open_numbers(user: User, plans: Iterable[Plan]) -> Collection[UUID]:
    """Of these plans, those whose targets and pipeline the user may see: one question for all of them."""
    ids = {plan.pk for plan in plans}
    if user.has_perm("plans.view_numbers"):
        return ids
    mine = Plan.objects.visible_to(user).taking_part(user)
    return set(mine.filter(pk__in=ids).values_list("pk", flat=True))


@object_required(Plan, "plans.view_numbers")
def plan_panel(request: HttpRequest, plan: Plan) -> HttpResponse:
    """Tiles and chart of a plan, repaired before they are read."""
    if not is_part_of_page(request):
        return redirect(plan)
    kpi, is_fresh = operations.fresh_kpi(plan)
    context = {
        "plan": plan,
        "kpi": kpi,
        "is_fresh": is_fresh,
        "tiles": tiles_of(plan, kpi),
        "chart": chart_of(plan, kpi),
        "rows": rows_of(plan, kpi),
        "names_products": names_products(plan),
    }
    return render(request, "metrics/_plan_panel.html", context)


def names_products(plan: Plan) -> bool:
    """Whether it counts some products alone; its page has asked that together with the plan."""
    known = getattr(plan, "names_products", None)
    return named_products(plan).exists() if known is None else known


@object_required(Account, "crm.view_account")
def account_plans(request: HttpRequest, account: Account) -> HttpResponse:
    """The plans of an account, current ones first."""
    if not is_part_of_page(request):
        return redirect(account)
    plans = AccountPlan.objects.visible_to(request.user).filter(account=account)
    rows = list(plans.select_related("owner", "kpi").order_by("-end_date", "name")[: SHOWN_PLANS + 1])
    context = {
        "account": account,
        "plans": rows[:SHOWN_PLANS],
        "has_more": len(rows) > SHOWN_PLANS,
        "open_numbers": plans_with_open_numbers(request.user, rows),
        "may_add": request.user.has_perm("plans.add_accountplan"),
    }
    return render(request, "metrics/_account_plans.html", context)


@object_required(Opportunity, "crm.view_opportunity")
def opportunity_plans(request: HttpRequest, opportunity: Opportunity) -> HttpResponse:
    """The plans that cover an opportunity, as far as the reader may see them."""
    if not is_part_of_page(request):
        return redirect(opportunity)
    covered_by = [pair.plan_id for pair in covering([opportunity.pk], request.user)]
    named = AccountPlanProduct.objects.unscoped("what the numbers of a plan count").filter(
        plan=OuterRef("pk")
    )
    plans = AccountPlan.objects.visible_to(request.user).filter(pk__in=covered_by)
    plans = plans.annotate(names_products=Exists(named))
    context = {"plans": plans.select_related("account", "owner").order_by("start_date", "name")[:50]}
    return render(request, "metrics/_opportunity_plans.html", context)


@object_required(Order, "crm.view_order")
def order_plans(request: HttpRequest, order: Order) -> HttpResponse:
    """The plans that count an order, as far as the reader may see them."""
    if not is_part_of_page(request):
        return redirect(order)
    plans = plans_counting(order, request.user).select_related("account", "owner")
    context = {"plans": plans.order_by("start_date", "name")[:50], "is_order": True}
    return render(request, "metrics/_opportunity_plans.html", context)


@signed_in
def plan_list(request: HttpRequest) -> HttpResponse:
    """The list of plans with their stored numbers: one statement for the page, whatever it is sorted by."""
    if not is_part_of_page(request):
        return redirect("plans:accountplan_list")
    user = request.user
    filterset = list_filter(
        PlanNumbersFilter,
        request,
        shown(AccountPlan.objects.visible_to(user)),
        name="plans",
        show=SHOWN_FILTERS,
        hidden=("current",),
        search_in={
            "account": reverse_lazy("crm:account_options"),
            "owner": reverse_lazy("users:user_options"),
        },
    )
    picked = AccountPlan.objects.unscoped("rows whose ids came through the gate")
    found = OrderedRows(filterset.qs, picked=lambda: shown(picked))
    page = page_of(request, filterset.qs, rows=found.rows, ids=found.ids)
    context = {
        "filter": filterset,
        "page_obj": page,
        "sees_numbers": not filterset.refused_orderings(),
        "open_numbers": plans_with_open_numbers(user, page.object_list),
        "is_lagging": operations.is_lagging(),
        "tabs": list_tabs(request),
        "portfolio_url": with_query(reverse("metrics:portfolio"), request) if page.object_list else "",
        "may_add": user.has_perm("plans.add_accountplan"),
        "words": WORDS,
        "subject": "account",
        "create_url": "plans:accountplan_create",
        "export_name": "metrics:plan_export",
    }
    return render(request, "metrics/_plan_list.html", context)


def shown(plans: QuerySet) -> QuerySet:
    """With what a row of the list shows."""
    return plans.select_related("account", "owner", "plan_type", "kpi").only(*COLUMNS)


def list_tabs(request: HttpRequest) -> list[dict[str, Any]]:
    """Ways into the list; each sets filters that can be changed."""
    tabs = [(_("All"), {}), (_("Current"), {"current": "true"}), (_("Mine"), {"owner": str(request.user.pk)})]
    return tabs_of(request, tabs, within=("current", "owner"))
