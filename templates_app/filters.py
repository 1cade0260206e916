from __future__ import annotations

from typing import ClassVar

import django_filters
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from crm.enums import PickList
from crm.models import PickListValue
from kam.core.filters import VisibleChoiceFilter, VisibleFilterSet, YesNoFilter, visible_rows
from templates_app.enums import (
    AppliesTo,
    AssigneeRole,
    FieldKind,
    ItemKind,
    LibraryStatus,
    MeasureKind,
    VersionStatus,
)
from templates_app.models import ActionPlanTemplate, ActionPlanTemplateVersion, GoalDefinition, PlanType


class PlanTypeFilter(VisibleFilterSet):
    is_retired = YesNoFilter(label=_("Retired"))

    search_fields = ("name",)
    ordering_fields: ClassVar = {"name": "name", "updated_at": "updated_at"}


class CustomFieldFilter(VisibleFilterSet):
    plan_type = VisibleChoiceFilter(PlanType, label=_("Plan type"))
    key = django_filters.CharFilter(label=_("Key"))
    kind = django_filters.ChoiceFilter(choices=FieldKind.choices, label=_("Kind"))
    is_retired = YesNoFilter(label=_("Retired"))

    search_fields = ("label", "key")
    ordering_fields: ClassVar = {"order": "order", "label": "label", "key": "key", "updated_at": "updated_at"}


class CategoryFilter(VisibleChoiceFilter):
    """A category; retired ones are on old templates and can be looked for."""

    def __init__(self) -> None:
        super().__init__(
            PickListValue,
            label=_("Category"),
            empty_label=_("Any"),
            queryset=lambda request: visible_rows(PickListValue, request).filter(
                pick_list=PickList.TEMPLATE_CATEGORY
            ),
        )


def suits(applies_to: str) -> list[str]:
    """What a plan of this kind may use: what is for it, and what is for both."""
    return [applies_to] if applies_to == AppliesTo.BOTH else [applies_to, AppliesTo.BOTH]


class GoalDefinitionFilter(VisibleFilterSet):
    category = CategoryFilter()
    applies_to = django_filters.ChoiceFilter(
        choices=AppliesTo.choices, method="filter_applies_to", label=_("For"), empty_label=_("Any")
    )
    status = django_filters.ChoiceFilter(
        choices=LibraryStatus.choices, label=_("Status"), empty_label=_("Any")
    )
    measure_kind = django_filters.ChoiceFilter(
        choices=MeasureKind.choices, label=_("Measure"), empty_label=_("Any")
    )
    action_plan_template = VisibleChoiceFilter(
        ActionPlanTemplate, field_name="action_plan_templates", label=_("Action plan template")
    )

    search_fields = ("name", "description")
    ordering_fields: ClassVar = {
        "name": "name",
        "category": "category__name",
        "status": "status",
        "updated_at": "updated_at",
    }

    def filter_applies_to(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        return queryset.filter(applies_to__in=suits(value))


class ActionPlanTemplateFilter(VisibleFilterSet):
    """Of rows `with_state()`. A template applies to what the goals that use it apply to."""

    category = CategoryFilter()
    applies_to = django_filters.ChoiceFilter(
        choices=AppliesTo.choices, method="filter_applies_to", label=_("For"), empty_label=_("Any")
    )
    status = django_filters.ChoiceFilter(
        field_name="state", choices=LibraryStatus.choices, label=_("Status"), empty_label=_("Any")
    )
    copied_from = VisibleChoiceFilter(ActionPlanTemplate, label=_("Copied from"))

    search_fields = ("name", "description")
    ordering_fields: ClassVar = {
        "name": "name",
        "category": "category__name",
        "status": "state",
        "updated_at": "updated_at",
    }

    def filter_applies_to(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        goals = GoalDefinition.objects.visible_to(self.request.user).filter(applies_to__in=suits(value))
        return queryset.filter(pk__in=goals.values("action_plan_templates"))


class VersionFilter(VisibleFilterSet):
    template = VisibleChoiceFilter(ActionPlanTemplate, label=_("Action plan template"))
    status = django_filters.ChoiceFilter(choices=VersionStatus.choices, label=_("Status"))

    search_fields = ("template__name",)
    ordering_fields: ClassVar = {
        "template": "template__name",
        "number": "number",
        "published_at": "published_at",
        "updated_at": "updated_at",
    }


class ItemFilter(VisibleFilterSet):
    template_version = VisibleChoiceFilter(ActionPlanTemplateVersion, label=_("Version"))
    template = VisibleChoiceFilter(
        ActionPlanTemplate, field_name="template_version__template", label=_("Action plan template")
    )
    key = django_filters.UUIDFilter(label=_("Key"))
    kind = django_filters.ChoiceFilter(choices=ItemKind.choices, label=_("Kind"))
    assignee_role = django_filters.ChoiceFilter(choices=AssigneeRole.choices, label=_("For"))

    search_fields = ("name", "instructions")
    ordering_fields: ClassVar = {
        "order": "order",
        "name": "name",
        "due_offset": "due_offset",
        "updated_at": "updated_at",
    }
