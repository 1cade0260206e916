"""What goes wrong, what passes by the calendar, and who is nudged."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.db import connection, transaction
from django.test import override_settings
from django.utils import timezone
from kombu import Connection

from crm.models import Opportunity, Order
from metrics import operations, receivers, verification
from metrics.models import PlanKPI, RollupFailure, StaleMarker, Sweeper
from metrics.tasks import sweep_stale_kpis
from plans.models import AccountPlan
from templates_app.enums import RevenueBasis
from tests import factories

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)
MOST = Decimal(10) ** 12


def sweep() -> operations.SweepResult:
    return operations.sweep(sweeper="test")


def stored(plan: AccountPlan) -> PlanKPI | None:
    return PlanKPI.objects.unscoped("test").filter(pk=plan.pk).first()


# --- A plan that cannot be computed -----------------------------------------------------------
@pytest.fixture
def failing() -> AccountPlan:
    """Its one order makes more money than the numbers hold."""
    plan = factories.create_plan(revenue_basis=RevenueBasis.ORDER)
    factories.create_rate("GBP", 10**8)
    factories.create_order(plan.account, amount=MOST, currency="GBP")
    return plan


def test_a_plan_that_fails_keeps_a_marker_and_blocks_no_other(failing: AccountPlan) -> None:
    others = [factories.create_plan(failing.account), factories.create_plan()]
    for plan in others:
        factories.create_opportunity(plan.account, amount=70)

    result = sweep()

    assert (result.plans, result.failed) == (2, 1)
    assert [stored(plan).pipeline for plan in others] == [70, 70]
    assert stored(failing) is None
    assert list(StaleMarker.objects.values_list("account_id", "plan_id")) == [(None, failing.pk)]
    failure = RollupFailure.objects.get()
    assert (failure.plan_id, failure.attempts) == (failing.pk, 1)
    assert failure.last_error
    assert "\n" not in failure.last_error, "without the statement"
    assert operations.is_lagging()
    operations.fresh_kpi(others[0])
    assert stored(others[0]).pipeline == 70


def test_a_plan_that_fails_is_tried_ever_more_rarely(failing: AccountPlan) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        sweep()
        now, waits = NOON, []
        for attempt in range(1, 12):
            failure = RollupFailure.objects.get()
            assert failure.attempts == attempt
            waits.append(int((failure.retry_at - now).total_seconds()))
            clock.move_to(failure.retry_at - timedelta(seconds=1))
            assert not sweep(), "it waits"
            now = failure.retry_at + timedelta(seconds=1)
            clock.move_to(now)
            assert sweep().failed == 1

    assert waits == [10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600]


def test_a_plan_that_failed_recovers_with_its_records(failing: AccountPlan) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        sweep()
        Order.objects.unscoped("test").update(amount=Decimal(1), currency="USD")
        clock.move_to(NOON + timedelta(minutes=1))

        assert sweep().failed == 0

    assert stored(failing).won_revenue == 1
    assert not RollupFailure.objects.exists()
    assert not StaleMarker.objects.exists()


def test_its_reader_sees_the_last_numbers_and_that_they_are_not_fresh() -> None:
    plan = factories.create_plan(revenue_basis=RevenueBasis.ORDER)
    order = factories.create_order(plan.account, amount=50)
    assert operations.fresh_kpi(plan)[0].won_revenue == 50
    factories.create_rate("GBP", 10**8)
    Order.objects.unscoped("test").filter(pk=order.pk).update(amount=MOST, currency="GBP")

    kpi, is_fresh = operations.fresh_kpi(plan)

    assert (kpi.won_revenue, is_fresh, kpi.checked_at) == (50, False, None)


def test_an_operator_may_have_it_tried_at_once(failing: AccountPlan) -> None:
    sweep()
    assert not sweep()

    operations.retry_now(failing.pk)

    assert sweep().failed == 1


def test_a_rebuild_computes_the_others_and_says_how_many_failed(failing: AccountPlan) -> None:
    other = factories.create_plan()
    factories.create_opportunity(other.account, amount=70)

    assert operations.rebuild() == (1, 1)

    assert stored(other).pipeline == 70
    assert RollupFailure.objects.get().plan_id == failing.pk


# --- What passes by the calendar, and by settings ---------------------------------------------
def test_a_deal_slips_although_nobody_writes() -> None:
    day = date(2026, 6, 15)
    with time_machine.travel(NOON, tick=False) as clock:
        plan = factories.create_plan(start_date=date(2026, 1, 1))
        factories.create_opportunity(plan.account, close_date=day)
        factories.create_opportunity(plan.account, close_date=day + timedelta(days=1))
        slipped = []
        for offset in range(4):
            clock.move_to(NOON + timedelta(days=offset))
            kpi, is_fresh = operations.fresh_kpi(plan)
            slipped.append((kpi.slipped_count, kpi.valid_until, is_fresh))

    assert slipped == [
        (0, day, True),
        (1, day + timedelta(days=1), True),
        (2, None, True),
        (2, None, True),
    ]


def test_the_sweep_finds_the_slipped_without_a_reader() -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        plan = factories.create_plan(start_date=date(2026, 1, 1))
        factories.create_opportunity(plan.account, close_date=date(2026, 6, 15))
        sweep()
        assert not operations.is_lagging()

        clock.move_to(NOON + timedelta(days=1))
        assert operations.is_lagging()
        assert sweep().plans == 1

        assert not operations.is_lagging()
        assert not sweep()
    assert stored(plan).slipped_count == 1


def test_a_deal_slips_at_midnight_of_the_company() -> None:
    """The reader's own time zone decides nothing."""
    with override_settings(TIME_ZONE="America/New_York"):
        timezone.get_default_timezone.cache_clear()
        try:
            with time_machine.travel("2026-06-16T03:30:00Z", tick=False) as clock:
                plan = factories.create_plan(start_date=date(2026, 1, 1))
                factories.create_opportunity(plan.account, close_date=date(2026, 6, 15))
                with timezone.override("Asia/Tokyo"):
                    before = operations.fresh_kpi(plan)[0].slipped_count
                clock.move_to(datetime(2026, 6, 16, 4, 30, tzinfo=UTC))
                after = operations.fresh_kpi(plan)[0].slipped_count
        finally:
            timezone.get_default_timezone.cache_clear()

    assert (before, after) == (0, 1)


def test_another_company_currency_is_in_the_next_answer() -> None:
    plan = factories.create_plan(currency="EUR", sales_target=1_000)
    factories.create_rate("EUR", "1.25")
    factories.create_opportunity(plan.account, amount=100, currency="EUR", stage=factories.won_stage())
    assert operations.fresh_kpi(plan)[0].company_won_revenue == 125

    with override_settings(COMPANY_CURRENCY="EUR"):
        kpi, is_fresh = operations.fresh_kpi(plan)
        assert (kpi.company_currency, kpi.company_won_revenue, is_fresh) == ("EUR", 100, True)
        assert list(verification.kpi_differences(today=timezone.localdate(), company_currency="EUR")) == []
    assert sweep().plans == 1
    assert stored(plan).company_won_revenue == 125


# --- TRUNCATE ---------------------------------------------------------------------------------
@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_truncate_is_in_the_next_answer() -> None:
    plan = factories.create_plan()
    factories.create_opportunity(plan.account, amount=100)
    assert operations.fresh_kpi(plan)[0].pipeline == 100

    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE crm_opportunity CASCADE")

    assert operations.fresh_kpi(plan)[0].pipeline == 0


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_the_numbers_of_truncated_plans_go_with_them() -> None:
    operations.fresh_kpi(factories.create_plan())

    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE plans_accountplan CASCADE")
    sweep()

    assert not PlanKPI.objects.unscoped("test").exists()


# --- Sweepers ---------------------------------------------------------------------------------
def test_a_feed_that_marks_an_account_many_times_costs_one_computation(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(operations, "BATCH", 2)
    plan = factories.create_plan()
    sweep()
    for _ in range(7):
        factories.create_opportunity(plan.account, amount=10)

    result = sweep()

    assert (result.markers, result.plans) == (7, 1)
    assert stored(plan).pipeline == 70
    assert not StaleMarker.objects.exists()


@pytest.mark.parametrize("is_one_failing", [False, True])
def test_after_a_load_that_marks_most_plans_all_are_computed_at_once(
    is_one_failing: bool, failing: AccountPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operations, "BATCH", 2)
    others = [factories.create_plan() for _ in range(3)]
    if not is_one_failing:
        Order.objects.unscoped("test").delete()
    runs: list[Any] = []
    compute = operations._compute
    monkeypatch.setattr(operations, "_compute", lambda plan_ids: (runs.append(plan_ids), compute(plan_ids)))
    for plan in others:
        factories.create_opportunity(plan.account, amount=70)

    result = sweep()

    assert [stored(plan).pipeline for plan in others] == [70] * 3
    assert result.failed == is_one_failing
    assert runs[0] is None, "tried first"
    assert (len(runs) > 1) == is_one_failing, "then those that can be computed"
    assert StaleMarker.objects.count() == is_one_failing


def test_a_few_marked_plans_are_computed_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    plans = [factories.create_plan() for _ in range(5)]
    sweep()
    monkeypatch.setattr(operations, "BATCH", 2)
    runs: list[Any] = []
    monkeypatch.setattr(operations, "_compute", runs.append)
    for _ in range(3):
        factories.create_opportunity(plans[0].account)

    sweep()

    assert runs == [[plans[0].pk]]


def test_a_sweeper_leaves_word() -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        factories.create_plan()
        sweep()
        clock.move_to(NOON + timedelta(minutes=1))
        sweep()

    word = Sweeper.objects.get()
    assert (word.name, word.plans, word.markers, word.failed) == ("test", 1, 1, 0)
    assert (word.worked_at, word.seen_at) == (NOON, NOON + timedelta(minutes=1))


def test_a_reader_leaves_a_big_load_to_the_sweep(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "REPAIR_LIMIT", 5)
    plan = factories.create_plan()
    for _ in range(10):
        factories.create_opportunity(plan.account, amount=10)
    waiting = StaleMarker.objects.count()

    kpi, is_fresh = operations.fresh_kpi(plan)

    assert (kpi.pipeline, is_fresh) == (100, True)
    assert StaleMarker.objects.count() == waiting > 5


# --- The nudge --------------------------------------------------------------------------------
@pytest.fixture
def nudges(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    sent: list[Any] = []
    monkeypatch.setattr(receivers.enqueue_sweep, "away_until", 0.0)
    monkeypatch.setattr(sweep_stale_kpis, "apply_async", lambda **options: sent.append(options))
    with override_settings(REDIS_URL="redis://127.0.0.1:1/0"):
        yield sent


@pytest.mark.django_db(transaction=True)
def test_a_transaction_nudges_once(nudges: list[Any]) -> None:
    plan = factories.create_plan()
    nudges.clear()

    with transaction.atomic():
        for _ in range(3):
            factories.create_opportunity(plan.account)
        with transaction.atomic():
            factories.create_order(plan.account)
        assert nudges == [], "nobody looks before the commit"

    assert nudges == [{"kwargs": {"with_territories": False}, "ignore_result": True, "expires": 60}]


@pytest.mark.django_db(transaction=True)
def test_nobody_is_nudged_for_nothing(nudges: list[Any]) -> None:
    plan = factories.create_plan()
    nudges.clear()

    factories.create_contact(plan.account)
    factories.create_objective(plan)
    with transaction.atomic():
        factories.create_opportunity(plan.account)
        transaction.set_rollback(True)

    assert nudges == []


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.mark.django_db(transaction=True)
def test_with_redis_away_no_write_fails_and_only_one_waits(
    closed_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"redis://127.0.0.1:{closed_port}/0"
    monkeypatch.setattr(receivers.enqueue_sweep, "away_until", 0.0)
    plan = factories.create_plan()
    waits, original = [], sweep_stale_kpis.apply_async

    def publish(**options: Any) -> None:
        started = time.monotonic()
        try:
            with Connection(url, transport_options=settings.CELERY_BROKER_TRANSPORT_OPTIONS) as broker:
                original(connection=broker, **options)
        finally:
            waits.append(time.monotonic() - started)

    monkeypatch.setattr(sweep_stale_kpis, "apply_async", publish)
    with override_settings(REDIS_URL=url):
        for _ in range(6):
            factories.create_opportunity(plan.account, amount=10)

    assert len(waits) == 1, "the next ones do not wait for it again"
    assert waits[0] < 1.5
    assert receivers.enqueue_sweep.away_until > time.monotonic(), "the one try failed"
    assert operations.fresh_kpi(plan)[0].pipeline == 60
    assert Opportunity.objects.unscoped("test").count() == 6


# --- Markers by the thousand ------------------------------------------------------------------
@pytest.mark.postgres
def test_many_markers_go_quickly_though_the_table_was_last_seen_empty() -> None:
    """The server looks at the table when it likes, mostly when all is worked off: then it expects one row."""
    many = "INSERT INTO metrics_stalemarker (catalog, created_at) SELECT true, now() FROM generate_series(1, 20000)"
    with connection.cursor() as cursor:
        cursor.execute(f"{many}; DELETE FROM metrics_stalemarker; ANALYZE metrics_stalemarker; {many}")
        cursor.execute("SET LOCAL statement_timeout = '5s'")

    operations._remove_markers(StaleMarker.objects.values_list("pk", flat=True))

    assert not StaleMarker.objects.exists()
