from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from kam.core.fields import QuantityField
from kam.core.models import BaseModel
from templates_app.enums import AppliesTo, LibraryStatus, MeasureKind
from templates_app.models.action_plans import ActionPlanTemplate
from templates_app.models.library import LibraryQuerySet, category_field, is_template_category


class GoalDefinitionQuerySet(LibraryQuerySet):
    def offered(self) -> GoalDefinitionQuerySet:
        """Goals that can be brought into a plan."""
        return self.filter(status=LibraryStatus.ACTIVE)

    def with_links(self) -> GoalDefinitionQuerySet:
        """With the ordered action plan templates, in one more statement."""
        links = GoalDefinitionTemplate.objects.select_related("template").order_by("order", "id")
        return self.select_related("category").prefetch_related(
            models.Prefetch("template_links", queryset=links)
        )


class GoalDefinition(BaseModel):
    """A goal that a company sets itself again and again: the design of an objective or goal assignment."""

    name = models.CharField(max_length=200, unique=True)
    description = models.TextField(blank=True, max_length=20_000)
    category = category_field()
    applies_to = models.CharField(max_length=20, choices=AppliesTo.choices, default=AppliesTo.BOTH)
    measure_kind = models.CharField(
        max_length=20, choices=MeasureKind.choices, default=MeasureKind.QUALITATIVE
    )
    default_target = QuantityField(
        null=True, blank=True, help_text=_("Of a revenue goal: an amount in the currency of the plan.")
    )
    unit = models.CharField(max_length=30, blank=True, help_text=_("What is counted, such as “calls”."))
    default_weight = QuantityField(
        default=1, validators=[MinValueValidator(Decimal(0))], help_text=_("0: does not count.")
    )
    status = models.CharField(max_length=20, choices=LibraryStatus.choices, default=LibraryStatus.DRAFT)
    action_plan_templates = models.ManyToManyField(
        ActionPlanTemplate, through="GoalDefinitionTemplate", blank=True, related_name="goal_definitions"
    )

    objects = GoalDefinitionQuerySet.as_manager()

    class Meta:
        ordering = ("name",)
        verbose_name = _("goal definition")

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("templates_app:goaldefinition_detail", args=[self.pk])

    def clean(self) -> None:
        super().clean()
        errors = {}
        if self.measure_kind == MeasureKind.QUALITATIVE and self.default_target is not None:
            errors["default_target"] = _(
                "A qualitative goal has no target. Choose another measure, or leave it empty."
            )
        if self.measure_kind == MeasureKind.REVENUE and self.unit:
            errors["unit"] = _("The unit of revenue is the currency of the plan: leave this empty.")
        if self.category_id and not is_template_category(self.category):
            errors["category"] = _("This is a value of another list.")
        if errors:
            raise ValidationError(errors)

    @property
    def ordered_templates(self) -> list[ActionPlanTemplate]:
        """The action plan templates in order; `with_links` reads them in one statement for many goals."""
        return [link.template for link in self.template_links.all()]


class GoalDefinitionTemplate(BaseModel):
    """The place of an action plan template in a goal definition."""

    goal_definition = models.ForeignKey(GoalDefinition, models.CASCADE, related_name="template_links")
    template = models.ForeignKey(ActionPlanTemplate, models.PROTECT, related_name="goal_links")
    order = models.PositiveSmallIntegerField(default=0)

    objects = LibraryQuerySet.as_manager()
    log_related = ("template",)

    class Meta:
        ordering = ("order", "id")
        constraints = (
            models.UniqueConstraint(
                fields=("goal_definition", "template"), name="goal_definition_template_once"
            ),
        )

    def __str__(self) -> str:
        return str(self.template)

    @property
    def change_container_id(self) -> Any:
        return self.goal_definition_id
