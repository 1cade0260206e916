"""What PostgreSQL does with `numeric`, for SQLite: exact sums and conversions beyond 64 bits.

SQLite turns an integer overflow into an error and a division into a float, so the three steps of
the rollup that need more are Python integers there.
"""

from __future__ import annotations

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from metrics.policies import CROSS_RATE_PLACES


class ExactTotal:
    """`kam_total(value, factor)`: Σ value × factor as text; without a value or a factor it adds nothing."""

    def __init__(self) -> None:
        self.total = 0

    def step(self, value: int | str | None, factor: str | int | None) -> None:
        if isinstance(value, float):  # SQLite has made one of what is beyond 64 bits
            raise OverflowError("The amount is too large.")
        if value is not None and factor is not None:
            self.total += int(value) * int(factor)

    def finalize(self) -> str:
        return str(self.total)


def rounded(value: str | None, divisor: str, per_unit: float) -> int | None:
    """`kam_rounded`: value ÷ divisor, half away from zero to a multiple of the minor unit.

    `per_unit` is how many minor units a thousandth has. Beyond 64 bits it fails, as PostgreSQL does.
    """
    if value is None:
        return None
    total, unit = int(value), round(1 / per_unit)
    denominator = int(divisor) * unit
    size = (2 * abs(total) + denominator) // (2 * denominator)
    return (size if total >= 0 else -size) * unit


def product(value: int | None, factor: int | None) -> str | None:
    """`kam_product`: value × factor as text."""
    return None if value is None or factor is None else str(value * factor)


def plus(left: int | None, right: int | None) -> int | None:
    """`kam_plus`: fails beyond 64 bits, where SQLite's own sum becomes a float."""
    return None if left is None or right is None else left + right


def cross_factor(record_rate: int | None, plan_rate: int | None) -> str | None:
    """`kam_cross_factor`: the cross rate as an integer of `CROSS_RATE_PLACES` places, half up."""
    if record_rate is None or plan_rate is None:
        return None
    return str((record_rate * 10**CROSS_RATE_PLACES * 2 + plan_rate) // (2 * plan_rate))


def install(sender: Any, connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    if connection.vendor == "sqlite":
        raw = connection.connection
        raw.create_aggregate("kam_total", 2, ExactTotal)
        raw.create_function("kam_rounded", 3, rounded, deterministic=True)
        raw.create_function("kam_product", 2, product, deterministic=True)
        raw.create_function("kam_plus", 2, plus, deterministic=True)
        raw.create_function("kam_cross_factor", 2, cross_factor, deterministic=True)
