"""Pages of a list: counted only as far as anybody reads, in the order the reader last chose."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.core.cache import cache
from django.core.paginator import EmptyPage, Page, PageNotAnInteger, Paginator
from django.db.models import CharField, QuerySet
from django.db.models.functions import Cast
from django.forms import ChoiceField, Field, HiddenInput, ModelChoiceField, Select, SelectMultiple
from django.http import HttpRequest, QueryDict
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from kam.core.filter_bar import FilterChoices, FilterSelect, NamedChoices, goes_by_name
from kam.core.filters import VisibleFilterSet
from kam.core.forms import SearchChoiceField

PAGE_SIZE = 25
COUNT_LIMIT = 1_000  # nobody reads further, and counting takes longer than showing
MOST_PAGES = 400  # of a list that was not counted
ORDERINGS = "list_orderings"

LONG_FOR = 300  # seconds for which a list that was too long to count is taken to be so still

Rows = Callable[["int | None", int, int], list[Any]]  # of so many, from here to there


class CappedPage(Page):
    """A page that knows whether another one follows, also where nobody counted the list."""

    def __init__(self, object_list: Any, number: int, paginator: Any, *, is_last: bool) -> None:
        super().__init__(object_list, number, paginator)
        self.is_last = is_last

    def has_next(self) -> bool:
        return not self.is_last and self.number < self.paginator.num_pages

    def end_index(self) -> int:
        return self.start_index() + len(self.object_list) - 1


class CappedPaginator(Paginator):
    """`count` is exact up to `COUNT_LIMIT`, else None: the pages then have no last one in sight.

    `rows` reads the same rows in the way that is best for so many of them; `ids`, those of the first
    rows in their order, spare counting them. What was too long to count is not counted again for some
    minutes when it comes under the same `name`, unless a reader sees its end.
    """

    def __init__(
        self,
        object_list: QuerySet,
        per_page: int,
        *,
        rows: Rows | None = None,
        ids: Callable[[], Sequence[Any]] | None = None,
        name: str = "",
    ) -> None:
        super().__init__(object_list, per_page)
        self.rows = rows
        self.ids = ids
        self.name = name
        self.limit = COUNT_LIMIT

    @cached_property
    def count(self) -> int | None:  # type: ignore[override]
        if self.name and cache.get(self.name):
            return None
        some = self.object_list.order_by().values("pk")[: self.limit + 1]
        found = len(self.ids()) if self.ids else some.count()
        if found <= self.limit:
            return found
        if self.name:
            cache.set(self.name, True, LONG_FOR)
        return None

    @cached_property
    def num_pages(self) -> int:
        return MOST_PAGES if self.count is None else super().num_pages

    def page(self, number: int | str) -> Page:
        number = self.validate_number(number)
        if self.count == 0:
            return CappedPage([], number, self, is_last=True)
        bottom = (number - 1) * self.per_page
        top = bottom + self.per_page + 1
        found = self.rows(self.count, bottom, top) if self.rows else list(self.object_list[bottom:top])
        is_last = len(found) <= self.per_page
        if is_last and self.count is None:
            cache.delete(self.name)  # it may have become short
            if not found and number > 1:  # beyond the end that nobody counted
                return self.page(-(-self.object_list.order_by().values("pk").count() // self.per_page))
        return CappedPage(found[: self.per_page], number, self, is_last=is_last)


class OrderedRows:
    """The rows of a list by their ids: those are asked for once, in their order, without what a row shows."""

    def __init__(self, found: QuerySet, *, picked: Callable[[], QuerySet]) -> None:
        """`picked` is what is read of the rows, whose ids came through the gate."""
        self.found = found
        self.picked = picked

    @cached_property
    def first_ids(self) -> list[str]:
        """As text: all are counted, but only those of a page are made ids."""
        as_text = self.found.annotate(id_as_text=Cast("pk", CharField()))
        return list(as_text.values_list("id_as_text", flat=True)[: COUNT_LIMIT + 1])

    def ids(self) -> list[str]:
        return self.first_ids

    def rows(self, count: int | None, bottom: int, top: int) -> list[Any]:
        """Of a list that was counted by their ids; a long one is walked in its order as far as the page."""
        if count is None:
            return self.walked(bottom, top)
        return self.picked_by([UUID(text) for text in self.first_ids[bottom:top]])

    def picked_by(self, ids: list[UUID]) -> list[Any]:
        found = self.picked().in_bulk(ids)
        return [found[pk] for pk in ids if pk in found]

    def walked(self, bottom: int, top: int) -> list[Any]:
        return list(self.found[bottom:top])


def page_of(
    request: HttpRequest,
    queryset: QuerySet,
    *,
    per_page: int = PAGE_SIZE,
    rows: Rows | None = None,
    ids: Callable[[], Sequence[Any]] | None = None,
) -> Page:
    """The page that `?page=` asks for; the first or last where it asks for none that exists."""
    paginator = CappedPaginator(queryset, per_page, rows=rows, ids=ids, name=name_of_list(request, queryset))
    number: Any = request.GET.get("page")
    try:
        return paginator.page(paginator.validate_number(number))
    except PageNotAnInteger:
        return paginator.page(1)
    except EmptyPage:
        return paginator.page(paginator.num_pages if str(number).isdecimal() and int(number) > 0 else 1)


def name_of_list(request: HttpRequest, queryset: QuerySet) -> str:
    """What tells this list of this reader from every other, wherever on it they are."""
    asked = sorted((key, request.GET.getlist(key)) for key in request.GET if key not in {"page", "ordering"})
    what = f"{queryset.model._meta.label} {request.user.pk} {asked}"
    return f"long-list:{hashlib.sha256(what.encode()).hexdigest()}"


def list_filter(
    filter_class: type[VisibleFilterSet],
    request: HttpRequest,
    queryset: QuerySet,
    *,
    name: str,
    show: Sequence[str],
    hidden: Sequence[str] = (),
    search_in: Mapping[str, Any] | None = None,
) -> VisibleFilterSet:
    """The FilterSet of a list page: the filters in `show`, in that order, beside search and ordering.

    Those in `hidden` are set by links of the page and stay while other filters change. `search_in`
    names the filters with too many choices for a select, with the address that offers matches. The
    ordering is the reader's last one of the list called `name`.
    """
    filterset = _with_filters(filter_class, (*show, *hidden))(request.GET, queryset, request=request)
    allowed = set(filter_class.ordering_fields) - filterset.refused_orderings()
    filterset.data = remember_ordering(request, name, {*allowed, *(f"-{field}" for field in allowed)})
    form = filterset.form
    for field in hidden:
        form.fields[field].widget = HiddenInput()
    for field, url in (search_in or {}).items():
        plain = form.fields[field]
        form.fields[field] = SearchChoiceField(
            plain.queryset, options_url=url, required=False, label=plain.label
        )
    for field in form.fields.values():
        offer_any(field)
    form.order_fields(["search", *show, "ordering"])
    return filterset


@lru_cache(maxsize=64)
def _with_filters(filter_class: type[VisibleFilterSet], names: tuple[str, ...]) -> type[VisibleFilterSet]:
    """The same FilterSet with fewer filters: a page need not copy and ask those that it does not show."""
    smaller = type(filter_class.__name__, (filter_class,), {})
    kept = {"search", "ordering", *names}
    smaller.base_filters = {name: f for name, f in filter_class.base_filters.items() if name in kept}
    return smaller


def offer_any(field: Field) -> None:
    """A filter that is not set says so; several choices are ticked, not picked with a held key."""
    if isinstance(field, SearchChoiceField):
        return
    if isinstance(field, ModelChoiceField):
        field.empty_label = None if isinstance(field.widget, SelectMultiple) else _("Any")
        if goes_by_name(field.queryset.model):
            field.iterator = NamedChoices
    elif isinstance(field, ChoiceField) and isinstance(field.widget, Select):
        given = [choice for choice in field.choices if choice[0] != ""]
        field.choices = given if isinstance(field.widget, SelectMultiple) else [("", _("Any")), *given]
    if isinstance(field.widget, SelectMultiple):
        field.widget = FilterChoices(choices=field.choices)  # type: ignore[attr-defined]
    elif isinstance(field.widget, Select):
        field.widget = FilterSelect(attrs=field.widget.attrs, choices=field.choices)  # type: ignore[attr-defined]


def remember_ordering(request: HttpRequest, name: str, allowed: Collection[str]) -> QueryDict:
    """Keep the reader's ordering of this list in the session; an address without one gets the last."""
    remembered = request.session.get(ORDERINGS, {})
    asked = request.GET.get("ordering", "")
    if asked in allowed:
        if remembered.get(name) != asked:
            request.session[ORDERINGS] = {**remembered, name: asked}
        return request.GET
    query = request.GET.copy()
    query.pop("ordering", None)
    if remembered.get(name) in allowed:
        query["ordering"] = remembered[name]
    request.GET = query  # type: ignore[assignment]
    return query


def tabs_of(
    request: HttpRequest, tabs: Sequence[tuple[str, dict[str, str]]], *, within: Collection[str]
) -> list[dict[str, Any]]:
    """Tabs that set filters. The active one is that whose filters are set, of those in `within`."""
    now = {name: request.GET[name] for name in within if request.GET.get(name)}
    return [
        {"label": label, "url": f"?{urlencode(filters)}", "active": filters == now} for label, filters in tabs
    ]
