"""The Django admin's site: for administrators, behind our own login page."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.contrib.admin import AdminSite
from django.contrib.auth.views import LogoutView, redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.urls import URLPattern, URLResolver, reverse
from django.utils.translation import gettext_lazy as _

from kam.core.policy import mark

# `r/…` tells rows that are hidden from rows that are missing; ours link straight to their page.
LEFT_OUT = frozenset({"view_on_site"})


class KamAdminSite(AdminSite):
    site_header = _("kam administration")
    site_title = _("kam administration")
    index_title = _("Users, settings and records")
    index_template = "admin/kam_index.html"

    def has_permission(self, request: HttpRequest) -> bool:
        """Administrators; asked of the role, as `is_staff` may be older than it."""
        return super().has_permission(request) and request.user.has_module_perms("core")

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Our own login page. Who is logged in and may not come in here is told so."""
        wanted = request.GET.get("next") or reverse("admin:index", current_app=self.name)
        if self.has_permission(request):
            return redirect("admin:index")
        if request.user.is_authenticated:
            raise PermissionDenied
        return redirect_to_login(wanted, resolve_url(settings.LOGIN_URL))

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return LogoutView.as_view()(request)

    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return redirect("users:password_change")

    def get_urls(self) -> list[Any]:
        """Every view says who may call it, like those of our pages."""
        urls = [url for url in super().get_urls() if getattr(url, "name", None) not in LEFT_OUT]
        _mark_all(urls)
        return urls


def _mark_all(urls: Iterable[URLPattern | URLResolver]) -> None:
    for url in urls:
        if isinstance(url, URLResolver):
            _mark_all(url.url_patterns)
        elif url.name == "login":
            # A bound method takes no attributes: the function behind it does, and is what resolves.
            mark(getattr(url.callback, "__func__", url.callback), "public")
        else:
            mark(url.callback, "administrators")
