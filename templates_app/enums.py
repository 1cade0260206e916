from django.db import models
from django.utils.translation import gettext_lazy as _


class RevenueBasis(models.TextChoices):
    """What a plan counts as won revenue (domain.md, KPIs)."""

    OPPORTUNITY = "opportunity", _("Opportunities")
    SCHEDULE = "schedule", _("Revenue schedules")
    ORDER = "order", _("Orders")


class ReviewFrequency(models.TextChoices):
    MONTHLY = "monthly", _("Monthly")
    QUARTERLY = "quarterly", _("Quarterly")
    HALF_YEARLY = "half_yearly", _("Half-yearly")
    YEARLY = "yearly", _("Yearly")
    NONE = "none", _("None")
