"""After the commit that made work, nudge a worker; without Redis the sweep finds it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import transaction

from kam.core.broker import Nudge
from kam.jobs.tasks import work_off_jobs

nudge = Nudge(work_off_jobs)


def nudge_on_commit(sender: Any, **kwargs: Any) -> None:
    if settings.REDIS_URL:
        transaction.on_commit(nudge, robust=True)
