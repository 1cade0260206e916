"""The memory of a web worker that has served some pages."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import Request, urlopen

from django.conf import settings

from benchmarks.database import World
from benchmarks.pages import browser, usual_plan
from benchmarks.report import Report
from benchmarks.sizes import Sizes
from benchmarks.world import MANAGER
from scripts import services

START_TIMEOUT = 60.0


def measure(report: Report, sizes: Sizes, large: World) -> None:
    if not Path("/proc/self/status").exists():
        report.add("memory of a web worker", "not measured: no /proc here", "≤ 110 MB", None)
        return
    with large.active():
        cookie = browser(MANAGER).cookies[settings.SESSION_COOKIE_NAME].value
    pages = ["/", "/plans/", f"/plans/{usual_plan(large)}/", "/opportunities/?is_closed=false", "/accounts/"]
    with running_worker() as (port, master):
        for number in range(sizes.loads):
            get(f"http://127.0.0.1:{port}{pages[number % len(pages)]}", cookie)
        used = max(map(resident_megabytes, children_of(master)))
    report.number(f"memory of a web worker after {sizes.loads} pages", used, at_most=110, unit=" MB")


@contextmanager
def running_worker() -> Iterator[tuple[int, int]]:
    """gunicorn with one worker, as the Compose file starts it, with its packages; yields its port and process id."""
    port = services.free_port()
    command = [
        sys.executable,
        "-m",
        "benchmarks.production_worker",
        "kam.wsgi:application",
        f"--bind=127.0.0.1:{port}",
        "--workers=1",
        "--threads=4",
    ]
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "kam.settings", "MALLOC_ARENA_MAX": "2"}
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(
        command, env=environment, start_new_session=True, preexec_fn=services.die_with_parent(), **quiet
    )
    try:
        deadline = time.monotonic() + START_TIMEOUT
        while not services.answers(port) and time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.1)
        yield port, process.pid
    finally:
        services.stop(process)


def get(url: str, cookie: str) -> None:
    headers = {"Host": "localhost", "Cookie": f"{settings.SESSION_COOKIE_NAME}={cookie}"}
    with urlopen(Request(url, headers=headers), timeout=60) as answer:  # noqa: S310 -- our own worker
        content = answer.read()
        assert answer.url == url, answer.url  # noqa: S101 -- not the login page
        assert content  # noqa: S101


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def resident_megabytes(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024
