"""Pages of a list: `{count, next, previous, results}`."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import IntegerField, QuerySet, Subquery
from django.utils.translation import gettext as _
from rest_framework.exceptions import ErrorDetail, NotFound, ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param

LARGEST_SIZE = 10**9  # what may be asked for; no page holds as many


class CountOf(Subquery):
    """How many rows a queryset has, as a column of another: the page and its count are one statement."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) counted)"
    output_field = IntegerField()


class CappedPagination(BasePagination):
    """Pages by number. The count is exact up to `count_limit`, else null, so that no list counts a million rows."""

    page_size = 50
    max_page_size = 500
    max_page = 100_000
    count_limit = 10_000

    def paginate_queryset(self, queryset: QuerySet, request: Request, view: Any = None) -> list[models.Model]:
        self.request = request
        self.page = self._number("page", 1, self.max_page)
        size = min(self._number("page_size", self.page_size, LARGEST_SIZE), self.max_page_size)
        counted = queryset.order_by().values("pk")[: self.count_limit + 1]
        start = (self.page - 1) * size
        rows = list(queryset.annotate(kam_count=CountOf(counted))[start : start + size + 1])
        if not rows and self.page > 1:
            raise NotFound(_("There is no such page."))
        count = rows[0].kam_count if rows else 0
        self.count = count if count <= self.count_limit else None
        self.has_next = len(rows) > size
        return rows[:size]

    def _number(self, name: str, default: int, highest: int) -> int:
        text = self.request.query_params.get(name)
        if text is None:
            return default
        if not (text.isascii() and text.isdigit() and len(text) <= 10 and 1 <= int(text) <= highest):
            message = _("Enter a whole number from 1 to %(highest)s.") % {"highest": highest}
            raise ValidationError({name: [ErrorDetail(message, code="invalid")]})
        return int(text)

    def get_paginated_response(self, data: Any) -> Response:
        return Response(
            {
                "count": self.count,
                "next": self._link(self.page + 1) if self.has_next else None,
                "previous": self._link(self.page - 1) if self.page > 1 else None,
                "results": data,
            }
        )

    def _link(self, page: int) -> str:
        url = self.request.build_absolute_uri()
        return remove_query_param(url, "page") if page == 1 else replace_query_param(url, "page", page)

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": "string", "format": "uri", "nullable": True}
        count = {
            "type": "integer",
            "nullable": True,
            "minimum": 0,
            "description": f"Exact up to {self.count_limit:,}; null above: follow “next”.",
        }
        return {
            "type": "object",
            "required": ["count", "next", "previous", "results"],
            "properties": {"count": count, "next": link, "previous": link, "results": schema},
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        def parameter(name: str, highest: int, description: str) -> dict[str, Any]:
            schema = {"type": "integer", "minimum": 1, "maximum": highest}
            return {
                "name": name,
                "in": "query",
                "required": False,
                "description": description,
                "schema": schema,
            }

        return [
            parameter("page", self.max_page, "Which page, from 1."),
            parameter(
                "page_size",
                LARGEST_SIZE,
                f"Rows on a page: {self.page_size} unless said, and never more than {self.max_page_size}.",
            ),
        ]
