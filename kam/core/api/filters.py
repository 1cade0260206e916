"""Lists are filtered by the same FilterSet as the page; what it does not know is an error."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.request import Request

from kam.core.api.problems import invalid
from kam.core.filters import in_order


class StrictFilterBackend(DjangoFilterBackend):
    """Applies the view's `filterset_class`. Unknown parameters were refused before (`kam.core.api.views`)."""

    def filter_queryset(self, request: Request, queryset: QuerySet, view: Any) -> QuerySet:
        filterset_class = getattr(view, "filterset_class", None)
        if filterset_class is None:
            return in_order(queryset, queryset.model._meta.ordering)
        filterset = filterset_class(request.query_params, queryset=queryset, request=request)
        if not filterset.is_valid():
            raise invalid(ValidationError(filterset.parameter_errors()))
        return filterset.qs
