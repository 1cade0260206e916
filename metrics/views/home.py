from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from kam.core.policy import signed_in


@signed_in
def home(request: HttpRequest) -> HttpResponse:
    return render(request, "metrics/home.html", {"nav_section": "home"})
