"""`make test`: the checks of `make lint`, then the suite on SQLite, then the suite on PostgreSQL.

ARGS goes to pytest; with ARGS the checks are left out, so that one test is a matter of seconds.
The last line sums up: so many passed, so many failed, checks included.
"""

import contextlib
import os
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from scripts import services
from scripts.environment import ROOT, call, ensure, run_script, say, words_of
from scripts.lint import run_checks

TEMPLATE = "kam_migrated"  # the database that workers copy
NO_TESTS_COLLECTED = 5  # pytest's exit code


@dataclass(frozen=True)
class Outcome:
    name: str
    passed: int
    failed: int

    def __str__(self) -> str:
        return f"{self.name}: {self.passed} passed, {self.failed} failed"


def main() -> int:
    arguments = words_of(os.environ.get("ARGS", ""))
    python = ensure("dev")
    services.ensure_installed()
    with services.private_services() as running, tempfile.TemporaryDirectory(prefix="kam-test-") as folder:
        databases = {"SQLite": f"sqlite:///{folder}/kam.sqlite3", "PostgreSQL": running.postgres_url}
        with _migrated(python, folder, running) as migrated:
            outcomes = [] if arguments else [_checks()]
        for name, url in databases.items():
            say(f"\n=== The suite on {name} ===")
            environment = _environment(url, running) | {"TEST_MIGRATED_DATABASE": migrated[name]}
            report = Path(folder) / f"{name}.xml"
            command = [python, "-m", "pytest", "-n", "2", "--dist", "loadgroup", f"--junitxml={report}"]
            code = call([*command, *arguments], env=environment)
            outcomes.append(_outcome(name, code, report))
    say("")
    for outcome in outcomes:
        say(str(outcome))
    passed, failed = (sum(getattr(outcome, field) for outcome in outcomes) for field in ("passed", "failed"))
    say(f"{passed} passed, {failed} failed")
    return 0 if passed and not failed else 1


@contextlib.contextmanager
def _migrated(python: Path, folder: str, running: services.Services) -> Iterator[dict[str, str]]:
    """A database with all migrations on each server, made while the block runs: workers copy it.

    Empty instead of its name where a migration failed; the suite will say why.
    """
    services.create_database(running.postgres_url, TEMPLATE)
    names = {"SQLite": f"{folder}/{TEMPLATE}.sqlite3", "PostgreSQL": TEMPLATE}
    server = running.postgres_url.rpartition("/")[0]
    urls = {"SQLite": f"sqlite:///{names['SQLite']}", "PostgreSQL": f"{server}/{TEMPLATE}"}
    command = [str(python), "manage.py", "migrate", "--no-input", "--verbosity=0"]
    environment = {**os.environ, "DEBUG": "on", "REDIS_URL": ""}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    processes = {
        name: subprocess.Popen(command, cwd=ROOT, env=environment | {"DATABASE_URL": url}, **quiet)
        for name, url in urls.items()
    }
    try:
        yield names
        for name, process in processes.items():
            if process.wait():
                names[name] = ""
    finally:
        for process in processes.values():
            process.kill()


def _environment(database_url: str, running: services.Services) -> dict[str, str]:
    environment = dict(os.environ)
    environment |= {"DATABASE_URL": database_url, "REDIS_URL": ""}
    environment |= {"CHROMIUM": str(services.chromium_program())}
    environment |= {"TEST_POSTGRES_URL": running.postgres_url, "TEST_REDIS_URL": running.redis_url}
    environment.setdefault("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "dev")
    return environment


def _checks() -> Outcome:
    say("=== Checks ===")
    results = run_checks()
    failed = sum(bool(complaint) for complaint in results.values())
    return Outcome("Checks", len(results) - failed, failed)


def _outcome(name: str, code: int, report: Path) -> Outcome:
    """What pytest wrote down; a run that broke before it could write counts as one failure."""
    if code == NO_TESTS_COLLECTED:
        return Outcome(name, 0, 0)
    try:
        suite = next(ElementTree.parse(report).iter("testsuite"))  # noqa: S314 - pytest's own file
    except (OSError, ElementTree.ParseError):
        return Outcome(name, 0, 1)
    count = {field: int(suite.get(field, 0)) for field in ("tests", "failures", "errors", "skipped")}
    failed = count["failures"] + count["errors"]
    passed = count["tests"] - failed - count["skipped"]
    return Outcome(name, passed, failed if failed or code == 0 else 1)


if __name__ == "__main__":
    run_script(main)
