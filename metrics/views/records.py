"""The records behind a number of a plan: those in it, and those left out with the reason."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from crm.models import Account
from kam.core.pages import as_uuid
from kam.core.policy import object_required
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
    if kpi not in LABELS:
        raise Http404
    log_confidential_look(plan=plan, user=request.user)
    is_excluded = request.GET.get("excluded") == "true"
    account = account_of(request)
    number = max(int(text), 1) if (text := request.GET.get("page", "1")).isdecimal() and len(text) < 6 else 1
    read = partial(
        records_of,
        plan,
        kpi=kpi,
        user=request.user,
        is_excluded=is_excluded,
        size=PAGE_SIZE,
        account_id=account and account.pk,
    )
    listed = read(start=(number - 1) * PAGE_SIZE)
    page = Paginator(range(listed.count), PAGE_SIZE).get_page(number)
    if page.number != number:  # past the end: the last page there is
        listed = read(start=(page.number - 1) * PAGE_SIZE)
    context: dict[str, Any] = {
        "plan": plan,
        "kpi": listed.kpi,
        "listed": listed,
        "only_account": account,
        "kept": f"account={account.pk}&" if account else "",
        "label": LABELS[kpi],
        "page_obj": page,
        "tabs": [
            {
                "label": label,
                "url": reverse("metrics:kpi_records", args=[plan.pk, name])
                + (f"?account={account.pk}" if account else ""),
                "active": name == kpi,
            }
            for name, label in LABELS.items()
        ],
        "is_weighted": kpi not in {"won_revenue", "pipeline"},
        "nav_section": "plans",
        **pins_context(request, plan),
    }
    return render(request, "metrics/kpi_records.html", context)


def account_of(request: HttpRequest) -> Account | None:
    """Whose records alone are asked for."""
    text = request.GET.get("account", "")
    return get_object_or_404(Account.objects.visible_to(request.user), pk=as_uuid(text)) if text else None
