"""Where a design-time object is in use. Upper apps say so; nothing here knows them.

A plan made from a template holds a reference to it, yet `templates_app` must not import `plans`. The
upper app registers a counter in its `AppConfig.ready()`. It is asked for a user, whom it tells only of
what they may open, or for nobody: whether the object is in use at all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import models

if TYPE_CHECKING:
    from kam.users.models import User


@dataclass(frozen=True)
class Use:
    """One line of “in use”: how many of what, and where to look at them."""

    label: str
    count: int
    url: str = ""


# Takes rows of the model it is registered for, and who asks; returns what uses each, by primary key.
UsesOf = Callable[[Sequence[models.Model], "User | None"], dict[Any, list[Use]]]
_registry: dict[type[models.Model], list[UsesOf]] = {}


def register(model: type[models.Model], uses_of: UsesOf) -> None:
    counters = _registry.setdefault(model, [])
    if uses_of not in counters:
        counters.append(uses_of)


def uses_of_many(rows: Sequence[models.Model], user: User | None = None) -> dict[Any, list[Use]]:
    """What uses each of these rows, all of one model; those that nothing uses have an empty list."""
    found: dict[Any, list[Use]] = {row.pk: [] for row in rows}
    for counter in _registry.get(type(rows[0]), []) if rows else []:
        for pk, uses in counter(rows, user).items():
            found[pk] += [use for use in uses if use.count]
    return found


def uses_of(row: models.Model, user: User | None = None) -> list[Use]:
    return uses_of_many([row], user)[row.pk]
