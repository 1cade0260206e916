"""Reading and sending the admin's forms as a browser would."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

from django.db import models
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

NOT_SENT = {"submit", "button", "checkbox", "radio", "file", "search"}


def url(model: type[models.Model], page: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


class FormReader(HTMLParser):
    """The values that a browser would send back if nothing was changed."""

    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, list[str]] = {}
        self._select = ""
        self._textarea = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        name = given.get("name", "")
        if tag == "input" and name:
            is_sent = given.get("type") not in NOT_SENT or "checked" in given
            if is_sent:
                self.values.setdefault(name, []).append(
                    given.get("value", "on" if "checked" in given else "")
                )
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and "selected" in given:
            self.values.setdefault(self._select, []).append(given.get("value", ""))
        elif tag == "textarea":
            self._textarea = name
            self.values[name] = [""]

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = ""
        elif tag == "textarea":
            self._textarea = ""

    def handle_data(self, data: str) -> None:
        if self._textarea:
            self.values[self._textarea][0] += data.removeprefix("\n")


def form_of(response: HttpResponse) -> dict[str, Any]:
    reader = FormReader()
    reader.feed(response.content.decode())
    left_out = {"csrfmiddlewaretoken", "q", "next", "language"}
    return {name: values for name, values in reader.values.items() if name not in left_out}


def open_form(client: Client, address: str) -> dict[str, Any]:
    response = client.get(address)
    assert response.status_code == 200, address
    return form_of(response)


def send(client: Client, address: str, values: dict[str, Any], **changes: Any) -> HttpResponse:
    """POST what was read, with some values changed."""
    return client.post(address, {**values, **changes})


def errors_of(response: HttpResponse) -> str:
    """All errors that a page shows, as one text."""
    found = [str(response.context["adminform"].form.errors)]
    for inline in response.context["inline_admin_formsets"]:
        found += [str(errors) for errors in inline.formset.errors]
        found.append(str(inline.formset.non_form_errors()))
    return " ".join(found)
