"""No URL without a declared policy (quality.md, P5)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import include, path
from rest_framework.views import APIView

from kam.core.policy import object_required, permission_required, public, signed_in
from kam.users.models import User
from plans.models import AccountPlan
from tests.fixtures import ClientFor
from tests.security.routes import Route, all_routes, walk


def undeclared(routes: Iterable[Route]) -> list[str]:
    """Views that do not say who may call them; the catch-all of the Django admin shows nothing."""
    return [route.path for route in routes if not route.policy and route.path != "admin/(?P<url>.*)$"]


def test_every_url_declares_who_may_call_it() -> None:
    assert undeclared(all_routes()) == []
    assert len(all_routes()) > 150


def test_a_view_without_a_policy_is_found() -> None:
    def forgotten(request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    def declared(request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    class ForgottenView(APIView):
        pass

    patterns: list[Any] = [
        path("a/", public(declared)),
        path("b/", signed_in(declared)),
        path("c/", permission_required("x.y")(declared)),
        path("d/<uuid:pk>/", object_required(AccountPlan, "x")(declared)),
        path("in/", include([path("e/", forgotten), path("f/", ForgottenView.as_view())])),
    ]

    assert undeclared(walk(patterns)) == ["in/e/", "in/f/"]


def test_the_admin_is_for_administrators(cast: dict[str, User], client_as: ClientFor) -> None:
    urls = ["/" + route.path for route in all_routes() if route.is_admin and "<" not in route.path]
    clients = [Client(), *(client_as(user) for name, user in cast.items() if name != "admin")]
    pages = [url for url in urls if not url.startswith(("/admin/login/", "/admin/log"))]
    let_in = {
        (url, status)
        for client in clients
        for url in pages
        if (status := client.get(url).status_code) not in {302, 403}
    }

    assert let_in == set()
    assert len(pages) > 30
