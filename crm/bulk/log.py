"""Log entries for rows written in bulk: what `kam.core.changes` keeps, thousands in one statement."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from json.encoder import encode_basestring_ascii
from typing import Any

from django.db import models
from django.utils import timezone

from crm.bulk.writing import insert_rows, once_each
from kam.core.actor import current_actor
from kam.core.changes import plain, tracked_fields
from kam.core.models import Change
from kam.core.signals import changes_written

Values = dict[str, Any]


class Log:
    """Collects the entries of one batch, then writes them together."""

    def __init__(self) -> None:
        actor = current_actor()
        self._shared = {
            "at": timezone.now(),
            "actor_id": actor.user.pk if actor.user else None,
            "actor_name": str(actor.user) if actor.user else "",
            "source": actor.source,
            "reason": actor.reason,
            "request_id": actor.request_id,
        }
        self._rows: list[Values] = []

    def created(self, instances: Sequence[models.Model]) -> None:
        if not instances:
            return
        for instance, after in zip(instances, _created_json(instances), strict=True):
            self._add(instance, "create", None, after)

    def updated(self, instance: models.Model, before: Values | None, after: Values | None) -> None:
        """`before` and `after`: field name → value, of what changed."""
        self._add(instance, "update", _json(before), _json(after))

    def _add(self, instance: Any, operation: str, before: str | None, after: str | None) -> None:
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


def stored_form(field: models.Field) -> Callable[[Any], Any]:
    """How the log spells a value of this field: exact numbers with all their places, as they are stored."""
    places = getattr(field, "decimal_places", None)
    if places is None:
        return plain
    return lambda value: None if value is None else f"{value:.{places}f}"


def _json(values: Values | None) -> str | None:
    return None if values is None else json.dumps(values)


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
    spell = stored_form(field)

    def piece(value: Any) -> str:
        text = value if type(value) is str else spell(value)
        return start + (encode_basestring_ascii(text) if type(text) is str else json.dumps(text))

    return piece
