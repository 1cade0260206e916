"""After a commit that may have made KPIs stale, nudge a worker. Losing the nudge is harmless.

After a migration, everything counts as stale.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connection, transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kam.core.broker import Nudge
from kam.core.models import Change
from kam.users.models import User
from metrics import history, operations
from metrics.models import StaleMarker
from metrics.tasks import sweep_stale_kpis
from plans.models import PlanReview

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


def freeze_numbers(sender: Any, review: PlanReview, **kwargs: Any) -> None:
    history.freeze(review)


def what_numbers_ask(sender: Any, review: PlanReview, user: User, **kwargs: Any) -> list[str]:
    """Points for the agenda of a review: nothing for who does not see the plan's numbers."""
    if not user.has_perm("plans.view_numbers", review.plan):
        return []
    kpi, _is_fresh = operations.fresh_kpi(review.plan)
    lines = []
    if kpi.forecast_target_variance is not None and kpi.forecast_target_variance < 0:
        lines.append(_("Expected revenue is below the target: how do we close the gap?"))
    if kpi.slipped_count:
        text = ngettext(
            "%(count)s deal should have closed by now: what happens to it?",
            "%(count)s deals should have closed by now: what happens to them?",
            kpi.slipped_count,
        )
        lines.append(text % {"count": kpi.slipped_count})
    return lines


def mark_all_after_migrate(using: str, plan: Sequence[Any] = (), **kwargs: Any) -> None:
    """A migration may have changed records past the triggers, and a release how they are counted."""
    if (
        plan
        and using == DEFAULT_DB_ALIAS
        and StaleMarker._meta.db_table in connection.introspection.table_names()
    ):
        operations.mark_all_plans()
