"""Handing tasks to the broker, which may be away: nobody waits for it, and nothing depends on it."""

from __future__ import annotations

import time
from typing import Any

import structlog
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

logger = structlog.get_logger(__name__)

REST_AFTER_FAILURE = 10.0  # seconds without a try while the broker is away: no request waits for it again


class Nudge:
    """`nudge()` says “look now” to whichever worker is there, with these arguments. Losing it is harmless."""

    def __init__(self, task: Any, **arguments: Any) -> None:
        self.task = task
        self.options: dict[str, Any] = {"ignore_result": True, "expires": 60}
        if arguments:
            self.options["kwargs"] = arguments
        self.away_until = 0.0

    def __call__(self) -> None:
        if time.monotonic() < self.away_until:
            return
        try:
            self.task.apply_async(**self.options)
        except (OperationalError, RedisError, OSError) as error:
            self.away_until = time.monotonic() + REST_AFTER_FAILURE
            logger.warning("broker_unavailable", error=str(error))
