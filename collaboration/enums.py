from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class NotificationKind(models.TextChoices):
    TASK_DUE = "task_due", _("Task due")
    OBJECTIVE_DUE = "objective_due", _("Objective due")
    REVIEW_DUE = "review_due", _("Review due")

    @property
    def field(self) -> str:
        """What of a notification names what it tells of."""
        return self.value.removesuffix("_due")


class MailChoice(models.TextChoices):
    NONE = "none", _("No e-mail")
    DAILY = "daily", _("One a day, with what is new")
