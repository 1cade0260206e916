"""Health, security headers and who is acting."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory, override_settings

from kam.core import health
from kam.core.actor import current_actor
from kam.core.middleware import ActorMiddleware
from kam.core.models import Change
from kam.users.models import User
from tests.fixtures import ApiFor, ClientFor, World


# --- Health ---------------------------------------------------------------------------------
@override_settings(ALLOWED_HOSTS=["kam.example"], SECURE_SSL_REDIRECT=True)
def test_healthz_needs_no_database_no_login_and_no_host(client: Client) -> None:
    answer = client.get("/healthz", headers={"host": "10.0.0.7"})

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert "Set-Cookie" not in answer.headers


@pytest.mark.django_db
@override_settings(ALLOWED_HOSTS=["kam.example"], SECURE_SSL_REDIRECT=True)
def test_readyz_says_nothing_but_whether(client: Client) -> None:
    answer = client.get("/readyz", headers={"host": "10.0.0.7"})

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.parametrize("error", [OperationalError("password of 10.1.1.1"), InterfaceError("closed")])
def test_readyz_without_database(client: Client, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fail(connection: Any) -> bool:
        raise error

    monkeypatch.setattr(health, "is_ready", fail)

    answer = client.get("/readyz")

    assert (answer.status_code, answer.json()) == (503, {"status": "unavailable"})


@pytest.mark.django_db
def test_readyz_waits_for_migrations(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_migrated", set())
    monkeypatch.setattr("kam.core.health.MigrationExecutor.migration_plan", lambda self, targets: ["one"])

    assert client.get("/readyz").status_code == 503


# --- Headers --------------------------------------------------------------------------------
PAGES = ("/login/", "/no-such-page/", "/api/v1/account-plans/", "/admin/login/")


@pytest.mark.django_db
@pytest.mark.parametrize("path", PAGES)
def test_every_answer_carries_the_policy(client: Client, path: str) -> None:
    answer = client.get(path)

    policy = dict(part.split(" ", 1) for part in answer.headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'self'"
    assert policy["object-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert "script-src" not in policy
    assert "style-src" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Referrer-Policy"] == "same-origin"


def test_swagger_may_not_loosen_the_policy(client_as: ClientFor, account_manager: User) -> None:
    answer = client_as(account_manager).get("/api/v1/docs/")

    assert "unsafe" not in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", ["/plans/", "/plans/export/?format=csv", "/api/v1/account-plans/"])
def test_what_is_for_one_reader_stays_in_no_shared_cache(
    path: str, client_as: ClientFor, account_manager: User
) -> None:
    answer = client_as(account_manager).get(path)

    assert "private" in answer.headers["Cache-Control"]


# --- How much is taken ------------------------------------------------------------------------
@pytest.mark.parametrize("path", ["/login/", "/api/v1/account-plans/", "/no-such-page/"])
def test_a_body_that_is_too_large_is_refused_unread(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a stranger's form with a file of any size would be written to the disk before it is refused."""
    taken = []
    receive = TemporaryFileUploadHandler.receive_data_chunk
    monkeypatch.setattr(
        TemporaryFileUploadHandler,
        "receive_data_chunk",
        lambda handler, raw, start: taken.append(len(raw)) or receive(handler, raw, start),
    )
    client = Client(enforce_csrf_checks=True)
    client.cookies["csrftoken"] = "a" * 32
    with override_settings(DATA_UPLOAD_MAX_MEMORY_SIZE=4_000_000):
        answers = [
            client.post(path, {"file": SimpleUploadedFile("a", b"0" * size)})
            for size in (3_900_000, 4_100_000)
        ]

    assert (answers[0].status_code != 413, answers[1].status_code) == (True, 413)
    assert sum(taken) <= 4_000_000
    assert "X-Frame-Options" in answers[0].headers
    assert "Content-Security-Policy" in answers[1].headers
    is_api = path.startswith("/api/")
    assert answers[1]["Content-Type"].startswith("application/problem+json" if is_api else "text/html")


# --- Actor ----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("path", "source"),
    [("/plans/", "page"), ("/api/v1/accounts/", "api"), ("/admin/", "admin"), ("/apiary/", "page")],
)
def test_actor_is_the_user_and_the_channel(path: str, source: str, account_manager: User) -> None:
    seen = []

    def view(request: HttpRequest) -> HttpResponse:
        seen.append(current_actor())
        return HttpResponse()

    request = RequestFactory().get(path, headers={"X-Request-ID": "r" * 200})
    request.user = account_manager
    ActorMiddleware(view)(request)

    assert [(a.user, a.source, len(a.request_id)) for a in seen] == [(account_manager, source, 64)]
    assert current_actor().user is None


def test_write_through_the_api_is_attributed_to_the_token_user(
    api: ApiFor, world: World, account_manager: User
) -> None:
    answer = api(account_manager).patch(
        f"/api/v1/opportunities/{world.open.pk}/", {"next_step": "Call"}, format="json"
    )

    entry = Change.objects.of(world.open).first()
    assert answer.status_code == 200
    assert (entry.actor, entry.source, entry.after) == (account_manager, "api", {"next_step": "Call"})


def test_actor_does_not_outlive_a_failing_request(account_manager: User) -> None:
    def view(request: HttpRequest) -> HttpResponse:
        raise ZeroDivisionError

    request = RequestFactory().get("/plans/")
    request.user = account_manager
    with pytest.raises(ZeroDivisionError):
        ActorMiddleware(view)(request)

    assert current_actor().user is None
