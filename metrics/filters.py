"""The filters of lists that show plans with their numbers."""

from __future__ import annotations

from typing import ClassVar

import django_filters
from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from crm.filters import AccountFilter
from kam.core.filters import VisibleChoiceFilter, VisibleFilterSet, YesNoFilter
from kam.users.models import User
from metrics.enums import PlanState
from plans.filters import AccountPlanFilter, TerritoryBusinessPlanFilter

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


class ScenarioFilter(VisibleFilterSet):
    owner = VisibleChoiceFilter(User, label=_("Author"))
    is_shared = YesNoFilter(label=_("Shared"))

    search_fields = ("name", "note")
    ordering_fields: ClassVar = {"name": "name", "created_at": "created_at", "updated_at": "updated_at"}
