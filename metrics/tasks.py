"""Celery tasks: “look now”. What to do stands in the tables."""

from __future__ import annotations

import socket
from typing import Any

from celery import shared_task
from django.db import InterfaceError, OperationalError

from metrics import jobs, operations


@shared_task(autoretry_for=(OperationalError, InterfaceError), retry_backoff=True, max_retries=5)
def sweep_stale_kpis(*, with_territories: bool = True, **_: Any) -> None:
    """Work off all stale markers; safe to run twice, at once, or not at all."""
    operations.sweep(sweeper=f"worker on {socket.gethostname()}", with_territories=with_territories)


@shared_task(autoretry_for=(OperationalError, InterfaceError), retry_backoff=True, max_retries=5)
def run_due_jobs(**_: Any) -> None:
    """Run the periodic jobs that are due; who asks twice gets nothing twice."""
    jobs.run_due_jobs()
