"""The project's own `.venv`, made and filled on any machine that has Python 3.11 and pip.

Only the standard library, and no third-party import: this runs before anything is installed.
"""

import hashlib
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOCKS = {"base": ROOT / "requirements" / "base.txt", "dev": ROOT / "requirements" / "dev.txt"}


class MachineProblem(Exception):
    """The machine lacks something; the text says what to do about it."""


class Interrupted(KeyboardInterrupt):
    """We alone were told to stop (SIGTERM, SIGHUP), so our children have not heard of it."""


def say(text: str) -> None:
    print(text, flush=True)


def run_script(main: Callable[[], int]) -> NoReturn:
    """Run a script's `main`: a problem of the machine is told without a traceback and exits with 2."""

    def interrupt(number: int, _frame: object) -> None:
        raise Interrupted(number)

    signal.signal(signal.SIGTERM, interrupt)
    signal.signal(signal.SIGHUP, interrupt)
    try:
        code = main()
    except MachineProblem as problem:
        print(problem, file=sys.stderr, flush=True)
        code = 2
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)


def words_of(arguments: str) -> list[str]:
    """`ARGS` as a shell would split it."""
    try:
        return shlex.split(arguments)
    except ValueError as error:
        raise MachineProblem(f"ARGS={arguments} cannot be read: {error}.") from error


def call(command: Sequence[object], *, env: Mapping[str, str] | None = None) -> int:
    """Run a command in the foreground; when we are stopped, it gets the time to end in order."""
    process = subprocess.Popen([str(part) for part in command], cwd=ROOT, env=env)
    try:
        return process.wait()
    except KeyboardInterrupt as reason:
        if isinstance(reason, Interrupted):  # Ctrl-C has reached the child already
            process.send_signal(signal.SIGINT)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
        raise


def ensure(kind: str) -> Path:
    """The Python of a `.venv` that holds what requirements/<kind>.txt says; makes it when needed."""
    # What the tests need includes what the application needs.
    accepted = ("dev",) if kind == "dev" else ("base", "dev")
    if PYTHON.exists() and any(_stamp(name).is_file() for name in accepted):
        return PYTHON
    if not _works(PYTHON):
        _create()
    say(f"Installing requirements/{kind}.txt into .venv ...")
    try:
        _run([PYTHON, "-m", "pip", "install", "-qq", "--disable-pip-version-check", "-r", LOCKS[kind]])
    except subprocess.CalledProcessError as error:
        raise MachineProblem(
            f"requirements/{kind}.txt could not be installed: pip says why above. It needs the network, or a package "
            "index of yours (PIP_INDEX_URL), and room on the disk. Then run the command again."
        ) from error
    for old in VENV.glob(f".installed-{kind}-*"):
        old.unlink()
    _stamp(kind).touch()
    return PYTHON


def _stamp(kind: str) -> Path:
    digest = hashlib.sha256(LOCKS[kind].read_bytes()).hexdigest()[:16]
    return VENV / f".installed-{kind}-{digest}"


def _works(python: Path) -> bool:
    command = [str(python), "-m", "pip", "--version"]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _create() -> None:
    """A fresh `.venv` with pip, by the first way that this machine knows."""
    say(f"Creating .venv with Python {sys.version.split()[0]} ...")
    for create in (_with_ensurepip, _with_own_pip, _with_virtualenv):
        shutil.rmtree(VENV, ignore_errors=True)
        try:
            create()
        except (subprocess.CalledProcessError, OSError):
            continue
        if _works(PYTHON):
            return
    shutil.rmtree(VENV, ignore_errors=True)
    raise MachineProblem(
        "No virtual environment could be made here. Install pip or venv for this Python "
        "(on Debian and Ubuntu: apt-get install python3-pip python3-venv) and run the command again."
    )


def _with_ensurepip() -> None:
    _run([sys.executable, "-m", "venv", VENV], quiet=True)


def _with_own_pip() -> None:
    # Debian without python3-venv: the venv module is there, ensurepip is not; pip can fill it from outside.
    _run([sys.executable, "-m", "venv", "--without-pip", VENV], quiet=True)
    _run([sys.executable, "-m", "pip", "--python", PYTHON, "install", "--quiet", "pip"], quiet=True)


def _with_virtualenv() -> None:
    # --target leaves the system's packages alone, so an externally managed pip agrees to it.
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "install", "--quiet"]
        _run([*pip, "--target", folder, "virtualenv"], quiet=True)
        environment = os.environ | {"PYTHONPATH": folder}
        command = [sys.executable, "-m", "virtualenv", "--quiet", str(VENV)]
        subprocess.run(command, env=environment, check=True, capture_output=True)


def _run(command: Sequence[object], *, quiet: bool = False) -> None:
    subprocess.run([str(part) for part in command], check=True, cwd=ROOT, capture_output=quiet)
