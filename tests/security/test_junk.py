"""No input gives a 5xx (quality.md, P15): every URL with what nobody sane sends.

The API's fields and parameters have their own, finer tests in `tests/api/test_hostile_input.py`;
this one walks the URLs, so that a new page is asked by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client

from kam.users.models import User
from tests.fixtures import ClientFor
from tests.security.asking import FORM, undone
from tests.security.routes import Route, site_routes
from tests.security.test_answers import SAME_FOR_ALL
from tests.security.twins import Twins

LONG = "9" * 400
ODD = "\x00\u202e\u200b😀'; --"
PARAMETERS = (
    "q",
    "search",
    "ordering",
    "page",
    "page_size",
    "status",
    "owner",
    "account",
    "next",
    "kpi",
    "as_of",
)
QUERIES = (
    urlencode({"page": "abc", "ordering": ODD, "q": ODD, "search": ODD, "unknown": ODD}),
    urlencode([(name, value) for name in PARAMETERS for value in (LONG, "-1", "x" * 3_000)]),
)
VALUES = (ODD, LONG, "x" * 30_000)
MULTIPART = "multipart/form-data"  # without a boundary


def url_of(twins: Twins, route: Route) -> str:
    return route.url(twins.seen[route.model].pk if route.id_name else None)  # type: ignore[index]


def failures(asked: Iterator[tuple[str, Any]]) -> list[str]:
    return [f"{what}: {response.status_code}" for what, response in asked if response.status_code >= 500]


@pytest.fixture
def client(twins: Twins, client_as: ClientFor) -> Client:
    made = client_as(twins.cast["admin"])
    made.raise_request_exception = False
    return made


def test_any_query_is_taken_or_refused(twins: Twins, client: Client) -> None:
    def asked() -> Iterator[tuple[str, Any]]:
        for route in site_routes():
            if route.path in SAME_FOR_ALL:
                continue
            for number, query in enumerate(QUERIES):
                headers = {"HX-Request": "true", "HX-Target": ODD} if number else {}
                with undone():
                    response = client.get(f"{url_of(twins, route)}?{query}", headers=headers)
                yield f"{route.path} {query[:60]}", response

    assert failures(asked()) == []


def test_any_form_is_taken_or_refused_by_naming_a_field(twins: Twins, client: Client) -> None:
    silent: list[str] = []

    def asked() -> Iterator[tuple[str, Any]]:
        for route in site_routes():
            if route.is_api:
                continue
            url = url_of(twins, route)
            with undone():
                page = client.get(url)
            shown = page.context.get("form") if page.context is not None else None
            names = [part for name in getattr(shown, "fields", {}) for part in named(shown, name)] or ["x"]
            for value in VALUES if shown is not None else VALUES[:1]:
                with undone():
                    response = client.post(url, urlencode(dict.fromkeys(names, value)), content_type=FORM)
                yield f"{route.path} {value[:10]!r}", response
                bound = response.context.get("form") if response.context is not None else None
                if response.status_code == 422 and getattr(bound, "is_bound", False) and not bound.errors:
                    silent.append(f"{route.path} {value[:10]!r}")

    assert failures(asked()) == []
    assert silent == []


def named(form: Any, name: str) -> list[str]:
    """The names under which a field is sent: a searched choice has two."""
    sent = form.add_prefix(name)
    return [sent, f"{sent}_text"] if hasattr(form.fields[name].widget, "options_url") else [sent]


def test_any_body_is_taken_or_refused(twins: Twins, client: Client) -> None:
    def asked() -> Iterator[tuple[str, Any]]:
        for route in site_routes():
            if "POST" not in route.own_methods:
                continue
            url = url_of(twins, route)
            for content_type, body in (("application/json", "[" * 500), (MULTIPART, b"--x\xff")):
                with undone():
                    response = client.generic("POST", url, body, content_type=content_type)
                yield f"{route.path} {content_type}", response

    assert failures(asked()) == []


def test_an_address_with_junk_for_an_id_is_not_there(twins: Twins, client: Client) -> None:
    routes = [route for route in site_routes() if route.id_name]
    found = {
        (route.path, junk): status
        for route in routes
        for junk in ("1", "%00", "%F0%9F%98%80", LONG)
        if (status := client.get(route.url(junk)).status_code) != 404
    }

    assert found == {}
    assert len(routes) > 50


def test_every_page_refuses_a_post_from_another_site(twins: Twins, admin: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin)
    routes = [route for route in site_routes() if route.policy != "public"]
    taken = {
        route.path: status
        for route in routes
        if (status := client.post(url_of(twins, route)).status_code) not in {403, 405}
    }

    assert taken == {}
