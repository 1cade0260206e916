"""Checking and saving one row with its many-to-many relations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import transaction
from django.db.models import Model

from kam.core.gate import gate_open

if TYPE_CHECKING:
    from kam.core.models import BaseModel
    from kam.users.models import User


def check_row(instance: BaseModel) -> None:
    """`full_clean()`, except for foreign keys, which the caller looked up through the gate.

    Django would ask for each of them again, and without a user.
    """
    fields = instance._meta.concrete_fields
    relations = {field.name for field in fields if field.is_relation}
    missing = [f for f in fields if f.is_relation and not f.null and getattr(instance, f.attname) is None]
    if missing:  # `clean()` may follow them
        raise ValidationError({f.name: ValidationError(f.error_messages["null"], "null") for f in missing})
    errors = _collected({}, lambda: instance.clean_fields(exclude=relations), instance.clean)
    unchecked = {name for name in errors if name != NON_FIELD_ERRORS} | {instance._meta.pk.name}
    unchanged: set[str] = set()
    if not instance._state.adding:
        unchanged = {field.name for field in fields} - {field.name for field in instance.changed_fields()}
    errors = _collected(
        errors,
        lambda: instance.validate_unique(exclude=unchecked | unchanged),
        lambda: instance.validate_constraints(exclude=unchecked),
    )
    if errors:
        raise ValidationError(errors)


def check_all(*checks: Callable[[], None]) -> None:
    """Run every check of a `clean()`, and raise what all of them found."""
    if errors := _collected({}, *checks):
        raise ValidationError(errors)


def _collected(errors: dict[str, Any], *checks: Callable[[], None]) -> dict[str, Any]:
    for check in checks:
        try:
            check()
        except ValidationError as error:
            errors = error.update_error_dict(errors)
    return errors


def save_row(instance: BaseModel, *, relations: Mapping[str, Iterable[Model]], user: User) -> BaseModel:
    """Save a checked row and set its many-to-many `relations`.

    Related rows that `user` cannot see stay as they are: who does not see them cannot have meant to
    remove them.
    """
    if not relations:
        instance.save()  # a transaction of its own
        return instance
    with transaction.atomic():
        instance.save()
        for name, rows in relations.items():
            set_relation(instance, name, rows, user=user)
    return instance


def set_relation(instance: BaseModel, name: str, rows: Iterable[Model], *, user: User) -> bool:
    """Whether the relation changed. Rows in it that `user` cannot see stay."""
    manager = getattr(instance, name)
    with gate_open("the rows were looked up through the gate; hidden ones are kept"):
        current = set(manager.values_list("pk", flat=True))
        wanted = {row.pk for row in rows}
        if surplus := current - wanted:
            visible = manager.model._default_manager.visible_to(user).filter(pk__in=surplus)
            wanted |= surplus - set(visible.values_list("pk", flat=True))
        if wanted == current:
            return False
        manager.set(wanted)
    return True
