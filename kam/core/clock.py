"""The company's calendar."""

from __future__ import annotations

from datetime import date, datetime

from django.utils import timezone


def company_today(at: datetime | None = None) -> date:
    """The date in the company's time zone, whatever zone the reader's pages are shown in.

    `timezone.localdate()` answers in the zone of the current request's user: two readers would
    compute different numbers from the same records.
    """
    return timezone.localdate(at, timezone.get_default_timezone())
