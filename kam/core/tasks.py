from __future__ import annotations

from datetime import timedelta
from typing import Any

from celery import shared_task
from django.utils import timezone

from kam.core.models import IdempotencyKey


@shared_task
def purge_expired_idempotency_keys(**_: Any) -> None:
    """Idempotency keys count for 24 hours; older ones are dead weight."""
    IdempotencyKey.objects.filter(started_at__lt=timezone.now() - timedelta(hours=24)).delete()
