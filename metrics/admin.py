from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kam.core.admin import KamTabularInline, ReadOnlyAdmin, limit_history, money_column
from metrics.models import BuildingBlock, PlanKPI, PlanKPISnapshot, ReviewNumbers, Scenario, ScenarioChange
from metrics.operations import is_lagging
from plans.admin import PlanPartAdmin, openly_visible


@admin.register(PlanKPI)
class PlanKPIAdmin(ReadOnlyAdmin):
    """What the rollup stored, for looking things up; confidential plans are not among it."""

    list_display = (
        "plan_page",
        "owner",
        "shown_target",
        "shown_won",
        "shown_expected",
        "shown_variance",
        "slipped_count",
        "not_converted_count",
        "computed_at",
    )
    list_display_links = ("owner",)
    list_filter = ("basis", "plan__status")
    list_select_related = ("plan__owner",)
    search_fields = ("plan__name", "plan__account__name")
    ordering = ("plan__name",)
    shown_target = money_column("sales_target")
    shown_won = money_column("won_revenue")
    shown_pipeline = money_column("pipeline")
    shown_weighted = money_column("weighted_pipeline")
    shown_expected = money_column("total_expected_revenue")
    shown_variance = money_column("forecast_target_variance")
    company_won = money_column("company_won_revenue", currency="company_currency")
    company_expected = money_column("company_total_expected_revenue", currency="company_currency")
    readonly_fields = (
        "plan_page",
        "owner",
        "shown_target",
        "shown_won",
        "shown_pipeline",
        "shown_weighted",
        "shown_expected",
        "shown_variance",
        "company_won",
        "company_expected",
    )
    fields = (
        "plan_page",
        "owner",
        "basis",
        "shown_target",
        "shown_won",
        "shown_pipeline",
        "shown_weighted",
        "shown_expected",
        "shown_variance",
        "company_won",
        "company_expected",
        "won_count",
        "open_count",
        "lost_count",
        "slipped_count",
        "not_converted_count",
        "valid_until",
        "computed_at",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        plans = openly_visible(request.user).values("pk")
        return (
            PlanKPI.objects.visible_to(request.user)
            .filter(plan__in=plans)
            .select_related("plan__owner")
            .order_by("plan__name")
        )

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        if is_lagging():
            messages.info(request, _("Some numbers are being brought up to date and may lag by seconds."))
        return super().changelist_view(request, extra_context)

    def get_view_on_site_url(self, obj: Any = None) -> str | None:
        return obj.plan.get_absolute_url() if obj is not None else None

    @admin.display(description=gettext_lazy("plan"), ordering="plan__name")
    def plan_page(self, kpi: PlanKPI) -> SafeString:
        return format_html('<a href="{}">{}</a>', kpi.plan.get_absolute_url(), kpi.plan)

    @admin.display(description=gettext_lazy("owner"), ordering="plan__owner")
    def owner(self, kpi: PlanKPI) -> str:
        return str(kpi.plan.owner)


@admin.register(PlanKPISnapshot)
class PlanKPISnapshotAdmin(ReadOnlyAdmin):
    """The numbers of past days, for looking things up; those of confidential plans are not among them."""

    list_display = (
        "day",
        "plan",
        "shown_target",
        "shown_won",
        "shown_pipeline",
        "shown_expected",
        "taken_at",
    )
    list_select_related = ("plan",)
    search_fields = ("plan__name", "plan__account__name")
    date_hierarchy = "day"
    ordering = ("-day", "plan__name")
    shown_target = money_column("sales_target")
    shown_won = money_column("won_revenue")
    shown_pipeline = money_column("pipeline")
    shown_weighted = money_column("weighted_pipeline")
    shown_expected = money_column("total_expected_revenue")
    readonly_fields = ("shown_target", "shown_won", "shown_pipeline", "shown_weighted", "shown_expected")
    fields = ("plan", "day", *readonly_fields, "basis", "won_count", "open_count", "lost_count", "taken_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        rows = PlanKPISnapshot.objects.visible_to(request.user)
        return rows.filter(plan__in=openly_visible(request.user).values("pk")).select_related("plan")


@admin.register(ReviewNumbers)
class ReviewNumbersAdmin(ReadOnlyAdmin):
    """The numbers as reviews froze them; those of confidential plans are not among them."""

    list_display = ("review", "taken_at")
    list_select_related = ("review__plan",)
    search_fields = ("review__plan__name",)
    shown_target = money_column("sales_target")
    shown_won = money_column("won_revenue")
    shown_pipeline = money_column("pipeline")
    shown_expected = money_column("total_expected_revenue")
    readonly_fields = ("shown_target", "shown_won", "shown_pipeline", "shown_expected")
    fields = ("review", *readonly_fields, "basis", "won_count", "open_count", "lost_count", "taken_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        rows = ReviewNumbers.objects.visible_to(request.user)
        return rows.filter(review__plan__in=openly_visible(request.user).values("pk"))

    def has_module_permission(self, request: HttpRequest) -> bool:
        return False


# --- Scenarios: one's own and shared ones --------------------------------------------------------
def scenarios_in_the_log(user: Any) -> QuerySet:
    """Those whose entries an administrator may read: none of what others keep to themselves."""
    plans = openly_visible(user).values("pk")
    return Scenario.objects.visible_to(user).filter(plan__in=plans)


limit_history("metrics", scenarios_in_the_log)


class ScenarioChangeInline(KamTabularInline):
    model = ScenarioChange
    fields = ("opportunity", "date", "amount", "probability", "outcome")
    autocomplete_fields = ("opportunity",)

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).select_related("opportunity", "scenario")


class BuildingBlockInline(KamTabularInline):
    model = BuildingBlock
    fields = ("name", "amount", "date", "probability", "product_category")
    autocomplete_fields = ("product_category",)

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).select_related("product_category", "scenario__plan")


@admin.register(Scenario)
class ScenarioAdmin(PlanPartAdmin):
    """What comes of it is on its page."""

    list_display = ("name", "plan", "owner", "is_shared", "updated_at")
    list_filter = ("is_shared",)
    list_select_related = ("plan", "owner")
    search_fields = ("name", "plan__name")
    autocomplete_fields = ("plan", "owner")
    fields = ("plan", "name", "note", "owner", "is_shared")
    inlines = (ScenarioChangeInline, BuildingBlockInline)
