"""News of the shared bases."""

from django.dispatch import Signal

# Sent inside the writing transaction, with `entries`: the log entries just written.
changes_written = Signal()
