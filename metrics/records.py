"""The records behind a number: those in it, those left out and why, the rate and the contribution.

The same coverage rules as `metrics.rollup` (domain.md, *Linking revenue to plans*), asked row by row.
A plan's number counts all its records; a reader is shown those that the gate lets through, and told
how many more there are and how much they make.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from copy import copy
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, localcontext
from functools import partial
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from kam.core.transactions import read_snapshot
from kam.users.models import User
from metrics import operations
from metrics.models import PlanKPI
from metrics.record_rows import STATES, PlanRecord, Reader, groups, union
from plans.enums import PinEffect
from plans.models import AccountPlanProduct, Plan

TRIES = 3

FORMULAS = {
    "sales_target": _(
        "What is to be won in the period: entered in the plan, or the sum of its target lines."
    ),
    "won_revenue": _("The sum of the amounts of what was won in the period."),
    "pipeline": _("The sum of the amounts of what is open and expected in the period."),
    "weighted_pipeline": _("The sum of amount × probability ÷ 100 over what is open."),
    "total_expected_revenue": _("Won revenue + weighted pipeline."),
    "forecast_target_variance": _("Total expected revenue − sales target; negative: short of the target."),
    "remaining_target": _("Sales target − won revenue; zero once the target is won."),
    "coverage_ratio": _("Pipeline ÷ (sales target − won revenue); nothing once the target is won."),
}


@dataclass(frozen=True)
class RecordList:
    """One page of the records of a number, as of the instant of `kpi`."""

    plan: Plan
    kpi: PlanKPI
    is_fresh: bool
    name: str
    is_excluded: bool
    count: int = 0
    records: list[PlanRecord] = field(default_factory=list)
    hidden_count: int = 0
    hidden_contribution: Decimal = Decimal(0)
    contribution: Decimal = Decimal(0)  # of those that are not hidden
    named_products: Sequence[AccountPlanProduct] = ()  # it counts these alone; empty: all

    @property
    def value(self) -> Decimal | None:
        return getattr(self.kpi, self.name)

    @property
    def formula(self) -> str:
        return str(FORMULAS[self.name])


def records_of(
    plan: Plan,
    *,
    kpi: str,
    user: User,
    is_excluded: bool = False,
    start: int = 0,
    size: int = 50,
    account_id: UUID | None = None,
) -> RecordList:
    """The records in a number of the plan (or those left out of it) that the user may open: all, or one account's.

    Number and records are of the same instant: both are read in one snapshot in which nothing waits that
    the number has not counted. `is_fresh` is False if changes kept coming in between.
    """
    for attempt in range(TRIES):
        counted = _waiting(plan)
        stored, is_fresh = operations.fresh_kpi(plan)
        with read_snapshot():
            is_stale = not _waiting(plan) <= counted
            if is_stale and attempt < TRIES - 1:
                continue
            stored = (
                PlanKPI.objects.unscoped("of a plan loaded through the gate").filter(pk=plan.pk).first()
                or stored
            )
            stored.checked_at = timezone.now() if is_fresh and not is_stale else None
            reader = Reader(plan, kpi, is_excluded=is_excluded)
            page = slice(start, start + size)
            return _read(reader, stored, is_fresh and not is_stale, user, page, account_id)
    raise AssertionError("unreachable")


def counted_records(plan: Plan, kpi: str) -> list[PlanRecord]:
    """All records in a number, whoever may open them: for what is computed from them, never to be listed."""
    return records_in(Reader(plan, kpi, is_excluded=False))


def is_put_in(record: PlanRecord) -> bool:
    """By hand: so it counts whatever its day."""
    return record.pin is not None and record.pin.effect == PinEffect.INCLUDE


def records_in(reader: Reader) -> list[PlanRecord]:
    return _told(reader, reader.rows(None))


def exact_total(reader: Reader, kpi: str) -> Decimal:
    """The sum of a number of the reader's plan, not yet rounded, over all its records."""
    of_number = copy(reader)
    of_number.kpi = kpi
    found = groups(of_number.rows(None), reader.plan)
    of_number.load_rates({row["money"] for row in found})
    return of_number.total(found)[1]


def possible_records(reader: Reader, deals: Collection[UUID] | QuerySet | None = None) -> list[PlanRecord]:
    """What is open (of these deals, or of all) and in the reader's plan on its own day, or would be on another."""
    open_ended = copy(reader)
    open_ended.plan = copy(reader.plan)
    open_ended.plan.start_date, open_ended.plan.end_date = date.min, date.max
    found: list[QuerySet] = []
    for is_excluded in (False, True):  # on its own day one may have no rate
        open_ended.is_excluded = is_excluded
        querysets = open_ended.rows(None)
        if deals is not None:
            querysets = [rows.filter(opportunity_key__in=deals) for rows in querysets]
        if is_excluded:
            querysets = [rows.filter(reason="not_converted") for rows in querysets]
        found += querysets
    return _told(reader, found)


def _told(reader: Reader, querysets: list[QuerySet]) -> list[PlanRecord]:
    rows = list(union(querysets))
    reader.load_rates({row.money for row in rows})
    return reader.records(rows)


def _waiting(plan: Plan) -> set[int]:
    """The markers of a plan: those there before it was computed are in its numbers, though a sweep may still
    need them for other plans."""
    return {pk for pk, *_named in operations.markers_of(plan)}


def _read(
    reader: Reader, stored: PlanKPI, is_fresh: bool, user: User, page: slice, account_id: UUID | None
) -> RecordList:
    plan, kpi = reader.plan, reader.kpi
    listed = partial(RecordList, plan, stored, is_fresh, kpi, reader.is_excluded, named_products=reader.named)
    if not STATES[kpi]:  # a target rests on no record
        return listed()
    visible, counted = reader.rows(user), reader.rows(None)
    if account_id is not None:
        visible = [rows.filter(account_key=account_id) for rows in visible]
        counted = [rows.filter(account_key=account_id) for rows in counted]
    found = list(union(visible)[page])
    if reader.is_excluded:
        return listed(sum(rows.count() for rows in visible), reader.records(found))
    seen, every = groups(visible, plan), groups(counted, plan)
    reader.load_rates({row["money"] for row in every})
    seen_count, seen_sum = reader.total(seen)
    count, total = reader.total(every)
    with localcontext(prec=80):
        hidden = total - seen_sum
    return listed(seen_count, reader.records(found), count - seen_count, hidden, seen_sum)
