"""Values as they come, column by column, into values as the model keeps them.

A reader of files that cannot make sense of a cell puts a `ValidationError` in its place.

The rules are the model's own: each distinct value goes once through `field.clean()`. A column of a
feed repeats itself (dates, currencies, stages), so ten thousand rows cost a few hundred cleanings.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.db import models
from django.utils.translation import gettext as _

ABSENT: Any = type("Absent", (), {"__repr__": lambda self: "ABSENT"})()  # not in the row: stays as it is
LONGEST_NUMBER = 100  # characters; what is longer is no number of ours

Cleaner = Callable[[Any], Any]
Report = Callable[[int, ValidationError], None]


def required() -> ValidationError:
    return ValidationError(_("This field is required."), "required")


def clean_column(field: models.Field, column: Sequence[Any], report: Report) -> list[Any]:
    """The cleaned column. A value that is refused is reported with its row and becomes ABSENT."""
    clean = cleaner_for(field)
    known: dict[str, Any] = {}
    refused: dict[str, ValidationError] = {}
    cleaned = []
    for index, raw in enumerate(column):
        if raw is ABSENT or isinstance(raw, ValidationError):
            if raw is not ABSENT:  # whoever read the row has found something already
                report(index, raw)
            cleaned.append(ABSENT)
            continue
        is_text = type(raw) is str  # only text may be remembered: True, 1 and 1.0 are one dictionary key
        if is_text and raw in known:
            cleaned.append(known[raw])
            continue
        try:
            if is_text and raw in refused:
                raise refused[raw]
            value = clean(raw)
        except ValidationError as error:
            report(index, error)
            if is_text:
                refused[raw] = error
            value = ABSENT
        else:
            if is_text:
                known[raw] = value
        cleaned.append(value)
    return cleaned


def cleaner_for(field: models.Field) -> Cleaner:
    if isinstance(field, models.CharField | models.TextField):
        return text_cleaner(field)
    accepted: tuple[type, ...] = (str, int, float, Decimal)
    if isinstance(field, models.DateField):
        accepted = (str, date)
    elif isinstance(field, models.BooleanField):
        accepted = (str, bool)
    return value_cleaner(field, accepted)


def empty_value(field: models.Field) -> Any:
    """What stands for "nothing" in this field."""
    if field.null:
        return None
    if field.has_default():
        return default_of(field)
    if field.blank:
        return "" if field.empty_strings_allowed else None  # None: the model finds a value itself
    raise required()


def default_of(field: models.Field) -> Any:
    """The default as it comes back from the database: a quantity of `1` is a `Decimal`."""
    default = field.get_default()
    return default if field.is_relation else field.to_python(default)


def value_cleaner(field: models.Field, accepted: tuple[type, ...]) -> Cleaner:
    is_boolean = isinstance(field, models.BooleanField)
    is_whole = isinstance(field, models.IntegerField)

    def clean(raw: Any) -> Any:
        if isinstance(raw, str):
            raw = raw.strip().lower() if is_boolean else raw.strip()
        if raw is None or raw == "":
            return empty_value(field)
        wrong_type = not isinstance(raw, accepted) or (isinstance(raw, bool) and not is_boolean)
        if wrong_type or isinstance(raw, datetime) or (is_whole and isinstance(raw, float | Decimal)):
            raise ValidationError(_("“%(value)s” is not valid here."), "invalid", {"value": shown(raw)})
        if isinstance(raw, str) and len(raw) > LONGEST_NUMBER:
            raise ValidationError(_("This value is too long."), "invalid")
        if isinstance(raw, str):
            refuse_unstorable(raw)
        if is_boolean and raw in BOOLEANS:
            return BOOLEANS[raw]
        return field.clean(raw, None)

    return clean


BOOLEANS = {"true": True, "false": False, "yes": True, "no": False}


def text_cleaner(field: models.Field) -> Cleaner:
    limit = field.max_length or 0
    too_long = MaxLengthValidator(limit)
    plain = not field.choices and all(isinstance(v, MaxLengthValidator) for v in field.validators)

    def clean(raw: Any) -> Any:
        if type(raw) is int:
            raw = str(raw)
        if raw is None:
            raw = ""
        if type(raw) is not str:
            raise ValidationError(_("“%(value)s” is not text."), "invalid", {"value": shown(raw)})
        value = raw.strip()
        if not value:
            return empty_value(field)
        refuse_unstorable(value)
        if limit and len(value) > limit:
            too_long(value)
        return value if plain else field.clean(value, None)

    return clean


def refuse_unstorable(value: str) -> None:
    """Null characters and halves of characters: databases and files refuse them."""
    try:
        if "\x00" not in value and (value.isascii() or value.encode()):
            return
    except UnicodeEncodeError:
        pass
    raise ValidationError(_("This text has characters that cannot be stored."), "unstorable")


def shown(raw: Any) -> str:
    """A value as an error message may show it: as JSON has it, short, and with nothing that cannot be sent."""
    is_json = raw is None or isinstance(raw, list | dict | bool)
    text = json.dumps(raw, default=str, ensure_ascii=False) if is_json else str(raw)
    text = text.encode("utf-8", "replace").decode().replace("\x00", "?")
    return text if len(text) <= 50 else f"{text[:49]}…"
