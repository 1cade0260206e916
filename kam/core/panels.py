"""A page joins a piece of another app by URL, not by import.

A page of a lower app (an account, a plan) shows panels that an upper app owns (its numbers). The
panel is a view of its own, with its own policy; here it is called by its URL name while the page is
made, so that the first load is complete: no flash, no layout jump, no JavaScript needed.
"""

from __future__ import annotations

import copy

from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, HttpRequest
from django.urls import resolve, reverse
from django.utils.safestring import SafeString, mark_safe


def render_panel(request: HttpRequest, name: str, instance: models.Model | None = None) -> SafeString:
    """The panel's HTML as this user may see it; empty where the user may not.

    `instance` is the row of the page, loaded through the gate for this user: the panel's own
    `object_required` takes it as it is, and only asks its rule.
    """
    match = resolve(reverse(name, args=[instance.pk] if instance else []))
    inner = copy.copy(
        request
    )  # its path stays that of the page: links and forms in the panel lead back to it
    inner.method = "GET"
    inner.in_page, inner.loaded = True, instance  # type: ignore[attr-defined]
    try:
        response = match.func(inner, *match.args, **match.kwargs)
    except (PermissionDenied, Http404):
        return mark_safe("")
    return mark_safe(response.content.decode()) if response.status_code == 200 else mark_safe("")


def is_part_of_page(request: HttpRequest) -> bool:
    """Whether a panel was asked for by a page (or by HTMX in one), not by its bare address."""
    return getattr(request, "in_page", False) or bool(getattr(request, "htmx", False))
