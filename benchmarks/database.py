"""The databases of a run: the large world, a small one beside it, and bare connections to both."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import load_backend


class NotOursError(Exception):
    """The database holds something that no benchmark made."""


def connect(settings: dict[str, Any], *, is_bare: bool = False) -> BaseDatabaseWrapper:
    """A connection of its own. A bare one has neither triggers nor foreign-key checks."""
    settings = {**settings, "OPTIONS": {**settings["OPTIONS"]}}
    if is_bare:
        settings["OPTIONS"]["options"] += " -c session_replication_role=replica"
    return load_backend(settings["ENGINE"]).DatabaseWrapper(settings, DEFAULT_DB_ALIAS)


class World:
    """One database. Inside `active()` it is what the application works with."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self.settings = settings
        self.connection = connect(settings)
        self.bare = connect(settings, is_bare=True)

    @contextmanager
    def active(self) -> Iterator[None]:
        before = connections[DEFAULT_DB_ALIAS]
        connections[DEFAULT_DB_ALIAS] = self.connection
        try:
            yield
        finally:
            connections[DEFAULT_DB_ALIAS] = before

    def sql(self, statement: str, parameters: Any = None) -> list[tuple[Any, ...]]:
        """Run on the bare connection."""
        with self.bare.cursor() as cursor:
            cursor.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else []

    def close(self) -> None:
        self.connection.close()
        self.bare.close()


def main_settings() -> dict[str, Any]:
    settings = connections[DEFAULT_DB_ALIAS].settings_dict
    if settings["ENGINE"] != "django.db.backends.postgresql":
        raise NotOursError("The benchmarks need PostgreSQL: set DATABASE_URL, or run `make bench`.")
    return settings


@contextmanager
def second_database(settings: dict[str, Any], *, from_first: bool) -> Iterator[dict[str, Any]]:
    """The settings of a small database beside the first one; gone afterwards.

    A copy of the first is quicker than migrations, as long as nothing is in it.
    """
    name, template = f"{settings['NAME']}_small", settings["NAME"] if from_first else "template1"
    maintenance = connect({**settings, "NAME": "postgres"})
    with maintenance.cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}"')
        cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    try:
        yield {**settings, "NAME": name}
    finally:
        with maintenance.cursor() as cursor:
            cursor.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        maintenance.close()


def refuse_foreign(world: World, *, marker: str) -> None:
    """No run may empty a database that people work with."""
    users = world.sql(
        "SELECT count(*), count(*) FILTER (WHERE username LIKE %s) FROM users_user", [f"{marker}%"]
    )
    (total, ours) = users[0]
    if total != ours:
        raise NotOursError(
            f"{world.settings['NAME']} has users: the benchmarks need a database of their own."
        )
