"""The filters of plan lists, for pages and API alike."""

from __future__ import annotations

from typing import ClassVar

import django_filters
from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from crm.models import Account, Territory
from kam.core.clock import company_today
from kam.core.filters import DayRangeFilter, VisibleChoiceFilter, VisibleFilterSet, YesNoFilter
from kam.users.models import User
from plans.enums import (
    Access,
    ActionPlanStatus,
    ColleagueRole,
    ItemKind,
    ObjectiveStatus,
    PlanStatus,
    Priority,
    TaskStatus,
)
from plans.models import AccountPlan, AccountPlanObjective, ActionPlan, Strategy
from plans.models.plans import OVER
from templates_app.enums import RevenueBasis
from templates_app.models import ActionPlanTemplateVersion, GoalDefinition, PlanType


class AccountPlanFilter(VisibleFilterSet):
    account = VisibleChoiceFilter(Account, label=_("Account"))
    territory = VisibleChoiceFilter(
        Territory, field_name="account__territory__edges_up__ancestor", label=_("Territory")
    )
    owner = VisibleChoiceFilter(User, label=_("Owner"))
    plan_type = VisibleChoiceFilter(PlanType, label=_("Plan type"))
    status = django_filters.MultipleChoiceFilter(choices=PlanStatus.choices, label=_("Status"))
    current = YesNoFilter(method="filter_current", label=_("Current"))
    start_date = DayRangeFilter(label=_("Starts"))
    end_date = DayRangeFilter(label=_("Ends"))
    revenue_basis = django_filters.ChoiceFilter(choices=RevenueBasis.choices, label=_("Revenue basis"))
    parent_plan = VisibleChoiceFilter(AccountPlan, label=_("Parent plan"), widget=forms.HiddenInput)
    copied_from = VisibleChoiceFilter(AccountPlan, label=_("Copied from"), widget=forms.HiddenInput)
    is_confidential = YesNoFilter(label=_("Confidential"))
    updated_since = django_filters.IsoDateTimeFilter("updated_at", "gte", widget=forms.HiddenInput)

    search_fields = ("name", "account__name")
    ordering_fields: ClassVar = {
        "name": "name",
        "account": "account__name",
        "owner": "owner__last_name",
        "plan_type": "plan_type__name",
        "status": "status",
        "start_date": "start_date",
        "end_date": "end_date",
        "sales_target": "sales_target",
        "created_at": "created_at",
        "updated_at": "updated_at",
    }

    def refused_orderings(self) -> set[str]:
        user = getattr(self.request, "user", None)
        return set() if user is not None and user.has_perm("plans.view_numbers") else {"sales_target"}

    def filter_current(self, queryset: QuerySet, name: str, value: bool) -> QuerySet:
        today = company_today()
        current = Q(start_date__lte=today, end_date__gte=today) & ~Q(status__in=OVER)
        return queryset.filter(current if value else ~current)


class StrategyFilter(VisibleFilterSet):
    plan = VisibleChoiceFilter(AccountPlan, label=_("Plan"))

    search_fields = ("name",)
    ordering_fields: ClassVar = {"order": "order", "name": "name", "created_at": "created_at"}


class AccountPlanObjectiveFilter(VisibleFilterSet):
    plan = VisibleChoiceFilter(AccountPlan, label=_("Plan"))
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


class AccountPlanParticipantFilter(VisibleFilterSet):
    plan = VisibleChoiceFilter(AccountPlan, label=_("Plan"))
    user = VisibleChoiceFilter(User, label=_("Colleague"))
    role = django_filters.ChoiceFilter(choices=ColleagueRole.choices, label=_("Role"))
    access = django_filters.ChoiceFilter(choices=Access.choices, label=_("Access"))

    ordering_fields: ClassVar = {"user": "user__last_name", "role": "role", "created_at": "created_at"}


class ActionPlanFilter(VisibleFilterSet):
    plan = VisibleChoiceFilter(AccountPlan, field_name="objective__plan", label=_("Plan"))
    objective = VisibleChoiceFilter(AccountPlanObjective, label=_("Objective"))
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
    plan = VisibleChoiceFilter(AccountPlan, field_name="action_plan__objective__plan", label=_("Plan"))
    action_plan = VisibleChoiceFilter(ActionPlan, label=_("Action plan"))
    is_required = YesNoFilter(label=_("Required"))

    ordering_fields: ClassVar = {"order": "order", "created_at": "created_at", "updated_at": "updated_at"}


class AssessmentTaskFilter(VisibleFilterSet):
    plan = VisibleChoiceFilter(AccountPlan, field_name="item__action_plan__objective__plan", label=_("Plan"))
    account = VisibleChoiceFilter(
        Account, field_name="item__action_plan__objective__plan__account", label=_("Account")
    )
    objective = VisibleChoiceFilter(
        AccountPlanObjective, field_name="item__action_plan__objective", label=_("Objective")
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
