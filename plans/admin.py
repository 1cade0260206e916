"""Plans in the Django admin. Confidential ones need their own permission, and every look at one is logged."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kam.core.admin import KamModelAdmin, KamTabularInline, ReadOnlyAdmin, limit_history, money_column
from plans import models, operations

STEPS = {
    "activate": gettext_lazy("Life cycle: activate"),
    "hold": gettext_lazy("Life cycle: put on hold"),
    "complete": gettext_lazy("Life cycle: complete"),
    "archive": gettext_lazy("Life cycle: archive"),
    "cancel": gettext_lazy("Life cycle: cancel"),
    "reopen": gettext_lazy("Life cycle: open again as a draft"),
}


def openly_visible(user: Any) -> QuerySet:
    """The plans a user sees without using the permission to see confidential ones."""
    taking_part = models.Plan.objects.visible_to(user).taking_part(user)
    return models.Plan.objects.visible_to(user).filter(
        Q(is_confidential=False) | Q(pk__in=taking_part.values("pk"))
    )


# Lists over many plans (the log, KPIs, objectives) are no place to look at confidential ones.
limit_history("plans", openly_visible)


@admin.register(models.MedicalInsight)
class MedicalInsightAdmin(KamModelAdmin):
    list_display = ("__str__", "topic", "account", "contact", "product", "author", "date")
    list_filter = ("topic", "author")
    list_select_related = ("topic", "account", "contact", "product", "author")
    date_hierarchy = "date"
    search_fields = ("text", "account__name", "contact__name")
    autocomplete_fields = ("topic", "account", "contact", "product", "author")
    fields = ("topic", "text", "date", "account", "contact", "product", "territory_business_plan", "author")


class StrategyInline(KamTabularInline):
    model = models.Strategy
    fields = ("name", "order")
    show_change_link = True


class ObjectiveInline(KamTabularInline):
    model = models.Objective
    fields = ("name", "strategy", "owner", "status", "target_date")
    autocomplete_fields = ("strategy", "owner")
    show_change_link = True

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).select_related("strategy", "owner", "plan")


class ParticipantInline(KamTabularInline):
    model = models.AccountPlanParticipant
    fields = ("user", "role", "access")
    autocomplete_fields = ("user",)

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).select_related("user")


class ConfidentialFilter(admin.SimpleListFilter):
    """Confidential plans come into the list only when somebody asks for them, and that is logged."""

    title = gettext_lazy("confidential")
    parameter_name = "confidential"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", _("Confidential only"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if self.value() == "yes":
            return queryset.filter(is_confidential=True)
        return queryset.filter(pk__in=openly_visible(request.user).values("pk"))


class PlanAdmin(KamModelAdmin):
    """What the two kinds of plans share; `subject_fields` are what a plan is for."""

    subject_fields: tuple[str, ...] = ()
    date_hierarchy = "start_date"
    inlines = (StrategyInline, ObjectiveInline, ParticipantInline)
    readonly_fields = ("status", "copied_from", "custom_values")
    shown_target = money_column("sales_target")
    fieldsets = (
        (
            None,
            {"fields": ("name", "plan_type", "owner", "status", "is_confidential")},
        ),
        (
            gettext_lazy("Numbers"),
            {
                "fields": (
                    "start_date",
                    "end_date",
                    "currency",
                    "sales_target",
                    "stretch_target",
                    "target_from_lines",
                    "revenue_basis",
                    "review_frequency",
                )
            },
        ),
        (
            gettext_lazy("Texts"),
            {
                "fields": (
                    "vision",
                    "goals",
                    "customer_goals",
                    "business_overview",
                    "short_term_plan",
                    "support_required",
                    "risks",
                    "competitors",
                    "custom_values",
                ),
                "classes": ("collapse",),
            },
        ),
    )

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        sets = super().get_fieldsets(request, obj)
        sets[0][1]["fields"][1:1] = self.subject_fields
        return sets

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        plan = super().get_object(request, object_id, from_field)
        if plan is not None:
            operations.log_confidential_look(plan=plan, user=request.user)
        return plan

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        operations.save_plan(obj)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        response = super().changelist_view(request, extra_context)
        shown = getattr(response, "context_data", None) or {}
        if "cl" in shown:
            for plan in shown["cl"].result_list:
                operations.log_confidential_look(plan=plan, user=request.user)
        return response

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Delete, and the steps of the life cycle."""
        actions = super().get_actions(request)
        if actions and self.has_change_permission(request):
            actions |= {name: (_step(name), name, label) for name, label in STEPS.items()}
        return actions


@admin.register(models.AccountPlan)
class AccountPlanAdmin(PlanAdmin):
    subject_fields = ("account", "include_child_accounts", "parent_plan")
    list_display = (
        *("name", "account", "plan_type", "owner", "status", "start_date", "end_date", "shown_target"),
    )
    list_filter = ("status", "plan_type", "revenue_basis", ConfidentialFilter, "account__territory")
    list_select_related = ("account", "plan_type", "owner")
    search_fields = ("name", "account__name")
    autocomplete_fields = ("account", "plan_type", "owner", "parent_plan")


@admin.register(models.TerritoryBusinessPlan)
class TerritoryBusinessPlanAdmin(PlanAdmin):
    subject_fields = ("territory",)
    list_display = (
        *("name", "territory", "plan_type", "owner", "status", "start_date", "end_date", "shown_target"),
    )
    list_filter = ("status", "plan_type", "revenue_basis", ConfidentialFilter, "territory")
    list_select_related = ("territory", "plan_type", "owner")
    search_fields = ("name", "territory__name")
    autocomplete_fields = ("territory", "plan_type", "owner")


@admin.register(models.Plan)
class AnyPlanAdmin(ReadOnlyAdmin):
    """Both kinds, where a part of a plan names its plan; it is changed on the page of its kind."""

    list_display = ("name", "subject", "owner", "status")
    list_select_related = ("account", "territory", "owner")
    search_fields = ("name",)
    fields = ("name", "account", "territory", "owner", "status", "changed_at")
    readonly_fields = ("changed_at",)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return False

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        plan = super().get_object(request, object_id, from_field)
        if plan is not None:
            operations.log_confidential_look(plan=plan, user=request.user)
        return plan

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        rows, may_repeat = super().get_search_results(request, queryset, search_term)
        return rows.filter(pk__in=openly_visible(request.user).values("pk")), may_repeat

    @admin.display(description=gettext_lazy("changed at"))
    def changed_at(self, plan: models.Plan) -> SafeString:
        address = reverse(f"admin:plans_{plan._meta.model_name}_change", args=[plan.pk])
        return format_html('<a href="{}">{}</a>', address, plan._meta.verbose_name)


def _step(name: str) -> Any:
    def take(model_admin: Any, request: HttpRequest, queryset: QuerySet) -> None:
        for plan in queryset:
            try:
                operations.change_plan_status(plan=plan, action=name)
            except operations.TransitionNotAllowedError as error:
                messages.error(request, f"{plan}: {error}")
            else:
                messages.success(request, _("“%(plan)s” is changed.") % {"plan": plan})

    return take


class PlanPartAdmin(KamModelAdmin):
    """A part of a plan, reached from the plan's page. `plan_path` leads to the plan."""

    plan_path = "plan"

    def has_module_permission(self, request: HttpRequest) -> bool:
        return False

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        part = super().get_object(request, object_id, from_field)
        if part is not None:
            operations.log_confidential_look(plan=part.plan, user=request.user)
        return part

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        rows, may_repeat = super().get_search_results(request, queryset, search_term)
        return rows.filter(**{f"{self.plan_path}__in": openly_visible(request.user).values("pk")}), may_repeat


@admin.register(models.AccountPlanProduct)
class AccountPlanProductAdmin(PlanPartAdmin):
    list_display = ("__str__", "plan", "order")
    list_select_related = ("plan", "product", "category")
    search_fields = ("product__name", "category__name", "plan__name")
    autocomplete_fields = ("plan", "product", "category")
    fields = (
        *("plan", "product", "category", "last_year_actual", "target", "stretch", "strategy_note", "order"),
    )


@admin.register(models.RelatedObjectAnalysis)
class RelatedObjectAnalysisAdmin(PlanPartAdmin):
    list_display = ("__str__", "plan", "factor", "impact", "likelihood", "owner")
    list_filter = ("factor", "impact", "likelihood")
    list_select_related = ("plan", "owner")
    search_fields = ("text", "plan__name")
    autocomplete_fields = ("plan", "product", "owner", "objectives")
    fields = (*("plan", "product", "factor", "text", "impact", "likelihood", "owner", "objectives", "order"),)


@admin.register(models.Strategy)
class StrategyAdmin(PlanPartAdmin):
    list_display = ("name", "plan", "order")
    list_select_related = ("plan",)
    search_fields = ("name", "plan__name")
    autocomplete_fields = ("plan",)
    fields = ("plan", "name", "description", "order")


@admin.register(models.Objective)
class ObjectiveAdmin(PlanPartAdmin):
    list_display = ("name", "plan", "owner", "status", "weight", "target_date")
    list_filter = ("status", "measure_kind")
    list_select_related = ("plan", "owner")
    search_fields = ("name", "plan__name")
    autocomplete_fields = ("plan", "strategy", "owner")
    fieldsets = (
        (None, {"fields": ("plan", "strategy", "name", "approach", "owner", "status", "weight", "order")}),
        (gettext_lazy("Period"), {"fields": ("start_date", "target_date")}),
        (
            gettext_lazy("Measure"),
            {
                "fields": (
                    "measure_kind",
                    "unit",
                    "baseline",
                    "current",
                    "target",
                    "stretch",
                    "progress_mode",
                    "manual_progress",
                )
            },
        ),
        (gettext_lazy("Comments"), {"fields": ("owner_comments", "manager_comments", "lessons_learned")}),
    )


class ActionPlanItemInline(KamTabularInline):
    model = models.ActionPlanItem
    fields = ("order", "is_required", "weight", "prerequisite")
    autocomplete_fields = ("prerequisite",)
    show_change_link = True

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        rows = super().get_queryset(request)
        return rows.select_related("action_plan__objective", "task", "prerequisite__task")


@admin.register(models.ActionPlan)
class ActionPlanAdmin(PlanPartAdmin):
    list_display = ("name", "objective", "owner", "status", "start_date", "due_date")
    list_filter = ("status",)
    list_select_related = ("objective", "owner")
    search_fields = ("name", "objective__name", "objective__plan__name")
    autocomplete_fields = ("objective", "owner")
    readonly_fields = ("template_version",)
    inlines = (ActionPlanItemInline,)
    plan_path = "objective__plan"
    fields = (
        *("objective", "template_version", "name", "owner", "start_date", "due_date", "status"),
        *("weight", "order"),
    )


@admin.register(models.ActionPlanItem)
class ActionPlanItemAdmin(PlanPartAdmin):
    list_display = ("__str__", "action_plan", "order", "is_required", "weight")
    list_select_related = ("action_plan", "task")
    search_fields = ("task__name", "action_plan__name")
    autocomplete_fields = ("action_plan", "prerequisite")
    readonly_fields = ("template_item",)
    plan_path = "action_plan__objective__plan"
    fields = ("action_plan", "template_item", "order", "is_required", "weight", "prerequisite")


@admin.register(models.AssessmentTask)
class AssessmentTaskAdmin(PlanPartAdmin):
    """A task's status follows its steps: they are taken on the plan's pages and in the API."""

    list_display = ("name", "item", "assignee", "kind", "status", "due_date")
    list_filter = ("status", "kind", "priority")
    list_select_related = ("item__action_plan__objective__plan", "item__task", "assignee")
    search_fields = ("name", "item__action_plan__name")
    autocomplete_fields = ("item", "assignee", "activity_type")
    readonly_fields = ("status", "completed_at")
    plan_path = "item__action_plan__objective__plan"
    fields = (
        *("item", "name", "kind", "instructions", "assignee", "start_date", "due_date", "priority", "status"),
        *("target_quantity", "quantity_done", "activity_type", "completed_at", "notes", "evidence_links"),
    )


@admin.register(models.TaskActivity)
class TaskActivityAdmin(ReadOnlyAdmin):
    """Calls that were logged for tasks; made and taken back with the tasks."""

    list_display = ("task", "activity", "has_closed_task", "created_at")
    list_select_related = ("task", "activity")
    search_fields = ("task__name",)

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        plans = openly_visible(request.user).values("pk")
        return super().get_queryset(request).filter(task__item__action_plan__objective__plan__in=plans)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return False


@admin.register(models.PlanPin)
class PlanPinAdmin(ReadOnlyAdmin):
    """Records that were put in or left out by hand; made and taken back where the records are seen."""

    list_display = ("__str__", "plan", "reason", "created_by", "created_at")
    list_select_related = ("plan", "created_by")
    search_fields = ("plan__name", "reason")

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        plans = openly_visible(request.user).values("pk")
        return super().get_queryset(request).filter(plan__in=plans)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return False


@admin.register(models.PlanReview)
class PlanReviewAdmin(PlanPartAdmin):
    """Held on pages and over the API: there the numbers are frozen with it."""

    list_display = ("__str__", "plan", "due_date", "status", "rating")
    list_filter = ("status", "rating")
    list_select_related = ("plan",)
    search_fields = ("plan__name",)
    autocomplete_fields = ("plan", "attendees")
    readonly_fields = ("status", "is_scheduled", "held_on")
    fields = (
        *("plan", "due_date", "is_scheduled", "status", "held_on", "attendees", "customer_attendees"),
        *("agenda", "minutes", "decisions", "rating"),
    )

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and (obj is None or obj.is_removable)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions


@admin.register(models.TargetLine)
class TargetLineAdmin(PlanPartAdmin):
    """What is to be sold of what, and when; growth over last year is on the plan's page."""

    list_display = ("__str__", "plan", "shown_target", "shown_stretch")
    list_filter = ("year", "period")
    list_select_related = ("plan", "category")
    search_fields = ("plan__name", "category__name")
    autocomplete_fields = ("plan", "category")
    shown_target = money_column("target", currency="plan.currency")
    shown_stretch = money_column("stretch", currency="plan.currency")
    fields = ("plan", "category", "year", "period", "number", "last_year_entered", "target", "stretch")


# --- Promises: kept on the ledger of their plan -------------------------------------------------
@admin.register(models.Commitment)
class CommitmentAdmin(PlanPartAdmin):
    list_display = ("activity_type", "quantity", "plan", "owner", "due_date", "is_external")
    list_filter = ("activity_type", "is_external")
    list_select_related = ("plan", "activity_type", "owner")
    search_fields = ("activity_type__name", "plan__name")
    autocomplete_fields = ("plan", "activity_type", "owner")
    fields = (
        "plan",
        "activity_type",
        "quantity",
        "due_date",
        "owner",
        "description",
        "notes",
        "is_external",
    )

    def has_module_permission(self, request: HttpRequest) -> bool:
        return False


@admin.register(models.PlanEvent)
class PlanEventAdmin(PlanPartAdmin):
    list_display = ("name", "kind", "date", "place", "plan", "owner", "is_external")
    list_filter = ("kind", "is_external")
    list_select_related = ("plan", "kind", "owner")
    search_fields = ("name", "plan__name")
    autocomplete_fields = ("plan", "owner")
    fields = ("plan", "name", "kind", "date", "end_date", "place", "owner", "notes", "is_external")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return False


class CoopExpenseInline(KamTabularInline):
    model = models.CoopExpense
    fields = ("name", "kind", "date", "amount", "status", "evidence", "is_external")

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).select_related("kind", "fund__plan")


@admin.register(models.CoopFund)
class CoopFundAdmin(PlanPartAdmin):
    list_display = ("name", "plan", "shown_amount", "is_external")
    list_filter = ("is_external",)
    list_select_related = ("plan",)
    search_fields = ("name", "plan__name")
    autocomplete_fields = ("plan",)
    fields = ("plan", "name", "amount", "terms", "is_external")
    inlines = (CoopExpenseInline,)
    shown_amount = money_column("amount", currency="plan.currency")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return False


class RebateTierInline(KamTabularInline):
    model = models.RebateTier
    fields = ("threshold", "percent")

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).select_related("program__plan")


@admin.register(models.RebateProgram)
class RebateProgramAdmin(PlanPartAdmin):
    list_display = ("name", "plan", "start_date", "end_date", "is_external")
    list_filter = ("is_external",)
    list_select_related = ("plan",)
    search_fields = ("name", "plan__name")
    autocomplete_fields = ("plan",)
    fields = ("plan", "name", "start_date", "end_date", "terms", "is_external")
    inlines = (RebateTierInline,)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return False
