"""On which days somebody is reminded of a due date: pure functions on calendar days."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

EARLIEST = 60  # days before
RAREST = 60  # days between two reminders while overdue


@dataclass(frozen=True)
class Rhythm:
    """So many days before (0: on the day), then every `overdue_every` days while overdue; None: no more."""

    days_before: frozenset[int]
    overdue_every: int | None

    @property
    def earliest(self) -> int:
        return max(self.days_before, default=0)


USUAL = Rhythm(frozenset({7, 1, 0}), 7)


def latest_occasion(rhythm: Rhythm, *, due: date, first: date, last: date) -> date | None:
    """The latest day from `first` to `last` on which there is a reminder of what is due on `due`.

    One alone, also where several days were missed: who comes back to work is told once.
    """
    days_to_last = (due - last).days
    length = (last - first).days
    # In days before the due date, so that no date lies outside of the calendar.
    found = [n for n in rhythm.days_before if 0 <= n - days_to_last <= length]
    if rhythm.overdue_every and days_to_last < 0:
        since = -days_to_last // rhythm.overdue_every * rhythm.overdue_every
        if since and -since - days_to_last <= length:
            found.append(-since)
    return due - timedelta(days=min(found)) if found else None


def cleaned_days(days: Iterable[int]) -> list[int]:
    """Each once, the earliest first, as they are stored."""
    return sorted(set(days), reverse=True)
