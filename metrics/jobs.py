"""Periodic jobs: what runs how often, and that each runs once a period, whoever starts it.

Beat, the sweep loop and people may all ask for the same job at the same moment. A job's period is
claimed in `JobRun` by a unique row, so one of them does it. A job that failed is tried again within
its period, after a pause. All jobs may also safely run twice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import structlog
from django.db import IntegrityError, InterfaceError, OperationalError, connection, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from collaboration.operations import make_reminders, send_digests
from kam.core.clock import company_today
from kam.core.models import IdempotencyKey
from kam.jobs.operations import purge_jobs
from metrics import history
from metrics.models import JobRun
from plans.operations import make_due_reviews

logger = structlog.get_logger(__name__)

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FIRST_PAUSE = timedelta(minutes=1)
GIVEN_UP = timedelta(minutes=15)  # above the hard limit of a task: who has not finished by then is dead
KEEP_RUNS = timedelta(days=90)
KEEP_KEYS = timedelta(hours=24)


class UnknownJobError(Exception):
    """There is no job of this name."""


@dataclass(frozen=True)
class Job:
    """`run` does the work and returns, in a few words, what it did."""

    name: str
    label: str | Promise
    every: timedelta
    run: Callable[[], str]

    def period(self, now: datetime) -> datetime:
        """When the period that `now` lies in began; days begin at the company's midnight."""
        if self.every == DAY:
            return midnight(company_today(now))
        seconds = self.every.total_seconds()
        return datetime.fromtimestamp(now.timestamp() // seconds * seconds, tz=UTC)

    def next_period(self, now: datetime) -> datetime:
        if self.every == DAY:
            return midnight(company_today(now) + DAY)
        return self.period(now) + self.every


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=timezone.get_default_timezone()).astimezone(UTC)


# --- The jobs ---------------------------------------------------------------------------------
def snapshot_kpis() -> str:
    result = history.take_snapshots(sweeper="job kpi-snapshots")
    done = _("%(plans)s plans written for %(day)s.") % {
        "plans": result.written,
        "day": result.day.isoformat(),
    }
    if not result.left_out:
        return done
    return done + " " + _("%(plans)s left out: still being counted.") % {"plans": result.left_out}


def purge_idempotency_keys() -> str:
    """They count for 24 hours; older ones are dead weight."""
    count, _by_model = IdempotencyKey.objects.filter(started_at__lt=timezone.now() - KEEP_KEYS).delete()
    return _("%(count)s keys removed.") % {"count": count}


def purge_job_runs() -> str:
    count, _by_model = JobRun.objects.filter(started_at__lt=timezone.now() - KEEP_RUNS).delete()
    return _("%(count)s runs removed.") % {"count": count}


def make_reviews() -> str:
    return _("%(count)s reviews made.") % {"count": make_due_reviews()}


def remind() -> str:
    return _("%(count)s reminders made.") % {"count": make_reminders()}


def mail_digests() -> str:
    return _("%(count)s mails sent.") % {"count": send_digests()}


def purge_old_jobs() -> str:
    return _("%(count)s jobs removed.") % {"count": purge_jobs()}


JOBS = (
    # Every hour, so that the day's rows say how the day ended.
    Job("kpi-snapshots", gettext_lazy("Keep the numbers of the day"), HOUR, snapshot_kpis),
    # Made when a plan is activated; this finds plans that were changed past the application.
    Job("reviews", gettext_lazy("Make the reviews of plans"), HOUR, make_reviews),
    # Days count, but what is due may be planned at any hour.
    Job("reminders", gettext_lazy("Remind of what is due"), HOUR, remind),
    Job("digests", gettext_lazy("Send the daily mails"), HOUR, mail_digests),
    Job("purge-idempotency-keys", gettext_lazy("Forget old retry keys"), HOUR, purge_idempotency_keys),
    Job("purge-jobs", gettext_lazy("Forget old jobs of people"), DAY, purge_old_jobs),
    Job("purge-job-runs", gettext_lazy("Forget old runs of jobs"), DAY, purge_job_runs),
)


def job_named(name: str) -> Job:
    for job in JOBS:
        if job.name == name:
            return job
    raise UnknownJobError(name)


# --- Running them -----------------------------------------------------------------------------
def run_due_jobs() -> list[JobRun]:
    """Run what is due in its period and nobody has done; one that fails holds up no other."""
    return [run for job in JOBS if (run := run_job(job)) is not None]


def run_job(job: Job, *, is_forced: bool = False) -> JobRun | None:
    """Run a job unless its period is done or under way (`is_forced`: unless it is under way).

    Raises `OperationalError` or `InterfaceError` if the database went away; the period is tried again then.
    """
    run = _claim(job, at=timezone.now(), is_forced=is_forced)
    if run is None:
        return None
    result, message = "", ""
    try:
        result = job.run()
    except Exception as error:  # whatever it is, it belongs on the jobs page, and the other jobs go on
        if isinstance(error, OperationalError | InterfaceError) and not connection.is_usable():
            raise
        message = f"{type(error).__name__}: {error}".strip()
        logger.exception("job_failed", job=job.name, attempts=run.attempts)
    run.finished_at, run.result, run.error = timezone.now(), result[:500], message[:5_000]
    # Whoever has taken the run over in the meantime, as ours seemed dead, writes their own result.
    JobRun.objects.filter(pk=run.pk, attempts=run.attempts).update(
        finished_at=run.finished_at, result=run.result, error=run.error
    )
    return run


def _claim(job: Job, *, at: datetime, is_forced: bool) -> JobRun | None:
    period = job.period(at)
    run = JobRun.objects.filter(name=job.name, period=period).first()
    if run is None:
        try:
            with transaction.atomic():
                run = JobRun.objects.create(name=job.name, period=period, started_at=at)
        except IntegrityError:  # somebody else was faster
            return None
        _note_broken_off(run)
        return run
    if not may_run(run, at=at, is_forced=is_forced):
        return None
    # Of two who see the same attempt, one gets the row.
    claimed = JobRun.objects.filter(pk=run.pk, attempts=run.attempts, finished_at=run.finished_at)
    if not claimed.update(attempts=F("attempts") + 1, started_at=at, finished_at=None, result="", error=""):
        return None
    run.refresh_from_db()
    return run


def _note_broken_off(run: JobRun) -> None:
    """Earlier periods whose process was killed are over now: they do not go on for ever."""
    dead = JobRun.objects.filter(
        name=run.name, finished_at=None, period__lt=run.period, started_at__lt=run.started_at - GIVEN_UP
    )
    dead.update(finished_at=run.started_at, error=_("Broken off: its process ended before it was done."))


def may_run(run: JobRun, *, at: datetime, is_forced: bool = False) -> bool:
    """Whether a claimed period may be run (again)."""
    if run.finished_at is None:
        return at - run.started_at > GIVEN_UP
    return is_forced or (bool(run.error) and at >= retry_at(run))


def retry_at(run: JobRun) -> datetime:
    """When a failed run is tried again: after a minute, then two, four …"""
    finished_at = run.finished_at or run.started_at
    return finished_at + FIRST_PAUSE * 2 ** min(run.attempts - 1, 10)


def next_run(job: Job, last: JobRun | None, *, now: datetime) -> datetime:
    """When it will run next; now, if it is due."""
    if last is None or last.period < job.period(now):
        return now
    if last.finished_at is not None and last.error:
        return min(max(retry_at(last), now), job.next_period(now))
    return job.next_period(now)


# --- How they are ----------------------------------------------------------------------------
STATUSES = ("waiting", "running", "done", "failed")


@dataclass(frozen=True)
class JobState:
    """A job with its last run, as pages and API show it."""

    job: Job
    last: JobRun | None
    next_run: datetime

    @property
    def status(self) -> str:
        if self.last is None:
            return "waiting"
        if self.last.finished_at is None:
            return "running"
        return "failed" if self.last.error else "done"


def states() -> list[JobState]:
    """Every job with its last run."""
    now = timezone.now()
    last = {run.name: run for run in JobRun.objects.latest_of_each()}
    return [JobState(job, last.get(job.name), next_run(job, last.get(job.name), now=now)) for job in JOBS]
