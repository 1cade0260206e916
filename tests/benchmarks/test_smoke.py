"""The benchmarks run: every part gives its figures. What the figures are is no matter of a test."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.processes import ROOT, psql

pytestmark = [pytest.mark.postgres, pytest.mark.faults]


def run_benchmarks(*arguments: str, url: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {
        "DATABASE_URL": url,
        "REDIS_URL": "",
        "SECRET_KEY": "k" * 60,
        "ALLOWED_HOSTS": "localhost,testserver",
        "DEBUG": "off",
        "HTTPS": "off",
    }
    command = [sys.executable, "-m", "benchmarks", "--smoke", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def test_every_part_gives_figures_and_a_database_in_use_is_left_alone(postgres_url: str) -> None:
    name = f"kam_benchmarks_{os.getpid()}"
    url = f"{postgres_url.rsplit('/', 1)[0]}/{name}"
    psql(postgres_url, f"CREATE DATABASE {name}")
    try:
        done = run_benchmarks(url=url)
        assert done.returncode == 0, done.stdout + done.stderr
        for figure in (
            "full rebuild : INSERT … SELECT",
            "save and read KPIs : one statement",
            "changed in bulk, with KPIs : set-based SQL",
            "plan page (manager of all) : bare page",
            "plan list, 3,000 : 2,000 opportunities",
            "REST create : bare DRF",
            "import of 200 with KPIs : COPY",
            "memory of a web worker after 4 pages",
        ):
            assert figure in done.stdout

        psql(url, "UPDATE users_user SET username = 'somebody' WHERE username = 'bench-manager'")
        refused = run_benchmarks("--only", "rebuild", url=url)
        assert refused.returncode == 2
        assert "need a database of their own" in refused.stderr
        assert psql(url, "SELECT count(*) FROM crm_opportunity") == "3000"
    finally:
        psql(postgres_url, f"DROP DATABASE {name} WITH (FORCE)")
