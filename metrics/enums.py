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
    COMPANY = "company", _("the company")
    DAYS = "days", _("none: by days")


class Gap(models.TextChoices):
    """What an account of a territory lacks."""

    NO_PLAN = "no_plan", _("Strategic, without a plan")
    BEHIND = "behind", _("Plan behind its target")
    CONTACT_OVERDUE = "contact_overdue", _("Contact overdue")
    NO_CONTACT_DUE = "no_contact_due", _("No contact planned")
