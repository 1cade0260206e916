from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from kam.users.models import ApiToken, User
from tests import factories
from tests.fixtures import ApiFor, ClientFor

LOGIN = "/api/v1/auth/token/"
TOKENS = "/api/v1/api-tokens/"


def test_users_are_read_by_everybody(cast: dict[str, User], api: ApiFor) -> None:
    client = api(cast["stranger"])

    rows = client.get("/api/v1/users/", {"role": "manager"}).json()["results"]

    assert [(row["username"], row["name"]) for row in rows] == [("manager", "Manager")]
    assert "password" not in rows[0]
    assert client.get("/api/v1/users/me/").json()["username"] == "stranger"


def test_users_say_when_they_were_changed_last_and_a_login_is_no_change(admin: User, api: ApiFor) -> None:
    url = f"/api/v1/users/{admin.pk}/"
    made = api(admin).get(url).json()

    admin.last_login = timezone.now()
    admin.save()
    assert api(admin).get(url).json() == made
    admin.job_title = "Sales operations"
    admin.save()
    changed = api(admin).get(url).json()
    assert (changed["version"], changed["updated_at"] > made["updated_at"]) == (made["version"] + 1, True)
    User.objects.filter(pk=admin.pk).update(job_title="Sales")
    assert api(admin).get(url).json()["updated_at"] > changed["updated_at"]


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_users_are_not_written(admin: User, api: ApiFor, method: str) -> None:
    assert getattr(api(admin), method)(f"/api/v1/users/{admin.pk}/", {}).status_code == 405


def test_token_for_a_password(account_manager: User, api: ApiFor) -> None:
    response = api(None).post(LOGIN, {"username": "account_manager", "password": factories.PASSWORD})

    assert response.status_code == 200
    client = api(None)
    client.credentials(HTTP_AUTHORIZATION=f"Token {response.json()['token']}")
    assert client.get("/api/v1/users/me/").json()["username"] == "account_manager"
    stored = ApiToken.objects.get(user=account_manager)
    assert response.json()["token"] not in (stored.key_hash, stored.name)
    assert stored.expires_at is not None
    assert timedelta(days=89) < stored.expires_at - timezone.now() < timedelta(days=91)


@pytest.mark.parametrize(
    ("username", "password"),
    [("account_manager", "wrong"), ("nobody", "wrong"), ("gone", factories.PASSWORD)],
)
def test_token_refusals_are_all_alike(
    account_manager: User, api: ApiFor, errors_of: Any, username: str, password: str
) -> None:
    factories.create_user("gone", is_active=False)

    response = api(None).post(LOGIN, {"username": username, "password": password})

    assert response.status_code == 400
    assert errors_of(response) == [(None, "login")]


def test_token_attempts_are_limited(account_manager: User, api: ApiFor, errors_of: Any) -> None:
    limit = int(settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"]["login"].split("/")[0])
    client, body = api(None), {"username": "account_manager", "password": "wrong"}

    answers = [client.post(LOGIN, body) for _attempt in range(limit + 1)]
    elsewhere = client.post(LOGIN, body, REMOTE_ADDR="10.0.0.7")
    pretended = client.post(LOGIN, {**body, "username": "x"}, headers={"X-Forwarded-For": "10.0.0.8"})

    assert {answer.status_code for answer in answers[:-1]} == {400}
    assert [answer.status_code for answer in (answers[-1], elsewhere, pretended)] == [429, 429, 429]
    assert errors_of(elsewhere) == [(None, "throttled")]
    assert 1 <= int(elsewhere["Retry-After"]) <= 60


def test_token_read_only_may_not_write(account_manager: User, api: ApiFor, errors_of: Any) -> None:
    client = api(account_manager, is_read_only=True)

    assert client.get("/api/v1/accounts/").status_code == 200
    response = client.post("/api/v1/activities/", {})

    assert response.status_code == 403
    assert response.json()["detail"] == "This token may only read."


def test_tokens_are_one_s_own(account_manager: User, stranger: User, api: ApiFor) -> None:
    foreign, _key = factories.create_token(stranger, name="foreign")
    client = api(account_manager)

    assert [row["name"] for row in client.get(TOKENS).json()["results"]] == ["test"]
    assert client.delete(f"{TOKENS}{foreign.pk}/").status_code == 404


def test_token_revoked_opens_nothing_from_the_next_request_on(
    account_manager: User, api: ApiFor, errors_of: Any
) -> None:
    client = api(account_manager)
    own = client.get(TOKENS).json()["results"][0]
    assert "key_hash" not in own

    assert client.delete(f"{TOKENS}{own['id']}/").status_code == 204
    response = client.get(TOKENS)

    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Token"
    assert errors_of(response) == [(None, "authentication_failed")]


@pytest.mark.parametrize(
    "header", ["Token", "Token a b", "Token \xff", "Token nonsense", "token " + "0" * 40]
)
def test_token_nonsense_is_no_login(db: None, api: ApiFor, header: str) -> None:
    client = api(None)
    client.credentials(HTTP_AUTHORIZATION=header)

    assert client.get("/api/v1/users/me/").status_code == 401


def test_login_of_a_deactivated_user_is_over_at_once(account_manager: User, api: ApiFor) -> None:
    client = api(account_manager)
    account_manager.is_active = False
    account_manager.save()

    assert client.get("/api/v1/users/me/").status_code == 401


def test_session_of_the_pages_works_and_needs_the_csrf_token(
    account_manager: User, client_as: ClientFor
) -> None:
    client = client_as(account_manager)
    client.handler.enforce_csrf_checks = True

    assert client.get("/api/v1/users/me/").json()["username"] == "account_manager"
    assert client.post("/api/v1/activities/", {}, content_type="application/json").status_code == 403
