"""Pages speak the user's language and show instants in the user's time zone."""

from __future__ import annotations

import zoneinfo

from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

from kam.core.middleware import GetResponse


class LocaleAndTimeZoneMiddleware:
    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        locale = getattr(user, "locale", "") or translation.get_language_from_request(request)
        zone = getattr(user, "time_zone", "")
        with translation.override(locale), timezone.override(zoneinfo.ZoneInfo(zone) if zone else None):
            request.LANGUAGE_CODE = locale  # type: ignore[attr-defined]
            return self.get_response(request)
