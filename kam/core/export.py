"""Lists as files, CSV and XLSX: typed cells, and no text that a spreadsheet could take for a formula.

Rows are read and written one after the other, to a file that leaves memory when it grows: a list of
20,000 rows costs as many statements as one of 20, and no more memory.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from io import TextIOWrapper
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from django.contrib import messages
from django.core.cache import cache
from django.db.models import QuerySet
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from kam.core.clock import company_today
from kam.core.money import round_money

MOST_ROWS = {"csv": 50_000, "xlsx": 25_000}  # XLSX takes more than twice the time
READ_AT_ONCE = 2_000
IN_MEMORY = 1024 * 1024
LONGEST = 300  # seconds: an export that was cut off does not stand in the way for longer
LONGEST_CELL = 32_767  # of XLSX
# What Excel, LibreOffice or Google Sheets may take for the beginning of a formula, also in full width.
FORMULA = re.compile(r"[\t\r\n]|\s*[=+\-@＝＋－＠]")
# Where the list separator is another than ours, a cell may begin, and a row end, in the middle of a text.
FORMULA_WITHIN = re.compile(r"([;|\t\r\n][\s\"']*)(?=[=+\-@＝＋－＠])")
NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True)
class Column:
    """`value` takes a row to a text, a number, a day, a moment, yes or no, or None for an empty cell."""

    label: str
    value: Callable[[Any], Any]
    width: int = 16


def money(amount: Decimal | None, currency: str | None) -> Decimal | None:
    """An amount with the places of its currency."""
    return None if amount is None else round_money(amount, currency or "")


def person(row: Any, path: str) -> str:
    """As `str(user)` writes it, from the values at `path`."""
    full = f"{getattr(row, f'{path}__first_name') or ''} {getattr(row, f'{path}__last_name') or ''}".strip()
    return full or getattr(row, f"{path}__username") or ""


# --- Cells ------------------------------------------------------------------------------------
def safe_text(text: str) -> str:
    """A text that no spreadsheet takes for a formula, whatever it takes for the end of a cell."""
    text = FORMULA_WITHIN.sub(r"\1'", text)
    return f"'{text}" if FORMULA.match(text) else text


def plain(value: Any) -> Any:
    """A value as both formats take it: texts without what no file may hold, moments in the company's time."""
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, datetime):
        return timezone.make_naive(value, timezone.get_default_timezone()).replace(microsecond=0)
    if value is None or isinstance(value, date | int | Decimal):
        return value
    return NOT_XML.sub("", str(value))


def csv_cell(value: Any) -> str:
    value = plain(value)
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime):
        return value.isoformat(" ")
    return safe_text(value) if isinstance(value, str) else str(value)


# --- Files ------------------------------------------------------------------------------------
def write_csv(target: IO[bytes], columns: Sequence[Column], rows: Iterable[Any]) -> None:
    text = TextIOWrapper(target, encoding="utf-8-sig", newline="")  # the mark tells Excel that it is UTF-8
    writer = csv.writer(text)
    writer.writerow([csv_cell(column.label) for column in columns])
    writer.writerows([csv_cell(column.value(row)) for column in columns] for row in rows)
    text.flush()
    text.detach()


class Sheet:
    """The one sheet of a workbook, written row by row."""

    def __init__(self, target: IO[bytes], columns: Sequence[Column]) -> None:
        options = {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_numbers": False,
            "strings_to_urls": False,
        }
        import xlsxwriter  # noqa: PLC0415  7 MB of each process, which few exports need

        self.book = xlsxwriter.Workbook(target, options)
        self.book.set_properties({"created": datetime(2000, 1, 1)})  # noqa: DTZ001 the same rows, the same file
        self.sheet = self.book.add_worksheet()
        self.formats: dict[str, Any] = {}
        self.next_row = 0
        self.columns = columns
        for number, column in enumerate(columns):
            self.sheet.set_column(number, number, column.width)
        self.sheet.freeze_panes(1, 1)
        self.add([column.label for column in columns], look="bold")

    def add(self, values: Sequence[Any], look: str = "") -> None:
        for number, value in enumerate(values):
            self.write(number, plain(value), look)
        self.next_row += 1

    def write(self, number: int, value: Any, look: str) -> None:
        place = (self.next_row, number)
        if isinstance(value, date) and value.year >= 1900:  # Excel knows no day before
            kind = "yyyy-mm-dd hh:mm" if isinstance(value, datetime) else "yyyy-mm-dd"
            self.sheet.write_datetime(*place, value, self.format(kind))  # type: ignore[arg-type]
        elif isinstance(value, Decimal):
            places = max(0, -int(value.as_tuple().exponent))
            self.sheet.write_number(*place, value, self.format(f"#,##0.{'0' * places}".rstrip(".")))  # type: ignore[arg-type]
        elif isinstance(value, int):
            self.sheet.write_number(*place, value)
        elif value is not None and value != "":
            text = str(value)
            self.sheet.write_string(*place, text[:LONGEST_CELL], self.format(look) if look else None)

    def format(self, name: str) -> Any:
        if name not in self.formats:
            self.formats[name] = self.book.add_format(
                {"bold": True} if name == "bold" else {"num_format": name}
            )
        return self.formats[name]

    def close(self) -> None:
        self.sheet.autofilter(0, 0, max(self.next_row - 1, 1), len(self.columns) - 1)
        self.book.close()


def write_xlsx(target: IO[bytes], columns: Sequence[Column], rows: Iterable[Any]) -> None:
    sheet = Sheet(target, columns)
    for row in rows:
        sheet.add([column.value(row) for column in columns])
    sheet.close()


# --- Answers ----------------------------------------------------------------------------------
def export_response(
    request: HttpRequest, *, name: str, columns: Sequence[Column], rows: QuerySet, list_url: str
) -> HttpResponse | FileResponse:
    """The rows as the file that `?format=` asks for; of more than `MOST_ROWS` none, but back to the list.

    One at a time for each reader: whoever asks ten times in a row does not keep all processes busy.
    `rows` is read in pieces, so what a column shows must be in it (`values_list(named=True)`).
    """
    kind = "xlsx" if request.GET.get("format") == "xlsx" else "csv"
    if rows.order_by().values("pk")[: MOST_ROWS[kind] + 1].count() > MOST_ROWS[kind]:
        most = number_format(MOST_ROWS[kind], use_l10n=True, force_grouping=True)
        text = _("These are more than %(most)s rows: take fewer with a filter, then export them.")
        return _back_to(list_url, request, text % {"most": most})
    turn = f"export:{request.user.pk}"
    if not cache.add(turn, True, LONGEST):
        return _back_to(list_url, request, _("Your last export is still being made. Try again in a moment."))
    target: Any = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 the response closes it
    write = write_xlsx if kind == "xlsx" else write_csv
    try:
        write(target, columns, rows.iterator(chunk_size=READ_AT_ONCE))
    finally:
        cache.delete(turn)
    size = target.tell()
    target.seek(0)
    content_type = XLSX if kind == "xlsx" else "text/csv; charset=utf-8"
    filename = f"{name}-{company_today():%Y-%m-%d}.{kind}"
    if size > IN_MEMORY:
        return FileResponse(target, as_attachment=True, filename=filename, content_type=content_type)
    with target:
        response = HttpResponse(target.read(), content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{filename}"'
    return response


def _back_to(list_url: str, request: HttpRequest, why: str) -> HttpResponse:
    messages.error(request, why)
    return redirect(f"{list_url}?{request.GET.urlencode()}")
