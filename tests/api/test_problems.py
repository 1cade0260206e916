"""What the database says becomes a problem, never a 500."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation, ValidationError
from django.db import (
    DataError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    ProgrammingError,
    connection,
)
from django.http import Http404
from rest_framework.test import APIRequestFactory, force_authenticate

from crm.models import Account
from kam.core.api.permissions import SIGNED_IN
from kam.core.api.views import KamAPIView
from kam.core.changes import StaleObjectError
from kam.users.models import User
from tests import factories
from tests.fixtures import ApiFor, World

Answer = Callable[[Callable[[], Any]], Any]


@pytest.fixture
def answer(admin: User) -> Answer:
    """`answer(call)`: what a view answers in which `call` is made."""

    def run(call: Callable[[], Any]) -> Any:
        class View(KamAPIView):
            kam_policy = SIGNED_IN

            def post(self, request: Any) -> Any:
                call()

        request = APIRequestFactory().post("/", {}, format="json")
        force_authenticate(request, admin)
        response = View.as_view()(request).render()
        response.json = lambda: response.data
        return response

    return run


def raising(error: Exception) -> Callable[[], Any]:
    def call() -> None:
        raise error

    return call


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Http404(), 404, "not_found"),
        (PermissionDenied(), 403, "permission_denied"),
        (ValidationError("Wrong", "wrong"), 400, "wrong"),
        (SuspiciousOperation("x"), 400, "parse_error"),
        (RequestDataTooBig("x"), 413, "too_large"),
        (StaleObjectError(Account(name="x")), 412, "stale_version"),
        (IntegrityError("UNIQUE constraint failed: crm_account.source"), 409, "exists"),
        (IntegrityError("FOREIGN KEY constraint failed"), 409, "reference"),
        (IntegrityError("CHECK constraint failed: x"), 400, "constraint"),
        (IntegrityError("kam_tree_cycle"), 400, "cycle"),
        (DataError("integer out of range"), 400, "out_of_range"),
        (OverflowError("Python int too large to convert to SQLite INTEGER"), 400, "out_of_range"),
        (UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed"), 400, "out_of_range"),
        (OperationalError("database is locked"), 503, "unavailable"),
        (InterfaceError("connection already closed"), 503, "unavailable"),
    ],
)
def test_errors_become_problems(
    answer: Answer, errors_of: Any, error: Exception, status: int, code: str
) -> None:
    response = answer(raising(error))

    assert response.status_code == status
    assert [found for _field, found in errors_of(response)] == [code]
    assert "SQLite" not in response.content.decode()


@pytest.mark.parametrize(
    "error", [ZeroDivisionError(), ProgrammingError("x"), OperationalError("no such table: x")]
)
def test_errors_of_ours_are_500_without_a_word_about_them(
    answer: Answer, errors_of: Any, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    response = answer(raising(error))

    assert errors_of(response) == [(None, "server_error")]
    assert response.status_code == 500
    assert "no such table" not in response.content.decode()
    assert "Unhandled error in the API" in caplog.text


def test_busy_answers_say_when_to_come_back(answer: Answer) -> None:
    assert answer(raising(OperationalError("database is locked")))["Retry-After"] == "2"


def test_ring_that_only_the_database_sees_is_a_problem(answer: Answer, errors_of: Any, world: World) -> None:
    """Two moves that cross: the model's own check saw neither."""
    rows = Account.objects.unscoped("test").filter(pk=world.account.pk)

    response = answer(lambda: rows.update(parent=world.child))

    assert response.status_code == 400
    assert errors_of(response) == [("parent", "cycle")]


@pytest.mark.postgres
def test_statement_that_takes_too_long_is_a_problem(answer: Answer, errors_of: Any) -> None:
    def sleep() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = 50")
            cursor.execute("SELECT pg_sleep(5)")

    response = answer(sleep)

    assert response.status_code == 503
    assert errors_of(response) == [(None, "unavailable")]


def test_refused_writes_leave_nothing(answer: Answer, db: None) -> None:
    def write_then_fail() -> None:
        factories.create_account("Half")
        raise Http404

    answer(write_then_fail)

    assert not Account.objects.unscoped("test").filter(name="Half").exists()


def test_nested_errors_name_their_path(
    account_manager: User, world: World, api: ApiFor, errors_of: Any
) -> None:
    lines = [
        {"product": str(world.product.pk), "amount": "1"},
        {"product": "x", "amount": "y", "schedules": [{"date": "2027-01-01"}, "z"]},
    ]

    response = api(account_manager).post("/api/v1/opportunities/", {"lines": lines})

    assert {error for error in errors_of(response) if error[0].startswith("lines.")} == {
        ("lines.1.product", "invalid"),
        ("lines.1.amount", "invalid"),
        ("lines.1.schedules.0.amount", "required"),
        ("lines.1.schedules.1", "invalid"),
    }
    assert response.json()["type"] == "urn:kam:problem:invalid"


def test_dates_at_the_end_of_time_are_no_problem(account_manager: User, api: ApiFor) -> None:
    for frequency in ("weekly", "yearly"):
        account = factories.create_account(owner=account_manager, call_frequency=frequency)
        activity = factories.create_activity(account)
        client = api(account_manager)

        done = client.post(f"/api/v1/activities/{activity.pk}/done/", {"done_on": "9999-12-31"})

        assert done.status_code == 200
        assert client.get(f"/api/v1/accounts/{account.pk}/").status_code == 200


def test_what_must_be_unique_together_is_said_of_the_field_that_was_sent(
    admin: User, world: World, api: ApiFor, errors_of: Any
) -> None:
    key = {"source": "erp", "external_id": "A1"}
    factories.create_account(**key)
    takes_part = {"plan": str(world.plan.pk), "user": str(admin.pk)}
    rate = {"currency": "EUR", "valid_from": "2026-01-01", "rate": "1.1"}
    client = api(admin)

    assert errors_of(client.post("/api/v1/accounts/", {"name": "Twice", **key})) == [
        ("external_id", "unique")
    ]
    for path, body, field in (
        ("account-plan-participants", takes_part, "user"),
        ("exchange-rates", rate, "valid_from"),
    ):
        assert client.post(f"/api/v1/{path}/", body).status_code == 201
        assert errors_of(client.post(f"/api/v1/{path}/", body)) == [(field, "unique")]
