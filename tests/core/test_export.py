"""Cells of exported files: typed values, and no text that a spreadsheet takes for a formula."""

from __future__ import annotations

import csv
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO, StringIO
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from kam.core.export import LONGEST_CELL, Column, safe_text, write_csv, write_xlsx

pytestmark = pytest.mark.any_database

HARMFUL = (
    "=1+1",
    "+49 30 1234",
    "-5 apples",
    "@SUM(A1)",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "  =1+1",
    "＝1+1",
    "＋1",
    "=cmd|' /C calc'!A0",
)
HARMLESS = ("5 - 3 = 2", "yes; no", "one\ntwo - three", "a@b.example", "Müller & Söhne", "'quoted", "1-2", "")


def files_of(*rows: tuple[Any, ...]) -> tuple[list[list[str]], list[list[Any]]]:
    """The rows as both files give them back, without the head."""
    columns = [Column(f"={number}", lambda row, at=number: row[at]) for number in range(len(rows[0]))]
    as_csv, as_xlsx = BytesIO(), BytesIO()
    write_csv(as_csv, columns, rows)
    write_xlsx(as_xlsx, columns, rows)
    text = as_csv.getvalue().decode("utf-8-sig")
    sheet = CalamineWorkbook.from_filelike(BytesIO(as_xlsx.getvalue())).get_sheet_by_index(0)
    assert text.splitlines()[0].startswith("'=0")
    return list(csv.reader(StringIO(text, newline="")))[1:], sheet.to_python()[1:]


@pytest.mark.parametrize("text", HARMFUL, ids=range(len(HARMFUL)))
def test_text_that_begins_like_a_formula_is_told_from_one(text: str) -> None:
    in_csv, in_xlsx = files_of((text,))

    assert in_csv[0][0].startswith("'")
    assert in_csv[0][0].replace("'", "") == text.replace("'", "")
    assert str(in_xlsx[0][0]).replace("\r", "\n") == text.replace("\r", "\n")  # a text cell, as it is


@pytest.mark.parametrize("separator", [";", "\t", "|", "\n", "\r"], ids=range(5))
@pytest.mark.parametrize("text", ["a{}=1+1", 'a{} "@SUM(A1)', "a{}{}-1", "a{}＝1"], ids=range(4))
def test_no_formula_begins_where_another_separator_ends_a_cell(separator: str, text: str) -> None:
    """Excel takes the list separator of the reader's country, and then our quotes for plain characters."""
    text = text.replace("{}", separator)
    target = BytesIO()

    write_csv(target, [Column("A", lambda row: row), Column("B", lambda row: row)], [text])

    cells = re.split(f"[{separator}\n\r,]", target.getvalue().decode("utf-8-sig"))
    assert not [cell for cell in cells if re.match(r'[\s"]*[=+\-@＝]', cell)]
    assert files_of((text,))[1][0][0].replace("\r", "\n") == text.replace("\r", "\n")


def test_other_texts_stay_as_they_are() -> None:
    assert [safe_text(text) for text in HARMLESS] == [*HARMLESS]


def test_workbook_holds_no_formula_and_no_link() -> None:
    import zipfile

    target = BytesIO()
    write_xlsx(target, [Column("=A", lambda row: row)], [*HARMFUL, "https://evil.example", "{=1}"])

    with zipfile.ZipFile(target) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
        parts = set(book.namelist())
    assert "<f>" not in sheet
    assert "<f " not in sheet
    assert "hyperlink" not in sheet
    assert not {part for part in parts if "external" in part or part.endswith("sheet1.xml.rels")}


def test_numbers_days_and_moments_stay_what_they_are() -> None:
    moment = datetime(2026, 3, 1, 23, 30, 5, 77, tzinfo=UTC)
    row = (Decimal("-1234.50"), -5, date(2026, 2, 28), moment, True, None, date(1852, 3, 1))

    in_csv, in_xlsx = files_of(row)

    assert in_csv[0] == ["-1234.50", "-5", "2026-02-28", "2026-03-01 23:30:05", "Yes", "", "1852-03-01"]
    assert in_xlsx[0][:3] == [-1234.5, -5, date(2026, 2, 28)]
    assert in_xlsx[0][3] == datetime(2026, 3, 1, 23, 30, 5)  # noqa: DTZ001 a cell has no zone
    assert in_xlsx[0][4:] == ["Yes", "", "1852-03-01"]


def test_what_no_file_may_hold_is_left_out_and_long_texts_end() -> None:
    in_csv, in_xlsx = files_of(("a\x00b\x0bc\ud800", "x" * (LONGEST_CELL + 10), 'with "quotes", and\nlines'))

    assert in_csv[0][0] == in_xlsx[0][0] == "abc"
    assert len(in_xlsx[0][1]) == LONGEST_CELL
    assert in_csv[0][2] == in_xlsx[0][2] == 'with "quotes", and\nlines'
