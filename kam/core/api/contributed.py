"""Read-only fields that a higher app adds to the answers of a lower one.

An app must not import those above it, yet an opportunity shows the account plans that cover it. The
higher app registers the field in its `AppConfig.ready()`; the values of a whole page are computed in
one call.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import models
from rest_framework import serializers

# Takes the objects of a page and the reader; returns the value of each by primary key.
Compute = Callable[[Sequence[Any], Any], dict[Any, Any]]


@dataclass(frozen=True)
class Contribution:
    name: str
    compute: Compute
    field: Callable[[], serializers.Field]  # describes the value: a serializer or field, read-only
    default: Callable[[], Any]


_registry: dict[type[models.Model], dict[str, Contribution]] = {}


def contribute(
    model: type[models.Model],
    name: str,
    *,
    compute: Compute,
    field: Callable[[], serializers.Field],
    default: Callable[[], Any] = lambda: None,
) -> None:
    """Add the read-only field `name` to every answer that shows a `model` by itself."""
    _registry.setdefault(model, {})[name] = Contribution(name, compute, field, default)


def contributions(model: type[models.Model]) -> dict[str, Contribution]:
    return _registry.get(model, {})
