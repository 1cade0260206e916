"""docker-compose.yml, proven without Docker: its very commands run against a real PostgreSQL and Redis."""

import contextlib
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import pytest
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

    def environment(self, name: str) -> dict[str, str]:
        declared = {key: substitute(str(value)) for key, value in COMPOSE[name]["environment"].items()}
        declared |= {"DATABASE_URL": self.database_url, "REDIS_URL": self.redis_url}
        return declared | {"PATH": os.environ["PATH"], "PYTHONUNBUFFERED": "1"}

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
        except URLError:
            return 0, None

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


@pytest.fixture(scope="module")
def stack(postgres_url: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    name = f"kam_compose_{os.getpid()}"
    psql(postgres_url, f"CREATE DATABASE {name}")
    url = f"{postgres_url.rsplit('/', 1)[0]}/{name}"
    stack = Stack(database_url=url, redis_url=redis_url, folder=tmp_path_factory.mktemp("compose"))
    try:
        with stack.processes:
            yield stack
    finally:
        psql(postgres_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.mark.parametrize("name", ["SECRET_KEY", "POSTGRES_PASSWORD", "ALLOWED_HOSTS"])
def test_no_secret_has_a_default(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(CHOSEN, name)

    with pytest.raises(KeyError, match=f"Set {name} in .env"):
        [substitute(str(value)) for value in COMPOSE["web"]["environment"].values()]


def test_the_image_alone_starts_what_web_starts() -> None:
    last = (ROOT / "Dockerfile").read_text().strip().splitlines()[-1]

    assert json.loads(last.removeprefix("CMD ")) == COMPOSE["web"]["command"]


def test_every_process_waits_for_the_database_and_the_migrations() -> None:
    for name in OURS[1:]:
        assert COMPOSE[name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
        assert COMPOSE[name]["restart"] == "unless-stopped"
    assert COMPOSE["migrate"]["depends_on"]["db"]["condition"] == "service_healthy"
    assert COMPOSE["migrate"]["restart"] == "no"


def test_only_the_proxy_of_this_machine_reaches_a_port() -> None:
    published = {name: service.get("ports", []) for name, service in COMPOSE.items()}

    assert [port for ports in published.values() for port in ports] == published["web"]
    assert published["web"] == ["127.0.0.1:${PORT:-8000}:8000"]


@pytest.mark.postgres
@pytest.mark.faults
def test_the_services_start_work_together_and_stop_in_order(stack: Stack) -> None:
    migrate = subprocess.run(
        stack.command("migrate"), cwd=ROOT, env=stack.environment("migrate"), check=False
    )
    assert migrate.returncode == 0
    stack.manage("seed_demo", "--verbosity=0")
    web, worker = stack.start("web"), stack.start("worker")
    assert eventually(lambda: stack.request("GET", "/healthz")[0] == 200, seconds=30), stack.log("web")
    assert eventually(lambda: stack.request("GET", "/readyz")[0] == 200, seconds=30), stack.log("web")
    assert eventually(lambda: "ready." in stack.log("worker"), seconds=30), stack.log("worker")

    # One change through the API: the worker, alone, makes the numbers right.
    _status, answer = stack.request(
        "POST", "/api/v1/auth/token/", body={"username": "kam", "password": "kam-demo"}
    )
    plan, opportunity, won = won_opportunity_of_kam(stack)
    status, answer = stack.request(
        "PATCH", f"/api/v1/opportunities/{opportunity}/", token=answer["token"], body={"amount": "7654321.00"}
    )
    assert status == 200, answer
    assert eventually(lambda: stored_won(stack, plan) != won and not markers(stack), seconds=10), stack.log(
        "worker"
    )

    # A change that nobody announces: beat finds it with the worker, and the sweep without anyone.
    beat = stack.start("beat")
    assert eventually(lambda: "beat: Starting" in stack.log("beat"), seconds=30), stack.log("beat")
    change_behind_the_application(stack, opportunity)
    assert eventually(lambda: not markers(stack), seconds=15), stack.log("beat")
    stop_in_order({"beat": beat, "worker": worker}, stack)
    sweep = stack.start("sweep")
    change_behind_the_application(stack, opportunity)
    assert eventually(lambda: not markers(stack), seconds=30), stack.log("sweep")

    stack.manage("check_kpis")
    stop_in_order({"sweep": sweep, "web": web}, stack)


def won_opportunity_of_kam(stack: Stack) -> tuple[str, str, str]:
    """A plan of the sample user, a won opportunity in it that may be edited, and the plan's won revenue."""
    row = stack.sql(
        "SELECT p.id, o.id, k.won_revenue FROM plans_accountplan p"
        " JOIN metrics_plankpi k ON k.plan_id = p.id JOIN users_user u ON u.id = p.owner_id"
        " JOIN crm_opportunity o ON o.account_id = p.account_id AND o.owner_id = u.id"
        " AND o.close_date BETWEEN p.start_date AND p.end_date"
        " JOIN crm_stage s ON s.id = o.stage_id AND s.is_won"
        " WHERE u.username = 'kam' AND p.revenue_basis = 'opportunity' AND k.won_revenue > 0 ORDER BY o.id LIMIT 1"
    )
    plan, opportunity, won = row.split("|")
    return plan, opportunity, won


def stored_won(stack: Stack, plan: str) -> str:
    return stack.sql(f"SELECT won_revenue FROM metrics_plankpi WHERE plan_id = '{plan}'")


def markers(stack: Stack) -> int:
    return int(stack.sql("SELECT count(*) FROM metrics_stalemarker"))


def change_behind_the_application(stack: Stack, opportunity: str) -> None:
    stack.sql(f"UPDATE crm_opportunity SET amount = amount + 1000 WHERE id = '{opportunity}'")
    assert markers(stack)


def stop_in_order(processes: dict[str, subprocess.Popen], stack: Stack) -> None:
    """As Compose stops a service: SIGTERM, then patience; none of them needs to be killed."""
    for name, process in processes.items():
        process.terminate()
        assert process.wait(timeout=30) == 0, stack.log(name)
