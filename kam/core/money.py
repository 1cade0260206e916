"""Currencies and rounding.

Rounding is half up (away from zero) to the currency's minor unit, once, at the end of a sum.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

from babel.core import Locale, get_global
from babel.numbers import get_currency_name, get_currency_precision, list_currencies
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from kam.core.locales import active_locale


@lru_cache
def currency_codes() -> frozenset[str]:
    """ISO 4217 codes in use."""
    current: set[str] = set()
    for periods in get_global("territory_currencies").values():
        current.update(code for code, _start, end, tender in periods if end is None and tender)
    return frozenset(current & set(list_currencies()))


@lru_cache(maxsize=64)
def _named_codes(locale: Locale) -> list[tuple[str, str]]:
    return [(code, f"{code} · {get_currency_name(code, locale=locale)}") for code in sorted(currency_codes())]


def currency_choices(current: str = "", *, blank: bool = False) -> list[tuple[str, str]]:
    """Choices for a select: all currencies by code; one out of use only where a row has it already."""
    named = _named_codes(active_locale())
    kept = [(current, current)] if current and current not in currency_codes() else []
    return [*([("", "–")] if blank else []), *kept, *named]


@lru_cache(maxsize=512)
def minor_units(currency: str) -> int:
    """Decimal places of the currency: 0 for JPY, 2 for USD, 3 for KWD."""
    return min(get_currency_precision(currency), 3)


def round_money(amount: Decimal, currency: str) -> Decimal:
    """`amount` rounded half up to the currency's minor unit."""
    return amount.quantize(Decimal(1).scaleb(-minor_units(currency)), rounding=ROUND_HALF_UP)


def validate_currency(value: str) -> None:
    if value not in currency_codes():
        raise ValidationError(
            _("“%(value)s” is not a currency code (ISO 4217)."), "currency", {"value": value}
        )


def validate_minor_units(amount: Decimal | None, currency: str, field: str) -> None:
    """Refuse an amount finer than the currency's minor unit; raises `ValidationError` for `field`."""
    if amount is not None and currency in currency_codes() and amount != round_money(amount, currency):
        message = _("%(currency)s has at most %(places)s decimal places.")
        params = {"currency": currency, "places": minor_units(currency)}
        raise ValidationError({field: ValidationError(message, "max_decimal_places", params)})


class CurrencyField(models.CharField):
    """An ISO 4217 code."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        kwargs.setdefault("max_length", 3)
        kwargs.setdefault("validators", [validate_currency])
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
