"""The change log in words: who changed what, when, from which value to which."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import models
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kam.core.fields import MoneyField, MoneyTotalField, PercentField, ScaledIntegerField
from kam.core.formatting import DASH, format_money, format_number, format_percent
from kam.core.models import Change

LONG_TEXT = 60
SOURCES = {
    "api": gettext_lazy("through the API"),
    "import": gettext_lazy("by import"),
    "admin": gettext_lazy("in the administration"),
}


@dataclass(frozen=True)
class Detail:
    """One field: `before` and `after` are empty where only the fact is told (long texts, hidden values)."""

    label: str
    before: str = ""
    after: str = ""


@dataclass(frozen=True)
class Entry:
    at: datetime
    who: str
    source: str
    what: str
    details: list[Detail]


def readable(
    changes: Iterable[Change],
    *,
    page_of: UUID,
    names: Mapping[str, str],
    currency: str = "",
    hidden: Collection[str] = (),
    hides_money: bool = False,
    hides_sensitive: bool = True,
) -> list[Entry]:
    """Entries for the page of the row `page_of`, whose own name goes without saying.

    `names` gives the rows that ids stand for; `hidden` fields are not spoken of, nor amounts of money
    where the reader may not see them, nor the sensitive fields of a model.
    """
    entries = []
    for change in changes:
        model = apps.get_model(change.model)
        details = []
        if change.operation == Change.Operation.UPDATE:
            unspoken = {*hidden, *(money_fields(model) if hides_money else ())}
            unspoken |= sensitive_fields(model) if hides_sensitive else set()
            details = _details(change, model, names=names, currency=currency, hidden=unspoken)
            if not details:
                continue
        who = change.actor_name or _("The system")
        entries.append(
            Entry(
                change.at,
                who,
                str(SOURCES.get(change.source, "")),
                _headline(change, model, page_of),
                details,
            )
        )
    return entries


def _headline(change: Change, model: type[models.Model], page_of: UUID) -> str:
    texts = {
        Change.Operation.CREATE: _("added the %(kind)s “%(name)s”"),
        Change.Operation.UPDATE: _("changed the %(kind)s “%(name)s”"),
        Change.Operation.DELETE: _("deleted the %(kind)s “%(name)s”"),
        Change.Operation.VIEW: _("looked at the %(kind)s “%(name)s”"),
    }
    kind = str(model._meta.verbose_name).removeprefix("account plan ")  # on a plan, that goes without saying
    text = texts[Change.Operation(change.operation)]
    if change.object_id == page_of:
        text = text.replace(" “%(name)s”", "")
    return text % {"kind": kind, "name": change.object_name}


def _details(
    change: Change,
    model: type[models.Model],
    *,
    names: Mapping[str, str],
    currency: str,
    hidden: Collection[str],
) -> list[Detail]:
    before, after = change.before or {}, change.after or {}
    details = []
    # In the order of the model, whatever the database made of it; fields of older releases are passed over.
    for field in (*model._meta.concrete_fields, *model._meta.many_to_many):
        name = field.name
        if name in hidden or name not in (after or before):
            continue
        label = str(field.verbose_name).capitalize()
        old = value_in_words(field, before.get(name), names=names, currency=currency)
        new = value_in_words(field, after.get(name), names=names, currency=currency)
        is_told = old is not None and new is not None
        details.append(Detail(label, old or "", new or "") if is_told else Detail(label))
    return details


def sensitive_fields(model: type[models.Model]) -> frozenset[str]:
    return getattr(model, "sensitive_fields", frozenset())


def money_fields(model: type[models.Model]) -> set[str]:
    return {field.name for field in model._meta.fields if isinstance(field, MoneyField | MoneyTotalField)}


def value_in_words(field: Any, value: Any, *, names: Mapping[str, str], currency: str) -> str | None:
    """A logged value as people read it; None where it is too long or names a row we do not know."""
    if isinstance(field, models.JSONField):
        return None
    if value is None or value == "":
        return DASH
    if field.is_relation:
        return names.get(str(value))
    if getattr(field, "choices", None):
        return str(dict(field.flatchoices).get(value, value))
    if isinstance(field, models.BooleanField):
        return _("yes") if value else _("no")
    if isinstance(field, models.DateTimeField):
        return date_format(localtime(datetime.fromisoformat(value)), "DATETIME_FORMAT")
    if isinstance(field, models.DateField):
        return date_format(date.fromisoformat(value))
    if isinstance(field, ScaledIntegerField):
        return _number_in_words(field, Decimal(value), currency)
    text = str(value)
    return text if len(text) <= LONG_TEXT and "\n" not in text else None


def _number_in_words(field: ScaledIntegerField, value: Decimal, currency: str) -> str:
    if isinstance(field, MoneyField | MoneyTotalField):
        return format_money(value, currency)
    if isinstance(field, PercentField):
        return format_percent(value)
    return format_number(value, digits=max(0, -int(value.normalize().as_tuple().exponent)))
