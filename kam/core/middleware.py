"""Middleware: health, content security policy, and who is acting."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.db import Error, connection
from django.http import HttpRequest, HttpResponse, JsonResponse

from kam.core import health
from kam.core.actor import acting

GetResponse = Callable[[HttpRequest], HttpResponse]


class HealthMiddleware:
    """`/healthz` (the process is up) and `/readyz` (database and migrations), before host checks.

    Redis away is no reason to take the web process out of service: read repair and the sweep do
    without it. It is reported in the JSON of neither; the operations page shows it.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path == "/healthz":
            return JsonResponse({"status": "ok"})
        if request.path == "/readyz":
            try:
                ready = health.is_ready(connection)
            except Error:
                ready = False
            return JsonResponse({"status": "ok" if ready else "unavailable"}, status=200 if ready else 503)
        return self.get_response(request)


class ContentSecurityPolicyMiddleware:
    """Sends `settings.SECURE_CSP`. Goes away with Django 6, which brings its own."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.policy = "; ".join(f"{name} {' '.join(values)}" for name, values in settings.SECURE_CSP.items())

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", self.policy)
        response.headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
        return response


class ActorMiddleware:
    """Attributes the writes of a request to its user and channel. The API sets its token user later."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        source = (
            "api"
            if request.path.startswith("/api/")
            else "admin"
            if request.path.startswith("/admin/")
            else "page"
        )
        user = request.user if request.user.is_authenticated else None
        request_id = request.headers.get("X-Request-ID", "")[:64]
        with acting(user, source=source, request_id=request_id):
            return self.get_response(request)
