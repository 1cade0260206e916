"""Feeds of the same source take turns.

Two transactions that each write thousands of the same rows over several batches would wait for
each other crosswise. On SQLite BEGIN IMMEDIATE lets one writer in at a time.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connections


def lock_feed(kind: str, sources: Iterable[str], *, using: str) -> None:
    """Hold the feeds of these sources until the transaction ends."""
    connection = connections[using]
    if connection.vendor == "postgresql":
        names = sorted({f"kam bulk {kind} {source}" for source in sources})
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_advisory_xact_lock(hashtextextended(name, 0)) FROM unnest(%s) AS name", [names]
            )
