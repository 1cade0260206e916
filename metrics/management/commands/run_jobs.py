from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from metrics import jobs


class Command(BaseCommand):
    help = "Run the periodic jobs that are due, or the named ones. Without names: what is done stays done."

    def add_arguments(self, parser: CommandParser) -> None:
        names = ", ".join(job.name for job in jobs.JOBS)
        parser.add_argument("names", nargs="*", metavar="JOB", help=f"one of: {names}")
        parser.add_argument("--force", action="store_true", help="also what was done in this period")

    def handle(self, *args: Any, names: list[str], force: bool, **options: Any) -> None:
        try:
            wanted = [jobs.job_named(name) for name in names] or jobs.JOBS
        except jobs.UnknownJobError as error:
            raise CommandError(f"There is no job “{error}”.") from error
        failed = 0
        for job in wanted:
            run = jobs.run_job(job, is_forced=force)
            if run is None:
                self.stdout.write(f"{job.name}: nothing to do in this period.")
            else:
                self.stdout.write(f"{job.name}: {run.error or run.result}")
                failed += bool(run.error)
        if failed:
            raise SystemExit(1)
