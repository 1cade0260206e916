"""What the numbers' paths take in the query."""

from __future__ import annotations

from datetime import date

from django.utils.translation import gettext as _
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request


def refuse(parameter: str, message: str, code: str = "invalid") -> ValidationError:
    return ValidationError({parameter: [ErrorDetail(message, code=code)]})


def day_of(request: Request, parameter: str) -> date | None:
    """The day that a parameter names; None without it."""
    text = request.query_params.get(parameter)
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise refuse(parameter, _("Enter a date, such as 2026-11-21.")) from None
