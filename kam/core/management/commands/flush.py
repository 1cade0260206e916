"""Django's `flush`, past the triggers that keep rows from being deleted one by one.

PostgreSQL empties tables by TRUNCATE, which asks no row. SQLite does it by DELETE: the triggers go
and come back in the transaction that empties the tables, so nobody else ever meets a table without.
"""

from __future__ import annotations

from typing import Any

from django.core.management.commands import flush
from django.db import connections, transaction

from kam.core import triggers


class Command(flush.Command):
    def handle(self, **options: Any) -> None:
        connection = connections[options["database"]]
        if connection.vendor != "sqlite":
            super().handle(**options)
            return
        with transaction.atomic(using=connection.alias):
            triggers.drop(connection)
            super().handle(**options)
            triggers.install(connection)
