"""Amounts and percentages as people of the active locale write them.

Pages, charts and documents use the same functions, so that one number never has two faces.
A missing number is a dash, never a zero.
"""

import re
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import lru_cache
from typing import Any

from babel import Locale
from babel.numbers import format_compact_currency, format_currency, format_decimal, get_currency_precision
from babel.numbers import format_percent as babel_percent

from kam.core.locales import active_locale

DASH = "–"
Number = Decimal | int | float | str | None

_THREE_DIGITS = Context(prec=3, rounding=ROUND_HALF_UP)
# English readers in business write €4.02m; the locale data says €4.02M.
_UNGROUPED = re.compile(r"\d{4}")
_ENGLISH_SUFFIXES = {"K": "k", "M": "m", "B": "bn", "T": "tn"}


def as_decimal(value: Number) -> Decimal | None:
    """The number exactly as written; floats by their shortest text, not their binary value."""
    if isinstance(value, Decimal):
        return value
    return None if value is None or value == "" else Decimal(str(value))


def _round(number: Decimal, step: str) -> Decimal:
    return number.quantize(Decimal(step), rounding=ROUND_HALF_UP) + 0  # + 0: no "-0"


def _spaced(text: str) -> str:
    """A code such as KWD keeps a distance from its digits, as CLDR asks; Babel leaves it out."""
    return re.sub(r"([A-Z]{3})(?=[\d-])", "\\1\N{NO-BREAK SPACE}", text)


def format_money(amount: Number, currency: str) -> str:
    """The full amount, to the minor unit of its currency: €4,020,000.00."""
    number = as_decimal(amount)
    return DASH if number is None else _money(number, currency, active_locale())


def format_money_whole(amount: Number, currency: str) -> str:
    """Without minor units, for tables: €4,020,000."""
    number = as_decimal(amount)
    return DASH if number is None else _money_whole(number, currency, active_locale())


def format_money_short(amount: Number, currency: str) -> str:
    """Three digits that matter, for tiles and charts: €4.02m."""
    number = as_decimal(amount)
    return DASH if number is None else _money_short(number, currency, active_locale())


def format_percent(value: Number, *, digits: int = 1) -> str:
    """A percentage given as 0–100, with one decimal: 40.0%."""
    number = as_decimal(value)
    return DASH if number is None else _percent(number, digits, active_locale())


def format_number(value: Number, *, digits: int = 1) -> str:
    """A plain number with a fixed number of decimals."""
    number = as_decimal(value)
    return DASH if number is None else _number(number, digits, active_locale())


# --- Babel reads its patterns anew for each number, and a list shows hundreds: what was written is kept.
def _kept(function: Any) -> Any:
    return lru_cache(maxsize=2_048)(function)


@_kept
def _money(number: Decimal, currency: str, locale: Locale) -> str:
    if not currency:
        return format_decimal(number, locale=locale)
    number = _round(number, f"1e-{get_currency_precision(currency)}")
    return _spaced(format_currency(number, currency, locale=locale))


@_kept
def _money_whole(number: Decimal, currency: str, locale: Locale) -> str:
    number = _round(number, "1")
    if not currency:
        return format_decimal(number, locale=locale)
    pattern = re.sub(r"\.0+", "", locale.currency_formats["standard"].pattern)
    return _spaced(format_currency(number, currency, format=pattern, locale=locale, currency_digits=False))


@_kept
def _money_short(number: Decimal, currency: str, locale: Locale) -> str:
    if abs(_round(number, "1")) < 1000:
        return _money_whole(number, currency, locale)
    number = _THREE_DIGITS.create_decimal(number)
    text = format_compact_currency(number, currency or "XXX", locale=locale, fraction_digits=2)
    text = _spaced(text.replace("¤", "").replace("XXX", "").strip())
    if _UNGROUPED.search(text):  # a language without a short word for thousands
        return _money_whole(number, currency, locale)
    if locale.language == "en":
        text = re.sub(r"(?<=\d)[KMBT]$", lambda match: _ENGLISH_SUFFIXES[match[0]], text)
    return text


@_kept
def _percent(number: Decimal, digits: int, locale: Locale) -> str:
    decimals = "." + "0" * digits if digits else ""
    pattern = re.sub(r"#,##0(\.#+)?", f"#,##0{decimals}", locale.percent_formats[None].pattern)
    return babel_percent(_round(number, f"1e-{digits}") / 100, format=pattern, locale=locale)


@_kept
def _number(number: Decimal, digits: int, locale: Locale) -> str:
    decimals = "." + "0" * digits if digits else ""
    return format_decimal(_round(number, f"1e-{digits}"), format=f"#,##0{decimals}", locale=locale)
