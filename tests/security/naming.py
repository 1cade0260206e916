"""Calls that name a row: in the address, a filter, a body or a form."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from django import forms

from kam.core.api.fields import ManyVisibleRelatedField, VisibleRelatedField
from kam.core.filters import VisibleChoiceFilter, VisibleMultipleChoiceFilter
from plans.models import AccountPlan, AccountPlanObjective, GoalAssignment, TerritoryBusinessPlan
from tests.security.asking import Answer, Call, api, form
from tests.security.routes import Route
from tests.security.rows import CUSTOMERS, Rows
from tests.security.twins import SECRET


def call_of(route: Route, method: str, row: Any, *, name: str = "") -> Call:
    url = route.url(row.pk if row is not None else None)
    if route.is_api and method != "GET":
        return api(method, url, row, name=name)
    return Call(method, url, name=name)


def queries(route: Route, hidden: list[Rows]) -> Iterator[str]:
    """Addresses of a list that search for what is hidden, filter by it, order, and show one row a page."""
    filterset = getattr(route.view_class, "filterset_class", None)
    text = SECRET[:12].lower()
    if route.id_name or route.model not in CUSTOMERS or filterset is None:
        if not route.id_name and not route.is_api and ("options" in route.path or "search" in route.path):
            yield f"{route.url()}?{urlencode({'q': text})}"
        return
    yield f"{route.url()}?{urlencode({'search': text})}"
    if route.model in {AccountPlan, AccountPlanObjective, TerritoryBusinessPlan, GoalAssignment}:
        yield f"{route.url()}?page_size=1"
        yield from (f"{route.url()}?ordering=-{name}" for name in filterset.ordering_fields)
    for name, chosen in filterset.base_filters.items():
        if isinstance(chosen, VisibleChoiceFilter | VisibleMultipleChoiceFilter):
            target = first_of(model_of(chosen), hidden)
            if target is not None:
                yield f"{route.url()}?{urlencode({name: target.pk})}"


def model_of(chosen: Any) -> Any:
    return chosen.extra["queryset"](None).model


def first_of(model: Any, hidden: list[Rows]) -> Any:
    return next((rows[model] for rows in hidden if model in rows), None)


def bodies(route: Route, seen: Rows, hidden: list[Rows]) -> Iterator[Call]:
    """Rows of a resource that would hang on what is hidden."""
    if "post" not in (getattr(route.view, "actions", None) or {}) or route.id_name:
        return
    own = seen[route.model]  # type: ignore[index]
    for name, field in route.view_class.serializer_class(context={"request": None}).fields.items():
        inner = field.child_relation if isinstance(field, ManyVisibleRelatedField) else field
        if isinstance(inner, VisibleRelatedField) and not inner.read_only:
            for rows in hidden:
                if (target := rows.get(inner.queryset.model)) is not None:
                    value = target.pk if inner is field else [target.pk]
                    yield api("POST", route.url(), **{name: value})
                    yield api("PATCH", f"{route.url()}{own.pk}/", own, **{name: value})


def form_calls(call: Call, answer: Answer, hidden: list[Rows]) -> Iterator[Call]:
    """The form of a page sent with the id, and with the name, of what is hidden."""
    for shown in answer.forms if call.method == "GET" else ():
        fields = getattr(shown, "fields", {})
        values = {shown[name].html_name: given for name in fields if (given := text_of(shown[name].value()))}
        for name, field in fields.items():
            target = isinstance(field, forms.ModelChoiceField) and first_of(field.queryset.model, hidden)
            if target:
                sent = shown.add_prefix(name)
                yield form(call.url, **values | {sent: target.pk})
                yield form(call.url, **values | {sent: target.pk, f"{sent}_text": str(target)})


def text_of(value: Any) -> str:
    return "" if value is None or value is False or isinstance(value, list) else str(value)
