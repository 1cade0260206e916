from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from kam.core.policy import signed_in


@signed_in
def search(request: HttpRequest) -> HttpResponse:
    return render(request, "plans/search.html", {"search_query": request.GET.get("q", "")})
