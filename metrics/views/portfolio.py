"""From a sum over many plans down to the plans and the records in it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse, reverse_lazy
from django.utils import timezone

from kam.core.lists import OrderedRows, list_filter, page_of
from kam.core.pages import asks_for_part, vary_by_part
from kam.core.policy import signed_in
from metrics import operations
from metrics.filters import PlanNumbersFilter
from metrics.portfolio import Totals, portfolio_totals
from metrics.portfolio_records import PORTFOLIO_KPIS, plans_added_up, portfolio_records
from metrics.rules import plans_with_numbers
from metrics.views.records import LABELS, PAGE_SIZE
from plans.models import AccountPlan
from plans.operations import log_confidential_looks

SHOWN_FILTERS = ("status", "owner", "account", "territory", "plan_type", "start_date")
SUMMED_AT_ONCE = 100  # plans
COLUMNS = (
    "name",
    "status",
    "start_date",
    "end_date",
    "is_confidential",
    "account__name",
    *(f"kpi__company_{name}" for name in PORTFOLIO_KPIS),
)


def filter_of(request: HttpRequest) -> Any:
    """The plans whose numbers the reader may see, as the address chooses among them."""
    filterset = list_filter(
        PlanNumbersFilter,
        request,
        shown(plans_with_numbers(request.user)),
        name="portfolio",
        show=SHOWN_FILTERS,
        hidden=("current",),
        search_in={
            "account": reverse_lazy("crm:account_options"),
            "owner": reverse_lazy("users:user_options"),
        },
    )
    # Another type has other fields: the filters are read anew, from here and not from the list of plans.
    filterset.form.fields["plan_type"].widget.attrs["hx-get"] = reverse("metrics:portfolio")
    return filterset


def shown(plans: QuerySet) -> QuerySet:
    """With what a row of the list shows."""
    return plans.select_related("account", "kpi").only(*COLUMNS)


def only_plans(plans: QuerySet) -> QuerySet:
    """Without what only their list needs."""
    return plans.select_related(None).only("pk").order_by()


@signed_in
def portfolio(request: HttpRequest) -> HttpResponse:
    """What some plans add up to, each record once, and the plans with their own numbers.

    What many plans add up to takes a moment: it follows the page, or is asked for.
    """
    is_lagging = operations.is_lagging()  # asked first: what is worked off meanwhile makes the numbers newer
    filterset = filter_of(request)
    asks_for_sums = request.GET.get("sums") == "show"
    if asks_for_sums and asks_for_part(request, "sums"):
        return vary_by_part(render(request, "metrics/_portfolio_sums.html", summed(filterset.qs, request)))
    picked = AccountPlan.objects.unscoped("rows whose ids came through the gate")
    found = OrderedRows(filterset.qs, picked=lambda: shown(picked))
    page = page_of(request, filterset.qs, rows=found.rows, ids=found.ids)
    if confidential := [plan.pk for plan in page if plan.is_confidential]:
        log_confidential_looks(plans=picked.filter(pk__in=confidential), user=request.user)
    count = page.paginator.count
    follows = (count is None or count > SUMMED_AT_ONCE) and not asks_for_sums
    context = {
        "filter": filterset,
        "page_obj": page,
        "as_of": timezone.now(),
        "currency": settings.COMPANY_CURRENCY,
        "is_lagging": is_lagging,
        "nav_section": "dashboards",
        **({"sums_follow": True} if follows else summed(filterset.qs, request)),
    }
    return vary_by_part(render(request, "metrics/portfolio.html", context))


def summed(plans: QuerySet, request: HttpRequest) -> dict[str, Any]:
    """What the card of the sums shows."""
    plans = only_plans(plans)
    totals = portfolio_totals(plans=plans, user=request.user)
    sums = sums_of(totals, plans_added_up(plans), request)
    return {"totals": totals, "sums": sums, "currency": settings.COMPANY_CURRENCY}


def sums_of(totals: Totals, added_up: dict[str, Decimal], request: HttpRequest) -> list[dict[str, Any]]:
    """By number: the plans one by one, what of that counts once only or is hidden, and the total."""
    return [
        {
            "label": LABELS[name],
            "added_up": added_up[name],
            "difference": getattr(totals, name) - added_up[name],
            "total": getattr(totals, name),
            "url": with_query(reverse("metrics:portfolio_records", args=[name]), request),
        }
        for name in PORTFOLIO_KPIS
    ]


def with_query(url: str, request: HttpRequest) -> str:
    """With the same choice of plans."""
    chosen = request.GET.copy()
    for name in ("page", "excluded", "ordering", "sums"):
        chosen.pop(name, None)
    return f"{url}?{chosen.urlencode()}" if chosen else url


@signed_in
def portfolio_records_page(request: HttpRequest, kpi: str) -> HttpResponse:
    """The records in a sum over these plans, each once; or those without a rate."""
    if kpi not in PORTFOLIO_KPIS:
        raise Http404
    plans = only_plans(filter_of(request).qs)
    is_excluded = request.GET.get("excluded") == "true"
    text = request.GET.get("page", "1")
    number = max(int(text), 1) if text.isdecimal() and len(text) < 6 else 1
    listed = portfolio_records(
        plans=plans,
        user=request.user,
        kpi=kpi,
        is_excluded=is_excluded,
        start=(number - 1) * PAGE_SIZE,
        size=PAGE_SIZE,
    )
    here = with_query(request.path, request)
    context = {
        "listed": listed,
        "totals": (totals := portfolio_totals(plans=plans, user=request.user)),
        "value": getattr(totals, kpi),
        "label": LABELS[kpi],
        "currency": settings.COMPANY_CURRENCY,
        "as_of": timezone.now(),
        "is_weighted": kpi not in {"won_revenue", "pipeline"},
        "page_obj": Paginator(range(listed.count), PAGE_SIZE).get_page(number),
        "portfolio_url": with_query(reverse("metrics:portfolio"), request),
        "counted_url": here,
        "excluded_url": f"{here}{'&' if '?' in here else '?'}excluded=true",
        "tabs": [
            {
                "label": LABELS[name],
                "url": with_query(reverse("metrics:portfolio_records", args=[name]), request),
                "active": name == kpi,
            }
            for name in PORTFOLIO_KPIS
        ],
        "nav_section": "dashboards",
    }
    return render(request, "metrics/portfolio_records.html", context)
