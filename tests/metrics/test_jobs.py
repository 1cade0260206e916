"""Periodic jobs: each once a period, whoever asks; failures are told and tried again."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import override_settings
from django.utils import timezone

from kam.core.models import IdempotencyKey
from kam.users.models import User
from metrics import jobs, tasks
from metrics.jobs import DAY, HOUR, Job
from metrics.models import JobRun, PlanKPISnapshot
from tests import factories
from tests.fixtures import ApiFor

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 6, 15, 12, 20, tzinfo=UTC)


@pytest.fixture
def clock() -> Iterator[time_machine.Coordinates]:
    with time_machine.travel(NOON, tick=False) as coordinates:
        yield coordinates


class Work:
    """A job that counts its runs and fails as often as it is told."""

    def __init__(self, failures: int = 0) -> None:
        self.runs, self.failures = 0, failures

    def __call__(self) -> str:
        self.runs += 1
        if self.runs <= self.failures:
            raise RuntimeError(f"failure {self.runs}")
        return f"run {self.runs}"


def test_a_job_runs_once_a_period(clock: time_machine.Coordinates) -> None:
    work = Work()
    job = Job("hourly", "Hourly", HOUR, work)

    first, second = jobs.run_job(job), jobs.run_job(job)
    clock.shift(timedelta(minutes=40))
    third = jobs.run_job(job)

    assert (first.result, second, third.result) == ("run 1", None, "run 2")
    assert list(JobRun.objects.order_by("period").values_list("period", "attempts")) == [
        (NOON.replace(minute=0), 1),
        (NOON.replace(hour=13, minute=0), 1),
    ]


def test_a_forced_run_repeats_what_is_done(clock: time_machine.Coordinates) -> None:
    job = Job("hourly", "Hourly", HOUR, Work())
    jobs.run_job(job)

    run = jobs.run_job(job, is_forced=True)

    assert (run.result, run.attempts) == ("run 2", 2)
    assert JobRun.objects.get().result == "run 2"


def test_a_failed_job_is_told_and_tried_again_after_a_pause(clock: time_machine.Coordinates) -> None:
    work = Work(failures=2)
    job = Job("hourly", "Hourly", HOUR, work)
    told = []
    for _minute in range(6):
        jobs.run_job(job)
        run = JobRun.objects.get()
        told.append((work.runs, run.error, run.result))
        clock.shift(timedelta(minutes=1))

    assert told == [
        (1, "RuntimeError: failure 1", ""),
        (2, "RuntimeError: failure 2", ""),
        (2, "RuntimeError: failure 2", ""),
        (3, "", "run 3"),
        (3, "", "run 3"),
        (3, "", "run 3"),
    ]


def test_a_dead_run_is_taken_over_and_its_late_result_is_dropped(clock: time_machine.Coordinates) -> None:
    def slow() -> str:
        clock.shift(timedelta(minutes=16))
        taken_over.append(jobs.run_job(Job("hourly", "Hourly", HOUR, lambda: "second")))
        return "first, too late"

    taken_over: list[Any] = []
    jobs.run_job(Job("hourly", "Hourly", HOUR, slow))

    assert taken_over[0].result == "second"
    assert (JobRun.objects.get().result, JobRun.objects.get().attempts) == ("second", 2)


def test_a_dead_run_of_a_past_period_does_not_go_on_for_ever(clock: time_machine.Coordinates) -> None:
    job = Job("hourly", "Hourly", HOUR, Work())
    long_ago, just_now = NOON - 2 * HOUR, NOON - timedelta(minutes=25)
    for name, started in (("hourly", long_ago), ("other", long_ago), ("hourly", just_now)):
        period = started.replace(minute=0) if started == long_ago else NOON.replace(minute=0) - HOUR
        JobRun.objects.create(name=name, period=period, started_at=started)
    late = JobRun.objects.create(
        name="hourly", period=NOON - 5 * HOUR, started_at=NOON - timedelta(minutes=5)
    )

    jobs.run_job(job)

    broken_off = JobRun.objects.filter(error__startswith="Broken off")
    assert list(broken_off.values_list("name", "started_at").order_by("started_at")) == [
        ("hourly", long_ago),
        ("hourly", just_now),
    ]
    late.refresh_from_db()
    assert late.finished_at is None, "that one may still be at it"


def test_nobody_takes_over_what_is_under_way(clock: time_machine.Coordinates) -> None:
    def slow() -> str:
        clock.shift(timedelta(minutes=14))
        assert jobs.run_job(Job("hourly", "Hourly", HOUR, Work()), is_forced=True) is None
        return "alone"

    assert jobs.run_job(Job("hourly", "Hourly", HOUR, slow)).result == "alone"


def test_days_begin_at_the_company_s_midnight() -> None:
    job = Job("daily", "Daily", DAY, Work())
    with override_settings(TIME_ZONE="America/New_York"):
        timezone.get_default_timezone.cache_clear()
        try:
            before = job.period(datetime(2026, 11, 1, 3, 59, tzinfo=UTC))
            after = job.period(datetime(2026, 11, 1, 4, 1, tzinfo=UTC))
            following = job.next_period(datetime(2026, 11, 1, 4, 1, tzinfo=UTC))
        finally:
            timezone.get_default_timezone.cache_clear()

    assert before == datetime(2026, 10, 31, 4, tzinfo=UTC)
    assert after == datetime(2026, 11, 1, 4, tzinfo=UTC)
    assert following == datetime(2026, 11, 2, 5, tzinfo=UTC), "the day on which clocks go back has 25 hours"


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_many_who_ask_at_once_one_runs_it() -> None:
    work, asked = Work(), threading.Barrier(6)
    job = Job("hourly", "Hourly", HOUR, work)

    def ask() -> None:
        asked.wait()
        jobs.run_job(job)
        connection.close()

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (work.runs, JobRun.objects.count()) == (1, 1)


# --- The real ones ------------------------------------------------------------------------------
def test_the_sweep_runs_what_is_due_without_a_broker(clock: time_machine.Coordinates) -> None:
    factories.create_plan()
    user = factories.create_user()
    old, young = (
        IdempotencyKey.objects.create(user=user, key=name, fingerprint="x", started_at=NOON - age)
        for name, age in (("old", timedelta(hours=25)), ("young", timedelta(hours=23)))
    )
    JobRun.objects.create(name="gone", period=NOON - 91 * DAY, started_at=NOON - 91 * DAY)

    call_command("sweep")

    assert PlanKPISnapshot.objects.unscoped("test").get().day == NOON.date()
    assert list(IdempotencyKey.objects.all()) == [young], old
    assert {run.name: run.error for run in JobRun.objects.all()} == dict.fromkeys(
        (job.name for job in jobs.JOBS), ""
    )


def test_beat_asks_for_what_is_due(clock: time_machine.Coordinates) -> None:
    names = [entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()]
    assert tasks.run_due_jobs.name in names

    tasks.run_due_jobs()
    tasks.run_due_jobs()

    assert [run.attempts for run in JobRun.objects.all()] == [1] * len(jobs.JOBS)


def test_run_jobs_runs_by_name_and_says_what_came_of_it(clock: time_machine.Coordinates) -> None:
    factories.create_plan()
    out = StringIO()

    call_command("run_jobs", "kpi-snapshots", stdout=out)
    call_command("run_jobs", "kpi-snapshots", stdout=out)
    call_command("run_jobs", "kpi-snapshots", "--force", stdout=out)

    assert out.getvalue().splitlines() == [
        "kpi-snapshots: 1 plans written for 2026-06-15.",
        "kpi-snapshots: nothing to do in this period.",
        "kpi-snapshots: 0 plans written for 2026-06-15.",
    ]
    with pytest.raises(CommandError, match="no job “tea”"):
        call_command("run_jobs", "tea")


def test_run_jobs_fails_if_a_job_does(monkeypatch: pytest.MonkeyPatch) -> None:
    failing, fine = Work(failures=1), Work()
    monkeypatch.setattr(jobs, "JOBS", (Job("bad", "Bad", HOUR, failing), Job("good", "Good", HOUR, fine)))

    with pytest.raises(SystemExit) as stop:
        call_command("run_jobs", stdout=StringIO())

    assert (stop.value.code, fine.runs) == (1, 1)


def test_periodic_jobs_in_the_api(
    api: ApiFor, admin: User, manager: User, clock: time_machine.Coordinates, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "JOBS", (Job("a", "A", HOUR, Work()), Job("b", "B", DAY, Work(failures=1))))
    before = api(admin).get("/api/v1/periodic-jobs/").json()["results"]
    jobs.run_due_jobs()

    body = api(admin).get("/api/v1/periodic-jobs/").json()

    assert [(job["status"], job["last_run"], job["next_run"]) for job in before] == [
        ("waiting", None, "2026-06-15T12:20:00Z"),
        ("waiting", None, "2026-06-15T12:20:00Z"),
    ]
    assert (body["count"], body["next"]) == (2, None)
    assert [(job["status"], job["next_run"]) for job in body["results"]] == [
        ("done", "2026-06-15T13:00:00Z"),
        ("failed", "2026-06-15T12:21:00Z"),
    ]
    assert body["results"][1]["last_run"]["error"] == "RuntimeError: failure 1"
    assert api(admin).get("/api/v1/periodic-jobs/a/").json() == body["results"][0]
    assert api(admin).get("/api/v1/periodic-jobs/c/").status_code == 404
    assert api(manager).get("/api/v1/periodic-jobs/").status_code == 403
