"""Asking the application, and what of an answer tells something."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.core.cache import cache
from django.db import connection, transaction
from django.test import Client

FORM, JSON = "application/x-www-form-urlencoded", "application/json"
HEADERS = ("Location", "ETag", "Link", "Content-Type", "Allow", "Retry-After", "HX-Redirect", "HX-Trigger")
NOISE = (
    re.compile(r'(?<=name="csrfmiddlewaretoken" value=")[^"]+'),
    re.compile(r'(?<="X-CSRFToken": ")[^"]+'),
)
UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
WRITING = ("INSERT", "UPDATE", "DELETE")
OF_THE_SESSION = '"django_session"'


@dataclass(frozen=True)
class Call:
    method: str
    url: str
    body: str = ""  # JSON for the API, else form fields
    version: str = ""
    name: str = ""  # how the table calls it

    def __str__(self) -> str:
        return f"{self.method} {self.url} {self.body}".strip()


@dataclass(frozen=True)
class Answer:
    status: int
    headers: tuple[Any, ...]
    text: str
    statements: int
    writes: bool  # whether it changed anything beside the session
    forms: tuple[Any, ...] = ()  # of the page

    @property
    def only_shows(self) -> bool:
        """A page whose one form is that which logs out."""
        return self.status == 200 and not self.forms and self.text.count('method="post"') <= 1


def api(method: str, url: str, row: Any = None, *, name: str = "", **body: Any) -> Call:
    version = getattr(row, "version", None)
    return Call(method, url, json.dumps(body, default=str), f'"{version}"' if version else "", name)


def form(url: str, **fields: Any) -> Call:
    return Call("POST", url, urlencode(fields))


@contextmanager
def undone() -> Iterator[None]:
    """What the block writes leaves no trace."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def known_ids() -> frozenset[str]:
    """The ids of all rows; others are of rows that an answer has made."""
    tracked = (model for model in apps.get_models() if hasattr(model, "changed_fields"))
    return frozenset(str(pk) for model in tracked for pk in model._base_manager.values_list("pk", flat=True))


def ask(client: Client, call: Call, known: frozenset[str] = frozenset()) -> Answer:
    """The answer to one call, which leaves no trace; `known` ids count, those of new rows do not."""
    client.raise_request_exception = False  # a 500 is an answer
    cache.clear()  # throttles
    ContentType.objects.clear_cache()
    cookies = client.cookies.copy()
    options: dict[str, Any] = {"headers": {"If-Match": call.version}} if call.version else {}
    if call.method != "GET":
        options |= {"data": call.body, "content_type": JSON if call.url.startswith("/api/") else FORM}
    statements: list[str] = []

    def count(execute: Any, sql: str, *arguments: Any) -> Any:
        statements.append(sql)
        return execute(sql, *arguments)

    with undone(), connection.execute_wrapper(count):
        response = client.generic(call.method, call.url, **options)
        text = "" if response.streaming else response.content.decode()
    client.cookies = cookies  # it may have logged out
    for pattern in NOISE:
        text = pattern.sub("", text)
    return Answer(
        response.status_code,
        tuple((name, UUID4.sub("id", response.headers.get(name) or "")) for name in HEADERS),
        UUID4.sub(lambda match: match[0] if match[0] in known else "a new id", text),
        len(statements),
        any(sql.startswith(WRITING) and OF_THE_SESSION not in sql for sql in statements),
        tuple(_forms_of(response)),
    )


def _forms_of(response: Any) -> Iterator[Any]:
    context = getattr(response, "context", None)
    if context is not None and (shown := context.get("form")) is not None:
        yield shown
