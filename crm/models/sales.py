"""Opportunities with their lines and schedules, and orders."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Count, F, QuerySet
from django.utils.translation import gettext_lazy as _

from crm import policies
from crm.models.accounts import Account, ByAccountQuerySet, Contact, OwnedByAccountQuerySet
from crm.models.catalog import Product, Stage
from kam.core.addresses import record_url
from kam.core.aggregates import ExactSum
from kam.core.clock import company_today
from kam.core.fields import MoneyField, PercentField, QuantityField
from kam.core.models import BaseModel, SourcedModel, TrackedScopedQuerySet
from kam.core.money import CurrencyField, validate_minor_units
from kam.users.models import Role, User


class OpportunityQuerySet(OwnedByAccountQuerySet):
    """Commercial: kept from medical colleagues (`SEPARATE_MEDICAL`)."""

    def filter_visible(self, user: User) -> OpportunityQuerySet:
        return super().filter_visible(user) if policies.sees_commercial(user.role) else self.none()

    def open(self) -> OpportunityQuerySet:
        return self.filter(stage__is_closed=False)

    def won(self) -> OpportunityQuerySet:
        return self.filter(stage__is_won=True)

    def slipped(self, *, today: date) -> OpportunityQuerySet:
        """Open although the close date has passed."""
        return self.open().filter(close_date__lt=today)

    def totals_by_currency(self) -> QuerySet:
        """`currency`, `count`, `total` and `weighted` (amount × probability ÷ 100, unrounded)."""
        weighted = F("amount") * F("probability")
        return (
            self.order_by("currency")
            .values("currency")
            .annotate(
                count=Count("pk"), total=ExactSum("amount", places=3), weighted=ExactSum(weighted, places=6)
            )
        )


class Opportunity(SourcedModel):
    account = models.ForeignKey(Account, models.PROTECT, related_name="opportunities", db_index=False)
    name = models.CharField(max_length=200)
    stage = models.ForeignKey(Stage, models.PROTECT, related_name="opportunities")
    amount = MoneyField()
    currency = CurrencyField()
    probability = PercentField(blank=True, help_text=_("0 to 100; the stage's own when left empty."))
    close_date = models.DateField()
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="opportunities",
        db_index=False,
    )
    contacts = models.ManyToManyField(Contact, blank=True, related_name="opportunities")
    next_step = models.CharField(max_length=500, blank=True)

    objects = OpportunityQuerySet.as_manager()

    class Meta(SourcedModel.Meta):
        ordering = ("close_date", "id")
        verbose_name_plural = _("opportunities")
        indexes = (
            # Finds a plan's opportunities as fast as a stored link would (quality.md, section 4).
            models.Index(fields=("account", "close_date"), name="opportunity_account_date"),
            # What somebody has let slip is found in it alone.
            models.Index(
                fields=("owner", "close_date"),
                include=("id", "account", "stage"),
                name="opportunity_owner_date",
            ),
            # Tells of every row whose it is and whether it is open, so that a list is found in it alone.
            models.Index(
                fields=("close_date", "id"),
                include=("account", "owner", "stage"),
                name="opportunity_date",
            ),
        )

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return record_url("crm:opportunity_detail", self.pk)

    @property
    def change_container_id(self) -> Any:
        return self.account_id

    def clean_fields(self, exclude: Any = None) -> None:
        self.take_probability_from_stage()
        super().clean_fields(exclude=exclude)

    def clean(self) -> None:
        super().clean()
        validate_minor_units(self.amount, self.currency, "amount")

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.take_probability_from_stage()
        super().save(*args, **kwargs)

    def take_probability_from_stage(self) -> None:
        if self.probability is None and self.stage_id:
            self.probability = self.stage.default_probability

    @property
    def is_slipped(self) -> bool:
        return self.is_slipped_on(company_today())

    def is_slipped_on(self, today: date) -> bool:
        """Open although the close date has passed. Needs `stage`."""
        return not self.stage.is_closed and self.close_date < today

    @property
    def weighted_amount(self) -> Any:
        """amount × probability ÷ 100, unrounded (domain.md, KPIs)."""
        return self.amount * self.probability / 100


class ByOpportunityQuerySet(TrackedScopedQuerySet):
    """Parts of an opportunity: whoever sees it sees them."""

    opportunity_path = "opportunity"

    def filter_visible(self, user: User) -> ByOpportunityQuerySet:
        visible = Opportunity.objects.visible_to(user).values("pk")
        return self.filter(**{f"{self.opportunity_path}__in": visible})

    def filter_editable(self, user: User) -> ByOpportunityQuerySet:
        editable = Opportunity.objects.editable_by(user).values("pk")
        return self.filter(**{f"{self.opportunity_path}__in": editable})


class OpportunityLine(BaseModel):
    """One product of an opportunity. `amount` is in the opportunity's currency."""

    opportunity = models.ForeignKey(Opportunity, models.CASCADE, related_name="lines")
    product = models.ForeignKey(Product, models.PROTECT, related_name="+")
    quantity = QuantityField(default=1)
    unit_price = MoneyField(null=True, blank=True)
    amount = MoneyField()

    log_related = ("product", "opportunity")

    objects = ByOpportunityQuerySet.as_manager()

    class Meta:
        ordering = ("created_at", "id")

    def __str__(self) -> str:
        return f"{self.product} × {Decimal(self.quantity).normalize():f}"  # the default is a plain 1 until loaded

    @property
    def change_container_id(self) -> Any:
        return self.opportunity.account_id

    def clean(self) -> None:
        super().clean()
        if self.opportunity_id:
            validate_minor_units(self.amount, self.opportunity.currency, "amount")


class ScheduleQuerySet(ByOpportunityQuerySet):
    opportunity_path = "line__opportunity"


class RevenueSchedule(BaseModel):
    """When part of a line's amount is expected as revenue, in the opportunity's currency."""

    line = models.ForeignKey(OpportunityLine, models.CASCADE, related_name="schedules")
    date = models.DateField()
    amount = MoneyField()

    log_related = ("line__opportunity",)

    objects = ScheduleQuerySet.as_manager()

    class Meta:
        ordering = ("date", "id")

    def __str__(self) -> str:
        return f"{self.date}: {self.amount}"

    @property
    def change_container_id(self) -> Any:
        return self.line.opportunity.account_id

    def clean(self) -> None:
        super().clean()
        if self.line_id:
            validate_minor_units(self.amount, self.line.opportunity.currency, "amount")


class OrderQuerySet(ByAccountQuerySet):
    """Commercial: kept from medical colleagues (`SEPARATE_MEDICAL`)."""

    def filter_visible(self, user: User) -> OrderQuerySet:
        return super().filter_visible(user) if policies.sees_commercial(user.role) else self.none()

    def filter_editable(self, user: User) -> OrderQuerySet:
        """They come from the ERP: systems write them, and administrators mend them."""
        return self if user.role in {Role.ADMIN, Role.INTEGRATION} else self.none()


class Order(SourcedModel):
    """A line of an order or invoice from the ERP; credit notes are negative."""

    account = models.ForeignKey(Account, models.PROTECT, related_name="orders", db_index=False)
    date = models.DateField()
    product = models.ForeignKey(Product, models.PROTECT, null=True, blank=True, related_name="orders")
    quantity = QuantityField(default=1)
    amount = MoneyField()
    currency = CurrencyField()
    document_number = models.CharField(max_length=100, blank=True)

    log_related = ("account",)

    objects = OrderQuerySet.as_manager()

    class Meta(SourcedModel.Meta):
        ordering = ("-date", "id")
        indexes = (models.Index(fields=("account", "date"), name="order_account_date"),)

    def __str__(self) -> str:
        return self.document_number or f"{self.account} {self.date}"

    def get_absolute_url(self) -> str:
        return record_url("crm:order_detail", self.pk)

    @property
    def change_container_id(self) -> Any:
        return self.account_id

    def clean(self) -> None:
        super().clean()
        if self.amount is None:
            raise ValidationError({"amount": _("Enter an amount.")})
        validate_minor_units(self.amount, self.currency, "amount")
