from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from kam.core.admin import KamModelAdmin, KamTabularInline
from kam.core.admin.forms import KamAdminForm
from templates_app import operations, uses
from templates_app.enums import PlanSection
from templates_app.models import (
    ActionPlanTemplate,
    ActionPlanTemplateItem,
    ActionPlanTemplateVersion,
    CustomField,
    GoalDefinition,
    GoalDefinitionTemplate,
    PlanType,
    PlanTypeGoal,
)


class CustomFieldInline(KamTabularInline):
    """Changed on the field's own page; here is the overview."""

    model = CustomField
    fields = ("order", "label", "key", "kind", "is_required", "is_retired")
    readonly_fields = ("label", "key", "kind", "is_required", "is_retired")
    can_delete = False
    show_change_link = True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class PlanTypeGoalInline(KamTabularInline):
    model = PlanTypeGoal
    fields = ("order", "goal_definition")
    autocomplete_fields = ("goal_definition",)

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).select_related("goal_definition")


class PlanTypeAdminForm(KamAdminForm):
    """Sections are ticked here and put in order on the plan type's own page."""

    sections = forms.MultipleChoiceField(
        choices=PlanSection.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Their order is set on the page of the plan type (“View on site”)."),
    )

    def clean_sections(self) -> list[str]:
        """Those that stay keep their places; new ones come last."""
        chosen = self.cleaned_data["sections"]
        kept = [key for key in self.instance.sections if key in chosen]
        return [*kept, *(key for key in PlanSection.values if key in chosen and key not in kept)]


@admin.register(PlanType)
class PlanTypeAdmin(KamModelAdmin):
    list_display = ("name", "default_revenue_basis", "default_review_frequency", "is_retired")
    list_filter = ("is_retired", "default_revenue_basis")
    search_fields = ("name",)
    actions = ("retire", "offer")
    form = PlanTypeAdminForm
    autocomplete_fields = ("expected_roles",)
    fields = (
        "name",
        "plural_name",
        "description",
        "sections",
        "default_revenue_basis",
        "default_review_frequency",
        "expected_roles",
        "is_retired",
    )
    inlines = (CustomFieldInline, PlanTypeGoalInline)

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """Retired types are not offered anew."""
        rows, may_repeat = super().get_search_results(request, queryset, search_term)
        is_choosing = request.resolver_match and request.resolver_match.url_name == "autocomplete"
        return (rows.filter(is_retired=False) if is_choosing else rows), may_repeat

    @admin.action(description=_("Retire: old plans keep it, nobody can choose it"), permissions=["change"])
    def retire(self, request: HttpRequest, queryset: QuerySet) -> None:
        queryset.update(is_retired=True)

    @admin.action(description=_("Offer again"), permissions=["change"])
    def offer(self, request: HttpRequest, queryset: QuerySet) -> None:
        queryset.update(is_retired=False)


@admin.register(CustomField)
class CustomFieldAdmin(KamModelAdmin):
    list_display = ("label", "key", "plan_type", "kind", "is_required", "is_retired", "order")
    list_filter = ("kind", "is_retired", "plan_type")
    list_select_related = ("plan_type",)
    search_fields = ("label", "key")
    fields = (
        "plan_type",
        "label",
        "key",
        "kind",
        "choices",
        "help_text",
        "is_required",
        "order",
        "is_retired",
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        fixed = ["plan_type", "key", "kind"] if obj else []
        return [*super().get_readonly_fields(request, obj), *fixed]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """One that plans have values of is retired instead."""
        return super().has_delete_permission(request, obj) and (obj is None or not uses.uses_of(obj))


# --- The template library -------------------------------------------------------------------
class GoalTemplateInline(KamTabularInline):
    model = GoalDefinitionTemplate
    fields = ("order", "template")
    autocomplete_fields = ("template",)


@admin.register(GoalDefinition)
class GoalDefinitionAdmin(KamModelAdmin):
    list_display = ("name", "category", "applies_to", "measure_kind", "status")
    list_filter = ("status", "applies_to", "measure_kind", "category")
    list_select_related = ("category",)
    search_fields = ("name", "description")
    fields = (
        "name",
        "description",
        "category",
        "applies_to",
        "measure_kind",
        "default_target",
        "unit",
        "default_weight",
        "status",
    )
    inlines = (GoalTemplateInline,)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """One that is in use is retired instead."""
        return super().has_delete_permission(request, obj) and (obj is None or not uses.uses_of(obj))


@admin.register(ActionPlanTemplate)
class ActionPlanTemplateAdmin(KamModelAdmin):
    """Name and description. What is to be done stands in the versions."""

    list_display = ("name", "category", "updated_at")
    list_filter = ("category",)
    list_select_related = ("category",)
    search_fields = ("name", "description")
    fields = ("name", "description", "category", "copied_from")
    readonly_fields = ("copied_from",)
    actions = ("make_draft",)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
        else:
            operations.create_template(obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """One of which a version was published stays."""
        may_delete = super().has_delete_permission(request, obj)
        return may_delete and (obj is None or not obj.versions.all().fixed().exists())

    @admin.action(description=_("Make the next version"), permissions=["change"])
    def make_draft(self, request: HttpRequest, queryset: QuerySet) -> None:
        for template in queryset:
            try:
                messages.success(request, str(operations.new_draft(template)))
            except operations.DraftExists as error:
                messages.error(request, f"{template}: {error}")


class ItemInline(KamTabularInline):
    """Editable while the version is a draft."""

    model = ActionPlanTemplateItem
    fields = (
        "order",
        "name",
        "kind",
        "activity_type",
        "start_offset",
        "due_offset",
        "assignee_role",
        "priority",
        "is_required",
        "weight",
        "target_quantity",
        "prerequisite",
        "instructions",
    )

    readonly_fields = ("prerequisite",)  # chosen on the item's own page, among those of its version
    autocomplete_fields = ("activity_type",)
    show_change_link = True

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return (
            super().get_queryset(request).select_related("prerequisite", "activity_type", "template_version")
        )

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_add_permission(request, obj) and obj is not None and obj.is_draft

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or obj.is_draft)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and (obj is None or obj.is_draft)


@admin.register(ActionPlanTemplateVersion)
class VersionAdmin(KamModelAdmin):
    """New ones are made from the template; a published one is only looked at, and retired."""

    list_display = ("template", "number", "status", "published_at", "published_by")
    list_filter = ("status",)
    list_select_related = ("template", "published_by")
    search_fields = ("template__name",)
    fields = ("template", "number", "status", "published_at", "published_by")
    readonly_fields = fields
    inlines = (ItemInline,)
    actions = ("publish", "retire")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or obj.is_draft)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and (obj is None or obj.is_draft)

    @admin.action(description=_("Publish: new plans are made from it"), permissions=["change"])
    def publish(self, request: HttpRequest, queryset: QuerySet) -> None:
        for version in queryset:
            try:
                operations.publish_version(version, actor=request.user, at=timezone.now())
            except operations.NotPublishable as error:
                messages.error(request, f"{version}: {error}")
            else:
                messages.success(request, _("%(version)s is published.") % {"version": version})

    @admin.action(description=_("Retire: no new plan is made from it"), permissions=["change"])
    def retire(self, request: HttpRequest, queryset: QuerySet) -> None:
        for version in queryset:
            try:
                operations.retire_version(version)
            except operations.NotPublished as error:
                messages.error(request, f"{version}: {error}")
            else:
                messages.success(request, _("%(version)s is retired.") % {"version": version})


@admin.register(ActionPlanTemplateItem)
class ItemAdmin(KamModelAdmin):
    """Editable while the version is a draft."""

    list_display = ("name", "template_version", "kind", "start_offset", "due_offset", "assignee_role")
    list_filter = ("kind", "assignee_role")
    list_select_related = ("template_version__template",)
    search_fields = ("name", "template_version__template__name")
    fields = ("template_version", *ItemInline.fields)
    autocomplete_fields = ("activity_type",)

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).select_related("template_version__template", "activity_type")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        fields = super().get_readonly_fields(request, obj)
        return [*fields, "template_version"] if obj else [*fields, "prerequisite"]

    def get_field_queryset(self, db: str | None, db_field: Any, request: HttpRequest) -> Any:
        rows = super().get_field_queryset(db, db_field, request)
        if db_field.name == "template_version":
            return rows.exclude(pk__in=rows.fixed()).select_related("template")
        if db_field.name == "prerequisite":
            item = request.resolver_match and request.resolver_match.kwargs.get("object_id")
            siblings = ActionPlanTemplateItem.objects.filter(pk=item).values("template_version")
            return rows.filter(template_version__in=siblings).exclude(pk=item)
        return rows

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or obj.template_version.is_draft)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and (obj is None or obj.template_version.is_draft)
