"""The numbers of every day: one row per plan and day, never from stale numbers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from kam.users.models import User
from metrics import history, operations
from metrics.models import PlanKPISnapshot, RollupFailure, StaleMarker
from plans.enums import PlanStatus
from tests import factories
from tests.fixtures import ApiFor, World

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def clock() -> Iterator[time_machine.Coordinates]:
    with time_machine.travel(NOON, tick=False) as coordinates:
        yield coordinates


def kept() -> list[tuple[date, int]]:
    rows = PlanKPISnapshot.objects.unscoped("test").order_by("day", "pipeline")
    return [(row.day, int(row.pipeline)) for row in rows]


def take() -> history.SnapshotResult:
    return history.take_snapshots(sweeper="test")


def test_one_row_a_plan_and_day_however_often_it_runs(clock: time_machine.Coordinates) -> None:
    plan = factories.create_plan()
    factories.create_opportunity(plan.account, amount=100)

    assert (take().written, take().written) == (1, 0)
    factories.create_opportunity(plan.account, amount=50)
    assert take().written == 1
    clock.shift(DAY)
    factories.create_opportunity(plan.account, amount=7)
    take()

    assert kept() == [(date(2026, 6, 15), 150), (date(2026, 6, 16), 157)]


def test_plans_that_are_over_are_left_alone(clock: time_machine.Coordinates) -> None:
    for status in PlanStatus.values:
        factories.create_plan(status=status)

    take()

    found = PlanKPISnapshot.objects.unscoped("test").values_list("plan__status", flat=True)
    assert sorted(found) == ["active", "approved", "draft", "in_approval", "on_hold"]


def test_numbers_that_wait_to_be_counted_are_left_out(clock: time_machine.Coordinates) -> None:
    failing, plan = factories.create_plan(), factories.create_plan()
    operations.sweep(sweeper="test")
    now = timezone.now()
    StaleMarker.objects.create(plan_id=failing.pk, created_at=now)
    RollupFailure.objects.create(
        plan_id=failing.pk, attempts=1, last_error="x", first_failed_at=now, retry_at=now + DAY
    )

    result = take()

    assert (result.written, result.left_out) == (1, 1)
    assert PlanKPISnapshot.objects.unscoped("test").get().plan_id == plan.pk


def test_a_flood_of_stale_numbers_keeps_the_snapshot_waiting(
    clock: time_machine.Coordinates, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = factories.create_plan()
    operations.sweep(sweeper="test")
    monkeypatch.setattr(history, "MOST_LEFT_OUT", 0)
    monkeypatch.setattr(operations, "sweep", lambda **_options: None)
    factories.create_opportunity(plan.account)

    with pytest.raises(history.StillCountingError, match="1 plans"):
        take()

    assert kept() == []


def test_the_day_is_the_company_s_own() -> None:
    with override_settings(TIME_ZONE="America/New_York"):
        timezone.get_default_timezone.cache_clear()
        try:
            with time_machine.travel("2026-06-16T03:30:00Z", tick=False), timezone.override("Asia/Tokyo"):
                factories.create_plan()
                take()
        finally:
            timezone.get_default_timezone.cache_clear()

    assert [day for day, _pipeline in kept()] == [date(2026, 6, 15)]


def test_a_snapshot_takes_as_many_statements_for_many_plans_as_for_one(
    clock: time_machine.Coordinates,
) -> None:
    account = factories.create_account()
    factories.create_plan(account)
    operations.sweep(sweeper="test")
    with CaptureQueriesContext(connection) as one:
        take()
    for _ in range(20):
        factories.create_plan(account)
    operations.sweep(sweeper="test")

    with CaptureQueriesContext(connection) as many:
        take()

    assert len(many) == len(one) <= 20
    assert len(kept()) == 21


def test_the_rows_of_deleted_plans_go(clock: time_machine.Coordinates) -> None:
    gone, swept, stays = (factories.create_plan() for _ in range(3))
    take()

    gone.delete()
    with connection.cursor() as cursor:
        key = "REPLACE(id, '-', '')" if connection.vendor == "sqlite" else "REPLACE(id::text, '-', '')"
        cursor.execute(f"DELETE FROM plans_accountplan WHERE {key} = %s", [swept.pk.hex])
    take()

    assert set(PlanKPISnapshot.objects.unscoped("test").values_list("plan_id", flat=True)) == {stays.pk}


# --- The API ------------------------------------------------------------------------------------
def take_yesterday() -> None:
    with time_machine.travel(timezone.now() - DAY, tick=False):
        take()


def url_of(world: World, name: str = "kpi-history") -> str:
    return f"/api/v1/account-plans/{world.plan.pk}/{name}/"


def test_history_ends_with_the_numbers_of_this_moment(
    api: ApiFor, world: World, account_manager: User
) -> None:
    take_yesterday()
    take()
    factories.create_opportunity(world.account, amount=111)

    body = api(account_manager).get(url_of(world)).json()

    today = timezone.localdate()
    assert (body["from"], body["to"]) == (world.plan.start_date.isoformat(), today.isoformat())
    assert [(point["date"], point["pipeline"]) for point in body["results"]] == [
        ((today - DAY).isoformat(), "3500.00"),
        (today.isoformat(), "3611.00"),
    ]


def test_history_of_a_span(api: ApiFor, world: World, account_manager: User) -> None:
    take_yesterday()
    client, yesterday = api(account_manager), timezone.localdate() - DAY

    past = client.get(url_of(world), {"to": yesterday.isoformat()}).json()["results"]
    before = client.get(url_of(world), {"to": (yesterday - DAY).isoformat()}).json()["results"]

    assert [point["date"] for point in past] == [yesterday.isoformat()]
    assert past[0]["counts"]["slipped"] == 1
    assert before == []
    for query in (
        {"from": "2026-02-30"},
        {"from": "2026-03-02", "to": "2026-03-01"},
        {"from": "2001-01-01", "to": "2026-03-01"},
        {"since": "2026-03-02"},
    ):
        assert client.get(url_of(world), query).status_code == 400, query


def test_a_past_day_is_answered_from_what_was_kept(api: ApiFor, world: World, account_manager: User) -> None:
    take_yesterday()
    factories.create_opportunity(world.account, amount=5_000, stage=factories.won_stage())
    client, yesterday = api(account_manager), timezone.localdate() - DAY

    kept_then = client.get(url_of(world, "kpis"), {"as_of": yesterday.isoformat()}).json()
    missing = client.get(url_of(world, "kpis"), {"as_of": (yesterday - DAY).isoformat()})

    assert (kept_then["won_revenue"], kept_then["percent"]["won_revenue"]) == ("4000.00", "40.0")
    assert kept_then["as_of"].startswith(yesterday.isoformat())
    assert kept_then["plan"] == str(world.plan.pk)
    assert (missing.status_code, missing.json()["errors"][0]["code"]) == (400, "not_available")


def test_only_who_may_see_the_numbers_sees_their_history(
    api: ApiFor, world: World, stranger: User, msl: User, colleague: User
) -> None:
    assert api(stranger).get(url_of(world)).status_code == 404
    assert api(msl).get(url_of(world)).status_code == 403
    assert api(colleague).get(url_of(world)).status_code == 200


def test_history_takes_as_many_statements_for_many_days_as_for_one(
    api: ApiFor, world: World, account_manager: User
) -> None:
    client = api(account_manager)
    take_yesterday()
    client.get(url_of(world))
    with CaptureQueriesContext(connection) as one:
        client.get(url_of(world))
    for days in range(2, 12):
        with time_machine.travel(timezone.now() - days * DAY, tick=False):
            take()
    operations.fresh_kpi(world.plan)

    with CaptureQueriesContext(connection) as many:
        client.get(url_of(world))

    assert len(many) == len(one)
