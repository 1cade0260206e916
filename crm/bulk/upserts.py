"""Make or change many records at once, for feeds and files.

One pass checks every row and reports all that is wrong with it; then a fixed number of statements
writes what is new or different, with its log entries, in the same transaction. Rows that say what
is stored already write nothing.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.db import DatabaseError, IntegrityError, OperationalError, models, router, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.bulk import trees
from crm.bulk.batch import Batch, Draft, RowError
from crm.bulk.children import ChildRows, Owner
from crm.bulk.kinds import KINDS, Values
from crm.bulk.lists import ReferenceLists
from crm.bulk.locks import lock_feed
from crm.bulk.log import Log
from crm.bulk.references import References
from crm.bulk.rights import Rights
from crm.bulk.rows import as_instance
from crm.bulk.values import default_of
from crm.bulk.writing import insert_rows, update_rows
from crm.models import PickListValue
from kam.core.actor import current_actor
from kam.users.models import User

EMPTY: Mapping[Any, Any] = {}
ATTEMPTS = 5  # somebody else made or removed the same rows in between: look again


@dataclass
class BulkResult:
    """What became of the rows. Where nothing was kept, only `failed` and `errors` count."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    failed: int = 0
    errors: list[RowError] = field(default_factory=list)


def upsert(*, kind: str, rows: Sequence[Any], user: User | None, atomic: bool = True) -> BulkResult:
    """Write one batch as `user` (None: the system). With `atomic`, nothing is kept if any row is refused."""
    source = user.source if user and user.source else None
    return Feed(kind=kind, user=user, default_source=source).upsert(rows, atomic=atomic)


class Feed:
    """Batches of one kind from one caller, who may name a source that all rows share."""

    def __init__(self, *, kind: str, user: User | None, default_source: str | None = None) -> None:
        self.kind = KINDS[kind]
        self.user = user
        self.using = router.db_for_write(self.kind.model)
        self.default_source = default_source
        self.references = References(user=user)

    def upsert(
        self, rows: Sequence[Any], *, atomic: bool = True, numbers: Sequence[int] | None = None
    ) -> BulkResult:
        """`numbers` is what messages call the rows: those of a file, for example."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with garbage_later(), transaction.atomic(using=self.using):
                    return self._upsert(rows, atomic, numbers)
            except (IntegrityError, OperationalError) as error:
                if attempt == ATTEMPTS or not is_worth_another_try(error):
                    raise
                self.references.forget()
        raise AssertionError("unreachable")

    def _upsert(self, rows: Sequence[Any], atomic: bool, numbers: Sequence[int] | None) -> BulkResult:
        rights = Rights(user=self.user, kind=self.kind, references=self.references)
        batch = Batch(
            kind=self.kind,
            rows=rows,
            rights=rights,
            references=self.references,
            using=self.using,
            default_source=self.default_source,
            numbers=numbers,
        )
        batch.read_keys()
        lock_feed(self.kind.name, batch.sources(), using=self.using)
        batch.match()
        batch.clean()
        if self.kind.tree:
            batch.check_tree()
        batch.drop_refused()
        changes = BatchChanges(batch)
        errors = [error for index in sorted(batch.errors) for error in batch.errors[index]]
        result = BulkResult(failed=len(batch.errors), errors=errors)
        if not (atomic and errors):
            changes.write()
            result.created = len(changes.created)
            result.updated = len(changes.updated)
            result.unchanged = len(rows) - result.created - result.updated - result.failed
        return result


@contextmanager
def garbage_later() -> Iterator[None]:
    """No collection while a batch makes its hundred thousand objects: it would take a third of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def is_worth_another_try(error: DatabaseError) -> bool:
    """A key or a row that another transaction took or removed meanwhile, or a deadlock it won."""
    state = getattr(error.__cause__, "pgcode", None) or getattr(error.__cause__, "sqlstate", None)
    return isinstance(error, IntegrityError) or state in {"40P01", "40001"}


@dataclass
class Change:
    """A row as it will be. `before` is None for a new one."""

    draft: Draft
    instance: Any
    before: Values | None
    names: list[str]  # attributes that differ


class BatchChanges:
    """What of a batch is new or different, checked by the model's own `clean()`."""

    def __init__(self, batch: Batch) -> None:
        self.batch = batch
        self.kind = batch.kind
        self.model = batch.model
        self.references = batch.references
        self.now = timezone.now()
        self.actor_id = getattr(current_actor().user, "pk", None)
        # A change by the system leaves the name of whoever changed the row last.
        self.stamp = {"updated_at": self.now} | ({"updated_by_id": self.actor_id} if self.actor_id else {})
        relations = [f for f in self.kind.columns.values() if f.is_relation]
        self.relations = [(f.name, f.attname, f.related_model) for f in relations]
        self.pick_lists = [f for f in relations if f.related_model is PickListValue]
        self.checked_elsewhere = {f.name for f in self.model._meta.fields}
        self.created: dict[int, Change] = {}
        self.updated: dict[int, Change] = {}
        self.lists = [ReferenceLists(batch, name) for name in self.kind.many if name in batch.named]
        nested = self.kind.children
        self.children = ChildRows(batch, nested, now=self.now, actor_id=self.actor_id) if nested else None
        self._find()

    # --- finding out ----------------------------------------------------------------------

    def _find(self) -> None:
        differing = []
        same = []
        for draft in self.batch.drafts.values():
            stored = draft.stored
            if stored is None or any(stored[name] != value for name, value in draft.given.items()):
                differing.append(draft)
            else:
                same.append(draft)
        self._load_relations(differing)
        blank = self._blank()
        for draft in differing:
            self._check(draft, blank)
        self._find_nested(same)
        self.batch.drop_refused()
        for index in (self.created.keys() | self.updated.keys()) - self.batch.drafts.keys():
            self.created.pop(index, None)
            self.updated.pop(index, None)

    def _blank(self) -> Values:
        """A new row before anything is known of it."""
        values = {f.attname: default_of(f) for f in self.model._meta.concrete_fields if not f.primary_key}
        values.update(version=1, created_at=self.now, updated_at=self.now)
        values.update(created_by_id=self.actor_id, updated_by_id=self.actor_id)
        # Left out and without a default: the model fills it in (the probability of a stage).
        for f in self.kind.columns.values():
            if f.blank and not f.null and not f.has_default() and not f.empty_strings_allowed:
                values[f.attname] = None
        return values

    def _load_relations(self, drafts: Sequence[Draft]) -> None:
        """What stored rows point at, as far as a check or a name may look at it."""
        wanted: dict[type[models.Model], set[Any]] = {}
        for _name, attname, model in self.relations:
            if model is not User and model is not self.model:
                wanted.setdefault(model, set()).update(d.stored[attname] for d in drafts if d.stored)
        for model, pks in wanted.items():
            self.references.load(model, pks)

    def _related(self, values: Mapping[str, Any]) -> dict[str, Any]:
        known = self.references.rows
        return {
            name: row
            for name, attname, model in self.relations
            if (row := known.get(model, EMPTY).get(values[attname])) is not None
        }

    def _check(self, draft: Draft, blank: Values) -> None:
        stored, given = draft.stored, draft.given
        if stored is not None and self.kind.follow_change:
            self.kind.follow_change(given, stored)
        values = {**(blank if stored is None else stored), **given, "id": draft.pk}
        instance = as_instance(self.model, values, self._related(values), adding=stored is None)
        parent = values.get(f"{self.kind.tree}_id")
        try:
            if parent is not None:  # the shape of the tree is checked for the whole batch
                instance.__dict__[f"{self.kind.tree}_id"] = None
            instance.clean_fields(exclude=self.checked_elsewhere)
            instance.clean()
            self._refuse_retired(instance, stored)
            self._check_constraints(instance)
        except ValidationError as error:
            self.batch.refuse_all(draft.index, error)
            return
        finally:
            if parent is not None:
                instance.__dict__[f"{self.kind.tree}_id"] = parent
        if stored is None:
            self.created[draft.index] = Change(draft, instance, None, [])
            return
        names = [name for name in stored if instance.__dict__[name] != stored[name]]
        if names:
            self.updated[draft.index] = Change(draft, instance, stored, names)

    def _refuse_retired(self, instance: Any, stored: Values | None) -> None:
        """A retired value stays on old records only."""
        for relation in self.pick_lists:
            pk = getattr(instance, relation.attname)
            value = self.references.get(PickListValue, pk) if pk else None
            if value is not None and value.is_retired and (stored is None or stored[relation.attname] != pk):
                message = _("“%(value)s” is retired: take another.")
                error = ValidationError(message, "retired", {"value": value.name})
                raise ValidationError({relation.name: error})

    def _check_constraints(self, instance: Any) -> None:
        """Django asks the database, once a row: for the short catalogs. `clean()` covers the other kinds."""
        if not self.kind.in_api:
            for constraint in self.model._meta.constraints:
                if isinstance(constraint, models.CheckConstraint):
                    constraint.validate(self.model, instance)

    def _find_nested(self, same: Sequence[Draft]) -> None:
        """Lines and lists of references; they may change a row that is itself the same."""
        instances = {index: change.instance for index, change in (self.created | self.updated).items()}
        same = [draft for draft in same if self._names_nested(draft.index)]
        self._load_relations(same)
        for draft in same:
            stored = draft.stored or {}
            instances[draft.index] = as_instance(self.model, stored, self._related(stored))
        changed: set[int] = set()
        for references in self.lists:
            changed |= references.find(instances)
        if self.children:
            changed |= self.children.find(
                self._owner(index, instance) for index, instance in sorted(instances.items())
            )
        for index in changed - self.created.keys() - self.updated.keys():
            draft = self.batch.drafts[index]
            self.updated[index] = Change(draft, instances[index], draft.stored, [])

    def _names_nested(self, index: int) -> bool:
        names = self.batch.rows[index].keys()
        return bool(names & set(self.kind.many)) or (
            self.children is not None and self.children.name in names
        )

    def _owner(self, index: int, instance: Any) -> Owner:
        updated = self.updated.get(index)
        is_recheck = updated is not None and "currency" in updated.names  # its minor units are others
        is_stored = self.batch.drafts[index].stored is not None
        return Owner(index, "", instance, is_stored, is_recheck, self.batch.rows[index])

    # --- writing --------------------------------------------------------------------------

    def write(self) -> None:
        using, log = self.batch.using, Log()
        created = [change.instance for change in self._in_order(self.created)]
        insert_rows(self.model, [instance.__dict__ for instance in created], using=using)
        log.created(created)
        self._write_updates(log)
        kept = self.created.keys() | self.updated.keys()
        for references in self.lists:
            references.write(log, kept=kept)
        if self.children:
            self.children.write(log, kept=kept)
        log.write(using=using)

    def _in_order(self, changes: Mapping[int, Change]) -> list[Change]:
        """By key, so that two feeds of the same rows wait for each other in one order; parents first."""
        if not self.kind.tree:
            return [changes[index] for index in sorted(changes, key=self._key)]
        by_pk = {change.draft.pk: change for change in changes.values()}
        parent = f"{self.kind.tree}_id"
        return [
            by_pk[pk] for pk in trees.parents_first(by_pk, lambda pk: getattr(by_pk[pk].instance, parent))
        ]

    def _key(self, index: int) -> tuple[Any, ...]:
        external, natural = self.batch.external[index], self.batch.natural[index]
        return (external is None, external or (), natural or ())

    def _write_updates(self, log: Log) -> None:
        changes = [self.updated[index] for index in sorted(self.updated)]
        if not changes:
            return
        self._uproot_moved(changes)
        names = {name for change in changes for name in change.names}
        for change in changes:
            stored = change.before or {}
            log.updated(change.instance, stored, change.names)
            change.instance.__dict__.update(version=stored["version"] + 1, **self.stamp)
        names |= {"version", *self.stamp}
        update_rows(self.model, names, [c.instance.__dict__ for c in changes], using=self.batch.using)

    def _uproot_moved(self, changes: Sequence[Change]) -> None:
        """Moved branches leave their old place first: whole or not, no step on the way makes a ring."""
        parent = f"{self.kind.tree}_id"
        rooted = [c for c in changes if parent in c.names and c.before and c.before[parent] is not None]
        moved = [{"id": c.draft.pk, parent: None} for c in rooted]
        update_rows(self.model, [parent], moved, using=self.batch.using)
