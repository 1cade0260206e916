"""Who recomputes a plan, one at a time.

A recompute must read the records only after every other recompute of the same plans has committed;
otherwise the slower one overwrites the newer numbers with older ones. Plans are locked by shard:
a bounded number of advisory locks however many plans there are, always taken in the same order.
On SQLite BEGIN IMMEDIATE lets one writer in at a time and nothing is left to lock.
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db.backends.base.base import BaseDatabaseWrapper

NAMESPACE = 0x6B616D  # "kam"
SHARDS = 256


def lock_plans(connection: BaseDatabaseWrapper, plan_ids: Iterable[UUID] | None) -> None:
    """Hold the locks of these plans (None: of all) until the transaction ends."""
    if connection.vendor != "postgresql":
        return
    shards = sorted(range(SHARDS) if plan_ids is None else {pk.int % SHARDS for pk in plan_ids})
    if shards:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_advisory_xact_lock(%s, shard) FROM unnest(%s) AS shard", [NAMESPACE, shards]
            )
