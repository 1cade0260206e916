from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from kam.core.policy import object_required, signed_in
from plans.models import AccountPlan


@signed_in
def accountplan_list(request: HttpRequest) -> HttpResponse:
    plans = AccountPlan.objects.visible_to(request.user)[:50]
    return render(request, "plans/accountplan_list.html", {"plans": plans, "nav_section": "plans"})


@object_required(AccountPlan, "plans.view_accountplan")
def accountplan_detail(request: HttpRequest, plan: AccountPlan) -> HttpResponse:
    return render(request, "plans/accountplan_detail.html", {"plan": plan, "nav_section": "plans"})
