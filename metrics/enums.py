from django.db import models
from django.utils.translation import gettext_lazy as _


class PaceState(models.TextChoices):
    """How a target stands against what the season expects by now."""

    ON_PACE = "on_pace", _("On pace")
    AT_RISK = "at_risk", _("At risk")
    BEHIND = "behind", _("Behind")
    TO_COME = "to_come", _("Still to come")


class CurveSource(models.TextChoices):
    """Whose orders make the season."""

    ACCOUNT = "account", _("the account")
    TERRITORY = "territory", _("the territory")
    COMPANY = "company", _("the company")
    DAYS = "days", _("none: by days")


class Gap(models.TextChoices):
    """What an account of a territory lacks."""

    NO_PLAN = "no_plan", _("Strategic, without a plan")
    BEHIND = "behind", _("Plan behind its target")
    CONTACT_OVERDUE = "contact_overdue", _("Contact overdue")
    NO_CONTACT_DUE = "no_contact_due", _("No contact planned")


class PlanState(models.TextChoices):
    """Whether a plan looks after an account."""

    WITH_PLAN = "with_plan", _("With a plan")
    DRAFT_ONLY = "draft_only", _("Only a draft")
    WITHOUT_PLAN = "without_plan", _("Without a plan")


class PlanConcern(models.TextChoices):
    """What keeps a plan from being worked off."""

    WITHOUT_OBJECTIVES = "without_objectives", _("Without objectives")
    NEVER_ACTIVATED = "never_activated", _("Drafts never activated")
    OVERDUE_OBJECTIVES = "overdue_objectives", _("Objectives overdue")
    OVERDUE_TASKS = "overdue_tasks", _("Tasks overdue")


class ActivityShown(models.TextChoices):
    """Which activities of a period a list shows."""

    DONE = "done", _("Done")
    PLANNED = "planned", _("Planned")
    OVERDUE = "overdue", _("Overdue")
    JOINT = "joint", _("Joint, done")


class DealOutcome(models.TextChoices):
    """What somebody imagines of an open deal."""

    OPEN = "open", _("Stays open")
    WON = "won", _("Won")
    DROPPED = "dropped", _("Dropped")


class ChangeState(models.TextChoices):
    """Whether the change of a scenario still has something to change."""

    APPLIES = "applies", _("Applies")
    OUTSIDE = "outside", _("Falls outside the plan's period")
    NOT_CONVERTED = "not_converted", _("Not converted")
    WON = "won", _("Won since")
    LOST = "lost", _("Lost since")
    DELETED = "deleted", _("Deleted since")
    NOT_COUNTED = "not_counted", _("Does not count in this plan")
