"""The filters of CRM lists, for pages and API alike."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar

import django_filters
from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from crm.enums import ActivityStatus, CallFrequency, PickList
from crm.models import (
    Account,
    ActivityType,
    Contact,
    PickListValue,
    Product,
    ProductCategory,
    Stage,
    Territory,
)
from kam.core.clock import company_today
from kam.core.filters import (
    AmountRangeFilter,
    DayFilter,
    DayRangeFilter,
    VisibleChoiceFilter,
    VisibleFilterSet,
    VisibleMultipleChoiceFilter,
    YesNoFilter,
    visible_rows,
)
from kam.users.models import User


class PickListFilter(VisibleChoiceFilter):
    """A value of one pick-list; retired values are on old records and can be looked for."""

    def __init__(self, pick_list: str, **kwargs: Any) -> None:
        kwargs["queryset"] = lambda request: visible_rows(PickListValue, request).filter(pick_list=pick_list)
        super().__init__(PickListValue, **kwargs)


class SourcedFilterSet(VisibleFilterSet):
    """For records that other systems feed: they look for their own, and for what changed since."""

    source = django_filters.CharFilter(max_length=50, widget=forms.HiddenInput)
    external_id = django_filters.CharFilter(max_length=200, widget=forms.HiddenInput)
    updated_since = django_filters.IsoDateTimeFilter("updated_at", "gte", widget=forms.HiddenInput)


class TerritoryFilter(SourcedFilterSet):
    parent = VisibleChoiceFilter(Territory, label=_("Lies directly in"))
    below = VisibleChoiceFilter(Territory, field_name="edges_up__ancestor", label=_("Lies in"))
    member = VisibleChoiceFilter(User, field_name="members", label=_("Member"))
    code = django_filters.CharFilter(max_length=50)

    search_fields = ("name", "code")
    ordering_fields: ClassVar = {"name": "name", "code": "code", "updated_at": "updated_at"}


class AccountFilter(SourcedFilterSet):
    territory = VisibleChoiceFilter(
        Territory, field_name="territory__edges_up__ancestor", label=_("Territory")
    )
    owner = VisibleChoiceFilter(User, label=_("Owner"))
    parent = VisibleChoiceFilter(Account, label=_("Parent account"), widget=forms.HiddenInput)
    below = VisibleChoiceFilter(
        Account, field_name="edges_up__ancestor", label=_("Account tree"), widget=forms.HiddenInput
    )
    industry = PickListFilter(PickList.INDUSTRY, label=_("Industry"))
    account_type = PickListFilter(PickList.ACCOUNT_TYPE, label=_("Type"))
    current_segment = PickListFilter(PickList.SEGMENT, label=_("Current segment"))
    target_segment = PickListFilter(PickList.SEGMENT, label=_("Target segment"))
    call_frequency = django_filters.ChoiceFilter(choices=CallFrequency.choices, label=_("Call frequency"))

    search_fields = ("name",)
    ordering_fields: ClassVar = {
        "name": "name",
        "territory": "territory__name",
        "owner": "owner__last_name",
        "current_segment": "current_segment__order",
        "target_segment": "target_segment__order",
        "last_activity_on": "last_activity_on",
        "created_at": "created_at",
        "updated_at": "updated_at",
    }


class CallsDueFilter(AccountFilter):
    """Accounts whose next call is due until a day; for rows that come with `cadence.with_next_due`."""

    until = DayFilter(method="as_it_is", label=_("Due until"))

    ordering_fields: ClassVar = {**AccountFilter.ordering_fields, "next_activity_due_on": "next_due_on"}

    @property
    def until_day(self) -> date:
        """Today unless the reader names another day."""
        given = self.form.cleaned_data.get("until") if self.form.is_valid() else None
        return given or company_today()

    def as_it_is(self, queryset: QuerySet, name: str, value: date) -> QuerySet:
        """Without `until` there is a day, too: `filter_queryset` asks for it once."""
        return queryset

    def filter_queryset(self, queryset: QuerySet) -> QuerySet:
        """What is due first comes first."""
        queryset = super().filter_queryset(queryset.filter(next_due_on__lte=self.until_day))
        if self.form.cleaned_data.get("ordering"):
            return queryset
        return queryset.order_by("next_due_on", "name", "pk")


class ContactFilter(SourcedFilterSet):
    account = VisibleChoiceFilter(Account, label=_("Account"))
    reports_to = VisibleChoiceFilter(Contact, label=_("Reports to"), widget=forms.HiddenInput)
    email = django_filters.CharFilter(lookup_expr="iexact", max_length=254, label=_("E-mail"))

    search_fields = ("name", "email", "job_title")
    ordering_fields: ClassVar = {"name": "name", "created_at": "created_at", "updated_at": "updated_at"}


class ProductCategoryFilter(SourcedFilterSet):
    parent = VisibleChoiceFilter(ProductCategory, label=_("Parent"))
    code = django_filters.CharFilter(max_length=50)

    search_fields = ("name", "code")
    ordering_fields: ClassVar = {"name": "name", "code": "code", "updated_at": "updated_at"}


class ProductFilter(SourcedFilterSet):
    category = VisibleChoiceFilter(ProductCategory, label=_("Category"))
    code = django_filters.CharFilter(max_length=50)
    is_active = YesNoFilter(label=_("Active"))
    is_competitor = YesNoFilter(label=_("Competitor"))

    search_fields = ("name", "code")
    ordering_fields: ClassVar = {"name": "name", "code": "code", "updated_at": "updated_at"}


class StageFilter(SourcedFilterSet):
    is_closed = YesNoFilter(label=_("Closed"))
    is_won = YesNoFilter(label=_("Won"))

    search_fields = ("name",)
    ordering_fields: ClassVar = {
        "order": "order",
        "name": "name",
        "default_probability": "default_probability",
    }


class OpportunityFilter(SourcedFilterSet):
    account = VisibleChoiceFilter(Account, label=_("Account"))
    below = VisibleChoiceFilter(
        Account, field_name="account__edges_up__ancestor", label=_("Account tree"), widget=forms.HiddenInput
    )
    stage = VisibleMultipleChoiceFilter(Stage, label=_("Stage"))
    owner = VisibleChoiceFilter(User, label=_("Owner"))
    currency = django_filters.CharFilter(max_length=3, label=_("Currency"), widget=forms.HiddenInput)
    close_date = DayRangeFilter(label=_("Close date"))
    amount = AmountRangeFilter(label=_("Amount"))
    is_closed = YesNoFilter(field_name="stage__is_closed", label=_("Closed"))
    is_won = YesNoFilter(field_name="stage__is_won", label=_("Won"))
    slipped = YesNoFilter(method="filter_slipped", label=_("Slipped"))

    search_fields = ("name", "account__name")
    ordering_fields: ClassVar = {
        "name": "name",
        "account": "account__name",
        "stage": "stage__order",
        "amount": "amount",
        "probability": "probability",
        "close_date": "close_date",
        "owner": "owner__last_name",
        "created_at": "created_at",
        "updated_at": "updated_at",
    }

    def filter_slipped(self, queryset: QuerySet, name: str, value: bool) -> QuerySet:
        late = Q(stage__is_closed=False, close_date__lt=company_today())
        return queryset.filter(late if value else ~late)


class OrderFilter(SourcedFilterSet):
    account = VisibleChoiceFilter(Account, label=_("Account"))
    below = VisibleChoiceFilter(
        Account, field_name="account__edges_up__ancestor", label=_("Account tree"), widget=forms.HiddenInput
    )
    product = VisibleChoiceFilter(Product, label=_("Product"))
    currency = django_filters.CharFilter(max_length=3, label=_("Currency"), widget=forms.HiddenInput)
    date = DayRangeFilter(label=_("Date"))
    amount = AmountRangeFilter(label=_("Amount"))
    document_number = django_filters.CharFilter(max_length=100, label=_("Document number"))

    search_fields = ("document_number", "account__name")
    ordering_fields: ClassVar = {
        "date": "date",
        "amount": "amount",
        "account": "account__name",
        "document_number": "document_number",
        "updated_at": "updated_at",
    }


class ActivityTypeFilter(SourcedFilterSet):
    counts_for_cadence = YesNoFilter(label=_("Counts for the call cadence"))
    counts_as_commitment = YesNoFilter(label=_("Can be promised"))

    search_fields = ("name",)
    ordering_fields: ClassVar = {"name": "name", "updated_at": "updated_at"}


class ActivityFilter(SourcedFilterSet):
    account = VisibleChoiceFilter(Account, label=_("Account"))
    type = VisibleChoiceFilter(ActivityType, label=_("Type"))
    status = django_filters.ChoiceFilter(choices=ActivityStatus.choices, label=_("Status"))
    owner = VisibleChoiceFilter(User, label=_("Owner"))
    contact = VisibleChoiceFilter(Contact, field_name="contacts", label=_("Contact"))
    participant = VisibleChoiceFilter(User, field_name="participants", label=_("Participant"))
    planned_for = DayRangeFilter(label=_("Planned for"))
    done_on = DayRangeFilter(label=_("Done on"))
    overdue = YesNoFilter(method="filter_overdue", label=_("Overdue"))

    search_fields = ("subject", "account__name")
    ordering_fields: ClassVar = {
        "planned_for": "planned_for",
        "done_on": "done_on",
        "subject": "subject",
        "account": "account__name",
        "type": "type__name",
        "owner": "owner__last_name",
        "created_at": "created_at",
        "updated_at": "updated_at",
    }

    def filter_overdue(self, queryset: QuerySet, name: str, value: bool) -> QuerySet:
        late = Q(status=ActivityStatus.PLANNED, planned_for__isnull=False, planned_for__lt=company_today())
        return queryset.filter(late if value else ~late)


class ExchangeRateFilter(SourcedFilterSet):
    currency = django_filters.CharFilter(max_length=3, label=_("Currency"))
    valid_from = DayRangeFilter(label=_("Valid from"))

    ordering_fields: ClassVar = {
        "currency": "currency",
        "valid_from": "valid_from",
        "updated_at": "updated_at",
    }


class PickListValueFilter(VisibleFilterSet):
    pick_list = django_filters.ChoiceFilter(choices=PickList.choices, label=_("List"))
    is_retired = YesNoFilter(label=_("Retired"))

    search_fields = ("name",)
    ordering_fields: ClassVar = {"order": "order", "name": "name"}
