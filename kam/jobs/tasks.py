"""Celery: “look now”. What to do stands in the tables."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from django.db import InterfaceError, OperationalError

from kam.jobs import operations

LONGEST = 300.0  # seconds: well below the time limit of a task; beat asks again for the rest


@shared_task(autoretry_for=(OperationalError, InterfaceError), retry_backoff=True, max_retries=5)
def work_off_jobs(**_: Any) -> None:
    """Work off what waits; safe to run twice, at once, or not at all."""
    operations.work_off_jobs(seconds=LONGEST)
