"""`make lint`: everything about the code that can be checked without running the tests."""

import os
import re
import secrets
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, as_completed

from scripts.environment import ROOT, ensure, run_script, say

# What would tie the repository to one machine or one package source. Written so as not to match itself.
FOREIGN = re.compile(
    r"(pypi|pythonhosted|npmjs|debian)\.(org|com|net)|registry\.(npmjs|yarnpkg)|index[-]url|find[-]links"
    r"|(?<![\w>}])/(?:root|work|home/[a-z]+)/"  # an absolute path, not the end of plans/work/
)
PRODUCTION = {
    "DEBUG": "off",
    "SECRET_KEY": secrets.token_urlsafe(50),
    "ALLOWED_HOSTS": "kam.example",
    "DATABASE_URL": "sqlite://:memory:",
    "REDIS_URL": "",
}
DEVELOPMENT = {"DEBUG": "on", "DATABASE_URL": "sqlite://:memory:", "REDIS_URL": ""}

AT_ONCE = 2  # the types take as long as all other checks together
Check = Callable[[], str]
running: set[subprocess.Popen[str]] = set()


def tool(*command: str, env: dict[str, str] | None = None) -> Check:
    """A program of `.venv`; its output is the complaint if it fails."""

    def check() -> str:
        python = ensure("dev")
        words = [str(python), "-m", *command] if command[0] != "manage.py" else [str(python), *command]
        process = subprocess.Popen(
            words,
            cwd=ROOT,
            env=os.environ | DEVELOPMENT | (env or {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        running.add(process)
        output, _nothing = process.communicate()
        running.discard(process)
        return (output.strip() or f"exit code {process.returncode}") if process.returncode else ""

    return check


def no_foreign_names() -> str:
    """No package source and no path of somebody's machine in a tracked file."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    found = []
    for name in filter(None, listed.stdout.split("\0")):
        path = ROOT / name
        if path.suffix in {".svg", ".woff2", ".png"} or "/vendor/" in name or not path.is_file():
            continue
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), start=1):
            if FOREIGN.search(line):
                found.append(f"{name}:{number}: {line.strip()[:120]}")
    return "\n".join(found)


# The longest first: the others run beside it.
CHECKS: dict[str, Check] = {
    "mypy": tool("mypy"),
    "ruff": tool("ruff", "check", "--quiet", "."),
    "ruff format": tool("ruff", "format", "--check", "--quiet", "."),
    "layers": tool("importlinter.cli", "lint"),
    "djlint": tool("djlint", "templates", "--lint", "--quiet"),
    "check --deploy": tool("manage.py", "check", "--deploy", "--fail-level=WARNING", env=PRODUCTION),
    "migrations": tool("manage.py", "makemigrations", "--check", "--dry-run"),
    "vendored files": tool("scripts.vendor", "check"),
    "foreign names": no_foreign_names,
}


def run_checks() -> dict[str, str]:
    """Every check by its name, with its complaint: empty when all is well."""
    results = {}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        started: dict[Future[tuple[str, float]], str] = {
            pool.submit(_timed, check): name for name, check in CHECKS.items()
        }
        try:
            for future in as_completed(started):
                name = started[future]
                results[name], seconds = future.result()
                say(f"{'FAILED' if results[name] else 'ok':<7} {name} ({seconds:.1f} s)")
                if results[name]:
                    say(results[name] + "\n")
        except BaseException:  # also when we are stopped: nothing of ours goes on
            pool.shutdown(wait=False, cancel_futures=True)
            for process in list(running):
                process.kill()
            raise
    return results


def _timed(check: Check) -> tuple[str, float]:
    started = time.monotonic()
    return check(), time.monotonic() - started


def main() -> int:
    ensure("dev")
    failed = [name for name, complaint in run_checks().items() if complaint]
    if failed:
        print(f"\nFailed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    run_script(main)
