"""The filters of plan lists, for pages and API alike."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet, TextField
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from crm.enums import PickList
from crm.filters import PickListFilter
from crm.models import Account, ActivityType, Product, ProductCategory, Territory
from kam.core.clock import company_today
from kam.core.filters import ISO_DATE, DayRangeFilter, VisibleChoiceFilter, VisibleFilterSet, YesNoFilter
from kam.core.pages import as_uuid
from kam.users.forms import UserChoiceField
from kam.users.models import User
from plans.enums import (
    Access,
    ActionPlanStatus,
    ColleagueRole,
    ExpenseStatus,
    Factor,
    Impact,
    ItemKind,
    Likelihood,
    ObjectiveStatus,
    PlanStatus,
    Priority,
    ReviewRating,
    ReviewStatus,
    TargetPeriod,
    TaskStatus,
)
from plans.models import (
    AccountPlan,
    AccountPlanProduct,
    ActionPlan,
    CoopFund,
    Objective,
    Plan,
    Strategy,
    TerritoryBusinessPlan,
)
from plans.models.plans import OVER
from templates_app.enums import FieldKind, RevenueBasis
from templates_app.models import ActionPlanTemplateVersion, CustomField, GoalDefinition, PlanType

# --- Custom fields --------------------------------------------------------------------------
CUSTOM = "custom."
MOST_KEYS = 20


def filterable_fields(user: User) -> QuerySet:
    """Custom fields whose values this user may filter by: of amounts the answer would tell them."""
    fields = CustomField.objects.visible_to(user)
    return fields if user.has_perm("plans.view_numbers") else fields.exclude(kind=FieldKind.MONEY)


def custom_keys(names: Iterable[str]) -> list[str]:
    return [name.removeprefix(CUSTOM) for name in names if name.startswith(CUSTOM)][:MOST_KEYS]


class CustomValueFilter(django_filters.Filter):
    """`custom.<key>=value`: plans whose type has such a field and that hold this value in it.

    Types may use one key for fields of different kinds: then each is compared in its own way.
    """

    def __init__(self, definitions: Sequence[CustomField], *, user: User, given: str = "") -> None:
        self.definitions = definitions
        kinds = {definition.kind for definition in definitions}
        self.kind = kinds.pop() if len(kinds) == 1 else FieldKind.TEXT
        self.given = given
        self.user = user
        super().__init__(label=definitions[0].label)

    @property
    def field(self) -> forms.Field:
        if not hasattr(self, "_field"):
            self._field = self._make_field()
        return self._field

    def _make_field(self) -> forms.Field:
        known = {"label": self.label, "required": False}
        if self.kind == FieldKind.DATE:
            return forms.DateField(input_formats=ISO_DATE, **known)
        if self.kind == FieldKind.USER:
            field = UserChoiceField(**known)
            field.queryset = User.objects.visible_to(self.user)
            return field
        if self.kind == FieldKind.CHOICE:
            texts = dict.fromkeys(text for definition in self.definitions for text in definition.choices)
            texts |= {self.given: None} if self.given else {}  # plans may hold what is no choice any more
            return forms.ChoiceField(choices=[("", _("Any")), *((text, text) for text in texts)], **known)
        if self.kind in {FieldKind.NUMBER, FieldKind.MONEY}:
            return forms.DecimalField(max_digits=21, decimal_places=6, **known)
        return forms.CharField(max_length=200, **known)

    def filter(self, queryset: QuerySet, value: Any) -> QuerySet:
        if value in (None, ""):
            return queryset
        key = self.definitions[0].key
        name, matches = f"value_of_{key}", Q(pk__in=[])
        for definition in self.definitions:
            lookup = "icontains" if definition.kind == FieldKind.TEXT else "exact"
            try:
                text = definition.stored(value if definition.kind == self.kind else str(value))
            except ValidationError:
                continue
            matches |= Q(**{"plan_type": definition.plan_type_id, f"{name}__{lookup}": text})
        # Cast: compared as text, not as JSON.
        value_of = Cast(KeyTextTransform(key, "custom_values"), TextField())
        return queryset.alias(**{name: value_of}).filter(matches)


class PlanTypeSelect(forms.Select):
    """On the list page: another type has other fields, so the filters are read anew, not only the list."""

    list_url = reverse_lazy("plans:accountplan_list")

    def __init__(self, attrs: dict[str, Any] | None = None, **kwargs: Any) -> None:
        reading = {
            "hx-get": self.list_url,
            "hx-include": "closest form",
            "hx-target": "#content",
            "hx-select": "#content",
            "hx-swap": "outerHTML show:none",
            "hx-push-url": "true",
            "hx-trigger": "change consume",
        }
        super().__init__({**reading, **(attrs or {})}, **kwargs)


class TerritoryPlanTypeSelect(PlanTypeSelect):
    list_url = reverse_lazy("plans:territoryplan_list")


# --- Plans ----------------------------------------------------------------------------------
class PlanFilter(VisibleFilterSet):
    """Also by custom fields: those that are asked for, and those of the plan type that is."""

    owner = VisibleChoiceFilter(User, label=_("Owner"))
    plan_type = VisibleChoiceFilter(PlanType, label=_("Plan type"), widget=PlanTypeSelect)
    status = django_filters.MultipleChoiceFilter(choices=PlanStatus.choices, label=_("Status"))
    current = YesNoFilter(method="filter_current", label=_("Current"))
    start_date = DayRangeFilter(label=_("Starts"))
    end_date = DayRangeFilter(label=_("Ends"))
    revenue_basis = django_filters.ChoiceFilter(choices=RevenueBasis.choices, label=_("Revenue basis"))
    is_confidential = YesNoFilter(label=_("Confidential"))
    updated_since = django_filters.IsoDateTimeFilter("updated_at", "gte", widget=forms.HiddenInput)

    ordering_fields: ClassVar = {
        "name": "name",
        "owner": "owner__last_name",
        "plan_type": "plan_type__name",
        "status": "status",
        "start_date": "start_date",
        "end_date": "end_date",
        "sales_target": "sales_target",
        "created_at": "created_at",
        "updated_at": "updated_at",
    }

    def __init__(self, data: Any = None, queryset: Any = None, *, request: Any, prefix: Any = None) -> None:
        super().__init__(data, queryset, request=request, prefix=prefix)
        for key, definitions in self._custom_fields(data or {}).items():
            given = str((data or {}).get(f"{CUSTOM}{key}") or "")[:200]
            self.filters[f"{CUSTOM}{key}"] = CustomValueFilter(definitions, user=request.user, given=given)

    def _custom_fields(self, data: Any) -> dict[str, list[CustomField]]:
        keys, plan_type = custom_keys(data), as_uuid(str(data.get("plan_type") or ""))
        if not keys and plan_type is None:
            return {}
        asked = Q(key__in=keys) | Q(plan_type=plan_type, is_retired=False)
        found: dict[str, list[CustomField]] = {}
        for definition in filterable_fields(self.request.user).filter(asked):
            found.setdefault(definition.key, []).append(definition)
        return found

    @staticmethod
    def custom_parameters(names: Iterable[str], user: User) -> set[str]:
        """Of these names of query parameters, those of custom fields."""
        keys = custom_keys(names)
        if not keys:
            return set()
        fields = filterable_fields(user).filter(key__in=keys)
        return {f"{CUSTOM}{key}" for key in fields.values_list("key", flat=True)}

    def refused_orderings(self) -> set[str]:
        user = getattr(self.request, "user", None)
        return set() if user is not None and user.has_perm("plans.view_numbers") else {"sales_target"}

    def filter_current(self, queryset: QuerySet, name: str, value: bool) -> QuerySet:
        today = company_today()
        current = Q(start_date__lte=today, end_date__gte=today) & ~Q(status__in=OVER)
        return queryset.filter(current if value else ~current)


class AccountPlanFilter(PlanFilter):
    account = VisibleChoiceFilter(Account, label=_("Account"))
    territory = VisibleChoiceFilter(
        Territory, field_name="account__territory__edges_up__ancestor", label=_("Territory")
    )
    segment = PickListFilter(
        PickList.SEGMENT, field_name="account__current_segment", label=_("Segment of the account")
    )
    parent_plan = VisibleChoiceFilter(AccountPlan, label=_("Parent plan"), widget=forms.HiddenInput)
    copied_from = VisibleChoiceFilter(AccountPlan, label=_("Copied from"), widget=forms.HiddenInput)

    search_fields = ("name", "account__name")
    ordering_fields: ClassVar = {**PlanFilter.ordering_fields, "account": "account__name"}


class TerritoryBusinessPlanFilter(PlanFilter):
    territory = VisibleChoiceFilter(
        Territory, field_name="territory__edges_up__ancestor", label=_("Territory")
    )
    plan_type = VisibleChoiceFilter(PlanType, label=_("Plan type"), widget=TerritoryPlanTypeSelect)
    copied_from = VisibleChoiceFilter(TerritoryBusinessPlan, label=_("Copied from"), widget=forms.HiddenInput)

    search_fields = ("name", "territory__name")
    ordering_fields: ClassVar = {**PlanFilter.ordering_fields, "territory": "territory__name"}


class AccountPlanProductFilter(VisibleFilterSet):
    plan = VisibleChoiceFilter(Plan, label=_("Plan"))
    product = VisibleChoiceFilter(Product, label=_("Product"))
    category = VisibleChoiceFilter(ProductCategory, label=_("Category"))

    search_fields = ("product__name", "category__name", "strategy_note")
    ordering_fields: ClassVar = {"order": "order", "created_at": "created_at", "updated_at": "updated_at"}


class RelatedObjectAnalysisFilter(VisibleFilterSet):
    plan = VisibleChoiceFilter(Plan, label=_("Plan"))
    product = VisibleChoiceFilter(AccountPlanProduct, label=_("Product of the plan"))
    factor = django_filters.MultipleChoiceFilter(choices=Factor.choices, label=_("Field"))
    impact = django_filters.MultipleChoiceFilter(choices=Impact.choices, label=_("Impact"))
    likelihood = django_filters.MultipleChoiceFilter(choices=Likelihood.choices, label=_("Likelihood"))
    owner = VisibleChoiceFilter(User, label=_("Owner"))
    objective = VisibleChoiceFilter(Objective, field_name="objectives", label=_("Answered by"), distinct=True)

    search_fields = ("text",)
    ordering_fields: ClassVar = {
        "order": "order",
        "factor": "factor",
        "impact": "impact",
        "likelihood": "likelihood",
        "created_at": "created_at",
        "updated_at": "updated_at",
    }


class StrategyFilter(VisibleFilterSet):
    plan = VisibleChoiceFilter(Plan, label=_("Plan"))

    search_fields = ("name",)
    ordering_fields: ClassVar = {"order": "order", "name": "name", "created_at": "created_at"}


class ObjectiveFilter(VisibleFilterSet):
    strategy = VisibleChoiceFilter(Strategy, label=_("Strategy"))
    owner = VisibleChoiceFilter(User, label=_("Owner"))
    status = django_filters.MultipleChoiceFilter(choices=ObjectiveStatus.choices, label=_("Status"))
    target_date = DayRangeFilter(label=_("Target date"))
    goal_definition = VisibleChoiceFilter(GoalDefinition, label=_("Goal"), widget=forms.HiddenInput)

    search_fields = ("name",)
    ordering_fields: ClassVar = {
        "order": "order",
        "name": "name",
        "status": "status",
        "target_date": "target_date",
        "owner": "owner__last_name",
        "created_at": "created_at",
        "updated_at": "updated_at",
    }


class AccountPlanObjectiveFilter(ObjectiveFilter):
    plan = VisibleChoiceFilter(AccountPlan, label=_("Plan"))


class GoalAssignmentFilter(ObjectiveFilter):
    plan = VisibleChoiceFilter(TerritoryBusinessPlan, label=_("Plan"))


class AccountPlanParticipantFilter(VisibleFilterSet):
    plan = VisibleChoiceFilter(Plan, label=_("Plan"))
    user = VisibleChoiceFilter(User, label=_("Colleague"))
    role = django_filters.ChoiceFilter(choices=ColleagueRole.choices, label=_("Role"))
    access = django_filters.ChoiceFilter(choices=Access.choices, label=_("Access"))

    ordering_fields: ClassVar = {"user": "user__last_name", "role": "role", "created_at": "created_at"}


class ActionPlanFilter(VisibleFilterSet):
    plan = VisibleChoiceFilter(Plan, field_name="objective__plan", label=_("Plan"))
    objective = VisibleChoiceFilter(Objective, label=_("Objective"))
    template_version = VisibleChoiceFilter(ActionPlanTemplateVersion, label=_("Template"))
    owner = VisibleChoiceFilter(User, label=_("Owner"))
    status = django_filters.MultipleChoiceFilter(choices=ActionPlanStatus.choices, label=_("Status"))
    start_date = DayRangeFilter(label=_("Starts"))
    due_date = DayRangeFilter(label=_("Due"))

    search_fields = ("name",)
    ordering_fields: ClassVar = {
        "order": "order",
        "name": "name",
        "status": "status",
        "start_date": "start_date",
        "due_date": "due_date",
        "owner": "owner__last_name",
        "created_at": "created_at",
        "updated_at": "updated_at",
    }


class ActionPlanItemFilter(VisibleFilterSet):
    plan = VisibleChoiceFilter(Plan, field_name="action_plan__objective__plan", label=_("Plan"))
    action_plan = VisibleChoiceFilter(ActionPlan, label=_("Action plan"))
    is_required = YesNoFilter(label=_("Required"))

    ordering_fields: ClassVar = {"order": "order", "created_at": "created_at", "updated_at": "updated_at"}


class AssessmentTaskFilter(VisibleFilterSet):
    plan = VisibleChoiceFilter(Plan, field_name="item__action_plan__objective__plan", label=_("Plan"))
    account = VisibleChoiceFilter(
        Account, field_name="item__action_plan__objective__plan__account", label=_("Account")
    )
    objective = VisibleChoiceFilter(
        Objective, field_name="item__action_plan__objective", label=_("Objective")
    )
    action_plan = VisibleChoiceFilter(ActionPlan, field_name="item__action_plan", label=_("Action plan"))
    assignee = VisibleChoiceFilter(User, label=_("For"))
    mine = YesNoFilter(method="filter_mine", label=_("Mine"))
    kind = django_filters.ChoiceFilter(choices=ItemKind.choices, label=_("Kind"))
    priority = django_filters.ChoiceFilter(choices=Priority.choices, label=_("Priority"))
    status = django_filters.MultipleChoiceFilter(choices=TaskStatus.choices, label=_("Status"))
    start_date = DayRangeFilter(label=_("Starts"))
    due_date = DayRangeFilter(label=_("Due"))
    overdue = YesNoFilter(method="filter_overdue", label=_("Overdue"))

    search_fields = ("name", "item__action_plan__name")
    ordering_fields: ClassVar = {
        "due_date": "due_date",
        "start_date": "start_date",
        "name": "name",
        "status": "status",
        "assignee": "assignee__last_name",
        "order": "item__order",
        "completed_at": "completed_at",
        "created_at": "created_at",
        "updated_at": "updated_at",
    }

    def filter_mine(self, queryset: QuerySet, name: str, value: bool) -> QuerySet:
        mine = Q(assignee=self.request.user)
        return queryset.filter(mine if value else ~mine)

    def filter_overdue(self, queryset: QuerySet, name: str, value: bool) -> QuerySet:
        late = queryset.model.objects.unscoped("narrows rows of the gate").overdue(today=company_today())
        return queryset.filter(pk__in=late) if value else queryset.exclude(pk__in=late)


class TargetLineFilter(VisibleFilterSet):
    plan = VisibleChoiceFilter(Plan, label=_("Plan"))
    category = VisibleChoiceFilter(ProductCategory, label=_("Category"))
    year = django_filters.NumberFilter(label=_("Year"))
    period = django_filters.ChoiceFilter(choices=TargetPeriod.choices, label=_("Period"))

    ordering_fields: ClassVar = {
        "category": "category__name",
        "year": "year",
        "period": "period",
        "number": "number",
        "target": "target",
        "created_at": "created_at",
        "updated_at": "updated_at",
    }


class CommitmentFilter(VisibleFilterSet):
    plan = VisibleChoiceFilter(Plan, label=_("Plan"))
    activity_type = VisibleChoiceFilter(ActivityType, label=_("Activity type"))
    owner = VisibleChoiceFilter(User, label=_("Owner"))
    due_date = DayRangeFilter(label=_("By when"))
    is_external = YesNoFilter(label=_("Shown to the customer"))

    search_fields = ("activity_type__name", "description")
    ordering_fields: ClassVar = {
        "due_date": "due_date",
        "activity_type": "activity_type__name",
        "quantity": "quantity",
        "owner": "owner__last_name",
        "created_at": "created_at",
    }


class PlanEventFilter(VisibleFilterSet):
    plan = VisibleChoiceFilter(Plan, label=_("Plan"))
    kind = PickListFilter(PickList.PLAN_EVENT_KIND, label=_("Kind"))
    owner = VisibleChoiceFilter(User, label=_("Owner"))
    date = DayRangeFilter(label=_("First day"))
    is_external = YesNoFilter(label=_("Shown to the customer"))

    search_fields = ("name", "place")
    ordering_fields: ClassVar = {"date": "date", "name": "name", "created_at": "created_at"}


class CoopFundFilter(VisibleFilterSet):
    """No order by amount: it would tell the amounts to who may not see numbers."""

    plan = VisibleChoiceFilter(Plan, label=_("Plan"))
    is_external = YesNoFilter(label=_("Shown to the customer"))

    search_fields = ("name",)
    ordering_fields: ClassVar = {"name": "name", "created_at": "created_at"}


class CoopExpenseFilter(VisibleFilterSet):
    plan = VisibleChoiceFilter(Plan, field_name="fund__plan", label=_("Plan"))
    fund = VisibleChoiceFilter(CoopFund, label=_("Co-op fund"))
    kind = PickListFilter(PickList.COOP_EXPENSE_KIND, label=_("Kind"))
    status = django_filters.MultipleChoiceFilter(choices=ExpenseStatus.choices, label=_("Status"))
    date = DayRangeFilter(label=_("Day"))
    is_external = YesNoFilter(label=_("Shown to the customer"))

    search_fields = ("name", "evidence")
    ordering_fields: ClassVar = {
        "date": "date",
        "name": "name",
        "status": "status",
        "created_at": "created_at",
    }


class RebateProgramFilter(VisibleFilterSet):
    plan = VisibleChoiceFilter(Plan, label=_("Plan"))
    start_date = DayRangeFilter(label=_("Starts"))
    end_date = DayRangeFilter(label=_("Ends"))
    is_external = YesNoFilter(label=_("Shown to the customer"))

    search_fields = ("name",)
    ordering_fields: ClassVar = {
        "start_date": "start_date",
        "end_date": "end_date",
        "name": "name",
        "created_at": "created_at",
    }


class PlanReviewFilter(VisibleFilterSet):
    plan = VisibleChoiceFilter(Plan, label=_("Plan"))
    status = django_filters.ChoiceFilter(choices=ReviewStatus.choices, label=_("State"))
    rating = django_filters.ChoiceFilter(choices=ReviewRating.choices, label=_("Rating"))
    due_date = DayRangeFilter(label=_("Due"))
    held_on = DayRangeFilter(label=_("Held on"))
    attendee = VisibleChoiceFilter(User, field_name="attendees", label=_("Our people"))
    overdue = YesNoFilter(method="filter_overdue", label=_("Overdue"))

    search_fields = ("agenda", "minutes", "decisions")
    ordering_fields: ClassVar = {"due_date": "due_date", "held_on": "held_on", "created_at": "created_at"}

    def filter_overdue(self, queryset: QuerySet, name: str, value: bool) -> QuerySet:
        overdue = Q(pk__in=queryset.overdue(today=company_today()).order_by().values("pk"))
        return queryset.filter(overdue if value else ~overdue)
