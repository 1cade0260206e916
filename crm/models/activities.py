from __future__ import annotations

from datetime import date
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.enums import ActivityStatus
from crm.models.accounts import Account, Contact, OwnedByAccountQuerySet
from kam.core.clock import company_today
from kam.core.fields import QuantityField
from kam.core.models import SourcedModel, TrackedCatalogQuerySet


class ActivityType(SourcedModel):
    """Call, visit, joint call, training, event, e-mail and whatever a business adds."""

    name = models.CharField(max_length=100, unique=True)
    counts_for_cadence = models.BooleanField(
        default=True, help_text=_("A contact: it restarts the call cadence.")
    )
    counts_as_commitment = models.BooleanField(default=False, help_text=_("Can be promised to a customer."))

    objects = TrackedCatalogQuerySet.as_manager()

    class Meta(SourcedModel.Meta):
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class ActivityQuerySet(OwnedByAccountQuerySet):
    def overdue(self, *, today: date) -> ActivityQuerySet:
        return self.filter(status=ActivityStatus.PLANNED, planned_for__lt=today)

    def upcoming(self, *, today: date) -> ActivityQuerySet:
        return self.filter(status=ActivityStatus.PLANNED, planned_for__gte=today)

    def done(self) -> ActivityQuerySet:
        return self.filter(status=ActivityStatus.DONE)


class Activity(SourcedModel):
    """Something done, or to be done, with an account."""

    type = models.ForeignKey(ActivityType, models.PROTECT, related_name="activities")
    account = models.ForeignKey(Account, models.CASCADE, related_name="activities")
    subject = models.CharField(max_length=200)
    status = models.CharField(max_length=20, choices=ActivityStatus.choices, default=ActivityStatus.PLANNED)
    planned_for = models.DateField(null=True, blank=True)
    done_on = models.DateField(null=True, blank=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="activities")
    contacts = models.ManyToManyField(Contact, blank=True, related_name="activities")
    participants = models.ManyToManyField(settings.AUTH_USER_MODEL, blank=True, related_name="+")
    quantity = QuantityField(default=1, help_text=_("How many it counts as, such as nurses trained."))
    notes = models.TextField(blank=True, max_length=20_000)
    next_step = models.CharField(max_length=500, blank=True)

    objects = ActivityQuerySet.as_manager()

    class Meta(SourcedModel.Meta):
        ordering = ("-planned_for", "-done_on", "id")
        verbose_name_plural = _("activities")
        indexes = (
            models.Index(fields=("account", "status", "done_on"), name="activity_account_done"),
            models.Index(fields=("owner", "status", "planned_for"), name="activity_owner_planned"),
        )
        constraints = (
            *SourcedModel.Meta.constraints,
            models.CheckConstraint(
                condition=~models.Q(status=ActivityStatus.DONE) | models.Q(done_on__isnull=False),
                name="activity_done_has_date",
                violation_error_message=_("A done activity needs the day it was done."),
            ),
        )

    def __str__(self) -> str:
        return self.subject

    @property
    def change_container_id(self) -> Any:
        return self.account_id

    @property
    def days_late(self) -> int:
        """Days since a planned activity should have happened; 0 while it is not late."""
        if self.status != ActivityStatus.PLANNED or self.planned_for is None:
            return 0
        return max((company_today() - self.planned_for).days, 0)

    def clean(self) -> None:
        super().clean()
        if self.status == ActivityStatus.DONE and not self.done_on:
            raise ValidationError({"done_on": _("Say on which day it was done.")})
        if self.status == ActivityStatus.PLANNED and not self.planned_for:
            raise ValidationError({"planned_for": _("Say for which day it is planned.")})
