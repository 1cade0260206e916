"""Counts in a table of a dashboard, each with the address of the rows behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from metrics.charts import Part
from metrics.dashboards.groups import Counts, Group


@dataclass(frozen=True)
class Cell:
    label: str
    count: int
    url: str


@dataclass(frozen=True)
class Bar:
    """What the cells beside it make of a whole."""

    label: str
    chart_id: str
    parts: list[Part]


@dataclass(frozen=True)
class Row:
    """One owner, territory or type. `name` is empty for what has none."""

    name: str
    level: int
    cells: list[Cell | Bar]


def bar_of(label: Any, name: str, group: Group, labels: Mapping[str, Any]) -> Bar:
    """`name` is what the rows of the table are (owner, territory), and whatever tells bars of a row apart."""
    chart_id = f"{name}-{group.id.hex if group.id else 'none'}"
    return Bar(str(label), chart_id, parts_of(group.counts, labels))


def cells_of(group: Group, labels: Mapping[str, Any], links: Mapping[str, str]) -> list[Cell]:
    """A cell for each of `labels`, by the key of its count; `links` has the address of each."""
    return [Cell(str(label), group.counts[key], links[key]) for key, label in labels.items()]


def parts_of(counts: Counts, labels: Mapping[str, Any]) -> list[Part]:
    return [Part(str(label), look, counts[key]) for look, (key, label) in enumerate(labels.items(), 1)]


def link(request: HttpRequest, anchor: str, **changes: str) -> str:
    """This page with the same filters and these set, at the list."""
    query = request.GET.copy()
    query.pop("page", None)
    for name, value in changes.items():
        query[name] = value
    return f"?{query.urlencode()}#{anchor}"


def chosen(name: str, group: Group) -> dict[str, str]:
    """The filter that names this group, or what has none."""
    return {f"without_{name}": "true"} if group.id is None else {name: str(group.id)}
