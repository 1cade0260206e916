"""The records behind a number of a plan: those in it, and those left out with the reason."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from kam.core.policy import object_required
from metrics import policies
from metrics.records import records_of
from metrics.views.pins import pins_context
from plans.models import Plan
from plans.operations import log_confidential_look

PAGE_SIZE = 50
LABELS = {
    "sales_target": _("Sales target"),
    "won_revenue": _("Won revenue"),
    "pipeline": _("Pipeline"),
    "weighted_pipeline": _("Weighted pipeline"),
    "total_expected_revenue": _("Total expected"),
    "forecast_target_variance": _("Against target"),
}


@object_required(
    Plan,
    "plans.view_numbers",
    queryset=lambda plans: plans.select_related("account", "territory", "owner", "plan_type"),
)
def kpi_records(request: HttpRequest, plan: Plan, kpi: str) -> HttpResponse:
    if kpi not in policies.KPIS:
        raise Http404
    log_confidential_look(plan=plan, user=request.user)
    is_excluded = request.GET.get("excluded") == "true"
    number = max(int(text), 1) if (text := request.GET.get("page", "1")).isdecimal() and len(text) < 6 else 1
    listed = records_of(
        plan,
        kpi=kpi,
        user=request.user,
        is_excluded=is_excluded,
        start=(number - 1) * PAGE_SIZE,
        size=PAGE_SIZE,
    )
    page = Paginator(range(listed.count), PAGE_SIZE).get_page(number)
    if page.number != number:  # past the end: the last page there is
        listed = records_of(
            plan,
            kpi=kpi,
            user=request.user,
            is_excluded=is_excluded,
            start=(page.number - 1) * PAGE_SIZE,
            size=PAGE_SIZE,
        )
    context: dict[str, Any] = {
        "plan": plan,
        "kpi": listed.kpi,
        "listed": listed,
        "label": LABELS[kpi],
        "page_obj": page,
        "tabs": [
            {
                "label": label,
                "url": reverse("metrics:kpi_records", args=[plan.pk, name]),
                "active": name == kpi,
            }
            for name, label in LABELS.items()
        ],
        "is_weighted": kpi not in {"won_revenue", "pipeline"},
        "nav_section": "plans",
        **pins_context(request, plan),
    }
    return render(request, "metrics/kpi_records.html", context)
