"""CSV and XLSX files as rows of cells, with the row numbers a spreadsheet shows.

Files are read as they come: byte order mark, UTF-8 or Windows-1252, comma, semicolon, tab or bar.
What is too large is refused before it fills the memory.
"""

from __future__ import annotations

import csv
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import IO, Any

from django.utils.translation import gettext as _
from python_calamine import CalamineError, CalamineWorkbook

Cell = str | date
Row = tuple[int, list[Cell]]

MOST_ROWS = 1_000_000
MOST_COLUMNS = 500
LONGEST_CELL = 100_000
MOST_CELLS = 10_000_000  # of a sheet, empty ones included: a workbook is read as a whole
LARGEST_WORKBOOK = 300 * 1024 * 1024  # bytes, unpacked
PLACE = re.compile(rb'\br="([A-Z]{0,3})([0-9]{1,7})"')  # of a cell or, without letters, of a row
DELIMITERS = ",;\t|"
ZIP = b"PK\x03\x04"
OLD_WORKBOOK = b"\xd0\xcf\x11\xe0"
MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


class UnreadableFileError(Exception):
    """The file as a whole cannot be read; the message says why."""


@dataclass(frozen=True)
class FileFormat:
    """What a mapping may say about the file; what it leaves open is found out."""

    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    header_row: int = 1


@dataclass(frozen=True)
class Table:
    """A file that can be read from the start as often as needed."""

    path: Path
    format: FileFormat
    header: list[str]
    encoding: str = ""

    def rows(self) -> Iterator[Row]:
        """The rows below the header that are not empty. A row may be shorter than the header."""
        for number, cells in _read(self.path, self.format):
            if number > MOST_ROWS + self.format.header_row:
                raise UnreadableFileError(
                    _("The file has more than %(limit)s rows.") % {"limit": f"{MOST_ROWS:,}"}
                )
            if number > self.format.header_row and any(cell != "" for cell in cells):
                yield number, cells


def open_table(path: Path, file_format: FileFormat) -> Table:
    """Look at the file: its format and its header. Raises `UnreadableFileError`."""
    if not path.is_file():
        raise UnreadableFileError(_("There is no file “%(path)s”.") % {"path": path})
    if _starts_with(path, OLD_WORKBOOK):
        raise UnreadableFileError(_("This is an old Excel file: save it as XLSX or CSV."))
    if not _is_workbook(path):
        encoding = file_format.encoding or find_encoding(path)
        delimiter = file_format.delimiter or find_delimiter(path, encoding, file_format.header_row)
        file_format = FileFormat(encoding, delimiter, "", file_format.header_row)
    for number, cells in _read(path, file_format):
        if number == file_format.header_row:
            header = [str(cell).strip() for cell in cells]
            if not any(header):
                break
            return Table(path, file_format, header, file_format.encoding)
    message = _("Row %(row)s, which should name the columns, is empty.")
    raise UnreadableFileError(message % {"row": file_format.header_row})


def _read(path: Path, file_format: FileFormat) -> Iterator[Row]:
    return _read_workbook(path, file_format) if _is_workbook(path) else _read_csv(path, file_format)


def _is_workbook(path: Path) -> bool:
    return _starts_with(path, ZIP)


def _starts_with(path: Path, mark: bytes) -> bool:
    with path.open("rb") as stream:
        return stream.read(len(mark)) == mark


# --- CSV ------------------------------------------------------------------------------------
def find_encoding(path: Path) -> str:
    """By its byte order mark, else UTF-8 if all of it is, else Windows-1252."""
    with path.open("rb") as stream:
        start = stream.read(3)
    for mark, encoding in MARKS.items():
        if start.startswith(mark):
            return encoding
    for encoding in ("utf-8", "cp1252"):
        try:
            with path.open(encoding=encoding, newline="") as text:
                while text.read(1 << 20):
                    pass
        except UnicodeDecodeError:
            continue
        return encoding
    raise UnreadableFileError(
        _("The file is neither UTF-8 nor Windows-1252: name its encoding in the mapping.")
    )


def find_delimiter(path: Path, encoding: str, header_row: int) -> str:
    """The one that splits the header into most columns."""
    best, columns = ",", 1
    for delimiter in DELIMITERS:
        for number, cells in _read_csv(path, FileFormat(encoding, delimiter)):
            if number == header_row:
                if len(cells) > columns:
                    best, columns = delimiter, len(cells)
                break
    return best


def _read_csv(path: Path, file_format: FileFormat) -> Iterator[Row]:
    csv.field_size_limit(LONGEST_CELL)
    number = 0
    try:
        with path.open(encoding=file_format.encoding, newline="") as stream:
            reader = csv.reader(stream, delimiter=file_format.delimiter, strict=True)
            for number, cells in enumerate(reader, start=1):
                if len(cells) > MOST_COLUMNS:
                    raise UnreadableFileError(_too_wide(number))
                yield number, cells  # type: ignore[misc]
    except csv.Error as error:
        message = _("Row %(row)s cannot be read: %(error)s. Is a quotation mark missing?")
        raise UnreadableFileError(message % {"row": number + 1, "error": error}) from error
    except (UnicodeDecodeError, LookupError) as error:
        message = _("The file cannot be read as %(encoding)s, from about row %(row)s on.")
        raise UnreadableFileError(message % {"encoding": file_format.encoding, "row": number + 1}) from error


def _too_wide(number: int) -> str:
    return _("Row %(row)s has more than %(limit)s columns.") % {"row": number, "limit": MOST_COLUMNS}


# --- XLSX -----------------------------------------------------------------------------------
def _read_workbook(path: Path, file_format: FileFormat) -> Iterator[Row]:
    _check_size(path)
    try:
        workbook = CalamineWorkbook.from_path(path)
        names = workbook.sheet_names
        name = file_format.sheet or names[0]
        if name not in names:
            known = ", ".join(names)
            raise UnreadableFileError(
                _("There is no sheet “%(name)s”; there are: %(known)s.") % {"name": name, "known": known}
            )
        sheet = workbook.get_sheet_by_name(name)
        # Rows above and columns left of the first filled cell count, as they do on the screen.
        rows = sheet.to_python(skip_empty_area=False)
    except (CalamineError, IndexError, OSError) as error:
        raise UnreadableFileError(_("The workbook cannot be read: %(error)s.") % {"error": error}) from error
    for number, cells in enumerate(rows, start=1):
        if len(cells) > MOST_COLUMNS:
            raise UnreadableFileError(_too_wide(number))
        yield number, [_as_cell(cell) for cell in cells]


def _check_size(path: Path) -> None:
    """Before unpacking: a small file can unpack to gigabytes, and two cells can span a billion."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = {entry.filename: entry.file_size for entry in archive.infolist()}
            if "xl/workbook.xml" not in entries:
                raise UnreadableFileError(_("Only CSV and XLSX files can be read."))
            if sum(entries.values()) > LARGEST_WORKBOOK:
                raise UnreadableFileError(_("The workbook is too large: save it as CSV."))
            for name in entries:
                if name.startswith("xl/worksheets/") and name.endswith(".xml"):
                    with archive.open(name) as stream:
                        _check_span(stream)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise UnreadableFileError(_("The workbook cannot be read: %(error)s.") % {"error": error}) from error


def _check_span(stream: IO[bytes]) -> None:
    rows = columns = 0
    rest = b""
    while chunk := stream.read(1 << 20):
        text = rest + chunk
        for letters, digits in PLACE.findall(text):
            rows = max(rows, int(digits))
            columns = max(columns, len(letters) and _column_number(letters))
        rest = text[-100:]
    if columns > MOST_COLUMNS or rows > MOST_ROWS or rows * columns > MOST_CELLS:
        message = _("The sheet spans %(rows)s rows and %(columns)s columns, which is too many.")
        raise UnreadableFileError(message % {"rows": f"{rows:,}", "columns": f"{columns:,}"})


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number


def _as_cell(value: Any) -> Cell:
    """Numbers as text without the `.0` that spreadsheets keep; dates as dates."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime):
        return value.date() if value.time() == time(0) else value.isoformat(sep=" ")
    return value if isinstance(value, date) else str(value)
