"""Database triggers: declared by the apps, installed after every migration, checked at start.

An app registers functions that return the statements for one database vendor. A SQLite table
rebuild drops triggers, therefore `post_migrate` installs them anew each time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.core import checks
from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper


@dataclass(frozen=True)
class Trigger:
    """One trigger on `table`. `create` holds the statements that make it (functions first)."""

    name: str
    table: str
    create: tuple[str, ...]


Provider = Callable[[str], Iterable[Trigger]]  # takes the vendor: "postgresql" or "sqlite"
_providers: list[Provider] = []
Hook = Callable[[BaseDatabaseWrapper], None]
_after_install: list[Hook] = []


def register(provider: Provider, *, after_install: Iterable[Hook] = ()) -> None:
    """`after_install`: what else has to be there, or right, once the triggers are back."""
    if provider not in _providers:
        _providers.append(provider)
        _after_install.extend(after_install)


def declared(vendor: str) -> list[Trigger]:
    return [trigger for provider in _providers for trigger in provider(vendor)]


def install(connection: BaseDatabaseWrapper) -> None:
    """(Re)create every declared trigger whose table exists."""
    tables = set(connection.introspection.table_names())
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        for trigger in declared(connection.vendor):
            if trigger.table not in tables:
                continue
            on_table = f" ON {trigger.table}" if connection.vendor == "postgresql" else ""
            cursor.execute(f"DROP TRIGGER IF EXISTS {trigger.name}{on_table}")
            for statement in trigger.create:
                cursor.execute(statement)
        for hook in _after_install:
            hook(connection)


def installed(connection: BaseDatabaseWrapper) -> set[str]:
    query = (
        "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'"
        if connection.vendor == "postgresql"
        else "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    )
    with connection.cursor() as cursor:
        cursor.execute(query)
        return {row[0] for row in cursor.fetchall()}


def missing(connection: BaseDatabaseWrapper) -> list[str]:
    present = installed(connection)
    return [trigger.name for trigger in declared(connection.vendor) if trigger.name not in present]


def drop(connection: BaseDatabaseWrapper) -> None:
    """On SQLite, whose triggers need no table's name to be dropped."""
    present = installed(connection)
    with connection.cursor() as cursor:
        for trigger in declared(connection.vendor):
            if trigger.name in present:
                cursor.execute(f"DROP TRIGGER {trigger.name}")


def drop_before_migrate(using: str, plan: Sequence[Any] = (), **kwargs: Any) -> None:
    """`pre_migrate`: SQLite refuses to rebuild a table that another table's trigger names."""
    connection = connections[using]
    if plan and connection.vendor == "sqlite":
        drop(connection)


def install_after_migrate(using: str, **kwargs: Any) -> None:
    """`post_migrate` of the last app: all tables exist by then."""
    install(connections[using])


def check_triggers(databases: Iterable[str] | None = None, **kwargs: Any) -> list[checks.CheckMessage]:
    """`manage.py check --database default`: without its triggers kam would miss changes.

    A warning, as an error would keep `migrate` from installing them. `/readyz` refuses meanwhile.
    """
    warnings: list[checks.CheckMessage] = []
    for alias in databases or ():
        connection = connections[alias]
        if "django_migrations" in connection.introspection.table_names() and (names := missing(connection)):
            hint = "Run `manage.py migrate`: it installs them."
            message = f"Missing database triggers: {', '.join(names)}."
            warnings.append(checks.Warning(message, hint=hint, id="kam.W001"))
    return warnings
