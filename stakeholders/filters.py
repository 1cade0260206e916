"""The filters of stakeholders."""

from __future__ import annotations

from typing import Any, ClassVar

import django_filters
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from crm.enums import PickList
from crm.filters import PickListFilter
from kam.core.filters import VisibleChoiceFilter, VisibleFilterSet
from kam.users.models import User
from plans.models import Plan
from stakeholders.enums import Influence, RelationshipLevel, Support


class StakeholderFilter(VisibleFilterSet):
    """`support` finds only people of plans on which the user sees whom they speak for."""

    role = PickListFilter(PickList.STAKEHOLDER_ROLE, label=_("Role"))
    influence = django_filters.TypedChoiceFilter(label=_("Influence"), choices=Influence.choices, coerce=int)
    support = django_filters.TypedChoiceFilter(
        label=_("Speaks for"), choices=Support.choices, coerce=int, method="filter_support"
    )
    relationship_now = django_filters.ChoiceFilter(label=_("Relationship"), choices=RelationshipLevel.choices)
    owner = VisibleChoiceFilter(User, label=_("Who of us"))

    search_fields = ("contact__name", "contact__job_title", "organisation__name", "role__name")
    ordering_fields: ClassVar = {
        "name": "contact__name",
        "role": "role__order",
        "influence": "influence",
        "last_contact": "last_contact",
        "created_at": "created_at",
    }

    def filter_support(self, queryset: QuerySet, name: str, value: Any) -> QuerySet:
        if value == "" or value is None:
            return queryset
        plans = Plan.objects.unscoped("narrows rows of the gate").open_to(self.request.user)
        return queryset.filter(support=value, plan__in=plans.values("pk"))


class StanceFilter(StakeholderFilter):
    """On a plan whose sensitive fields the reader sees, the list can be put in their order."""

    ordering_fields: ClassVar = {**StakeholderFilter.ordering_fields, "support": "support"}
