"""The numbers of every live plan, day by day: written by a job, read by charts and by `as_of`.

One row per plan and day of the company, however often the job runs; each run of a day brings the
day's rows up to date, so that in the end they say how the day ended. Never from stale numbers: what
waits is counted first, and plans that still wait then are left out until the next run.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, models, transaction
from django.utils import timezone

from kam.core.clock import company_today
from metrics import operations
from metrics.models import PlanKPI, PlanKPISnapshot, PlanNumbers, ReviewNumbers, StaleMarker
from plans.models import Plan, PlanReview
from plans.models.plans import OVER

NUMBERS = [field.attname for field in PlanNumbers._meta.local_fields]
COLUMNS = ["plan_id", "day", "stretch_target", *NUMBERS, "taken_at"]
STILL_GOOD = timedelta(days=7)  # so long before a past review its numbers may have been kept
MOST_LEFT_OUT = 10_000  # with more plans to be counted, the snapshot waits for the sweep


class StillCountingError(Exception):
    """So many numbers are stale that the snapshot would be more gap than picture."""


@dataclass(frozen=True)
class SnapshotResult:
    day: date
    written: int
    left_out: int


def take_snapshots(*, sweeper: str) -> SnapshotResult:
    """Write or bring up to date the day's row of every live plan whose numbers are fresh."""
    operations.sweep(sweeper=sweeper)
    with transaction.atomic():
        # The instant before the markers are read: what is marked later was right at that instant.
        now = timezone.now()
        left_out = _waiting_plans()
        if len(left_out) > MOST_LEFT_OUT:
            raise StillCountingError(f"{len(left_out)} plans are still being counted.")
        written = _copy_numbers(day=company_today(now), now=now, left_out=left_out)
        _remove_orphans()
    return SnapshotResult(company_today(now), written, len(left_out))


def _waiting_plans() -> set[UUID]:
    rows = StaleMarker.objects.values_list(*operations.MARKER_FIELDS)
    plan_ids, territory_plan_ids = operations.plans_concerned(operations.MarkerBatch.of(rows.iterator()))
    return plan_ids | territory_plan_ids


def _copy_numbers(*, day: date, now: datetime, left_out: set[UUID]) -> int:
    """One statement, however many plans; a row that would not change is not written."""
    uuid_field = models.UUIDField()
    parameters = {f"plan{n}": uuid_field.get_db_prep_value(pk, connection) for n, pk in enumerate(left_out)}
    waits = f"AND k.plan_id NOT IN ({', '.join(f'%({name})s' for name in parameters)})" if left_out else ""
    live = ", ".join(f"'{status}'" for status in OVER)
    differs = "IS DISTINCT FROM" if connection.vendor == "postgresql" else "IS NOT"
    compared = ["stretch_target", *(name for name in NUMBERS if name != "computed_at")]
    table = PlanKPISnapshot._meta.db_table
    own, new = ((", ".join(f"{row}.{name}" for name in compared)) for row in (table, "excluded"))
    sql = f"""
        INSERT INTO {table} ({", ".join(COLUMNS)})
        SELECT k.plan_id, %(day)s, p.stretch_target, {", ".join(f"k.{name}" for name in NUMBERS)}, %(now)s
        FROM {PlanKPI._meta.db_table} k JOIN {Plan._meta.db_table} p ON p.id = k.plan_id
        WHERE p.status NOT IN ({live}) AND k.company_currency = %(company)s
              AND (k.valid_until IS NULL OR k.valid_until >= %(day)s) {waits}
        ON CONFLICT (plan_id, day) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in COLUMNS[2:])}
        WHERE ({own}) {differs} ({new})
    """
    parameters |= {
        "day": connection.ops.adapt_datefield_value(day),
        "now": connection.ops.adapt_datetimefield_value(now),
        "company": settings.COMPANY_CURRENCY,
    }
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.rowcount


def _remove_orphans() -> None:
    """The rows of plans that raw SQL has deleted."""
    plans = Plan.objects.unscoped("which snapshots have a plan").filter(pk=models.OuterRef("plan_id"))
    orphans = PlanKPISnapshot.objects.unscoped("snapshots without a plan").filter(~models.Exists(plans))
    orphans._raw_delete(orphans.db)


# --- Reading ----------------------------------------------------------------------------------
def numbers_on(plan: Plan, day: date) -> PlanKPISnapshot | None:
    """The numbers of a plan, loaded through the gate, at the end of a past day; None if none were kept."""
    return _kept(plan).filter(day=day).first()


def history_of(plan: Plan, *, since: date, until: date) -> list[PlanKPISnapshot]:
    """The kept days of the span, in order; today as it stands at this moment."""
    today = company_today()
    kept = list(_kept(plan).filter(day__gte=since, day__lte=until).order_by("day"))
    if not since <= today <= until:
        return kept
    kpi, _is_fresh = operations.fresh_kpi(plan)
    if not kpi.is_known:
        return kept
    values = {field.attname: getattr(kpi, field.attname) for field in PlanNumbers._meta.local_fields}
    now = PlanKPISnapshot(
        plan=plan, day=today, stretch_target=plan.stretch_target, taken_at=kpi.as_of, **values
    )
    return [*(row for row in kept if row.day != today), now]


def first_day(plan: Plan) -> date | None:
    """From when on the numbers of the plan were kept."""
    return _kept(plan).aggregate(first=models.Min("day"))["first"]


def _kept(plan: Plan) -> models.QuerySet:
    return PlanKPISnapshot.objects.unscoped("numbers of a plan loaded through the gate").filter(plan=plan)


# --- Reviews ----------------------------------------------------------------------------------
def freeze(review: PlanReview) -> ReviewNumbers | None:
    """Keep the numbers of a review that is being held: as they stand, or of a past day as they were kept last.

    None where nothing is known of the plan's numbers.
    """
    plan, today = review.plan, company_today()
    held_on = review.held_on or today
    past = _kept(plan).filter(day__range=(held_on - STILL_GOOD, held_on)).order_by("-day")
    kept = past.first() if held_on < today else None
    stretch = plan.stretch_target if kept is None else kept.stretch_target
    numbers: Any = kept or operations.fresh_kpi(plan)[0]
    if numbers.won_revenue is None:
        return None
    values = {name: getattr(numbers, name) for name in NUMBERS}
    frozen = ReviewNumbers(review=review, stretch_target=stretch, taken_at=numbers.as_of, **values)
    frozen.save()
    return frozen


def frozen_numbers(reviews: Iterable[PlanReview]) -> dict[UUID, ReviewNumbers]:
    """By review, of those that were loaded through the gate."""
    rows = ReviewNumbers.objects.unscoped("numbers of reviews that were loaded through the gate")
    return {row.review_id: row for row in rows.filter(review__in=[review.pk for review in reviews])}
