"""One batch of rows: read, matched with what is stored, cleaned. Nothing is written here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import connections, models
from django.db.models import Q
from django.utils.translation import gettext as _

from crm.bulk import trees
from crm.bulk.kinds import KEY, Kind, Values
from crm.bulk.references import Key, References, external_condition, with_source
from crm.bulk.rights import Rights
from crm.bulk.values import ABSENT, Report, clean_column, required, shown
from crm.models import Account
from kam.core.changelog import BOOKKEEPING


@dataclass(frozen=True)
class RowError:
    """Why a row was refused. `row` counts from 0; `field` is empty where the whole row is meant."""

    row: int
    field: str
    code: str
    message: str


@dataclass
class Draft:
    """A row that passed so far. `stored` is None for one to be made."""

    index: int
    pk: UUID
    stored: Values | None
    given: Values  # attribute name → cleaned value, of what the row names


class Batch:
    def __init__(
        self,
        *,
        kind: Kind,
        rows: Sequence[Any],
        rights: Rights,
        references: References,
        using: str,
        default_source: str | None = None,
        numbers: Sequence[int] | None = None,
    ) -> None:
        self.kind = kind
        self.model = kind.model
        self.rights = rights
        self.references = references
        self.using = using
        self.default_source = default_source
        self.numbers = range(len(rows)) if numbers is None else numbers  # what messages call the rows
        self.errors: dict[int, list[RowError]] = {}
        self.rows: list[Mapping[str, Any]] = [self._checked_row(i, row) for i, row in enumerate(rows)]
        self.named: set[str] = set().union(*self.rows)
        self.keys: list[Values] = []
        self.external: list[Key | None] = []
        self.natural: list[Key | None] = []
        self.drafts: dict[int, Draft] = {}
        self.needs: dict[int, set[int]] = {}  # row → rows of this batch that it points at
        self._places: dict[Key, int] = {}  # key → row of this batch
        self._new: set[int] = set()

    # --- errors ---------------------------------------------------------------------------

    def refuse(self, index: int, field: str, error: ValidationError) -> None:
        found = self.errors.setdefault(index, [])
        for part in error.error_list if hasattr(error, "error_list") else [error]:
            found.append(RowError(index, field, part.code or "invalid", " ".join(part.messages)))

    def refuse_all(self, index: int, error: ValidationError, *, prefix: str = "") -> None:
        """The errors of a model's `clean()`, which may name fields."""
        if not hasattr(error, "error_dict"):
            self.refuse(index, prefix.rstrip("."), error)
            return
        for field, parts in error.error_dict.items():
            name = prefix.rstrip(".") if field == NON_FIELD_ERRORS else f"{prefix}{field}"
            for part in parts:
                self.refuse(index, name, part)

    def reporter(self, field: str) -> Report:
        return lambda index, error: self.refuse(index, field, error)

    # --- shape and keys -------------------------------------------------------------------

    def _checked_row(self, index: int, row: Any) -> Mapping[str, Any]:
        if not isinstance(row, Mapping):
            self.refuse(index, "", ValidationError(_("A row is an object of fields and values."), "invalid"))
            return {}
        for name in row.keys() - self.kind.allowed:
            error = ValidationError(
                _("There is no field “%(name)s”."), "unknown_field", {"name": shown(name)}
            )
            self.refuse(index, shown(name), error)
        return row

    def column(self, name: str, rows: Iterable[Mapping[str, Any]] | None = None) -> list[Any]:
        return [row.get(name, ABSENT) for row in (self.rows if rows is None else rows)]

    def read_keys(self) -> None:
        """The values that identify the rows; a key given twice is refused the second time."""
        names = (*(KEY if self.kind.is_sourced else ()), *self.kind.natural)
        columns = {}
        for name in names:
            column = self._sources() if name == "source" else self.column(name)
            columns[name] = clean_column(self.model._meta.get_field(name), column, self.reporter(name))
        self.keys = [
            dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)
        ]
        self.external = [self.external_key(key) for key in self.keys]
        self.natural = [self.natural_key(key) for key in self.keys]
        for index, key in enumerate(self.keys):
            if index not in self.errors:
                self._check_key(index, key)

    def _sources(self) -> list[Any]:
        """A row with an external id but no source has that of the feed."""
        default = self.default_source
        return [
            default
            if default and row.get("external_id") and not row.get("source")
            else row.get("source", ABSENT)
            for row in self.rows
        ]

    def _check_key(self, index: int, key: Values) -> None:
        external_id, source = key.get("external_id"), key.get("source")
        by_source, by_nature = self.external[index], self.natural[index]
        if external_id not in (None, ABSENT) and by_source is None:
            self.refuse(
                index, "source", ValidationError(_("Say from which source the external id is."), "required")
            )
        elif by_source is None and by_nature is None:
            self.refuse(index, "external_id" if self.kind.is_sourced else self.key_field(index), required())
        try:
            self.rights.check_source(None if source is ABSENT else source)
        except ValidationError as error:
            self.refuse(index, "source", error)
        if index in self.errors:
            return
        for found in (by_source, by_nature):
            if found is not None and (first := self._places.setdefault(found, index)) != index:
                self.refuse_duplicate(index, first)

    def refuse_duplicate(self, index: int, first: int) -> None:
        params = {"row": self.numbers[first]}
        self.refuse(
            index,
            self.key_field(index),
            ValidationError(_("Row %(row)s has the same key."), "duplicate", params),
        )

    def key_field(self, index: int) -> str:
        """The field that errors about the row as a whole point at."""
        return (
            "external_id"
            if self.external_key(self.keys[index]) or not self.kind.natural
            else self.kind.natural[0]
        )

    def external_key(self, key: Values) -> Key | None:
        source, external_id = key.get("source"), key.get("external_id")
        if source in (None, ABSENT) or external_id in (None, ABSENT):
            return None
        return ("external_id", source, external_id)

    def natural_key(self, key: Values) -> Key | None:
        values = tuple(key[name] for name in self.kind.natural)
        if not values or any(value is ABSENT or value in (None, "") for value in values):
            return None
        return ("/".join(self.kind.natural), *values)

    def sources(self) -> set[str]:
        return {source for key in self.keys if isinstance(source := key.get("source"), str)} or {""}

    # --- what is stored -------------------------------------------------------------------

    def match(self) -> None:
        """Find the stored rows, locked in the order of their ids, and who may do what with them."""
        alive = [i for i in range(len(self.rows)) if i not in self.errors]
        by_source = [key for i in alive if (key := self.external[i])]
        by_nature = [key for i in alive if (key := self.natural[i])]
        stored_by_key: dict[Key, Values] = {}
        for stored in self._stored(by_source, by_nature):
            if (key := self.external_key(stored)) is not None:
                stored_by_key[key] = stored
            if (key := self.natural_key(stored)) is not None:
                stored_by_key[key] = stored
        if self.rights.needs_accounts:
            self.references.load(Account, {s.get("account_id") for s in stored_by_key.values()})
        matched: dict[UUID, int] = {}
        for index in alive:
            try:
                draft = self._draft(index, stored_by_key)
            except ValidationError as error:
                is_natural = error.code == "unique"
                self.refuse(index, self.kind.natural[0] if is_natural else self.key_field(index), error)
                continue
            if (first := matched.setdefault(draft.pk, index)) != index:
                self.refuse_duplicate(index, first)
            else:
                self.drafts[index] = draft
        self._new = {index for index, draft in self.drafts.items() if draft.stored is None}

    def _stored(self, by_source: Iterable[Key], by_nature: Iterable[Key]) -> list[Values]:
        condition = external_condition((key[1], key[2]) for key in by_source)
        first = {key[1] for key in by_nature}
        if first:
            condition |= Q(**{f"{self.kind.natural[0]}__in": first})
        if not condition:
            return []
        queryset = self.references.visible(self.model).filter(condition).order_by("pk")
        features = connections[self.using].features
        if features.has_select_for_no_key_update:
            # Not the key: rows that point here can still be written meanwhile.
            queryset = queryset.select_for_update(no_key=True)
        names = [
            f.attname for f in self.model._meta.concrete_fields if f.attname not in BOOKKEEPING - {"version"}
        ]
        return [dict(zip(names, values, strict=True)) for values in queryset.values_list(*names)]

    def _draft(self, index: int, stored_by_key: Mapping[Key, Values]) -> Draft:
        external, natural = self.external[index], self.natural[index]
        stored = stored_by_key.get(external) if external else None
        namesake = stored_by_key.get(natural) if natural else None
        if stored is None and namesake and not (external and namesake.get("external_id")):
            stored = namesake
        if namesake and (stored is None or stored["id"] != namesake["id"]):
            params = {"field": ", ".join(self.kind.natural)}
            raise ValidationError(_("Another record has this %(field)s."), "unique", params)
        if stored is None:
            self.rights.check_create(*(external[1:] if external else (None, None)))
            return Draft(index, uuid4(), None, {})
        self.rights.check_change(stored)
        return Draft(index, stored["id"], stored, {})

    # --- values ---------------------------------------------------------------------------

    def clean(self) -> None:
        """All values of the rows that are left, and what they point at."""
        order = list(self.drafts)
        rows = [self.rows[i] for i in order]
        keys = [
            name
            for name in (KEY if self.kind.is_sourced else ())
            if any(k[name] is not ABSENT for k in self.keys)
        ]
        columns: dict[str, list[Any]] = {name: [self.keys[i][name] for i in order] for name in keys}
        for name, field in self.kind.columns.items():
            if name in self.named:
                columns[field.attname] = self._clean_field(name, field, self.column(name, rows), order)
        names = list(columns)
        for index, values in zip(order, zip(*columns.values(), strict=True), strict=True):
            given = self.drafts[index].given
            for name, value in zip(names, values, strict=True):
                if value is not ABSENT:
                    given[name] = value
        self._check_required()

    def _clean_field(self, name: str, field: models.Field, column: list[Any], order: list[int]) -> list[Any]:
        def report(position: int, error: ValidationError) -> None:
            self.refuse(order[position], name, error)

        if not field.is_relation:
            if name in self.kind.natural:
                return [self.keys[index][name] for index in order]
            return clean_column(field, column, report)
        column = [self.located(raw, index) for index, raw in zip(order, column, strict=True)]
        is_self = field.related_model is self.model
        resolved = self.references.resolve(field, column, report, in_batch=self._planned if is_self else None)
        if is_self:
            planned = {draft.pk: index for index, draft in self.drafts.items()}
            for index, pk in zip(order, resolved, strict=True):
                if pk in planned:
                    self.needs.setdefault(index, set()).add(planned[pk])
        return resolved

    def located(self, raw: Any, index: int) -> Any:
        """A reference of a row, with its source."""
        return with_source(raw, self.keys[index].get("source"))

    def _planned(self, key: Key) -> Any:
        """The id that a row of this batch will have."""
        draft = self.drafts.get(self._places.get(key, -1))
        return draft.pk if draft else None

    def _check_required(self) -> None:
        needed = [
            (name, field.attname)
            for name, field in self.kind.columns.items()
            if not (field.null or field.blank or field.has_default())
        ]
        for index, draft in self.drafts.items():
            if draft.stored is None:
                refused = {error.field for error in self.errors.get(index, ())}
                for name, attname in needed:
                    if attname not in draft.given and name not in refused:
                        self.refuse(index, name, required())

    # --- trees ----------------------------------------------------------------------------

    def check_tree(self) -> None:
        """No row below itself."""
        name = f"{self.kind.tree}_id"
        moved = {
            draft.pk: draft
            for draft in self.drafts.values()
            if draft.given.get(name) is not None
            and (draft.stored is None or draft.stored[name] != draft.given[name])
        }
        if not moved:
            return
        parents = trees.stored_parents(self.model, [draft.given[name] for draft in moved.values()])
        parents.update({d.pk: d.given[name] for d in self.drafts.values() if name in d.given})
        for pk in trees.in_ring(parents, moved):
            error = ValidationError(_("It would lie below itself."), "cycle")
            self.refuse(moved[pk].index, self.kind.tree, error)

    def drop_refused(self) -> None:
        """Refused rows go, and with them new rows that point at a refused new one."""
        while True:
            for index in self.errors.keys() & self.drafts.keys():
                del self.drafts[index]
            orphans = [
                (index, needed)
                for index, all_needed in self.needs.items()
                for needed in all_needed
                if index in self.drafts and needed in self.errors and needed in self._new
            ]
            if not orphans:
                return
            for index, needed in orphans:
                params = {"row": self.numbers[needed]}
                error = ValidationError(
                    _("It points at row %(row)s, which was refused."), "not_found", params
                )
                self.refuse(index, self._self_reference, error)

    @property
    def _self_reference(self) -> str:
        return next(name for name, f in self.kind.columns.items() if f.related_model is self.model)
