"""Files into records: reading, mapping, converting, and a report of every row that was refused."""

from __future__ import annotations

import csv
import io
import json
import tempfile
import tomllib
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase as HypothesisTestCase

from crm.importing import (
    ImportOptions,
    ImportReport,
    MappingError,
    UnreadableFileError,
    import_file,
    readers,
    runs,
)
from crm.importing.mapping import read_mapping
from crm.importing.report import harmless
from crm.importing.runs import tree_levels
from crm.models import Account, AccountEdge, Contact, Opportunity, OpportunityLine, Product
from kam.core.models import Change
from tests import factories
from tests.crm.files import write_csv, write_xlsx

DEALS = """
kind = "opportunities"
source = "export"

[formats]
dates = "%d-%m-%y"
decimal = ","
thousands = "."

[fields]
external_id = "Id"
name = { join = ["Product", "Customer"], with = " for " }
account = { column = "Customer", by = "external_id" }
stage = { column = "Stage", values = { "closed won" = "Won", "*" = "Proposal" } }
amount = { column = "Value", default = 0 }
currency = { constant = "EUR" }
close_date = "Closes"
"line.product" = { column = "Product", values = { "GTXPro" = "GTX Pro" } }

[[skip_when]]
column = "Stage"
is = ["test"]
"""
HEADER = ["Id", "Customer", "Product", "Stage", "Value", "Closes", "Remark"]
GOOD = ["1", "Acme", "GTXPro", "closed won", "1.054,50", "29-02-24", ""]


def row(*changes: tuple[int, str]) -> list[str]:
    cells = list(GOOD)
    for place, text in changes:
        cells[place] = text
    return cells


@pytest.fixture
def catalog(db: None) -> None:
    factories.won_stage()
    factories.open_stage()
    factories.create_account("Acme Corp", source="export", external_id="Acme")
    factories.create_product("GTX Pro", code="GTX Pro")


@pytest.fixture
def deals(tmp_path: Path, catalog: None) -> Callable[..., ImportReport]:
    """`deals(rows)`: import these rows of opportunities by the mapping above."""
    (tmp_path / "deals.toml").write_text(DEALS, encoding="utf-8")

    def run(*rows: Sequence[str], header: Sequence[str] = HEADER, **options: Any) -> ImportReport:
        path = write_csv(tmp_path / "deals.csv", [header, *rows])
        return import_file(
            kind="opportunities",
            path=path,
            mapping_path=tmp_path / "deals.toml",
            options=ImportOptions(**options),
        )

    return run


def places(report: ImportReport) -> list[tuple[int, str, str]]:
    return [(error.row, error.column, error.code) for error in report.first_errors]


def stored() -> Any:
    return Opportunity.objects.unscoped("test")


class TestMapping:
    def test_a_row_is_read_as_the_mapping_says(self, deals: Any) -> None:
        report = deals(GOOD)

        deal = stored().select_related("stage", "account").get()
        assert (report.created, report.refused, report.is_kept) == (1, 0, True)
        assert (deal.external_id, deal.source, deal.name) == ("1", "export", "GTXPro for Acme")
        assert (deal.account.name, deal.stage.name) == ("Acme Corp", "Won")
        assert (deal.amount, deal.currency, deal.close_date) == (Decimal("1054.5"), "EUR", date(2024, 2, 29))
        line = OpportunityLine.objects.unscoped("test").select_related("product").get()
        assert (line.product.name, line.amount) == ("GTX Pro", Decimal("1054.5"))

    def test_other_values_defaults_and_rows_to_skip(self, deals: Any) -> None:
        report = deals(row((3, "wooing"), (4, "")), row((0, "2"), (3, "test")), row((0, ""), (3, "test")))

        deal = stored().select_related("stage").get()
        assert (deal.stage.name, deal.amount) == ("Proposal", 0)
        assert (report.rows, report.skipped, report.created) == (3, 2, 1)

    def test_an_empty_product_takes_the_lines_away(self, deals: Any) -> None:
        deals(GOOD)
        report = deals(row((2, "")))

        assert report.updated == 1
        assert not OpportunityLine.objects.unscoped("test").exists()

    @pytest.mark.parametrize(
        ("place", "text", "column", "code"),
        [
            (1, "", "Customer", "required"),
            (1, "Nobody", "Customer", "not_found"),
            (2, "GTX Plus", "Product", "not_found"),
            (4, "12,345", "Value", "max_decimal_places"),
            (4, "12.34", "Value", "invalid"),
            (4, "1e400", "Value", "invalid"),
            (4, "10^400", "Value", "invalid"),
            (4, "9" * 400, "Value", "invalid"),
            (4, "NaN", "Value", "invalid"),
            (4, "-", "Value", "invalid"),
            (4, "=1+1", "Value", "invalid"),
            (5, "", "Closes", "required"),
            (5, "29-02-23", "Closes", "invalid_date"),
            (5, "2023-02-28", "Closes", "invalid_date"),
            (5, "00-00-00", "Closes", "invalid_date"),
            (0, "", "Id", "required"),
            (0, "nul\x00", "Id", "unstorable"),
            (0, "x" * 201, "Id", "max_length"),
        ],
    )
    def test_what_is_wrong_is_told_with_row_and_column(
        self, deals: Any, place: int, text: str, column: str, code: str
    ) -> None:
        report = deals(
            row((0, "A")), row((0, "B")), row((place, text)) if place == 0 else row((0, "C"), (place, text))
        )

        assert places(report) == [(4, column, code)]
        assert report.first_errors[0].value == text
        assert (report.refused, report.is_kept, stored().count()) == (1, False, 0)

    def test_an_emoji_and_a_line_break_are_text(self, deals: Any) -> None:
        Account.objects.unscoped("test").update(external_id="Acme\n🌊")

        report = deals(row((1, "Acme\n🌊")), row((0, "2"), (5, "x"), (1, "Acme\n🌊")), skip_bad_rows=True)

        assert stored().get().name == "GTXPro for Acme\n🌊"
        assert places(report) == [(3, "Closes", "invalid_date")]  # a record of two lines is one row

    @pytest.mark.parametrize(
        ("text", "complaint"),
        [
            ("kind = ", "no valid TOML"),
            ('kind = "accounts"', "kind: this mapping is for “accounts”"),
            ("colour = 1", "colour: there is no such option"),
            ("fields = 1", "fields: give a table"),
            ("", "fields: name at least one field"),
            (
                '[fields]\ncolour = "Id"',
                "fields.colour: opportunities have no such field; they have account,",
            ),
            ('[fields]\nlines = "Id"', "fields.lines: opportunities have no such field"),
            ('[fields]\n"line.colour" = "Id"', "fields.line.colour: opportunities have no such field"),
            ('[fields]\nname = "Titel"', "fields.name: the file has no column “Titel”; it has Id, Customer,"),
            ('[fields]\nname = { colour = "Id" }', "fields.name.colour: there is no such option"),
            ("[fields]\nname = {}", "fields.name: give one of column, join and constant"),
            (
                '[fields]\nname = { column = "Id", constant = 1 }',
                "fields.name: give one of column, join and constant",
            ),
            ("[fields]\nname = { column = 1 }", "fields.name.column: give a text"),
            ("[fields]\nname = { join = [1] }", "fields.name.join: give a text or a list of texts"),
            ("[fields]\nname = { constant = [] }", "fields.name.constant: give a text, a number"),
            ('[fields]\nname = { column = "Id", values = 1 }', "fields.name.values: give a table"),
            ('[fields]\nname = { column = "Id", values = { a = [] } }', "fields.name.values.a: give a text"),
            ('[fields]\nname = { column = "Id", by = "code" }', "fields.name.by: only references"),
            (
                '[fields]\naccount = { column = "Id", by = "code" }',
                "fields.account.by: give one of external_id, id, name",
            ),
            ('[fields]\nname = "Id"\n[formats]\ndates = "DD-MM"', "formats.dates: “DD-MM” is no date format"),
            (
                '[fields]\nname = "Id"\n[formats]\ndecimal = "."\nthousands = "."',
                "formats.: the decimal mark",
            ),
            (
                '[fields]\nname = "Id"\n[file]\nencoding = "klingon"',
                "file.encoding: “klingon” is no encoding",
            ),
            ('[fields]\nname = "Id"\n[file]\ndelimiter = "::"', "file.delimiter: give one character"),
            ('[fields]\nname = "Id"\n[file]\nheader_row = 0', "file.header_row: give the number of a row"),
            ('repeated = "twice"\n[fields]\nname = "Id"', "repeated: give one of refuse, merge"),
            ('skip_when = 1\n[fields]\nname = "Id"', "skip_when: give a list"),
            ('[fields]\nname = "Id"\n[[skip_when]]\ncolumn = "Id"', "skip_when.0: give a column and one of"),
            (
                '[fields]\nname = "Id"\n[[skip_when]]\ncolumn = "X"\nempty = true',
                "skip_when: the file has no column “X”",
            ),
        ],
    )
    def test_a_wrong_mapping_says_where(self, tmp_path: Path, deals: Any, text: str, complaint: str) -> None:
        (tmp_path / "deals.toml").write_text(text, encoding="utf-8")

        with pytest.raises(MappingError) as caught:
            deals(GOOD)

        assert complaint in str(caught.value)

    def test_a_mapping_may_be_json(self, tmp_path: Path, catalog: None) -> None:
        mapping = {"source": "export", "fields": {"external_id": "Nr", "name": "Name"}}
        (tmp_path / "m.json").write_text(json.dumps(mapping), encoding="utf-8")
        path = write_csv(tmp_path / "a.csv", [["Nr", "Name"], ["7", "Seven"]])

        report = import_file(kind="accounts", path=path, mapping_path=tmp_path / "m.json")

        assert report.created == 1

    def test_a_column_that_is_there_twice_is_not_guessed(self, deals: Any) -> None:
        with pytest.raises(MappingError, match="several columns of the file are called “Id”"):
            deals(GOOD, header=["Id", "Customer", "Product", "Stage", "Value", "Closes", "Id"])

    def test_a_file_that_speaks_our_language_needs_no_mapping(self, tmp_path: Path, catalog: None) -> None:
        factories.create_user("ann")
        header = "source external_id account.external_id name stage.name amount currency close_date owner.username "
        header += "line.product.code line.quantity contacts.name"
        factories.create_contact(Account.objects.unscoped("test").get(), "Ines")
        cells = [
            "export",
            "1",
            "Acme",
            "Deal",
            "Won",
            "10.5",
            "USD",
            "2024-02-29",
            "ann",
            "GTX Pro",
            "3",
            "Ines",
        ]
        path = write_csv(tmp_path / "deals.csv", [header.split(), cells])

        report = import_file(kind="opportunities", path=path)
        again = import_file(kind="opportunities", path=path)

        assert (report.created, again.unchanged, report.first_errors) == (1, 1, [])
        assert stored().get().contacts.unscoped("test").get().name == "Ines"

    @pytest.mark.parametrize("header", ["colour", "account.colour", "name,name"])
    def test_without_a_mapping_the_columns_must_be_known(self, tmp_path: Path, db: None, header: str) -> None:
        path = write_csv(tmp_path / "a.csv", [header.split(","), ["x", "y"]])

        with pytest.raises(MappingError):
            import_file(kind="opportunities", path=path)

    def test_lists_of_references_are_split(self, tmp_path: Path, catalog: None) -> None:
        account = Account.objects.unscoped("test").get()
        for number in "12":
            factories.create_contact(account, source="export", external_id=number)
        (tmp_path / "deals.toml").write_text(
            DEALS.replace("[[skip", 'contacts = "Remark"\n[[skip'), encoding="utf-8"
        )
        path = write_csv(tmp_path / "deals.csv", [HEADER, row((6, "1; 2 ;"))])

        report = import_file(kind="opportunities", path=path, mapping_path=tmp_path / "deals.toml")

        assert report.created == 1
        assert Contact.objects.unscoped("test").filter(opportunities=stored().get()).count() == 2

    def test_the_examples_in_the_docs_are_sound(self) -> None:
        examples = sorted(Path("docs/examples/import").glob("*.toml"))
        assert len(examples) >= 6
        for path in examples:
            data = tomllib.loads(path.read_text(encoding="utf-8"))
            assert read_mapping(data, kind=data["kind"]).fields


class TestReading:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
    @pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
    def test_encoding_and_delimiter_are_found_out(
        self, tmp_path: Path, catalog: None, encoding: str, delimiter: str
    ) -> None:
        text = io.StringIO(newline="")
        writer = csv.writer(text, delimiter=delimiter)
        writer.writerows([["source", "external_id", "name"], ["x", "1", "Müller, Söhne; & Co – „gut“"]])
        path = tmp_path / "a.csv"
        path.write_bytes(text.getvalue().encode(encoding))

        import_file(kind="accounts", path=path)

        assert Account.objects.unscoped("test").get(external_id="1").name == "Müller, Söhne; & Co – „gut“"

    def test_empty_lines_count_and_are_left_out(self, tmp_path: Path, db: None) -> None:
        path = tmp_path / "a.csv"
        path.write_text("source,external_id,name\n\nx,1,One\n,,\nx,2,\n", encoding="utf-8")

        report = import_file(kind="accounts", path=path)

        assert (report.rows, report.refused) == (2, 1)
        assert places(report) == [(5, "name", "required")]

    def test_short_rows_are_filled_and_long_ones_refused(self, tmp_path: Path, db: None) -> None:
        path = tmp_path / "a.csv"
        path.write_text(
            "source,external_id,name,website\nx,1,One\nx,2,Two,,\nx,3,Three,,surplus\n", encoding="utf-8"
        )

        report = import_file(kind="accounts", path=path, options=ImportOptions(skip_bad_rows=True))

        assert (report.created, places(report)) == (2, [(4, "", "too_many_cells")])

    @pytest.mark.parametrize(
        ("content", "complaint"),
        [
            (b"", "Row 1, which should name the columns, is empty"),
            (b"\n\n", "Row 1, which should name the columns, is empty"),
            (b'source,name\n"x,1\n', "Row 2 cannot be read"),
            (b'source,name\n"x"y,1\n', "Row 2 cannot be read"),
            (b"source,name\nx," + b"y" * 200_000, "Row 2 cannot be read"),
            (b"name\n\x81\x8d", "neither UTF-8 nor Windows-1252"),
            (b"," * 600, "Row 1 has more than 500 columns"),
            (b"\xd0\xcf\x11\xe0old", "an old Excel file"),
            (b"PK\x03\x04nonsense", "The workbook cannot be read"),
        ],
    )
    def test_a_file_that_cannot_be_read_says_why(
        self, tmp_path: Path, db: None, content: bytes, complaint: str
    ) -> None:
        path = tmp_path / "a.csv"
        path.write_bytes(content)

        with pytest.raises(UnreadableFileError) as caught:
            import_file(kind="accounts", path=path)

        assert complaint in str(caught.value)

    def test_a_file_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(UnreadableFileError, match="There is no file"):
            import_file(kind="accounts", path=tmp_path / "none.csv")

    def test_too_many_rows_are_refused(
        self, tmp_path: Path, db: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(readers, "MOST_ROWS", 2)
        rows = [["x", str(n), "n"] for n in range(3)]
        path = write_csv(tmp_path / "a.csv", [["source", "external_id", "name"], *rows])

        with pytest.raises(UnreadableFileError, match="more than 2 rows"):
            import_file(kind="accounts", path=path)
        assert not Account.objects.unscoped("test").exists()

    def test_a_workbook_is_read_with_its_own_row_numbers(self, tmp_path: Path, catalog: None) -> None:
        (tmp_path / "deals.toml").write_text(
            DEALS.replace('decimal = ","\nthousands = "."', ""), encoding="utf-8"
        )
        good = ["1", "Acme", "GTXPro", "closed won", 1054.5, date(2024, 2, 29), ""]
        bad = ["2", "Acme", "GTXPro", "closed won", "many", 45.5, ""]
        path = write_xlsx(tmp_path / "deals.xlsx", {1: HEADER, 2: good, 5: bad})

        report = import_file(
            kind="opportunities",
            path=path,
            mapping_path=tmp_path / "deals.toml",
            options=ImportOptions(skip_bad_rows=True),
        )

        assert stored().get().close_date == date(2024, 2, 29)
        assert (stored().get().amount, report.created) == (Decimal("1054.5"), 1)
        assert places(report) == [(5, "Value", "invalid"), (5, "Closes", "invalid_date")]

    def test_whole_numbers_of_a_workbook_are_ids_without_a_fraction(self, tmp_path: Path, db: None) -> None:
        path = write_xlsx(tmp_path / "a.xlsx", {1: ["source", "external_id", "name"], 2: ["x", 4711.0, True]})

        import_file(kind="accounts", path=path)

        account = Account.objects.unscoped("test").get()
        assert (account.external_id, account.name) == ("4711", "true")

    def test_a_workbook_that_unpacks_to_too_much_is_refused(
        self, tmp_path: Path, db: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = write_xlsx(
            tmp_path / "a.xlsx", {1: ["source", "external_id", "name"], 2: ["x", "1", "y" * 1_000]}
        )
        monkeypatch.setattr(readers, "LARGEST_WORKBOOK", 1_000)

        with pytest.raises(UnreadableFileError, match="too large"):
            import_file(kind="accounts", path=path)

    def test_two_far_cells_do_not_fill_the_memory(self, tmp_path: Path, db: None) -> None:
        path = write_xlsx(tmp_path / "a.xlsx", {1: ["name"], 1_048_576: ["x"]}, last_column="XFD")

        with pytest.raises(UnreadableFileError, match="1,048,576 rows and 16,384 columns"):
            import_file(kind="accounts", path=path)

    def test_the_sheet_can_be_named(self, tmp_path: Path, db: None) -> None:
        path = write_xlsx(tmp_path / "a.xlsx", {1: ["Nr", "Name"], 2: ["1", "One"]}, sheet="Data")
        mapping = tmp_path / "m.toml"
        text = 'source = "x"\n[file]\nsheet = "{}"\n[fields]\nexternal_id = "Nr"\nname = "Name"\n'

        mapping.write_text(text.format("Data"), encoding="utf-8")
        assert import_file(kind="accounts", path=path, mapping_path=mapping).created == 1
        mapping.write_text(text.format("Other"), encoding="utf-8")
        with pytest.raises(UnreadableFileError, match="no sheet “Other”; there are: Data"):
            import_file(kind="accounts", path=path, mapping_path=mapping)


class TestWholeFiles:
    def test_a_key_that_comes_again_names_the_first_row(
        self, deals: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(runs, "BATCH", 2)

        report = deals(GOOD, row((0, "2")), row((0, "3")), row((0, "1"), (4, "5")), skip_bad_rows=True)

        assert places(report) == [(5, "Id", "duplicate")]
        assert "Row 2" in report.first_errors[0].reason
        assert (report.created, report.refused) == (3, 1)

    def test_repeated_rows_can_be_one_as_long_as_they_agree(self, tmp_path: Path, db: None) -> None:
        mapping = tmp_path / "m.toml"
        mapping.write_text('repeated = "merge"\n[fields]\ncode = "S"\nname = "N"\n', encoding="utf-8")
        path = write_csv(tmp_path / "c.csv", [["S", "N"], ["A", "1"], ["A", "1"], ["A", "2"], ["B", "1"]])

        report = import_file(
            kind="product-categories",
            path=path,
            mapping_path=mapping,
            options=ImportOptions(skip_bad_rows=True),
        )

        assert (report.created, report.repeated, report.refused) == (2, 1, 1)
        assert places(report) == [(4, "S", "duplicate")]

    def test_keys_of_several_columns_are_compared_as_a_whole(self, tmp_path: Path, db: None) -> None:
        header = ["currency", "valid_from", "rate"]
        rows = [["EUR", "2024-01-01", "1.1"], ["GBP", "2024-01-01", "1.3"], ["EUR", "2024-02-01", "1.2"]]
        path = write_csv(tmp_path / "r.csv", [header, *rows, ["EUR", "2024-01-01", "1.4"]])

        report = import_file(kind="exchange-rates", path=path, options=ImportOptions(skip_bad_rows=True))

        assert (report.created, [place[0] for place in places(report)]) == (3, [5])

    @pytest.mark.parametrize("batch", [2, 3, 100])
    def test_parents_may_stand_anywhere_in_the_file(
        self, tmp_path: Path, db: None, monkeypatch: pytest.MonkeyPatch, batch: int
    ) -> None:
        monkeypatch.setattr(runs, "BATCH", batch)
        header = ["source", "external_id", "name", "parent.external_id"]
        parents = {"e": "d", "d": "c", "c": "b", "b": "a", "a": "", "f": "b", "x": "y", "y": "x", "z": "x"}
        rows = [["s", child, child, parent] for child, parent in parents.items()]
        path = write_csv(tmp_path / "a.csv", [header, *rows])
        options = ImportOptions(skip_bad_rows=True, source="s")

        report = import_file(kind="accounts", path=path, options=options)
        again = import_file(kind="accounts", path=path, options=options)

        assert (report.created, report.refused) == (6, 3)
        assert (again.created, again.updated, again.unchanged, again.refused) == (0, 0, 6, 3)
        assert {place[0] for place in places(report)} == {8, 9, 10}
        deep = AccountEdge.objects.filter(ancestor__name="a").values_list("descendant__name", "depth")
        assert dict(deep) == {"a": 0, "b": 1, "c": 2, "f": 2, "d": 3, "e": 4}

    def test_a_second_import_writes_nothing(self, deals: Any) -> None:
        rows = [row((0, str(number))) for number in range(20)]
        deals(*rows)
        before = Change.objects.unscoped("test").count()

        report = deals(*rows)

        assert (report.unchanged, report.created, report.updated) == (20, 0, 0)
        assert Change.objects.unscoped("test").count() == before

    def test_a_dry_run_keeps_nothing_and_says_the_same(self, deals: Any) -> None:
        rows = [GOOD, row((0, "2"), (5, "x"))]

        dry = deals(*rows, dry_run=True, skip_bad_rows=True)
        real = deals(*rows, skip_bad_rows=True)

        assert (dry.created, dry.refused, dry.is_kept) == (1, 1, False)
        assert (real.created, real.refused, real.is_kept) == (1, 1, True)
        assert dry.first_errors == real.first_errors

    def test_changes_are_attributed_to_the_import(self, deals: Any) -> None:
        deals(GOOD)

        entry = Change.objects.unscoped("test").filter(model="crm.opportunity").get()
        assert (entry.source, entry.reason, entry.actor_id) == ("import", "import of deals.csv", None)

    def test_the_list_of_errors_holds_no_formula(self, tmp_path: Path, deals: Any) -> None:
        errors = io.StringIO()
        path = write_csv(tmp_path / "deals.csv", [HEADER, row((1, "=1+1")), row((0, "2"), (1, "+49 30"))])

        import_file(kind="opportunities", path=path, mapping_path=tmp_path / "deals.toml", errors=errors)

        lines = list(csv.DictReader(io.StringIO(errors.getvalue())))
        assert [(line["row"], line["column"], line["value"]) for line in lines] == [
            ("2", "Customer", "'=1+1"),
            ("3", "Customer", "'+49 30"),
        ]
        assert not any(cell.startswith(("=", "+", "-", "@")) for line in lines for cell in line.values())
        assert harmless("fine") == "fine"


def test_levels_of_a_tree_with_a_ring() -> None:
    parents = {1: None, 2: 1, 3: 2, 4: 5, 5: 4, 6: 5, 7: 7}

    assert tree_levels(parents) == {1: 0, 2: 1, 3: 2, 4: 3, 5: 3, 6: 3, 7: 3}


# --- Generated files ------------------------------------------------------------------------
GOOD_CELLS = st.fixed_dictionaries(
    {
        "customer": st.sampled_from(["A1", "A2"]),
        "value": st.decimals(-(10**6), 10**6, places=2).map(str),
        "day": st.dates(date(1990, 1, 1), date(2060, 12, 31)).map(str),
        "note": st.text(
            st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zs", "Zl", "Zp"]), max_size=20
        ),
    }
)
DIRT = st.sampled_from(
    [
        ("customer", "", "required"),
        ("customer", "A3", "not_found"),
        ("customer", "nul\x00", "unstorable"),
        ("value", "", "required"),
        ("value", "x", "invalid"),
        ("value", "1e400", "invalid"),
        ("value", "0.0001", "max_decimal_places"),
        ("value", "1000000000001", "max_value"),
        ("day", "2023-02-29", "invalid_date"),
        ("day", "soon", "invalid_date"),
        ("note", "x" * 501, "max_length"),
        ("id", "", "required"),
        ("id", "again", "duplicate"),
    ]
)


class TestGeneratedFiles(HypothesisTestCase):
    """Whatever the dirt: each bad row is reported with its row and columns, each sound one is in."""

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        rows=st.lists(st.tuples(GOOD_CELLS, st.lists(DIRT, max_size=2)), max_size=12),
        blank_lines=st.sets(st.integers(0, 12)),
        batch=st.integers(1, 6),
    )
    def test_accepted_and_refused_are_all(self, rows: Any, blank_lines: set[int], batch: int) -> None:
        factories.open_stage()
        for key in ("A1", "A2"):
            if not Account.objects.unscoped("test").filter(external_id=key).exists():
                factories.create_account(source="s", external_id=key)
        content, expected = self._file(rows, blank_lines)
        with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
            path = Path(folder) / "generated.csv"
            path.write_bytes(content)
            patch.setattr(runs, "BATCH", batch)
            errors = io.StringIO()
            options = ImportOptions(skip_bad_rows=True, source="s")
            first = import_file(kind="opportunities", path=path, options=options, errors=errors)
            second = import_file(kind="opportunities", path=path, options=options)

        lines = list(csv.DictReader(io.StringIO(errors.getvalue())))
        found = {(int(line["row"]), line["column"], line["code"]) for line in lines}
        assert found == expected
        assert len(lines) == len(found)
        assert first.refused == len({number for number, _column, _code in expected})
        assert first.created + first.refused == first.rows == len(rows)
        assert (second.created, second.updated, second.unchanged) == (0, 0, first.created)
        assert second.refused == first.refused

    @staticmethod
    def _file(rows: Any, blank_lines: set[int]) -> tuple[bytes, set[tuple[int, str, str]]]:
        header = [
            "external_id",
            "account.external_id",
            "name",
            "stage.name",
            "amount",
            "currency",
            "close_date",
        ]
        columns = {"customer": 1, "value": 4, "day": 6, "note": 7, "id": 0}
        header.append("next_step")
        text = io.StringIO(newline="")
        writer = csv.writer(text)
        writer.writerow(header)
        number, again = 1, False
        expected = set()
        for position, (cells, dirt) in enumerate(rows):
            if position in blank_lines:
                text.write("\r\n")
                number += 1
            number += 1
            wrong = {name: (value, code) for name, value, code in dirt}
            values = {
                **cells,
                "id": f"O{position}",
                **{name: value for name, (value, _code) in wrong.items()},
            }
            line = [
                values["id"],
                values["customer"],
                "Deal",
                "Proposal",
                values["value"],
                "USD",
                values["day"],
            ]
            writer.writerow([*line, values["note"]])
            if wrong.get("id", ("", ""))[1] == "duplicate":
                if not again:  # the first of its kind is no duplicate
                    again = True
                    del wrong["id"]
                else:
                    wrong = {"id": wrong["id"]}
            elif wrong.get("id", ("", ""))[1] == "required":
                wrong = {"id": wrong["id"]}
            expected |= {(number, header[columns[name]], code) for name, (_value, code) in wrong.items()}
        return text.getvalue().encode("utf-8"), expected


def test_products_of_another_spelling_are_one_product(tmp_path: Path, db: None) -> None:
    factories.create_category(code="GTX")
    mapping = tmp_path / "m.toml"
    mapping.write_text(
        'repeated = "merge"\n[fields]\ncode = { column = "P", values = { GTXPro = "GTX Pro" } }\n'
        'name = { column = "P", values = { GTXPro = "GTX Pro" } }\ncategory = { constant = "GTX" }\n',
        encoding="utf-8",
    )
    path = write_csv(tmp_path / "p.csv", [["P"], ["GTX Pro"], ["GTXPro"]])

    report = import_file(kind="products", path=path, mapping_path=mapping)

    assert (report.created, report.repeated, Product.objects.count()) == (1, 1, 1)
