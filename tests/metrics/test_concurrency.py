"""Two at once: forced interleavings, each with its negative control (quality.md, sections 1 and 2)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from crm.models import Account, Opportunity
from metrics import operations
from metrics.models import PlanKPI, StaleMarker
from metrics.rollup import running
from metrics.rollup.statement import Given
from plans.models import AccountPlan, Plan
from tests import factories

GATE = 4242  # the advisory lock that holds a rollup up in the middle of its statement


def in_thread(work: Callable[[], Any]) -> threading.Thread:
    """Run on a connection of its own; what goes wrong there fails `finish`."""

    def run() -> None:
        try:
            thread.result = work()  # type: ignore[attr-defined]
        except BaseException as error:
            thread.error = error  # type: ignore[attr-defined]
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def finish(*threads: threading.Thread) -> None:
    for thread in threads:
        thread.join(timeout=30)
        assert not thread.is_alive(), "blocked"
        if error := getattr(thread, "error", None):
            raise error


def pending() -> operations.MarkerBatch:
    return operations.MarkerBatch.of(StaleMarker.objects.values_list(*operations.MARKER_FIELDS))


def sweep() -> None:
    operations.sweep(sweeper="test")


def pipeline_of(plan: Plan) -> Decimal:
    return PlanKPI.objects.unscoped("test").get(plan_id=plan.pk).pipeline


def waits_for_a_lock() -> bool:
    """Whether some statement of this database is waiting in line for an advisory lock."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database"
            " WHERE l.locktype = 'advisory' AND NOT l.granted AND d.datname = current_database()"
        )
        return cursor.fetchone()[0] > 0


def until(condition: Callable[[], bool]) -> None:
    deadline = timezone.now() + timezone.timedelta(seconds=20)
    while not condition():
        assert timezone.now() < deadline, "did not come about"


@pytest.fixture
def plan(transactional_db: None) -> AccountPlan:
    plan = factories.create_plan(sales_target=1_000)
    factories.create_opportunity(
        plan.account, amount=100, close_date=plan.start_date, stage=factories.open_stage()
    )
    sweep()
    return plan


@pytest.fixture
def slow_rollup(monkeypatch: pytest.MonkeyPatch) -> threading.local:
    """In a thread that set `here.is_slow`, the statement takes its snapshot and then waits for `GATE`."""
    here, original = threading.local(), running.rollup_sql

    def is_slow() -> bool:
        return getattr(here, "is_slow", False)

    def sql(vendor: str, given: Given, *parts: Any) -> str:
        if is_slow():
            held_up = f"{given.plan_filter} AND (SELECT TRUE FROM pg_advisory_xact_lock_shared({GATE}))"
            given = replace(given, plan_filter=held_up)
        return original(vendor, given, *parts)

    monkeypatch.setattr(running, "rollup_sql", sql)
    monkeypatch.setattr(running.FUNCTION, "is_installed", lambda connection: not is_slow())
    return here


@contextmanager
def closed_gate() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [GATE])
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [GATE])


def change_amount(plan: AccountPlan, amount: int) -> None:
    Opportunity.objects.unscoped("test").filter(account=plan.account).update(amount=Decimal(amount))


def slow_recompute_and_a_newer_change(plan: AccountPlan, here: threading.local) -> None:
    """One recompute has read an amount and hangs; the amount changes; a second recompute comes by."""

    def slow() -> None:
        here.is_slow = True
        operations.recompute_plans([plan.pk])

    change_amount(plan, 200)
    with closed_gate():
        first = in_thread(slow)
        until(waits_for_a_lock)
        change_amount(plan, 900)
        second = in_thread(sweep)
        # With the lock the second waits for the first; without it, it is done before the first goes on.
        second.join(timeout=1.5)
    finish(first, second)


@pytest.mark.postgres
def test_a_slow_recompute_never_overwrites_a_newer_one(
    plan: AccountPlan, slow_rollup: threading.local
) -> None:
    slow_recompute_and_a_newer_change(plan, slow_rollup)

    assert pipeline_of(plan) == 900
    assert not StaleMarker.objects.exists()


@pytest.mark.postgres
def test_without_the_lock_a_slow_recompute_does_overwrite(
    plan: AccountPlan, slow_rollup: threading.local, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operations, "lock_plans", lambda connection, plan_ids: None)

    slow_recompute_and_a_newer_change(plan, slow_rollup)

    assert pipeline_of(plan) == 200
    assert not StaleMarker.objects.exists()


@pytest.mark.postgres
def test_a_plan_that_moves_while_it_is_computed_ends_with_the_numbers_of_its_new_account(
    plan: AccountPlan, slow_rollup: threading.local
) -> None:
    other = factories.create_account(owner=plan.owner)
    factories.create_opportunity(other, amount=55, close_date=plan.start_date, stage=factories.open_stage())

    def slow() -> None:
        slow_rollup.is_slow = True
        operations.work_off(pending())

    change_amount(plan, 300)
    with closed_gate():
        first = in_thread(slow)
        until(waits_for_a_lock)
        moved = AccountPlan.objects.unscoped("test").get(pk=plan.pk)
        moved.account = other
        moved.save()
        second = in_thread(sweep)
        second.join(timeout=0.5)
    finish(first, second)

    assert pipeline_of(plan) == 55


@pytest.mark.postgres
def test_an_account_that_moves_while_its_plan_is_computed_counts_where_it_is(
    plan: AccountPlan, slow_rollup: threading.local
) -> None:
    child = factories.create_account(parent=plan.account)
    factories.create_opportunity(child, amount=11, close_date=plan.start_date, stage=factories.open_stage())
    new_home = factories.create_plan(start_date=plan.start_date, currency=plan.currency)
    sweep()

    def slow() -> None:
        slow_rollup.is_slow = True
        operations.work_off(pending())

    change_amount(plan, 300)
    with closed_gate():
        first = in_thread(slow)
        until(waits_for_a_lock)
        moved = Account.objects.unscoped("test").get(pk=child.pk)
        moved.parent = new_home.account
        moved.save()
        second = in_thread(sweep)
        second.join(timeout=0.5)
    finish(first, second)

    assert (pipeline_of(plan), pipeline_of(new_home)) == (300, 11)


@pytest.mark.postgres
@pytest.mark.parametrize("effect", ["include", "exclude"])
def test_a_pin_that_comes_while_its_plan_is_computed_counts(
    effect: str, plan: AccountPlan, slow_rollup: threading.local
) -> None:
    """The recompute has read the plan without it; the pin's own marker is worked off after it."""
    foreign = factories.create_opportunity(
        factories.create_account(), amount=7, close_date=plan.start_date, stage=factories.open_stage()
    )
    own = Opportunity.objects.unscoped("test").get(account=plan.account)

    def slow() -> None:
        slow_rollup.is_slow = True
        operations.work_off(pending())

    change_amount(plan, 300)
    with closed_gate():
        first = in_thread(slow)
        until(waits_for_a_lock)
        factories.create_pin(plan, foreign if effect == "include" else own, effect=effect)
        second = in_thread(sweep)
        second.join(timeout=0.5)
    finish(first, second)

    assert pipeline_of(plan) == (307 if effect == "include" else 0)


def a_reader_comes_while_a_territory_is_added_up(here: threading.local) -> Plan:
    """A sweep has taken the marker of a territory's plan, has read its deals, and hangs; then a deal changes, and
    the reader of an account plan works that off and finds the old marker of the territory's plan still there."""
    territory = factories.create_territory()
    whole = factories.create_territory_plan(territory)
    account = factories.create_account(territory=territory)
    part = factories.create_plan(account, start_date=whole.start_date)
    deal = factories.create_opportunity(
        account, amount=1, close_date=whole.start_date, stage=factories.open_stage()
    )
    sweep()
    StaleMarker.objects.create(plan_id=whole.pk, created_at=timezone.now())

    def slow() -> None:
        here.is_slow = True
        operations.work_off(pending())

    with closed_gate():
        first = in_thread(slow)
        until(waits_for_a_lock)
        deal.amount = Decimal(50)
        deal.save()
        operations.fresh_kpi(part)
    finish(first)
    sweep()
    return whole


@pytest.mark.postgres
def test_a_marker_that_is_being_worked_off_is_none(
    transactional_db: None, slow_rollup: threading.local
) -> None:
    assert pipeline_of(a_reader_comes_while_a_territory_is_added_up(slow_rollup)) == 50


@pytest.mark.postgres
def test_taking_it_for_one_would_lose_a_change(
    transactional_db: None, slow_rollup: threading.local, monkeypatch: pytest.MonkeyPatch
) -> None:
    def mark(plan_ids: set[Any], *, at: Any) -> None:
        marked = set(StaleMarker.objects.filter(plan_id__in=plan_ids).values_list("plan_id", flat=True))
        StaleMarker.objects.bulk_create(StaleMarker(plan_id=pk, created_at=at) for pk in plan_ids - marked)

    monkeypatch.setattr(operations, "_mark_plans", mark)

    assert pipeline_of(a_reader_comes_while_a_territory_is_added_up(slow_rollup)) == 1


@pytest.mark.postgres
def test_what_comes_between_the_statements_of_a_rebuild_is_not_lost(
    plan: AccountPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It reads which plans are special, then the rates, then the records: each later than the one before."""
    category = factories.create_category()
    other = factories.create_plan(start_date=plan.start_date)
    factories.create_opportunity(
        other.account, amount=9, currency="EUR", close_date=plan.start_date, stage=factories.open_stage()
    )
    original = running.joined_rates

    def read_rates(cursor: Any) -> Any:
        finish(in_thread(lambda: factories.create_plan_product(plan, category=category)))
        rates = original(cursor)
        finish(in_thread(lambda: factories.create_rate("EUR", 2)))
        return rates

    monkeypatch.setattr(running, "joined_rates", read_rates)

    operations.rebuild()
    as_they_were = (pipeline_of(plan), pipeline_of(other))
    sweep()

    assert as_they_were == (100, 0)
    assert (pipeline_of(plan), pipeline_of(other)) == (0, 18)
    assert not StaleMarker.objects.exists()


def lower_marker_commits_last(plan: AccountPlan, late: AccountPlan) -> None:
    """A writer takes a marker id; another takes the next one and commits; then the first commits as well.

    The sweep has read only the second marker when it begins to remove what it has read.
    """
    is_written, may_commit = threading.Event(), threading.Event()

    def write(account: Account, amount: int) -> None:
        factories.create_opportunity(
            account, amount=amount, close_date=plan.start_date, stage=factories.open_stage()
        )

    def slow_writer() -> None:
        with transaction.atomic():
            write(late.account, 7)
            is_written.set()
            assert may_commit.wait(20)

    writer = in_thread(slow_writer)
    assert is_written.wait(20)
    write(plan.account, 20)
    batch = pending()
    may_commit.set()
    finish(writer)
    operations.work_off(batch)
    sweep()


@pytest.mark.postgres
def test_a_marker_that_commits_late_is_not_lost(plan: AccountPlan) -> None:
    late = factories.create_plan(start_date=plan.start_date)
    sweep()

    lower_marker_commits_last(plan, late)

    assert (pipeline_of(plan), pipeline_of(late)) == (120, 7)


@pytest.mark.postgres
def test_removing_markers_up_to_an_id_would_lose_one(
    plan: AccountPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = factories.create_plan(start_date=plan.start_date)
    sweep()
    up_to = lambda ids: StaleMarker.objects.filter(pk__lte=max(ids, default=0)).delete()  # noqa: E731
    monkeypatch.setattr(operations, "_remove_markers", up_to)

    lower_marker_commits_last(plan, late)

    assert (pipeline_of(plan), pipeline_of(late)) == (120, 0)


@pytest.mark.postgres
def test_two_sweeps_at_once_leave_every_number_right(transactional_db: None) -> None:
    plans = [factories.create_plan() for _ in range(12)]
    for number, plan in enumerate(plans):
        factories.create_opportunity(
            plan.account, amount=number + 1, close_date=plan.start_date, stage=factories.open_stage()
        )

    finish(*[in_thread(sweep) for _ in range(4)])

    assert [pipeline_of(plan) for plan in plans] == [number + 1 for number in range(12)]
    assert not StaleMarker.objects.exists()


@pytest.mark.postgres
def test_writers_of_one_account_do_not_deadlock_while_it_is_swept(plan: AccountPlan) -> None:
    """Appended markers: nobody waits for anybody. One upserted row a plan deadlocked every third time."""
    others = [factories.create_account(parent=plan.account) for _ in range(3)]
    accounts = [plan.account, *others]
    done = threading.Event()

    def write(seed: int) -> None:
        for turn in range(12):
            with transaction.atomic():
                # Each in another order: locks taken on the way would close a ring.
                for step in range(4):
                    account = accounts[(seed + turn + step * (1 if seed % 2 else 3)) % 4]
                    factories.create_opportunity(
                        account, amount=1, close_date=plan.start_date, stage=factories.open_stage()
                    )

    def keep_sweeping() -> None:
        while not done.is_set():
            sweep()

    sweeper = in_thread(keep_sweeping)
    writers = [in_thread(lambda seed=seed: write(seed)) for seed in range(8)]
    try:
        finish(*writers)
    finally:
        done.set()
        finish(sweeper)
    sweep()

    assert pipeline_of(plan) == 100 + 8 * 12 * 4


def test_concurrent_writers_and_readers_never_meet_a_locked_database(plan: AccountPlan) -> None:
    """On SQLite the defaults fail in seconds; BEGIN IMMEDIATE in WAL mode waits its turn."""

    def write() -> None:
        for _ in range(15):
            factories.create_opportunity(
                plan.account, amount=1, close_date=plan.start_date, stage=factories.open_stage()
            )

    def read() -> None:
        for _ in range(15):
            _kpi, is_fresh = operations.fresh_kpi(plan)
            assert is_fresh

    finish(*[in_thread(work) for work in (write, write, write, read, read)])

    assert operations.fresh_kpi(plan)[0].pipeline == 145


def test_sqlite_takes_its_write_lock_at_begin() -> None:
    database = settings.DATABASES["default"]

    assert connection.vendor != "sqlite" or database["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
