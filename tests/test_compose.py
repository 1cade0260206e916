"""docker-compose.yml, proven without Docker: its very commands run against a real PostgreSQL and Redis."""

import contextlib
import json
import os
import re
import socket
import subprocess
from collections.abc import Iterator

import pytest

from scripts.environment import ROOT
from tests.processes import CHOSEN, COMPOSE, OURS, Stack, eventually, running_stack, substitute


@pytest.fixture(scope="module")
def stack(postgres_url: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder, name = tmp_path_factory.mktemp("compose"), f"kam_compose_{os.getpid()}"
    with running_stack(postgres_url=postgres_url, redis_url=redis_url, folder=folder, name=name) as stack:
        yield stack


@pytest.mark.parametrize("name", ["SECRET_KEY", "POSTGRES_PASSWORD", "ALLOWED_HOSTS"])
def test_no_secret_has_a_default(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(CHOSEN, name)

    with pytest.raises(KeyError, match=f"Set {name} in .env"):
        [substitute(str(value)) for value in COMPOSE["web"]["environment"].values()]


def test_every_setting_can_be_chosen_in_env() -> None:
    """A variable that Compose does not hand on would be set in `.env` and change nothing."""
    settings = (ROOT / "kam" / "settings.py").read_text()
    known = set(re.findall(r"env\.\w+\(\s*\"([A-Z_]+)\"", settings))

    for name in OURS:
        assert known - set(COMPOSE[name]["environment"]) == {"DEBUG"}  # never in production


def test_callers_behind_the_proxy_are_told_apart() -> None:
    """Rates are counted by address: without this all callers would have that of the proxy."""
    assert substitute(COMPOSE["web"]["environment"]["NUM_PROXIES"]) == "1"


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

    assert answers_beside_slow_clients(stack), stack.log("web")

    # One change through the API: the worker, alone, makes the numbers right.
    _status, answer = stack.request(
        "POST", "/api/v1/auth/token/", body={"username": "kam", "password": "kam-demo"}
    )
    plan, opportunity, won = won_opportunity_of_kam(stack)
    status, answer = stack.request(
        "PATCH", f"/api/v1/opportunities/{opportunity}/", token=answer["token"], body={"amount": "7654321.00"}
    )
    assert status == 200, answer
    assert eventually(
        lambda: stored_won(stack, plan) != won and not markers(stack, "account_id IS NOT NULL"), seconds=10
    ), stack.log("worker")
    # A plan of a whole territory is marked, for its reader or the next sweep.
    assert markers(stack, "plan_id IS NOT NULL") > 0

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


def answers_beside_slow_clients(stack: Stack) -> bool:
    """As many as there are processes begin a request and do not end it; one says that it will send a lot."""
    begun = b"POST /login/ HTTP/1.1\r\nHost: kam.example\r\nX-Forwarded-Proto: https\r\n"
    with contextlib.ExitStack() as opened:
        address = ("127.0.0.1", stack.port)
        slow = [opened.enter_context(socket.create_connection(address)) for _process in range(3)]
        for client in slow:
            client.sendall(begun)
        slow[0].settimeout(10)
        slow[0].sendall(b"Content-Length: 90000000\r\n\r\n")
        assert b" 413 " in slow[0].recv(100)
        return stack.request("GET", "/healthz")[0] == 200


def won_opportunity_of_kam(stack: Stack) -> tuple[str, str, str]:
    """A plan of the sample user, a won opportunity in it that may be edited, and the plan's won revenue."""
    row = stack.sql(
        "SELECT p.id, o.id, k.won_revenue FROM plans_accountplan p"
        " JOIN metrics_plankpi k ON k.plan_id = p.id JOIN users_user u ON u.id = p.owner_id"
        " JOIN crm_opportunity o ON o.account_id = p.account_id AND o.owner_id = u.id"
        " AND o.close_date BETWEEN p.start_date AND p.end_date"
        " JOIN crm_stage s ON s.id = o.stage_id AND s.is_won"
        " WHERE u.username = 'kam' AND p.revenue_basis = 'opportunity' AND k.won_revenue > 0"
        " AND NOT EXISTS (SELECT 1 FROM plans_accountplanproduct x WHERE x.plan_id = p.id) ORDER BY o.id LIMIT 1"
    )
    plan, opportunity, won = row.split("|")
    return plan, opportunity, won


def stored_won(stack: Stack, plan: str) -> str:
    return stack.sql(f"SELECT won_revenue FROM metrics_plankpi WHERE plan_id = '{plan}'")


def markers(stack: Stack, condition: str = "true") -> int:
    return int(stack.sql(f"SELECT count(*) FROM metrics_stalemarker WHERE {condition}"))


def change_behind_the_application(stack: Stack, opportunity: str) -> None:
    stack.sql(f"UPDATE crm_opportunity SET amount = amount + 1000 WHERE id = '{opportunity}'")
    assert markers(stack)


def stop_in_order(processes: dict[str, subprocess.Popen], stack: Stack) -> None:
    """As Compose stops a service: SIGTERM, then patience; none of them needs to be killed."""
    for name, process in processes.items():
        process.terminate()
        assert process.wait(timeout=30) == 0, stack.log(name)
