"""Log entries for rows written in bulk: what `kam.core.changes` keeps, thousands in one statement."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from functools import lru_cache
from json.encoder import encode_basestring_ascii
from typing import Any
from uuid import UUID

from django.db import models

from crm.bulk.writing import CHUNK, insert_rows, once_each
from kam.core.changelog import logged, make_change, tracked_fields
from kam.core.models import Change
from kam.core.signals import changes_written

Values = dict[str, Any]


SHARED = ("at", "actor_id", "actor_name", "source", "reason", "request_id")


class Log(Sequence[Change]):
    """Collects the entries of one batch, then writes them together."""

    def __init__(self) -> None:
        self._created: list[Sequence[models.Model]] = []
        self._others: list[Values] = []
        self._any: Any = None
        self._shared: Values = {}

    def created(self, instances: Sequence[models.Model]) -> None:
        """These rows were made: their entries are put together while they are written."""
        if instances:
            self._any = instances[0]
            self._created.append(instances)

    def updated(self, instance: models.Model, stored: Values, names: Iterable[str]) -> None:
        """The attributes `names` of the row changed from what is `stored`."""
        pieces = _pieces(type(instance))
        changed = [name for name in names if name in pieces]
        if changed:
            state = instance.__dict__
            before, after = (
                f"{{{', '.join([pieces[name](values[name]) for name in changed])}}}"
                for values in (stored, state)
            )
            self._add(instance, before, after)

    def relinked(
        self, instance: models.Model, name: str, *, added: Iterable[Any], removed: Iterable[Any]
    ) -> None:
        """Entries as for any other change of a many-to-many field."""
        if keys := sorted(map(str, removed)):
            self._add(instance, json.dumps({name: keys}), None)
        if keys := sorted(map(str, added)):
            self._add(instance, None, json.dumps({name: keys}))

    def _add(self, instance: Any, before: str | None, after: str | None) -> None:
        self._any = instance
        self._others.append(_entry(instance, "update", before, after))

    def write(self, *, using: str) -> None:
        if self._any is not None:
            # Who, when and why are the same for all.
            sample = make_change(self._any, "update", None, None)
            self._shared = {name: getattr(sample, name) for name in SHARED}
            insert_rows(Change, self._rows(), shared=self._shared, using=using)
            changes_written.send(sender=None, entries=self)

    def _rows(self) -> Iterator[Values]:
        for instances in self._created:
            for start in range(0, len(instances), CHUNK):
                part = instances[start : start + CHUNK]
                for instance, after in zip(part, _created_json(part), strict=True):
                    yield _entry(instance, "create", None, after)
        yield from self._others

    # As a sequence, for those who listen: entries are made one by one when somebody looks at them.
    def __len__(self) -> int:
        return sum(map(len, self._created)) + len(self._others)

    def __iter__(self) -> Iterator[Change]:
        for row in self._rows():
            texts = {name: json.loads(row[name]) if row[name] else None for name in ("before", "after")}
            yield Change(**{**self._shared, **row, **texts})

    def __getitem__(self, index: Any) -> Any:
        return list(self)[index]


def _entry(instance: Any, operation: str, before: str | None, after: str | None) -> Values:
    return {
        "model": instance._meta.label_lower,
        "object_id": instance.pk,
        "object_name": str(instance)[:200],
        "container_id": getattr(instance, "change_container_id", None),
        "operation": operation,
        "before": before,
        "after": after,
    }


def _created_json(instances: Sequence[models.Model]) -> Iterable[str]:
    """The JSON of all tracked values of each row, put together column by column."""
    columns = [
        once_each([instance.__dict__[name] for instance in instances], piece)
        for name, piece in _pieces(type(instances[0])).items()
    ]
    return (f"{{{', '.join(parts)}}}" for parts in zip(*columns, strict=True))


@lru_cache
def _pieces(model: type[models.Model]) -> dict[str, Callable[[Any], str]]:
    """Attribute name → how the field with its value looks in JSON."""
    return {field.attname: _piece(field) for field in tracked_fields(model)}


def _piece(field: models.Field) -> Callable[[Any], str]:
    start = f"{encode_basestring_ascii(field.name)}: "
    is_secret = field.attname in getattr(field.model, "secret_fields", ())

    def piece(value: Any) -> str:
        kind = type(value)
        if kind is Decimal and not is_secret:  # clean: it has all its places already
            text: Any = f"{value:f}"
        elif (kind is str or kind is UUID) and not is_secret:
            text = str(value)
        else:
            text = logged(field, value)
        return start + (encode_basestring_ascii(text) if type(text) is str else json.dumps(text))

    return piece
