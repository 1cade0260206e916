"""A record changes while what it belongs to moves: neither writer sees the other before both have committed.

Each with its negative control: without the trigger that lets the mover wait, the number is wrong.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, transaction

from metrics import operations
from metrics.models import PlanKPI
from tests import factories
from tests.metrics.test_concurrency import finish, in_thread

pytestmark = pytest.mark.postgres
WHY = "test"


class World:
    """Two accounts with a plan each, which counts schedules. A deal of the first has 100; one of the other none."""

    def __init__(self) -> None:
        self.old = factories.create_plan(revenue_basis="schedule")
        period = {"start_date": self.old.start_date, "end_date": self.old.end_date}
        self.new = factories.create_plan(revenue_basis="schedule", currency=self.old.currency, **period)
        self.stage = factories.open_stage()
        self.deal, self.other_deal = (
            factories.create_opportunity(
                plan.account, amount=100, close_date=plan.start_date, stage=self.stage, currency=plan.currency
            )
            for plan in (self.old, self.new)
        )
        self.line = factories.create_opportunity_line(self.deal, amount=100)
        self.schedule = factories.create_schedule(self.line, amount=100)
        operations.sweep(sweeper="test")

    def pipelines(self) -> tuple[int, int]:
        kpis = PlanKPI.objects.unscoped(WHY).in_bulk()
        return int(kpis[self.old.pk].pipeline), int(kpis[self.new.pk].pipeline)


def change(row: Any, column: str, value: Any) -> Callable[[], None]:
    """By raw SQL: what the application writes holds more rows than it must."""

    def write() -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"UPDATE {row._meta.db_table} SET {column} = %s WHERE id = %s", [value, row.pk])

    return write


def at_once(write: Callable[[], Any], move: Callable[[], Any]) -> None:
    """The mover is done first, where nothing holds it, and what it marked is worked off before the writer commits."""
    is_written, may_commit = threading.Event(), threading.Event()

    def slow_writer() -> None:
        with transaction.atomic():
            write()
            is_written.set()
            assert may_commit.wait(20)

    writer = in_thread(slow_writer)
    assert is_written.wait(20), getattr(writer, "error", None)
    mover = in_thread(move)
    mover.join(timeout=1)
    operations.sweep(sweeper="test")
    may_commit.set()
    finish(writer, mover)
    operations.sweep(sweeper="test")


@contextmanager
def nobody_waits(table: str) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER kam_stale_{table}_move")
        yield
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER kam_stale_{table}_move")


@pytest.fixture
def world(transactional_db: None) -> World:
    return World()


def a_deal_moves(world: World) -> None:
    at_once(change(world.schedule, "amount", 70_000), change(world.deal, "account_id", world.new.account_id))


def a_line_moves(world: World) -> None:
    at_once(
        change(world.schedule, "amount", 70_000), change(world.line, "opportunity_id", world.other_deal.pk)
    )


def test_a_schedule_counts_where_its_deal_went(world: World) -> None:
    a_deal_moves(world)

    assert world.pipelines() == (0, 70)


def test_without_waiting_the_old_amount_would_stay_where_the_deal_went(world: World) -> None:
    with nobody_waits("crm_opportunity"):
        a_deal_moves(world)

    assert world.pipelines() == (0, 100)


def test_a_schedule_counts_where_its_line_went(world: World) -> None:
    a_line_moves(world)

    assert world.pipelines() == (0, 70)


def test_without_waiting_the_old_amount_would_stay_where_the_line_went(world: World) -> None:
    with nobody_waits("crm_opportunityline"):
        a_line_moves(world)

    assert world.pipelines() == (0, 100)


def a_deal_comes_to_a_stage_as_it_closes(world: World) -> None:
    closing = factories.create_stage("Closing", probability=50)
    at_once(
        change(closing, "is_closed", True),
        change(world.deal, "stage_id", closing.pk),
    )


def test_a_deal_that_comes_to_a_stage_as_it_closes_is_closed(world: World) -> None:
    a_deal_comes_to_a_stage_as_it_closes(world)

    assert world.pipelines() == (0, 0)


def test_without_waiting_it_would_stay_open(world: World) -> None:
    with nobody_waits("crm_stage"):
        a_deal_comes_to_a_stage_as_it_closes(world)

    assert world.pipelines() == (100, 0)
