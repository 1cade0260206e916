"""After a commit that may have made KPIs stale, nudge a worker. Losing the nudge is harmless.

After a migration, everything counts as stale.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import structlog
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connection, transaction
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from kam.core.models import Change
from metrics import operations
from metrics.models import StaleMarker
from metrics.tasks import sweep_stale_kpis

logger = structlog.get_logger(__name__)

RESTED_ON = frozenset(
    {
        "crm.account",
        "crm.exchangerate",
        "crm.opportunity",
        "crm.opportunityline",
        "crm.order",
        "crm.product",
        "crm.productcategory",
        "crm.revenueschedule",
        "crm.stage",
        "plans.accountplan",
        "plans.accountplanproduct",
        "plans.territorybusinessplan",
    }
)
REST_AFTER_FAILURE = 10.0  # seconds without a try while the broker is away: no request waits for it again
_broker_away_until = 0.0


def nudge_on_commit(sender: Any, entries: Sequence[Change], **kwargs: Any) -> None:
    if settings.REDIS_URL and any(entry.model in RESTED_ON for entry in entries):
        connection = transaction.get_connection()
        if enqueue_sweep not in [hook[1] for hook in connection.run_on_commit]:
            transaction.on_commit(enqueue_sweep, robust=True)


def enqueue_sweep() -> None:
    global _broker_away_until
    if time.monotonic() < _broker_away_until:
        return
    try:
        sweep_stale_kpis.apply_async(ignore_result=True, expires=60)
    except (OperationalError, RedisError, OSError) as error:
        _broker_away_until = time.monotonic() + REST_AFTER_FAILURE
        logger.warning("broker_unavailable", error=str(error))


def mark_all_after_migrate(using: str, plan: Sequence[Any] = (), **kwargs: Any) -> None:
    """A migration may have changed records past the triggers, and a release how they are counted."""
    if (
        plan
        and using == DEFAULT_DB_ALIAS
        and StaleMarker._meta.db_table in connection.introspection.table_names()
    ):
        operations.mark_all_plans()
