"""Hundreds of faults while people and systems write: after one sweep no number is wrong (quality.md, P1)."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg2
import pytest
import redis as redis_client

from scripts import services
from tests.processes import ROOT, Stack, eventually, psql, running_stack

pytestmark = [pytest.mark.postgres, pytest.mark.faults]

FAULTS = {
    "kill -9 a process of the worker": 24,
    "kill -9 the whole worker": 5,
    "kill -9 a process of the web server": 30,
    "kill -9 the whole web server": 3,
    "FLUSHALL": 40,
    "kill -9 Redis": 10,
    "terminate the connections": 40,
    "lose the queue": 28,
    "double the queue": 28,
}
PAUSE = 0.2  # seconds between two faults
QUEUE = "celery"


class Redis:
    """A Redis server that may be killed and started again on its port."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, services.free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.client = redis_client.Redis(port=self.port, socket_timeout=2)
        self.process = self.start()

    def start(self) -> subprocess.Popen:
        program = services.redis_program()
        assert program
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        arguments = ["--bind", "127.0.0.1", "--port", str(self.port), "--save", "", "--dir", str(self.folder)]
        return subprocess.Popen(
            [program, *arguments], start_new_session=True, preexec_fn=services.die_with_parent(), **quiet
        )

    def kill_and_restart(self) -> None:
        self.process.kill()
        self.process.wait()
        time.sleep(0.3)
        self.process = self.start()


class Writers:
    """Colleagues over the API and a system with raw SQL; what was acknowledged is remembered."""

    def __init__(self, stack: Stack, token: str, opportunities: list[str]) -> None:
        self.stack, self.token = stack, token
        self.stopped = threading.Event()
        self.acknowledged: dict[str, list[str]] = {}  # the amounts that the row may have now
        self.answers: Counter[int] = Counter()
        shares = [opportunities[n::4] for n in range(4)]
        self.threads = [
            *(
                threading.Thread(target=self._over_the_api, args=(share, n))
                for n, share in enumerate(shares[:3])
            ),
            threading.Thread(target=self._by_sql, args=(shares[3],)),
        ]

    def __enter__(self) -> Writers:
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopped.set()
        for thread in self.threads:
            thread.join()

    def _over_the_api(self, opportunities: list[str], seed: int) -> None:
        chance = random.Random(seed)
        while not self.stopped.is_set():
            pk, amount = chance.choice(opportunities), f"{chance.randrange(1, 10**8) / 100:.2f}"
            path = f"/api/v1/opportunities/{pk}/"
            status, _answer = self.stack.request("PATCH", path, token=self.token, body={"amount": amount})
            self._remember(pk, amount, is_acknowledged=status == 200)
            self.answers[status] += 1
            if status != 200:
                time.sleep(0.1)

    def _by_sql(self, opportunities: list[str]) -> None:
        chance = random.Random(99)
        while not self.stopped.is_set():
            pk, cents = chance.choice(opportunities), chance.randrange(1, 10**8)
            try:
                with (
                    contextlib.closing(psycopg2.connect(self.stack.database_url)) as raw,
                    raw,
                    raw.cursor() as cursor,
                ):
                    cursor.execute("UPDATE crm_opportunity SET amount = %s WHERE id = %s", [cents * 10, pk])
            except (psycopg2.OperationalError, psycopg2.InterfaceError):
                self._remember(pk, f"{cents / 100:.2f}", is_acknowledged=False)
            else:
                self._remember(pk, f"{cents / 100:.2f}", is_acknowledged=True)
            time.sleep(0.02)

    def _remember(self, pk: str, amount: str, *, is_acknowledged: bool) -> None:
        if is_acknowledged:
            self.acknowledged[pk] = [amount]
        elif pk in self.acknowledged:
            self.acknowledged[pk].append(amount)  # perhaps done, perhaps not


class Saboteur:
    def __init__(self, stack: Stack, redis: Redis) -> None:
        self.stack, self.redis = stack, redis
        self.web, self.worker = stack.start("web"), stack.start("worker")
        self.beat = stack.start("beat")
        self.done: Counter[str] = Counter()
        self.kinds: dict[str, Callable[[], None]] = {
            "kill -9 a process of the worker": lambda: kill_a_child(self.worker),
            "kill -9 the whole worker": self.kill_worker,
            "kill -9 a process of the web server": lambda: kill_a_child(self.web),
            "kill -9 the whole web server": self.kill_web_server,
            "FLUSHALL": lambda: self.redis.client.flushall(),
            "kill -9 Redis": self.redis.kill_and_restart,
            "terminate the connections": self.terminate_connections,
            "lose the queue": lambda: self.redis.client.delete(QUEUE),
            "double the queue": self.double_queue,
        }

    def inject(self, kind: str) -> None:
        with contextlib.suppress(redis_client.RedisError):  # not up again yet: then the fault is that
            self.kinds[kind]()
        self.done[kind] += 1

    def kill_worker(self) -> None:
        os.killpg(self.worker.pid, signal.SIGKILL)
        self.worker.wait()
        self.worker = self.stack.start("worker")

    def kill_web_server(self) -> None:
        os.killpg(self.web.pid, signal.SIGKILL)
        self.web.wait()
        self.web = self.stack.start("web")
        # Back before the next fault, or nobody would write any more.
        assert eventually(lambda: self.stack.request("GET", "/healthz")[0] == 200, seconds=60)

    def terminate_connections(self) -> None:
        self.stack.sql(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )

    def double_queue(self) -> None:
        for message in self.redis.client.lrange(QUEUE, 0, 20):
            self.redis.client.lpush(QUEUE, message, message)

    def kill_everything(self) -> None:
        for process in (self.web, self.worker, self.beat):
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def kill_a_child(process: subprocess.Popen) -> None:
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    if children:
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(children[0]), signal.SIGKILL)


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    server = Redis(tmp_path_factory.mktemp("redis"))
    try:
        yield server
    finally:
        services.stop(server.process)


@pytest.fixture(scope="module")
def stack(postgres_url: str, redis: Redis, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder, name = tmp_path_factory.mktemp("faults"), f"kam_faults_{os.getpid()}"
    with running_stack(postgres_url=postgres_url, redis_url=redis.url, folder=folder, name=name) as stack:
        # A killed process is replaced by a fork: otherwise this machine would only ever start Python.
        stack.extra["GUNICORN_CMD_ARGS"] = "--preload"
        stack.manage("migrate", "--verbosity=0")
        stack.manage("seed_demo", "--verbosity=0")
        yield stack


def check_finds_nothing(stack: Stack) -> bool:
    command = [*stack.command("migrate")[:-1]]
    done = subprocess.run(
        [command[0], "manage.py", "check_kpis"],
        cwd=ROOT, env=stack.environment("migrate"), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stderr
    return done.returncode == 0


def opportunities_in_plans(stack: Stack) -> list[str]:
    return stack.sql(
        "SELECT DISTINCT o.id FROM crm_opportunity o JOIN crm_accountedge e ON e.descendant_id = o.account_id"
        " JOIN plans_accountplan p ON p.account_id = e.ancestor_id"
        " AND o.close_date BETWEEN p.start_date AND p.end_date"
        " WHERE o.currency = 'USD' ORDER BY 1 LIMIT 160"
    ).split()


def test_no_fault_makes_a_number_wrong(stack: Stack, redis: Redis) -> None:
    stack.manage("sweep")
    assert check_finds_nothing(stack)
    saboteur = Saboteur(stack, redis)
    assert eventually(lambda: stack.request("GET", "/readyz")[0] == 200, seconds=60), stack.log("web")
    token = stack.manage("create_token", "admin").strip().split()[-1]
    opportunities = opportunities_in_plans(stack)
    kinds = [kind for kind, times in FAULTS.items() for _ in range(times)]
    random.Random(7).shuffle(kinds)

    with Writers(stack, token, opportunities) as writers:
        for kind in kinds:
            saboteur.inject(kind)
            time.sleep(PAUSE)
    saboteur.kill_everything()

    assert sum(saboteur.done.values()) == len(kinds) >= 200
    assert writers.answers[200] >= 200, writers.answers  # they did get through, all the while
    for pk, amounts in writers.acknowledged.items():
        stored = stack.sql(f"SELECT amount FROM crm_opportunity WHERE id = '{pk}'")
        assert f"{int(stored) / 1000:.2f}" in amounts
    # The control: with nobody working off what the last writes left behind, the check does find it.
    stack.sql(f"UPDATE crm_opportunity SET amount = amount + 1000 WHERE id = '{opportunities[0]}'")
    assert not check_finds_nothing(stack)
    stack.manage("sweep")
    assert check_finds_nothing(stack)


def test_a_database_without_triggers_is_found_out(stack: Stack) -> None:
    """The control of the whole: take the markers away, and neither sweep nor check can agree."""
    stack.sql("ALTER TABLE crm_opportunity DISABLE TRIGGER USER")
    psql(stack.database_url, "UPDATE crm_opportunity SET amount = amount + 1000")
    stack.manage("sweep")

    assert not check_finds_nothing(stack)
