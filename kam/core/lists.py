"""Pages of a list: counted only as far as anybody reads, in the order the reader last chose."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.core.paginator import EmptyPage, Page, PageNotAnInteger, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property

PAGE_SIZE = 25
COUNT_LIMIT = 10_000  # counting a million rows takes longer than showing 25 of them
ORDERINGS = "list_orderings"


class CappedPaginator(Paginator):
    """`count` is exact up to `COUNT_LIMIT`, else None: the pages then have no last one in sight."""

    @cached_property
    def count(self) -> int | None:  # type: ignore[override]
        found = self.object_list.order_by()[: COUNT_LIMIT + 1].count()
        return found if found <= COUNT_LIMIT else None

    @cached_property
    def num_pages(self) -> int:
        return COUNT_LIMIT // self.per_page if self.count is None else super().num_pages

    def page(self, number: int | str) -> Page:
        number = self.validate_number(number)
        bottom = (number - 1) * self.per_page
        return self._get_page(self.object_list[bottom : bottom + self.per_page], number, self)


def page_of(request: HttpRequest, queryset: QuerySet, *, per_page: int = PAGE_SIZE) -> Page:
    """The page that `?page=` asks for; the first or last where it asks for none that exists."""
    paginator = CappedPaginator(queryset, per_page)
    number: Any = request.GET.get("page")
    try:
        return paginator.page(paginator.validate_number(number))
    except PageNotAnInteger:
        return paginator.page(1)
    except EmptyPage:
        return paginator.page(paginator.num_pages if str(number).isdecimal() and int(number) > 0 else 1)


def remember_ordering(request: HttpRequest, name: str, allowed: Collection[str]) -> None:
    """Keep the reader's ordering of this list in the session; an address without one gets the last."""
    remembered = request.session.get(ORDERINGS, {})
    asked = request.GET.get("ordering", "")
    if asked in allowed:
        if remembered.get(name) != asked:
            request.session[ORDERINGS] = {**remembered, name: asked}
        return
    query = request.GET.copy()
    query.pop("ordering", None)
    if remembered.get(name) in allowed:
        query["ordering"] = remembered[name]
    request.GET = query  # type: ignore[assignment]
