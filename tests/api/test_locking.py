"""Two writers: one loses and is told, and nothing of theirs is written (P7)."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any

import pytest
from django.db import connection

from kam.core.api import locking, viewsets
from kam.core.models import Change
from kam.users.models import User
from plans.models import AccountPlan
from tests import factories
from tests.fixtures import ApiFor, World


def in_threads(calls: list[Any]) -> list[Any]:
    """Run all calls at once, each with a connection of its own."""
    barrier, answers = threading.Barrier(len(calls)), [None] * len(calls)

    def run(index: int) -> None:
        try:
            barrier.wait()
            answers[index] = calls[index]()
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(index,)) for index in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_second_writer_of_the_same_version_is_told(
    account_manager: User, colleague: User, world: World, api: ApiFor
) -> None:
    factories.add_participant(world.plan, colleague, access="edit")
    url = f"/api/v1/account-plans/{world.plan.pk}/"
    read = {"If-Match": api(account_manager).get(url)["ETag"]}

    first = api(account_manager).patch(url, {"vision": "Mine"}, headers=read)
    second = api(colleague).patch(url, {"vision": "Yours"}, headers=read)

    assert (first.status_code, second.status_code) == (200, 412)
    assert AccountPlan.objects.unscoped("test").get(pk=world.plan.pk).vision == "Mine"


def _race(api: ApiFor) -> tuple[Counter[int], AccountPlan]:
    owner = factories.create_user("owner")
    plan = factories.create_plan(owner=owner)
    url = f"/api/v1/account-plans/{plan.pk}/"
    clients = [api(owner) for _writer in range(6)]

    def write(number: int) -> Any:
        return clients[number].patch(url, {"vision": f"Writer {number}"}, headers={"If-Match": '"1"'})

    answers = in_threads([lambda number=number: write(number) for number in range(6)])
    return Counter(answer.status_code for answer in answers), plan


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_writers_at_the_same_moment_one_wins(api: ApiFor) -> None:
    statuses, plan = _race(api)

    assert statuses == {200: 1, 412: 5}
    assert AccountPlan.objects.unscoped("test").get(pk=plan.pk).version == 2
    assert Change.objects.unscoped("test").filter(object_id=plan.pk, operation="update").count() == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_writers_at_the_same_moment_all_win_without_the_check(
    api: ApiFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: it is the version check that stops the others."""
    monkeypatch.setattr(viewsets, "check_version", lambda *args, **kwargs: None)

    statuses, _plan = _race(api)

    assert statuses == {200: 6}
    assert locking.check_version is not viewsets.check_version
