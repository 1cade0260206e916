from __future__ import annotations

import signal
import socket
import threading
from typing import Any

import structlog
from django.core.management.base import BaseCommand, CommandParser
from django.db import InterfaceError, OperationalError, connection

from kam.jobs.operations import work_off_jobs
from metrics import jobs, operations

logger = structlog.get_logger(__name__)

LONGEST_WORK = 5.0  # seconds for the jobs that people asked for: then the numbers are looked after again
LONGEST_PAUSE = 30.0  # seconds between two tries to reach a database that is away


class Command(BaseCommand):
    help = (
        "Recompute whatever is stale, work off the jobs that people asked for and run the periodic jobs "
        "that are due. "
        "Needs no broker; may run anywhere, also twice at once."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--loop",
            type=float,
            metavar="SECONDS",
            help="go on, with so many seconds in between, until stopped",
        )

    def handle(self, *args: Any, loop: float | None, **options: Any) -> None:
        self.stopped = threading.Event()
        self.sweeper = f"sweep on {socket.gethostname()}"
        if loop is None:
            self._sweep()
            return
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.stopped.set())  # the sweep under way is finished
        self._loop(max(loop, 0.1))

    def _loop(self, seconds: float) -> None:
        pause = seconds
        while not self.stopped.is_set():
            try:
                self._sweep()
                pause = seconds
            except (OperationalError, InterfaceError) as error:
                connection.close()
                pause = min(max(pause, 1.0) * 2, LONGEST_PAUSE)
                logger.warning("database_unavailable", error=str(error).strip(), retry_in=pause)
            self.stopped.wait(pause)

    def _sweep(self) -> None:
        result = operations.sweep(sweeper=self.sweeper)
        if result:
            logger.info("swept", markers=result.markers, plans=result.plans, failed=result.failed)
        if done := work_off_jobs(seconds=LONGEST_WORK):
            logger.info("worked_off", items=done)
        for run in jobs.run_due_jobs():
            logger.info("job_run", job=run.name, result=run.result, error=run.error)
