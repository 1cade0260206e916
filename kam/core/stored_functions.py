"""SQL that PostgreSQL keeps as a function, and its plan with each connection.

Planning a statement with many joins takes many times as long as running it for a few rows. A function's
name changes with its text: old code never runs new SQL, nor new code old SQL while a deployment is under way.
Whoever uses one asks `is_installed` first and otherwise runs the same SQL as it is: on SQLite always, on
PostgreSQL until `migrate` has installed it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cached_property

from django.db.backends.base.base import BaseDatabaseWrapper


class StoredFunction:
    """A PL/pgSQL function. `body` yields its statements: asked once, and not at import."""

    def __init__(
        self, prefix: str, *, arguments: str, returns: str, body: Callable[[], str], settings: str = ""
    ) -> None:
        self.prefix, self.body = prefix, body
        self.head = f"({arguments}) RETURNS {returns}"
        self.settings = f"SET jit = off SET plan_cache_mode = force_generic_plan {settings}"
        self._aliases: set[str] = set()

    @cached_property
    def _rest(self) -> str:
        return (
            f"{self.head} LANGUAGE plpgsql {self.settings} AS "
            f"$$ #variable_conflict use_column\nBEGIN {self.body()}; END $$"
        )

    @cached_property
    def name(self) -> str:
        return f"{self.prefix}_{hashlib.sha256(self._rest.encode()).hexdigest()[:12]}"

    def install(self, connection: BaseDatabaseWrapper) -> None:
        if connection.vendor != "postgresql":
            return
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE OR REPLACE FUNCTION {self.name}{self._rest}")
        self._aliases.add(connection.alias)

    def is_installed(self, connection: BaseDatabaseWrapper) -> bool:
        if connection.vendor != "postgresql":
            return False
        if connection.alias not in self._aliases:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM pg_proc WHERE proname = %s", [self.name])
                if cursor.fetchone() is None:
                    return False
            self._aliases.add(connection.alias)
        return True
