"""The records behind a number."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from kam.core.policy import object_required
from metrics import operations, policies
from plans.models import AccountPlan


@object_required(AccountPlan, "plans.view_numbers")
def kpi_records(request: HttpRequest, plan: AccountPlan, kpi: str) -> HttpResponse:
    if kpi not in policies.KPIS:
        raise Http404
    numbers, is_fresh = operations.fresh_kpi(plan)
    context = {"plan": plan, "kpi": numbers, "is_fresh": is_fresh, "nav_section": "plans"}
    return render(request, "metrics/kpi_records.html", context)
