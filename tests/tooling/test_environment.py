"""What the chores rest on: the settings' variables are documented, the checks see what they look for."""

import itertools
import re
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import environment, lint
from scripts.environment import ROOT


def variables_of_settings() -> set[str]:
    return set(re.findall(r"env\.\w+\(\s*\"([A-Z_]+)\"", (ROOT / "kam" / "settings.py").read_text()))


def test_every_variable_is_in_the_example_with_a_comment_above() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()
    described = {
        match[1]
        for before, line in itertools.pairwise(lines)
        if before.startswith("# ") and (match := re.match(r"#?([A-Z_]+)=", line))
    }

    assert len(variables_of_settings()) > 10
    assert variables_of_settings() - described == set()


def test_settings_refuse_to_start_without_a_key() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import kam.settings"],
        cwd=ROOT,
        env={"SECRET_KEY": "", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode != 0
    assert "Set SECRET_KEY" in done.stderr


def test_changed_requirements_are_installed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = tmp_path / "base.txt"
    lock.write_text("django==5.2.1")
    monkeypatch.setitem(environment.LOCKS, "base", lock)
    before = environment._stamp("base")

    lock.write_text("django==5.2.2")

    assert environment._stamp("base") != before


@pytest.mark.parametrize(
    "line",
    ["https://py" + "pi.org/simple", "--index" + "-url x", "/home" + "/somebody/kam", "see /ro" + "ot/kam"],
)
def test_foreign_names_are_found(line: str) -> None:
    assert lint.FOREIGN.search(line)


@pytest.mark.parametrize(
    "line",
    ["https://example.com/work", "a/workflow/x", "plans/work/tree.html", "the root of the tree", "index url"],
)
def test_plain_words_are_no_foreign_names(line: str) -> None:
    assert not lint.FOREIGN.search(line)


def test_lock_files_name_no_source() -> None:
    for path in environment.LOCKS.values():
        words = path.read_text()
        assert "--hash=sha256:" in words
        assert not re.search(r"https?://|file://|--index|--find| @ ", words)


def test_packages_that_cannot_be_had_are_told_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = tmp_path / "base.txt"
    lock.write_text("kam-nowhere @ file:///no/such/folder")
    monkeypatch.setitem(environment.LOCKS, "base", lock)
    monkeypatch.setattr(environment, "VENV", tmp_path)
    monkeypatch.setattr(environment, "PYTHON", Path(sys.executable))
    monkeypatch.setattr(environment, "_works", lambda python: True)

    with pytest.raises(environment.MachineProblem, match=r"base\.txt could not be installed"):
        environment.ensure("base")
    assert not list(tmp_path.glob(".installed-*"))
    with pytest.raises(environment.MachineProblem, match=r"ARGS=.* cannot be read"):
        environment.words_of("-k 'half a quote")
