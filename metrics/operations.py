"""Keeping the KPIs right: recompute, read repair, sweep, rebuild.

All of them are the same three steps in one transaction (quality.md, section 2): lock the plans that
the markers concern; delete exactly the markers that were read; then, in a later statement, aggregate
and store. Whatever commits meanwhile has a marker of its own that this run has not read, so it is
worked off by the next. A run that dies rolls back and leaves its markers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

import structlog
from django.db import DatabaseError, connection, transaction
from django.db.models import F, Q
from django.utils import timezone

from crm.models import AccountEdge
from metrics import rollup
from metrics.locks import lock_plans
from metrics.models import PlanKPI, RollupFailure, StaleMarker
from plans.models import AccountPlan

logger = structlog.get_logger(__name__)

BATCH = 2_000  # markers worked off in one transaction
REPAIR_LIMIT = 500  # a reader works off at most so many markers; the sweep does the rest
LONGEST_BACK_OFF = timedelta(hours=1)


@dataclass
class MarkerBatch:
    """Markers that were read, by what they name."""

    ids: list[int] = field(default_factory=list)
    account_ids: set[UUID] = field(default_factory=set)
    plan_ids: set[UUID] = field(default_factory=set)

    @classmethod
    def of(cls, rows: Iterable[tuple[int, UUID | None, UUID | None]]) -> MarkerBatch:
        batch = cls()
        for pk, account_id, plan_id in rows:
            batch.ids.append(pk)
            if account_id:
                batch.account_ids.add(account_id)
            if plan_id:
                batch.plan_ids.add(plan_id)
        return batch

    def only(self, subject_id: UUID) -> tuple[set[UUID], set[UUID]]:
        return self.account_ids & {subject_id}, self.plan_ids & {subject_id}


def plans_covering(account_ids: Iterable[UUID]) -> set[UUID]:
    """Plans that count records of these accounts: their own and, unless for one account only, those above."""
    edges = AccountEdge.objects.filter(descendant_id__in=list(account_ids))
    return set(
        edges.filter(
            Q(depth=0) | Q(ancestor__plans__include_child_accounts=True), ancestor__plans__isnull=False
        ).values_list("ancestor__plans", flat=True)
    )


def _remove_markers(marker_ids: Sequence[int]) -> None:
    """Exactly those that were read: never by `id <=`, a lower id can commit later."""
    markers = StaleMarker.objects.filter(pk__in=marker_ids)
    if connection.features.has_select_for_update_skip_locked:
        # One that somebody else is just removing is theirs: no waiting in the opposite order.
        markers = StaleMarker.objects.filter(
            pk__in=markers.order_by("pk").select_for_update(skip_locked=True).values("pk")
        )
    markers._raw_delete(markers.db)


@transaction.atomic
def work_off(batch: MarkerBatch) -> int:
    """Bring every plan that the markers concern up to date; returns how many plans that were."""
    plan_ids = batch.plan_ids | (plans_covering(batch.account_ids) if batch.account_ids else set())
    lock_plans(connection, plan_ids)
    _remove_markers(batch.ids)
    _compute(sorted(plan_ids))
    return len(plan_ids)


def _compute(plan_ids: Sequence[UUID] | None) -> None:
    now = timezone.now()
    if plan_ids is None:
        rollup.compute(connection, plan_ids=None, today=timezone.localdate(now), now=now)
        return
    for start in range(0, len(plan_ids), 5_000):
        chunk = plan_ids[start : start + 5_000]
        rollup.compute(connection, plan_ids=chunk, today=timezone.localdate(now), now=now)


@transaction.atomic
def recompute_plans(plan_ids: Sequence[UUID] | None) -> None:
    """Compute these plans (None: all) from their records now; markers stay for the sweep."""
    lock_plans(connection, plan_ids)
    _compute(plan_ids)


def markers_of(plan: AccountPlan) -> Q:
    """The markers that concern one plan."""
    accounts = AccountEdge.objects.filter(ancestor_id=plan.account_id)
    if not plan.include_child_accounts:
        accounts = accounts.filter(depth=0)
    return Q(plan_id=plan.pk) | Q(account_id__in=accounts.values("descendant_id"))


def fresh_kpi(plan: AccountPlan) -> tuple[PlanKPI, bool]:
    """The KPIs of a plan, repaired first if anything they rest on has changed (read repair).

    Returns the row and whether it is fresh: False only if the repair itself failed, for example
    because the database is busy; then the last stored numbers stand, and say so.
    """
    today = timezone.localdate()
    rows = list(
        StaleMarker.objects.filter(markers_of(plan)).values_list("pk", "account_id", "plan_id")[: REPAIR_LIMIT + 1]
    )
    kpi = PlanKPI.objects.filter(plan_id=plan.pk).first()
    if not rows and kpi is not None and (kpi.valid_until is None or kpi.valid_until >= today):
        return kpi, True
    try:
        if rows and len(rows) <= REPAIR_LIMIT:
            work_off(MarkerBatch.of(rows))
        else:
            recompute_plans([plan.pk])
    except DatabaseError as error:
        logger.warning("read_repair_failed", plan=str(plan.pk), error=str(error))
        if kpi is None:
            raise
        return kpi, False
    return PlanKPI.objects.get(plan_id=plan.pk), True


@dataclass(frozen=True)
class SweepResult:
    markers: int = 0
    plans: int = 0
    failed: int = 0


def sweep() -> SweepResult:
    """Work off all markers and whatever became stale by the calendar. Needs no broker, may run anywhere, twice."""
    markers = plans = failed = 0
    after = 0
    while batch_rows := _next_rows(after):
        # Markers that stay (failed ones, or appended meanwhile with a lower id) are for the next sweep.
        after = batch_rows[-1][0]
        batch = MarkerBatch.of(batch_rows)
        try:
            plans += work_off(batch)
            markers += len(batch.ids)
            _forget_failures(batch)
        except DatabaseError as error:
            logger.warning("sweep_batch_failed", error=str(error))
            done, lost = _work_off_one_by_one(batch)
            plans, failed = plans + done, failed + lost
    plans += _refresh_slipped()
    return SweepResult(markers, plans, failed)


def _next_rows(after: int) -> list[tuple[int, UUID | None, UUID | None]]:
    waiting = RollupFailure.objects.filter(retry_at__gt=timezone.now()).values("subject_id")
    return list(
        StaleMarker.objects.filter(pk__gt=after)
        .exclude(account_id__in=waiting, account_id__isnull=False)
        .exclude(plan_id__in=waiting, plan_id__isnull=False)
        .order_by("pk")
        .values_list("pk", "account_id", "plan_id")[:BATCH]
    )


def _work_off_one_by_one(batch: MarkerBatch) -> tuple[int, int]:
    """One bad account must not hold up the others: it backs off and shows in the operations page."""
    plans = failed = 0
    for subject_id in sorted(batch.account_ids | batch.plan_ids):
        rows = StaleMarker.objects.filter(Q(account_id=subject_id) | Q(plan_id=subject_id))
        single = MarkerBatch.of(rows.filter(pk__in=batch.ids).values_list("pk", "account_id", "plan_id"))
        try:
            plans += work_off(single)
            _forget_failures(single)
        except DatabaseError as error:
            _remember_failure(subject_id, str(error))
            failed += 1
    return plans, failed


def _remember_failure(subject_id: UUID, error: str) -> None:
    now = timezone.now()
    failure, _created = RollupFailure.objects.get_or_create(
        subject_id=subject_id, defaults={"last_error": error, "first_failed_at": now, "retry_at": now}
    )
    failure.attempts += 1
    failure.last_error = error
    failure.retry_at = now + min(timedelta(seconds=5) * 2**failure.attempts, LONGEST_BACK_OFF)
    failure.save()
    logger.error("rollup_failed", subject=str(subject_id), attempts=failure.attempts, error=error)


def _forget_failures(batch: MarkerBatch) -> None:
    RollupFailure.objects.filter(subject_id__in=batch.account_ids | batch.plan_ids).delete()


def _refresh_slipped() -> int:
    """Plans whose open opportunities passed their close date since: no record changed, the count did."""
    stale = PlanKPI.objects.filter(valid_until__lt=timezone.localdate())
    plan_ids = list(stale.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(plan_ids), BATCH):
        recompute_plans(plan_ids[start : start + BATCH])
    return len(plan_ids)


def rebuild() -> int:
    """Compute the KPIs of all plans anew in one statement; returns how many plans there are."""
    with transaction.atomic():
        lock_plans(connection, None)
        marker_ids = list(StaleMarker.objects.values_list("pk", flat=True))
        for start in range(0, len(marker_ids), 10_000):
            _remove_markers(marker_ids[start : start + 10_000])
        _compute(None)
        return PlanKPI.objects.count()


def is_lagging() -> bool:
    """Whether any marker waits: pages over many plans then say that numbers may lag by seconds."""
    return StaleMarker.objects.exists()


def oldest_marker_age() -> timedelta | None:
    created_at = StaleMarker.objects.order_by("pk").values_list(F("created_at"), flat=True).first()
    return None if created_at is None else timezone.now() - created_at
