"""Exact numbers: stored as integers, spoken as `Decimal`.

A `DecimalField` is a float inside SQLite's SUM; these fields are 64-bit integers of a fixed scale
on every database, so sums and comparisons are exact and the same everywhere.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal, InvalidOperation
from typing import Any

from django import forms
from django.core import checks
from django.core.exceptions import EmptyResultSet, ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import lookups
from django.db.models.expressions import Combinable, register_combinable_fields
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

LARGEST = Decimal(10) ** 30  # beyond every column
EXACT = Context(prec=60)  # the default context would round at 28 digits


class NumberField(forms.DecimalField):
    """A number in a form, without the zeros at the end that its column's scale gives: 1.000 is 1, 90.950 is 90.95.

    The browser's number field shows it as its reader writes numbers.
    """

    least_places = 0  # where there are decimals at all

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, Decimal) or not value.is_finite():
            return value
        whole, _point, places = f"{value:f}".partition(".")
        places = places.rstrip("0")
        return f"{whole}.{places.ljust(self.least_places, '0')}" if places else whole


class AmountField(NumberField):
    """An amount of money: 4800, but 4800.50."""

    least_places = 2


class ScaledIntegerField(models.Field):
    """A `Decimal` with at most `decimal_places` places, stored as `value × 10**decimal_places`.

    No subclass of Django's `IntegerField`: that would let `F("amount") + 1` add a thousandth, and
    take the stored integer for the value in averages and sums of columns. Fields of one kind can be
    added, and multiplied by a whole number; everything else needs an output field.
    """

    empty_strings_allowed = False
    description = _("Exact decimal number")
    form_class: type[NumberField] = NumberField
    decimal_places: int = 0
    max_value: Decimal = Decimal(10) ** 12
    default_error_messages = {
        "invalid": _("Enter a number."),
        "places": _("At most %(places)s decimal places."),
    }

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for connector in (Combinable.ADD, Combinable.SUB):
            register_combinable_fields(cls, connector, cls, cls)
        register_combinable_fields(cls, Combinable.MUL, models.IntegerField, cls)
        register_combinable_fields(models.IntegerField, Combinable.MUL, cls, cls)

    def get_internal_type(self) -> str:
        return "BigIntegerField"

    def check(self, **kwargs: Any) -> list[checks.CheckMessage]:
        errors = super().check(**kwargs)
        if self.max_value.scaleb(self.decimal_places) >= 2**63:
            errors.append(
                checks.Error(f"{self}: max_value does not fit 64 bits at this scale.", id="kam.E002")
            )
        return errors

    @cached_property
    def validators(self) -> list[Any]:
        return [*self._validators, MinValueValidator(-self.max_value), MaxValueValidator(self.max_value)]

    @property
    def step(self) -> Decimal:
        """The smallest difference between two values."""
        return Decimal(1).scaleb(-self.decimal_places)

    def to_python(self, value: Any) -> Decimal | None:
        """The value as `Decimal` of this scale; raises `ValidationError` for what is no finite, fitting number."""
        if value is None:
            return None
        number = self.to_number(value)
        if abs(number) > LARGEST:
            raise self.invalid(value)
        exact = number.quantize(self.step, context=EXACT)
        if number != exact:
            raise ValidationError(
                self.error_messages["places"],
                code="max_decimal_places",
                params={"places": self.decimal_places},
            )
        return exact

    def to_number(self, value: Any) -> Decimal:
        """Any finite number."""
        try:
            number = Decimal(repr(value) if isinstance(value, float) else value)
        except (InvalidOperation, TypeError, ValueError) as error:
            raise self.invalid(value) from error
        if not number.is_finite():
            raise self.invalid(value)
        return number

    def invalid(self, value: Any) -> ValidationError:
        return ValidationError(self.error_messages["invalid"], code="invalid", params={"value": value})

    def from_db_value(self, value: int | None, expression: Any, connection: Any) -> Decimal | None:
        return None if value is None else Decimal(int(value)).scaleb(-self.decimal_places)

    def get_prep_value(self, value: Any) -> Any:
        if value is None or hasattr(value, "resolve_expression"):
            return value
        number = self.to_python(value)
        return None if number is None else int(number.scaleb(self.decimal_places, EXACT))

    def value_to_string(self, obj: models.Model) -> str:
        value = self.value_from_object(obj)
        return "" if value is None else str(value)

    def formfield(self, **kwargs: Any) -> forms.Field | None:
        return super().formfield(
            **{
                "form_class": self.form_class,
                "max_digits": 30,
                "decimal_places": self.decimal_places,
                "max_value": self.max_value,
                "min_value": -self.max_value,
                **kwargs,
            },
        )


class ScaledLookup(lookups.IntegerFieldOverflow):
    """A comparison with any finite number: one finer than the field's scale is rounded to where it decides alike."""

    rounding = ROUND_FLOOR
    is_between_steps = False

    def get_prep_lookup(self) -> Any:
        field = self.lhs.output_field  # type: ignore[attr-defined]
        if self.rhs is not None and not hasattr(self.rhs, "resolve_expression"):
            number = min(max(field.to_number(self.rhs), -LARGEST), LARGEST)
            self.rhs = number.quantize(field.step, rounding=self.rounding, context=EXACT)
            self.is_between_steps = self.rhs != number
        return super().get_prep_lookup()  # type: ignore[misc]


@ScaledIntegerField.register_lookup
class ScaledExact(ScaledLookup, lookups.Exact):
    def process_rhs(self, compiler: Any, connection: Any) -> Any:
        if self.is_between_steps:
            raise EmptyResultSet
        return super().process_rhs(compiler, connection)


@ScaledIntegerField.register_lookup
class ScaledGreaterThan(ScaledLookup, lookups.IntegerGreaterThan):
    pass


@ScaledIntegerField.register_lookup
class ScaledGreaterThanOrEqual(ScaledLookup, lookups.IntegerGreaterThanOrEqual):
    rounding = ROUND_CEILING


@ScaledIntegerField.register_lookup
class ScaledLessThan(ScaledLookup, lookups.IntegerLessThan):
    rounding = ROUND_CEILING


@ScaledIntegerField.register_lookup
class ScaledLessThanOrEqual(ScaledLookup, lookups.IntegerLessThanOrEqual):
    pass


class MoneyField(ScaledIntegerField):
    """An amount in thousandths of a unit of the row's currency (JPY has 0 places, USD 2, KWD 3).

    At most a trillion in size, so that an amount times a percentage fits 64 bits.
    """

    description = _("Money")
    form_class = AmountField
    decimal_places = 3
    max_value = Decimal(10) ** 12


class MoneyTotalField(ScaledIntegerField):
    """A sum of money, of the same scale as `MoneyField` and as large as 64 bits hold."""

    description = _("Money total")
    form_class = AmountField
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


class WebAddressField(models.URLField):
    """A URL; who types it without a scheme means https (Django's own default from 6.0 on)."""

    def formfield(self, **kwargs: Any) -> forms.Field | None:  # type: ignore[override]
        return super().formfield(**{"assume_scheme": "https", **kwargs})

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.URLField", list(args), dict(kwargs)
