"""Rows inside a row: the lines of an opportunity and their schedules.

What is given replaces what is stored. A given line is taken for the stored one of the same product
(a schedule for the one of the same date), else for one that is left over; only then is it new.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from crm.bulk.batch import Batch
from crm.bulk.kinds import Children, Values
from crm.bulk.log import Log
from crm.bulk.rows import as_instance
from crm.bulk.values import ABSENT, clean_column, default_of, required, shown
from crm.bulk.writing import insert_rows, update_rows

LONGEST_LIST = 200


@dataclass(frozen=True)
class Owner:
    """A row that has children: of the batch itself, or one level further down."""

    index: int  # of the row of the batch
    path: str  # what error messages put in front
    instance: Any
    is_stored: bool
    is_recheck: bool  # its stored children may no longer fit it
    given: Mapping[str, Any]


@dataclass
class Entry:
    """One child as it was given, and what became of it."""

    owner: Owner
    path: str
    raw: Mapping[str, Any]
    given: Values
    position: int
    stored: Values | None = None
    instance: Any = None


class ChildRows:
    """One level of children of the rows of a batch."""

    def __init__(self, batch: Batch, children: Children, *, now: datetime, actor_id: UUID | None) -> None:
        self.batch = batch
        self.children = children
        self.name = children.name
        self.model = children.model
        self.parent = f"{children.parent}_id"
        self.match = self.model._meta.get_field(children.match).attname
        self.now = now
        self.actor_id = actor_id
        self.entries: list[Entry] = []
        self.surplus: list[tuple[int, UUID]] = []  # row of the batch, stored child that is no longer named
        below = children.children
        self.below = ChildRows(batch, below, now=now, actor_id=actor_id) if below else None

    # --- finding out ----------------------------------------------------------------------

    def find(self, owners: Iterable[Owner]) -> set[int]:
        """Read the children of these rows; returns the rows of the batch that they change."""
        concerned = [owner for owner in owners if self.name in owner.given or owner.is_recheck]
        self.entries = [
            entry for owner in concerned if self.name in owner.given for entry in self._entries_of(owner)
        ]
        self._clean()
        self._match(concerned)
        self._load_relations()
        changed = {index for index, _pk in self.surplus}
        for entry in self.entries:
            self._check(entry)
            if entry.instance is not None and self._differs(entry):
                changed.add(entry.owner.index)
        if self.below:
            changed |= self.below.find(
                Owner(
                    e.owner.index, f"{e.path}.", e.instance, e.stored is not None, e.owner.is_recheck, e.raw
                )
                for e in self.entries
                if e.instance is not None
            )
        return changed

    def _refuse(self, owner: Owner, field: str, error: ValidationError) -> None:
        self.batch.refuse(owner.index, f"{owner.path}{field}", error)

    def _entries_of(self, owner: Owner) -> list[Entry]:
        name, given = self.name, owner.given[self.name]
        if not isinstance(given, list) or len(given) > LONGEST_LIST:
            error = ValidationError(
                _("Give a list of at most %(limit)s entries."), "invalid", {"limit": LONGEST_LIST}
            )
            self._refuse(owner, name, error)
            return []
        entries = []
        allowed = {*self.children.fields, *([self.children.children.name] if self.children.children else [])}
        for position, raw in enumerate(given):
            path = f"{owner.path}{name}.{position}"
            if not isinstance(raw, Mapping) or not raw.keys() <= allowed:
                known = ", ".join(sorted(allowed))
                message = _("“%(value)s” is not understood here; the fields are %(known)s.")
                params = {"value": shown(raw), "known": known}
                self._refuse(owner, f"{name}.{position}", ValidationError(message, "invalid", params))
            else:
                entries.append(Entry(owner, path, raw, {}, position))
        return entries

    def _clean(self) -> None:
        for name in self.children.fields:
            field = self.model._meta.get_field(name)
            column = [entry.raw.get(name, ABSENT) for entry in self.entries]

            def report(position: int, error: ValidationError, name: str = name) -> None:
                entry = self.entries[position]
                self.batch.refuse(entry.owner.index, f"{entry.path}.{name}", error)

            if field.is_relation:
                located = [
                    self.batch.located(raw, e.owner.index)
                    for e, raw in zip(self.entries, column, strict=True)
                ]
                values = self.batch.references.resolve(field, located, report)
            else:
                values = clean_column(field, column, report)
            for entry, value in zip(self.entries, values, strict=True):
                if value is not ABSENT:
                    entry.given[field.attname] = value
        for entry in self.entries:
            self._inherit_amount(entry)

    def _inherit_amount(self, entry: Entry) -> None:
        """The only child has its parent's amount, unless it says otherwise."""
        if "amount" not in entry.raw and len(entry.owner.given[self.name]) == 1:
            entry.given["amount"] = entry.owner.instance.amount

    def _match(self, owners: Sequence[Owner]) -> None:
        stored = self._stored({owner.instance.pk for owner in owners if owner.is_stored})
        by_owner: dict[int, list[Entry]] = {}
        for entry in self.entries:
            by_owner.setdefault(id(entry.owner), []).append(entry)
        for owner in owners:
            left = stored.get(owner.instance.pk, []) if owner.is_stored else []
            entries = by_owner.get(id(owner), [])
            if self.name not in owner.given:
                for position, row in enumerate(left):
                    path = f"{owner.path}{self.name}.{position}"
                    self.entries.append(Entry(owner, path, {}, {}, position, stored=row))
                continue
            for entry in entries:
                found = next((row for row in left if row[self.match] == entry.given.get(self.match)), None)
                if found is not None:
                    entry.stored = found
                    left.remove(found)
            for entry in entries:
                if entry.stored is None and left:
                    entry.stored = left.pop(0)
            self.surplus.extend((owner.index, row["id"]) for row in left)

    def _stored(self, parents: set[UUID]) -> dict[UUID, list[Values]]:
        if not parents:
            return {}
        names = [f.attname for f in self.model._meta.concrete_fields]
        scoped = self.model.objects.unscoped("children of rows that came through the gate")
        rows = (
            scoped.filter(**{f"{self.parent}__in": parents}).order_by("created_at", "id").values_list(*names)
        )
        stored: dict[UUID, list[Values]] = {}
        for row in rows:
            values = dict(zip(names, row, strict=True))
            stored.setdefault(values[self.parent], []).append(values)
        return stored

    def _load_relations(self) -> None:
        """What stored children point at that the given ones do not name."""
        for name in self.children.fields:
            field = self.model._meta.get_field(name)
            if field.is_relation:
                pks = {entry.stored[field.attname] for entry in self.entries if entry.stored}
                self.batch.references.load(field.related_model, pks)

    def _check(self, entry: Entry) -> None:
        if entry.owner.index in self.batch.errors:
            return
        values = self._blank(entry) if entry.stored is None else entry.stored
        values = {**values, **entry.given}
        missing = [
            name
            for name in self.children.fields
            if values.get((field := self.model._meta.get_field(name)).attname) is None and not field.null
        ]
        for name in missing:
            self.batch.refuse(entry.owner.index, f"{entry.path}.{name}", required())
        if missing:
            return
        related = {self.children.parent: entry.owner.instance}
        for name in self.children.fields:
            field = self.model._meta.get_field(name)
            if field.is_relation:
                related[name] = self.batch.references.get(field.related_model, values[field.attname])
        instance = as_instance(self.model, values, related, adding=entry.stored is None)
        try:
            instance.clean()
        except ValidationError as error:
            self.batch.refuse_all(entry.owner.index, error, prefix=f"{entry.path}.")
        else:
            entry.instance = instance

    def _blank(self, entry: Entry) -> Values:
        values = {f.attname: default_of(f) for f in self.model._meta.concrete_fields}
        # In the order in which they were given.
        at = self.now + timedelta(microseconds=entry.position)
        values.update(id=uuid4(), version=1, created_at=at, updated_at=at)
        values.update(created_by_id=self.actor_id, updated_by_id=self.actor_id)
        values[self.parent] = entry.owner.instance.pk
        return values

    def _differs(self, entry: Entry) -> bool:
        return entry.stored is None or bool(self._names(entry))

    def _names(self, entry: Entry) -> list[str]:
        stored = entry.stored or {}
        return [name for name in stored if entry.instance.__dict__[name] != stored[name]]

    # --- writing --------------------------------------------------------------------------

    def write(self, log: Log, *, kept: set[int]) -> None:
        using = self.batch.using
        surplus = [pk for index, pk in self.surplus if index in kept]
        if surplus:
            scoped = self.model.objects.unscoped("no longer named by their row")
            scoped.filter(pk__in=surplus).delete()
        entries = [
            entry for entry in self.entries if entry.owner.index in kept and entry.instance is not None
        ]
        created = [entry.instance for entry in entries if entry.stored is None]
        names = [f.attname for f in self.model._meta.concrete_fields]
        insert_rows(
            self.model, [{name: row.__dict__[name] for name in names} for row in created], using=using
        )
        log.created(created)
        self._update([entry for entry in entries if entry.stored is not None], log)
        if self.below:
            self.below.write(log, kept=kept)

    def _update(self, entries: Sequence[Entry], log: Log) -> None:
        rows, touched = [], {"version", "updated_at", "updated_by_id"}
        for entry in entries:
            names = self._names(entry)
            if names:
                state = entry.instance.__dict__
                log.updated(entry.instance, entry.stored or {}, names)
                state.update(version=state["version"] + 1, updated_at=self.now)
                state["updated_by_id"] = self.actor_id or state["updated_by_id"]
                touched.update(names)
                rows.append(state)
        update_rows(self.model, touched, rows, using=self.batch.using)
