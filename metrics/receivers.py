"""After a commit that may have made KPIs stale, nudge a worker. Losing the nudge is harmless.

After a migration, everything counts as stale.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connection, transaction

from kam.core.broker import Nudge
from kam.core.models import Change
from metrics import operations
from metrics.models import StaleMarker
from metrics.tasks import sweep_stale_kpis

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
        "crm.territory",
        "plans.accountplan",
        "plans.accountplanproduct",
        "plans.planpin",
        "plans.territorybusinessplan",
    }
)
enqueue_sweep = Nudge(sweep_stale_kpis, with_territories=False)  # a sweep does them before long


def nudge_on_commit(sender: Any, entries: Sequence[Change], **kwargs: Any) -> None:
    if settings.REDIS_URL and any(entry.model in RESTED_ON for entry in entries):
        connection = transaction.get_connection()
        if enqueue_sweep not in [hook[1] for hook in connection.run_on_commit]:
            transaction.on_commit(enqueue_sweep, robust=True)


def mark_all_after_migrate(using: str, plan: Sequence[Any] = (), **kwargs: Any) -> None:
    """A migration may have changed records past the triggers, and a release how they are counted."""
    if (
        plan
        and using == DEFAULT_DB_ALIAS
        and StaleMarker._meta.db_table in connection.introspection.table_names()
    ):
        operations.mark_all_plans()
