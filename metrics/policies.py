"""The formulas of the KPIs that are no sums (domain.md, KPIs): pure functions."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

PERCENT_KPIS = (
    "won_revenue",
    "pipeline",
    "weighted_pipeline",
    "total_expected_revenue",
    "forecast_target_variance",
)
KPIS = ("sales_target", *PERCENT_KPIS, "remaining_target", "coverage_ratio")
# Conversion between two currencies goes over the company currency and is fixed to this many places,
# half up, before it is multiplied: so a contribution is one exact product on every database.
CROSS_RATE_PLACES = 20


def percent_of(value: Decimal | None, target: Decimal | None) -> Decimal | None:
    """value ÷ target × 100 to one decimal, half up; None when the target is zero or missing."""
    if value is None or not target:
        return None
    return (value * 100 / target).quantize(Decimal("0.1"), rounding=ROUND_HALF_UP)


def remaining_target(*, sales_target: Decimal | None, won_revenue: Decimal | None) -> Decimal | None:
    """max(sales target − won revenue, 0); None without a target."""
    if sales_target is None or won_revenue is None:
        return None
    return max(sales_target - won_revenue, Decimal(0))


def coverage_ratio(
    *, sales_target: Decimal | None, won_revenue: Decimal | None, pipeline: Decimal | None
) -> Decimal | None:
    """pipeline ÷ (sales target − won revenue) to two decimals; None once the target is won or without one."""
    remaining = remaining_target(sales_target=sales_target, won_revenue=won_revenue)
    if not remaining or pipeline is None:
        return None
    return (pipeline / remaining).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


def cross_rate(record_rate: Decimal, plan_rate: Decimal) -> Decimal:
    """record rate ÷ plan rate (both to company currency), fixed to `CROSS_RATE_PLACES`, half up."""
    shift = 10**CROSS_RATE_PLACES
    numerator, denominator = int(record_rate.scaleb(10)), int(plan_rate.scaleb(10))
    digits = (numerator * shift * 2 + denominator) // (2 * denominator)
    return Decimal(f"{digits}E-{CROSS_RATE_PLACES}")  # exact, however many digits


def outlook_tone(expected_percent: Decimal | None) -> str:
    """How a plan looks: expected revenue at 100 % of the target or more is ok, from 80 % a warning, below bad."""
    if expected_percent is None:
        return "neutral"
    return "ok" if expected_percent >= 100 else "warn" if expected_percent >= 80 else "bad"


# --- Promises: what was promised for a stretch of time, against how much of it is over --------------
def days_over(*, start: date, end: date, today: date) -> tuple[int, int]:
    """How many days of a period, both ends included, are over at the end of `today`, and of how many."""
    days = max((end - start).days + 1, 1)
    return min(max((today - start).days + 1, 0), days), days


def expected_by(amount: Decimal, *, start: date, end: date, today: date) -> Decimal:
    """What there should be of `amount` at the end of `today`, if it grew evenly by days."""
    over, days = days_over(start=start, end=end, today=today)
    return amount * over / days


def promise_state(
    *,
    done: Decimal,
    promised: Decimal,
    expected: Decimal | Fraction,
    start: date,
    end: date,
    today: date,
    is_cancelled: bool = False,
) -> str:
    """kept, cancelled, to come, overdue; else on pace at what is expected by now, at risk from 80 % of it, or behind.

    Decided on exact numbers: what is shown is rounded.
    """
    if done >= promised:
        return "kept"
    if is_cancelled:
        return "cancelled"
    if today > end:
        return "overdue"
    if today < start:
        return "to_come"
    if Fraction(done) >= Fraction(expected):
        return "on_pace"
    return "at_risk" if Fraction(done) * 100 >= Fraction(expected) * 80 else "behind"


def tenth(value: Fraction) -> Decimal:
    """To one decimal, half up."""
    shifted = abs(value) * 10
    whole = (2 * shifted.numerator + shifted.denominator) // (2 * shifted.denominator)
    return Decimal(whole if value >= 0 else -whole).scaleb(-1)


def pace_state(*, actual: Decimal, target: Decimal | None, share: Fraction, is_begun: bool) -> str | None:
    """On pace at what the season expects by now, at risk from 80 % of it, else behind; None without a target.

    Decided on exact numbers: what is shown is rounded.
    """
    if target is None:
        return None
    if not is_begun:
        return "to_come"
    expected = Fraction(target) * share
    if Fraction(actual) >= expected:
        return "on_pace"
    return "at_risk" if Fraction(actual) * 100 >= expected * 80 else "behind"
