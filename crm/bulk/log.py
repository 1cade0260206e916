"""Log entries for rows written in bulk: what `kam.core.changes` keeps, thousands in one statement."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from json.encoder import encode_basestring_ascii
from typing import Any

from django.db import models

from crm.bulk.writing import insert_rows, once_each
from kam.core.changelog import logged, make_change, tracked_fields
from kam.core.models import Change
from kam.core.signals import changes_written

Values = dict[str, Any]


SHARED = ("at", "actor_id", "actor_name", "source", "reason", "request_id")


class Log:
    """Collects the entries of one batch, then writes them together."""

    def __init__(self) -> None:
        self._shared: Values = {}
        self._rows: list[Values] = []

    def created(self, instances: Sequence[models.Model]) -> None:
        if not instances:
            return
        for instance, after in zip(instances, _created_json(instances), strict=True):
            self._add(instance, "create", None, after)

    def updated(self, instance: models.Model, stored: Values, names: Iterable[str]) -> None:
        """The attributes `names` of the row changed from what is `stored`."""
        fields = [f for f in tracked_fields(type(instance)) if f.attname in names]
        if fields:
            before, after = (
                {field.name: logged(field, values[field.attname]) for field in fields}
                for values in (stored, instance.__dict__)
            )
            self._add(instance, "update", json.dumps(before), json.dumps(after))

    def relinked(
        self, instance: models.Model, name: str, *, added: Iterable[Any], removed: Iterable[Any]
    ) -> None:
        """Entries as for any other change of a many-to-many field."""
        if keys := sorted(map(str, removed)):
            self._add(instance, "update", json.dumps({name: keys}), None)
        if keys := sorted(map(str, added)):
            self._add(instance, "update", None, json.dumps({name: keys}))

    def _add(self, instance: Any, operation: str, before: str | None, after: str | None) -> None:
        if not self._shared:
            entry = make_change(instance, operation, None, None)
            self._shared = {name: getattr(entry, name) for name in SHARED}
        self._rows.append(
            {
                "model": instance._meta.label_lower,
                "object_id": instance.pk,
                "object_name": str(instance)[:200],
                "container_id": getattr(instance, "change_container_id", None),
                "operation": operation,
                "before": before,
                "after": after,
            }
        )

    def write(self, *, using: str) -> None:
        if self._rows:
            insert_rows(Change, self._rows, shared=self._shared, using=using)
            changes_written.send(sender=None, entries=WrittenEntries(self._rows, self._shared))


class WrittenEntries(Sequence[Change]):
    """The entries for those who listen, made one by one when somebody looks at them."""

    def __init__(self, rows: Sequence[Values], shared: Values) -> None:
        self._rows = rows
        self._shared = shared

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Change]:
        return map(self._entry, self._rows)

    def __getitem__(self, index: Any) -> Any:
        rows = self._rows[index]
        return WrittenEntries(rows, self._shared) if isinstance(index, slice) else self._entry(rows)

    def _entry(self, row: Values) -> Change:
        texts = {name: json.loads(row[name]) if row[name] else None for name in ("before", "after")}
        return Change(**{**self._shared, **row, **texts})


def _created_json(instances: Sequence[models.Model]) -> Iterable[str]:
    """The JSON of all tracked values of each row, put together column by column."""
    columns = []
    for field in tracked_fields(type(instances[0])):
        piece = _piece(field)
        columns.append(once_each([instance.__dict__[field.attname] for instance in instances], piece))
    return (f"{{{', '.join(parts)}}}" for parts in zip(*columns, strict=True))


def _piece(field: models.Field) -> Callable[[Any], str]:
    """How one field with its value looks in the JSON of a row."""
    start = f"{encode_basestring_ascii(field.name)}: "

    def piece(value: Any) -> str:
        text = logged(field, value)
        return start + (encode_basestring_ascii(text) if type(text) is str else json.dumps(text))

    return piece
