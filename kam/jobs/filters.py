from __future__ import annotations

from typing import Any, ClassVar

import django_filters
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from kam.core.filters import VisibleFilterSet
from kam.jobs.models import JobState

IN_STATE = {
    JobState.WAITING: Q(started_at__isnull=True, finished_at__isnull=True),
    JobState.RUNNING: Q(started_at__isnull=False, finished_at__isnull=True),
    JobState.DONE: Q(finished_at__isnull=False),
}


class JobFilter(VisibleFilterSet):
    state = django_filters.ChoiceFilter(choices=JobState.choices, method="filter_state", label=_("State"))

    search_fields = ("title",)
    ordering_fields: ClassVar = {"created_at": "created_at", "finished_at": "finished_at", "title": "title"}

    def filter_state(self, queryset: QuerySet, name: str, value: Any) -> QuerySet:
        return queryset.filter(IN_STATE[JobState(value)])
