"""Pure decisions about plans: no database, no clock."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from plans.enums import ObjectiveStatus, PlanStatus

# Which action leads from which statuses to which (domain.md, plan life cycle; plan types without
# an approval policy go from draft to active).
TRANSITIONS: dict[str, tuple[frozenset[str], str]] = {
    "activate": (frozenset({PlanStatus.DRAFT, PlanStatus.APPROVED, PlanStatus.ON_HOLD}), PlanStatus.ACTIVE),
    "hold": (frozenset({PlanStatus.ACTIVE}), PlanStatus.ON_HOLD),
    "complete": (frozenset({PlanStatus.ACTIVE, PlanStatus.ON_HOLD}), PlanStatus.COMPLETED),
    "archive": (frozenset({PlanStatus.COMPLETED, PlanStatus.CANCELLED}), PlanStatus.ARCHIVED),
    "cancel": (
        frozenset({PlanStatus.DRAFT, PlanStatus.APPROVED, PlanStatus.ACTIVE, PlanStatus.ON_HOLD}),
        PlanStatus.CANCELLED,
    ),
    # The undo of complete, archive and cancel.
    "reopen": (
        frozenset({PlanStatus.COMPLETED, PlanStatus.ARCHIVED, PlanStatus.CANCELLED}),
        PlanStatus.DRAFT,
    ),
}
LEFT_OUT = frozenset({ObjectiveStatus.CANCELLED, ObjectiveStatus.DEFERRED})


def possible_actions(status: str) -> list[str]:
    return [action for action, (sources, _target) in TRANSITIONS.items() if status in sources]


def measure_progress(
    *, baseline: Decimal | None, current: Decimal | None, target: Decimal | None
) -> Decimal | None:
    """(current − baseline) ÷ (target − baseline) held to 0…1; None without a measure (domain.md, Progress)."""
    if target is None or current is None:
        return None
    baseline = baseline or Decimal(0)
    if target == baseline:
        return Decimal(1) if current == target else Decimal(0)
    share = (current - baseline) / (target - baseline)
    return min(max(share, Decimal(0)), Decimal(1))


def weighted_mean(parts: Iterable[tuple[Decimal, Decimal | None]]) -> Decimal | None:
    """Σ weight × value ÷ Σ weight over parts with a value and a weight above 0; None where there are none."""
    counted = [(weight, value) for weight, value in parts if value is not None and weight > 0]
    total = sum((weight for weight, _value in counted), Decimal(0))
    return sum((weight * value for weight, value in counted), Decimal(0)) / total if total else None


def as_percent(share: Decimal | None) -> Decimal | None:
    """A share of 0…1 as a percentage to one decimal."""
    return None if share is None else (share * 100).quantize(Decimal("0.1"), rounding=ROUND_HALF_UP)


def elapsed_share(*, start: date, end: date, today: date) -> Decimal:
    """The part of the period, both ends included, that is over at the end of `today`; 0…1."""
    days = (end - start).days + 1
    return Decimal(min(max((today - start).days + 1, 0), days)) / Decimal(days)


def pace(*, progress: Decimal | None, expected: Decimal | None) -> str | None:
    """How work goes, both in percent: on track at what is expected by now, at risk from 80 % of it."""
    if progress is None or expected is None:
        return None
    if progress >= expected:
        return "on_track"
    return "at_risk" if progress * 100 >= expected * 80 else "off_track"


def suggested_period(today: date) -> tuple[date, date]:
    """The calendar year a new plan is for: this one, or in its last three months the next."""
    year = today.year + (1 if today.month > 9 else 0)
    return date(year, 1, 1), date(year, 12, 31)
