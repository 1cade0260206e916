"""Serializer fields that speak as `docs/api.md` says: money as text, percentages as numbers, ids in, names out."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from datetime import UTC, date
from decimal import Decimal, InvalidOperation, localcontext
from typing import Any, ClassVar

from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Model, QuerySet
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.relations import MANY_RELATION_KWARGS

from kam.core.money import currency_codes, minor_units, round_money

MAX_RELATED = 500
DECIMAL = re.compile(r"-?[0-9]{1,24}(\.[0-9]{1,12})?", re.ASCII)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


class UtcDateTimeField(serializers.DateTimeField):
    """An instant: read with its offset, shown in UTC."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("default_timezone", UTC)
        super().__init__(**kwargs)


class DayField(serializers.DateField):
    """A calendar date, `YYYY-MM-DD` and no other form."""

    def to_internal_value(self, value: Any) -> date:
        if not isinstance(value, str) or not _DATE.fullmatch(value):
            self.fail("invalid", format="YYYY-MM-DD")
        return super().to_internal_value(value)


class DecimalTextField(serializers.Field):
    """An exact decimal: text in answers, text or a JSON number in requests."""

    decimal_places: ClassVar[int] = 3
    default_error_messages: ClassVar[dict[str, Any]] = {
        "invalid": _("Enter a decimal number, such as “90.95”."),
        "max_decimal_places": _("At most {places} decimal places."),
        "min_value": _("Must be at least {limit}."),
        "max_value": _("Must be at most {limit}."),
    }

    def __init__(self, *, min_value: Any = None, max_value: Any = None, **kwargs: Any) -> None:
        self.min_value, self.max_value = min_value, max_value
        kwargs.pop("decimal_places", None)  # the class knows them; DRF passes the model field's
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> Decimal:
        number = self._number(data)
        with localcontext(prec=100):
            is_too_fine = number != round(number, self.decimal_places)
        if is_too_fine:
            self.fail("max_decimal_places", places=self.decimal_places)
        if self.min_value is not None and number < self.min_value:
            self.fail("min_value", limit=self.min_value)
        if self.max_value is not None and number > self.max_value:
            self.fail("max_value", limit=self.max_value)
        return number

    def _number(self, data: Any) -> Decimal:
        if isinstance(data, str):
            if not DECIMAL.fullmatch(data):
                self.fail("invalid")
        elif isinstance(data, bool) or not isinstance(data, int | Decimal | float):
            self.fail("invalid")
        try:
            number = Decimal(str(data))
        except InvalidOperation:
            self.fail("invalid")
        if not number.is_finite() or abs(number.adjusted()) > 24:
            self.fail("invalid")
        return number

    def to_representation(self, value: Decimal) -> Any:
        text = f"{value:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text


class QuantityField(DecimalTextField):
    decimal_places = 3


class RateField(DecimalTextField):
    decimal_places = 10


class MoneyField(DecimalTextField):
    """An amount with the places of its currency: "90.95" in USD, "91" in JPY.

    `currency` is the path from the row to the currency code.
    """

    decimal_places = 3

    def __init__(self, *, currency: str = "currency", **kwargs: Any) -> None:
        self.currency = currency
        super().__init__(**kwargs)

    def get_attribute(self, instance: Any) -> Any:
        value = super().get_attribute(instance)
        if value is None:
            return None
        code: Any = instance
        for name in self.currency.split("."):
            code = getattr(code, name)
        return money_text(value, code)

    def to_representation(self, value: Any) -> str:
        return value if isinstance(value, str) else super().to_representation(value)


def money_text(amount: Decimal, currency: str) -> str:
    """An amount as the API shows it. One finer than its currency, from an old import, stays exact."""
    if currency not in currency_codes():
        return f"{amount:f}"
    rounded = round_money(amount, currency)
    return f"{rounded:.{minor_units(currency)}f}" if rounded == amount else f"{amount:f}"


class DecimalNumberField(DecimalTextField):
    """An exact decimal that answers show as a JSON number, with at most one decimal."""

    decimal_places = 1

    def to_representation(self, value: Decimal) -> float | int:
        return int(value) if value == int(value) else float(value)


class PercentField(DecimalNumberField):
    """A percentage, 0 to 100."""

    default_error_messages: ClassVar[dict[str, Any]] = {"invalid": _("Enter a number from 0 to 100.")}


class ShareField(serializers.Field):
    """A share of 0…1 that is computed, to four places, as a JSON number."""

    def to_representation(self, value: Decimal) -> float:
        return float(round(value, 4))


class VisibleRelatedField(serializers.RelatedField):
    """A related object: its id on write, `{id, name}` on read.

    On write it is looked up among what the user may see, so a hidden id answers as a missing one.
    """

    default_error_messages: ClassVar[dict[str, Any]] = {
        "does_not_exist": _("There is no such object."),
        "invalid": _("Enter an id."),
    }

    def use_pk_only_optimization(self) -> bool:
        return False

    def get_queryset(self) -> QuerySet:
        queryset = super().get_queryset()
        return queryset.visible_to(self.context["request"].user)

    @classmethod
    def many_init(cls, *args: Any, **kwargs: Any) -> ManyVisibleRelatedField:
        own = {key: kwargs[key] for key in MANY_RELATION_KWARGS if key in kwargs}
        return ManyVisibleRelatedField(child_relation=cls(*args, **kwargs), **own)

    @property
    def _cache(self) -> dict[Any, Model]:
        return self.context.setdefault("related_objects", {})

    def preload(self, values: Iterable[Any]) -> None:
        """Look up many ids at once, for rows nested in a list."""
        ids = {key for value in values if (key := as_uuid(value)) is not None}
        model = self.queryset.model
        missing = [key for key in ids if (model, key) not in self._cache]
        if missing:
            self._cache.update({(model, row.pk): row for row in self.get_queryset().filter(pk__in=missing)})

    def to_internal_value(self, data: Any) -> Model:
        key = as_uuid(data)
        if key is None:
            self.fail("invalid")
        model = self.queryset.model
        if (model, key) not in self._cache:
            try:
                self._cache[model, key] = self.get_queryset().get(pk=key)
            except ObjectDoesNotExist:
                self.fail("does_not_exist")
        return self._cache[model, key]

    def to_representation(self, value: Model) -> dict[str, str]:
        return {"id": str(value.pk), "name": str(value)}

    def get_choices(self, cutoff: int | None = None) -> dict[Any, str]:
        return {}  # never the whole table


def shown_rows(instance: Model, name: str) -> Any:
    """Rows of a to-many relation, as `visible_<name>` where the viewset has prefetched them there.

    Prefetching to an attribute spares Django one unused queryset a row, a quarter of a list's time.
    """
    return instance.__dict__.get(f"visible_{name}")


class ManyVisibleRelatedField(serializers.ManyRelatedField):
    """Several related objects; all their ids are looked up in one statement."""

    def get_attribute(self, instance: Any) -> Any:
        rows = shown_rows(instance, self.source)
        return super().get_attribute(instance) if rows is None else rows

    def to_internal_value(self, data: Any) -> list[Model]:
        if not isinstance(data, list):  # DRF would take the names of an object for ids
            self.fail("not_a_list", input_type=type(data).__name__)
        if len(data) > MAX_RELATED:
            raise serializers.ValidationError(
                _("At most %(most)s at a time.") % {"most": MAX_RELATED}, code="max_length"
            )
        self.child_relation.preload(data)
        return super().to_internal_value(data)


def as_uuid(value: Any) -> uuid.UUID | None:
    """The id in its usual form; None for anything else."""
    if not isinstance(value, str) or len(value) != 36:
        return None
    try:
        return uuid.UUID(value)
    except ValueError:
        return None
