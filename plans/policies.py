"""Pure decisions about plans: no database, no clock."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from django.utils.formats import date_format

from crm.policies import add_months
from kam.core.money import round_money
from plans.enums import ActionPlanStatus, Meaning, ObjectiveStatus, PlanStatus, TaskStatus

# Which action leads from which statuses to which (domain.md, plan life cycle; plan types without
# an approval policy go from draft to active).
TRANSITIONS: dict[str, tuple[frozenset[str], str]] = {
    "activate": (frozenset({PlanStatus.DRAFT, PlanStatus.APPROVED, PlanStatus.ON_HOLD}), PlanStatus.ACTIVE),
    "hold": (frozenset({PlanStatus.ACTIVE}), PlanStatus.ON_HOLD),
    "complete": (frozenset({PlanStatus.ACTIVE, PlanStatus.ON_HOLD}), PlanStatus.COMPLETED),
    # Not a cancelled one: as archived it would count its records again.
    "archive": (frozenset({PlanStatus.COMPLETED}), PlanStatus.ARCHIVED),
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
ROUNDING_NOISE = Decimal(1).scaleb(-18)

# The steps of a task: from which statuses, to which.
TASK_STEPS: dict[str, tuple[frozenset[str], str]] = {
    "start": (frozenset({TaskStatus.OPEN}), TaskStatus.IN_PROGRESS),
    "complete": (frozenset({TaskStatus.OPEN, TaskStatus.IN_PROGRESS}), TaskStatus.COMPLETED),
    "skip": (frozenset({TaskStatus.OPEN, TaskStatus.IN_PROGRESS}), TaskStatus.SKIPPED),
    "cancel": (frozenset({TaskStatus.OPEN, TaskStatus.IN_PROGRESS}), TaskStatus.CANCELLED),
    "reopen": (
        frozenset({TaskStatus.IN_PROGRESS, TaskStatus.COMPLETED, TaskStatus.SKIPPED, TaskStatus.CANCELLED}),
        TaskStatus.OPEN,
    ),
}


def possible_task_steps(status: str, *, is_required: bool) -> list[str]:
    """Required work is not skipped: somebody who may must cancel it."""
    steps = [step for step, (sources, _target) in TASK_STEPS.items() if status in sources]
    return [step for step in steps if step != "skip" or not is_required]


def status_of_work(status: str, tasks: Iterable[str]) -> str:
    """Where an action plan stands once its tasks stand so; one that was cancelled stays so."""
    found = [TaskStatus(task) for task in tasks]
    if status == ActionPlanStatus.CANCELLED:
        return status
    done = [task for task in found if task.meaning == Meaning.DONE]
    if done and not any(task.meaning == Meaning.OPEN for task in found):
        return ActionPlanStatus.COMPLETED
    if done or TaskStatus.IN_PROGRESS in found:
        return ActionPlanStatus.IN_PROGRESS
    return ActionPlanStatus.OPEN if status == ActionPlanStatus.COMPLETED else status


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


def task_progress(
    *, status: str, quantity_done: Decimal | None = None, target_quantity: Decimal | None = None
) -> Decimal | None:
    """1 if completed, else quantity done ÷ target, at most 1; None for what is dropped (domain.md, Progress)."""
    meaning = TaskStatus(status).meaning
    if meaning == Meaning.DROPPED:
        return None
    if meaning == Meaning.DONE:
        return Decimal(1)
    if not quantity_done or not target_quantity:
        return Decimal(0)
    return min(max(quantity_done / target_quantity, Decimal(0)), Decimal(1))


def weighted_mean(parts: Iterable[tuple[Decimal, Decimal | None]]) -> Decimal | None:
    """Σ weight × value ÷ Σ weight over parts with a value and a weight above 0; None where there are none."""
    counted = [(weight, value) for weight, value in parts if value is not None and weight > 0]
    total = sum((weight for weight, _value in counted), Decimal(0))
    return sum((weight * value for weight, value in counted), Decimal(0)) / total if total else None


def as_percent(share: Decimal | None) -> Decimal | None:
    """A share of 0…1 as a percentage to one decimal."""
    if share is None:
        return None
    exact = (share * 100).quantize(ROUNDING_NOISE)  # thirds that were added up: 49.99…9 is 50
    return exact.quantize(Decimal("0.1"), rounding=ROUND_HALF_UP)


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


# --- Target lines -----------------------------------------------------------------------------
PERIODS_A_YEAR = {"year": 1, "half": 2, "quarter": 4, "month": 12}
PERIOD_LETTERS = {"half": "H", "quarter": "Q"}


def period_days(year: int, period: str, number: int) -> tuple[date, date]:
    """The first and last day of a calendar period: the second quarter of 2026 is April to June."""
    months = 12 // PERIODS_A_YEAR[period]
    first = (number - 1) * months + 1
    last = first + months - 1
    return date(year, first, 1), date(year, last, monthrange(year, last)[1])


def period_name(year: int, period: str, number: int) -> str:
    """2026, H1 2026, Q2 2026, or the month in words."""
    if period == "year":
        return str(year)
    if period == "month":
        return date_format(date(year, number, 1), "YEAR_MONTH_FORMAT")
    return f"{PERIOD_LETTERS[period]}{number} {year}"


def periods_within(start: date, end: date, period: str) -> list[tuple[int, int]]:
    """Year and number of the calendar periods that have days between the two."""
    months = 12 // PERIODS_A_YEAR[period]
    return [
        (year, number)
        for year in range(start.year, end.year + 1)
        for number in range(1, PERIODS_A_YEAR[period] + 1)
        if (year, (number - 1) * months + 1) <= (end.year, end.month)
        and (year, number * months) >= (start.year, start.month)
    ]


def year_before(day: date) -> date:
    """The same day a year earlier; of 29 February the 28th. Never before the calendar begins."""
    if day.year == date.min.year:
        return date.min
    return day.replace(year=day.year - 1, day=min(day.day, monthrange(day.year - 1, day.month)[1]))


def days_last_year(start: date, end: date) -> tuple[date, date]:
    """The same span a year earlier. A span that ends with its month does so in the year before, too."""
    last = year_before(end)
    if end.day == monthrange(end.year, end.month)[1]:
        last = last.replace(day=monthrange(last.year, last.month)[1])
    return year_before(start), last


def growth_percent(*, target: Decimal | None, last_year: Decimal | None) -> Decimal | None:
    """How much more than last year, in percent to one decimal; None where there was nothing to grow from."""
    if target is None or last_year is None or last_year <= 0:
        return None
    return ((target / last_year - 1) * 100).quantize(Decimal("0.1"), rounding=ROUND_HALF_UP)


def grown(last_year: Decimal, growth: Decimal, currency: str) -> Decimal:
    """Last year and so many percent more, rounded once to the minor unit, half up."""
    return round_money(last_year * (100 + growth) / 100, currency)


def suggested_period(today: date) -> tuple[date, date]:
    """The calendar year a new plan is for: this one, or in its last three months the next."""
    year = today.year + (1 if today.month > 9 else 0)
    return date(year, 1, 1), date(year, 12, 31)


# --- Reviews ----------------------------------------------------------------------------------
MONTHS_BETWEEN_REVIEWS = {"monthly": 1, "quarterly": 3, "half_yearly": 6, "yearly": 12}
REVIEW_SOON = timedelta(days=14)  # who holds one is told so long before
MOST_REVIEWS = 240  # of a plan: twenty years of months


def review_days(*, start: date, end: date, frequency: str) -> list[date]:
    """When a plan is to be reviewed: on the last day of each whole span of so many months in its period.

    Each span is counted from the plan's start and not from the one before, so that a short month leaves no
    trace: from 31 January by month the third ends on 29 April, as in a plan that began with it.
    """
    months = MONTHS_BETWEEN_REVIEWS.get(frequency)
    days: list[date] = []
    while months and len(days) < MOST_REVIEWS:
        day = add_months(start, months * (len(days) + 1)) - timedelta(days=1)
        if day > end or (days and day <= days[-1]):  # over, or at the end of the calendar
            break
        days.append(day)
    return days


@dataclass(frozen=True)
class ReviewChanges:
    """What has to be done so that a plan has the reviews that it should have."""

    add: Sequence[date]
    move: Mapping[Hashable, date]
    drop: Sequence[Hashable]

    def __bool__(self) -> bool:
        return bool(self.add or self.move or self.drop)


def review_changes(
    *, wanted: Sequence[date], planned: Mapping[Hashable, date], settled: Collection[date], today: date
) -> ReviewChanges:
    """From the reviews that a plan has, by their keys, to those on the `wanted` days.

    What was held or skipped stays, and so does what is past: from today on reviews move, come and go. A plan
    that has none yet gets those of its whole period.
    """
    if not planned and not settled:
        return ReviewChanges(list(wanted), {}, [])
    coming = {key: day for key, day in planned.items() if day >= today}
    taken = {*settled, *(day for day in planned.values() if day < today)}
    aims = [day for day in wanted if day >= today and day not in taken]
    missing = [day for day in aims if day not in set(coming.values())]
    free = sorted((day, number) for number, day in enumerate(coming.values()) if day not in set(aims))
    keys = list(coming)
    loose = [keys[number] for _day, number in free]
    return ReviewChanges(
        missing[len(loose) :], dict(zip(loose, missing, strict=False)), loose[len(missing) :]
    )
