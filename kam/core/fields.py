"""Exact numbers: stored as integers, spoken as `Decimal`.

A `DecimalField` is a float inside SQLite's SUM; these fields are 64-bit integers of a fixed scale
on every database, so sums and comparisons are exact and the same everywhere.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.core import checks
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _


class ScaledIntegerField(models.BigIntegerField):
    """A `Decimal` with at most `decimal_places` places, stored as `value × 10**decimal_places`."""

    description = _("Exact decimal number")
    decimal_places: int = 0
    max_value: Decimal = Decimal(10) ** 12
    default_error_messages = {  # noqa: RUF012 -- Django's own class attribute
        "invalid": _("Enter a number."),
        "places": _("At most %(places)s decimal places."),
    }

    def check(self, **kwargs: Any) -> list[checks.CheckMessage]:
        errors = super().check(**kwargs)
        if self.max_value.scaleb(self.decimal_places) >= 2**63:
            errors.append(checks.Error(f"{self}: max_value does not fit 64 bits at this scale."))
        return errors

    @cached_property
    def validators(self) -> list[Any]:
        return [*self._validators, MinValueValidator(-self.max_value), MaxValueValidator(self.max_value)]

    def to_python(self, value: Any) -> Decimal | None:
        """The value as `Decimal`; raises `ValidationError` for what is no finite, fitting number."""
        if value is None:
            return None
        if isinstance(value, float):
            value = repr(value)
        try:
            number = Decimal(value)
            if not number.is_finite() or abs(number) > Decimal(10) ** 30:
                raise InvalidOperation
            if number != number.quantize(Decimal(1).scaleb(-self.decimal_places)):
                raise ValidationError(
                    self.error_messages["places"], code="max_decimal_places", params={"places": self.decimal_places}
                )
        except (InvalidOperation, TypeError, ValueError) as error:
            raise ValidationError(self.error_messages["invalid"], code="invalid", params={"value": value}) from error
        return number

    def from_db_value(self, value: int | None, expression: Any, connection: Any) -> Decimal | None:
        return None if value is None else Decimal(int(value)).scaleb(-self.decimal_places)

    def get_prep_value(self, value: Any) -> Any:
        if value is None or hasattr(value, "resolve_expression"):
            return value
        number = self.to_python(value)
        return None if number is None else int(number.scaleb(self.decimal_places))

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        return value if prepared else self.get_prep_value(value)

    def value_to_string(self, obj: models.Model) -> str:
        value = self.value_from_object(obj)
        return "" if value is None else str(value)

    def formfield(self, **kwargs: Any) -> forms.Field | None:
        return models.Field.formfield(
            self,
            **{
                "form_class": forms.DecimalField,
                "max_digits": 30,
                "decimal_places": self.decimal_places,
                "max_value": self.max_value,
                "min_value": -self.max_value,
                **kwargs,
            },
        )


class MoneyField(ScaledIntegerField):
    """An amount in thousandths of a unit of the row's currency (JPY has 0 places, USD 2, KWD 3).

    At most a trillion in size, so that an amount times a percentage fits 64 bits.
    """

    description = _("Money")
    decimal_places = 3
    max_value = Decimal(10) ** 12


class MoneyTotalField(ScaledIntegerField):
    """A sum of money, of the same scale as `MoneyField` and as large as 64 bits hold."""

    description = _("Money total")
    decimal_places = 3
    max_value = Decimal(9) * 10**15


class PercentField(ScaledIntegerField):
    """A percentage, 0 to 100, to a tenth of a percent."""

    description = _("Percentage")
    decimal_places = 1
    max_value = Decimal(100)

    @cached_property
    def validators(self) -> list[Any]:
        return [*self._validators, MinValueValidator(Decimal(0)), MaxValueValidator(self.max_value)]

    def formfield(self, **kwargs: Any) -> forms.Field | None:
        return super().formfield(**{"min_value": Decimal(0), **kwargs})


class QuantityField(ScaledIntegerField):
    """A quantity to a thousandth."""

    description = _("Quantity")
    decimal_places = 3
    max_value = Decimal(10) ** 12


class RateField(ScaledIntegerField):
    """An exchange rate to ten decimal places, above zero."""

    description = _("Exchange rate")
    decimal_places = 10
    max_value = Decimal(10) ** 8

    @cached_property
    def validators(self) -> list[Any]:
        smallest = Decimal(1).scaleb(-self.decimal_places)
        return [*self._validators, MinValueValidator(smallest), MaxValueValidator(self.max_value)]

    def formfield(self, **kwargs: Any) -> forms.Field | None:
        return super().formfield(**{"min_value": Decimal(1).scaleb(-self.decimal_places), **kwargs})
