"""`manage.py import_records KIND FILE`: the rows of a CSV or XLSX file into records."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from crm.bulk import KINDS
from crm.importing import ImportOptions, ImportReport, MappingError, UnreadableFileError, import_file
from kam.users.models import User

SHOWN_REASONS = 30


class Command(BaseCommand):
    help = "Import a CSV or XLSX file. docs/importing.md tells how, with a worked example."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("kind", choices=list(KINDS), metavar="KIND", help=", ".join(KINDS))
        parser.add_argument("file", type=Path, metavar="FILE", help="CSV or XLSX, with a row of column names")
        parser.add_argument(
            "--mapping", type=Path, metavar="FILE", help="TOML or JSON: which column is which field"
        )
        parser.add_argument(
            "--source", default="", help="the system the rows come from; the mapping may name it"
        )
        parser.add_argument("--dry-run", action="store_true", help="check everything, keep nothing")
        how = parser.add_mutually_exclusive_group()
        how.add_argument(
            "--all-or-nothing",
            action="store_true",
            help="keep nothing if any row is refused: what happens anyway, said aloud",
        )
        how.add_argument("--skip-bad-rows", action="store_true", help="keep the sound rows")
        parser.add_argument("--errors", type=Path, metavar="FILE", help="write every error to this CSV file")
        parser.add_argument("--user", metavar="USERNAME", help="import with this user's rights and name")

    def handle(self, *args: Any, **options: Any) -> None:
        gc.freeze()  # what is loaded by now stays: no use in looking through it again and again
        try:
            with opened_for_errors(options["errors"]) as errors:
                report = import_file(
                    kind=options["kind"],
                    path=options["file"],
                    mapping_path=options["mapping"],
                    user=found_user(options["user"]),
                    options=ImportOptions(options["skip_bad_rows"], options["dry_run"], options["source"]),
                    errors=errors,
                    progress=self._progress if options["verbosity"] > 1 else None,
                )
        except (MappingError, UnreadableFileError) as error:
            raise CommandError(str(error), returncode=2) from error
        except DatabaseError as error:
            raise CommandError(f"The database did not take it: {error}", returncode=3) from error
        self._tell(report, options)
        if report.refused:
            raise CommandError(self._conclusion(report, options), returncode=1)
        self.stdout.write(self._conclusion(report, options))

    def _progress(self, report: ImportReport) -> None:
        self.stdout.write(f"  {report.rows} rows …")
        self.stdout.flush()

    def _tell(self, report: ImportReport, options: dict[str, Any]) -> None:
        self.stdout.write(
            f"{report.rows} rows read from {options['file'].name} ({report.encoding or 'XLSX'})"
        )
        for name in ("created", "updated", "unchanged", "repeated", "skipped", "refused"):
            if count := getattr(report, name):
                would_be = "would be " if name in {"created", "updated"} and not report.is_kept else ""
                self.stdout.write(f"  {count:>8} {would_be}{name}")
        if not report.refused:
            return
        self.stdout.write("Reasons (a row may have several):")
        for (column, code), count in report.reasons.most_common(SHOWN_REASONS):
            example = report.examples[column, code]
            self.stdout.write(f"  {count:>8} {column or 'row'}: {example}")
        self.stdout.write("First errors:")
        for error in report.first_errors:
            value = f" [{error.value[:60]}]" if error.value else ""
            self.stdout.write(
                f"  row {error.row}, {error.column or error.field or 'row'}: {error.reason}{value}"
            )

    @staticmethod
    def _conclusion(report: ImportReport, options: dict[str, Any]) -> str:
        refused = f"{report.refused} rows were refused. " if report.refused else ""
        if options["dry_run"]:
            return f"{refused}This was a dry run: nothing was kept."
        if not report.is_kept:
            return f"{refused}Nothing was kept; with --skip-bad-rows the others would be."
        return f"{refused}{report.accepted} rows are in."


def found_user(username: str | None) -> User | None:
    if not username:
        return None
    user = User.objects.active().filter(username=username).first()
    if user is None:
        raise CommandError(f"There is no active user “{username}”.", returncode=2)
    return user


@contextmanager
def opened_for_errors(path: Path | None) -> Iterator[IO[str] | None]:
    if path is None:
        yield None
        return
    try:
        # With a mark, so that spreadsheets take it for UTF-8.
        stream = path.open("w", encoding="utf-8-sig", newline="")
    except OSError as error:
        raise CommandError(f"The errors cannot be written: {error}", returncode=2) from error
    with stream:
        yield stream
