"""No URL without a declared policy (quality.md, P5)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, get_resolver, path


def views(patterns: list[Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for entry in patterns:
        route = f"{prefix}{entry.pattern}"
        if isinstance(entry, URLResolver):
            if entry.app_name != "admin":  # every view of it passes the admin site's own check
                yield from views(entry.url_patterns, route)
        elif isinstance(entry, URLPattern):
            yield route, entry.callback


def policy_of(view: Any) -> str | None:
    """A function carries its policy; an API view or viewset has it on its class."""
    return getattr(view, "kam_policy", None) or getattr(getattr(view, "cls", None), "kam_policy", None)


def undeclared(patterns: list[Any]) -> list[str]:
    return [route for route, view in views(patterns) if not policy_of(view)]


def test_every_url_declares_who_may_call_it() -> None:
    patterns = get_resolver().url_patterns

    assert undeclared(patterns) == []
    assert len(list(views(patterns))) > 100


def test_a_view_without_a_policy_is_found() -> None:
    def forgotten(request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    assert undeclared([path("forgotten/", forgotten)]) == ["forgotten/"]
