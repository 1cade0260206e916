"""What the environment gives to every test: databases, Redis, the browser, Hypothesis."""

import os
from collections.abc import Iterator

import pytest
from django.conf import settings
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from scripts import services

pytest_plugins = ["tests.fixtures"]

SERIAL_GROUPS = ("faults", "browser")

hypothesis_settings.register_profile(
    "ci",
    max_examples=60,
    deadline=None,
    derandomize=True,  # a red CI run fails the same way on the next try
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
hypothesis_settings.register_profile("dev", max_examples=25, deadline=None)
hypothesis_settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


def on_postgres() -> bool:
    return settings.DATABASES["default"]["ENGINE"] == "django.db.backends.postgresql"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests of PostgreSQL run there only, those that ask nothing of the database on SQLite only; slow groups
    stay on one worker."""
    elsewhere = "any_database" if on_postgres() else "postgres"
    foreign = [item for item in items if item.get_closest_marker(elsewhere)]
    if foreign:
        config.hook.pytest_deselected(items=foreign)
        items[:] = [item for item in items if item not in set(foreign)]
    for item in items:
        for group in SERIAL_GROUPS:
            if item.get_closest_marker(group):
                item.add_marker(pytest.mark.xdist_group(group))
                break


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    tmp_path_factory: pytest.TempPathFactory, django_db_modify_db_settings: None
) -> None:
    """SQLite in a file, as in real use: an in-memory database knows neither WAL nor write locks."""
    if not on_postgres():
        folder = tmp_path_factory.mktemp("database")
        settings.DATABASES["default"].setdefault("TEST", {})["NAME"] = str(folder / "test.sqlite3")


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL server where a test may create databases; `make test` has started one."""
    if url := os.environ.get("TEST_POSTGRES_URL"):
        yield url
    else:
        with services.postgres() as url:
            yield url


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """A Redis for tests that start workers; `make test` has started one."""
    if url := os.environ.get("TEST_REDIS_URL"):
        yield url
    else:
        with services.redis() as url:
            yield url


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """The system's Chromium; CHROMIUM names another."""
    path = services.chromium_program()
    assert path, "Chromium is not installed: `make test` installs it, or says how."
    return path
