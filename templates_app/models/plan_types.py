"""What a plan is called in this business."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from kam.core.models import BaseModel, TrackedCatalogQuerySet
from templates_app.enums import RevenueBasis, ReviewFrequency


class PlanTypeQuerySet(TrackedCatalogQuerySet):
    def offered(self) -> PlanTypeQuerySet:
        """Types that can be chosen anew: retired ones stay on old plans only."""
        return self.filter(is_retired=False)


class PlanType(BaseModel):
    """The name of the plan in this business and what a new one starts with."""

    name = models.CharField(max_length=100, unique=True)
    description = models.TextField(blank=True, max_length=2_000)
    default_revenue_basis = models.CharField(
        max_length=20, choices=RevenueBasis.choices, default=RevenueBasis.OPPORTUNITY
    )
    default_review_frequency = models.CharField(
        max_length=20, choices=ReviewFrequency.choices, default=ReviewFrequency.QUARTERLY
    )
    is_retired = models.BooleanField(default=False)

    objects = PlanTypeQuerySet.as_manager()

    class Meta:
        ordering = ("name",)
        verbose_name = _("plan type")

    def __str__(self) -> str:
        return self.name
