"""One FilterSet for each list of CRM records: the page and the API share it."""

from __future__ import annotations

from typing import ClassVar

import django_filters
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.enums import PickList
from crm.models import Account, Contact, Opportunity, PickListValue, Stage, Territory
from kam.core.filters import DayFilter, VisibleChoiceFilter, VisibleFilterSet, YesNoFilter
from kam.users.models import User


def values_of(pick_list: str) -> QuerySet:
    return PickListValue.objects.filter(pick_list=pick_list)


class AccountFilter(VisibleFilterSet):
    territory = VisibleChoiceFilter(Territory, label=_("Territory"))
    owner = VisibleChoiceFilter(User, label=_("Owner"))
    current_segment = django_filters.ModelChoiceFilter(
        queryset=lambda request: values_of(PickList.SEGMENT), label=_("Segment")
    )
    industry = django_filters.ModelChoiceFilter(
        queryset=lambda request: values_of(PickList.INDUSTRY), label=_("Industry")
    )

    search_fields = ("name",)
    ordering_fields: ClassVar[dict[str, str]] = {"name": "name", "created_at": "created_at"}

    class Meta:
        model = Account
        fields = ()


class ContactFilter(VisibleFilterSet):
    account = VisibleChoiceFilter(Account, label=_("Account"))

    search_fields = ("name", "email")
    ordering_fields: ClassVar[dict[str, str]] = {"name": "name", "created_at": "created_at"}

    class Meta:
        model = Contact
        fields = ()


class OpportunityFilter(VisibleFilterSet):
    account = VisibleChoiceFilter(Account, label=_("Account"))
    stage = VisibleChoiceFilter(Stage, label=_("Stage"))
    owner = VisibleChoiceFilter(User, label=_("Owner"))
    close_date_from = DayFilter(field_name="close_date", lookup_expr="gte", label=_("Closes from"))
    close_date_to = DayFilter(field_name="close_date", lookup_expr="lte", label=_("Closes until"))
    amount_min = django_filters.NumberFilter(field_name="amount", lookup_expr="gte", label=_("Amount from"))
    amount_max = django_filters.NumberFilter(field_name="amount", lookup_expr="lte", label=_("Amount to"))
    slipped = YesNoFilter(method="filter_slipped", label=_("Slipped"))

    search_fields = ("name", "account__name")
    ordering_fields: ClassVar[dict[str, str]] = {
        "name": "name",
        "account": "account__name",
        "stage": "stage__order",
        "amount": "amount",
        "probability": "probability",
        "close_date": "close_date",
    }

    class Meta:
        model = Opportunity
        fields = ()

    def filter_slipped(self, queryset: QuerySet, name: str, value: bool) -> QuerySet:
        slipped = queryset.model.objects.visible_to(self.request.user).slipped(today=timezone.localdate())
        return queryset.filter(pk__in=slipped.values("pk")) if value else queryset.exclude(pk__in=slipped.values("pk"))
