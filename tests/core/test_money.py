"""Currencies, minor units and rounding."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from kam.core.money import (
    CurrencyField,
    currency_choices,
    currency_codes,
    minor_units,
    round_money,
    validate_minor_units,
)


@pytest.mark.parametrize(("currency", "places"), [("USD", 2), ("EUR", 2), ("JPY", 0), ("KWD", 3), ("CHF", 2)])
def test_minor_units(currency: str, places: int) -> None:
    assert minor_units(currency) == places


@pytest.mark.parametrize(
    ("amount", "currency", "rounded"),
    [
        ("0.005", "USD", "0.01"),
        ("-0.005", "USD", "-0.01"),
        ("0.0049", "USD", "0.00"),
        ("2.5", "JPY", "3"),
        ("-2.5", "JPY", "-3"),
        ("1.2345", "KWD", "1.235"),
        ("9000000000000000.999", "USD", "9000000000000001.00"),
    ],
)
def test_rounding_is_half_up(amount: str, currency: str, rounded: str) -> None:
    assert str(round_money(Decimal(amount), currency)) == rounded


@given(
    st.decimals(min_value=-(10**15), max_value=10**15, places=6), st.sampled_from(sorted(currency_codes()))
)
def test_rounding_is_the_nearest_amount_the_currency_has(amount: Decimal, currency: str) -> None:
    step = Decimal(1).scaleb(-minor_units(currency))
    rounded = round_money(amount, currency)

    assert rounded % step == 0
    assert abs(rounded - amount) <= step / 2
    assert round_money(-amount, currency) == -rounded


@pytest.mark.parametrize("code", ["USD", "EUR", "JPY"])
def test_currency_in_use_is_accepted(code: str) -> None:
    assert CurrencyField().clean(code, None) == code


@pytest.mark.parametrize("code", ["usd", "DEM", "XXX", "EURO", "12", ""])
def test_other_codes_are_refused(code: str) -> None:
    with pytest.raises(ValidationError):
        CurrencyField().clean(code, None)


def test_currency_out_of_use_is_offered_only_where_it_is() -> None:
    assert "DEM" not in dict(currency_choices())
    assert "DEM" in dict(currency_choices("DEM"))


@pytest.mark.parametrize(("amount", "currency"), [("1.005", "USD"), ("0.5", "JPY")])
def test_amount_finer_than_the_currency_is_refused(amount: str, currency: str) -> None:
    with pytest.raises(ValidationError) as caught:
        validate_minor_units(Decimal(amount), currency, "amount")

    assert list(caught.value.message_dict) == ["amount"]


@pytest.mark.parametrize(
    ("amount", "currency"), [("1.05", "USD"), ("5.000", "JPY"), ("1.005", "KWD"), (None, "USD")]
)
def test_amount_of_the_currency_is_accepted(amount: str | None, currency: str) -> None:
    validate_minor_units(None if amount is None else Decimal(amount), currency, "amount")
