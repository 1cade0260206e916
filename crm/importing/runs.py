"""Importing a file: batch by batch through `crm.bulk`, all or nothing or what is sound."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import IO, Any

from django.db import transaction
from django.utils.translation import gettext as _

from crm.bulk import Feed, RowError
from crm.importing.conversion import RowReader
from crm.importing.mapping import Mapping, load_mapping, mapping_for_header
from crm.importing.readers import Cell, FileFormat, Table, open_table
from crm.importing.report import ErrorLog, ImportReport
from kam.core.actor import acting
from kam.users.models import User

BATCH = 5_000
RING = -2
Key = tuple[str, ...]
Numbered = tuple[int, list[Cell], dict[str, Any]]  # row number, its cells, its fields


@dataclass(frozen=True)
class ImportOptions:
    skip_bad_rows: bool = False
    dry_run: bool = False
    source: str = ""


class _TakeBackError(Exception):
    """Ends the transaction of an import that is not to be kept."""


def import_file(
    *,
    kind: str,
    path: Path,
    mapping_path: Path | None = None,
    user: User | None = None,
    options: ImportOptions | None = None,
    errors: IO[str] | None = None,
    progress: Callable[[ImportReport], None] | None = None,
) -> ImportReport:
    """Import one file as `user` (None: the system). `errors` gets every error as CSV; `progress` is called per batch.

    Raises `MappingError` and `UnreadableFileError` for what concerns the file as a whole; then
    nothing is kept, except the batches before the place where a file broke off, with `skip_bad_rows`.
    """
    options = options or ImportOptions()
    mapping = load_mapping(mapping_path, kind=kind, source=options.source) if mapping_path else None
    table = open_table(path, mapping.file_format if mapping else FileFormat())
    mapping = mapping or mapping_for_header(table.header, kind=kind, source=options.source)
    reader = RowReader(mapping, table.header)
    report = ImportReport(encoding=table.encoding)
    run = ImportRun(table, mapping, reader, report, ErrorLog(report, reader, errors), user=user)
    run.progress = progress
    with acting(user, source="import", reason=_("import of %(file)s") % {"file": path.name}):
        run.write(options)
    return report


class ImportRun:
    """Takes the rows of one file to the database, a batch at a time."""

    def __init__(
        self,
        table: Table,
        mapping: Mapping,
        reader: RowReader,
        report: ImportReport,
        errors: ErrorLog,
        *,
        user: User | None,
    ) -> None:
        self.table = table
        self.mapping = mapping
        self.kind = mapping.kind
        self.reader = reader
        self.report = report
        self.errors = errors
        self.source = mapping.source or (user.source if user else "")
        self.feed = Feed(kind=self.kind.name, user=user, default_source=self.source or None)
        self.progress: Callable[[ImportReport], None] | None = None
        self._seen: dict[Key, tuple[int, int]] = {}  # key → row number, and what the row said

    def write(self, options: ImportOptions) -> None:
        if options.skip_bad_rows and not options.dry_run:
            self._write_batches()
            self.report.is_kept = True
            return
        try:
            with transaction.atomic(using=self.feed.using):
                self._write_batches()
                if options.dry_run or (self.report.refused and not options.skip_bad_rows):
                    raise _TakeBackError
            self.report.is_kept = True
        except _TakeBackError:
            pass

    def _write_batches(self) -> None:
        waiting = self._parents_first() if self.kind.tree else self._sound_rows()
        while batch := list(islice(waiting, BATCH)):
            numbers = [number for number, _cells, _row in batch]
            result = self.feed.upsert([row for _n, _c, row in batch], atomic=False, numbers=numbers)
            self.report.created += result.created
            self.report.updated += result.updated
            self.report.unchanged += result.unchanged
            self.report.refused += result.failed
            for error in result.errors:
                number, cells, _row = batch[error.row]
                self.errors.add(number, cells, error)
            if self.progress:
                self.progress(self.report)

    # --- rows -----------------------------------------------------------------------------

    def _sound_rows(self) -> Iterator[Numbered]:
        """The rows to write. What is skipped, repeated or refused here is counted."""
        for number, cells in self.table.rows():
            self.report.rows += 1
            if self.reader.skips(cells):
                self.report.skipped += 1
            elif any(cell != "" for cell in cells[len(self.reader.header) :]):
                message = _("The row has more cells than the header.")
                self._refuse(number, cells, RowError(0, "", "too_many_cells", message))
            else:
                row = self.reader.read(cells)
                if not self._is_repeated(number, cells, row):
                    yield number, cells, row

    def _parents_first(self) -> Iterator[Numbered]:
        """The rows of a tree, level by level, so that no batch needs a later one.

        A file of one batch stays as it is: the bulk write sorts within a batch.
        """
        rows = self._sound_rows()
        first = list(islice(rows, BATCH + 1))
        if len(first) <= BATCH:
            yield from first
            return
        places: dict[Key, int] = {}
        parents: dict[int, Key | None] = {}
        for number, _cells, row in chain(first, rows):
            places.update(dict.fromkeys(self._keys(row), number))
            parents[number] = self._parent_key(row)
        levels = tree_levels({number: places.get(key) if key else None for number, key in parents.items()})
        for level in range(max(levels.values()) + 1):
            for number, cells in self.table.rows():
                if levels.get(number) == level:
                    yield number, cells, self.reader.read(cells)

    def _external_key(self, row: dict[str, Any]) -> Key | None:
        if not row.get("external_id"):
            return None
        return ("external_id", str(row.get("source") or self.source), str(row["external_id"]))

    def _natural_key(self, row: dict[str, Any]) -> Key | None:
        values = [row.get(name) for name in self.kind.natural]
        return (self.kind.natural[0], *map(str, values)) if values and all(values) else None

    def _keys(self, row: dict[str, Any]) -> list[Key]:
        """The names by which other rows may point at this one."""
        return [key for key in (self._external_key(row), self._natural_key(row)) if key]

    def _parent_key(self, row: dict[str, Any]) -> Key | None:
        parent = row.get(self.kind.tree)
        if not isinstance(parent, dict):
            return None
        if "external_id" in parent:
            return ("external_id", str(parent.get("source") or self.source), parent["external_id"])
        return next(iter(parent.items()))

    def _is_repeated(self, number: int, cells: list[Cell], row: dict[str, Any]) -> bool:
        said = hash(repr(row)) if self.mapping.merges_repeated else 0
        key = self._external_key(row) or self._natural_key(row)
        if key is None:
            return False  # the bulk write says what is missing
        first, said_first = self._seen.setdefault(key, (number, said))
        if first == number:
            return False
        if self.mapping.merges_repeated and said == said_first:
            self.report.repeated += 1
        else:
            message = _("Row %(row)s has the same key.") % {"row": first}
            self._refuse(number, cells, RowError(0, key[0], "duplicate", message))
        return True

    def _refuse(self, number: int, cells: list[Cell], error: RowError) -> None:
        self.report.refused += 1
        self.errors.add(number, cells, error)


def tree_levels(parents: dict[int, int | None]) -> dict[int, int]:
    """Row → how many rows of the file lie above it. Rows of a ring, and those below, come last."""
    levels: dict[int, int] = {}
    for start in parents:
        path: dict[int, None] = {}
        node: int | None = start
        while node is not None and node not in levels and node not in path:
            path[node] = None
            node = parents[node]
        ring = node is not None and node not in levels
        above = RING if ring else (levels[node] if node is not None else -1)
        for row in reversed(path):
            above = RING if above == RING else above + 1
            levels[row] = above
    last = max((level for level in levels.values() if level != RING), default=-1) + 1
    return {row: last if level == RING else level for row, level in levels.items()}
