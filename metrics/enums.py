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
