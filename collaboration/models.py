"""What a colleague is told, how they want to be reminded, and the mails that went out."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from collaboration.enums import MailChoice, NotificationKind
from collaboration.policies import EARLIEST, RAREST, USUAL, Rhythm, cleaned_days
from kam.core.addresses import record_url
from kam.core.clock import company_today
from kam.core.gate import ScopedQuerySet
from kam.core.models import BaseModel, TrackedScopedQuerySet
from kam.users.models import Role, User
from plans.enums import Meaning, ObjectiveStatus, PlanStatus, ReviewStatus, TaskStatus
from plans.models import AssessmentTask, Objective, Plan, PlanReview
from plans.models.plans import OVER

OPEN_TASKS: list[str] = [status for status in TaskStatus if status.meaning == Meaning.OPEN]
OPEN_OBJECTIVES: list[str] = [ObjectiveStatus.NOT_STARTED, ObjectiveStatus.IN_PROGRESS]


# --- How somebody wants to be told ----------------------------------------------------------
def usual_days() -> list[int]:
    return cleaned_days(USUAL.days_before)


def check_days(days: Any) -> None:
    if not isinstance(days, list) or not all(type(day) is int and 0 <= day <= EARLIEST for day in days):
        raise ValidationError(_("Enter whole numbers of days from 0 to %(most)s."), params={"most": EARLIEST})


class ReminderSettingsQuerySet(TrackedScopedQuerySet):
    def filter_visible(self, user: User) -> ReminderSettingsQuerySet:
        """One's own and the company's."""
        return self.filter(Q(user=user) | Q(user__isnull=True))

    def filter_editable(self, user: User) -> ReminderSettingsQuerySet:
        """One's own; the company's are for administrators."""
        mine = Q(user=user)
        return self.filter(mine | Q(user__isnull=True) if user.role == Role.ADMIN else mine)


class ReminderSettings(BaseModel):
    """Of a user, or (without one) the company's, which hold for everybody who has none of their own."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="reminder_settings",
        help_text=_("Empty: for everybody who has no settings of their own."),
    )
    days_before = models.JSONField(
        _("days before it is due"),
        default=usual_days,
        blank=True,
        validators=[check_days],
        help_text=_("A list such as [7, 1, 0]; 0 is the day itself."),
    )
    overdue_every = models.PositiveSmallIntegerField(
        _("while overdue, every so many days"),
        null=True,
        blank=True,
        default=USUAL.overdue_every,
        help_text=_("Empty: not at all."),
    )
    mail = models.CharField(_("e-mail"), max_length=10, choices=MailChoice.choices, default=MailChoice.NONE)

    objects = ReminderSettingsQuerySet.as_manager()
    log_related = ("user",)

    class Meta:
        verbose_name = _("reminder settings")
        verbose_name_plural = _("reminder settings")
        constraints = (
            models.UniqueConstraint(
                models.Value(1),
                name="reminder_settings_one_company",
                condition=Q(user__isnull=True),
                violation_error_message=_("The company has its settings already."),
            ),
            models.CheckConstraint(
                condition=Q(overdue_every__isnull=True) | Q(overdue_every__range=(1, RAREST)),
                name="reminder_settings_overdue_every",
                violation_error_message=_("From 1 to 60 days."),
            ),
        )

    def __str__(self) -> str:
        return str(self.user) if self.user_id else str(_("Everybody"))

    def clean(self) -> None:
        super().clean()
        check_days(self.days_before)
        self.days_before = cleaned_days(self.days_before)

    @property
    def change_container_id(self) -> Any:
        """Its own: how somebody wants to be reminded is nobody else's business."""
        return self.pk

    @property
    def rhythm(self) -> Rhythm:
        return Rhythm(frozenset(self.days_before), self.overdue_every)


class RemindedThrough(models.Model):
    """One row: the last day of which all reminders were made. After downtime, they go on from there."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    day = models.DateField()

    class Meta:
        constraints = (models.CheckConstraint(condition=Q(id=1), name="reminded_through_one"),)

    def __str__(self) -> str:
        return self.day.isoformat()


# --- Mails ----------------------------------------------------------------------------------
class DigestQuerySet(ScopedQuerySet):
    def filter_visible(self, user: User) -> DigestQuerySet:
        return self.all() if user.role == Role.ADMIN else self.filter(user=user)


class Digest(models.Model):
    """The mail of a day to a colleague. It is noted before it goes out and never sent again: without
    `sent_at` nobody knows whether it arrived."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="digests")
    day = models.DateField()
    begun_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=500, blank=True)

    objects = DigestQuerySet.as_manager()

    class Meta:
        ordering = ("-day", "-begun_at")
        constraints = (models.UniqueConstraint(fields=("user", "day"), name="digest_once_a_day"),)

    def __str__(self) -> str:
        return f"{self.user}, {self.day.isoformat()}"


# --- Notifications --------------------------------------------------------------------------
class NotificationQuerySet(ScopedQuerySet):
    def filter_visible(self, user: User) -> NotificationQuerySet:
        """One's own, of plans that one sees now."""
        plans = Plan.objects.visible_to(user).order_by().values("pk")
        return self.filter(recipient=user, plan__in=plans)

    def filter_editable(self, user: User) -> NotificationQuerySet:
        return self

    def standing(self) -> Self:
        """What it tells of is still to be done, by the same day."""
        return self.filter(
            Q(task__status__in=OPEN_TASKS, task__due_date=F("due_date"))
            | Q(objective__status__in=OPEN_OBJECTIVES, objective__target_date=F("due_date"))
            | Q(
                review__status=ReviewStatus.PLANNED,
                review__due_date=F("due_date"),
                plan__status=PlanStatus.ACTIVE,
            )
        ).exclude(plan__status__in=OVER)

    def unread(self, *, today: date) -> Self:
        awake = Q(snoozed_until__isnull=True) | Q(snoozed_until__lte=today)
        return self.filter(awake, read_at__isnull=True).standing()

    def with_subjects(self) -> Self:
        return self.select_related("plan", "task__item", "objective", "review")


def one_subject() -> Q:
    """What its kind says, and nothing else."""
    fields = [kind.field for kind in NotificationKind]
    condition = Q()
    for kind in NotificationKind:
        named = {f"{field}__isnull": field != kind.field for field in fields}
        condition |= Q(kind=kind, **named)
    return condition


class Notification(models.Model):
    """A reminder to one colleague. A message, not content of the plan: it leaves no trace in its history."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)
    recipient = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="notifications")
    kind = models.CharField(max_length=20, choices=NotificationKind.choices)
    plan = models.ForeignKey(Plan, models.CASCADE, related_name="notifications")
    task = models.ForeignKey(AssessmentTask, models.CASCADE, null=True, related_name="notifications")
    objective = models.ForeignKey(Objective, models.CASCADE, null=True, related_name="notifications")
    review = models.ForeignKey(PlanReview, models.CASCADE, null=True, related_name="notifications")
    due_date = models.DateField(help_text=_("As it was when the reminder was made."))
    occasion = models.DateField(help_text=_("The day it was to be made on."))
    read_at = models.DateTimeField(null=True)
    snoozed_until = models.DateField(null=True)
    digest = models.ForeignKey(Digest, models.SET_NULL, null=True, related_name="notifications")

    objects = NotificationQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "id")
        indexes = (
            models.Index(fields=("recipient", "-created_at"), name="notification_of_user"),  # the page
            models.Index(
                fields=("recipient",), name="notification_unread", condition=Q(read_at__isnull=True)
            ),  # the bell
        )
        constraints = (
            models.UniqueConstraint(
                fields=("recipient", "task", "due_date", "occasion"), name="reminder_of_task_once"
            ),
            models.UniqueConstraint(
                fields=("recipient", "objective", "due_date", "occasion"),
                name="reminder_of_objective_once",
            ),
            models.UniqueConstraint(
                fields=("recipient", "review", "due_date", "occasion"), name="reminder_of_review_once"
            ),
            models.CheckConstraint(condition=one_subject(), name="notification_subject"),
        )

    def __str__(self) -> str:
        return str(self.subject)

    @property
    def subject(self) -> AssessmentTask | Objective | PlanReview:
        return self.task or self.objective or self.review  # type: ignore[return-value]

    @property
    def is_standing(self) -> bool:
        if self.plan.status in OVER:
            return False
        if self.task is not None:
            return self.task.status in OPEN_TASKS and self.task.due_date == self.due_date
        if self.review is not None:
            is_worked_on = self.plan.status == PlanStatus.ACTIVE
            return is_worked_on and self.review.is_planned and self.review.due_date == self.due_date
        return self.objective.status in OPEN_OBJECTIVES and self.objective.target_date == self.due_date

    @property
    def is_read(self) -> bool:
        return self.read_at is not None

    @property
    def is_snoozed(self) -> bool:
        return self.snoozed_until is not None and self.snoozed_until > company_today()

    @property
    def is_overdue(self) -> bool:
        return self.is_standing and self.due_date < company_today()

    @property
    def when(self) -> str:
        """How far away the day is, in words."""
        days = (self.due_date - company_today()).days
        if days == 0:
            return _now("due today")
        if days > 0:
            text = ngettext("due tomorrow", "due in %(count)s days", days)
        else:
            text = ngettext("due yesterday", "due %(count)s days ago", -days)
        return text % {"count": abs(days)}

    def get_absolute_url(self) -> str:
        """Its place in the work of the plan; a review has a page of its own."""
        if self.review_id is not None:
            return record_url("plans:planreview_detail", self.review_id)
        page = record_url("plans:work_tree", self.plan_id)
        if self.task is None:
            return f"{page}#objective-{self.objective_id}"
        return f"{page}?open={self.task.item.action_plan_id}#task-{self.task_id}"
