"""What became of a file: counts, reasons, and every error with its place."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import IO, Any

from crm.bulk import RowError
from crm.importing.conversion import RowReader
from crm.importing.readers import Cell

SHOWN = 20  # errors kept in memory; the file has them all
FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class FileError:
    """Why a row of the file was refused: the row's number in a spreadsheet and the column's name."""

    row: int
    column: str
    field: str
    code: str
    reason: str
    value: str


@dataclass
class ImportReport:
    rows: int = 0
    skipped: int = 0
    repeated: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: int = 0
    is_kept: bool = False
    encoding: str = ""
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)  # by column (or field) and code
    examples: dict[tuple[str, str], str] = field(default_factory=dict)
    first_errors: list[FileError] = field(default_factory=list)

    @property
    def accepted(self) -> int:
        return self.created + self.updated + self.unchanged


class ErrorLog:
    """Counts the errors of a file and writes them to a CSV file as they come."""

    def __init__(self, report: ImportReport, reader: RowReader, stream: IO[str] | None) -> None:
        self._report = report
        self._reader = reader
        self._writer: Any = csv.writer(stream) if stream else None
        if self._writer:
            self._writer.writerow(["row", "column", "field", "reason", "value", "code"])

    def add(self, number: int, cells: Sequence[Cell], error: RowError) -> None:
        columns = self._reader.columns_of(error.field)
        entry = FileError(
            row=number,
            column=", ".join(columns),
            field=error.field,
            code=error.code,
            reason=error.message,
            value=self._reader.shown(columns, cells),
        )
        reason = (entry.column or entry.field, entry.code)
        self._report.reasons[reason] += 1
        self._report.examples.setdefault(reason, entry.reason)
        if len(self._report.first_errors) < SHOWN:
            self._report.first_errors.append(entry)
        if self._writer:
            texts = (entry.column, entry.field, entry.reason, entry.value, entry.code)
            self._writer.writerow([entry.row, *map(harmless, texts)])


def harmless(text: str) -> str:
    """A text that a spreadsheet does not run as a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text
