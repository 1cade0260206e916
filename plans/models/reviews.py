"""Reviews of a plan: when they are due, and what came of those that were held.

The numbers as they stood are frozen by `metrics` when a review is held (`plans.signals.review_held`).
"""

from __future__ import annotations

from datetime import date
from typing import Any, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.formats import date_format
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from kam.core.addresses import record_url
from kam.core.clock import company_today
from kam.core.models import BaseModel
from kam.users.models import User
from plans.enums import PlanStatus, ReviewRating, ReviewStatus
from plans.models.plans import ByPlanQuerySet, Plan
from plans.models.work import AssessmentTask
from templates_app.enums import PlanSection

TEXT = 20_000


class PlanReviewQuerySet(ByPlanQuerySet):
    section = PlanSection.REVIEWS

    def to_hold(self) -> Self:
        """Still to come or overdue, of plans that are active and have reviews among their sections."""
        planned = self.filter(status=ReviewStatus.PLANNED, plan__status=PlanStatus.ACTIVE)
        return planned.in_shown_sections()

    def falling_to(self, user: User) -> Self:
        """Of plans that the user owns, and those that the user is to attend."""
        attended = PlanReview.attendees.through._base_manager.filter(user=user).values("planreview_id")
        return self.filter(Q(plan__owner=user) | Q(pk__in=attended))

    def overdue(self, *, today: date) -> Self:
        return self.to_hold().filter(due_date__lt=today)


class PlanReview(BaseModel):
    """A meeting about how the plan stands. Those of the review frequency are made by the plan's activation."""

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="reviews")
    due_date = models.DateField()
    is_scheduled = models.BooleanField(
        default=False, editable=False, help_text=_("Made from the plan's review frequency.")
    )
    status = models.CharField(
        max_length=10, choices=ReviewStatus.choices, default=ReviewStatus.PLANNED, editable=False
    )
    held_on = models.DateField(null=True, blank=True)
    attendees = models.ManyToManyField(
        settings.AUTH_USER_MODEL, blank=True, related_name="+", verbose_name=_("our people")
    )
    customer_attendees = models.TextField(
        _("the customer's people"), blank=True, max_length=2_000, help_text=_("One a line.")
    )
    agenda = models.TextField(blank=True, max_length=TEXT, help_text=_("One point a line."))
    minutes = models.TextField(blank=True, max_length=TEXT)
    decisions = models.TextField(
        blank=True, max_length=TEXT, help_text=_("One a line: each can become a task.")
    )
    rating = models.CharField(
        max_length=10,
        choices=ReviewRating.choices,
        blank=True,
        help_text=_("How those who met see the plan."),
    )
    tasks = models.ManyToManyField(
        AssessmentTask, blank=True, related_name="reviews", help_text=_("What was decided, as work.")
    )

    objects = PlanReviewQuerySet.as_manager()

    class Meta:
        ordering = ("due_date", "created_at", "id")
        verbose_name = _("review")
        verbose_name_plural = _("reviews")
        indexes = (
            # Home, reminders: what is to be held by a day.
            models.Index(
                fields=("due_date",), name="plan_review_to_hold", condition=Q(status=ReviewStatus.PLANNED)
            ),
        )
        constraints = (
            models.UniqueConstraint(
                fields=("plan", "due_date"), name="plan_review_once", condition=Q(is_scheduled=True)
            ),
            models.CheckConstraint(
                condition=Q(status=ReviewStatus.HELD, held_on__isnull=False)
                | (~Q(status=ReviewStatus.HELD) & Q(held_on__isnull=True)),
                name="plan_review_held_on",
                violation_error_message=_("A review that was held has a day, others have none."),
            ),
        )

    def __str__(self) -> str:
        return _now("Review of %(day)s") % {"day": date_format(self.held_on or self.due_date)}

    def get_absolute_url(self) -> str:
        return record_url("plans:planreview_detail", self.pk)

    @property
    def change_container_id(self) -> Any:
        return self.plan_id

    @property
    def is_planned(self) -> bool:
        return self.status == ReviewStatus.PLANNED

    @property
    def may_be_held(self) -> bool:
        """The last ones of a completed plan, too; none of a plan that was dropped or put away."""
        return self.is_planned and self.plan.status not in {PlanStatus.CANCELLED, PlanStatus.ARCHIVED}

    @property
    def is_held(self) -> bool:
        return self.status == ReviewStatus.HELD

    @property
    def is_removable(self) -> bool:
        """Of those that the plan brings one is skipped; what was held stays."""
        return not self.is_scheduled and not self.is_held

    @property
    def is_overdue(self) -> bool:
        return self.is_planned and self.plan.status == PlanStatus.ACTIVE and self.due_date < company_today()

    @property
    def decided(self) -> list[str]:
        """The decisions, one by one."""
        return [line.strip(" -•*\t") for line in self.decisions.splitlines() if line.strip(" -•*\t")]

    @property
    def customers(self) -> list[str]:
        return [line.strip() for line in self.customer_attendees.splitlines() if line.strip()]

    def clean(self) -> None:
        super().clean()
        changed = {field.name for field in self.changed_fields()}
        errors: dict[str, Any] = {}
        if not self._state.adding:
            if "due_date" in changed and self.is_scheduled:
                errors["due_date"] = _("This day follows from the plan's review frequency.")
            elif "due_date" in changed and self._loaded["status"] != ReviewStatus.PLANNED:
                errors["due_date"] = _("The review is settled.")
            if "held_on" in changed and self._loaded["status"] == ReviewStatus.HELD:
                errors["held_on"] = _("The numbers are those of that day: it cannot be changed.")
        elif self.plan_id and not self.plan.plan_type.shows(PlanSection.REVIEWS):
            errors["plan"] = _("Plans of this type leave reviews out.")
        if self.held_on and "held_on" in changed and self.held_on > company_today():
            errors["held_on"] = _("This day is still to come.")
        if errors:
            raise ValidationError(errors)
