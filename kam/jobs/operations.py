"""Starting jobs and working them off.

An item is locked, worked on and noted in one transaction: a worker that is killed in the middle leaves
it as it was, and of two workers one gets it, the other takes the next. That somebody begins with it is
written down before: an item that kills its worker time and again is given up.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection, transaction
from django.db.models import Count, Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from kam.core.actor import acting
from kam.jobs.kinds import ItemState, Outcome
from kam.jobs.models import Job, JobItem
from kam.jobs.signals import job_waits
from kam.users.models import User

logger = structlog.get_logger(__name__)

WORKER = "whoever works jobs off does it for their owners"
OF_THE_JOB = "the parts of a job that was loaded through the gate"
KEPT = timedelta(days=90)
BATCH = 5_000
MOST_TRIES = 10  # more than workers that may begin with the same item at the same moment


@transaction.atomic
def start_job(
    *, kind: str, title: str, owner: User, targets: Iterable[UUID], parameters: Mapping[str, Any]
) -> Job:
    """Note down what is to be done; whoever works jobs off begins after the commit."""
    job = Job.objects.create(kind=kind, title=title[:200], owner=owner, parameters=dict(parameters))
    items = (JobItem(job=job, target_id=pk) for pk in dict.fromkeys(targets))
    JobItem.objects.bulk_create(items, batch_size=BATCH)
    job_waits.send(Job, job=job)
    return job


@transaction.atomic
def retry_failed(job: Job) -> int:
    """The items that failed wait again; says how many."""
    job = Job.objects.unscoped(OF_THE_JOB).select_for_update().get(pk=job.pk)
    items = JobItem.objects.unscoped(OF_THE_JOB).filter(job=job, state=ItemState.FAILED)
    count = items.update(state=ItemState.WAITING, note="", done_at=None, tries=0)
    if count:
        Job.objects.unscoped(OF_THE_JOB).filter(pk=job.pk).update(finished_at=None)
        job_waits.send(Job, job=job)
    return count


def work_off_jobs(*, seconds: float | None = None) -> int:
    """Work off items until none waits, or for about so many seconds; says how many it did.

    Raises `OperationalError` or `InterfaceError` if the database went away.
    """
    deadline = None if seconds is None else time.monotonic() + seconds
    finish_jobs()
    count = 0
    while (deadline is None or time.monotonic() < deadline) and (pk := begin_item()) is not None:
        count += work_off_item(pk)
    return count


@transaction.atomic
def begin_item() -> int | None:
    """The next item that nobody else is at, if there is one."""
    item = locked(JobItem.objects.unscoped(WORKER).waiting().order_by("pk")).first()
    if item is None:
        return None
    item.tries += 1
    item.save(update_fields=["tries"])
    return item.pk


def work_off_item(pk: int) -> bool:
    """Whether it was still to be done: somebody else may have begun with it as well."""
    with transaction.atomic():
        rows = JobItem.objects.unscoped(WORKER).waiting().filter(pk=pk)
        item = locked(rows.select_related("job__owner")).first()
        if item is None:
            return False
        outcome = outcome_of(item)
        item.state, item.note, item.done_at = outcome.state, outcome.note[:1_000], timezone.now()
        item.save(update_fields=["state", "note", "done_at"])
        started = Job.objects.unscoped(WORKER).filter(pk=item.job_id, started_at__isnull=True)
        started.update(started_at=timezone.now())
    finish_jobs(item.job_id)
    return True


def locked(rows: QuerySet) -> QuerySet:
    """Those that nobody holds, held until the end of the transaction."""
    if connection.features.has_select_for_update_skip_locked:
        return rows.select_for_update(of=("self",), skip_locked=True)
    return rows


def outcome_of(item: JobItem) -> Outcome:
    """Do the work of one item; what goes wrong with it is its own affair."""
    job = item.job
    if item.tries > MOST_TRIES:
        return Outcome(ItemState.FAILED, _("It was broken off time and again, and is not tried any more."))
    try:
        with transaction.atomic(), acting(job.owner, source="task", reason=job.title):
            return job.kind_of_work.run(job, item.target_id)
    except ValidationError as error:
        return Outcome(ItemState.FAILED, " ".join(error.messages))
    except Exception as error:  # it is told on the page of the job, and the other items go on
        if isinstance(error, DatabaseError) and not connection.is_usable():
            raise
        logger.exception("job_item_failed", job=str(job.pk), target=str(item.target_id))
        return Outcome(ItemState.FAILED, _("Something went wrong that nobody expected. Try it again."))


def finish_jobs(pk: UUID | None = None) -> None:
    """Jobs (or this one) of which nothing waits any more are done."""
    waiting = JobItem.objects.unscoped(WORKER).waiting().filter(job=OuterRef("pk"))
    jobs = Job.objects.unscoped(WORKER).unfinished().exclude(Exists(waiting))
    jobs = jobs if pk is None else jobs.filter(pk=pk)
    jobs.update(finished_at=timezone.now())


def purge_jobs() -> int:
    """Forget what was done long ago; says how many jobs."""
    old = Job.objects.unscoped(WORKER).filter(finished_at__lt=timezone.now() - KEPT)
    return old.delete()[1].get("jobs.Job", 0)


def counts_of(jobs: Iterable[Job], user: User) -> dict[UUID, dict[str, int]]:
    """By job, how many of its items that the user sees are in which state, and in all."""
    found = {job.pk: dict.fromkeys(("total", *ItemState.values), 0) for job in jobs}
    rows = JobItem.objects.visible_to(user).filter(job__in=list(found)).order_by()
    for pk, state, count in rows.values_list("job", "state").annotate(Count("pk")):
        found[pk][state] += count
        found[pk]["total"] += count
    return found


def look_up_targets(items: Sequence[JobItem], job: Job, user: User) -> None:
    """Set the `target` of items of this job that the user sees."""
    rows = job.kind_of_work.targets(user).in_bulk([item.target_id for item in items])
    for item in items:
        item.target = rows.get(item.target_id)
