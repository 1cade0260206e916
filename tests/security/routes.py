"""Every URL of the application with what it declares, and how to fill in its address."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.db.models import Model
from django.urls import URLPattern, URLResolver, get_resolver

from plans.models import Plan
from tests.security.rows import CUSTOMERS

PAGE_METHODS = ("GET", "POST")
API_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
# What stands for a part of an address that is no id. Further ids are of rows that do not exist.
PARTS = {
    "kpi": "won_revenue",
    "action": "hold",
    "section": "strategy",
    "step": "start",
    "name": "purge-job-runs",
    "effect": "include",
    "kind": "opportunity",
}
NO_ID = str(uuid.UUID(int=7))
ID_NAMES = {"pk": None, "plan_id": Plan}  # None: the view says of what


@dataclass(frozen=True)
class Route:
    path: str
    view: Any

    @property
    def policy(self) -> str | None:
        """A function carries its policy; an API view or viewset has it on its class."""
        return getattr(self.view, "kam_policy", None) or getattr(self.view_class, "kam_policy", None)

    @property
    def view_class(self) -> Any:
        return getattr(self.view, "cls", None)

    @property
    def is_admin(self) -> bool:
        return self.path.startswith("admin/")

    @property
    def is_api(self) -> bool:
        return self.path.startswith("api/")

    @property
    def methods(self) -> tuple[str, ...]:
        return API_METHODS if self.is_api else PAGE_METHODS

    @property
    def own_methods(self) -> tuple[str, ...]:
        """Those of `methods` that an API view has; of a page only asking tells."""
        if not self.is_api:
            return self.methods
        actions = getattr(self.view, "actions", None)
        named = actions if actions is not None else dir(self.view_class)
        return tuple(method for method in self.methods if method.lower() in named)

    @property
    def id_name(self) -> str | None:
        return next((name for name in ID_NAMES if f"<uuid:{name}>" in self.path), None)

    @property
    def model(self) -> type[Model] | None:
        """Of what the object in the address is, or of what a list is."""
        queryset = getattr(self.view_class, "queryset", None)
        return (
            ID_NAMES.get(self.id_name or "")
            or getattr(self.view, "kam_model", None)
            or getattr(queryset, "model", None)
            or resource_models().get(self.path.partition("<")[0])
        )

    @property
    def is_of_customers(self) -> bool:
        """Whether the answer may depend on customers' rows. Others depend on the role alone."""
        if self.model is None:
            return not self.path.startswith(("library/", "profile/", "login/", "users/"))
        return self.model in CUSTOMERS

    def url(self, pk: Any = None, **parts: str) -> str:
        def part(match: re.Match[str]) -> str:
            kind, _colon, name = match[1].rpartition(":")
            if name == self.id_name:
                return str(pk)
            return NO_ID if kind == "uuid" and name not in parts else {**PARTS, **parts}[name]

        return "/" + re.sub(r"<([^>]+)>", part, self.path)


def walk(patterns: Iterable[URLPattern | URLResolver], prefix: str = "") -> Iterator[Route]:
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from walk(pattern.url_patterns, path)
        else:
            yield Route(path, pattern.callback)


@cache
def all_routes() -> tuple[Route, ...]:
    """One for each address: of those with the same path the first answers."""
    routes: dict[str, Route] = {}
    for route in walk(get_resolver().url_patterns):
        routes.setdefault(route.path, route)
    return tuple(routes.values())


@cache
def resource_models() -> dict[str, type[Model]]:
    """The model behind `api/v1/accounts/`, for the views below it that are no viewsets."""
    querysets = {
        route.path: getattr(route.view_class, "queryset", None) for route in all_routes() if route.is_api
    }
    return {path: rows.model for path, rows in querysets.items() if rows is not None}


def site_routes() -> list[Route]:
    """All but those of the Django admin, whose addresses follow from its models."""
    return [route for route in all_routes() if not route.is_admin]
