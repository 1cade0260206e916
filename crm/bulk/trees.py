"""Trees in a batch: no row below itself, parents before children."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.db import models


def stored_parents(model: type[models.Model], starts: Iterable[Any]) -> dict[Any, Any]:
    """id → parent id of these rows and of everything above them, in two statements.

    Categories have no closure table; there are few of them, so all are read.
    """
    wanted = {pk for pk in starts if pk is not None}
    if not wanted:
        return {}
    rows = model.objects.unscoped("shape of a tree")
    if any(f.name == "edges_up" for f in model._meta.related_objects):
        rows = rows.filter(edges_down__descendant_id__in=wanted)
    return dict(rows.order_by().values_list("pk", "parent_id"))


def in_ring(parents: Mapping[Any, Any], starts: Iterable[Any]) -> set[Any]:
    """Those of `starts` that lie below themselves."""
    safe: set[Any] = set()
    ring: set[Any] = set()
    for start in starts:
        path: list[Any] = []
        on_path: set[Any] = set()
        node = start
        while node is not None and node not in safe and node not in ring and node not in on_path:
            path.append(node)
            on_path.add(node)
            node = parents.get(node)
        if node in on_path:
            ring.update(path[path.index(node) :])
        safe.update(on_path - ring)
    return ring & set(starts)


def parents_first(items: Iterable[Any], parent_of: Callable[[Any], Any]) -> list[Any]:
    """The items, each after its parent where that is one of them. There is no ring among them."""
    remaining = dict.fromkeys(items)
    ordered: list[Any] = []
    for item in list(remaining):
        path = []
        node = item
        while node in remaining:
            path.append(node)
            del remaining[node]
            node = parent_of(node)
        ordered.extend(reversed(path))
    return ordered
