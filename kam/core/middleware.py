"""Middleware: health, how much is taken, content security policy, and who is acting."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from django.conf import settings
from django.db import Error, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string

from kam.core import health
from kam.core.actor import acting
from kam.core.api.problems import MEDIA_TYPE, PayloadTooLarge, problem_body

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


class BodyLimitMiddleware:
    """Refuses bodies that are larger than anything kam takes, before a byte of them is read.

    Django limits what it keeps in memory; files of a form it would write to the disk, however large, also
    for somebody who is not logged in.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if not length.isdecimal() or int(length) <= settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            return self.get_response(request)
        if request.path.startswith("/api/"):
            problem = problem_body(PayloadTooLarge())
            return JsonResponse(problem, status=problem["status"], content_type=MEDIA_TYPE)
        return HttpResponse(render_to_string("413.html"), status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)


class ContentSecurityPolicyMiddleware:
    """Sends `settings.SECURE_CSP`. Goes away with Django 6, which brings its own.

    What is made for one reader is kept by no cache on the way.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.policy = "; ".join(f"{name} {' '.join(values)}" for name, values in settings.SECURE_CSP.items())

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", self.policy)
        response.headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
        response.headers.setdefault("Cache-Control", "private, no-cache")
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
