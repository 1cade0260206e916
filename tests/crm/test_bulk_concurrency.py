"""Feeds that run at the same time: no deadlock, no double row, nothing lost (PostgreSQL)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, transaction

from crm.bulk import upsert, upserts
from crm.models import Account, Opportunity
from kam.core.models import Change
from tests import factories

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def _no_protection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upserts, "lock_feed", lambda *args, **kwargs: None)
    monkeypatch.setattr(upserts, "ATTEMPTS", 1)


@pytest.fixture
def together() -> Callable[..., list[Any]]:
    """Run functions at the same moment, each on a connection of its own; returns results or exceptions."""

    def run(*functions: Callable[[], Any]) -> list[Any]:
        barrier = threading.Barrier(len(functions))

        def one(function: Callable[[], Any]) -> Any:
            try:
                barrier.wait(timeout=20)
                return function()
            except Exception as error:
                return error
            finally:
                connection.close()

        with ThreadPoolExecutor(len(functions)) as pool:
            return list(pool.map(one, functions))

    return run


def rows(numbers: range, name: str) -> list[dict[str, Any]]:
    return [{"source": "erp", "external_id": f"A{n}", "name": f"{name} {n}"} for n in numbers]


def feed(*batches: list[dict[str, Any]]) -> Callable[[], int]:
    """Batches in one transaction, as an import makes them."""

    def run() -> int:
        with transaction.atomic():
            results = [upsert(kind="accounts", rows=batch, user=None) for batch in batches]
        return sum(result.created for result in results)

    return run


def test_the_same_new_rows_from_two_feeds_are_made_once(together: Any) -> None:
    results = together(*[feed(rows(range(300), name)) for name in ("first", "second", "third")])

    assert sorted(results) == [0, 0, 300]
    accounts = Account.objects.unscoped("test")
    assert accounts.count() == 300
    assert len({account.name.split()[0] for account in accounts}) == 1
    assert set(accounts.values_list("version", flat=True)) == {3}
    log = Change.objects.unscoped("test").filter(model="crm.account")
    assert (log.filter(operation="create").count(), log.filter(operation="update").count()) == (300, 600)


@pytest.mark.usefixtures("_no_protection")
def test_without_protection_the_same_new_rows_would_collide(together: Any) -> None:
    results = together(*[feed(rows(range(300), name)) for name in ("first", "second", "third")])

    assert [type(r).__name__ for r in results].count("IntegrityError") == 2


def crossing() -> list[Callable[[], int]]:
    """Two feeds that touch the same rows in opposite order, batch by batch."""
    upsert(kind="accounts", rows=rows(range(40), "old"), user=None)
    low, high = range(20), range(20, 40)
    return [
        feed(*[rows(part, f"{name} {turn}") for turn in range(5) for part in parts])
        for name, parts in (("first", (low, high)), ("second", (high, low)))
    ]


def test_feeds_that_cross_take_turns(together: Any) -> None:
    assert together(*crossing()) == [0, 0]
    assert len({a.name.split()[0] for a in Account.objects.unscoped("test")}) == 1


@pytest.mark.usefixtures("_no_protection")
def test_without_protection_feeds_that_cross_would_deadlock(together: Any) -> None:
    met = threading.Barrier(2)

    def slowly(first: range, second: range) -> Callable[[], int]:
        def run() -> int:
            with transaction.atomic():
                upsert(kind="accounts", rows=rows(first, "new"), user=None)
                met.wait(timeout=20)
                upsert(kind="accounts", rows=rows(second, "new"), user=None)
            return 0

        return run

    upsert(kind="accounts", rows=rows(range(2), "old"), user=None)
    results = together(slowly(range(1), range(1, 2)), slowly(range(1, 2), range(1)))

    assert sorted(type(r).__name__ for r in results) == ["OperationalError", "int"]


def test_a_row_that_somebody_makes_meanwhile_is_found_at_the_second_try(
    together: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not by another feed but by a form: nothing takes turns there."""
    looked = threading.Event()
    made = threading.Event()
    write = upserts.BatchChanges.write

    def wait_then_write(changes: Any) -> None:
        looked.set()
        made.wait(timeout=20)
        write(changes)

    monkeypatch.setattr(upserts.BatchChanges, "write", wait_then_write)

    def by_form() -> None:
        looked.wait(timeout=20)
        factories.create_account("By form", source="erp", external_id="A0")
        made.set()

    result, _none = together(lambda: upsert(kind="accounts", rows=rows(range(1), "fed"), user=None), by_form)

    assert (result.created, result.updated) == (0, 1)
    assert Account.objects.unscoped("test").get().name == "fed 0"


def test_a_feed_and_a_form_lose_no_update(together: Any) -> None:
    """The feed raises the version, so the form that read before is told."""
    account = factories.create_account("Old", source="erp", external_id="A0")
    stale = Account.objects.unscoped("test").get(pk=account.pk)
    upsert(
        kind="accounts",
        rows=[{"source": "erp", "external_id": "A0", "website": "https://a.example"}],
        user=None,
    )

    stale.name = "Form"
    with pytest.raises(Exception, match="changed by somebody else"):
        stale.save()


def test_feeds_of_deals_and_their_accounts_do_not_wait_for_each_other(together: Any) -> None:
    """Writing deals takes a share of the account's row; locking accounts for a feed leaves that free."""
    factories.won_stage()
    upsert(kind="accounts", rows=rows(range(50), "old"), user=None)

    def deals(turn: int) -> list[dict[str, Any]]:
        return [
            {
                "source": "erp",
                "external_id": f"O{turn}-{n}",
                "account": {"source": "erp", "external_id": f"A{n}"},
                "name": "Deal",
                "stage": {"name": "Won"},
                "amount": 1,
                "currency": "USD",
                "close_date": "2026-01-01",
            }
            for n in range(50)
        ]

    def sell() -> int:
        return sum(upsert(kind="opportunities", rows=deals(turn), user=None).created for turn in range(5))

    def rename() -> int:
        return sum(
            upsert(kind="accounts", rows=rows(range(50), f"new {t}"), user=None).updated for t in range(5)
        )

    assert together(sell, rename) == [250, 250]
    assert Opportunity.objects.unscoped("test").count() == 250
