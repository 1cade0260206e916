"""Jobs are worked off item by item: wholly or not at all, by one worker, whatever is killed meanwhile."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import connection
from django.test import override_settings
from django.utils import timezone

from kam.core.models import Change
from kam.jobs import kinds, operations, receivers, tasks
from kam.jobs.kinds import ItemState, JobKind, Outcome
from kam.jobs.models import Job, JobItem
from kam.users.models import User
from plans.models import AccountPlan
from scripts.environment import ROOT
from tests import factories
from tests.processes import eventually

Work = Callable[[Job, UUID], Outcome]


@pytest.fixture
def plans(db: None) -> list[AccountPlan]:
    owner = factories.create_user("owner")
    plan_type = factories.create_plan_type()
    account = factories.create_account(owner=owner)
    return [factories.create_plan(account, f"Plan {n}", plan_type=plan_type) for n in range(4)]


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Callable[[Work], None]:
    """Make a kind “test” whose work is this."""

    def make(run: Work) -> None:
        targets = AccountPlan.objects.visible_to
        monkeypatch.setitem(kinds._kinds, "test", JobKind("test", "Test", "Plan", run, targets))

    return make


def start(plans: list[AccountPlan]) -> Job:
    return operations.start_job(
        kind="test", title="Test", owner=plans[0].owner, targets=[plan.pk for plan in plans], parameters={}
    )


def states(job: Job) -> list[str]:
    items = JobItem.objects.unscoped("test").filter(job=job).order_by("pk")
    return list(items.values_list("state", flat=True))


def renamed(job: Job, pk: UUID) -> Outcome:
    plan = AccountPlan.objects.unscoped("test").get(pk=pk)
    plan.vision += "seen "
    plan.save()
    if plan.name == "Plan 1":
        raise ValidationError("Not this one.")
    if plan.name == "Plan 2":
        raise RuntimeError("secret of the inside")
    return Outcome(ItemState.DONE, "renamed")


def test_each_item_is_done_wholly_or_not_at_all(plans: list[AccountPlan], work: Any) -> None:
    work(renamed)
    job = start(plans)
    assert job.state == "waiting"

    assert operations.work_off_jobs() == 4

    job.refresh_from_db()
    items = list(JobItem.objects.unscoped("test").order_by("pk").values_list("state", "note"))
    assert [state for state, _note in items] == ["done", "failed", "failed", "done"]
    assert items[0][1] == "renamed"
    assert items[1][1] == "Not this one."
    assert "secret" not in items[2][1]
    assert [plan.vision for plan in AccountPlan.objects.unscoped("test").order_by("name")] == [
        "seen ",
        "",
        "",
        "seen ",
    ]
    assert (job.state, operations.work_off_jobs()) == ("done", 0)
    changes = Change.objects.unscoped("test").filter(object_id=plans[0].pk, operation="update")
    assert {(change.actor, change.source, change.reason) for change in changes} == {
        (job.owner, "task", "Test")
    }


def test_what_failed_is_tried_again_and_nothing_else(plans: list[AccountPlan], work: Any) -> None:
    work(renamed)
    job = start(plans)
    operations.work_off_jobs()
    work(lambda job, pk: Outcome(ItemState.DONE))

    assert operations.retry_failed(job) == 2
    assert states(job) == ["done", "waiting", "waiting", "done"]
    assert operations.work_off_jobs() == 2

    assert states(job) == ["done"] * 4
    assert operations.retry_failed(job) == 0


def test_a_budget_of_time_ends_between_two_items(plans: list[AccountPlan], work: Any) -> None:
    work(lambda job, pk: Outcome(ItemState.DONE))
    start(plans)

    assert operations.work_off_jobs(seconds=0) == 0
    assert operations.work_off_jobs(seconds=60) == 4


def test_an_item_that_kills_its_worker_each_time_holds_up_nobody_for_ever(
    plans: list[AccountPlan], work: Any
) -> None:
    tries: list[UUID] = []

    def deadly(job: Job, pk: UUID) -> Outcome:
        tries.append(pk)
        if pk == plans[0].pk:
            raise KeyboardInterrupt  # as a worker that is out of memory: nothing is written down
        return Outcome(ItemState.DONE)

    work(deadly)
    job = start(plans)
    for _start in range(operations.MOST_TRIES + 1):
        with contextlib.suppress(KeyboardInterrupt):
            operations.work_off_jobs()

    assert states(job) == ["failed", "done", "done", "done"]
    assert tries.count(plans[0].pk) == operations.MOST_TRIES
    assert "broken off" in JobItem.objects.unscoped("test").get(target_id=plans[0].pk).note
    job.refresh_from_db()
    assert job.state == "done"
    assert operations.retry_failed(job) == 1
    work(renamed)
    assert operations.work_off_jobs() == 1, "who asks again gets as many tries again"


def test_an_empty_job_is_done(plans: list[AccountPlan], work: Any) -> None:
    job = operations.start_job(kind="test", title="", owner=plans[0].owner, targets=[], parameters={})

    operations.work_off_jobs()

    job.refresh_from_db()
    assert job.state == "done"


def test_the_sweep_works_jobs_off_without_a_broker(plans: list[AccountPlan], work: Any) -> None:
    work(lambda job, pk: Outcome(ItemState.DONE))
    job = start(plans)

    call_command("sweep")

    assert states(job) == ["done"] * 4


def test_old_jobs_are_forgotten(plans: list[AccountPlan], work: Any) -> None:
    work(lambda job, pk: Outcome(ItemState.DONE))
    old, young = start(plans), start(plans)
    operations.work_off_jobs()
    past = timezone.now() - operations.KEPT - timedelta(hours=1)
    Job.objects.unscoped("test").filter(pk=old.pk).update(finished_at=past)

    assert operations.purge_jobs() == 1
    assert list(Job.objects.unscoped("test")) == [young]


@pytest.mark.django_db(transaction=True)
def test_a_worker_is_nudged_after_the_commit(
    plans: list[AccountPlan], work: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[Any] = []
    monkeypatch.setattr(
        tasks.work_off_jobs,
        "apply_async",
        lambda **options: sent.append(states(Job.objects.unscoped("test").get())),
    )
    monkeypatch.setattr(receivers.nudge, "away_until", 0.0)
    with override_settings(REDIS_URL="redis://127.0.0.1:1/0"):
        start(plans)

    assert sent == [["waiting"] * 4]
    assert tasks.work_off_jobs.name in {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}


# --- Two at once --------------------------------------------------------------------------------
def work_off_twice(plans: list[AccountPlan], work: Any) -> list[UUID]:
    """Two workers meet at the same moment; each waits for the other in its first item, or half a second."""
    ran: list[UUID] = []
    met = threading.Barrier(2)

    def slow(job: Job, pk: UUID) -> Outcome:
        ran.append(pk)
        try:
            met.wait(timeout=0.5)
        except threading.BrokenBarrierError:
            met.reset()
        return Outcome(ItemState.DONE)

    def run() -> None:
        try:
            operations.work_off_jobs()
        finally:
            connection.close()

    work(slow)
    start(plans)
    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return ran


@pytest.mark.django_db(transaction=True)
def test_of_two_workers_one_gets_an_item(plans: list[AccountPlan], work: Any) -> None:
    ran = work_off_twice(plans, work)

    assert sorted(ran) == sorted(plan.pk for plan in plans)
    assert Job.objects.unscoped("test").get().state == "done"


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_without_the_lock_both_would_do_it(
    plans: list[AccountPlan], work: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operations, "locked", lambda rows: rows)

    assert len(work_off_twice(plans, work)) > len(plans)


# --- Killed in the middle -----------------------------------------------------------------------
KILLED = """
import sys, time
import django
django.setup()
from kam.jobs import operations
from plans.operations import goal_import_jobs

done = []
real = goal_import_jobs.import_goals

def import_goals(draft, **options):
    real(draft, **options)
    done.append(draft)
    if len(done) == 2:
        print("in the middle", flush=True)
        time.sleep(60)

goal_import_jobs.import_goals = import_goals
operations.work_off_jobs()
"""


def database_url() -> str:
    """Of the test database, for another process."""
    known = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{known['NAME']}"
    host = f"{known['HOST']}:{known['PORT']}" if known["PORT"] else known["HOST"]
    return f"postgres://{known['USER']}:{known['PASSWORD']}@{host}/{known['NAME']}"


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_is_killed_leaves_nothing_half_done(plans: list[AccountPlan]) -> None:
    owner: User = plans[0].owner
    goal = factories.create_goal(templates=[factories.create_published_template(items=2).template])
    job = factories.create_job(owner, plans, goals=[goal])
    environment = os.environ | {
        "DATABASE_URL": database_url(),
        "DJANGO_SETTINGS_MODULE": "kam.settings",
        "DEBUG": "on",
    }
    with subprocess.Popen(
        [sys.executable, "-c", KILLED], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().strip() == "in the middle"
        finally:
            process.kill()
    assert states(job)[0] == "done"

    def all_done() -> bool:
        operations.work_off_jobs()
        return states(job) == ["done"] * 4

    assert eventually(all_done, seconds=20), "the next worker goes on where it was"
    for plan in plans:
        assert plan.objectives.unscoped("test").count() == 1
        assert [
            row.items.unscoped("test").count()
            for row in plan.objectives.unscoped("test").get().action_plans.unscoped("test")
        ] == [2]
