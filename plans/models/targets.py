"""What is to be sold of what, and when: target lines by product category and part of the year."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.models import ProductCategory
from kam.core.fields import MoneyField
from kam.core.models import BaseModel
from kam.core.money import validate_minor_units
from kam.core.writing import check_all
from kam.users.models import User
from plans import policies
from plans.enums import TargetPeriod
from plans.models.plans import ByPlanQuerySet, Plan

PLACE = {"plan", "category", "year", "period", "number"}
MOST_LINES = 200  # of one plan: twelve months of a dozen categories


class TargetLineQuerySet(ByPlanQuerySet):
    """Commercial: seen by who sees the numbers of the plan."""

    def filter_visible(self, user: User) -> TargetLineQuerySet:
        plans = Plan.objects.visible_to(user)
        if not user.has_perm("plans.view_numbers"):
            plans = plans.taking_part(user)
        return self.filter(plan__in=plans.values("pk"))

    def in_order(self) -> TargetLineQuerySet:
        """As the page shows them: by category (all of them first), then by time."""
        first = models.F("category__name").asc(nulls_first=True)
        return self.order_by(first, "category", "year", "period", "number", "pk")


class TargetLine(BaseModel):
    """One category (or all) in one year, half-year, quarter or month.

    A line counts for the days of its calendar period that lie in the plan's. `target` is what is stored;
    the growth over last year's sales is another view of it. Those sales are computed from orders
    (`plans.actuals`) unless `last_year_entered` corrects them.
    """

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="target_lines")
    category = models.ForeignKey(
        ProductCategory,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text=_("Empty: all categories together. Categories below it count, too."),
    )
    year = models.PositiveSmallIntegerField(validators=[MinValueValidator(1900), MaxValueValidator(2200)])
    period = models.CharField(max_length=10, choices=TargetPeriod.choices, default=TargetPeriod.YEAR)
    number = models.PositiveSmallIntegerField(
        default=1, help_text=_("Which half-year, quarter or month of the year; 1 for a year.")
    )
    last_year_entered = MoneyField(
        _("last year, corrected"),
        null=True,
        blank=True,
        help_text=_("Corrects what orders say was sold in the same period a year before."),
    )
    target = MoneyField()
    stretch = MoneyField(null=True, blank=True)

    log_related = ("category",)

    objects = TargetLineQuerySet.as_manager()

    class Meta:
        ordering = ("year", "period", "number", "id")
        constraints = (
            models.UniqueConstraint(
                fields=("plan", "category", "year", "period", "number"),
                name="target_line_once",
                violation_error_message=_("The plan has this line already."),
            ),
            models.UniqueConstraint(
                fields=("plan", "year", "period", "number"),
                condition=Q(category__isnull=True),
                name="target_line_of_all_once",
                violation_error_message=_("The plan has this line already."),
            ),
            models.CheckConstraint(
                condition=Q(target__gte=0) & (Q(stretch__isnull=True) | Q(stretch__gte=0)),
                name="target_line_not_negative",
                violation_error_message=_("A target cannot be negative."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.category or _('All categories')}, {self.period_name}"

    @property
    def change_container_id(self) -> Any:
        return self.plan_id

    @property
    def period_name(self) -> str:
        return policies.period_name(self.year, self.period, self.number)

    @property
    def days(self) -> tuple[date, date]:
        """The first and last day for which the line counts. Needs `plan`."""
        start, end = policies.period_days(self.year, self.period, self.number)
        return max(start, self.plan.start_date), min(end, self.plan.end_date)

    def clean(self) -> None:
        super().clean()
        fields = ("last_year_entered", "target", "stretch")
        check_all(*(partial(self._check_amount, field) for field in fields), self._check_place_in_plan)

    def _check_amount(self, field: str) -> None:
        amount = getattr(self, field)
        if amount is not None and amount < 0 and field != "last_year_entered":
            raise ValidationError({field: _("A target cannot be negative.")})
        if self.plan_id:
            validate_minor_units(amount, self.plan.currency, field)

    def _check_place_in_plan(self) -> None:
        if self.period in TargetPeriod.values and self.number is not None and self.year:
            self.check_period()
            if self.plan_id and PLACE & {field.name for field in self.changed_fields()}:
                self._check_place()

    def check_period(self) -> None:
        """Raise `ValidationError` for a period that is none, or that has no day in the plan's."""
        most = policies.PERIODS_A_YEAR[self.period]
        if not 1 <= self.number <= most:
            raise ValidationError({"number": _("From 1 to %(most)s.") % {"most": most}})
        if self.plan_id and self.days[0] > self.days[1]:
            raise ValidationError({"year": _("This period lies outside the plan's.")})

    def _check_place(self) -> None:
        others = TargetLine.objects.unscoped("lines of one plan must not count a sale twice")
        rows = list(others.filter(plan=self.plan_id).exclude(pk=self.pk).select_related("category"))
        if len(rows) >= MOST_LINES:
            raise ValidationError(_("At most %(most)s lines a plan.") % {"most": MOST_LINES})
        parents = parents_of_categories()
        for other in rows:
            other.plan = self.plan
            if overlaps(self, other, parents):
                text = _("“%(other)s” counts the same sales already.") % {"other": other}
                raise ValidationError({"category": text})


def parents_of_categories() -> dict[Any, Any]:
    """Each category's parent: the whole tree is small."""
    return dict(ProductCategory.objects.values_list("pk", "parent_id"))


def lies_below(category_id: Any, other_id: Any, parents: dict[Any, Any]) -> bool:
    """Whether a category is the other one or lies below it; everything lies below None, which means all."""
    if other_id is None:
        return True
    while category_id is not None and category_id != other_id:
        category_id = parents.get(category_id)
    return category_id is not None


def overlaps(line: TargetLine, other: TargetLine, parents: dict[Any, Any]) -> bool:
    """Whether a sale may belong to both lines."""
    (start, end), (other_start, other_end) = line.days, other.days
    if start > other_end or other_start > end:
        return False
    one, two = line.category_id, other.category_id
    return lies_below(one, two, parents) or lies_below(two, one, parents)
