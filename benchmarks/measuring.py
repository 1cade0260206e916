"""Paired, alternating repetitions: what is compared runs side by side, so the machine's noise hits both."""

from __future__ import annotations

import gc
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from unittest.mock import patch

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test.utils import CaptureQueriesContext

from crm.bulk import writing

Action = Callable[[], object]
TRANSACTION = re.compile(r"^(BEGIN|COMMIT|ROLLBACK)\b")


@dataclass(frozen=True)
class Pairs:
    """Seconds of each repetition: what is measured, and what it is measured against."""

    subject: tuple[float, ...]
    base: tuple[float, ...]

    @property
    def ratios(self) -> list[float]:
        return [subject / base for subject, base in zip(self.subject, self.base, strict=True)]

    @property
    def ratio(self) -> float:
        return median(self.ratios)

    def __str__(self) -> str:
        return f"{milliseconds(median(self.subject))} : {milliseconds(median(self.base))}"


def milliseconds(seconds: float) -> str:
    value = seconds * 1_000
    return f"{value:,.0f} ms" if value >= 100 else f"{value:.1f} ms"


def seconds_of(action: Action, before: Action | None = None) -> float:
    if before is not None:
        before()
    start = perf_counter()
    action()
    return perf_counter() - start


def paired(
    subject: Action,
    base: Action,
    *,
    repeats: int,
    before_subject: Action | None = None,
    before_base: Action | None = None,
    warm_up: int = 1,
) -> Pairs:
    """`before_…` prepares a repetition and is not measured. Who goes first changes each time."""
    for _ in range(warm_up):
        seconds_of(subject, before_subject)
        seconds_of(base, before_base)
    gc.collect()
    subjects, bases = [], []
    for number in range(repeats):
        if number % 2:
            bases.append(seconds_of(base, before_base))
            subjects.append(seconds_of(subject, before_subject))
        else:
            subjects.append(seconds_of(subject, before_subject))
            bases.append(seconds_of(base, before_base))
    return Pairs(tuple(subjects), tuple(bases))


def statements_of(action: Action) -> list[str]:
    """What it asks of the database, apart from BEGIN and COMMIT. Django's own log leaves COPY out."""
    copies: list[str] = []

    def copy(connection: BaseDatabaseWrapper, sql: str, texts: Iterator[str]) -> None:
        copies.append(sql)
        unlogged(connection, sql, texts)

    unlogged = writing._copy
    with patch.object(writing, "_copy", copy), CaptureQueriesContext(connection) as queries:
        action()
    logged = (query["sql"] for query in queries.captured_queries)
    return [sql for sql in logged if not TRANSACTION.match(sql)] + copies
