"""What a plan is called in this business, what it shows, and what a new one starts with."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Cast
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from crm.enums import PickList
from crm.models import PickListValue
from kam.core.models import BaseModel, TrackedCatalogQuerySet
from kam.users.models import User
from templates_app.enums import PlanSection, RevenueBasis, ReviewFrequency
from templates_app.models.goals import GoalDefinition
from templates_app.models.library import LibraryQuerySet


def all_sections() -> list[str]:
    return [section.value for section in PlanSection]


class PlanTypeQuerySet(TrackedCatalogQuerySet):
    def offered(self) -> PlanTypeQuerySet:
        """Types that can be chosen anew: retired ones stay on old plans only."""
        return self.filter(is_retired=False)

    def showing(self, section: str) -> PlanTypeQuerySet:
        """Types with this section. The list is looked into as text: SQLite cannot ask what JSON contains."""
        texts = self.alias(section_text=Cast("sections", models.TextField()))
        return texts.filter(section_text__contains=f'"{section}"')

    def with_goals(self, user: User) -> PlanTypeQuerySet:
        """With the goals that are offered first, as far as the user reads the library."""
        links = PlanTypeGoal.objects.visible_to(user).select_related("goal_definition")
        return self.prefetch_related(models.Prefetch("goal_links", links.order_by("order", "id")))


class PlanType(BaseModel):
    """The name of the plan in this business, the sections it shows, and what a new one starts with."""

    name = models.CharField(max_length=100, unique=True)
    plural_name = models.CharField(
        max_length=100, blank=True, help_text=_("Of several; left empty: the name with an “s”.")
    )
    description = models.TextField(blank=True, max_length=2_000)
    sections = models.JSONField(
        default=all_sections, blank=True, help_text=_("What a plan of this type shows, in order.")
    )
    default_revenue_basis = models.CharField(
        max_length=20, choices=RevenueBasis.choices, default=RevenueBasis.OPPORTUNITY
    )
    default_review_frequency = models.CharField(
        max_length=20, choices=ReviewFrequency.choices, default=ReviewFrequency.QUARTERLY
    )
    goal_definitions = models.ManyToManyField(
        GoalDefinition, through="PlanTypeGoal", blank=True, related_name="plan_types"
    )
    expected_roles = models.ManyToManyField(
        PickListValue,
        blank=True,
        related_name="+",
        limit_choices_to={"pick_list": PickList.STAKEHOLDER_ROLE},
        help_text=_("A plan that has no stakeholder with such a role shows a gap to fill."),
    )
    is_retired = models.BooleanField(default=False)

    objects = PlanTypeQuerySet.as_manager()

    class Meta:
        ordering = ("name",)
        verbose_name = _("plan type")

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("templates_app:plantype_detail", args=[self.pk])

    def clean(self) -> None:
        super().clean()
        known = set(PlanSection.values)
        given = self.sections
        if not isinstance(given, list) or not all(isinstance(key, str) and key in known for key in given):
            raise ValidationError(
                {"sections": _("These are the sections: %s.") % ", ".join(PlanSection.values)}
            )
        if len(set(given)) != len(given):
            raise ValidationError({"sections": _("Each section stands in one place.")})

    @property
    def plural(self) -> str:
        return self.plural_name or f"{self.name}s"

    def shows(self, section: str) -> bool:
        return section in self.sections

    @property
    def ordered_goals(self) -> list[GoalDefinition]:
        """The goals offered first, in order; `with_goals` reads them for many types at once."""
        return [link.goal_definition for link in self.goal_links.all()]


class PlanTypeGoal(BaseModel):
    """The place of a goal among those that plans of a type are offered first."""

    plan_type = models.ForeignKey(PlanType, models.CASCADE, related_name="goal_links")
    goal_definition = models.ForeignKey(GoalDefinition, models.CASCADE, related_name="plan_type_links")
    order = models.PositiveSmallIntegerField(default=0)

    objects = LibraryQuerySet.as_manager()
    log_related = ("goal_definition",)

    class Meta:
        ordering = ("order", "id")
        verbose_name = _("goal of a plan type")
        verbose_name_plural = _("goals of plan types")
        constraints = (
            models.UniqueConstraint(fields=("plan_type", "goal_definition"), name="plan_type_goal_once"),
        )

    def __str__(self) -> str:
        return str(self.goal_definition)

    @property
    def change_container_id(self) -> Any:
        return self.plan_type_id
