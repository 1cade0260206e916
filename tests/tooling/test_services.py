"""The private servers: they serve, they go away, and a missing program is told in plain words."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from scripts import services
from scripts.environment import ROOT, MachineProblem

HOLDER = """
import time
from scripts import services
with services.redis() as url, services.postgres() as other:
    print(url, other, flush=True)
    time.sleep(60)
"""


def ports_of(process: subprocess.Popen) -> list[int]:
    assert process.stdout
    return [int(url.rsplit(":", 1)[1].split("/")[0]) for url in process.stdout.readline().split()]


def wait_until_gone(ports: list[int]) -> bool:
    deadline = time.monotonic() + 20
    while any(map(services.answers, ports)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return not any(map(services.answers, ports))


@pytest.mark.faults
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_servers_end_with_the_process_that_started_them(sent: signal.Signals) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        # A shell that runs the suite in the background has it ignore SIGINT, and so all its children.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    ports = ports_of(holder)
    assert len(ports) == 2
    assert all(map(services.answers, ports))

    holder.send_signal(sent)
    holder.wait(timeout=30)

    assert wait_until_gone(ports)


@pytest.mark.faults
def test_redis_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services.tempfile, "tempdir", str(tmp_path))

    with services.redis() as url:
        port = int(url.rsplit(":", 1)[1].split("/")[0])
        assert services.answers(port)
        assert list(tmp_path.iterdir())

    assert not services.answers(port)
    assert not list(tmp_path.iterdir())


def test_a_folder_left_behind_by_a_killed_process_is_removed(tmp_path: Path) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    left, ours = tmp_path / f"kam-redis-{ended.pid}-abc", tmp_path / f"kam-redis-{os.getpid()}-abc"
    left.mkdir()
    ours.mkdir()

    services._remove_left_behind(tmp_path, "kam-redis-")

    assert list(tmp_path.iterdir()) == [ours]


def test_a_server_that_does_not_start_tells_its_own_words(tmp_path: Path) -> None:
    command = ["sh", "-c", "echo no such option >&2; exit 3"]

    with pytest.raises(MachineProblem, match="no such option"), services._server(command, folder=tmp_path):
        pytest.fail("it cannot have started")


def test_a_missing_program_is_named_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(services.FINDERS, "Redis", lambda: None)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    with pytest.raises(MachineProblem) as problem:
        services.ensure_installed()

    assert "needed here: Redis." in str(problem.value)
    assert "apt-get install redis-server" in str(problem.value)
    assert "chromium" not in str(problem.value)


def test_the_newest_postgres_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for version in ("9", "15", "17"):
        folder = tmp_path / version / "bin"
        folder.mkdir(parents=True)
        (folder / "initdb").touch()
    monkeypatch.setattr(services, "POSTGRES_FOLDERS", (str(tmp_path / "*" / "bin"),))
    monkeypatch.setenv("PATH", str(tmp_path))

    assert services.postgres_folder() == tmp_path / "17" / "bin"
