"""What a CRM owns, in the Django admin."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from crm import models, operations
from kam.core.admin import KamModelAdmin, KamTabularInline, money_column


class OrderedAdmin(KamModelAdmin):
    """A list in an order that people choose."""

    actions = ("move_up", "move_down")

    @admin.action(description=_("Move up"), permissions=["change"])
    def move_up(self, request: HttpRequest, queryset: QuerySet) -> None:
        operations.move_in_list(rows=list(queryset), step=-1)

    @admin.action(description=_("Move down"), permissions=["change"])
    def move_down(self, request: HttpRequest, queryset: QuerySet) -> None:
        operations.move_in_list(rows=list(queryset), step=1)


# --- Territories ----------------------------------------------------------------------------
class MembershipInline(KamTabularInline):
    model = models.TerritoryMembership
    fields = ("user", "role")
    autocomplete_fields = ("user",)
    ordering = ("user__first_name", "user__last_name")

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).select_related("user")


@admin.register(models.Territory)
class TerritoryAdmin(KamModelAdmin):
    list_display = ("name", "code", "parent")
    list_select_related = ("parent",)
    search_fields = ("name", "code")
    autocomplete_fields = ("parent",)
    fields = ("name", "code", "parent")
    inlines = (MembershipInline,)


# --- Accounts and the people there ------------------------------------------------------------
@admin.register(models.Account)
class AccountAdmin(KamModelAdmin):
    list_display = ("name", "territory", "owner", "account_type", "current_segment", "currency", "parent")
    list_filter = (
        "territory",
        "account_type",
        "industry",
        "current_segment",
        "target_segment",
        "call_frequency",
    )
    list_select_related = ("territory", "owner", "account_type", "current_segment", "parent")
    search_fields = ("name", "external_id")
    autocomplete_fields = (
        "parent",
        "territory",
        "owner",
        "industry",
        "account_type",
        "current_segment",
        "target_segment",
    )
    fieldsets = (
        (None, {"fields": ("name", "parent", "territory", "owner", "currency")}),
        (
            _("What it is"),
            {"fields": ("industry", "account_type", "current_segment", "target_segment", "call_frequency")},
        ),
        (_("Details"), {"fields": ("website", "address", "business_overview")}),
    )


@admin.register(models.Contact)
class ContactAdmin(KamModelAdmin):
    list_display = ("name", "account", "job_title", "department", "email", "phone")
    list_select_related = ("account",)
    search_fields = ("name", "email", "account__name", "external_id")
    autocomplete_fields = ("account", "reports_to")
    fields = ("account", "name", "job_title", "department", "specialty", "email", "phone", "reports_to")


# --- What everybody shares ----------------------------------------------------------------------
@admin.register(models.PickListValue)
class PickListValueAdmin(OrderedAdmin):
    list_display = ("name", "pick_list", "meaning", "is_retired")
    list_filter = ("pick_list", "is_retired")
    search_fields = ("name",)
    actions = (*OrderedAdmin.actions, "retire", "offer")
    fields = ("pick_list", "name", "meaning", "order", "is_retired")

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """Retired values are not offered anew."""
        rows, may_repeat = super().get_search_results(request, queryset, search_term)
        is_choosing = request.resolver_match and request.resolver_match.url_name == "autocomplete"
        return (rows.filter(is_retired=False) if is_choosing else rows), may_repeat

    @admin.action(description=_("Retire: old records keep it, nobody can choose it"), permissions=["change"])
    def retire(self, request: HttpRequest, queryset: QuerySet) -> None:
        queryset.update(is_retired=True)

    @admin.action(description=_("Offer again"), permissions=["change"])
    def offer(self, request: HttpRequest, queryset: QuerySet) -> None:
        queryset.update(is_retired=False)


@admin.register(models.ProductCategory)
class ProductCategoryAdmin(KamModelAdmin):
    list_display = ("name", "code", "parent")
    list_select_related = ("parent",)
    search_fields = ("name", "code")
    autocomplete_fields = ("parent",)
    fields = ("name", "code", "parent")


@admin.register(models.Product)
class ProductAdmin(KamModelAdmin):
    list_display = ("name", "code", "category", "is_active", "is_competitor")
    list_filter = ("is_active", "is_competitor", "category")
    list_select_related = ("category",)
    search_fields = ("name", "code", "category__name")
    autocomplete_fields = ("category",)
    fields = ("code", "name", "category", "is_active", "is_competitor")


@admin.register(models.Stage)
class StageAdmin(OrderedAdmin):
    list_display = ("name", "default_probability", "is_closed", "is_won", "forecast_category")
    list_filter = ("is_closed", "is_won")
    search_fields = ("name",)
    fields = ("name", "order", "default_probability", "is_closed", "is_won", "forecast_category")


@admin.register(models.ExchangeRate)
class ExchangeRateAdmin(KamModelAdmin):
    list_display = ("currency", "valid_from", "rate")
    list_filter = ("currency",)
    search_fields = ("currency",)
    date_hierarchy = "valid_from"
    fields = ("currency", "valid_from", "rate")


@admin.register(models.ActivityType)
class ActivityTypeAdmin(KamModelAdmin):
    list_display = ("name", "counts_for_cadence", "counts_as_commitment")
    list_filter = ("counts_for_cadence", "counts_as_commitment")
    search_fields = ("name",)
    fields = ("name", "counts_for_cadence", "counts_as_commitment")


# --- Sales --------------------------------------------------------------------------------------
class LineInline(KamTabularInline):
    model = models.OpportunityLine
    fields = ("product", "quantity", "unit_price", "amount")
    autocomplete_fields = ("product",)
    show_change_link = True

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).select_related("product", "opportunity")


@admin.register(models.Opportunity)
class OpportunityAdmin(KamModelAdmin):
    list_display = ("name", "account", "stage", "shown_amount", "probability", "close_date", "owner")
    list_filter = ("stage", "stage__is_closed", "close_date")
    list_select_related = ("account", "stage", "owner")
    search_fields = ("name", "account__name", "external_id")
    autocomplete_fields = ("account", "stage", "owner", "contacts")
    date_hierarchy = "close_date"
    ordering = ("-close_date", "id")
    inlines = (LineInline,)
    shown_amount = money_column("amount")
    fields = (
        "account",
        "name",
        "stage",
        "amount",
        "currency",
        "probability",
        "close_date",
        "owner",
        "contacts",
        "next_step",
    )


class ScheduleInline(KamTabularInline):
    model = models.RevenueSchedule
    fields = ("date", "amount")

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).select_related("line__opportunity", "line__product")


@admin.register(models.OpportunityLine)
class OpportunityLineAdmin(KamModelAdmin):
    """Reached from the opportunity: a line with its revenue schedule."""

    list_display = ("__str__", "opportunity", "shown_amount")
    list_select_related = ("opportunity", "product")
    search_fields = ("opportunity__name", "product__name")
    autocomplete_fields = ("opportunity", "product")
    inlines = (ScheduleInline,)
    shown_amount = money_column("amount", currency="opportunity.currency")
    fields = ("opportunity", "product", "quantity", "unit_price", "amount")

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).select_related("opportunity", "product")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return False


@admin.register(models.Order)
class OrderAdmin(KamModelAdmin):
    list_display = ("document_number", "account", "date", "product", "quantity", "shown_amount")
    list_filter = ("date", "product__category")
    list_select_related = ("account", "product")
    search_fields = ("document_number", "account__name", "external_id")
    autocomplete_fields = ("account", "product")
    shown_amount = money_column("amount")
    fields = ("account", "date", "product", "quantity", "amount", "currency", "document_number")


@admin.register(models.Activity)
class ActivityAdmin(KamModelAdmin):
    list_display = ("subject", "type", "account", "status", "planned_for", "done_on", "owner")
    list_filter = ("status", "type", "planned_for", "done_on")
    list_select_related = ("type", "account", "owner")
    search_fields = ("subject", "account__name", "external_id")
    autocomplete_fields = ("type", "account", "owner", "contacts", "participants")
    fields = (
        "type",
        "account",
        "subject",
        "status",
        "planned_for",
        "done_on",
        "owner",
        "contacts",
        "participants",
        "quantity",
        "notes",
        "next_step",
    )
