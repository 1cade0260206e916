"""Making reminders, sending mails, reading them."""

from collaboration.operations.digests import send_digests
from collaboration.operations.reading import mark, mark_all_read, snooze
from collaboration.operations.reminders import make_reminders
from collaboration.operations.wishes import forget_own_settings, own_settings, settings_of

__all__ = [
    "forget_own_settings",
    "make_reminders",
    "mark",
    "mark_all_read",
    "own_settings",
    "send_digests",
    "settings_of",
    "snooze",
]
