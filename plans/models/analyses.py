"""What we think of a plan's position: SWOT and PESTEL, of the whole plan or of one of its products."""

from __future__ import annotations

from typing import Any, Self
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Case, Q, Value, When
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _

from crm.models import Product, ProductCategory, ProductCategoryEdge
from kam.core.fields import MoneyTotalField
from kam.core.models import BaseModel
from kam.core.money import validate_minor_units
from plans.enums import ANALYSES, SECTION_OF_FACTOR, Factor, Impact, Likelihood
from plans.models.objectives import Objective
from plans.models.plans import ByPlanQuerySet, Plan
from templates_app.enums import PlanSection
from templates_app.models import PlanType

AMOUNTS = ("last_year_actual", "target", "stretch")


# --- Products -------------------------------------------------------------------------------
class AccountPlanProductQuerySet(ByPlanQuerySet):
    section = PlanSection.PRODUCTS

    def with_names(self) -> Self:
        return self.select_related("product", "category")

    def counted_products(self) -> models.QuerySet[Product]:
        """What these rows name: products, and all of a category and of those below it; never what others sell."""
        below = ProductCategoryEdge.objects.filter(ancestor__in=self.order_by().values("category"))
        named = Q(pk__in=self.order_by().values("product")) | Q(category__in=below.values("descendant"))
        return Product.objects.filter(named, is_competitor=False).order_by()

    def products_by_plan(self) -> dict[UUID, frozenset[UUID]]:
        """The same by plan; a plan that names nothing is not in it. In one statement, or two."""
        plans: dict[UUID, list[UUID]] = {}  # by what they name
        found: dict[UUID, set[UUID]] = {}
        for plan_id, product_id, category_id in self.order_by().values_list(
            "plan_id", "product_id", "category_id"
        ):
            plans.setdefault(product_id or category_id, []).append(plan_id)
            found[plan_id] = set()
        if plans:
            named = Q(pk__in=plans) | Q(category__edges_up__ancestor__in=plans)
            ours = Product.objects.filter(named, is_competitor=False).order_by()
            for product_id, ancestor_id in ours.values_list("pk", "category__edges_up__ancestor"):
                for plan_id in (*plans.get(product_id, ()), *plans.get(ancestor_id, ())):
                    found[plan_id].add(product_id)
        return {plan_id: frozenset(products) for plan_id, products in found.items()}


class AccountPlanProduct(BaseModel):
    """A product, or a category of products, that the plan is about.

    A plan that names some counts nothing else (domain.md, *Linking revenue to plans*).
    """

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="products")
    product = models.ForeignKey(Product, models.PROTECT, null=True, blank=True, related_name="+")
    category = models.ForeignKey(ProductCategory, models.PROTECT, null=True, blank=True, related_name="+")
    last_year_actual = MoneyTotalField(
        null=True, blank=True, help_text=_("Sold in the year before, in the currency of the plan.")
    )
    target = MoneyTotalField(null=True, blank=True)
    stretch = MoneyTotalField(null=True, blank=True)
    strategy_note = models.TextField(_("strategy"), blank=True, max_length=5_000)
    order = models.PositiveSmallIntegerField(default=0, blank=True)

    objects = AccountPlanProductQuerySet.as_manager()
    log_related = ("product", "category")

    class Meta:
        ordering = ("order", "created_at", "id")
        verbose_name = _("product of a plan")
        verbose_name_plural = _("products of plans")
        constraints = (
            models.CheckConstraint(
                condition=Q(product__isnull=True) ^ Q(category__isnull=True),
                name="plan_product_or_category",
                violation_error_message=_("Name a product or a category, not both."),
            ),
            models.UniqueConstraint(
                fields=("plan", "product"),
                name="plan_product_once",
                violation_error_message=_("The plan has this product already."),
            ),
            models.UniqueConstraint(
                fields=("plan", "category"),
                name="plan_category_once",
                violation_error_message=_("The plan has this category already."),
            ),
        )

    def __str__(self) -> str:
        return str(self.product or self.category)

    @property
    def change_container_id(self) -> Any:
        return self.plan_id

    def clean(self) -> None:
        super().clean()
        errors: dict[str, Any] = {}
        if (self.product_id is None) == (self.category_id is None):
            text = _("Name a product or a category, not both.")
            errors["product"] = ValidationError(text, params={"needs": {"category"}})
        for name in AMOUNTS:
            amount = getattr(self, name)
            if amount is not None and amount < 0 and name != "last_year_actual":
                errors[name] = _("A target cannot be negative.")
            elif self.plan_id:
                try:
                    validate_minor_units(amount, self.plan.currency, name)
                except ValidationError as error:
                    errors[name] = error.error_dict[name]
        if self._state.adding and self.plan_id and not self.plan.plan_type.shows(PlanSection.PRODUCTS):
            errors["plan"] = _("Plans of this type leave products out.")
        if errors:
            raise ValidationError(errors)


# --- Analyses -------------------------------------------------------------------------------
class RelatedObjectAnalysisQuerySet(ByPlanQuerySet):
    def in_shown_sections(self) -> Self:
        """Without the entries of analyses that the type of their plan leaves out."""
        shown = Q()
        for section, factors in ANALYSES.items():
            shown |= Q(factor__in=factors, plan__plan_type__in=PlanType.objects.showing(section).values("pk"))
        return self.filter(shown)

    def in_order(self) -> Self:
        """Field by field, each in its order."""
        places = Case(*(When(factor=factor, then=Value(place)) for place, factor in enumerate(Factor)))
        return self.order_by(places, "order", "created_at", "id")


class RelatedObjectAnalysis(BaseModel):
    """One entry of SWOT or PESTEL."""

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="analyses")
    product = models.ForeignKey(
        AccountPlanProduct,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="analyses",
        help_text=_("Left empty: it is about the whole plan."),
    )
    factor = models.CharField(_("field"), max_length=20, choices=Factor.choices)
    text = models.TextField(max_length=2_000)
    impact = models.PositiveSmallIntegerField(choices=Impact.choices, default=Impact.MEDIUM)
    likelihood = models.PositiveSmallIntegerField(
        choices=Likelihood.choices,
        null=True,
        blank=True,
        help_text=_("Of what may happen; left empty for what is so."),
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="owned_analyses"
    )
    objectives = models.ManyToManyField(
        Objective,
        blank=True,
        related_name="analyses",
        verbose_name=_("answered by"),
        help_text=_("The objectives of the plan that answer it."),
    )
    order = models.PositiveSmallIntegerField(default=0, blank=True)

    objects = RelatedObjectAnalysisQuerySet.as_manager()

    class Meta:
        ordering = ("order", "created_at", "id")
        verbose_name = _("analysis entry")
        verbose_name_plural = _("analysis entries")
        indexes = (
            # The page of a plan: its entries, field by field.
            models.Index(fields=("plan", "factor", "order"), name="analysis_place"),
        )
        constraints = (
            models.CheckConstraint(condition=Q(impact__gte=1, impact__lte=5), name="analysis_impact_1_to_5"),
            models.CheckConstraint(
                condition=Q(likelihood__isnull=True) | Q(likelihood__gte=1, likelihood__lte=5),
                name="analysis_likelihood_1_to_5",
            ),
        )

    def __str__(self) -> str:
        return Truncator(" ".join(self.text.split())).chars(60)

    @property
    def change_container_id(self) -> Any:
        return self.plan_id

    @property
    def section(self) -> str:
        """The section of the plan that it stands in: SWOT or PESTEL."""
        return SECTION_OF_FACTOR[Factor(self.factor)]

    @property
    def is_shown(self) -> bool:
        return self.plan.plan_type.shows(self.section)

    def clean(self) -> None:
        super().clean()
        errors: dict[str, Any] = {}
        if self.product_id and self.plan_id and self.product.plan_id != self.plan_id:
            errors["product"] = _("The product belongs to another plan.")
        is_new_field = "factor" in {field.name for field in self.changed_fields()}
        if is_new_field and self.factor in Factor.values and self.plan_id and not self.is_shown:
            errors["factor"] = _("Plans of this type leave this analysis out.")
        if errors:
            raise ValidationError(errors)
