"""Private PostgreSQL, Redis and Chromium for tests, benchmarks and proofs.

    with services.private_services() as running:
        running.postgres_url, running.redis_url

Each server runs in a temporary folder on a free port of 127.0.0.1 and is gone afterwards, whatever
happens: also when the process that started it is killed. Only the standard library is used.
"""

import contextlib
import ctypes
import glob
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from scripts.environment import MachineProblem

START_TIMEOUT = 60.0
STOP_TIMEOUT = 20.0
# What to ask the package manager for, by program.
DEBIAN_PACKAGES = {
    "PostgreSQL": ["postgresql"],
    "Redis": ["redis-server"],
    "Chromium": ["chromium", "fonts-dejavu-core"],
}
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
POSTGRES_FOLDERS = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin")


@dataclass(frozen=True)
class Services:
    postgres_url: str
    redis_url: str


# --- Finding and installing -----------------------------------------------------------------
def postgres_folder() -> Path | None:
    """The folder with `initdb` and `postgres`, the newest version first."""
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    found = [Path(folder) for pattern in POSTGRES_FOLDERS for folder in glob.glob(pattern)]
    found = [folder for folder in found if (folder / "initdb").exists()]
    return max(found, key=_version_in, default=None)


def _version_in(folder: Path) -> int:
    return int("".join(filter(str.isdigit, folder.parent.name)) or 0)


def redis_program() -> str | None:
    return shutil.which("redis-server") or shutil.which("valkey-server")


def chromium_program() -> str | None:
    """The browser the tests drive: `CHROMIUM` if set, else the system's."""
    named = os.environ.get("CHROMIUM")
    if named:
        return shutil.which(named)
    return next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)


FINDERS: dict[str, Callable[[], object]] = {
    "PostgreSQL": postgres_folder,
    "Redis": redis_program,
    "Chromium": chromium_program,
}


def ensure_installed(programs: Iterable[str] = tuple(FINDERS)) -> None:
    """Install what is missing (as root, with apt-get), or say what to install."""
    missing = [program for program in programs if not FINDERS[program]()]
    if not missing:
        return
    packages = [package for program in missing for package in DEBIAN_PACKAGES[program]]
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise MachineProblem(_how_to_install(missing, packages))
    print(f"Installing {', '.join(missing)} with apt-get ...", flush=True)
    # RUNLEVEL=1: installing must not start a server of its own.
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    for arguments in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *packages]):
        command = ["apt-get", *arguments]
        done = subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise MachineProblem(f"{' '.join(command)} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    still = [program for program in missing if not FINDERS[program]()]
    if still:
        raise MachineProblem(_how_to_install(still, packages))


def _how_to_install(missing: list[str], packages: list[str]) -> str:
    lines = [f"Not found, and needed here: {', '.join(missing)}."]
    lines.append(f"  Debian, Ubuntu:  sudo apt-get install {' '.join(packages)}")
    lines.append("  Elsewhere: install them and put their programs on PATH")
    if "Chromium" in missing:
        lines.append("  (CHROMIUM=/path/to/chromium names a browser that is somewhere else)")
    return "\n".join(lines)


# --- Running --------------------------------------------------------------------------------
@contextlib.contextmanager
def private_services(*, durable: bool = False) -> Iterator[Services]:
    """PostgreSQL and Redis of our own. `durable` keeps PostgreSQL's disk writes as in production."""
    with postgres(durable=durable) as postgres_url, redis() as redis_url:
        yield Services(postgres_url=postgres_url, redis_url=redis_url)


@contextlib.contextmanager
def postgres(*, durable: bool = False) -> Iterator[str]:
    """A PostgreSQL cluster with the database `kam`; yields its URL."""
    programs = postgres_folder()
    if programs is None:
        raise MachineProblem(_how_to_install(["PostgreSQL"], DEBIAN_PACKAGES["PostgreSQL"]))
    user = _postgres_user()
    with _folder("kam-postgres-", user) as folder:
        data = folder / "data"
        initdb = [programs / "initdb", "-D", data, "-U", "kam", "-A", "trust", "-E", "UTF8", "--locale=C"]
        _once([*initdb, "--no-sync"], user=user, folder=folder)
        options = {"listen_addresses": "127.0.0.1", "unix_socket_directories": str(folder)}
        options |= {"max_connections": "200", "shared_buffers": "128MB", "timezone": "UTC"}
        if not durable:
            options |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
            # A test keeps its rows in one transaction. Statistics taken in the middle of it say that the
            # tables are empty, and the planner then walks them row by row, for minutes.
            options |= {"autovacuum": "off"}
        settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        server = [programs / "postgres", "-D", data, *settings]
        # SIGINT is PostgreSQL's "fast" stop: it does not wait for clients.
        with _server([*server, "-p"], folder=folder, user=user, stop_signal=signal.SIGINT) as port:
            address = ["-h", "127.0.0.1", "-p", str(port), "-U", "kam"]
            is_ready = [programs / "pg_isready", *address, "-d", "postgres"]
            _wait_until(lambda: _succeeds(is_ready), "PostgreSQL")
            _once([programs / "createdb", *address, "kam"], user=user, folder=folder)
            yield f"postgres://kam@127.0.0.1:{port}/kam"


def create_database(url: str, name: str) -> None:
    """One more database on the server of `url`."""
    createdb = (postgres_folder() or Path()) / "createdb"
    _once([createdb, f"--maintenance-db={url}", name], user=None, folder=Path.cwd())


@contextlib.contextmanager
def redis() -> Iterator[str]:
    """A Redis that keeps nothing on disk; yields its URL."""
    program = redis_program()
    if program is None:
        raise MachineProblem(_how_to_install(["Redis"], DEBIAN_PACKAGES["Redis"]))
    with _folder("kam-redis-", None) as folder:
        command = [program, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", folder]
        with _server([*command, "--port"], folder=folder) as port:
            yield f"redis://127.0.0.1:{port}/0"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(port: int, host: str = "127.0.0.1") -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((host, port)) == 0


def stop(process: subprocess.Popen, *, first: signal.Signals = signal.SIGTERM) -> None:
    """Ask a process started by us to end, with its children; insist when it does not."""
    for sent, patience in ((first, STOP_TIMEOUT), (signal.SIGKILL, 5.0)):
        if process.poll() is not None:
            break
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, sent)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=patience)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)  # children that outlived it


def die_with_parent(sent: signal.Signals = signal.SIGTERM) -> Callable[[], None] | None:
    """For `preexec_fn`: on Linux the kernel signals the child when its parent is gone, even by kill -9."""
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    return lambda: prctl(1, int(sent))  # 1 is PR_SET_PDEATHSIG


# --- Pieces ---------------------------------------------------------------------------------
def _postgres_user() -> pwd.struct_passwd | None:
    """PostgreSQL refuses to run as root: then it runs as `postgres`, or as `nobody`."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise MachineProblem("PostgreSQL does not run as root, and there is no user postgres or nobody.")


@contextlib.contextmanager
def _folder(prefix: str, user: pwd.struct_passwd | None) -> Iterator[Path]:
    # As another user the server must reach the folder: a TMPDIR in root's home would lock it out.
    base = Path("/tmp" if user else tempfile.gettempdir())  # noqa: S108
    _remove_left_behind(base, prefix)
    folder = Path(tempfile.mkdtemp(prefix=f"{prefix}{os.getpid()}-", dir=base))
    try:
        if user:
            os.chown(folder, user.pw_uid, user.pw_gid)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _remove_left_behind(base: Path, prefix: str) -> None:
    """Folders whose process was killed before it could clean up; the process id is in their name."""
    for folder in base.glob(f"{prefix}*-*"):
        owner = folder.name.removeprefix(prefix).split("-")[0]
        if owner.isdecimal() and not Path(f"/proc/{owner}").exists() and Path("/proc/self").exists():
            shutil.rmtree(folder, ignore_errors=True)


def _as(user: pwd.struct_passwd | None) -> dict[str, object]:
    if user is None:
        return {}
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _once(command: list[object], *, user: pwd.struct_passwd | None, folder: Path) -> None:
    done = subprocess.run(
        [str(part) for part in command],
        cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, **_as(user),
    )  # fmt: skip
    if done.returncode:
        raise MachineProblem(f"{command[0]} failed:\n{done.stdout}{done.stderr}")


@contextlib.contextmanager
def _server(
    command: list[object],
    *,
    folder: Path,
    user: pwd.struct_passwd | None = None,
    stop_signal: signal.Signals = signal.SIGTERM,
) -> Iterator[int]:
    """Run `command` + a free port until the block ends; a port someone else took is tried again."""
    log = folder / "log"
    for _attempt in range(3):
        port = free_port()
        with log.open("wb") as output:
            process = subprocess.Popen(
                [str(part) for part in (*command, port)],
                cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                # A group of its own: Ctrl-C in the terminal reaches us, and we stop it in order.
                start_new_session=True, preexec_fn=die_with_parent(stop_signal), **_as(user),
            )  # fmt: skip
        try:
            deadline = time.monotonic() + START_TIMEOUT
            while process.poll() is None and not answers(port) and time.monotonic() < deadline:
                time.sleep(0.05)
            if process.poll() is None and answers(port):
                yield port
                return
        finally:
            stop(process, first=stop_signal)
    raise MachineProblem(f"{command[0]} did not start:\n{log.read_text(errors='replace')[-3000:]}")


def _succeeds(command: list[object]) -> bool:
    done = subprocess.run([str(part) for part in command], capture_output=True, check=False)
    return done.returncode == 0


def _wait_until(ready: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while not ready():
        if time.monotonic() > deadline:
            raise MachineProblem(f"{what} does not answer.")
        time.sleep(0.05)
