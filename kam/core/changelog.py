"""Making and writing the entries of the change log."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.apps import apps
from django.db import models, transaction
from django.db.models.expressions import F
from django.utils import timezone

from kam.core.actor import current_actor
from kam.core.fields import ScaledIntegerField
from kam.core.signals import changes_written

if TYPE_CHECKING:
    from kam.core.models import Change

BOOKKEEPING = frozenset({"version", "updated_at", "updated_by_id", "created_at", "created_by_id"})
BATCH = 2_000
SECRET = "•••"  # noqa: S105 -- stands for a secret, is none


def is_tracked(model: type[models.Model]) -> bool:
    return hasattr(model, "changed_fields")


@lru_cache
def tracked_fields(model: type[models.Model]) -> tuple[models.Field, ...]:
    """Concrete fields whose changes the log keeps: not the bookkeeping."""
    hidden = BOOKKEEPING | getattr(model, "untracked_fields", frozenset()) | {model._meta.pk.attname}
    return tuple(field for field in model._meta.concrete_fields if field.attname not in hidden)


def plain(value: Any) -> Any:
    """A value as JSON keeps it: decimals, dates and ids as text, so that nothing is rounded."""
    if value is None or isinstance(value, bool | int | str | list | dict):
        return value
    if isinstance(value, Decimal):
        return f"{value:f}"
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return str(value)


def logged(field: models.Field, value: Any) -> Any:
    """What the log says of a field's value; of a secret only whether there is one."""
    if field.attname in getattr(field.model, "secret_fields", frozenset()):
        return SECRET if value else ""
    if isinstance(field, ScaledIntegerField):
        value = field.to_python(value)  # always with all its places, however it was written
    return plain(value)


def created_values(instance: models.Model) -> dict[str, Any]:
    return {f.name: logged(f, getattr(instance, f.attname)) for f in tracked_fields(type(instance))}


def make_change(
    instance: models.Model, operation: str, before: dict[str, Any] | None, after: dict[str, Any] | None
) -> Change:
    """An unsaved log entry for one row, attributed to the current actor."""
    actor = current_actor()
    return apps.get_model("core", "Change")(
        at=timezone.now(),
        actor_id=actor.user.pk if actor.user else None,
        actor_name=str(actor.user)[:200] if actor.user else "",
        source=actor.source,
        reason=actor.reason[:500],
        request_id=actor.request_id[:64],
        model=getattr(instance, "logged_as", "") or instance._meta.label_lower,
        object_id=instance.pk,
        object_name=str(instance)[:200],
        container_id=getattr(instance, "change_container_id", None),
        operation=operation,
        before=before,
        after=after,
    )


def write_changes(entries: Sequence[Change]) -> None:
    if entries:
        apps.get_model("core", "Change")._base_manager.bulk_create(entries, batch_size=BATCH)
        changes_written.send(sender=None, entries=entries)


# --- Deletion -------------------------------------------------------------------------------
@dataclass
class Deletion:
    """What one `delete()` takes with it, and the links to it that it cuts: logged together at its end."""

    ids: set[UUID] = field(default_factory=set)
    entries: list[Change] = field(default_factory=list)
    cut: list[tuple[Any, Change]] = field(default_factory=list)

    def add(self, instance: models.Model) -> None:
        self.ids.add(instance.pk)
        self.entries.append(
            make_change(instance, "delete", created_values(instance) | _links_of(instance), None)
        )
        self.cut += _links_to(instance)

    def write(self) -> None:
        survivors = [(owner, entry) for owner, entry in self.cut if owner.pk not in self.ids]
        write_changes([*self.entries, *(entry for _owner, entry in survivors)])
        raise_versions([owner for owner, _entry in survivors])


_deletion: ContextVar[Deletion | None] = ContextVar("kam_deletion", default=None)


@contextmanager
def deletion(using: str) -> Iterator[None]:
    """The transaction of a delete with all its cascades, and the log entries of what went."""
    if _deletion.get() is not None:  # part of a larger one
        yield
        return
    running = Deletion()
    token = _deletion.set(running)
    try:
        with transaction.atomic(using=using):
            yield
            running.write()
    finally:
        _deletion.reset(token)


def log_deletion(sender: type[models.Model], instance: models.Model, **kwargs: Any) -> None:
    """`pre_delete` of every tracked model: also rows that go by cascade get their entry."""
    if not is_tracked(sender):
        return
    running = _deletion.get()
    if running is not None:
        running.add(instance)
    else:  # a cascade from a row that is not tracked itself
        alone = Deletion()
        alone.add(instance)
        alone.write()


def _links_of(instance: models.Model) -> dict[str, list[str]]:
    """The many-to-many links that go with a row."""
    links = {}
    for link in instance._meta.many_to_many:
        through = link.remote_field.through
        if through._meta.auto_created:
            own, other = link.m2m_field_name(), f"{link.m2m_reverse_field_name()}_id"
            keys = through._base_manager.filter(**{own: instance.pk}).values_list(other, flat=True)
            links[link.name] = sorted(map(str, keys))
    return {name: keys for name, keys in links.items() if keys}


def _links_to(instance: models.Model) -> Iterator[tuple[Any, Change]]:
    """Tracked rows whose link to a deleted row Django cuts without telling: SET_NULL and many-to-many."""
    for relation in instance._meta.related_objects:
        owner_model, forward = relation.related_model, relation.field
        if not is_tracked(owner_model):
            continue
        before: Any = str(instance.pk)
        after: Any = None
        if relation.many_to_many and relation.through._meta.auto_created:
            before, after = [before], []
        elif relation.on_delete is not models.SET_NULL or forward not in tracked_fields(owner_model):
            continue
        for owner in owner_model._base_manager.filter(**{forward.name: instance.pk}):
            yield owner, make_change(owner, "update", {forward.name: before}, {forward.name: after})


# --- Many to many ---------------------------------------------------------------------------
def log_relation_change(
    sender: type[models.Model],
    instance: Any,
    action: str,
    reverse: bool,
    model: type[models.Model],
    pk_set: set[Any] | None,
    **kwargs: Any,
) -> None:
    """`m2m_changed` of a tracked model: what was added or removed, on the row that has the field.

    The row's version goes up, so that whoever read it before is told.
    """
    owner_model = model if reverse else type(instance)
    if action not in {"post_add", "post_remove", "pre_clear"} or not is_tracked(owner_model):
        return
    if is_tracked(sender):  # links with a model of their own are logged as its rows
        return
    fields = [f for f in owner_model._meta.many_to_many if f.remote_field.through is sender]
    if not fields:
        return
    name = fields[0].name
    own, other = f"{fields[0].m2m_field_name()}_id", f"{fields[0].m2m_reverse_field_name()}_id"
    near, far = (other, own) if reverse else (own, other)
    if action == "pre_clear":
        pk_set = set(sender._base_manager.filter(**{near: instance.pk}).values_list(far, flat=True))
    if not pk_set:
        return
    if reverse:
        touched = {owner: [str(instance.pk)] for owner in owner_model._base_manager.filter(pk__in=pk_set)}
    else:
        touched = {instance: sorted(map(str, pk_set))}
    raise_versions(touched)
    write_changes(
        [
            make_change(owner, "update", None, {name: keys})
            if action == "post_add"
            else make_change(owner, "update", {name: keys}, None)
            for owner, keys in touched.items()
        ]
    )


def raise_versions(rows: Iterable[Any]) -> None:
    """These rows changed outside of their own columns: whoever read them before is to be told."""
    by_model: dict[type[models.Model], list[Any]] = {}
    for row in rows:
        by_model.setdefault(type(row), []).append(row)
    for model, owners in by_model.items():
        models.QuerySet(model).filter(pk__in=[owner.pk for owner in owners]).update(version=F("version") + 1)
        for owner in owners:
            owner.version += 1
            owner._remember(["version"])
