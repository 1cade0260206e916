from django.db import models
from django.utils.translation import gettext_lazy as _

from templates_app.enums import ColleagueRole, ItemKind, MeasureKind, Priority

__all__ = [
    "Access",
    "ActionPlanStatus",
    "ColleagueRole",
    "ExpenseStatus",
    "ItemKind",
    "Meaning",
    "MeasureKind",
    "ObjectiveStatus",
    "PlanStatus",
    "Priority",
    "ProgressMode",
    "TaskStatus",
]


class PlanStatus(models.TextChoices):
    DRAFT = "draft", _("Draft")
    IN_APPROVAL = "in_approval", _("In approval")
    APPROVED = "approved", _("Approved")
    ACTIVE = "active", _("Active")
    ON_HOLD = "on_hold", _("On hold")
    COMPLETED = "completed", _("Completed")
    ARCHIVED = "archived", _("Archived")
    CANCELLED = "cancelled", _("Cancelled")


class ObjectiveStatus(models.TextChoices):
    NOT_STARTED = "not_started", _("Not started")
    IN_PROGRESS = "in_progress", _("In progress")
    ACHIEVED = "achieved", _("Achieved")
    PARTIALLY_ACHIEVED = "partially_achieved", _("Partially achieved")
    NOT_ACHIEVED = "not_achieved", _("Not achieved")
    DEFERRED = "deferred", _("Deferred")
    CANCELLED = "cancelled", _("Cancelled")


class ProgressMode(models.TextChoices):
    """How an objective's progress is known."""

    TASKS = "tasks", _("From the work")
    MEASURE = "measure", _("From the measure")
    MANUAL = "manual", _("Entered by hand")


class Meaning(models.TextChoices):
    """What a status of work comes to. Rules look at this, never at the status or its label."""

    OPEN = "open", _("Open")
    DONE = "done", _("Done")
    DROPPED = "dropped", _("Dropped")


class ActionPlanStatus(models.TextChoices):
    OPEN = "open", _("Open")
    IN_PROGRESS = "in_progress", _("In progress")
    COMPLETED = "completed", _("Completed")
    CANCELLED = "cancelled", _("Cancelled")

    @property
    def meaning(self) -> Meaning:
        meanings = {"completed": Meaning.DONE, "cancelled": Meaning.DROPPED}
        return meanings.get(self.value, Meaning.OPEN)


class TaskStatus(models.TextChoices):
    OPEN = "open", _("Open")
    IN_PROGRESS = "in_progress", _("In progress")
    COMPLETED = "completed", _("Completed")
    SKIPPED = "skipped", _("Skipped")
    CANCELLED = "cancelled", _("Cancelled")

    @property
    def meaning(self) -> Meaning:
        meanings = {"completed": Meaning.DONE, "skipped": Meaning.DROPPED, "cancelled": Meaning.DROPPED}
        return meanings.get(self.value, Meaning.OPEN)


class Access(models.TextChoices):
    READ = "read", _("Can read")
    CONTRIBUTE = "contribute", _("Can comment and attach")
    EDIT = "edit", _("Can edit")


class ExpenseStatus(models.TextChoices):
    """How far an expense of co-op money is."""

    PLANNED = "planned", _("Planned")
    APPROVED = "approved", _("Approved")
    SPENT = "spent", _("Spent")
