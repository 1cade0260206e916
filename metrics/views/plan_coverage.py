"""Plan coverage: strategic accounts with and without a plan, and the accounts behind each count."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse_lazy
from django.utils.translation import gettext as _

from kam.core.clock import company_today
from kam.core.lists import list_filter, page_of
from kam.core.policy import signed_in
from metrics.dashboards import coverage
from metrics.dashboards.covering import plans_by_account, plans_to_come
from metrics.dashboards.groups import Group
from metrics.enums import PlanState
from metrics.filters import PlanCoverageFilter
from metrics.views.drill_down import Row, bar_of, cells_of, chosen, link, parts_of

SHOWN_FILTERS = ("owner", "territory", "current_segment")
HIDDEN_FILTERS = ("plan_state", "without_owner", "without_territory", "target_segment")
LABELS = dict(PlanState.choices)


@signed_in
def plan_coverage(request: HttpRequest) -> HttpResponse:
    user, today = request.user, company_today()
    filterset = list_filter(
        PlanCoverageFilter,
        request,
        coverage.strategic_accounts(user, today=today),
        name="plan_coverage",
        show=SHOWN_FILTERS,
        hidden=HIDDEN_FILTERS,
        search_in={"owner": reverse_lazy("users:user_options")},
    )
    found = coverage.coverage_of(filterset.qs)
    accounts = filterset.qs.select_related("territory", "owner", "current_segment", "target_segment")
    state = filterset.form.cleaned_data.get("plan_state") if filterset.form.is_valid() else ""
    page = page_of(request, accounts.filter(plan_state=state) if state else accounts)
    plans = plans_by_account([account.pk for account in page], plans_to_come(user, today=today))
    for account in page:
        account.plans_of_it = plans.get(account.pk, [])
    context = {
        "filter": filterset,
        "page_obj": page,
        "parts": parts_of(found.total, LABELS),
        "in_all": coverage.accounts_in(found.total),
        "percent": coverage.coverage_percent(found.total),
        "tables": tables_of(request, found),
        "states": states(request, found, state),
        "may_add_plan": user.has_perm("plans.add_accountplan"),
        "nav_section": "dashboards",
    }
    return render(request, "metrics/plan_coverage.html", context)


def tables_of(request: HttpRequest, found: coverage.Coverage) -> list[dict[str, Any]]:
    def row(name: str, group: Group) -> Row:
        links = {
            state: link(request, "accounts", plan_state=state, **chosen(name, group)) for state in LABELS
        }
        return Row(
            group.name,
            group.level,
            [bar_of(_("Shares"), name, group, LABELS), *cells_of(group, LABELS, links)],
        )

    return [
        {
            "id": "by-owner",
            "title": _("By owner"),
            "head": _("Owner"),
            "nobody": _("Nobody"),
            "rows": [row("owner", group) for group in found.by_owner],
        },
        {
            "id": "by-territory",
            "title": _("By territory, with those below"),
            "head": _("Territory"),
            "nobody": _("No territory"),
            "rows": [row("territory", group) for group in found.by_territory],
        },
    ]


def states(request: HttpRequest, found: coverage.Coverage, now: str) -> list[dict[str, Any]]:
    """The tabs of the list."""
    everything = {
        "label": _("All"),
        "url": link(request, "accounts", plan_state=""),
        "active": not now,
        "count": coverage.accounts_in(found.total),
    }
    return [
        everything,
        *(
            {
                "label": str(label),
                "url": link(request, "accounts", plan_state=state),
                "active": state == now,
                "count": found.total[state],
            }
            for state, label in LABELS.items()
        ),
    ]
