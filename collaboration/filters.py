from __future__ import annotations

from typing import Any, ClassVar

import django_filters
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from collaboration.enums import NotificationKind
from kam.core.clock import company_today
from kam.core.filters import VisibleChoiceFilter, VisibleFilterSet, YesNoFilter
from plans.models import Plan


class NotificationFilter(VisibleFilterSet):
    unread = YesNoFilter(method="filter_unread", label=_("Unread"))
    kind = django_filters.ChoiceFilter(choices=NotificationKind.choices, label=_("Kind"))
    plan = VisibleChoiceFilter(Plan, label=_("Plan"))

    ordering_fields: ClassVar = {"created_at": "created_at", "due_date": "due_date"}

    def filter_unread(self, queryset: QuerySet, name: str, value: Any) -> QuerySet:
        """Unread: neither read nor put off, and still to be done."""
        unread = queryset.unread(today=company_today())
        return unread if value else queryset.exclude(pk__in=unread.order_by().values("pk"))
