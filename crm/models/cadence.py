"""When the next call to an account is due, as the database says it: the same as `policies.next_call_due`."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Case, DateField, F, Func, QuerySet, Value, When
from django.db.models.functions import Coalesce, Least, TruncDate
from django.utils import timezone

from crm import policies
from crm.enums import CallFrequency


def with_next_due(accounts: QuerySet) -> QuerySet:
    """Annotate `next_due_on`: what `Account.next_activity_due_on` says, to filter and order by in the database.

    Brings `last_activity_on` with it. None where no calls are planned.
    """
    return accounts.with_last_activity().annotate(  # type: ignore[attr-defined]
        next_due_on=Case(
            When(call_frequency__in=("", CallFrequency.NONE), then=Value(None)),
            # PostgreSQL knows days after the last of Python.
            default=Least(
                Coalesce(_AfterCall(F("last_activity_on"), F("call_frequency")), _taken_up_on()),
                Value(date.max),
            ),
            output_field=DateField(),
        )
    )


def due_by(accounts: QuerySet, day: date) -> QuerySet:
    """Accounts whose next call is due until this day, what is due first at the top."""
    return with_next_due(accounts).filter(next_due_on__lte=day).order_by("next_due_on", "name", "pk")


def _taken_up_on() -> TruncDate:
    return TruncDate("created_at", tzinfo=timezone.get_default_timezone())


class _AfterCall(Func):
    """A day and so many days or calendar months more, by the frequency; a month is clipped at its end."""

    function = "kam_after_call"
    arity = 2
    output_field = DateField()

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        steps = {name: f"{days} days" for name, days in policies.CALL_DAYS.items()}
        steps |= {name: f"{months} months" for name, months in policies.CALL_MONTHS.items()}
        last, frequency = (compiler.compile(part) for part in self.get_source_expressions())
        # Constants of ours, not parameters: an interval cannot be one.
        whens = " ".join(f"WHEN '{name}' THEN INTERVAL '{step}'" for name, step in steps.items())
        return f"({last[0]} + CASE {frequency[0]} {whens} END)::date", (*last[1], *frequency[1])


def after_call(last: str | None, frequency: str | None) -> str | None:
    """`kam_after_call` of SQLite, whose months run over into the next."""
    if last is None or not frequency:
        return None
    day = date.fromisoformat(last)
    due = policies.next_call_due(last_call=day, frequency=frequency, since=day)
    return None if due is None else due.isoformat()


def install(sender: Any, connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    if connection.vendor == "sqlite":
        connection.connection.create_function("kam_after_call", 2, after_call, deterministic=True)
