"""The filters of medical insights, for the page, its export and the API alike."""

from __future__ import annotations

from typing import ClassVar

from django.utils.translation import gettext_lazy as _

from crm.enums import PickList
from crm.filters import PickListFilter
from crm.models import Account, Contact, Product, Territory
from kam.core.filters import DayRangeFilter, VisibleChoiceFilter, VisibleFilterSet
from kam.users.models import User
from plans.models import TerritoryBusinessPlan


class MedicalInsightFilter(VisibleFilterSet):
    topic = PickListFilter(PickList.INSIGHT_TOPIC, label=_("Topic"))
    product = VisibleChoiceFilter(Product, label=_("Product"))
    account = VisibleChoiceFilter(Account, label=_("Account"))
    below = VisibleChoiceFilter(Account, field_name="account__edges_up__ancestor", label=_("Account tree"))
    contact = VisibleChoiceFilter(Contact, label=_("Contact"))
    territory = VisibleChoiceFilter(
        Territory, field_name="account__territory__edges_up__ancestor", label=_("Territory")
    )
    territory_business_plan = VisibleChoiceFilter(TerritoryBusinessPlan, label=_("Territory plan"))
    author = VisibleChoiceFilter(User, label=_("Author"))
    date = DayRangeFilter(label=_("Date"))

    search_fields = ("text", "account__name")
    ordering_fields: ClassVar = {
        "date": "date",
        "topic": "topic__order",
        "account": "account__name",
        "product": "product__name",
        "author": "author__last_name",
        "created_at": "created_at",
        "updated_at": "updated_at",
    }
