"""What the sample users were reminded of in the last weeks, as if kam had run all the time."""

from __future__ import annotations

from datetime import timedelta

from collaboration.models import Notification
from collaboration.operations import make_reminders
from metrics.demo.sample import Sample

WEEKS = 2


def create_reminders(sample: Sample) -> None:
    for days in range(-7 * WEEKS, 1):
        make_reminders(at=sample.moment(sample.day(days), hour=7))
    # Of the older ones everybody has read what there was.
    old = sample.moment(sample.day(-4))
    rows = Notification.objects.unscoped("the sample company").filter(created_at__lt=old)
    rows.update(read_at=old + timedelta(hours=1))
