"""A value has the JSON type that the schema says. DRF's fields would turn `5` into text and `"no"` into false."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers


def mismatch(field: serializers.Field, value: Any) -> str | None:
    """What is wrong with the type of a value; None where the field itself tells, or nothing is."""
    if value is None or field.read_only:
        return None
    if isinstance(field, serializers.BooleanField):
        return None if isinstance(value, bool) else _("Enter true or false.")
    if isinstance(field, serializers.IntegerField):
        return None if is_whole(value) else _("Enter a whole number.")
    if isinstance(field, serializers.CharField | serializers.UUIDField):
        return None if isinstance(value, str) else _("Enter a text.")
    if isinstance(field, serializers.ChoiceField):
        return (
            _("Take one of the choices as it is written.") if only_looks_like_a_choice(field, value) else None
        )
    if isinstance(field, serializers.ListField) and isinstance(value, list):
        return next((wrong for item in value if (wrong := mismatch(field.child, item))), None)
    if isinstance(field, serializers.DictField) and isinstance(value, dict):
        return next((wrong for item in value.values() if (wrong := mismatch(field.child, item))), None)
    return None


def is_whole(value: Any) -> bool:
    """As JSON knows it: 1 and 1.0, but neither "1" nor true."""
    if isinstance(value, Decimal):
        return value == value.to_integral_value()
    return isinstance(value, int) and not isinstance(value, bool)


def only_looks_like_a_choice(field: serializers.ChoiceField, value: Any) -> bool:
    """`"3"` for 3, or the other way round; what is no choice at all the field itself tells."""
    choice = field.choice_strings_to_values.get(str(value))
    return choice is not None and isinstance(choice, str) != isinstance(value, str)
