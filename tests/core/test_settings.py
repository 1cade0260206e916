"""Settings are safe unless somebody says otherwise, and wrong ones stop the start."""

from __future__ import annotations

import json
import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

pytestmark = pytest.mark.any_database

ROOT = Path(__file__).resolve().parents[2]
PRODUCTION = {
    "DJANGO_SETTINGS_MODULE": "kam.settings",
    "DATABASE_URL": "sqlite://:memory:",
    "SECRET_KEY": "k" * 30 + "0123456789abcdefghijklmnopqrstuvwxyz",
    "ALLOWED_HOSTS": "kam.example",
    "PATH": os.environ.get("PATH", ""),
}
DUMP = (
    "import json; from django.conf import settings as s; "
    "print(json.dumps({n: getattr(s, n) for n in dir(s) if n.isupper()}, default=str))"
)


def python(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A process with nothing in its environment but what production needs."""
    env = {name: value for name, value in {**PRODUCTION, **environment}.items() if value}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def settings_of(**environment: str) -> dict[str, object]:
    done = python("-c", DUMP, **environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_production_passes_the_deployment_check() -> None:
    done = python("manage.py", "check", "--deploy", "--fail-level", "WARNING")

    assert done.returncode == 0, done.stdout + done.stderr


def test_deployment_check_would_find_a_weakness() -> None:
    done = python("manage.py", "check", "--deploy", "--fail-level", "WARNING", HTTPS="off")

    assert done.returncode == 1
    assert "security.W008" in done.stderr


def test_production_is_secure_by_default() -> None:
    found = settings_of()

    assert {name: found[name] for name in SECURE} == SECURE
    assert found["ALLOWED_HOSTS"] == ["kam.example"]


SECURE = {
    "DEBUG": False,
    "SECURE_SSL_REDIRECT": True,
    "SESSION_COOKIE_SECURE": True,
    "CSRF_COOKIE_SECURE": True,
    "SESSION_COOKIE_HTTPONLY": True,
    "SECURE_HSTS_SECONDS": 31_536_000,
    "X_FRAME_OPTIONS": "DENY",
    "USE_TZ": True,
}


def test_hosts_have_to_be_named() -> None:
    assert settings_of(ALLOWED_HOSTS="")["ALLOWED_HOSTS"] == []


def test_what_is_not_clearly_on_is_off() -> None:
    assert settings_of(DEBUG="perhaps")["DEBUG"] is False


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY"),
        ({"COMPANY_CURRENCY": "EURO"}, "COMPANY_CURRENCY"),
    ],
)
def test_wrong_setting_stops_the_start_and_is_named(environment: dict[str, str], message: str) -> None:
    done = python("manage.py", "check", **environment)

    assert done.returncode != 0
    assert message in done.stderr


@pytest.mark.parametrize(
    "wrong",
    [
        "HTTPS=maybe",
        "SEPARATE_MEDICAL=onn",
        "DIGEST_HOUR=24",
        "NUM_PROXIES=one",
        "NUM_PROXIES=-1",
        "TIME_ZONE=Mars",
        "API_RATE=fast",
        "LOGIN_RATE=20",
        "DATABASE_URL=hunter2",
        "REDIS_URL=hunter2:6379",
        "EMAIL_URL=pigeon://hunter2",
        "SITE_URL=kam.example",
        "LOG_LEVEL=loud",
    ],
)
def test_a_wrong_value_stops_the_start_and_is_named(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """And is not silently taken for “off”. What may hold a password is not repeated."""
    name, _equals, value = wrong.partition("=")
    monkeypatch.setenv(name, value)

    with pytest.raises(ImproperlyConfigured, match=name) as refusal:
        runpy.run_path(str(ROOT / "kam" / "settings.py"))

    assert "hunter2" not in str(refusal.value)


def test_an_empty_value_is_none() -> None:
    names = ("HTTPS", "SEPARATE_MEDICAL", "DIGEST_HOUR", "NUM_PROXIES", "TIME_ZONE", "API_RATE", "SITE_URL")
    empty = dict.fromkeys(names, " ")

    assert settings_of(**empty) == settings_of()
