"""The filters of lists that show plans with their numbers."""

from __future__ import annotations

from datetime import date, timedelta
from typing import ClassVar

import django_filters
from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from crm.filters import AccountFilter
from crm.models import Account, ActivityType, Territory, TerritoryEdge
from crm.policies import add_months
from kam.core.clock import company_today
from kam.core.filters import DayRangeFilter, VisibleChoiceFilter, VisibleFilterSet, YesNoFilter
from kam.users.models import User
from metrics.enums import ActivityShown, PlanConcern, PlanState
from plans.enums import PlanStatus
from plans.filters import AccountPlanFilter, TerritoryBusinessPlanFilter
from plans.models.plans import OVER
from templates_app.models import PlanType

# Compared in company currency, so that plans in several currencies have one order.
NUMBER_ORDERINGS = {
    "target": "kpi__company_sales_target",
    "won": "kpi__company_won_revenue",
    "expected": "kpi__company_total_expected_revenue",
    "variance": "kpi__company_forecast_target_variance",
}


class NumberOrderings:
    """A filter of plans that also orders by the KPIs, for those who may see numbers."""

    def refused_orderings(self) -> set[str]:
        refused: set[str] = super().refused_orderings()  # type: ignore[misc]
        return refused | set(NUMBER_ORDERINGS) if refused else refused


class PlanNumbersFilter(NumberOrderings, AccountPlanFilter):
    ordering_fields: ClassVar = {**AccountPlanFilter.ordering_fields, **NUMBER_ORDERINGS}


class TerritoryPlanNumbersFilter(NumberOrderings, TerritoryBusinessPlanFilter):
    ordering_fields: ClassVar = {**TerritoryBusinessPlanFilter.ordering_fields, **NUMBER_ORDERINGS}


class PlanCoverageFilter(AccountFilter):
    """Of strategic accounts. `plan_state` narrows their list; the counts by owner and territory stay whole."""

    plan_state = django_filters.ChoiceFilter(
        choices=PlanState.choices, method="of_the_list", label=_("Plan"), widget=forms.HiddenInput
    )
    without_owner = YesNoFilter(
        field_name="owner", lookup_expr="isnull", label=_("Without an owner"), widget=forms.HiddenInput
    )
    without_territory = YesNoFilter(
        field_name="territory",
        lookup_expr="isnull",
        label=_("Without a territory"),
        widget=forms.HiddenInput,
    )

    def of_the_list(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        return queryset


class CompletionFilter(VisibleFilterSet):
    """Of plans of both kinds. `concern` narrows their list; the counts in groups stay whole."""

    owner = VisibleChoiceFilter(User, label=_("Owner"))
    plan_type = VisibleChoiceFilter(PlanType, label=_("Plan type"))
    territory = VisibleChoiceFilter(Territory, method="in_territory", label=_("Territory"))
    status = django_filters.MultipleChoiceFilter(choices=PlanStatus.choices, label=_("Status"))
    current = YesNoFilter(method="running_now", label=_("Current"))
    account = VisibleChoiceFilter(Account, label=_("Account"))
    start_date = DayRangeFilter(label=_("Starts"))
    end_date = DayRangeFilter(label=_("Ends"))
    concern = django_filters.ChoiceFilter(
        choices=PlanConcern.choices, method="of_the_list", label=_("Shown"), widget=forms.HiddenInput
    )
    without_territory = YesNoFilter(
        method="without_place", label=_("Without a territory"), widget=forms.HiddenInput
    )

    search_fields = ("name", "account__name", "territory__name")
    ordering_fields: ClassVar = {
        "name": "name",
        "owner": "owner__last_name",
        "plan_type": "plan_type__name",
        "status": "status",
        "start_date": "start_date",
        "end_date": "end_date",
    }

    def in_territory(self, queryset: QuerySet, name: str, value: Territory) -> QuerySet:
        below = TerritoryEdge.objects.filter(ancestor=value).values("descendant_id")
        return queryset.filter(Q(territory__in=below) | Q(account__territory__in=below))

    def without_place(self, queryset: QuerySet, name: str, value: bool) -> QuerySet:
        nowhere = Q(territory=None, account__territory=None)
        return queryset.filter(nowhere if value else ~nowhere)

    def running_now(self, queryset: QuerySet, name: str, value: bool) -> QuerySet:
        today = company_today()
        current = Q(start_date__lte=today, end_date__gte=today) & ~Q(status__in=OVER)
        return queryset.filter(current if value else ~current)

    def of_the_list(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        return queryset


class ActivityDashboardFilter(VisibleFilterSet):
    """Activities of a period; for rows that come with their `day`. `shown` narrows their list alone."""

    date = DayRangeFilter(field_name="day", label=_("Period"))
    owner = VisibleChoiceFilter(User, label=_("Owner"))
    type = VisibleChoiceFilter(ActivityType, label=_("Type"))
    territory = VisibleChoiceFilter(
        Territory, field_name="account__territory__edges_up__ancestor", label=_("Territory")
    )
    account = VisibleChoiceFilter(Account, label=_("Account"))
    shown = django_filters.ChoiceFilter(
        choices=ActivityShown.choices, method="of_the_list", label=_("Shown"), widget=forms.HiddenInput
    )

    search_fields = ("subject", "account__name")
    ordering_fields: ClassVar = {
        "day": "day",
        "subject": "subject",
        "account": "account__name",
        "type": "type__name",
        "owner": "owner__last_name",
    }

    @property
    def period(self) -> tuple[date, date]:
        """What the reader names; else the half-year until the end of next month."""
        today = company_today()
        first = add_months(today.replace(day=1), -4)
        last = add_months(today.replace(day=1), 2) - timedelta(days=1)
        asked = self.form.cleaned_data.get("date") if self.form.is_valid() else None
        return (asked.start if asked else None) or first, (asked.stop if asked else None) or last

    def of_the_list(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        return queryset

    def filter_queryset(self, queryset: QuerySet) -> QuerySet:
        queryset = super().filter_queryset(queryset.filter(day__range=self.period))
        ordered = self.form.cleaned_data.get("ordering")
        return queryset if ordered else queryset.order_by("-day", "pk")


class ScenarioFilter(VisibleFilterSet):
    owner = VisibleChoiceFilter(User, label=_("Author"))
    is_shared = YesNoFilter(label=_("Shared"))

    search_fields = ("name", "note")
    ordering_fields: ClassVar = {"name": "name", "created_at": "created_at", "updated_at": "updated_at"}
