from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from crm.models import Opportunity
from kam.core.policy import object_required, signed_in


@signed_in
def opportunity_list(request: HttpRequest) -> HttpResponse:
    opportunities = Opportunity.objects.visible_to(request.user)[:50]
    context = {"opportunities": opportunities, "nav_section": "opportunities"}
    return render(request, "crm/opportunity_list.html", context)


@object_required(Opportunity, "crm.view_opportunity")
def opportunity_detail(request: HttpRequest, opportunity: Opportunity) -> HttpResponse:
    context = {"opportunity": opportunity, "nav_section": "opportunities"}
    return render(request, "crm/opportunity_detail.html", context)
