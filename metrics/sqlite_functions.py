"""What PostgreSQL does with `numeric`, for SQLite: exact sums and conversions beyond 64 bits.

SQLite turns an integer overflow into an error and a division into a float, so the three steps of
the rollup that need more are Python integers there.
"""

from __future__ import annotations

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from metrics.policies import CROSS_RATE_PLACES


class ExactSum:
    """`kam_sum(x)`: the sum of integers as text; NULL over nothing, like SUM."""

    def __init__(self) -> None:
        self.total: int | None = None

    def step(self, value: int | None) -> None:
        if value is not None:
            self.total = (self.total or 0) + int(value)

    def finalize(self) -> str | None:
        return None if self.total is None else str(self.total)


def rounded(total: int, divisor: int, per_unit: float) -> int:
    """total ÷ divisor, half away from zero to a multiple of the minor unit (both in thousandths)."""
    unit = round(1 / per_unit)
    denominator = divisor * unit
    size = (2 * abs(total) + denominator) // (2 * denominator)
    return (size if total >= 0 else -size) * unit


class ConvertedSum:
    """`kam_converted_sum(sum, factor, divisor, per_unit)`: Σ sum × factor ÷ divisor, rounded once."""

    def __init__(self) -> None:
        self.total = 0
        self.divisor = 1
        self.per_unit = 1.0

    def step(self, amount: str | None, factor: str | int | None, divisor: str | int, per_unit: float) -> None:
        self.divisor, self.per_unit = int(divisor), per_unit
        if amount is not None and factor is not None:
            self.total += int(amount) * int(factor)

    def finalize(self) -> int:
        return rounded(self.total, self.divisor, self.per_unit)


def converted(amount: int | None, factor: int | None, divisor: str | int, per_unit: float) -> int | None:
    """`kam_converted`: the same for one amount; NULL without a factor."""
    if amount is None or factor is None:
        return None
    return rounded(int(amount) * int(factor), int(divisor), per_unit)


def cross_factor(record_rate: int | None, plan_rate: int | None) -> str | None:
    """`kam_cross_factor`: the cross rate as an integer of `CROSS_RATE_PLACES` places, half up."""
    if record_rate is None or plan_rate is None:
        return None
    return str((record_rate * 10**CROSS_RATE_PLACES * 2 + plan_rate) // (2 * plan_rate))


def install(sender: Any, connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    if connection.vendor == "sqlite":
        raw = connection.connection
        raw.create_aggregate("kam_sum", 1, ExactSum)
        raw.create_aggregate("kam_converted_sum", 4, ConvertedSum)
        raw.create_function("kam_converted", 4, converted, deterministic=True)
        raw.create_function("kam_cross_factor", 2, cross_factor, deterministic=True)
