from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from django.utils import timezone

from collaboration.enums import MailChoice, NotificationKind
from collaboration.models import Digest, Notification, ReminderSettings
from kam.core.clock import company_today
from kam.users.models import User
from plans.models import AssessmentTask, Objective


def create_reminder(
    subject: AssessmentTask | Objective,
    recipient: User | None = None,
    *,
    occasion: date | None = None,
    created_at: datetime | None = None,
    digest: Digest | None = None,
) -> Notification:
    """Of its due date, which it gets if it has none: in a week."""
    is_task = isinstance(subject, AssessmentTask)
    field = "due_date" if is_task else "target_date"
    if getattr(subject, field) is None:
        setattr(subject, field, company_today() + timedelta(days=7))
        subject.save()
    owner = subject.assignee if isinstance(subject, AssessmentTask) else subject.owner
    return Notification.objects.create(
        recipient=recipient or owner,
        kind=NotificationKind.TASK_DUE if is_task else NotificationKind.OBJECTIVE_DUE,
        plan_id=subject.change_container_id,
        due_date=getattr(subject, field),
        occasion=occasion or company_today(),
        created_at=created_at or timezone.now(),
        digest=digest,
        **{"task" if is_task else "objective": subject},
    )


def create_reminder_settings(
    user: User | None,
    *,
    days_before: Sequence[int] = (7, 1, 0),
    overdue_every: int | None = 7,
    mail: str = MailChoice.NONE,
) -> ReminderSettings:
    """Without a user: the company's."""
    return ReminderSettings.objects.create(
        user=user, days_before=list(days_before), overdue_every=overdue_every, mail=mail
    )
