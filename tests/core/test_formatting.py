from decimal import Decimal

import pytest
from django.utils.translation import override

from kam.core.formatting import format_money, format_money_short, format_money_whole, format_percent


@pytest.mark.parametrize(
    ("amount", "currency", "locale", "text"),
    [
        (Decimal("4020000"), "EUR", "en", "€4,020,000.00"),
        (Decimal("-5.5"), "USD", "en", "-$5.50"),
        (Decimal("1234"), "JPY", "en", "¥1,234"),
        (Decimal("1234.567"), "KWD", "en", "KWD\xa01,234.567"),
        ("12.30", "EUR", "en", "€12.30"),
        ("12.345", "EUR", "en", "€12.35"),
        (Decimal("4020000"), "EUR", "de", "4.020.000,00\xa0€"),
        (None, "EUR", "en", "–"),
        (Decimal("0"), "EUR", "en", "€0.00"),
        (Decimal("7"), "", "en", "7"),
    ],
)
def test_format_money_is_full_and_in_the_readers_locale(amount, currency, locale, text):
    with override(locale):
        assert format_money(amount, currency) == text


@pytest.mark.parametrize(
    ("amount", "text"),
    [("0.5", "€1"), ("-0.4", "€0"), ("1999.49", "€1,999"), ("-1999.5", "-€2,000"), (None, "–")],
)
def test_format_money_whole_rounds_half_up(amount, text):
    assert format_money_whole(amount, "EUR") == text


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("0", "€0"),
        ("985.40", "€985"),
        ("999.60", "€1k"),
        ("12345", "€12.3k"),
        ("999999", "€1m"),
        ("4020000", "€4.02m"),
        ("4025000", "€4.03m"),
        ("-4020000", "-€4.02m"),
        ("1200000000", "€1.2bn"),
        (None, "–"),
    ],
)
def test_format_money_short_keeps_three_digits(amount, text):
    assert format_money_short(amount, "EUR") == text


def test_format_money_short_follows_the_locale():
    with override("de"):
        assert format_money_short(Decimal(4020000), "EUR") == "4,02\xa0Mio.\xa0€"
        assert format_money_short(Decimal("617867.39"), "EUR") == "618.000\xa0€"


@pytest.mark.parametrize(
    ("value", "text"),
    [("40", "40.0%"), ("38.25", "38.3%"), ("-15", "-15.0%"), ("3500", "3,500.0%"), (None, "–"), ("", "–")],
)
def test_format_percent_has_one_decimal(value, text):
    assert format_percent(value) == text


def test_format_percent_follows_the_locale():
    with override("de"):
        assert format_percent(Decimal("40.5")) == "40,5\xa0%"
