"""What somebody imagines of a plan: deals that move, fall or are won, and deals that do not exist yet.

Nothing here counts anywhere: `metrics.scenarios` computes what the plan's numbers would be.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.models import Opportunity, ProductCategory
from kam.core.addresses import record_url
from kam.core.fields import MoneyField, PercentField
from kam.core.models import BaseModel, TrackedScopedQuerySet
from kam.core.money import validate_minor_units
from kam.users.models import Role, User
from metrics.enums import DealOutcome
from plans.models import Plan

FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2200, 12, 31)
DAYS = (MinValueValidator(FIRST_DAY), MaxValueValidator(LAST_DAY))
MOST_CHANGES, MOST_BLOCKS = 500, 100  # of one scenario


class ScenarioQuerySet(TrackedScopedQuerySet):
    """A scenario tells numbers: seen by its author, and if shared by all who see the numbers of the plan."""

    def filter_visible(self, user: User) -> ScenarioQuerySet:
        plans = Plan.objects.visible_to(user)
        if not user.has_perm("plans.view_numbers"):
            plans = plans.taking_part(user)
        return self.filter(Q(owner=user) | Q(is_shared=True), plan__in=plans.values("pk"))

    def filter_editable(self, user: User) -> ScenarioQuerySet:
        return self if user.role == Role.ADMIN else self.filter(owner=user)


class Scenario(BaseModel):
    """A named “what if” of a plan."""

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="scenarios")
    name = models.CharField(max_length=200)
    note = models.TextField(blank=True, max_length=5_000, help_text=_("What you assume, and why."))
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="scenarios")
    is_shared = models.BooleanField(
        _("shared"),
        default=False,
        help_text=_("Everyone who sees the plan's numbers may look at it. Otherwise it is yours alone."),
    )

    objects = ScenarioQuerySet.as_manager()

    class Meta:
        ordering = ("created_at", "id")

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return record_url("metrics:scenario", self.pk)

    @property
    def change_container_id(self) -> Any:
        """Its own: the history of the plan is read by people who may not see this."""
        return self.pk


class ScenarioChangeQuerySet(TrackedScopedQuerySet):
    """Seen with the scenario, if the reader may open the deal; that of a deleted deal by the author alone."""

    def filter_visible(self, user: User) -> ScenarioChangeQuerySet:
        opened = Opportunity.objects.visible_to(user).values("pk")
        return self.filter(
            Q(opportunity__in=opened) | Q(opportunity__isnull=True, scenario__owner=user),
            scenario__in=Scenario.objects.visible_to(user).values("pk"),
        )

    def filter_editable(self, user: User) -> ScenarioChangeQuerySet:
        return self.filter(scenario__in=Scenario.objects.editable_by(user).values("pk"))


class ScenarioChange(BaseModel):
    """What would be otherwise with one deal. Empty fields: as it is."""

    scenario = models.ForeignKey(Scenario, models.CASCADE, related_name="changes")
    opportunity = models.ForeignKey(Opportunity, models.SET_NULL, null=True, related_name="+")
    deal_name = models.CharField(
        max_length=200, blank=True, editable=False, help_text=_("What is left to tell of a deleted deal.")
    )
    date = models.DateField(null=True, blank=True, validators=DAYS, help_text=_("Its other close date."))
    amount = MoneyField(null=True, blank=True, help_text=_("Its other amount, in the deal's currency."))
    probability = PercentField(null=True, blank=True)
    outcome = models.CharField(max_length=10, choices=DealOutcome.choices, default=DealOutcome.OPEN)

    objects = ScenarioChangeQuerySet.as_manager()

    class Meta:
        ordering = ("created_at", "id")
        verbose_name = _("change of a deal")
        constraints = (
            models.UniqueConstraint(
                fields=("scenario", "opportunity"),
                name="scenario_change_once",
                violation_error_message=_("The scenario changes this deal already."),
            ),
            models.CheckConstraint(
                condition=~Q(outcome=DealOutcome.OPEN)
                | Q(date__isnull=False)
                | Q(amount__isnull=False)
                | Q(probability__isnull=False),
                name="scenario_change_says_something",
                violation_error_message=_(
                    "Say what would be otherwise: date, amount, probability or outcome."
                ),
            ),
        )

    def __str__(self) -> str:
        return str(_("Change of a deal"))  # never its name: not every reader may open it

    @property
    def change_container_id(self) -> Any:
        return self.scenario_id

    @property
    def plan(self) -> Plan:
        return self.scenario.plan

    @property
    def is_nothing(self) -> bool:
        values = (self.date, self.amount, self.probability)
        return self.outcome == DealOutcome.OPEN and all(value is None for value in values)

    def clean(self) -> None:
        super().clean()
        if self.is_nothing:
            raise ValidationError(
                {"outcome": _("Say what would be otherwise: date, amount, probability or outcome.")}
            )
        if self.opportunity is not None:
            validate_minor_units(self.amount, self.opportunity.currency, "amount")


class BuildingBlockQuerySet(TrackedScopedQuerySet):
    def filter_visible(self, user: User) -> BuildingBlockQuerySet:
        return self.filter(scenario__in=Scenario.objects.visible_to(user).values("pk"))

    def filter_editable(self, user: User) -> BuildingBlockQuerySet:
        return self.filter(scenario__in=Scenario.objects.editable_by(user).values("pk"))


class BuildingBlock(BaseModel):
    """A deal that does not exist yet, in the plan's currency."""

    scenario = models.ForeignKey(Scenario, models.CASCADE, related_name="blocks")
    name = models.CharField(max_length=200)
    amount = MoneyField()
    date = models.DateField(validators=DAYS)
    probability = PercentField(default=50)
    product_category = models.ForeignKey(
        ProductCategory, models.SET_NULL, null=True, blank=True, related_name="+"
    )

    log_related = ("product_category",)

    objects = BuildingBlockQuerySet.as_manager()

    class Meta:
        ordering = ("created_at", "id")
        verbose_name = _("building block")
        constraints = (
            models.CheckConstraint(
                condition=Q(amount__gte=0),
                name="building_block_not_negative",
                violation_error_message=_("The amount cannot be negative."),
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def change_container_id(self) -> Any:
        return self.scenario_id

    @property
    def plan(self) -> Plan:
        return self.scenario.plan

    def clean(self) -> None:
        super().clean()
        if self.amount is not None and self.amount < 0:
            raise ValidationError({"amount": _("The amount cannot be negative.")})
        if self.scenario_id:
            validate_minor_units(self.amount, self.plan.currency, "amount")
