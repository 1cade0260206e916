"""One FilterSet serves the page and the API: filters, `search` and `ordering` of a list.

The queryset that is filtered came through the gate, and so do the choices of related objects: an id
the user may not see is no choice, exactly like one that does not exist.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import django_filters
from django import forms
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import models
from django.db.models import F, Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django_filters.fields import RangeField
from django_filters.widgets import DateRangeWidget, RangeWidget, SuffixedMultiWidget

MAX_TERMS = 8
MAX_AMOUNT = 10**12
ISO_DATE = ["%Y-%m-%d"]


class VisibleChoiceFilter(django_filters.ModelChoiceFilter):
    """A related object by id, out of those the user may see."""

    def __init__(self, model: type[models.Model], *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("queryset", lambda request: visible_rows(model, request))
        super().__init__(*args, **kwargs)


class VisibleMultipleChoiceFilter(django_filters.ModelMultipleChoiceFilter):
    """Any of several related objects by id, out of those the user may see."""

    def __init__(self, model: type[models.Model], *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("queryset", lambda request: visible_rows(model, request))
        super().__init__(*args, **kwargs)


class YesNoFilter(django_filters.TypedChoiceFilter):
    """`true` or `false`; anything else is an error, never “no filter”."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("choices", (("true", _("Yes")), ("false", _("No"))))
        kwargs.setdefault("coerce", lambda value: value == "true")
        super().__init__(*args, **kwargs)


class DayFilter(django_filters.DateFilter):
    """A day as `YYYY-MM-DD`, with the browser's own date picker on pages."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("input_formats", ISO_DATE)
        kwargs.setdefault("widget", forms.DateInput(attrs={"type": "date"}, format=ISO_DATE[0]))
        super().__init__(*args, **kwargs)


class DayRangeField(RangeField):
    """Two days, both included. Stays with dates: a calendar date has no time zone."""

    widget = DateRangeWidget

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("widget", DateRangeWidget(attrs={"type": "date"}))
        days = (forms.DateField(input_formats=ISO_DATE), forms.DateField(input_formats=ISO_DATE))
        super().__init__(days, *args, **kwargs)


class DayRangeFilter(django_filters.RangeFilter):
    """`close_date_after=2026-01-01&close_date_before=2026-03-31`, both days included."""

    field_class = DayRangeField


class AmountRangeField(RangeField):
    widget = RangeWidget

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        limits: dict[str, Any] = {"min_value": -MAX_AMOUNT, "max_value": MAX_AMOUNT, "decimal_places": 3}
        super().__init__((forms.DecimalField(**limits), forms.DecimalField(**limits)), *args, **kwargs)


class AmountRangeFilter(django_filters.RangeFilter):
    """`amount_min=1000&amount_max=5000`, both included."""

    field_class = AmountRangeField


class SearchFilter(django_filters.CharFilter):
    """Every word must occur in one of the FilterSet's `search_fields`."""

    def __init__(self, fields: Iterable[str]) -> None:
        self.fields = tuple(fields)
        super().__init__(label=_("Search"), max_length=200, widget=forms.TextInput(attrs={"type": "search"}))

    def filter(self, queryset: QuerySet, value: str) -> QuerySet:
        for term in (value or "").split()[:MAX_TERMS]:
            matches = Q()
            for name in self.fields:
                matches |= Q(**{f"{name}__icontains": term})
            queryset = queryset.filter(matches)
        return queryset


class OrderingFilter(django_filters.OrderingFilter):
    """`ordering=-close_date,name`, out of an allow-list; applied by the FilterSet, after the filters."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        super().__init__(fields=[(path, name) for name, path in fields.items()], label=_("Order"))
        self.extra["widget"] = forms.HiddenInput

    def filter(self, queryset: QuerySet, value: list[str] | None) -> QuerySet:
        return queryset

    def paths(self, value: list[str] | None) -> list[str]:
        return [self.get_ordering_value(name) for name in value or ()]


class VisibleFilterSet(django_filters.FilterSet):
    """Base of every FilterSet. `request` is required: related choices are those its user may see.

    `search_fields` are ORM paths; `ordering_fields` maps the names a caller may order by to ORM paths.
    A request that is not valid selects nothing.
    """

    search_fields: ClassVar[tuple[str, ...]] = ()
    ordering_fields: ClassVar[dict[str, str]] = {}

    def __init__(
        self,
        data: Any = None,
        queryset: QuerySet | None = None,
        *,
        request: HttpRequest,
        prefix: str | None = None,
    ) -> None:
        super().__init__(data, queryset, request=request, prefix=prefix)
        if refused := self.refused_orderings():
            allowed = {name: path for name, path in self.ordering_fields.items() if name not in refused}
            self.filters["ordering"] = OrderingFilter(allowed)

    @classmethod
    def get_filters(cls) -> dict[str, django_filters.Filter]:
        filters = dict(super().get_filters())
        if cls.search_fields:
            filters["search"] = SearchFilter(cls.search_fields)
        if cls.ordering_fields:
            filters["ordering"] = OrderingFilter(cls.ordering_fields)
        return filters

    @classmethod
    def parameter_names(cls) -> set[str]:
        """What may stand in the query; a range has two names."""
        names = set()
        for name, item in cls.base_filters.items():
            widget = getattr(item.field_class, "widget", None)
            ranged = isinstance(widget, type) and issubclass(widget, SuffixedMultiWidget)
            names |= {f"{name}_{suffix}" for suffix in widget.suffixes} if ranged else {name}
        return names

    @classmethod
    def repeatable_names(cls) -> set[str]:
        """Filters that take several values, one parameter each: any of them."""
        return {
            name
            for name, item in cls.base_filters.items()
            if isinstance(item, django_filters.MultipleChoiceFilter)
        }

    def parameter_errors(self) -> dict[str, list[ValidationError]]:
        """What is wrong, by the name of the parameter: a range has two."""
        found: dict[str, list[ValidationError]] = {}
        for name, errors in self.errors.as_data().items():
            found |= self._errors_of_bounds(name) or {name: errors}
        return found

    def _errors_of_bounds(self, name: str) -> dict[str, list[ValidationError]]:
        found = {}
        field = self.form.fields.get(name)
        if isinstance(field, RangeField):
            for part, suffix in zip(field.fields, field.widget.suffixes, strict=True):
                try:
                    part.clean(self.data.get(f"{name}_{suffix}"))
                except ValidationError as error:
                    found[f"{name}_{suffix}"] = error.error_list
        return found

    def refused_orderings(self) -> set[str]:
        """Names of `ordering_fields` that this user may not order by: the order would tell the values."""
        return set()

    @property
    def qs(self) -> QuerySet:
        if self.is_bound and not self.is_valid():
            return self.queryset.none()
        return super().qs

    def filter_queryset(self, queryset: QuerySet) -> QuerySet:
        queryset = super().filter_queryset(queryset)
        ordering = self.filters.get("ordering")
        paths = ordering.paths(self.form.cleaned_data.get("ordering")) if ordering else []
        return in_order(queryset, paths or queryset.model._meta.ordering)


def visible_rows(model: type[models.Model], request: Any) -> QuerySet:
    user = getattr(request, "user", None)
    manager = model._default_manager
    return manager.none() if user is None else manager.visible_to(user)  # type: ignore[attr-defined]


def in_order(queryset: QuerySet, paths: Iterable[Any]) -> QuerySet:
    """Order that is the same on every database, with the primary key as tie-breaker.

    Rows without a value come last going up and first going down, as on PostgreSQL.
    """
    order: list[Any] = []
    for path in paths:
        name = path.lstrip("-") if isinstance(path, str) else ""
        if not name or not _may_be_null(queryset.model, name):
            order.append(path)
        elif path.startswith("-"):
            order.append(F(name).desc(nulls_first=True))
        else:
            order.append(F(name).asc(nulls_last=True))
    if not any(path in {"pk", "-pk", "id", "-id"} for path in order if isinstance(path, str)):
        order.append("pk")
    return queryset.order_by(*order)


def _may_be_null(model: type[models.Model], path: str) -> bool:
    for name in path.split("__"):
        try:
            field = model._meta.get_field(name) if name != "pk" else model._meta.pk
        except FieldDoesNotExist:
            return True  # an annotation
        if field.null:
            return True
        model = field.related_model or model
    return False
