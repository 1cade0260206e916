"""Small habits of pages: where to go next, a form that did not pass, a step that can be undone."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme


def next_url(request: HttpRequest, default: str) -> str:
    """Where the reader came from, if `next` names a page of ours."""
    target = request.POST.get("next") or request.GET.get("next") or ""
    is_ours = url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return target if is_ours else default


def posted(request: HttpRequest) -> QueryDict | None:
    """The data of a bound form: also an empty one, if it was sent."""
    return request.POST if request.method == "POST" else None


def render_form(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """A page around `form`: 200 when it is empty, 409 when somebody saved before, 422 when it has errors."""
    form = context["form"]
    status = 200
    if form.is_bound:
        status = 409 if getattr(form, "conflict", None) else 422
    return render(request, template, context, status=status)


def success_with_undo(request: HttpRequest, text: str, undo_url: str) -> None:
    """A message with an “Undo” button, which posts to `undo_url`."""
    messages.success(request, text, extra_tags=undo_url)


def typed(request: HttpRequest, name: str = "q") -> str:
    """A text from an address, as long as anybody types, and without what no database takes."""
    return request.GET.get(name, "").replace("\x00", "").strip()[:200]


def asks_for_part(request: HttpRequest, name: str) -> bool:
    """Whether HTMX asks for what comes in place of the element with this id, and not for the page."""
    return request.htmx.target == name  # type: ignore[attr-defined]


def vary_by_part(response: HttpResponse) -> HttpResponse:
    """One address answers a page and a part of it."""
    patch_vary_headers(response, ("HX-Request", "HX-Target"))
    return response


def as_uuid(text: str) -> UUID | None:
    """An id from an address; None for what is none, which no row has."""
    try:
        return UUID(text)
    except ValueError:
        return None
