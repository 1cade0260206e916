"""Lists of references in a row: the contacts of an opportunity, the participants of an activity."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _

from crm.bulk.batch import Batch
from crm.bulk.log import Log
from crm.bulk.values import ABSENT
from crm.bulk.writing import insert_rows

LONGEST_LIST = 200


class ReferenceLists:
    """One many-to-many field of the rows of a batch. What is given replaces what is stored."""

    def __init__(self, batch: Batch, name: str) -> None:
        field = batch.model._meta.get_field(name)
        assert isinstance(field, models.ManyToManyField)  # noqa: S101 -- for the type checker
        self.batch = batch
        self.field = field
        self.through = field.remote_field.through
        self.own = f"{field.m2m_field_name()}_id"
        self.other = f"{field.m2m_reverse_field_name()}_id"
        self.instances: Mapping[int, Any] = {}
        self.added: dict[int, set[UUID]] = {}
        self.removed: dict[int, dict[UUID, Any]] = {}  # the other row → the pair's own id

    def find(self, instances: Mapping[int, Any]) -> set[int]:
        """Compare with what is stored; returns the rows that change."""
        self.instances = instances
        given = self._given(i for i in instances if self.field.name in self.batch.rows[i])
        stored = self._stored({instances[i].pk for i in given if self.batch.drafts[i].stored is not None})
        for index, wanted in given.items():
            present = stored.get(instances[index].pk, {})
            if added := wanted - present.keys():
                self.added[index] = added
            if removed := {pk: pair for pk, pair in present.items() if pk not in wanted}:
                self.removed[index] = removed
        self._keep_hidden()
        return self.added.keys() | self.removed.keys()

    def _keep_hidden(self) -> None:
        """Who does not see a referenced row cannot have meant to remove it."""
        surplus = {pk for pairs in self.removed.values() for pk in pairs}
        if surplus:
            model = self.field.related_model
            seen = set(
                self.batch.references.visible(model).filter(pk__in=surplus).values_list("pk", flat=True)
            )
            kept = {
                index: {pk: pair for pk, pair in pairs.items() if pk in seen}
                for index, pairs in self.removed.items()
            }
            self.removed = {index: pairs for index, pairs in kept.items() if pairs}

    def _given(self, indexes: Iterable[int]) -> dict[int, set[UUID]]:
        given: dict[int, set[UUID]] = {}
        flat: list[tuple[int, int, Any]] = []
        for index in indexes:
            entries = self.batch.rows[index][self.field.name]
            if not isinstance(entries, list) or len(entries) > LONGEST_LIST:
                message = _("Give a list of at most %(limit)s entries.")
                error = ValidationError(message, "invalid", {"limit": LONGEST_LIST})
                self.batch.refuse(index, self.field.name, error)
                continue
            given[index] = set()
            flat.extend(
                (index, position, self.batch.located(raw, index)) for position, raw in enumerate(entries)
            )

        def report(at: int, error: ValidationError) -> None:
            index, position, _raw = flat[at]
            self.batch.refuse(index, f"{self.field.name}.{position}", error)

        found = self.batch.references.resolve(self.field, [raw for _i, _p, raw in flat], report)
        for (index, _position, _raw), pk in zip(flat, found, strict=True):
            if pk is not ABSENT:
                given[index].add(pk)
        return given

    def _stored(self, pks: set[UUID]) -> dict[UUID, dict[UUID, Any]]:
        stored: dict[UUID, dict[UUID, Any]] = {}
        if pks:
            pairs = self.through._base_manager.filter(**{f"{self.own}__in": pks})
            for pair, own, other in pairs.values_list("pk", self.own, self.other):
                stored.setdefault(own, {})[other] = pair
        return stored

    def write(self, log: Log, *, kept: set[int]) -> None:
        pairs, gone = [], []
        for index in sorted(kept & (self.added.keys() | self.removed.keys())):
            instance, name = self.instances[index], self.field.name
            added, removed = self.added.get(index, set()), self.removed.get(index, {})
            pairs += [{self.own: instance.pk, self.other: pk} for pk in sorted(added)]
            gone += list(removed.values())
            log.relinked(instance, name, added=added, removed=removed)
        if gone:
            removable = self.through._base_manager.filter(pk__in=gone)
            removable._raw_delete(removable.db)
        insert_rows(self.through, pairs, using=self.batch.using)
