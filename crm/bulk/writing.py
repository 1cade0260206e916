"""Many rows in one statement: COPY and UPDATE … FROM on PostgreSQL, prepared statements on SQLite.

Measured with 100,000 opportunities: COPY takes a third of the time of `bulk_create`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import chain, islice
from typing import Any
from uuid import UUID

from django.db import connections, models
from django.db.backends.base.base import BaseDatabaseWrapper

from kam.core.fields import ScaledIntegerField

Values = dict[str, Any]
CHUNK = 500  # rows made ready while the database works off those before
_escape = str.maketrans({"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"})
_needs_escape = re.compile(r"[\\\n\r\t]").search


def insert_rows(
    model: type[models.Model], rows: Iterable[Values], *, using: str, shared: Values | None = None
) -> None:
    """Insert rows given as attribute name → value. All have the same attributes; `shared` ones are the same in all."""
    source = iter(rows)
    chunks = iter(lambda: list(islice(source, CHUNK)), [])
    first = next(chunks, None)
    if first is None:
        return
    connection = connections[using]
    shared = shared or {}
    fields = [f for f in model._meta.concrete_fields if f.attname in first[0] or f.attname in shared]
    quote = connection.ops.quote_name
    table, names = quote(model._meta.db_table), ", ".join(quote(f.column) for f in fields)
    by_copy = connection.vendor == "postgresql"

    def lines() -> Iterator[Iterator[tuple[Any, ...]]]:
        for chunk in chain([first], chunks):
            columns = [
                [_preparer(field, connection, by_copy)(shared[field.attname])] * len(chunk)
                if field.attname in shared
                else _column(field, chunk, connection, for_copy=by_copy)
                for field in fields
            ]
            yield zip(*columns, strict=True)

    if by_copy:
        texts = ("\n".join(map("\t".join, chunk)) + "\n" for chunk in lines())
        _copy(connection, f"COPY {table} ({names}) FROM STDIN", texts)
        return
    marks = ", ".join(["%s"] * len(fields))
    sql = f"INSERT INTO {table} ({names}) VALUES ({marks})"  # noqa: S608 -- names of our own models
    with connection.cursor() as cursor:
        cursor.executemany(sql, list(chain.from_iterable(lines())))


def update_rows(
    model: type[models.Model], names: Iterable[str], rows: Sequence[Values], *, using: str
) -> None:
    """Write the attributes `names` of rows that are there, found by primary key."""
    if not rows:
        return
    connection = connections[using]
    quote = connection.ops.quote_name
    pk = model._meta.pk
    fields = [f for f in model._meta.concrete_fields if f.attname in set(names)]
    columns = [_column(field, rows, connection) for field in (*fields, pk)]
    table = quote(model._meta.db_table)
    if connection.vendor == "postgresql":
        keys = [f.column for f in (*fields, pk)]
        data = json.dumps(
            [dict(zip(keys, row, strict=True)) for row in zip(*columns, strict=True)], default=str
        )
        assigned = ", ".join(f"{quote(f.column)} = v.{quote(f.column)}" for f in fields)
        typed = ", ".join(f"{quote(f.column)} {f.db_type(connection)}" for f in (*fields, pk))
        found = f"{table}.{quote(pk.column)} = v.{quote(pk.column)}"
        sql = f"UPDATE {table} SET {assigned} FROM json_to_recordset(%s) AS v({typed}) WHERE {found}"  # noqa: S608
        with connection.cursor() as cursor:
            cursor.execute(sql, [data])
        return
    assigned = ", ".join(f"{quote(f.column)} = %s" for f in fields)
    sql = f"UPDATE {table} SET {assigned} WHERE {quote(pk.column)} = %s"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.executemany(sql, list(zip(*columns, strict=True)))


def _column(
    field: models.Field, rows: Sequence[Values], connection: BaseDatabaseWrapper, *, for_copy: bool = False
) -> list[Any]:
    """One column as the database takes it."""
    column = [row[field.attname] for row in rows]
    if set(map(type, column)) == {str} and not (for_copy and _needs_escape("".join(column))):
        return column  # text goes as it is
    return once_each(column, _preparer(field, connection, for_copy))


def once_each(column: Sequence[Any], change: Callable[[Any], Any]) -> list[Any]:
    """The changed column. Values repeat as the same object (a stage, a date): each is changed once."""
    ids = list(map(id, column))
    changed = {key: change(value) for key, value in dict(zip(ids, column, strict=True)).items()}
    return list(map(changed.__getitem__, ids))


def _preparer(field: models.Field, connection: BaseDatabaseWrapper, for_copy: bool) -> Callable[[Any], Any]:
    """How a value of this field goes to the database, which takes most of them as they are."""
    native_uuid = connection.features.has_native_uuid_field
    places = field.decimal_places if isinstance(field, ScaledIntegerField) else 0

    def prepare(value: Any) -> Any:
        kind = type(value)
        if kind is str or (kind is UUID and native_uuid):  # JSON may come as text here
            return value
        if kind is dict or kind is list:
            return json.dumps(value)
        if places and kind is Decimal:
            return int(value.scaleb(places))  # it is clean already
        return field.get_db_prep_save(value, connection)

    def copy_text(value: Any) -> str:
        kind = type(value)
        if kind is not str:
            value = prepare(value)
            if type(value) is not str:
                return "\\N" if value is None else str(value)
        # Hardly any text needs escapes, and asking is quicker than translating.
        return value.translate(_escape) if _needs_escape(value) else value

    return copy_text if for_copy else prepare


def _copy(connection: BaseDatabaseWrapper, sql: str, texts: Iterator[str]) -> None:
    """COPY of texts that are made while the database works off those before."""
    with connection.cursor() as cursor, connection.wrap_database_errors:
        raw = cursor.cursor
        if hasattr(raw, "copy_expert"):  # psycopg2
            raw.copy_expert(sql, _Stream(texts))
        else:  # psycopg 3
            with raw.copy(sql) as copy:
                for text in texts:
                    copy.write(text)


class _Stream:
    """What psycopg2 reads from: one text at a time, however large it asks."""

    def __init__(self, texts: Iterator[str]) -> None:
        self._texts = texts

    def read(self, size: int = -1) -> bytes:
        return next(self._texts, "").encode()
