"""The change log: who changed what, when, from which value to which.

Writing goes through the ORM's own doors: `save`, `delete`, `QuerySet.update`, `bulk_create`,
`bulk_update`, many-to-many changes. The bases below wrap them, so that no write path can forget its
entry: the entry is written in the same transaction as the change. `Change` itself lives in
`kam.core.models`; entries are made in `kam.core.changelog`.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any, Self
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import connections, models, router, transaction
from django.utils import timezone

from kam.core.actor import current_actor
from kam.core.changelog import (
    BATCH,
    BOOKKEEPING,
    created_values,
    deletion,
    logged,
    make_change,
    plain,
    tracked_fields,
    write_changes,
)

__all__ = [
    "BATCH",
    "ChangeTracking",
    "StaleObjectError",
    "TrackedQuerySet",
    "created_values",
    "logged",
    "make_change",
    "plain",
    "tracked_fields",
    "write_changes",
]

MISSING = object()


class StaleObjectError(Exception):
    """Somebody else saved the row since it was read: nothing was written."""

    def __init__(self, instance: models.Model) -> None:
        super().__init__(f"{instance._meta.verbose_name} was changed by somebody else in the meantime.")
        self.instance = instance


def is_expression(value: Any) -> bool:
    return hasattr(value, "resolve_expression")


def differs(field: models.Field, old: Any, new: Any) -> bool:
    """Whether writing `new` would change the column; "5" for a number that is 5 would not."""
    if old == new:
        return False
    if old is MISSING or old is None or new is None or is_expression(new):
        return True
    try:
        return bool(field.to_python(new) != old)
    except ValidationError:
        return True


def bump_version(instance: Any, *, is_checked: bool = True) -> None:
    """What hangs on the row was changed but no field of its own: whoever read it before is out of date.

    Unless `is_checked` it may have been changed since it was read, and the instance stays as it is. Others who
    change what hangs on it wait from here on.
    """
    stamps: dict[str, Any] = {"version": models.F("version") + 1}
    if hasattr(instance, "updated_by_id"):
        stamps["updated_at"] = timezone.now()
        if actor := current_actor().user:
            stamps["updated_by_id"] = actor.pk
    rows = models.QuerySet(type(instance)).filter(pk=instance.pk)
    if not (rows.filter(version=instance.version) if is_checked else rows).update(**stamps):
        raise StaleObjectError(instance)
    if is_checked:
        for name, value in (stamps | {"version": instance.version + 1}).items():
            setattr(instance, name, value)
        instance._remember()


class TrackedQuerySet(models.QuerySet):
    """Bulk writes with their log entries; every written row's version goes up by one."""

    def update(self, **kwargs: Any) -> int:
        """Like Django's; rows that have the given values already are left alone and not counted.

        Where a value is an expression, every row is written, and logged if its value changed.
        """
        fields = {self.model._meta.get_field(name): value for name, value in kwargs.items()}
        if not any(field in tracked_fields(self.model) for field in fields):
            return super().update(**kwargs)  # bookkeeping: no change of the row's content
        with transaction.atomic(using=self.db):
            rows = self._locked_rows()
            if not any(is_expression(value) for value in fields.values()):
                rows = [row for row in rows if self._would_change(row, fields)]
            for start in range(0, len(rows), 5_000):
                self._update_rows(rows[start : start + 5_000], kwargs, list(fields))
        self._result_cache = None
        return len(rows)

    update.alters_data = True  # type: ignore[attr-defined]

    def _locked_rows(self) -> list[Any]:
        """The rows as they are, each once, locked until the end of the transaction."""
        queryset = self.order_by("pk").select_related(*self.model.log_related)
        if queryset.query.distinct or queryset.query.group_by:
            queryset = (
                self._fresh().filter(pk__in=list(self.order_by().values_list("pk", flat=True))).order_by("pk")
            )
            queryset = queryset.select_related(*self.model.log_related)
        if connections[self.db].features.has_select_for_update_of:
            queryset = queryset.select_for_update(of=("self",))
        return list({row.pk: row for row in queryset}.values())  # a join over a to-many relation doubles rows

    def _fresh(self) -> models.QuerySet:
        return models.QuerySet(self.model, using=self.db)

    @staticmethod
    def _would_change(row: models.Model, fields: dict[Any, Any]) -> bool:
        values = ((f, v.pk if isinstance(v, models.Model) else v) for f, v in fields.items())
        return any(differs(field, getattr(row, field.attname), value) for field, value in values)

    def _update_rows(self, rows: list[Any], kwargs: dict[str, Any], fields: list[models.Field]) -> None:
        by_pk = {row.pk: row for row in rows}
        stamps: dict[str, Any] = {"version": models.F("version") + 1}
        if hasattr(self.model, "updated_at"):
            stamps["updated_at"] = timezone.now()
        if hasattr(self.model, "updated_by"):
            actor = current_actor().user
            if actor:
                stamps["updated_by_id"] = actor.pk
        self._fresh().filter(pk__in=list(by_pk)).update(**kwargs, **stamps)
        tracked = [f for f in tracked_fields(self.model) if f in fields]
        entries = []
        written = self._fresh().filter(pk__in=list(by_pk)).values_list("pk", *(f.attname for f in tracked))
        for pk, *values in written:
            row = by_pk[pk]
            changed = [(f, v) for f, v in zip(tracked, values, strict=True) if getattr(row, f.attname) != v]
            if changed:
                before = {f.name: logged(f, getattr(row, f.attname)) for f, _v in changed}
                entries.append(make_change(row, "update", before, {f.name: logged(f, v) for f, v in changed}))
        write_changes(entries)

    def bulk_create(self, objs: Iterable[Any], batch_size: int | None = None, **kwargs: Any) -> list[Any]:
        """Like Django's, logged. Conflicts are the importer's business (`crm.bulk`), which logs what it did."""
        objs = list(objs)
        if kwargs.get("ignore_conflicts") or kwargs.get("update_conflicts"):
            raise NotImplementedError("Conflicts cannot be logged here: decide what is new before writing.")
        actor = current_actor().user
        for obj in objs:
            if hasattr(obj, "created_by_id") and actor:
                obj.created_by_id = obj.created_by_id or actor.pk
                obj.updated_by_id = obj.updated_by_id or actor.pk
        with transaction.atomic(using=self.db):
            created = super().bulk_create(objs, batch_size=batch_size or BATCH, **kwargs)
            write_changes([make_change(obj, "create", None, created_values(obj)) for obj in created])
        for obj in created:
            obj._remember()
        return created

    def bulk_update(self, objs: Iterable[Any], fields: Iterable[str], batch_size: int | None = None) -> int:
        """Like Django's, logged, for the objects that changed; refuses all if one is out of date."""
        objs, fields = tuple(objs), list(fields)
        named = {self.model._meta.get_field(name) for name in fields}
        changed = [obj for obj in objs if named & set(obj.changed_fields())]
        with transaction.atomic(using=self.db):
            rows = self.filter(pk__in=[obj.pk for obj in changed]).order_by("pk").select_for_update()
            versions = dict(rows.values_list("pk", "version"))
            for obj in changed:
                if versions.get(obj.pk) != obj.version:
                    raise StaleObjectError(obj)
            count = super().bulk_update(changed, fields, batch_size)
        for obj in changed:
            obj.version += 1
            obj._remember([*(f.attname for f in named), "version"])
        return count

    bulk_update.alters_data = True  # type: ignore[attr-defined]

    def delete(self) -> tuple[int, dict[str, int]]:
        with deletion(self.db):
            return super().delete()

    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]


class ChangeTracking(models.Model):
    """Logs every save and delete of a row and refuses to overwrite somebody else's save.

    Needs a `version` column. A save of a loaded row writes only the fields that changed, only if
    the row still has the version that was read, and raises `StaleObjectError` otherwise. A save
    that changes nothing writes nothing.
    """

    # Columns that are no content (when somebody last logged in): neither logged nor counted as a change.
    untracked_fields: frozenset[str] = frozenset()
    # Logged as they are, and told to those who may see them in the row itself (`kam.core.history`).
    sensitive_fields: frozenset[str] = frozenset()
    # Logged as changed, without their values.
    secret_fields: frozenset[str] = frozenset()
    # The label under which the log keeps the rows, where it is not the model's own (proxies of one table).
    logged_as: str = ""
    # What `__str__` and `change_container_id` read of other rows, so that bulk writes fetch it at once.
    log_related: tuple[str, ...] = ()
    _loaded: dict[str, Any]
    _expected_version: int | None = None

    class Meta:
        abstract = True

    @classmethod
    def from_db(cls, db: str | None, field_names: Iterable[str], values: Iterable[Any]) -> Self:
        instance = super().from_db(db, field_names, values)
        instance._remember()
        return instance

    def refresh_from_db(
        self, using: str | None = None, fields: Iterable[str] | None = None, **kwargs: Any
    ) -> None:
        names = None if fields is None else list(fields)
        super().refresh_from_db(using=using, fields=names, **kwargs)
        # Django loads a deferred field this way: what else was changed meanwhile stays a change.
        self._remember(None if names is None else {self._meta.get_field(name).attname for name in names})

    def _remember(self, attnames: Iterable[str] | None = None) -> None:
        state = self.__dict__
        if attnames is None or "_loaded" not in state:
            self._loaded = {}
        wanted = None if attnames is None else set(attnames)
        for field in self._meta.concrete_fields:
            name = field.attname
            if name in state and (wanted is None or name in wanted):
                value = state[name]
                self._loaded[name] = copy.deepcopy(value) if isinstance(value, dict | list) else value

    def changed_fields(self) -> list[models.Field]:
        """The fields, bookkeeping aside, whose value differs from what was read."""
        loaded = self.__dict__.get("_loaded", {})
        state = self.__dict__
        return [
            f
            for f in self._meta.concrete_fields
            if f.attname in state
            and f.attname not in BOOKKEEPING
            and differs(f, loaded.get(f.attname, MISSING), state[f.attname])
        ]

    def save(self, *args: Any, **kwargs: Any) -> None:
        using = kwargs.get("using") or router.db_for_write(type(self), instance=self)
        actor_id = getattr(current_actor().user, "pk", None)
        with transaction.atomic(using=using):
            if self._state.adding:
                if hasattr(self, "created_by_id"):
                    self.created_by_id = self.created_by_id or actor_id
                    self.updated_by_id = self.updated_by_id or actor_id
                super().save(*args, **kwargs)
                self._settle(self._meta.concrete_fields)
                write_changes([make_change(self, "create", None, created_values(self))])
            else:
                self._save_changed(actor_id, using, kwargs.get("update_fields"))
        self._remember()

    def _save_changed(self, actor_id: UUID | None, using: str, update_fields: Iterable[str] | None) -> None:
        wanted = None if update_fields is None else set(update_fields)
        changed = [f for f in self.changed_fields() if wanted is None or {f.name, f.attname} & wanted]
        tracked = [f for f in tracked_fields(type(self)) if f in changed]
        names = [f.name for f in changed]
        if not tracked:
            if changed:
                super().save(using=using, update_fields=names)
            return
        if "version" in self.get_deferred_fields():
            raise ValueError(
                "A row that was read without its version cannot be saved: a change could get lost."
            )
        before = {f.name: logged(f, self._loaded.get(f.attname)) for f in tracked}
        names.append("version")
        if hasattr(self, "updated_at"):
            self.updated_at = timezone.now()
            names.append("updated_at")
        if hasattr(self, "updated_by_id"):
            self.updated_by_id = actor_id or self.updated_by_id
            names.append("updated_by")
        self._expected_version = self.version
        self.version += 1
        try:
            super().save(using=using, update_fields=names)
        except BaseException:
            self.version = self._expected_version
            raise
        finally:
            self._expected_version = None
        self._settle(tracked)
        after = {f.name: logged(f, getattr(self, f.attname)) for f in tracked}
        write_changes([make_change(self, "update", before, after)])

    def _settle(self, fields: Iterable[models.Field]) -> None:
        """Read back what the database computed, so that the log holds values and no expressions."""
        names = [f.name for f in fields if is_expression(self.__dict__.get(f.attname))]
        if names:
            self.refresh_from_db(using=self._state.db, fields=names)

    def _do_update(
        self, base_qs: Any, using: Any, pk_val: Any, values: Any, update_fields: Any, forced_update: Any
    ) -> bool:
        if self._expected_version is None:
            return super()._do_update(base_qs, using, pk_val, values, update_fields, forced_update)  # type: ignore[misc]
        # The version that was read is part of the WHERE: the row lock of the UPDATE decides who is first.
        base_qs = base_qs.filter(version=self._expected_version)
        if not super()._do_update(base_qs, using, pk_val, values, update_fields, forced_update):  # type: ignore[misc]
            raise StaleObjectError(self)
        return True

    def delete(self, using: str | None = None, keep_parents: bool = False) -> tuple[int, dict[str, int]]:
        with deletion(using or router.db_for_write(type(self), instance=self)):
            return super().delete(using=using, keep_parents=keep_parents)
