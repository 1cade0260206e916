"""The numbers of plans: computed by the rollup, written by nobody else."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from kam.core.fields import MoneyTotalField
from kam.core.gate import ScopedQuerySet
from kam.core.money import CurrencyField
from kam.users.models import User
from metrics import policies
from metrics.scenario_models import BuildingBlock, Scenario, ScenarioChange
from plans.models import Plan, PlanReview
from templates_app.enums import RevenueBasis

__all__ = [
    "BuildingBlock",
    "JobRun",
    "PlanKPI",
    "PlanKPISnapshot",
    "PlanNumbers",
    "ReviewNumbers",
    "RollupFailure",
    "Scenario",
    "ScenarioChange",
    "StaleMarker",
    "Sweeper",
]


def names_one(*fields: str) -> models.Q:
    """Exactly one of the columns is filled."""
    condition = models.Q()
    for filled in fields:
        condition |= models.Q(**{f"{name}__isnull": name != filled for name in fields})
    return condition


class StaleMarker(models.Model):
    """“What this account, plan, territory or currency's plans rest on has changed.”

    `catalog`: which products belong together has, which concerns plans that name some.
    Appended by triggers in the writer's transaction. Append only, never upserted: writers of the
    same account never wait for each other here. Which plans it concerns is found when it is worked
    off. No foreign key: it outlives what it names.
    """

    id = models.BigAutoField(primary_key=True)
    account_id = models.UUIDField(null=True, db_index=True)
    plan_id = models.UUIDField(null=True, db_index=True)
    currency = models.CharField(max_length=3, null=True)
    territory_id = models.UUIDField(null=True)
    catalog = models.BooleanField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=names_one("account_id", "plan_id", "territory_id", "currency", "catalog"),
                name="stale_marker_names_one",
            ),
        )
        indexes = (
            models.Index(
                fields=("currency",), name="stale_marker_currency", condition=models.Q(currency__isnull=False)
            ),
            models.Index(
                fields=("catalog",), name="stale_marker_catalog", condition=models.Q(catalog__isnull=False)
            ),
            models.Index(
                fields=("territory_id",),
                name="stale_marker_territory",
                condition=models.Q(territory_id__isnull=False),
            ),
        )

    def __str__(self) -> str:
        if self.catalog:
            return "catalog"
        if self.currency:
            return f"currency {self.currency}"
        named = {"account": self.account_id, "territory": self.territory_id, "plan": self.plan_id}
        return " ".join(f"{kind} {pk}" for kind, pk in named.items() if pk)


class RollupFailureQuerySet(models.QuerySet):
    def waiting(self, *, at: datetime) -> RollupFailureQuerySet:
        """Those that back off: not tried again before their time."""
        return self.filter(retry_at__gt=at)


class RollupFailure(models.Model):
    """A plan whose recomputation failed: tried again later, shown to operators.

    It keeps a stale marker of its own, so that the markers that concern other plans too can go.
    """

    plan_id = models.UUIDField(unique=True)
    attempts = models.PositiveIntegerField(default=0)
    last_error = models.TextField()
    first_failed_at = models.DateTimeField()
    retry_at = models.DateTimeField(db_index=True)

    objects = RollupFailureQuerySet.as_manager()

    class Meta:
        ordering = ("-first_failed_at",)

    def __str__(self) -> str:
        return f"{self.plan_id}: {self.last_error[:80]}"


class SweeperQuerySet(models.QuerySet):
    def latest_first(self) -> SweeperQuerySet:
        return self.order_by("-seen_at")


class Sweeper(models.Model):
    """A process that works off stale markers, when it was last seen, and what it last did."""

    name = models.CharField(max_length=200, unique=True)
    seen_at = models.DateTimeField(db_index=True)
    worked_at = models.DateTimeField(null=True, help_text=_("When it last had something to do."))
    markers = models.PositiveIntegerField(default=0)
    plans = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    seconds = models.FloatField(default=0)

    objects = SweeperQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name


class PlanKPIQuerySet(ScopedQuerySet):
    """Seen with their plan. Read only: `metrics.rollup` writes with SQL of its own."""

    def filter_visible(self, user: User) -> PlanKPIQuerySet:
        return self.filter(plan__in=Plan.objects.visible_to(user).values("pk"))

    def outdated(self, *, today: date, company_currency: str) -> PlanKPIQuerySet:
        """Those that are no longer right although no record changed: see `PlanKPI.is_outdated`."""
        return self.filter(models.Q(valid_until__lt=today) | ~models.Q(company_currency=company_currency))

    def update(self, **kwargs: Any) -> int:
        raise TypeError("Plan KPIs are written by the rollup only.")

    def delete(self) -> tuple[int, dict[str, int]]:
        raise TypeError("Plan KPIs are written by the rollup only.")


class PlanNumbers(models.Model):
    """The KPIs of a plan (domain.md, KPIs) at some time. Sums in plan currency, and again in company currency."""

    currency = CurrencyField()
    basis = models.CharField(max_length=20, choices=RevenueBasis.choices)
    sales_target = MoneyTotalField(null=True)
    won_revenue = MoneyTotalField()
    pipeline = MoneyTotalField()
    weighted_pipeline = MoneyTotalField()
    total_expected_revenue = MoneyTotalField()
    forecast_target_variance = MoneyTotalField(null=True)
    won_count = models.PositiveIntegerField()
    open_count = models.PositiveIntegerField()
    lost_count = models.PositiveIntegerField()
    slipped_count = models.PositiveIntegerField()
    not_converted_count = models.PositiveIntegerField()
    company_currency = CurrencyField()
    company_sales_target = MoneyTotalField(null=True)
    company_won_revenue = MoneyTotalField()
    company_pipeline = MoneyTotalField()
    company_weighted_pipeline = MoneyTotalField()
    company_total_expected_revenue = MoneyTotalField()
    company_forecast_target_variance = MoneyTotalField(null=True)
    company_not_converted_count = models.PositiveIntegerField()
    computed_at = models.DateTimeField()

    class Meta:
        abstract = True

    @property
    def remaining_target(self) -> Decimal | None:
        return policies.remaining_target(sales_target=self.sales_target, won_revenue=self.won_revenue)

    @property
    def coverage_ratio(self) -> Decimal | None:
        return policies.coverage_ratio(
            sales_target=self.sales_target, won_revenue=self.won_revenue, pipeline=self.pipeline
        )

    @property
    def percent(self) -> dict[str, Decimal | None]:
        return {
            name: policies.percent_of(getattr(self, name), self.sales_target)
            for name in policies.PERCENT_KPIS
        }

    @property
    def as_of(self) -> datetime:
        """When these were the numbers."""
        return self.computed_at


class PlanKPI(PlanNumbers):
    """The KPIs of one plan as they stand.

    Without foreign-key constraint: triggers remove the row with its plan, also after raw SQL.
    """

    plan = models.OneToOneField(
        Plan, models.DO_NOTHING, primary_key=True, related_name="kpi", db_constraint=False
    )
    valid_until = models.DateField(
        null=True,
        db_index=True,
        help_text=_("After this day an open opportunity slips: counts change without a write."),
    )

    objects = PlanKPIQuerySet.as_manager()
    checked_at: datetime | None = None

    @classmethod
    def unknown(cls, plan: Plan) -> PlanKPI:
        """What stands for the numbers of a plan that could never be computed: no number at all."""
        return cls(
            plan=plan,
            currency=plan.currency,
            basis=plan.revenue_basis,
            company_currency=settings.COMPANY_CURRENCY,
        )

    class Meta:
        verbose_name = _("plan KPI")
        indexes = (models.Index(fields=("company_forecast_target_variance",), name="kpi_variance"),)

    def __str__(self) -> str:
        return f"KPIs of {self.plan_id}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        raise TypeError("Plan KPIs are written by the rollup only.")

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise TypeError("Plan KPIs are written by the rollup only.")

    def is_outdated(self, *, today: date, company_currency: str) -> bool:
        """An open opportunity has slipped since, or the company counts in another currency now."""
        has_slipped = self.valid_until is not None and self.valid_until < today
        return has_slipped or self.company_currency != company_currency

    @property
    def is_known(self) -> bool:
        return self.won_revenue is not None

    @property
    def as_of(self) -> datetime:
        """When these were the numbers: when a reader made sure, else when they last changed."""
        return self.checked_at or self.computed_at


class PlanKPISnapshotQuerySet(ScopedQuerySet):
    """Seen with their plan. Read only: `metrics.history` writes with SQL of its own."""

    def filter_visible(self, user: User) -> PlanKPISnapshotQuerySet:
        return self.filter(plan__in=Plan.objects.visible_to(user).values("pk"))

    def update(self, **kwargs: Any) -> int:
        raise TypeError("The history of KPIs is written by the snapshot only.")

    def delete(self) -> tuple[int, dict[str, int]]:
        raise TypeError("The history of KPIs is written by the snapshot only.")


class PlanKPISnapshot(PlanNumbers):
    """The KPIs of a plan on one day of the company, as they were when it was last looked at that day.

    Without foreign-key constraint: a plan may be deleted by raw SQL; the next snapshot clears up.
    """

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="kpi_snapshots", db_constraint=False)
    day = models.DateField()
    stretch_target = MoneyTotalField(null=True)
    taken_at = models.DateTimeField()

    objects = PlanKPISnapshotQuerySet.as_manager()

    class Meta:
        verbose_name = _("KPI snapshot")
        ordering = ("plan", "day")
        constraints = (models.UniqueConstraint(fields=("plan", "day"), name="kpi_snapshot_once_a_day"),)

    def __str__(self) -> str:
        return f"KPIs of {self.plan_id} on {self.day}"

    @property
    def as_of(self) -> datetime:
        return self.taken_at

    def save(self, *args: Any, **kwargs: Any) -> None:
        raise TypeError("The history of KPIs is written by the snapshot only.")


class ReviewNumbersQuerySet(ScopedQuerySet):
    """Seen with their review. Written once, when it is held."""

    def filter_visible(self, user: User) -> ReviewNumbersQuerySet:
        return self.filter(review__plan__in=Plan.objects.visible_to(user).values("pk"))

    def update(self, **kwargs: Any) -> int:
        raise TypeError("The numbers of a review are frozen.")

    def delete(self) -> tuple[int, dict[str, int]]:
        raise TypeError("The numbers of a review are frozen.")


class ReviewNumbers(PlanNumbers):
    """The KPIs of a plan as they stood when a review was held."""

    review = models.OneToOneField(PlanReview, models.CASCADE, primary_key=True, related_name="numbers")
    stretch_target = MoneyTotalField(null=True)
    taken_at = models.DateTimeField()

    objects = ReviewNumbersQuerySet.as_manager()

    class Meta:
        verbose_name = _("numbers of a review")
        verbose_name_plural = _("numbers of reviews")

    def __str__(self) -> str:
        return f"KPIs of review {self.review_id}"

    @property
    def plan(self) -> Plan:
        return self.review.plan

    @property
    def as_of(self) -> datetime:
        return self.taken_at

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("The numbers of a review are frozen.")
        super().save(*args, **{**kwargs, "force_insert": True})

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise TypeError("The numbers of a review are frozen.")


class JobRunQuerySet(models.QuerySet):
    def latest_of_each(self) -> JobRunQuerySet:
        """The last run of every job."""
        latest = self.filter(name=models.OuterRef("name")).order_by("-started_at").values("pk")[:1]
        return self.filter(pk=models.Subquery(latest))


class JobRun(models.Model):
    """One period of a periodic job: claimed by whoever comes first, so that nobody does it again."""

    name = models.CharField(max_length=100)
    period = models.DateTimeField(help_text=_("When the period began."))
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=1)
    result = models.CharField(max_length=500, blank=True)
    error = models.TextField(blank=True)

    objects = JobRunQuerySet.as_manager()

    class Meta:
        ordering = ("-started_at",)
        constraints = (models.UniqueConstraint(fields=("name", "period"), name="job_run_once_a_period"),)
        indexes = (models.Index(fields=("name", "-started_at"), name="job_run_latest"),)

    def __str__(self) -> str:
        return f"{self.name} {self.period:%Y-%m-%d %H:%M}"

    @property
    def is_done(self) -> bool:
        return self.finished_at is not None and not self.error

    @property
    def seconds(self) -> float | None:
        return None if self.finished_at is None else (self.finished_at - self.started_at).total_seconds()
