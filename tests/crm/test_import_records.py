"""`manage.py import_records`, as an operator meets it; also killed in the middle, and with a large file."""

from __future__ import annotations

import csv
import io
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from crm.models import Account, Opportunity
from kam.core.models import Change
from kam.users.models import User
from scripts.environment import ROOT
from tests import factories
from tests.crm.files import write_csv

HEADER = ["source", "external_id", "account.name", "name", "stage.name", "amount", "currency", "close_date"]
Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run() -> Run:
    """`run(kind, file, options…)`: exit code and output."""

    def call(*arguments: Any, **options: Any) -> tuple[int, str]:
        out = io.StringIO()
        try:
            call_command("import_records", *map(str, arguments), stdout=out, **options)
        except CommandError as error:
            return error.returncode, f"{out.getvalue()}{error}"
        return 0, out.getvalue()

    return call


def deals(path: Path, count: int, *, bad: set[int] = frozenset()) -> Path:  # type: ignore[assignment]
    start = date(2024, 1, 1)
    rows = (
        [
            "export",
            f"O{number}",
            f"Account {number % 50}",
            f"Deal {number}",
            "Won",
            "many" if number in bad else f"{number}.25",
            "USD",
            str(start + timedelta(days=number % 700)),
        ]
        for number in range(count)
    )
    return write_csv(path, [HEADER, *rows])


def stored() -> int:
    return Opportunity.objects.unscoped("test").count()


@pytest.fixture
def accounts(db: None) -> None:
    factories.won_stage()
    for number in range(50):
        factories.create_account(f"Account {number}")


@pytest.mark.django_db
@pytest.mark.usefixtures("accounts")
class TestCommand:
    def test_a_sound_file_is_in(self, run: Run, tmp_path: Path) -> None:
        code, text = run("opportunities", deals(tmp_path / "d.csv", 20))

        assert (code, stored()) == (0, 20)
        assert "20 rows read from d.csv (utf-8)" in text
        assert "20 created" in text
        assert "20 rows are in." in text

    def test_a_bad_row_keeps_everything_out(self, run: Run, tmp_path: Path) -> None:
        code, text = run("opportunities", deals(tmp_path / "d.csv", 20, bad={3, 7}))

        assert (code, stored()) == (1, 0)
        assert "18 would be created" in text
        assert "2 refused" in text
        assert "row 5, amount: “many” is no number here. [many]" in text
        assert "Nothing was kept" in text
        assert not Change.objects.unscoped("test").filter(model="crm.opportunity").exists()

    def test_all_or_nothing_can_be_said_aloud(self, run: Run, tmp_path: Path) -> None:
        assert run("opportunities", deals(tmp_path / "d.csv", 5, bad={3}), "--all-or-nothing")[0] == 1
        assert stored() == 0

    def test_bad_rows_can_be_skipped(self, run: Run, tmp_path: Path) -> None:
        path = deals(tmp_path / "d.csv", 20, bad={3, 7})
        code, text = run("opportunities", path, "--skip-bad-rows", "--errors", tmp_path / "e.csv")
        again, second = run("opportunities", path, "--skip-bad-rows")

        assert (code, again, stored()) == (1, 1, 18)
        assert "2 rows were refused. 18 rows are in." in text
        assert "18 unchanged" in second
        with (tmp_path / "e.csv").open(encoding="utf-8-sig", newline="") as stream:
            lines = list(csv.DictReader(stream))
        assert [(line["row"], line["column"], line["value"], line["code"]) for line in lines] == [
            ("5", "amount", "many", "invalid"),
            ("9", "amount", "many", "invalid"),
        ]

    def test_a_dry_run_keeps_nothing(self, run: Run, tmp_path: Path) -> None:
        code, text = run("opportunities", deals(tmp_path / "d.csv", 20), "--dry-run")

        assert (code, stored()) == (0, 0)
        assert "20 would be created" in text
        assert "This was a dry run: nothing was kept." in text

    def test_rights_are_those_of_the_named_user(
        self, run: Run, tmp_path: Path, integration: User, account_manager: User
    ) -> None:
        path = write_csv(tmp_path / "a.csv", [["external_id", "name"], ["A1", "One"]])

        assert run("accounts", path, "--source", "erp", "--user", account_manager.username)[0] == 1
        assert run("accounts", path, "--source", "crm", "--user", integration.username)[0] == 1
        assert run("accounts", path, "--user", integration.username)[0] == 0
        account = Account.objects.unscoped("test").get(external_id="A1")
        assert (account.source, account.created_by_id) == ("erp", integration.pk)

    @pytest.mark.parametrize(
        ("arguments", "complaint"),
        [
            (["accounts", "none.csv"], "There is no file"),
            (["accounts", __file__, "--user", "nobody"], "There is no active user “nobody”"),
            (["accounts", __file__, "--mapping", "none.toml"], "The mapping cannot be read"),
            (["accounts", __file__, "--errors", "/nowhere/e.csv"], "The errors cannot be written"),
        ],
    )
    def test_what_cannot_be_begun_says_why(self, run: Run, arguments: list[str], complaint: str) -> None:
        code, text = run(*arguments)

        assert code == 2
        assert complaint in text

    def test_the_kind_must_be_known(self, run: Run) -> None:
        assert "invalid choice: 'users'" in run("users", "x.csv")[1]


class Importer:
    """The command as a process of its own, on the database of the test."""

    def __init__(self, path: Path, *options: str) -> None:
        command = [
            sys.executable,
            "manage.py",
            "import_records",
            "opportunities",
            str(path),
            "-v",
            "2",
            *options,
        ]
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, "SECRET_KEY": "x", "DATABASE_URL": database_url(), "REDIS_URL": ""},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def lines(self) -> Any:
        assert self.process.stdout
        return self.process.stdout

    def __enter__(self) -> Importer:
        return self

    def __exit__(self, *args: Any) -> None:
        self.process.kill()
        self.process.wait()
        self.lines().close()


def database_url() -> str:
    settings = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{settings['NAME']}"
    login = f"{settings['USER']}:{settings['PASSWORD']}" if settings["PASSWORD"] else settings["USER"]
    return f"postgres://{login}@{settings['HOST']}:{settings['PORT']}/{settings['NAME']}"


@pytest.mark.faults
@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("accounts")
class TestProcess:
    @pytest.mark.parametrize(("options", "left"), [([], 0), (["--skip-bad-rows"], 10_000)])
    def test_killed_in_the_middle(self, tmp_path: Path, options: list[str], left: int) -> None:
        """All or nothing: nothing is left. Otherwise whole batches are; importing again completes them."""
        path = deals(tmp_path / "d.csv", 20_000)
        with Importer(path, *options) as importer:
            for line in importer.lines():
                if "10000 rows …" in line:  # two batches are written, two to come
                    break
            importer.process.send_signal(signal.SIGKILL)
            importer.process.wait()

        log = Change.objects.unscoped("test").filter(model="crm.opportunity")
        assert (stored(), log.count()) in {(left, left), (left and left + 5_000, left and left + 5_000)}

        with Importer(path, *options) as importer:
            text = importer.lines().read()
        assert "20000 rows are in." in text
        assert (stored(), log.count()) == (20_000, 20_000)

    def test_a_large_file_needs_little_memory(self, tmp_path: Path) -> None:
        """Twenty times the rows of one batch may not need twice the memory of one."""
        peaks = [self._peak(deals(tmp_path / f"{count}.csv", count)) for count in (5_000, 50_000)]

        assert stored() == 50_000
        assert peaks[1] < 1.6 * peaks[0], peaks

    @staticmethod
    def _peak(path: Path) -> int:
        """Peak memory of an import, in KB."""
        with Importer(path) as importer:
            for _line in importer.lines():
                pass
            _pid, status, usage = os.wait4(importer.process.pid, 0)
            importer.process.returncode = os.waitstatus_to_exitcode(status)
        assert importer.process.returncode == 0
        return usage.ru_maxrss
