"""What the environment gives to every test: databases, Redis, the browser, Hypothesis."""

import os
import shutil
from collections.abc import Iterator

import pytest
from django.conf import settings
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from scripts import services

pytest_plugins = ["tests.fixtures"]

# A database with all migrations: a file of SQLite, or the name of one on the server.
MIGRATED = os.environ.get("TEST_MIGRATED_DATABASE")
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
    """SQLite in a file, as in real use: an in-memory database knows neither WAL nor write locks.

    `make test` has migrated a database already, of which every worker takes a copy.
    """
    test = settings.DATABASES["default"].setdefault("TEST", {})
    if on_postgres():
        test["TEMPLATE"] = MIGRATED
        return
    test["NAME"] = str(tmp_path_factory.mktemp("database") / "test.sqlite3")
    if MIGRATED:
        shutil.copyfile(MIGRATED, test["NAME"])


@pytest.fixture(scope="session")
def django_db_keepdb(django_db_keepdb: bool) -> bool:
    """A copy in its file is what the tests start from; Django would delete it first."""
    return django_db_keepdb or bool(MIGRATED and not on_postgres())


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
