"""Every view says who may call it; a test walks the URLconf and fails on one that does not.

`object_required` loads through the gate (missing and hidden are both 404), then asks the rule
(403). The other decorators mark views that need no object.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme

View = Callable[..., HttpResponse]


def mark(view: Any, policy: str) -> Any:
    """Declare the policy of a view whose check is made elsewhere (Django's own views)."""
    view.kam_policy = policy
    return view


def public(view: View) -> View:
    """Anybody, without a login."""
    return mark(view, "public")


def login_first(view: View) -> View:
    """Who is not signed in does so first and comes back: to the page, or to the one that the form stood on."""

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.user.is_authenticated:
            return view(request, *args, **kwargs)
        came_from = request.get_full_path()
        if request.method not in {"GET", "HEAD"}:
            came_from = request.headers.get("Referer", "")
            if not url_has_allowed_host_and_scheme(came_from, {request.get_host()}, request.is_secure()):
                came_from = resolve_url(settings.LOGIN_REDIRECT_URL)
        return redirect_to_login(came_from)

    return checked


def signed_in(view: View) -> View:
    """Any active user; what the page shows is narrowed by the gate."""
    return mark(login_first(view), "signed in")


def permission_required(permission: str) -> Callable[[View], View]:
    """A user who has the permission, independent of an object (403 otherwise)."""

    def decorate(view: View) -> View:
        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.has_perm(permission):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return mark(login_first(checked), permission)

    return decorate


def object_required(
    model: type[models.Model],
    permission: str,
    *,
    queryset: Callable[[models.QuerySet], models.QuerySet] | None = None,
) -> Callable[[View], View]:
    """The view gets the object instead of `pk`. `queryset` may add select_related and the like."""

    def decorate(view: View) -> View:
        @wraps(view)
        def checked(request: HttpRequest, pk: Any, *args: Any, **kwargs: Any) -> HttpResponse:
            instance = getattr(request, "loaded", None)  # by the page around a panel (kam.core.panels)
            if not isinstance(instance, model) or instance.pk != pk:
                visible = model.objects.visible_to(request.user)  # type: ignore[attr-defined]
                instance = get_object_or_404(queryset(visible) if queryset else visible, pk=pk)
            if not request.user.has_perm(permission, instance):
                raise PermissionDenied
            return view(request, instance, *args, **kwargs)

        checked.kam_model = model  # type: ignore[attr-defined]
        return mark(login_first(checked), permission)

    return decorate


def with_rights(rows: Iterable[Any], user: Any, permission: str) -> list[Any]:
    """Rows that know whether this user `may_change` them: a page offers only what will be allowed."""
    listed = list(rows)
    for row in listed:
        row.may_change = user.has_perm(permission, row)
    return listed
