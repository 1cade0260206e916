"""What a row points at: found by id or natural key among what the caller may see, one query per model.

A row that exists but may not be seen is not found: the answer is the same, to the letter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import Concat, Trim
from django.utils.translation import gettext as _

from crm.bulk.rows import as_instance
from crm.bulk.values import ABSENT, Report, refuse_unstorable, required, shown
from kam.users.models import Role, User

Key = tuple[Any, ...]  # ("id", UUID), ("external_id", source, id) or (attribute, value)
ATTRIBUTES = ("code", "username", "email", "name")
# What checks, rules and messages read of a referenced row.
NEEDED = frozenset(
    "id source external_id code name owner_id username email first_name last_name role "
    "default_probability pick_list is_retired account_id".split()
)
LONGEST_KEY = 200
REMEMBERED = 50_000  # rows kept from one batch to the next


@lru_cache
def attributes_of(model: type[models.Model]) -> list[str]:
    return [f.attname for f in model._meta.concrete_fields if f.attname in NEEDED]


@lru_cache
def keys_of(model: type[models.Model]) -> frozenset[str]:
    """The ways in which a row of this model can be named."""
    names = {f.name for f in model._meta.concrete_fields}
    if issubclass(model, User):
        return frozenset({"id", "username", "email", "name"})
    return frozenset({"id", *(key for key in ("external_id", *ATTRIBUTES) if key in names)})


def with_source(raw: Any, source: Any) -> Any:
    """The reference; an external id without a source is one of the row's own source."""
    if type(raw) is dict and "external_id" in raw and "source" not in raw and isinstance(source, str):
        return {**raw, "source": source}
    return raw


def parse(raw: Any, model: type[models.Model]) -> Key:
    """The key in a reference; raises `ValidationError` for what is none."""
    if isinstance(raw, UUID):
        return ("id", raw)
    if isinstance(raw, str):
        raw = {"id": raw}
    if not isinstance(raw, Mapping):
        raise _no_reference(raw, model)
    names = set(raw) - {"source"}
    if len(names) != 1 or not names <= keys_of(model) or ("source" in raw and names != {"external_id"}):
        raise _no_reference(raw, model)
    name = names.pop()
    value = _clean_key(raw[name], raw, model)
    if name == "id":
        try:
            return ("id", UUID(value))
        except ValueError as error:
            raise _no_reference(raw, model) from error
    if name == "external_id":
        source = raw.get("source")
        if not source:
            raise ValidationError(_("Say from which source the external id is."), "invalid")
        return (name, _clean_key(source, raw, model), value)
    return (name, value)


def _clean_key(value: Any, raw: Any, model: type[models.Model]) -> str:
    if type(value) is int:
        value = str(value)
    if isinstance(value, UUID):
        return str(value)
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST_KEY:
        raise _no_reference(raw, model)
    refuse_unstorable(value)
    return value.strip()


def _no_reference(raw: Any, model: type[models.Model]) -> ValidationError:
    keys = ", ".join(sorted(keys_of(model)))
    return ValidationError(
        _("“%(value)s” names no %(what)s: give one of %(keys)s."),
        "invalid",
        {"value": shown(raw), "what": model._meta.verbose_name, "keys": keys},
    )


def not_found(model: type[models.Model], key: Key) -> ValidationError:
    attribute, value = key[0].replace("_", " "), key[-1]
    if key[0] == "external_id":
        message = _("There is no %(what)s with %(attribute)s “%(value)s” from “%(source)s”.")
    else:
        message = _("There is no %(what)s with %(attribute)s “%(value)s”.")
    params = {"what": model._meta.verbose_name, "attribute": attribute, "value": value, "source": key[1]}
    return ValidationError(message, "not_found", params)


class References:
    """Finds referenced rows for one caller and remembers them, from batch to batch."""

    def __init__(self, *, user: User | None) -> None:
        self.user = user
        self.rows: dict[type[models.Model], dict[Any, Any]] = {}
        self.by_key: dict[type[models.Model], dict[Key, list[Any]]] = {}

    def forget(self) -> None:
        self.rows.clear()
        self.by_key.clear()

    def visible(self, model: type[models.Model]) -> models.QuerySet:
        queryset = (
            model.objects.visible_to(self.user)
            if self.user
            else model.objects.unscoped("bulk write by the system")
        )
        return queryset.exclude(role=Role.INTEGRATION) if issubclass(model, User) else queryset

    def get(self, model: type[models.Model], pk: Any) -> Any:
        """A referenced row that was found before."""
        return self.rows.get(model, {}).get(pk)

    def load(self, model: type[models.Model], pks: Iterable[Any]) -> None:
        """Rows that stored rows point at: known to the caller's rows already, so no rights are asked."""
        known = self.rows.setdefault(model, {})
        wanted = {pk for pk in pks if pk is not None and pk not in known}
        if wanted:
            scoped = model.objects.unscoped("what a row points at that came through the gate")
            for row in self._fetch(model, scoped.filter(pk__in=wanted)):
                known[row.pk] = row

    def resolve(
        self,
        field: models.Field,
        column: Sequence[Any],
        report: Report,
        *,
        in_batch: Callable[[Key], Any] | None = None,
    ) -> list[Any]:
        """The column as primary keys. `in_batch` answers for rows that this batch itself will make.

        A column repeats itself: each distinct reference is parsed and looked up once.
        """
        model = field.related_model
        tokens = [_token(raw) for raw in column]
        parsed = {
            token: self._parsed(field, raw) for token, raw in dict(zip(tokens, column, strict=True)).items()
        }
        self._find(model, {key for key in parsed.values() if isinstance(key, tuple)})
        limit = dict(field.get_limit_choices_to()) if not field.many_to_many else {}
        answers = {
            token: self._answer(model, key, limit, in_batch) if isinstance(key, tuple) else key
            for token, key in parsed.items()
        }
        resolved = [answers[token] for token in tokens]
        if any(isinstance(answer, ValidationError) for answer in answers.values()):
            for index, answer in enumerate(resolved):
                if isinstance(answer, ValidationError):
                    report(index, answer)
                    resolved[index] = ABSENT
        return resolved

    def _parsed(self, field: models.Field, raw: Any) -> Any:
        """The key; None for "nothing"; ABSENT for not given; or what is wrong with it."""
        if raw is ABSENT or isinstance(raw, ValidationError):
            return raw
        if raw is None or raw == "":
            return None if field.null else required()
        try:
            return parse(raw, field.related_model)
        except ValidationError as error:
            return error

    def _answer(
        self,
        model: type[models.Model],
        key: Key,
        limit: Mapping[str, Any],
        in_batch: Callable[[Key], Any] | None,
    ) -> Any:
        found = self.by_key.get(model, {}).get(key, [])
        if limit and key[0] != "id":
            found = [
                row for row in found if all(getattr(row, name) == value for name, value in limit.items())
            ]
        if len(found) > 1:
            params = {"what": model._meta.verbose_name_plural, "value": key[-1]}
            return ValidationError(_("Several %(what)s are called “%(value)s”."), "ambiguous", params)
        if found:
            return found[0].pk
        from_batch = in_batch(key) if in_batch else None
        return from_batch or not_found(model, key)

    def _find(self, model: type[models.Model], keys: set[Key]) -> None:
        """Look up what is not known yet: one query for each way of naming."""
        if len(self.rows.get(model, ())) > REMEMBERED:
            self.rows.pop(model)
            self.by_key.pop(model)
        known = self.by_key.setdefault(model, {})
        wanted: dict[str, set[Key]] = {}
        for key in keys - known.keys():
            wanted.setdefault(key[0], set()).add(key)
        rows = self.rows.setdefault(model, {})
        for attribute, missing in sorted(wanted.items()):
            queryset = self.visible(model).filter(_condition(attribute, missing, model))
            if attribute == "name" and issubclass(model, User):
                queryset = queryset.alias(full_name=Trim(Concat("first_name", Value(" "), "last_name")))
                queryset = queryset.filter(full_name__in={key[1] for key in missing})
            for row in self._fetch(model, queryset):
                rows[row.pk] = row
                known.setdefault(_key_of(row, attribute), []).append(row)

    def _fetch(self, model: type[models.Model], queryset: models.QuerySet) -> list[Any]:
        names = attributes_of(model)
        return [
            as_instance(model, dict(zip(names, values, strict=True)))
            for values in queryset.order_by().values_list(*names)
        ]


def _token(raw: Any) -> Any:
    """Something hashable that is equal for equal references."""
    try:
        token = tuple(raw.items()) if type(raw) is dict else raw
        hash(token)
    except TypeError:
        return shown(raw)
    return token


def _condition(attribute: str, keys: set[Key], model: type[models.Model]) -> Q:
    if attribute == "id":
        return Q(pk__in={key[1] for key in keys})
    if attribute == "external_id":
        return external_condition((key[1], key[2]) for key in keys)
    if attribute == "name" and issubclass(model, User):
        return Q()
    return Q(**{f"{attribute}__in": {key[1] for key in keys}})


def external_condition(pairs: Iterable[tuple[str, str]]) -> Q:
    by_source: dict[str, list[str]] = {}
    for source, external_id in pairs:
        by_source.setdefault(source, []).append(external_id)
    condition = Q()
    for source, ids in sorted(by_source.items()):
        condition |= Q(source=source, external_id__in=ids)
    return condition


def _key_of(row: Any, attribute: str) -> Key:
    if attribute == "id":
        return ("id", row.pk)
    if attribute == "external_id":
        return ("external_id", row.source, row.external_id)
    if attribute == "name" and isinstance(row, User):
        return ("name", f"{row.first_name} {row.last_name}".strip())
    return (attribute, getattr(row, attribute))
