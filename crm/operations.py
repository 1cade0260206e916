"""Writes about CRM records that are more than saving one form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Model, Prefetch
from django.utils.translation import gettext as _

from crm.enums import ActivityStatus
from crm.models import (
    Activity,
    Contact,
    Opportunity,
    OpportunityLine,
    PickListValue,
    RevenueSchedule,
    Stage,
    Territory,
    TerritoryMembership,
)
from kam.core.changes import bump_version
from kam.core.writing import check_row, save_row
from kam.users.models import User

CALLER = "the caller loaded it through the gate"
Values = Mapping[str, Any]


class ActivityStepNotAllowedError(Exception):
    """The activity is not in a status from which this step leads on (HTTP 409)."""


def _locked(activity: Activity) -> Activity:
    """The row as it stands, held until the end: of two people who press at once the second is told."""
    rows = Activity.objects.unscoped(CALLER)
    return rows.select_for_update().get(pk=activity.pk)


@transaction.atomic
def complete_activity(
    *, activity: Activity, done_on: date, notes: str | None = None, quantity: Decimal | None = None
) -> Activity:
    """Mark a planned or cancelled activity as done on that day; `notes` and `quantity` only where given."""
    locked = _locked(activity)
    if locked.status == ActivityStatus.DONE:
        raise ActivityStepNotAllowedError(_("“%(activity)s” is done already.") % {"activity": locked})
    locked.status, locked.done_on = ActivityStatus.DONE, done_on
    if notes is not None:
        locked.notes = notes
    if quantity is not None:
        locked.quantity = quantity
    locked.full_clean()
    locked.save()
    return locked


@transaction.atomic
def cancel_activity(*, activity: Activity) -> Activity:
    locked = _locked(activity)
    if locked.status != ActivityStatus.PLANNED:
        raise ActivityStepNotAllowedError(_("Only what is planned can be cancelled."))
    locked.status = ActivityStatus.CANCELLED
    locked.save()
    return locked


@transaction.atomic
def reopen_activity(*, activity: Activity) -> Activity:
    """The undo of done and cancelled: planned again, for its own day or the day it was done."""
    locked = _locked(activity)
    if locked.status == ActivityStatus.PLANNED:
        raise ActivityStepNotAllowedError(_("“%(activity)s” is planned already.") % {"activity": locked})
    locked.planned_for = locked.planned_for or locked.done_on
    locked.status, locked.done_on = ActivityStatus.PLANNED, None
    locked.save()
    return locked


# --- Rows with parts: an opportunity with its lines and schedules, a territory with its members ----
class _Parts:
    """Brings the parts of one row to what is wanted: unchanged ones write nothing, errors name their path."""

    def __init__(self) -> None:
        self.errors: dict[str, list[ValidationError]] = {}
        self.new: list[Model] = []
        self.changed: list[Any] = []
        self.surplus: list[Any] = []

    def match(self, stored: dict[UUID, Any], wanted: Sequence[Values], path: str) -> list[Any]:
        """The stored part of each wanted one, None for a new one. Stored ones that nobody wants go."""
        left = dict(stored)
        matched = []
        for index, values in enumerate(wanted):
            pk = values.get("id")
            if pk is not None and pk not in left:
                message = _("There is no such object.")
                self.errors[f"{path}.{index}.id"] = [ValidationError(message, "does_not_exist")]
            matched.append(None if pk is None else left.pop(pk, None))
        self.surplus += left.values()
        return matched

    def fill(self, part: Any, values: Values, path: str) -> None:
        for name, value in values.items():
            if name not in {"id", "schedules"}:
                setattr(part, name, value)
        try:
            check_row(part)
        except ValidationError as error:
            self.errors.update(
                {f"{path}.{name}": found for name, found in error.update_error_dict({}).items()}
            )
        if part._state.adding:
            self.new.append(part)
        elif part.changed_fields():
            self.changed.append(part)

    def save(self) -> bool:
        """Whether anything was written. Raises `ValidationError` before anything is."""
        if self.errors:
            raise ValidationError(self.errors)
        for part in self.surplus:
            part.delete()
        for part in self.changed:
            part.save()
        by_model: dict[type[Model], list[Any]] = {}
        for part in self.new:
            by_model.setdefault(type(part), []).append(part)
        for model, parts in by_model.items():  # in the order they were filled: lines before their schedules
            model._default_manager.bulk_create(parts)
        return bool(self.new or self.changed or self.surplus)


def save_opportunity(
    *,
    opportunity: Opportunity,
    user: User,
    contacts: Iterable[Contact] | None = None,
    lines: Sequence[Values] | None = None,
) -> Opportunity:
    """Save a checked opportunity with its lines and their schedules; None leaves contacts or lines alone.

    A line or schedule with an `id` is the stored one, one without is new, a stored one that is not
    given is deleted. Any change of the parts raises the opportunity's version. Raises
    `ValidationError` with paths such as `lines.0.schedules.1.amount`.
    """
    relations = {} if contacts is None else {"contacts": contacts}
    is_new = opportunity._state.adding
    if lines is None and not is_new and "currency" in {field.name for field in opportunity.changed_fields()}:
        lines = [  # as they are, to be checked against the new currency
            {"id": line.pk, "schedules": [{"id": schedule.pk} for schedule in line.schedules.all()]}
            for line in _stored_lines(opportunity)
        ]
    if lines is None:
        save_row(opportunity, relations=relations, user=user)
        return opportunity
    with transaction.atomic():
        version = opportunity.version
        save_row(opportunity, relations=relations, user=user)
        if _wanted_lines(opportunity, lines).save() and not is_new and opportunity.version == version:
            bump_version(opportunity)
    return opportunity


def _stored_lines(opportunity: Opportunity) -> list[OpportunityLine]:
    schedules = Prefetch("schedules", RevenueSchedule.objects.unscoped(CALLER))
    rows = (
        OpportunityLine.objects.unscoped(CALLER).filter(opportunity=opportunity).prefetch_related(schedules)
    )
    return list(rows)


def _wanted_lines(opportunity: Opportunity, wanted: Sequence[Values]) -> _Parts:
    parts = _Parts()
    stored = {line.pk: line for line in _stored_lines(opportunity)}
    for index, (values, found) in enumerate(zip(wanted, parts.match(stored, wanted, "lines"), strict=True)):
        line = found or OpportunityLine()
        line.opportunity = opportunity  # the one at hand: checks read its currency
        path = f"lines.{index}"
        parts.fill(line, values, path)
        schedules = values.get("schedules")
        if schedules is None:
            continue
        own = {} if found is None else {schedule.pk: schedule for schedule in found.schedules.all()}
        matched = parts.match(own, schedules, f"{path}.schedules")
        for number, (part, schedule) in enumerate(zip(schedules, matched, strict=True)):
            schedule = schedule or RevenueSchedule()
            schedule.line = line
            parts.fill(schedule, part, f"{path}.schedules.{number}")
    return parts


@transaction.atomic
def save_territory(*, territory: Territory, members: Sequence[Values] | None = None) -> Territory:
    """Save a checked territory and, unless None, its members, matched by user."""
    version = None if territory._state.adding else territory.version
    territory.save()
    if members is None:
        return territory
    rows = TerritoryMembership.objects.filter(territory=territory)
    stored = {row.user_id: row for row in rows}
    parts = _Parts()
    for index, values in enumerate(members):
        row = stored.pop(values["user"].pk, None) or TerritoryMembership(territory=territory)
        parts.fill(row, values, f"memberships.{index}")
    parts.surplus += stored.values()
    if parts.save() and territory.version == version:
        bump_version(territory)
    return territory


# --- Lists in an order that people choose ---------------------------------------------------------
@transaction.atomic
def move_in_list(*, rows: Sequence[PickListValue] | Sequence[Stage], step: int) -> None:
    """Move these rows one place up (`step` -1) or down (1), as a block; the list is numbered anew, ten by ten."""
    for row in {_list_of(row): row for row in rows}.values():
        siblings: Any = type(row)._default_manager.select_for_update()
        ordered = list(
            siblings.filter(pick_list=row.pick_list) if isinstance(row, PickListValue) else siblings.all()
        )
        chosen = {row.pk for row in rows}
        places = range(1, len(ordered)) if step < 0 else range(len(ordered) - 2, -1, -1)
        for place in places:
            if ordered[place].pk in chosen and ordered[place + step].pk not in chosen:
                ordered[place], ordered[place + step] = ordered[place + step], ordered[place]
        for number, sibling in enumerate(ordered, 1):
            sibling.order = 10 * number
            sibling.save()  # writes those only whose number changed


def _list_of(row: PickListValue | Stage) -> str:
    return row.pick_list if isinstance(row, PickListValue) else ""
