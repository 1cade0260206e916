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

from kam.core.lists import list_filter, page_of
from kam.core.policy import signed_in
from metrics import operations
from metrics.filters import PlanNumbersFilter
from metrics.portfolio import Totals, portfolio_totals
from metrics.portfolio_records import PORTFOLIO_KPIS, plans_added_up, portfolio_records
from metrics.rules import plans_with_numbers
from metrics.views.records import LABELS, PAGE_SIZE
from plans.operations import log_confidential_look

SHOWN_FILTERS = ("status", "owner", "account", "territory", "plan_type", "start_date")


def filter_of(request: HttpRequest) -> Any:
    """The plans whose numbers the reader may see, as the address chooses among them."""
    filterset = list_filter(
        PlanNumbersFilter,
        request,
        plans_with_numbers(request.user).select_related("account", "owner", "kpi"),
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


def only_plans(plans: QuerySet) -> QuerySet:
    """Without what only their list needs."""
    return plans.select_related(None).order_by()


@signed_in
def portfolio(request: HttpRequest) -> HttpResponse:
    """What some plans add up to, each record once, and the plans with their own numbers."""
    is_lagging = operations.is_lagging()  # asked first: what is worked off meanwhile makes the numbers newer
    filterset = filter_of(request)
    totals = portfolio_totals(plans=only_plans(filterset.qs), user=request.user)
    page = page_of(request, filterset.qs)
    for plan in page:
        log_confidential_look(plan=plan, user=request.user)
    context = {
        "filter": filterset,
        "page_obj": page,
        "totals": totals,
        "as_of": timezone.now(),
        "sums": sums_of(totals, plans_added_up(only_plans(filterset.qs)), request),
        "currency": settings.COMPANY_CURRENCY,
        "is_lagging": is_lagging,
        "nav_section": "dashboards",
    }
    return render(request, "metrics/portfolio.html", context)


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
    for name in ("page", "excluded", "ordering"):
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
