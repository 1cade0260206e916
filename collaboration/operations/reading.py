"""Reading notifications, and putting them off."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import F
from django.utils import timezone

from collaboration.models import Notification
from kam.core.clock import company_today
from kam.users.models import User

THEIRS = "a notification that was loaded through the gate"


def _write(notification: Notification, **values: Any) -> None:
    rows = Notification.objects.unscoped(THEIRS).filter(pk=notification.pk)
    rows.update(**values, version=F("version") + 1, updated_at=timezone.now())
    notification.refresh_from_db(fields=[*values, "version", "updated_at"], from_queryset=rows)


def mark(notification: Notification, *, is_read: bool) -> None:
    if notification.is_read != is_read:
        _write(notification, read_at=timezone.now() if is_read else None)


def mark_all_read(user: User) -> int:
    """All that is unread, of what they see; says how many."""
    unread = Notification.objects.visible_to(user).unread(today=company_today())
    rows = Notification.objects.unscoped(THEIRS).filter(pk__in=list(unread.values_list("pk", flat=True)))
    return rows.update(read_at=timezone.now(), version=F("version") + 1, updated_at=timezone.now())


def snooze(notification: Notification, *, until: date | None) -> None:
    """It is out of the way until that day, then unread again; None: wake it up."""
    values: dict[str, Any] = {"snoozed_until": until}
    if until is not None:
        values["read_at"] = None
    _write(notification, **values)
