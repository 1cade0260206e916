"""What a stakeholder thinks of a product, and how far they are with it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.models import Product
from stakeholders.enums import AdoptionStep, Support
from stakeholders.models.links import OfStakeholder
from stakeholders.models.stakeholders import LONGEST_TEXT, AccountPlanStakeholder


class StakeholderProduct(OfStakeholder):
    """One stakeholder and one product, ours or a competitor's."""

    stakeholder = models.ForeignKey(AccountPlanStakeholder, models.CASCADE, related_name="products")
    product = models.ForeignKey(
        Product, models.PROTECT, related_name="+", help_text=_("Also a competitor's.")
    )
    attitude = models.SmallIntegerField(
        choices=Support.choices, null=True, blank=True, help_text=_("Left empty: nobody knows yet.")
    )
    adoption_step = models.CharField(max_length=20, choices=AdoptionStep.choices, blank=True)
    comment = models.TextField(blank=True, max_length=LONGEST_TEXT)

    sensitive_fields = frozenset({"attitude", "comment"})
    log_related = ("product", "stakeholder__contact", "stakeholder__organisation")

    class Meta:
        ordering = ("created_at", "id")
        verbose_name = _("product of a stakeholder")
        verbose_name_plural = _("products of stakeholders")
        constraints = (
            models.UniqueConstraint(
                fields=("stakeholder", "product"),
                name="stakeholder_product_once",
                violation_error_message=_("This product is noted for them already."),
            ),
            models.CheckConstraint(
                condition=Q(attitude__isnull=True) | Q(attitude__gte=-2, attitude__lte=2),
                name="stakeholder_attitude_in_range",
            ),
        )

    def __str__(self) -> str:
        return f"{self.product} – {self.stakeholder}"
