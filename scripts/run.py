"""`make run`: kam on this machine, with sample data, until Ctrl-C.

PORT (8000), HOST (127.0.0.1), DATABASE_URL (SQLite in var/) and REDIS_URL (none) change it.
"""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from scripts import services
from scripts.environment import ROOT, MachineProblem, call, ensure, run_script, say

SAMPLE_USERS = ("kam", "msl", "manager", "executive", "admin", "integration", "viewer")
LOCAL_HOSTS = ("127.0.0.1", "localhost", "::1")
RESTART_PAUSE = 5.0


def main() -> int:
    host, port = os.environ.get("HOST") or "127.0.0.1", _port()
    if services.answers(port, "127.0.0.1" if host in ("0.0.0.0", "localhost") else host):  # noqa: S104
        raise MachineProblem(f"Port {port} is taken. Choose another one: make run PORT={port + 1}")
    python = ensure("base")
    environment = _environment(host)
    for command in (["migrate", "--no-input", "--verbosity=0"], ["seed_demo", "--if-empty"]):
        code = call([python, "manage.py", *command], env=environment)
        if code:
            return code
    with contextlib.suppress(KeyboardInterrupt), contextlib.ExitStack() as running:
        background = running.enter_context(_Background(_background_command(python, environment), environment))
        server = running.enter_context(_child(_server_command(python, host, port), environment))
        _announce(host, port, server, background.name)
        while server.poll() is None:
            background.keep_alive()
            time.sleep(0.5)
        return server.returncode
    return 0  # stopped as asked


def _port() -> int:
    text = os.environ.get("PORT") or "8000"
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise MachineProblem(f"PORT={text} is not a port: give a number from 1 to 65535.")
    return int(text)


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _environment(host: str) -> dict[str, str]:
    # `make run DATABASE_URL=` means none, not an empty one.
    environment = {name: value for name, value in os.environ.items() if value}
    environment.setdefault("DEBUG", "on")
    environment |= {"PYTHONUNBUFFERED": "1", "DJANGO_RUNSERVER_HIDE_WARNING": "true"}
    if host not in LOCAL_HOSTS:
        # Whoever opens the door to the network reaches it by a name that we cannot know.
        environment.setdefault("ALLOWED_HOSTS", "*")
    return environment


def _server_command(python: Path, host: str, port: int) -> list[str]:
    command = [str(python), "manage.py", "runserver", _address(host, port)]
    # Someone at a terminal edits code and wants it reloaded; a script wants one quiet process.
    return command if sys.stdout.isatty() else [*command, "--noreload"]


def _background_command(python: Path, environment: dict[str, str]) -> list[str]:
    if environment.get("REDIS_URL"):
        worker = ["worker", "--beat", "--schedule", str(ROOT / "var" / "celerybeat-schedule")]
        return [
            str(python),
            "-m",
            "celery",
            "--quiet",
            "-A",
            "kam",
            *worker,
            "--concurrency=2",
            "--loglevel=WARNING",
        ]
    return [str(python), "manage.py", "sweep", "--loop", "2"]


@contextlib.contextmanager
def _child(command: list[str], environment: dict[str, str]) -> Iterator[subprocess.Popen]:
    """A process with its children, in a group of its own; ends with the block, or with us."""
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=services.die_with_parent(),
    )
    try:
        yield process
    finally:
        services.stop(process)


class _Background:
    """The process that keeps the KPIs fresh, started again if it falls over."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self.command, self.environment = command, environment
        self.name = "celery worker" if "celery" in command else "sweep"
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> "_Background":
        self._start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stack.close()

    def _start(self) -> None:
        self._process = self._stack.enter_context(_child(self.command, self.environment))
        self._started = time.monotonic()

    def keep_alive(self) -> None:
        if self._process.poll() is None or time.monotonic() - self._started < RESTART_PAUSE:
            return
        say(f"The {self.name} stopped with code {self._process.returncode}; it is started again.")
        self._stack.close()
        self._start()


def _announce(host: str, port: int, server: subprocess.Popen, background: str) -> None:
    local = "127.0.0.1" if host == "0.0.0.0" else host  # noqa: S104
    while server.poll() is None and not services.answers(port, local):
        time.sleep(0.1)
    if server.poll() is not None:
        return
    say(f"\nkam runs at http://{_address(local, port)}/  (with {background})")
    say("Sample users, made with the sample data; the password is the name and -demo:")
    for name in SAMPLE_USERS:
        say(f"  {name:<12} {name}-demo")
    say("Ctrl-C stops it.\n")


if __name__ == "__main__":
    run_script(main)
