"""Territory business plans: their list with numbers, and the accounts of one."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy

from kam.core.clock import company_today
from kam.core.lists import list_filter, page_of
from kam.core.panels import is_part_of_page
from kam.core.policy import object_required, signed_in
from metrics import operations, territories
from metrics.filters import TerritoryPlanNumbersFilter
from metrics.views.panels import list_tabs, plans_with_open_numbers
from plans.models import TerritoryBusinessPlan

WORDS = {
    "plans": gettext_lazy("Territory plans"),
    "search": gettext_lazy("Plan or territory"),
    "subject": gettext_lazy("Territory"),
    "none": gettext_lazy("No territory plans yet"),
    "meaning": gettext_lazy(
        "A territory plan says what you will reach with all accounts of a territory, who does what, "
        "and which of them need attention."
    ),
}
SHOWN_FILTERS = ("status", "owner", "territory", "plan_type", "start_date")


@signed_in
def territory_plan_list(request: HttpRequest) -> HttpResponse:
    if not is_part_of_page(request):
        return redirect("plans:territoryplan_list")
    user = request.user
    filterset = list_filter(
        TerritoryPlanNumbersFilter,
        request,
        shown(TerritoryBusinessPlan.objects.visible_to(user)),
        name="territory_plans",
        show=SHOWN_FILTERS,
        hidden=("current",),
        search_in={"owner": reverse_lazy("users:user_options")},
    )
    page = page_of(request, filterset.qs)
    context = {
        "filter": filterset,
        "page_obj": page,
        "sees_numbers": not filterset.refused_orderings(),
        "open_numbers": plans_with_open_numbers(user, page.object_list),
        "is_lagging": operations.is_lagging(),
        "tabs": list_tabs(request),
        "may_add": user.has_perm("plans.add_territorybusinessplan"),
        "words": WORDS,
        "subject": "territory",
        "create_url": "plans:territoryplan_create",
        "export_name": "metrics:territory_plan_export",
    }
    return render(request, "metrics/_plan_list.html", context)


def shown(plans: QuerySet) -> QuerySet:
    return plans.select_related("territory", "owner", "plan_type", "kpi").defer("vision", "business_overview")


@object_required(
    TerritoryBusinessPlan,
    "plans.view_territorybusinessplan",
    queryset=lambda plans: plans.select_related("owner"),
)
def territory_accounts(request: HttpRequest, plan: TerritoryBusinessPlan) -> HttpResponse:
    """The accounts of the territory and below that the reader may see, a page of them at a time."""
    if not is_part_of_page(request):
        return redirect(plan)
    user = request.user
    sees_numbers = user.has_perm("plans.view_numbers", plan) and user.has_perm("crm.view_commercial")
    kpi = operations.fresh_kpi(plan)[0] if sees_numbers else None
    page = page_of(request, territories.accounts_of(plan, user))
    rows = territories.rows_of(
        plan,
        page.object_list,
        user=user,
        open_numbers=plans_with_open_numbers,
        won=kpi.won_revenue if kpi else None,
        today=company_today(),
    )
    context = {
        "plan": plan,
        "rows": rows,
        "page_obj": page,
        "sees_numbers": sees_numbers,
        "hidden_count": territories.hidden_count(plan, user),
        "may_add": user.has_perm("plans.add_accountplan"),
    }
    return render(request, "metrics/_territory_accounts.html", context)
