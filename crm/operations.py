"""Writes about CRM records that are more than saving one form."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from crm.enums import ActivityStatus
from crm.models import Activity


class ActivityStepNotAllowedError(Exception):
    """The activity is not in a status from which this step leads on (HTTP 409)."""


def _locked(activity: Activity) -> Activity:
    """The row as it stands, held until the end: of two people who press at once the second is told."""
    rows = Activity.objects.unscoped("the caller loaded it through the gate")
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
