"""Reminders of due dates: each made once, none left out, whoever makes them and however often.

A run looks at all days since the last run that went through, that day included: what was due to be told
on one of them is told now, one reminder for each task and person. The database lets no second one of the
same occasion in, so two runs at once do no harm, and one that breaks off is done again from the start.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, F, OuterRef
from django.utils import timezone

from collaboration.enums import NotificationKind
from collaboration.models import OPEN_OBJECTIVES, Notification, RemindedThrough
from collaboration.operations.wishes import FOR_ALL, Wishes
from collaboration.policies import latest_occasion
from kam.core.clock import company_today
from kam.users.models import User
from plans.models import AssessmentTask, Objective, Plan, PlanReview

BATCH = 2_000


@dataclass(frozen=True, slots=True)
class Due:
    """Something to be done, and whose it is."""

    kind: NotificationKind
    pk: UUID
    due: date
    user_id: UUID
    plan_id: UUID
    plan_owner_id: UUID


@dataclass(frozen=True, slots=True)
class Reminder:
    what: Due
    recipient_id: UUID
    occasion: date

    @property
    def key(self) -> tuple[Any, ...]:
        return (self.recipient_id, self.what.pk, self.what.due, self.occasion)


def make_reminders(*, at: datetime | None = None) -> int:
    """Make what is due and was not made yet; says how many."""
    at = at or timezone.now()
    today = company_today(at)
    through = RemindedThrough.objects.values_list("day", flat=True).first()
    first = min(through or today, today)
    wishes = Wishes()
    found = whatever_is_due(until=today + timedelta(days=wishes.earliest))
    made = 0
    while batch := list(islice(found, BATCH)):
        made += _make(reminders_of(batch, wishes, first=first, last=today), at=at)
    _note(today)
    return made


# --- What there is ----------------------------------------------------------------------------
def whatever_is_due(*, until: date) -> Iterator[Due]:
    """Open tasks, objectives and reviews of plans that are worked on, due by that day or long ago."""
    place = "item__action_plan__objective__plan"
    tasks = AssessmentTask.objects.unscoped(FOR_ALL).to_do().at_hand().filter(due_date__lte=until)
    rows = tasks.order_by("pk").values_list("pk", "due_date", "assignee", place, f"{place}__owner")
    yield from _read(NotificationKind.TASK_DUE, rows)
    live = Plan.objects.unscoped(FOR_ALL).live().order_by().values("pk")
    objectives = Objective.objects.unscoped(FOR_ALL).filter(
        status__in=OPEN_OBJECTIVES, target_date__lte=until, plan__in=live
    )
    rows = objectives.order_by("pk").values_list("pk", "target_date", "owner", "plan", "plan__owner")
    yield from _read(NotificationKind.OBJECTIVE_DUE, rows)
    reviews = PlanReview.objects.unscoped(FOR_ALL).to_hold().filter(due_date__lte=until)
    rows = reviews.order_by("pk").values_list("pk", "due_date", "plan__owner", "plan", "plan__owner")
    yield from _read(NotificationKind.REVIEW_DUE, rows)


def _read(kind: NotificationKind, rows: Any) -> Iterator[Due]:
    return (Due(kind, *row) for row in rows.iterator(BATCH))


# --- Who is told ------------------------------------------------------------------------------
def reminders_of(rows: Iterable[Due], wishes: Wishes, *, first: date, last: date) -> list[Reminder]:
    """Whose it is is told, if they see the plan; else the plan's owner: somebody has to know."""

    def occasion(row: Due, user_id: UUID) -> date | None:
        return latest_occasion(wishes.of(user_id).rhythm, due=row.due, first=first, last=last)

    rows = [row for row in rows if occasion(row, row.user_id) or occasion(row, row.plan_owner_id)]
    seen = _seen(
        {(row.user_id, row.plan_id) for row in rows} | {(row.plan_owner_id, row.plan_id) for row in rows}
    )
    reminders = []
    for row in rows:
        told = row.user_id if (row.user_id, row.plan_id) in seen else row.plan_owner_id
        day = occasion(row, told)
        if day is not None and (told, row.plan_id) in seen:
            reminders.append(Reminder(row, told, day))
    return reminders


def _seen(pairs: set[tuple[UUID, UUID]]) -> set[tuple[UUID, UUID]]:
    """Of these users and plans, who sees which; one statement for each user."""
    plans: dict[UUID, set[UUID]] = defaultdict(set)
    for user_id, plan_id in pairs:
        plans[user_id].add(plan_id)
    found = set()
    for user in User.objects.active().filter(pk__in=list(plans)):
        visible = Plan.objects.visible_to(user).filter(pk__in=plans[user.pk]).order_by()
        found |= {(user.pk, pk) for pk in visible.values_list("pk", flat=True)}
    return found


# --- Making them ------------------------------------------------------------------------------
def _make(reminders: list[Reminder], *, at: datetime) -> int:
    """Those that are not there yet. Of two who make the same at once, one does."""
    known = _known(reminders)
    new = [
        Notification(
            recipient_id=reminder.recipient_id,
            kind=reminder.what.kind,
            plan_id=reminder.what.plan_id,
            due_date=reminder.what.due,
            occasion=reminder.occasion,
            created_at=at,
            updated_at=at,
            **{_field(reminder.what.kind): reminder.what.pk},
        )
        for reminder in reminders
        if reminder.key not in known
    ]
    with transaction.atomic():
        _insert(new)
        _replace_older(new, at=at)
    return len(new)


def _field(kind: NotificationKind) -> str:
    return f"{kind.field}_id"


def _known(reminders: list[Reminder]) -> set[tuple[Any, ...]]:
    rows = Notification.objects.unscoped(FOR_ALL)
    found: set[tuple[Any, ...]] = set()
    for kind in NotificationKind:
        field = _field(kind)
        ids = {reminder.what.pk for reminder in reminders if reminder.what.kind == kind}
        days = {reminder.occasion for reminder in reminders}
        if ids:
            there = rows.filter(**{f"{field}__in": ids}, occasion__in=days).order_by()
            found |= set(there.values_list("recipient", field, "due_date", "occasion"))
    return found


def _insert(rows: list[Notification]) -> None:
    Notification.objects.bulk_create(rows, ignore_conflicts=True)


def _replace_older(rows: list[Notification], *, at: datetime) -> None:
    """A new reminder takes the place of those before it: of one task, one is unread."""
    for field in (kind.field for kind in NotificationKind):
        if ids := {getattr(row, f"{field}_id") for row in rows} - {None}:
            newer = Notification.objects.unscoped(FOR_ALL).filter(
                **{"recipient": OuterRef("recipient"), field: OuterRef(field)},
                occasion__gt=OuterRef("occasion"),
            )
            older = Notification.objects.unscoped(FOR_ALL).filter(
                Exists(newer), **{f"{field}__in": ids}, read_at__isnull=True
            )
            older.update(read_at=at, updated_at=at, version=F("version") + 1)


def _note(day: date) -> None:
    """All reminders up to this day are made; never back, also if somebody else is further."""
    rows = RemindedThrough.objects
    if rows.filter(day__lt=day).update(day=day):
        return
    with transaction.atomic():
        rows.bulk_create([RemindedThrough(day=day)], ignore_conflicts=True)
