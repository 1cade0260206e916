"""The change log: who changed what, when, from which value to which.

Writing goes through the ORM's own doors: `save`, `delete`, `QuerySet.update`, `bulk_create`,
`bulk_update`. The bases below wrap them, so that no write path can forget its entry: the entry is
written in the same transaction as the change. `Change` itself lives in `kam.core.models`.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

from django.apps import apps
from django.db import connections, models, router, transaction
from django.utils import timezone

from kam.core.actor import current_actor
from kam.core.signals import changes_written

if TYPE_CHECKING:
    from kam.core.models import Change

BOOKKEEPING = frozenset({"version", "updated_at", "updated_by_id", "created_at", "created_by_id"})
BATCH = 2_000
MISSING = object()
SECRET = "•••"


class StaleObjectError(Exception):
    """Somebody else saved the row since it was read: nothing was written."""

    def __init__(self, instance: models.Model) -> None:
        super().__init__(f"{instance._meta.verbose_name} was changed by somebody else in the meantime.")
        self.instance = instance


def tracked_fields(model: type[models.Model]) -> list[models.Field]:
    """Concrete fields whose changes the log keeps: not the bookkeeping, not what is no news."""
    hidden = BOOKKEEPING | getattr(model, "untracked_fields", frozenset()) | {model._meta.pk.attname}
    return [field for field in model._meta.concrete_fields if field.attname not in hidden]


def logged(instance: models.Model, field: models.Field, value: Any) -> Any:
    """A value as the log keeps it: that a secret changed is news, what it was is not."""
    return SECRET if field.attname in getattr(instance, "secret_fields", ()) else plain(value)


def plain(value: Any) -> Any:
    """A value as JSON keeps it: decimals, dates and ids as text, so that nothing is rounded."""
    if value is None or isinstance(value, bool | int | str | list | dict):
        return value
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return str(value)


def make_change(
    instance: models.Model, operation: str, before: dict[str, Any] | None, after: dict[str, Any] | None
) -> Change:
    """An unsaved log entry for one row, attributed to the current actor."""
    actor = current_actor()
    container = getattr(instance, "change_container_id", None)
    return apps.get_model("core", "Change")(
        at=timezone.now(),
        actor_id=actor.user.pk if actor.user else None,
        actor_name=str(actor.user) if actor.user else "",
        source=actor.source,
        reason=actor.reason,
        request_id=actor.request_id,
        model=instance._meta.label_lower,
        object_id=instance.pk,
        object_name=str(instance)[:200],
        container_id=container,
        operation=operation,
        before=before,
        after=after,
    )


def write_changes(entries: Sequence[Change]) -> None:
    if entries:
        apps.get_model("core", "Change")._base_manager.bulk_create(entries, batch_size=BATCH)
        changes_written.send(sender=None, entries=entries)


def created_values(instance: models.Model) -> dict[str, Any]:
    return {f.name: logged(instance, f, getattr(instance, f.attname)) for f in tracked_fields(type(instance))}


class ChangeTracking(models.Model):
    """Logs every save and delete of a row and refuses to overwrite somebody else's save.

    Needs a `version` column. A save of a loaded row writes only the fields that changed, only if
    the row still has the version that was read, and raises `StaleObjectError` otherwise. A save
    that changes nothing writes nothing.
    """

    # Written without log entry and version check: such as the time of the last login.
    untracked_fields: frozenset[str] = frozenset()
    # Logged as changed, without the value.
    secret_fields: frozenset[str] = frozenset()
    _loaded: dict[str, Any]

    class Meta:
        abstract = True

    @classmethod
    def from_db(cls, db: str | None, field_names: Iterable[str], values: Iterable[Any]) -> Self:
        instance = super().from_db(db, field_names, values)
        instance._remember()
        return instance

    def refresh_from_db(self, *args: Any, **kwargs: Any) -> None:
        super().refresh_from_db(*args, **kwargs)
        self._remember()

    def _remember(self) -> None:
        state = self.__dict__
        self._loaded = {
            f.attname: copy.deepcopy(state[f.attname]) if isinstance(f, models.JSONField) else state[f.attname]
            for f in self._meta.concrete_fields
            if f.attname in state
        }

    def changed_fields(self) -> list[models.Field]:
        """The fields whose value differs from what was read."""
        loaded = self.__dict__.get("_loaded", {})
        state = self.__dict__
        return [
            f
            for f in self._meta.concrete_fields
            if f.attname not in BOOKKEEPING and f.attname in state and loaded.get(f.attname, MISSING) != state[f.attname]
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
                write_changes([make_change(self, "create", None, created_values(self))])
            else:
                self._save_changed(actor_id, using, kwargs.get("update_fields"))
        self._remember()

    def _save_changed(self, actor_id: UUID | None, using: str, update_fields: Iterable[str] | None) -> None:
        wanted = None if update_fields is None else set(update_fields)
        changed = [f for f in self.changed_fields() if wanted is None or {f.name, f.attname} & wanted]
        if not changed:
            return
        tracked = [f for f in tracked_fields(type(self)) if f in changed]
        if not tracked:
            type(self)._base_manager.using(using).filter(pk=self.pk).update(
                **{f.attname: getattr(self, f.attname) for f in changed}
            )
            return
        before = {f.name: logged(self, f, self._loaded.get(f.attname)) for f in tracked}
        after = {f.name: logged(self, f, getattr(self, f.attname)) for f in tracked}
        names = [f.name for f in changed] + ["version"]
        if hasattr(self, "updated_by_id"):
            self.updated_by_id = actor_id or self.updated_by_id
            self.updated_at = timezone.now()
            names += ["updated_by", "updated_at"]
        read_version = self.version
        self.version = read_version + 1
        try:
            super().save(using=using, update_fields=names)
        except BaseException:
            self.version = read_version
            raise
        write_changes([make_change(self, "update", before, after)])

    def _do_update(
        self, base_qs: Any, using: Any, pk_val: Any, values: Any, update_fields: Any, forced_update: Any
    ) -> bool:
        # The version that was read is part of the WHERE: the row lock of the UPDATE decides who is first.
        base_qs = base_qs.filter(version=self.version - 1)
        if not super()._do_update(base_qs, using, pk_val, values, update_fields, forced_update):  # type: ignore[misc]
            raise StaleObjectError(self)
        return True

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        with transaction.atomic():
            return super().delete(*args, **kwargs)


class TrackedQuerySet(models.QuerySet):
    """Bulk writes with their log entries; every row's version goes up by one."""

    def update(self, **kwargs: Any) -> int:
        """Like Django's, for the rows that really change; returns how many did."""
        fields = {self.model._meta.get_field(name): value for name, value in kwargs.items()}
        literal = {f: v for f, v in fields.items() if not hasattr(v, "resolve_expression")}
        names = [f.attname for f in fields]
        with transaction.atomic(using=self.db):
            queryset = self.order_by("pk")
            if queryset.query.distinct or queryset.query.group_by:
                queryset = self._fresh().filter(pk__in=list(queryset.values_list("pk", flat=True))).order_by("pk")
            rows = list(queryset.select_for_update(of=("self",)) if self._can_lock() else queryset)
            if len(literal) == len(fields):
                rows = [row for row in rows if any(self._differs(row, f, v) for f, v in literal.items())]
            for start in range(0, len(rows), 5_000):
                self._update_rows(rows[start : start + 5_000], kwargs, names)
        self._result_cache = None
        return len(rows)

    update.alters_data = True  # type: ignore[attr-defined]

    def _can_lock(self) -> bool:
        return connections[self.db].features.has_select_for_update_of

    def _fresh(self) -> models.QuerySet:
        return models.QuerySet(self.model, using=self.db)

    @staticmethod
    def _differs(row: models.Model, field: models.Field, value: Any) -> bool:
        if isinstance(value, models.Model):
            value = value.pk
        return getattr(row, field.attname) != field.to_python(value)

    def _update_rows(self, rows: list[Any], kwargs: dict[str, Any], names: list[str]) -> None:
        by_pk = {row.pk: row for row in rows}
        stamps: dict[str, Any] = {"version": models.F("version") + 1}
        if hasattr(self.model, "updated_by"):
            actor = current_actor().user
            stamps["updated_at"] = timezone.now()
            if actor:
                stamps["updated_by_id"] = actor.pk
        self._fresh().filter(pk__in=list(by_pk)).update(**kwargs, **stamps)
        tracked = [f for f in tracked_fields(self.model) if f.attname in names]
        attnames = [f.attname for f in tracked]
        entries = []
        for pk, *values in self._fresh().filter(pk__in=list(by_pk)).values_list("pk", *attnames):
            row = by_pk[pk]
            changed = [(f, value) for f, value in zip(tracked, values, strict=True) if getattr(row, f.attname) != value]
            if changed:
                before = {f.name: logged(row, f, getattr(row, f.attname)) for f, _value in changed}
                after = {f.name: logged(row, f, value) for f, value in changed}
                entries.append(make_change(row, "update", before, after))
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

    def delete(self) -> tuple[int, dict[str, int]]:
        with transaction.atomic(using=self.db):
            return super().delete()


def log_deletion(sender: type[models.Model], instance: models.Model, **kwargs: Any) -> None:
    """`pre_delete` of every tracked model: also rows that go by cascade get their entry."""
    if isinstance(instance, ChangeTracking):
        write_changes([make_change(instance, "delete", created_values(instance), None)])


def log_relation_change(
    sender: type[models.Model], instance: Any, action: str, reverse: bool, pk_set: set[Any] | None, **kwargs: Any
) -> None:
    """`m2m_changed` of a tracked model: what was added or removed."""
    if reverse or not isinstance(instance, ChangeTracking) or action not in {"post_add", "post_remove", "pre_clear"}:
        return
    field = next((f for f in instance._meta.many_to_many if f.remote_field.through is sender), None)
    if field is None:
        return
    if action == "pre_clear":
        own, other = field.m2m_field_name(), f"{field.m2m_reverse_field_name()}_id"
        pk_set = set(sender._base_manager.filter(**{own: instance.pk}).values_list(other, flat=True))
    keys = sorted(str(pk) for pk in pk_set or ())
    if keys:
        before, after = (None, {field.name: keys}) if action == "post_add" else ({field.name: keys}, None)
        write_changes([make_change(instance, "update", before, after)])
