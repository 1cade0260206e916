"""Work on many records that somebody asked for once: done in the background, record by record.

What there is to do stands in `JobItem`, so nothing is lost with a worker or a broker. Who reads a job
finds the items of records that they may see, and those alone are counted.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from kam.core.addresses import record_url
from kam.core.gate import ScopedQuerySet
from kam.core.models import BaseModel, TrackedScopedQuerySet
from kam.jobs.kinds import ItemState, JobKind, all_kinds, kind_named
from kam.users.models import Role, User


class JobState(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")


def of_seen_targets(user: User) -> Q:
    """Items whose target this user may see now."""
    seen = Q(pk__in=[])
    for kind in all_kinds():
        seen |= Q(job__kind=kind.name, target_id__in=kind.targets(user).order_by().values("pk"))
    return seen


class JobQuerySet(TrackedScopedQuerySet):
    def filter_visible(self, user: User) -> JobQuerySet:
        """One's own. Administrators see those of others about something that they see."""
        mine = Q(owner=user)
        if user.role != Role.ADMIN:
            return self.filter(mine)
        items = JobItem.objects.unscoped("narrows the jobs of others").filter(job=OuterRef("pk"))
        return self.filter(mine | Exists(items.filter(of_seen_targets(user))))

    def filter_editable(self, user: User) -> JobQuerySet:
        return self.filter(owner=user)

    def unfinished(self) -> JobQuerySet:
        return self.filter(finished_at__isnull=True)


class Job(BaseModel):
    """`parameters` belong to the kind. When it ran is bookkeeping; what it changed is in the log by itself."""

    untracked_fields = frozenset({"started_at", "finished_at"})

    kind = models.CharField(max_length=50)
    title = models.CharField(max_length=200)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="jobs")
    parameters = models.JSONField(default=dict, blank=True)
    started_at = models.DateTimeField(null=True, editable=False)
    finished_at = models.DateTimeField(null=True, editable=False)

    objects = JobQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "id")
        indexes = (
            models.Index(fields=("owner", "-created_at"), name="job_of_owner"),  # the owner's list
            models.Index(
                fields=("created_at",), name="job_unfinished", condition=Q(finished_at__isnull=True)
            ),  # what the sweep asks every few seconds
        )

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return record_url("jobs:job_detail", self.pk)

    @property
    def change_container_id(self) -> Any:
        """Its own: who may read of it in the log is who sees the job."""
        return self.pk

    @property
    def kind_of_work(self) -> JobKind:
        return kind_named(self.kind)

    @property
    def state(self) -> JobState:
        if self.finished_at is not None:
            return JobState.DONE
        return JobState.WAITING if self.started_at is None else JobState.RUNNING


class JobItemQuerySet(ScopedQuerySet):
    def filter_visible(self, user: User) -> JobItemQuerySet:
        """Of one's own jobs (administrators: of all), those whose target the user may see now."""
        rows = self if user.role == Role.ADMIN else self.filter(job__owner=user)
        return rows.filter(of_seen_targets(user))

    def waiting(self) -> JobItemQuerySet:
        return self.filter(state=ItemState.WAITING)


class JobItem(models.Model):
    """One target of a job. Not logged: what was done to the target is."""

    job = models.ForeignKey(Job, models.CASCADE, related_name="items")
    # No foreign key: what it names depends on the kind. Of what was deleted since, nobody sees the item.
    target_id = models.UUIDField()
    state = models.CharField(max_length=10, choices=ItemState.choices, default=ItemState.WAITING)
    note = models.CharField(max_length=1_000, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    done_at = models.DateTimeField(null=True)

    target: Any  # the row, where a page has looked it up

    objects = JobItemQuerySet.as_manager()

    class Meta:
        ordering = ("id",)
        constraints = (models.UniqueConstraint(fields=("job", "target_id"), name="job_item_once"),)
        indexes = (
            models.Index(
                fields=("id",), name="job_item_waiting", condition=Q(state="waiting")
            ),  # the next one
        )

    def __str__(self) -> str:
        return str(self.target_id)
