"""Choices that rules rest on. Roles are pick-lists (`crm.enums.PickList`), which a business edits."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Influence(models.IntegerChoices):
    """How much what they say counts in the decision."""

    VERY_LOW = 1, _("Very low")
    LOW = 2, _("Low")
    MEDIUM = 3, _("Medium")
    HIGH = 4, _("High")
    VERY_HIGH = 5, _("Very high")


class Support(models.IntegerChoices):
    """Whom they will speak for. Also their attitude to one product."""

    AGAINST = -2, _("Will recommend a competitor")
    SCEPTICAL = -1, _("Prefers a competitor")
    NEUTRAL = 0, _("Neutral")
    FRIENDLY = 1, _("Prefers us")
    FOR_US = 2, _("Will recommend us")


class RelationshipLevel(models.TextChoices):
    """What we are to them, from the lowest level to the highest."""

    UNKNOWN = "unknown", _("Unknown")
    VENDOR = "vendor", _("Vendor")
    CREDIBLE_SOURCE = "credible_source", _("Credible source")
    PROBLEM_SOLVER = "problem_solver", _("Problem solver")
    TRUSTED_ADVISOR = "trusted_advisor", _("Trusted advisor")

    @property
    def rank(self) -> int:
        return list(type(self)).index(self)


class LinkKind(models.TextChoices):
    """What one stakeholder is to another; a conflict goes both ways."""

    REPORTS_TO = "reports_to", _("Reports to")
    INFLUENCES = "influences", _("Influences")
    CONFLICTS_WITH = "conflicts_with", _("Conflicts with")


class AdoptionStep(models.TextChoices):
    """How far somebody is with a product."""

    UNAWARE = "unaware", _("Does not know it")
    AWARE = "aware", _("Knows of it")
    INTERESTED = "interested", _("Interested")
    TRYING = "trying", _("Trying it")
    USING = "using", _("Using it")
    ADVOCATING = "advocating", _("Recommends it")
