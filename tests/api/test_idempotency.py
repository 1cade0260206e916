"""A retried POST has one effect (P8): retries, concurrency, crashes."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from crm.models import Activity
from kam.core.api import idempotency, viewsets
from kam.core.models import IdempotencyKey
from kam.users.models import User
from tests import factories
from tests.api.test_locking import in_threads
from tests.fixtures import ApiFor, World

URL = "/api/v1/activities/"


def call(world: World, subject: str = "Call") -> dict[str, Any]:
    return {
        "account": str(world.account.pk),
        "type": str(world.activity.type_id),
        "subject": subject,
        "planned_for": "2027-01-01",
    }


def post(client: Any, body: Any, key: str = "k-1", url: str = URL) -> Any:
    return client.post(url, body, headers={"Idempotency-Key": key})


def made() -> int:
    return Activity.objects.unscoped("test").filter(planned_for="2027-01-01").count()


def test_same_key_and_body_answer_the_same_and_do_nothing_twice(
    account_manager: User, world: World, api: ApiFor
) -> None:
    client = api(account_manager)

    first, again = post(client, call(world)), post(client, call(world))

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert [first[name] == again[name] for name in ("ETag", "Location", "Content-Type")] == [True] * 3
    assert (first.get("Idempotent-Replayed"), again["Idempotent-Replayed"]) == (None, "true")
    assert made() == 1


def test_same_key_with_another_body_or_path_is_refused(
    account_manager: User, world: World, api: ApiFor, errors_of: Any
) -> None:
    client = api(account_manager)
    post(client, call(world))

    other_body = post(client, call(world, "Other"))
    other_path = post(client, call(world), url="/api/v1/contacts/")

    assert (other_body.status_code, other_path.status_code) == (422, 422)
    assert errors_of(other_body) == [(None, "key_reused")]
    assert made() == 1


def test_order_of_names_and_spaces_make_no_other_body(
    account_manager: User, world: World, api: ApiFor
) -> None:
    client, body = api(account_manager), call(world)
    post(client, body)

    again = post(client, dict(reversed(body.items())))

    assert (again.status_code, made()) == (201, 1)


def test_key_is_the_user_s_own(account_manager: User, colleague: User, world: World, api: ApiFor) -> None:
    answers = [post(api(user), call(world)) for user in (account_manager, colleague)]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert made() == 2


def test_refusals_are_kept_too(account_manager: User, world: World, api: ApiFor) -> None:
    client, body = api(account_manager), {**call(world), "planned_for": None}

    first, again = post(client, body), post(client, body)

    assert (first.status_code, again.status_code) == (400, 400)
    assert first.json() == again.json()
    assert again["Content-Type"] == "application/problem+json"
    assert post(client, call(world)).status_code == 422


def test_actions_are_replayed(account_manager: User, world: World, api: ApiFor) -> None:
    client, url = api(account_manager), f"{URL}{world.activity.pk}/done/"

    answers = [post(client, {"done_on": "2026-11-02"}, url=url) for _try in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]  # without the key the second is a 409


def test_key_is_free_after_a_day(account_manager: User, world: World, api: ApiFor) -> None:
    client = api(account_manager)
    post(client, call(world))
    IdempotencyKey.objects.update(started_at=timezone.now() - timedelta(hours=25))

    assert post(client, call(world, "Other")).status_code == 201
    assert made() == 2


def claim(user: User, body: Any, *, age: timedelta) -> IdempotencyKey:
    """What a process leaves that died, or still works, on the first request."""
    from rest_framework.test import APIRequestFactory

    request = APIRequestFactory().post(URL, body, format="json")
    request.data = body  # type: ignore[attr-defined]
    return IdempotencyKey.objects.create(
        user=user,
        key="k-1",
        fingerprint=idempotency.fingerprint(request),  # type: ignore[arg-type]
        started_at=timezone.now() - age,
    )


def test_while_the_first_still_runs_the_second_waits(
    account_manager: User, world: World, api: ApiFor, errors_of: Any
) -> None:
    claim(account_manager, call(world), age=timedelta(minutes=9))

    response = post(api(account_manager), call(world))

    assert response.status_code == 409
    assert errors_of(response) == [(None, "still_running")]
    assert response["Retry-After"] == "1"
    assert made() == 0


def test_a_crash_of_the_first_does_not_block_forever(
    account_manager: User, world: World, api: ApiFor
) -> None:
    claim(account_manager, call(world), age=timedelta(minutes=11))

    answers = [post(api(account_manager), call(world)) for _try in range(2)]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert made() == 1


def test_a_crash_in_the_middle_leaves_neither_effect_nor_answer(
    account_manager: User, world: World, api: ApiFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process dies after the row was written and before the answer is stored."""

    def die(*args: Any, **kwargs: Any) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(idempotency, "_finish", die)
        with pytest.raises(SystemExit):
            post(api(account_manager), call(world))

    assert made() == 0
    assert IdempotencyKey.objects.get().finished_at is None


def test_a_failure_of_ours_frees_the_key(
    account_manager: User, world: World, api: ApiFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = api(account_manager)
    client.raise_request_exception = False

    with monkeypatch.context() as patch:
        patch.setattr(viewsets.VisibleModelViewSet, "perform_create", lambda self, serializer: 1 / 0)
        failed = post(client, call(world))

    assert failed.status_code == 500
    assert "ZeroDivision" not in failed.content.decode()
    assert post(client, call(world)).status_code == 201


def test_a_first_request_that_was_overtaken_takes_its_effect_back(
    account_manager: User, world: World, api: ApiFor, monkeypatch: pytest.MonkeyPatch, errors_of: Any
) -> None:
    """It took longer than ten minutes, and the retry has the claim now."""
    perform = viewsets.VisibleModelViewSet.perform_create

    def overtaken(self: Any, serializer: Any) -> Any:
        row = perform(self, serializer)
        IdempotencyKey.objects.update(started_at=timezone.now())
        return row

    monkeypatch.setattr(viewsets.VisibleModelViewSet, "perform_create", overtaken)
    response = post(api(account_manager), call(world))

    assert response.status_code == 409
    assert errors_of(response) == [(None, "still_running")]
    assert made() == 0


@pytest.mark.parametrize("key", ["", "x" * 256, "é", "a\tb"])
def test_key_that_is_none_is_refused(
    account_manager: User, world: World, api: ApiFor, errors_of: Any, key: str
) -> None:
    response = post(api(account_manager), call(world), key=key)

    assert errors_of(response) == [("Idempotency-Key", "invalid")]
    assert made() == 0


def test_secret_answers_are_not_kept(account_manager: User, api: ApiFor) -> None:
    body = {"username": "account_manager", "password": factories.PASSWORD}

    tokens = {post(api(None), body, url="/api/v1/auth/token/").json()["token"] for _try in range(2)}

    assert len(tokens) == 2
    assert not IdempotencyKey.objects.exists()


def _storm(api: ApiFor) -> Counter[int]:
    owner = factories.create_user("owner")
    account = factories.create_account(owner=owner)
    body = {
        "account": str(account.pk),
        "type": str(factories.create_activity_type().pk),
        "subject": "Call",
        "planned_for": "2027-01-01",
    }
    clients = [api(owner) for _try in range(8)]
    answers = in_threads([lambda client=client: post(client, body) for client in clients])
    return Counter(answer.status_code for answer in answers)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_retries_at_the_same_moment_have_one_effect(api: ApiFor) -> None:
    statuses = _storm(api)

    assert set(statuses) <= {201, 409}
    assert statuses[201] >= 1
    assert made() == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_retries_at_the_same_moment_have_many_effects_without_keys(
    api: ApiFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: it is the key that makes them one."""
    monkeypatch.setattr("kam.core.api.views.key_of", lambda request: None)

    assert _storm(api) == {201: 8}
    assert made() == 8
