"""Exact numbers: the same on SQLite and PostgreSQL, and never a float on the way."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import FieldError, ValidationError
from django.db import models
from django.db.models import Avg, Case, F, Max, Min, Q, Sum, Value, When
from django.db.models.functions import Coalesce
from django.test.utils import isolate_apps
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.models import Opportunity, Order
from kam.core.fields import (
    MoneyField,
    MoneyTotalField,
    PercentField,
    QuantityField,
    RateField,
    ScaledIntegerField,
)
from tests import factories

KINDS = (MoneyField, MoneyTotalField, PercentField, QuantityField, RateField)
pytestmark = pytest.mark.django_db


def order(amount: Any) -> Order:
    return factories.create_order(factories.create_account(), amount=amount)


def orders() -> models.QuerySet:
    return Order.objects.unscoped("test").order_by("amount")


def amounts(rows: models.QuerySet) -> list[Decimal]:
    return list(rows.values_list("amount", flat=True))


# --- Sums -----------------------------------------------------------------------------------
def test_sum_is_exact_where_floats_are_not() -> None:
    for _ in range(10):
        order("0.1")
    order("1000000000000")  # 0.1 at this size is beyond what a float resolves

    total = orders().aggregate(total=Sum("amount"))["total"]

    assert total == Decimal("1000000000001.000")
    assert 1e12 * 1e4 + 0.1 == 1e12 * 1e4  # the negative control: a float loses it


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.decimals(min_value=-(10**12), max_value=10**12, places=3), min_size=1, max_size=8))
def test_sum_equals_the_sum_of_decimals(values: list[Decimal]) -> None:
    account = factories.create_account()
    Order.objects.bulk_create(
        [Order(account=account, date="2026-01-01", currency="USD", amount=value) for value in values]
    )
    rows = orders().filter(account=account)

    assert rows.aggregate(total=Sum("amount"))["total"] == sum(values)
    assert amounts(rows) == sorted(values)
    assert rows.aggregate(least=Min("amount"), most=Max("amount")) == {
        "least": min(values),
        "most": max(values),
    }


def test_sum_by_condition_and_with_default() -> None:
    order("1.5"), order("2.5")
    zero = Value(Decimal(0), output_field=MoneyField())
    totals = orders().aggregate(
        big=Sum("amount", filter=Q(amount__gt=2)),
        none=Coalesce(Sum("amount", filter=Q(amount__gt=9)), zero),
        chosen=Sum(Case(When(amount__lt=2, then=F("amount")), default=zero)),
    )

    assert totals == {"big": Decimal("2.5"), "none": Decimal(0), "chosen": Decimal("1.5")}


def test_average_is_of_values_not_of_stored_integers() -> None:
    order(1), order(2)

    assert orders().aggregate(mean=Avg("amount"))["mean"] == Decimal("1.5")


# --- Expressions ----------------------------------------------------------------------------
def test_columns_of_a_kind_add_up() -> None:
    order("1.25")

    row = orders().annotate(double=F("amount") + F("amount"), nothing=F("amount") - F("amount")).get()

    assert (row.double, row.nothing) == (Decimal("2.500"), Decimal(0))


def test_column_times_a_whole_number() -> None:
    order("1.25")

    row = orders().annotate(triple=F("amount") * 3, same=2 * F("amount")).get()

    assert (row.triple, row.same) == (Decimal("3.750"), Decimal("2.500"))


@pytest.mark.parametrize(
    "expression", [F("amount") + 1, F("amount") * Decimal("1.5"), F("amount") * F("quantity")]
)
def test_mixing_scales_is_refused(expression: Any) -> None:
    order(1)

    with pytest.raises(FieldError):
        list(orders().annotate(x=expression).values_list("x"))


def test_value_of_the_same_kind_can_be_added() -> None:
    order(1)
    one = Value(Decimal("1.5"), output_field=MoneyField())

    orders().update(amount=F("amount") + one)

    assert amounts(orders()) == [Decimal("2.500")]


# --- Filters --------------------------------------------------------------------------------
def test_filters_compare_values() -> None:
    for value in ("-1.5", "9", "10", "100.001"):
        order(value)

    assert amounts(orders()) == [Decimal("-1.5"), 9, 10, Decimal("100.001")]
    assert amounts(orders().filter(amount__gt="9.5")) == [10, Decimal("100.001")]
    assert amounts(orders().filter(amount__range=(0, 10))) == [9, 10]
    assert amounts(orders().filter(amount__in=[10, "100.001"])) == [10, Decimal("100.001")]
    assert amounts(orders().filter(amount=Decimal("1E+1"))) == [10]
    assert amounts(orders().filter(amount=F("amount"), amount__lt=0.5)) == [Decimal("-1.5")]
    assert amounts(orders().exclude(amount__gte=9)) == [Decimal("-1.5")]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    bound=st.one_of(
        st.decimals(min_value=-20, max_value=20, places=5),
        st.floats(-20, 20),
        st.sampled_from([Decimal("1e400"), Decimal("-1e400"), Decimal("1e-400"), 10**17, -(10**17)]),
    )
)
def test_comparison_with_any_number_is_the_mathematical_one(bound: Any) -> None:
    values = [Decimal(n) for n in ("-12.345", "-0.001", "0", "0.001", "7.5", "12.345")]
    account = factories.create_account()
    for value in values:
        factories.create_order(account, amount=value)
    rows = orders().filter(account=account)
    exact = Decimal(repr(bound)) if isinstance(bound, float) else Decimal(bound)

    assert amounts(rows.filter(amount__gt=bound)) == [v for v in values if v > exact]
    assert amounts(rows.filter(amount__gte=bound)) == [v for v in values if v >= exact]
    assert amounts(rows.filter(amount__lt=bound)) == [v for v in values if v < exact]
    assert amounts(rows.filter(amount__lte=bound)) == [v for v in values if v <= exact]
    assert amounts(rows.filter(amount=bound)) == [v for v in values if v == exact]


def test_null_is_found_and_kept() -> None:
    line = factories.create_opportunity_line(factories.create_opportunity(factories.create_account()))

    assert type(line).objects.unscoped("test").filter(unit_price=None).exists()
    assert type(line).objects.unscoped("test").get().unit_price is None


# --- What is no number ----------------------------------------------------------------------
NO_NUMBERS = (
    *("", " ", "abc", "1,5", "1.2.3", "NaN", "sNaN", "Infinity", "-Infinity", "1e1000000000000000000000"),
    *(Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"), math.nan, math.inf, -math.inf),
    *([], {}, object(), b"1", Decimal("1e400"), 10**400, "1" * 5_000),
)


@pytest.mark.parametrize("value", NO_NUMBERS, ids=lambda value: repr(value)[:20])
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_number_is_refused(kind: type[ScaledIntegerField], value: Any) -> None:
    with pytest.raises(ValidationError, match="Enter a number"):
        kind().to_python(value)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (MoneyField, "0.0001"),
        (PercentField, "0.05"),
        (RateField, "1e-11"),
        (MoneyField, "1e-400"),
        (QuantityField, 0.1234),
    ],
)
def test_finer_than_the_scale_is_refused(kind: type[ScaledIntegerField], value: Any) -> None:
    with pytest.raises(ValidationError, match="decimal places"):
        kind().to_python(value)


@pytest.mark.parametrize(
    ("kind", "smallest", "largest"),
    [
        (MoneyField, -(10**12), 10**12),
        (MoneyTotalField, -9 * 10**15, 9 * 10**15),
        (PercentField, 0, 100),
        (QuantityField, -(10**12), 10**12),
        (RateField, Decimal("1e-10"), 10**8),
    ],
)
def test_limits(kind: type[ScaledIntegerField], smallest: Any, largest: Any) -> None:
    field = kind()
    step = Decimal(1).scaleb(-field.decimal_places)

    assert field.clean(smallest, None) == smallest
    assert field.clean(largest, None) == largest
    for outside in (smallest - step, largest + step):
        with pytest.raises(ValidationError, match="Ensure this value"):
            field.clean(outside, None)
    assert abs(int(Decimal(largest).scaleb(field.decimal_places))) < 2**63


@pytest.mark.parametrize("value", [5, "5", "5.0", 5.0, Decimal("5"), Decimal("5.000"), "5e0", " 5 "])
def test_value_has_all_its_places_however_it_was_written(value: Any) -> None:
    assert str(MoneyField().to_python(value)) == "5.000"


def test_value_comes_back_as_it_went_in() -> None:
    for value in ("0", "-0", "0.001", "-0.001", "999999999999.999", "-1000000000000"):
        row = order(value)
        row.refresh_from_db()
        assert row.amount == Decimal(value)
        assert str(row.amount) == f"{Decimal(value).quantize(Decimal('0.001')) + 0:f}"


def test_form_field_takes_the_limits_along() -> None:
    field = Opportunity._meta.get_field("amount").formfield()

    assert field.clean("12.345") == Decimal("12.345")
    for value in ("12.3456", "1e13", "NaN", "x"):
        with pytest.raises(ValidationError):
            field.clean(value)


@isolate_apps("kam.core")
def test_too_wide_a_scale_is_found_by_the_checks() -> None:
    class Wide(ScaledIntegerField):
        decimal_places = 10
        max_value = Decimal(10) ** 12

    class Model(models.Model):
        wide = Wide()

        class Meta:
            app_label = "core"

        def __str__(self) -> str:
            return ""

    assert [error.id for error in Model._meta.get_field("wide").check()] == ["kam.E002"]


@pytest.mark.parametrize(
    ("kind", "stored", "shown"),
    [
        (QuantityField, "1.000", "1"),
        (QuantityField, "0.250", "0.25"),
        (QuantityField, "100.000", "100"),
        (PercentField, "0.0", "0"),
        (RateField, "0.0000001000", "0.0000001"),
        (MoneyField, "4800.000", "4800"),
        (MoneyField, "4800.500", "4800.50"),
        (MoneyField, "-0.125", "-0.125"),
    ],
)
def test_form_shows_number_without_zeros_of_its_scale(
    kind: type[ScaledIntegerField], stored: str, shown: str
) -> None:
    field = kind().formfield()
    assert field is not None
    assert field.prepare_value(Decimal(stored)) == shown
    assert not field.has_changed(Decimal(stored), shown)
    assert field.prepare_value("1.000") == "1.000"  # as somebody typed it
