"""Choices whose values rules depend on. What a business may rename or extend is a `PickListValue`."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class PickList(models.TextChoices):
    """The lists that an administrator edits."""

    INDUSTRY = "industry", _("Industry")
    ACCOUNT_TYPE = "account_type", _("Account type")
    SEGMENT = "segment", _("Segment")
    TEMPLATE_CATEGORY = "template_category", _("Category of goals and action plan templates")
    COOP_EXPENSE_KIND = "coop_expense_kind", _("Kind of co-op expense")
    PLAN_EVENT_KIND = "plan_event_kind", _("Kind of event")
    INSIGHT_TOPIC = "insight_topic", _("Topic of medical insights")
    STAKEHOLDER_ROLE = "stakeholder_role", _("Role of stakeholders")
    PARTNER_ROLE = "partner_role", _("Role of partners")


class SegmentMeaning(models.TextChoices):
    """What a segment means to the rules, whatever it is called."""

    STRATEGIC = "strategic", _("Strategic customer")
    STEADY = "steady", _("Steady customer")
    OCCASIONAL = "occasional", _("Occasional customer")
    NONE = "none", _("No relationship")
    DORMANT = "dormant", _("Dormant")
    NEGATIVE = "negative", _("Negative relationship")


class RoleMeaning(models.TextChoices):
    """What the role of a stakeholder means to the rules, whatever it is called."""

    DECIDES = "decides", _("Decides")
    CHAMPION = "champion", _("Speaks for us")


class CallFrequency(models.TextChoices):
    WEEKLY = "weekly", _("Weekly")
    FORTNIGHTLY = "fortnightly", _("Fortnightly")
    MONTHLY = "monthly", _("Monthly")
    EVERY_TWO_MONTHS = "every_two_months", _("Every two months")
    QUARTERLY = "quarterly", _("Quarterly")
    HALF_YEARLY = "half_yearly", _("Half-yearly")
    YEARLY = "yearly", _("Yearly")
    NONE = "none", _("None")


class TerritoryRole(models.TextChoices):
    KAM = "kam", _("Key account manager")
    MSL = "msl", _("Medical science liaison")
    MANAGER = "manager", _("Manager")
    VIEWER = "viewer", _("Viewer")


class ForecastCategory(models.TextChoices):
    OMITTED = "omitted", _("Omitted")
    PIPELINE = "pipeline", _("Pipeline")
    BEST_CASE = "best_case", _("Best case")
    COMMIT = "commit", _("Commit")
    CLOSED = "closed", _("Closed")


class ActivityStatus(models.TextChoices):
    PLANNED = "planned", _("Planned")
    DONE = "done", _("Done")
    CANCELLED = "cancelled", _("Cancelled")
