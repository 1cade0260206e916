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
from plans.enums import Access, ColleagueRole, ObjectiveStatus, PlanStatus
from plans.models import AccountPlan, Strategy
from plans.models.plans import OVER
from templates_app.enums import RevenueBasis
from templates_app.models import PlanType


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
