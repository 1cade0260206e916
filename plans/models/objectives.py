from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from kam.core.clock import company_today
from kam.core.fields import PercentField, QuantityField
from kam.core.models import BaseModel
from plans import policies
from plans.enums import MeasureKind, ObjectiveStatus, ProgressMode
from plans.models.measuring import work_under
from plans.models.plans import ByPlanQuerySet, Plan
from templates_app.models import GoalDefinition


class Strategy(BaseModel):
    """An optional level between a plan and its objectives."""

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="strategies")
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True, max_length=20_000)
    order = models.PositiveSmallIntegerField(default=0, blank=True)

    objects = ByPlanQuerySet.as_manager()

    class Meta:
        ordering = ("order", "created_at", "id")
        verbose_name_plural = _("strategies")

    def __str__(self) -> str:
        return self.name

    @property
    def change_container_id(self) -> Any:
        return self.plan_id


class ObjectiveQuerySet(ByPlanQuerySet):
    _is_with_work = False

    def with_work(self) -> Self:
        """Reads how far the work under the objectives is together with them, in two more statements."""
        clone = self._chain()  # type: ignore[attr-defined]
        clone._is_with_work = True
        return clone

    def _clone(self) -> Self:
        clone = super()._clone()  # type: ignore[misc]
        clone._is_with_work = self._is_with_work
        return clone

    def _fetch_all(self) -> None:
        is_new = self._result_cache is None
        super()._fetch_all()
        if is_new and self._is_with_work:
            measure_work(row for row in self._result_cache or () if isinstance(row, Objective))


ObjectiveManager: Any = models.Manager.from_queryset(ObjectiveQuerySet)


class Objective(BaseModel):
    """What a plan is to reach: an objective of an account plan, a goal assignment of a territory's."""

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="objectives")
    strategy = models.ForeignKey(Strategy, models.SET_NULL, null=True, blank=True, related_name="objectives")
    goal_definition = models.ForeignKey(
        GoalDefinition,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="objectives",
        help_text=_("The goal of the library it came from."),
    )
    name = models.CharField(max_length=200)
    approach = models.TextField(blank=True, max_length=20_000, help_text=_("How we will get there."))
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="owned_objectives")
    start_date = models.DateField(null=True, blank=True)
    target_date = models.DateField(null=True, blank=True)
    status = models.CharField(
        max_length=20, choices=ObjectiveStatus.choices, default=ObjectiveStatus.NOT_STARTED
    )
    weight = QuantityField(
        default=1, validators=[MinValueValidator(Decimal(0))], help_text=_("0: does not count.")
    )
    measure_kind = models.CharField(
        max_length=20, choices=MeasureKind.choices, default=MeasureKind.QUALITATIVE
    )
    unit = models.CharField(max_length=30, blank=True)
    baseline = QuantityField(null=True, blank=True)
    current = QuantityField(null=True, blank=True)
    target = QuantityField(null=True, blank=True)
    stretch = QuantityField(null=True, blank=True)
    progress_mode = models.CharField(max_length=20, choices=ProgressMode.choices, default=ProgressMode.MANUAL)
    manual_progress = PercentField(
        null=True, blank=True, help_text=_("0 to 100, where progress is entered by hand.")
    )
    owner_comments = models.TextField(blank=True, max_length=20_000)
    manager_comments = models.TextField(blank=True, max_length=20_000)
    lessons_learned = models.TextField(blank=True, max_length=20_000)
    order = models.PositiveSmallIntegerField(default=0, blank=True)
    work_progress: Decimal | None  # read with the row by `ObjectiveQuerySet.with_work`, else when asked for

    objects = ObjectiveManager()
    logged_as = "plans.objective"

    class Meta:
        db_table = "plans_accountplanobjective"
        ordering = ("order", "created_at", "id")

    def __str__(self) -> str:
        return self.name

    @property
    def change_container_id(self) -> Any:
        return self.plan_id

    def clean(self) -> None:
        super().clean()
        errors: dict[str, Any] = {}
        if self.start_date and self.target_date and self.start_date > self.target_date:
            errors["target_date"] = _("The target date is before the start.")
        if self.strategy_id and self.plan_id and self.strategy.plan_id != self.plan_id:
            errors["strategy"] = _("The strategy belongs to another plan.")
        if self.progress_mode == ProgressMode.MEASURE and self.target is None:
            errors["target"] = _("Progress from the measure needs a target.")
        if errors:
            raise ValidationError(errors)

    @property
    def progress(self) -> Decimal | None:
        """0…1, by its mode; None: nothing to measure yet (domain.md, Progress)."""
        if self.progress_mode == ProgressMode.TASKS:
            if "work_progress" not in self.__dict__:
                measure_work([self])
            return self.work_progress
        if self.progress_mode == ProgressMode.MEASURE:
            return policies.measure_progress(baseline=self.baseline, current=self.current, target=self.target)
        return None if self.manual_progress is None else self.manual_progress / 100

    @property
    def progress_percent(self) -> Decimal | None:
        return policies.as_percent(self.progress)

    @property
    def is_overdue(self) -> bool:
        open_statuses = {ObjectiveStatus.NOT_STARTED, ObjectiveStatus.IN_PROGRESS}
        return bool(self.target_date and self.target_date < company_today() and self.status in open_statuses)

    @property
    def expected_percent(self) -> Any:
        """Where it would be today if it went evenly, in percent; None without both dates."""
        if not (self.start_date and self.target_date):
            return None
        share = policies.elapsed_share(start=self.start_date, end=self.target_date, today=company_today())
        return policies.as_percent(share)

    @property
    def pace(self) -> str | None:
        """How open work goes (`policies.pace`), or "overdue"; None for what is closed or has no measure."""
        if self.is_overdue:
            return "overdue"
        if self.status != ObjectiveStatus.IN_PROGRESS:
            return None
        return policies.pace(progress=self.progress_percent, expected=self.expected_percent)


class AccountPlanObjectiveManager(ObjectiveManager):
    def get_queryset(self) -> ObjectiveQuerySet:
        return super().get_queryset().filter(plan__account__isnull=False)


class AccountPlanObjective(Objective):
    objects = AccountPlanObjectiveManager()

    class Meta:
        proxy = True


class GoalAssignmentManager(ObjectiveManager):
    def get_queryset(self) -> ObjectiveQuerySet:
        return super().get_queryset().filter(plan__territory__isnull=False)


class GoalAssignment(Objective):
    objects = GoalAssignmentManager()

    class Meta:
        proxy = True


def measure_work(objectives: Iterable[Objective]) -> None:
    """Fill `work_progress` of those whose progress comes from the work."""
    by_work = [row for row in objectives if row.progress_mode == ProgressMode.TASKS]
    shares = work_under(row.pk for row in by_work) if by_work else {}
    for row in by_work:
        row.work_progress = shares[row.pk]
