"""What the numbers' paths take in the query."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request
from rest_framework.utils.urls import remove_query_param, replace_query_param

from kam.core.api.fields import DayField
from kam.core.api.pagination import CappedPagination


def refuse(parameter: str, message: str, code: str = "invalid") -> ValidationError:
    return ValidationError({parameter: [ErrorDetail(message, code=code)]})


def day_of(request: Request, parameter: str) -> date | None:
    """The day that a parameter names; None without it."""
    text = request.query_params.get(parameter)
    if text is None:
        return None
    try:
        return DayField().to_internal_value(text)
    except ValidationError:
        raise refuse(parameter, _("Enter a date, such as 2026-11-21.")) from None


def flag_of(request: Request, parameter: str, *, default: bool = False) -> bool:
    text = request.query_params.get(parameter, str(default).lower())
    if text not in {"true", "false"}:
        raise refuse(parameter, _("Enter true or false."))
    return text == "true"


def page_of(request: Request) -> tuple[int, int]:
    """Which page of records is asked for, and how many are on one."""
    pages = CappedPagination()
    pages.request = request
    page = pages._number("page", 1, pages.max_page)
    return page, min(pages._number("page_size", pages.page_size, 10**9), pages.max_page_size)


def page_links(request: Request, *, page: int, size: int, count: int) -> dict[str, Any]:
    url = request.build_absolute_uri()
    before = remove_query_param(url, "page") if page == 2 else replace_query_param(url, "page", page - 1)
    return {
        "next": replace_query_param(url, "page", page + 1) if page * size < count else None,
        "previous": before if page > 1 else None,
    }
