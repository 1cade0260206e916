"""What every reader shares: pick-lists, products, stages, exchange rates."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.enums import ForecastCategory, PickList, RoleMeaning, SegmentMeaning
from kam.core.fields import PercentField, RateField
from kam.core.models import BaseModel, SourcedModel, TrackedCatalogQuerySet, TreeEdge
from kam.core.money import CurrencyField

MEANINGS: dict[str, type[models.TextChoices]] = {
    PickList.SEGMENT: SegmentMeaning,
    PickList.STAKEHOLDER_ROLE: RoleMeaning,
}


class PickListQuerySet(TrackedCatalogQuerySet):
    def offered(self, pick_list: str) -> PickListQuerySet:
        """Values that can be chosen anew: retired ones stay on old records only."""
        return self.filter(pick_list=pick_list, is_retired=False)


class PickListValue(BaseModel):
    """One value of a list that an administrator may rename, reorder, extend and retire.

    Rules look at `meaning`, never at the label.
    """

    pick_list = models.CharField(max_length=30, choices=PickList.choices)
    name = models.CharField(max_length=100)
    meaning = models.CharField(
        max_length=30,
        blank=True,
        choices=[*SegmentMeaning.choices, *RoleMeaning.choices],
        help_text=_("What rules take a segment, or the role of a stakeholder, for."),
    )
    order = models.PositiveSmallIntegerField(default=0)
    is_retired = models.BooleanField(default=False)

    objects = PickListQuerySet.as_manager()

    class Meta:
        ordering = ("pick_list", "order", "name")
        constraints = (models.UniqueConstraint(fields=("pick_list", "name"), name="pick_list_value_once"),)

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        super().clean()
        known = MEANINGS.get(self.pick_list)
        if self.meaning and known is not None and self.meaning not in known.values:
            raise ValidationError({"meaning": _("Values of this list do not mean that.")})


class ProductCategory(SourcedModel):
    name = models.CharField(max_length=200)
    code = models.CharField(max_length=50, unique=True)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")

    objects = TrackedCatalogQuerySet.as_manager()

    class Meta(SourcedModel.Meta):
        ordering = ("name",)
        verbose_name_plural = _("product categories")

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        super().clean()
        seen, node = {self.pk}, self.parent
        while node is not None:
            if node.pk in seen:
                raise ValidationError({"parent": _("A category cannot lie below itself.")})
            seen.add(node.pk)
            node = node.parent


class ProductCategoryEdge(TreeEdge):
    """Kept by triggers; see `kam.core.trees`."""

    ancestor = models.ForeignKey(
        ProductCategory, models.DO_NOTHING, related_name="edges_down", db_index=False
    )
    descendant = models.ForeignKey(ProductCategory, models.DO_NOTHING, related_name="edges_up")

    def __str__(self) -> str:
        return f"{self.ancestor_id} > {self.descendant_id}"


class Product(SourcedModel):
    code = models.CharField(max_length=50, unique=True)
    name = models.CharField(max_length=200)
    category = models.ForeignKey(ProductCategory, models.PROTECT, related_name="products")
    is_active = models.BooleanField(default=True)
    is_competitor = models.BooleanField(default=False, help_text=_("Sold by somebody else."))

    objects = TrackedCatalogQuerySet.as_manager()

    class Meta(SourcedModel.Meta):
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class Stage(SourcedModel):
    """A step of the sales process. Rules look at `is_closed` and `is_won`, never at the name."""

    name = models.CharField(max_length=100, unique=True)
    order = models.PositiveSmallIntegerField(default=0)
    default_probability = PercentField(default=0)
    is_closed = models.BooleanField(default=False)
    is_won = models.BooleanField(default=False)
    forecast_category = models.CharField(
        max_length=20, choices=ForecastCategory.choices, default=ForecastCategory.PIPELINE
    )

    objects = TrackedCatalogQuerySet.as_manager()

    class Meta(SourcedModel.Meta):
        ordering = ("order", "name")
        constraints = (
            *SourcedModel.Meta.constraints,
            models.CheckConstraint(
                condition=models.Q(is_won=False) | models.Q(is_closed=True),
                name="stage_won_is_closed",
                violation_error_message=_("A won stage is closed."),
            ),
        )

    def __str__(self) -> str:
        return self.name


class ExchangeRate(SourcedModel):
    """From `valid_from` on, until the next rate, one unit of `currency` is `rate` of company currency."""

    currency = CurrencyField()
    valid_from = models.DateField()
    rate = RateField(help_text=_("Units of company currency for one unit of this currency."))

    objects = TrackedCatalogQuerySet.as_manager()

    class Meta(SourcedModel.Meta):
        ordering = ("currency", "-valid_from")
        constraints = (
            *SourcedModel.Meta.constraints,
            models.UniqueConstraint(fields=("currency", "valid_from"), name="exchange_rate_once_a_day"),
            models.CheckConstraint(condition=models.Q(rate__gt=0), name="exchange_rate_positive"),
        )

    def __str__(self) -> str:
        return f"{self.currency} {self.valid_from}: {self.rate}"
