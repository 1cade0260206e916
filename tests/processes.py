"""kam's processes as docker-compose.yml declares them, started here, with a database of their own."""

import contextlib
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import yaml

from scripts import services
from scripts.environment import ROOT

COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
OURS = ("migrate", "web", "worker", "beat", "sweep")
CHOSEN = {"SECRET_KEY": "k" * 60, "POSTGRES_PASSWORD": "unused", "ALLOWED_HOSTS": "kam.example"}
# What the images of Compose provide, on this machine.
PROGRAMS = {
    "python": [sys.executable],
    "gunicorn": [sys.executable, "-m", "gunicorn"],
    "celery": [sys.executable, "-m", "celery"],
}


class Stack:
    """The services of the file as processes, with their own database."""

    def __init__(self, *, database_url: str, redis_url: str, folder: Path) -> None:
        self.database_url, self.redis_url, self.folder = database_url, redis_url, folder
        self.port = services.free_port()
        self.processes = contextlib.ExitStack()
        self.extra: dict[str, str] = {}  # environment variables on top of the declared ones

    def environment(self, name: str) -> dict[str, str]:
        declared = {key: substitute(str(value)) for key, value in COMPOSE[name]["environment"].items()}
        declared |= {"DATABASE_URL": self.database_url, "REDIS_URL": self.redis_url}
        return declared | {"PATH": os.environ["PATH"], "PYTHONUNBUFFERED": "1"} | self.extra

    def command(self, name: str) -> list[str]:
        program, *arguments = COMPOSE[name]["command"]
        here = {"--bind=0.0.0.0:8000": f"--bind=127.0.0.1:{self.port}"}
        here["--schedule=/tmp/celerybeat-schedule"] = f"--schedule={self.folder}/schedule"
        return [*PROGRAMS[program], *(here.get(argument, argument) for argument in arguments)]

    def manage(self, *arguments: str) -> str:
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(
            command, cwd=ROOT, env=self.environment("migrate"), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start(self, name: str) -> subprocess.Popen:
        log = (self.folder / f"{name}.log").open("ab")
        process = subprocess.Popen(
            self.command(name),
            cwd=ROOT,
            env=self.environment(name),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=services.die_with_parent(),
        )
        self.processes.callback(services.stop, process)
        self.processes.callback(log.close)
        return process

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def request(self, method: str, path: str, *, token: str = "", body: Any = None) -> tuple[int, Any]:
        # As the proxy with TLS in front would ask.
        headers = {"Host": "kam.example", "X-Forwarded-Proto": "https", "Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Token {token}"
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"http://127.0.0.1:{self.port}{path}", data=data, headers=headers, method=method)
        try:
            with urlopen(request, timeout=20) as answer:  # noqa: S310
                return answer.status, json.loads(answer.read() or b"null")
        except HTTPError as error:
            return error.code, error.read().decode()
        except (URLError, OSError, HTTPException):
            return 0, None  # no answer: nobody knows whether it was done

    def sql(self, statement: str) -> str:
        return psql(self.database_url, statement)


def psql(url: str, statement: str) -> str:
    folder = services.postgres_folder()
    assert folder
    command = [str(folder / "psql"), url, "-X", "-At", "-v", "ON_ERROR_STOP=1", "-c", statement]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def substitute(text: str) -> str:
    """Compose's `${NAME:-default}` and `${NAME:?refusal}`, for the values an operator chose."""

    def value(match: re.Match[str]) -> str:
        name, kind, rest = match.groups()
        if not CHOSEN.get(name) and kind == ":?":
            raise KeyError(rest)
        return CHOSEN.get(name) or (rest if kind == ":-" else "")

    return re.sub(r"\$\{(\w+)(:-|:\?)?([^}]*)\}", value, text)


def eventually(condition: Callable[[], bool], *, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


@contextlib.contextmanager
def running_stack(*, postgres_url: str, redis_url: str, folder: Path, name: str) -> Iterator[Stack]:
    """A stack with an empty database `name`; nothing of it outlives the block."""
    psql(postgres_url, f"CREATE DATABASE {name}")
    url = f"{postgres_url.rsplit('/', 1)[0]}/{name}"
    stack = Stack(database_url=url, redis_url=redis_url, folder=folder)
    try:
        with stack.processes:
            yield stack
    finally:
        psql(postgres_url, f"DROP DATABASE {name} WITH (FORCE)")
