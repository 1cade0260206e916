"""Pure decisions of the CRM: no database, no clock. Of the settings only that which keeps
commercial and medical apart: asked here, so that all rules and gates follow the one answer."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta

from django.conf import settings

from crm.enums import CallFrequency
from kam.users.models import Role

CALL_DAYS = {CallFrequency.WEEKLY: 7, CallFrequency.FORTNIGHTLY: 14}
CALL_MONTHS = {
    CallFrequency.MONTHLY: 1,
    CallFrequency.EVERY_TWO_MONTHS: 2,
    CallFrequency.QUARTERLY: 3,
    CallFrequency.HALF_YEARLY: 6,
    CallFrequency.YEARLY: 12,
}

# Whose work lies on one side alone. Managers, executives and administrators answer for both.
MEDICAL = frozenset({Role.MSL})
COMMERCIAL = frozenset({Role.KAM, Role.VIEWER})


def sees_commercial(role: str) -> bool:
    """Targets, pipeline and orders, by role alone; of a plan they take part in medical colleagues see them."""
    return role not in MEDICAL or not settings.SEPARATE_MEDICAL


def sees_medical(role: str) -> bool:
    """Medical insights, by role alone; those of a plan they take part in commercial colleagues see, too."""
    return role != Role.INTEGRATION and (role not in COMMERCIAL or not settings.SEPARATE_MEDICAL)


def add_months(day: date, months: int) -> date:
    """The same day `months` later, clipped to the month's end: 31 January + 1 month = 28 or 29 February."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    if year > date.max.year:
        return date.max
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def next_call_due(*, last_call: date | None, frequency: str, since: date) -> date | None:
    """When the next call is due; None where no calls are planned.

    `since` is the day the account was taken up: one never contacted is due at once, from that day.
    """
    if frequency == CallFrequency.NONE or not frequency:
        return None
    if last_call is None:
        return since
    if frequency in CALL_DAYS:
        step = timedelta(days=CALL_DAYS[CallFrequency(frequency)])
        return last_call + min(step, date.max - last_call)
    return add_months(last_call, CALL_MONTHS[CallFrequency(frequency)])
