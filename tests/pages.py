"""What the tests of pages share: asking for one while looking out for N+1 queries, and reading it."""

from __future__ import annotations

import html
import re
from typing import Any

from django.http import HttpResponse
from django.test import Client
from zeal import zeal_context


def get(client: Client, url: str, **kwargs: Any) -> HttpResponse:
    """The page; a query repeated for each row fails the test."""
    with zeal_context():
        return client.get(url, **kwargs)


def text_of(response: HttpResponse) -> str:
    """What a reader sees: no markup, single spaces."""
    main = response.content.decode().partition("<main")[2] or response.content.decode()
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", main))).strip()


def form_of(response: HttpResponse) -> dict[str, str]:
    """The values that the page's form would send if nothing was changed."""
    form = response.context["form"]
    values = {}
    for bound in form:
        value = bound.value()
        if value is None or value is False or value == []:
            continue
        values[bound.html_name] = str(getattr(value, "pk", value)) if not isinstance(value, list) else value
    return values
