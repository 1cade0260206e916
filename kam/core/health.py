"""Is this process fit to serve?"""

from __future__ import annotations

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor

from kam.core import triggers

_migrated: set[str] = set()


def is_ready(connection: BaseDatabaseWrapper) -> bool:
    """The database answers, all migrations ran and the triggers are in place."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    if connection.alias not in _migrated:  # the plan is read once per process: migrating restarts it
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            return False
        _migrated.add(connection.alias)
    return not triggers.missing(connection)
