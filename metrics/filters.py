"""The filters of lists that show plans with their numbers."""

from __future__ import annotations

from typing import ClassVar

from django.utils.translation import gettext_lazy as _

from kam.core.filters import VisibleChoiceFilter, VisibleFilterSet, YesNoFilter
from kam.users.models import User
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


class ScenarioFilter(VisibleFilterSet):
    owner = VisibleChoiceFilter(User, label=_("Author"))
    is_shared = YesNoFilter(label=_("Shared"))

    search_fields = ("name", "note")
    ordering_fields: ClassVar = {"name": "name", "created_at": "created_at", "updated_at": "updated_at"}
