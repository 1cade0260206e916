"""Keeping the KPIs right: recompute, read repair, sweep, rebuild.

All of them are the same three steps in one transaction (quality.md, section 2): lock the plans that
the markers concern; delete exactly the markers that were read; then, in a later statement, aggregate
and store. Whatever commits meanwhile has a marker of its own that this run has not read, so it is
worked off by the next. A run that dies rolls back and leaves its markers.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import DatabaseError, OperationalError, connection, transaction
from django.db.models import Q
from django.utils import timezone

from kam.core.clock import company_today
from metrics import rollup
from metrics.locks import lock_plans
from metrics.markers import MARKER_FIELDS, MarkerBatch, MarkerRow, markers_of, plans_concerned
from metrics.models import PlanKPI, PlanKPIQuerySet, RollupFailure, StaleMarker, Sweeper
from plans.models import Plan, TerritoryBusinessPlan
from plans.models.plans import PlanQuerySet

logger = structlog.get_logger(__name__)

ROLLUP = "the rollup works for everybody"
BATCH = 2_000  # markers worked off in one transaction
CHUNK = 5_000  # plans computed in one statement
AT_ONCE = 50_000  # as many plans at most are computed all at once when most of them are marked
REPAIR_LIMIT = 500  # a reader works off at most so many markers; the sweep does the rest
FIRST_BACK_OFF, LONGEST_BACK_OFF = timedelta(seconds=10), timedelta(hours=1)
SEEN_STEP = timedelta(seconds=5)  # an idle sweeper says this often that it is there
LONGEST_SWEEP = 60.0  # seconds; then it reports, and the next one goes on
FORGET_SWEEPER = timedelta(days=7)

ANYTHING_WAITS = """
    SELECT EXISTS (SELECT 1 FROM metrics_stalemarker)
        OR EXISTS (SELECT 1 FROM metrics_plankpi WHERE valid_until < %s)
"""
# By place and not by id: the table is as good as empty whenever the server looks how much is in it, and with
# that in mind it compared every marker with every other.
REMOVE_MARKERS = """
    DELETE FROM metrics_stalemarker
    WHERE ctid = ANY(ARRAY(SELECT ctid FROM metrics_stalemarker WHERE id = ANY(%s) FOR UPDATE SKIP LOCKED))
"""


# --- Working markers off --------------------------------------------------------------------
@transaction.atomic
def work_off(batch: MarkerBatch, *, also: Iterable[UUID] = ()) -> int:
    """Bring every plan that the markers concern up to date, or raise; returns how many plans that were.

    Territory plans that no marker names, nor `also`, are marked instead: each is a whole territory to add up.
    """
    concerned = plans_concerned(batch)
    plan_ids = concerned.plan_ids.union(also)
    lock_plans(connection, plan_ids)
    _remove_markers(batch.ids)
    _mark_plans(concerned.territory_plan_ids - plan_ids, at=timezone.now())
    _compute(sorted(plan_ids))
    if batch.plan_ids:
        _remove_orphans(PlanKPI.objects.unscoped(ROLLUP).filter(plan_id__in=batch.plan_ids))
    return len(plan_ids)


@transaction.atomic
def work_off_apart(batch: MarkerBatch) -> tuple[int, int]:
    """The same, but a plan that cannot be computed holds up no other: it backs off with a marker of its own.

    Returns how many plans were computed and how many failed.
    """
    plan_ids, territory_plan_ids = plans_concerned(batch)
    lock_plans(connection, plan_ids)
    # Under the lock: whoever tries one of them again computes it before or after us as a whole.
    now = timezone.now()
    waiting = plan_ids & set(RollupFailure.objects.waiting(at=now).values_list("plan_id", flat=True))
    errors = _compute_apart(sorted(plan_ids - waiting))
    _remove_markers(batch.ids)
    _remove_orphans(PlanKPI.objects.unscoped(ROLLUP).filter(plan_id__in=batch.plan_ids))
    _mark_plans(waiting | errors.keys() | territory_plan_ids, at=now)
    for plan_id, error in errors.items():
        _remember_failure(plan_id, error, at=now)
    return len(plan_ids - waiting) - len(errors), len(errors)


def _remove_markers(marker_ids: Sequence[int]) -> None:
    """Exactly those that were read: never by `id <=`, a lower id can commit later."""
    if not marker_ids:
        return
    if connection.vendor == "postgresql":
        # One that somebody else is just removing is theirs: no waiting in the opposite order. As plain SQL,
        # because it is part of every save that is read.
        with connection.cursor() as cursor:
            cursor.execute(REMOVE_MARKERS, [list(marker_ids)])
        return
    markers = StaleMarker.objects.filter(pk__in=marker_ids)
    markers._raw_delete(markers.db)


def _remove_orphans(kpis: PlanKPIQuerySet) -> None:
    """A plan deleted while it was computed leaves its numbers behind, and a marker."""
    plans = Plan.objects.unscoped("which numbers have a plan").values("pk")
    orphans = kpis.exclude(plan_id__in=plans)
    orphans._raw_delete(orphans.db)


def _mark_plans(plan_ids: set[UUID], *, at: datetime) -> None:
    """A marker for each that has none. One that is just being worked off, and so locked, is none; one that is
    found is held until we are done, so that nobody works it off without what we have seen."""
    if not plan_ids:
        return
    found = StaleMarker.objects.select_for_update(skip_locked=True).filter(plan_id__in=plan_ids)
    marked = set(found.values_list("plan_id", flat=True))
    StaleMarker.objects.bulk_create(
        StaleMarker(plan_id=pk, created_at=at) for pk in sorted(plan_ids - marked)
    )


def _compute(plan_ids: Sequence[UUID] | None) -> None:
    now = timezone.now()
    today = company_today(now)
    if plan_ids is None:
        rollup.compute(connection, plan_ids=None, today=today, now=now)
        return
    for start in range(0, len(plan_ids), CHUNK):
        rollup.compute(connection, plan_ids=plan_ids[start : start + CHUNK], today=today, now=now)


def _compute_apart(plan_ids: Sequence[UUID]) -> dict[UUID, str]:
    """Compute what can be computed; returns the errors of the plans that cannot, found by halving."""
    if not plan_ids:
        return {}
    try:
        with transaction.atomic():
            _compute(plan_ids)
    except DatabaseError as error:
        if len(plan_ids) == 1:
            return {plan_ids[0]: _message(error)}
        middle = len(plan_ids) // 2
        return _compute_apart(plan_ids[:middle]) | _compute_apart(plan_ids[middle:])
    return {}


def _message(error: DatabaseError) -> str:
    """Its first line: the rest quotes a statement of some hundred lines."""
    return str(error).strip().partition("\n")[0]


def _remember_failure(plan_id: UUID, error: str, *, at: datetime) -> None:
    failure, _created = RollupFailure.objects.get_or_create(
        plan_id=plan_id, defaults={"last_error": error, "first_failed_at": at, "retry_at": at}
    )
    back_off = min(FIRST_BACK_OFF * 2 ** min(failure.attempts, 20), LONGEST_BACK_OFF)
    failure.attempts += 1
    failure.last_error = error
    failure.retry_at = at + back_off
    failure.save()
    logger.error("rollup_failed", plan=str(plan_id), attempts=failure.attempts, error=error)


@transaction.atomic
def recompute_plans(plan_ids: Sequence[UUID]) -> None:
    """Compute these plans from their records now; markers stay for the sweep."""
    lock_plans(connection, plan_ids)
    _compute(plan_ids)


# --- The reader -----------------------------------------------------------------------------
def fresh_kpi(plan: Plan) -> tuple[PlanKPI, bool]:
    """The KPIs of a plan, repaired first if anything they rest on has changed (read repair).

    Returns the row and whether it is fresh: False only if the repair itself failed; then the last
    stored numbers stand (`PlanKPI.unknown` if there never were any), and say so.
    """
    # Markers before numbers: what commits in between makes the numbers newer, never older.
    now = timezone.now()
    rows = markers_of(plan, at_most=REPAIR_LIMIT + 1)
    kpi = None if rows else _stored(plan)
    is_fresh = kpi is not None and not kpi.is_outdated(
        today=company_today(now), company_currency=settings.COMPANY_CURRENCY
    )
    if not is_fresh:
        is_fresh = _repair(plan, MarkerBatch.of(rows))
        kpi = _stored(plan)
    if kpi is None:
        return PlanKPI.unknown(plan), False
    kpi.checked_at = now if is_fresh else None
    return kpi, is_fresh


def _stored(plan: Plan) -> PlanKPI | None:
    return PlanKPI.objects.unscoped(ROLLUP).filter(plan_id=plan.pk).first()


def _repair(plan: Plan, batch: MarkerBatch) -> bool:
    """Bring one plan up to date and, if that is little work, whatever else its markers concern."""
    if (
        plan.pk in batch.plan_ids
        and RollupFailure.objects.waiting(at=timezone.now()).filter(plan_id=plan.pk).exists()
    ):
        return False
    try:
        if batch.ids and len(batch.ids) <= REPAIR_LIMIT and not batch.may_concern_many:
            try:
                work_off(batch, also=[plan.pk])
                return True
            except DatabaseError as error:
                if _is_busy(error):
                    raise
                # Another plan that these markers concern failed: no reason to keep this reader waiting.
                logger.warning("read_repair_of_all_failed", plan=str(plan.pk), error=_message(error))
        recompute_plans([plan.pk])
    except DatabaseError as error:
        logger.warning("read_repair_failed", plan=str(plan.pk), error=_message(error))
        return False
    return True


def _is_busy(error: DatabaseError) -> bool:
    """The database had no time for us (a lock, a timeout, a restart): the data are not at fault."""
    if connection.vendor == "sqlite":  # where a failed function of ours is an OperationalError, too
        return getattr(error.__cause__, "sqlite_errorcode", 0) & 0xFF in {
            sqlite3.SQLITE_BUSY,
            sqlite3.SQLITE_LOCKED,
        }
    return isinstance(error, OperationalError)


# --- The sweep ------------------------------------------------------------------------------
@dataclass(frozen=True)
class SweepResult:
    markers: int = 0
    plans: int = 0
    failed: int = 0

    def __add__(self, other: SweepResult) -> SweepResult:
        return SweepResult(self.markers + other.markers, self.plans + other.plans, self.failed + other.failed)

    def __bool__(self) -> bool:
        return bool(self.markers or self.plans or self.failed)


def sweep(*, sweeper: str, with_territories: bool = True) -> SweepResult:
    """Work off all markers and whatever became stale by the calendar. Needs no broker, may run anywhere, twice.

    Plans of territories come last, each once however many of its accounts were marked; a nudge after a save
    leaves them out (`with_territories`).

    Raises `OperationalError` or `InterfaceError` if the database went away: run it again then.
    """
    started, total, after, is_more = monotonic(), SweepResult(), 0, True
    while is_more and (rows := _next_rows(after)) and monotonic() - started < LONGEST_SWEEP:
        # Markers that stay, or are appended meanwhile with a lower id, are for the next sweep.
        after, is_more = rows[-1][0], len(rows) == BATCH
        if is_more and not total and _most_are_marked() and (found := _sweep_all()):
            total += found
            continue
        if is_more:
            rows += _more_of_same_accounts(rows)
        total += _sweep_batch(MarkerBatch.of(rows))
    if with_territories:
        total += _sweep_territories()
    outdated = _outdated_plans()
    for start in range(0, len(outdated), BATCH):
        total += _sweep_batch(MarkerBatch(plan_ids=set(outdated[start : start + BATCH])))
    # A plan that was computed since has no marker left.
    marked = StaleMarker.objects.filter(plan_id__isnull=False).values("plan_id")
    over = RollupFailure.objects.exclude(plan_id__in=marked)
    over._raw_delete(over.db)
    _report(sweeper, total, monotonic() - started)
    return total


def _next_rows(after: int) -> list[MarkerRow]:
    waiting = RollupFailure.objects.waiting(at=timezone.now()).values("plan_id")
    for_later = Q(plan_id__in=waiting) | Q(plan_id__in=_territory_plans().values("pk"))
    return list(
        StaleMarker.objects.filter(pk__gt=after)
        .exclude(for_later, plan_id__isnull=False)
        .order_by("pk")
        .values_list(*MARKER_FIELDS)[:BATCH]
    )


def _sweep_territories() -> SweepResult:
    waiting = RollupFailure.objects.waiting(at=timezone.now()).values("plan_id")
    rows = StaleMarker.objects.filter(plan_id__in=_territory_plans().values("pk")).exclude(
        plan_id__in=waiting
    )
    found = list(rows.order_by("pk").values_list(*MARKER_FIELDS)[:BATCH])
    return _sweep_batch(MarkerBatch.of(found)) if found else SweepResult()


def _territory_plans() -> PlanQuerySet:
    return TerritoryBusinessPlan.objects.unscoped("what a sweep does last").order_by()


def _more_of_same_accounts(rows: Sequence[MarkerRow]) -> list[MarkerRow]:
    """A feed marks an account once a statement: its later markers go with the first, its plans are computed once."""
    accounts = {account_id for _pk, account_id, *_others in rows if account_id}
    later = StaleMarker.objects.filter(account_id__in=accounts, pk__gt=rows[-1][0])
    return list(later.order_by("pk").values_list(*MARKER_FIELDS)[: 10 * BATCH])


def _most_are_marked() -> bool:
    """Whether it is less work to compute all plans than to find out which: after a large import."""
    plans = Plan.objects.unscoped("whether most plans are marked")
    count = plans.count()
    if count > AT_ONCE or RollupFailure.objects.exists():
        return False
    marked = StaleMarker.objects.filter(account_id__isnull=False).values("account_id")
    return 2 * plans.filter(account_id__in=marked).count() > count


def _sweep_all() -> SweepResult:
    """All markers at once; nothing if that fails: then they are worked off batch by batch."""
    try:
        with transaction.atomic():
            markers = _take_all()
            _compute(None)
            _remove_orphans(PlanKPI.objects.unscoped(ROLLUP).all())
            return SweepResult(markers, PlanKPI.objects.unscoped(ROLLUP).count())
    except DatabaseError as error:
        if not connection.is_usable():
            raise
        logger.warning("sweep_of_all_failed", error=_message(error))
        return SweepResult()


def _sweep_batch(batch: MarkerBatch) -> SweepResult:
    try:
        return SweepResult(len(batch.ids), work_off(batch))
    except DatabaseError as error:
        if not connection.is_usable():
            raise
        logger.warning("sweep_batch_failed", error=_message(error))
    try:
        return SweepResult(len(batch.ids), *work_off_apart(batch))
    except DatabaseError as error:
        if not connection.is_usable():
            raise
        logger.warning("sweep_batch_left", error=_message(error))
        return SweepResult(failed=len(batch.ids))


def _outdated_plans() -> list[UUID]:
    """Plans whose numbers are no longer right although no record changed."""
    outdated = PlanKPI.objects.unscoped(ROLLUP).outdated(
        today=company_today(), company_currency=settings.COMPANY_CURRENCY
    )
    waiting = RollupFailure.objects.waiting(at=timezone.now()).values("plan_id")
    return list(outdated.exclude(pk__in=waiting).order_by("pk").values_list("pk", flat=True))


def _report(sweeper: str, result: SweepResult, seconds: float) -> None:
    """Leave word that this process is there, and what it did; the operations page shows it."""
    now = timezone.now()
    if result:
        work = {"worked_at": now, "seconds": seconds, "markers": result.markers, "plans": result.plans}
        _leave_word(sweeper, seen_at=now, failed=result.failed, **work)
    elif not Sweeper.objects.filter(name=sweeper, seen_at__gt=now - SEEN_STEP).exists():
        _leave_word(sweeper, seen_at=now)
        Sweeper.objects.filter(seen_at__lt=now - FORGET_SWEEPER).delete()


def _leave_word(sweeper: str, **values: Any) -> None:
    Sweeper.objects.bulk_create(
        [Sweeper(name=sweeper, **values)],
        update_conflicts=True,
        unique_fields=["name"],
        update_fields=[*values],
    )


# --- Everything anew ------------------------------------------------------------------------
@transaction.atomic
def rebuild() -> tuple[int, int]:
    """Compute the KPIs of all plans anew in one statement; returns how many there are and how many failed."""
    errors: dict[UUID, str] = {}
    _take_all()
    try:
        with transaction.atomic():
            _compute(None)
    except DatabaseError as error:
        logger.warning("rebuild_failed", error=_message(error))
        plan_ids = Plan.objects.unscoped("rebuild of all KPIs").order_by("pk").values_list("pk", flat=True)
        errors = _compute_apart(list(plan_ids))
    _remove_orphans(PlanKPI.objects.unscoped(ROLLUP).all())
    now = timezone.now()
    _mark_plans(set(errors), at=now)
    for plan_id, message in errors.items():
        _remember_failure(plan_id, message, at=now)
    return PlanKPI.objects.unscoped(ROLLUP).count(), len(errors)


def _take_all() -> int:
    """Lock all plans and remove the markers there are; returns how many."""
    _lift_statement_timeout()
    lock_plans(connection, None)
    marker_ids = list(StaleMarker.objects.values_list("pk", flat=True))
    for start in range(0, len(marker_ids), 10_000):
        _remove_markers(marker_ids[start : start + 10_000])
    return len(marker_ids)


def _lift_statement_timeout() -> None:
    """Until the transaction ends: the limit is there for pages, not for operators."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = 0")


def mark_all_plans() -> None:
    """Let the next sweep compute every plan."""
    plans = Plan.objects.unscoped("all KPIs count as stale").values_list("pk", flat=True)
    now = timezone.now()
    StaleMarker.objects.bulk_create(
        (StaleMarker(plan_id=pk, created_at=now) for pk in plans.iterator()), batch_size=BATCH
    )


def retry_now(plan_id: UUID) -> None:
    """Let the next sweep try a failed plan again, whatever its back-off."""
    RollupFailure.objects.filter(plan_id=plan_id).update(retry_at=timezone.now())


# --- How stale ------------------------------------------------------------------------------
def is_lagging() -> bool:
    """Whether anything waits: pages over many plans then say that numbers may lag by seconds.

    Plain SQL in one statement, because every list of plans asks.
    """
    today = connection.ops.adapt_datefield_value(company_today())
    with connection.cursor() as cursor:
        cursor.execute(ANYTHING_WAITS, [today])
        return bool(cursor.fetchone()[0])


def oldest_marker_age() -> timedelta | None:
    created_at = StaleMarker.objects.order_by("pk").values_list("created_at", flat=True).first()
    return None if created_at is None else timezone.now() - created_at
