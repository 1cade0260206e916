"""The database keeps the closure of the trees of this app."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.backends.base.base import BaseDatabaseWrapper

from kam.core import trees
from kam.core.triggers import Trigger

TREES = (
    ("crm_territory", "crm_territoryedge"),
    ("crm_account", "crm_accountedge"),
    ("crm_productcategory", "crm_productcategoryedge"),
)


def declared(vendor: str) -> Iterable[Trigger]:
    for node, edge in TREES:
        yield from trees.tree_triggers(vendor, node=node, edge=edge)


def rebuild_missing_edges(connection: BaseDatabaseWrapper) -> None:
    for node, edge in TREES:
        trees.rebuild_missing_edges(connection, node=node, edge=edge)
