"""The database's own triggers: there after every migration, missed when they are gone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.checks import Tags, run_checks
from django.core.management import call_command
from django.db import connection, models
from django.db.migrations.state import ProjectState
from django.test import Client

from crm.models import Opportunity
from kam.core import triggers

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def mended() -> Iterator[None]:
    """Whatever a test breaks is whole again for the next."""
    yield
    triggers.install(connection)


def drop(name: str) -> None:
    table = next(trigger.table for trigger in triggers.declared(connection.vendor) if trigger.name == name)
    on_table = f" ON {table}" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER {name}{on_table}")


NAMES = ("crm_accountedge_1_move", "crm_territoryedge_1_insert", "kam_stale_crm_opportunity_update")


def test_migrated_database_has_them_all() -> None:
    names = [trigger.name for trigger in triggers.declared(connection.vendor)]

    assert set(NAMES) < set(names)
    assert len(names) == len(set(names))
    assert triggers.missing(connection) == []


def test_table_rebuild_loses_none() -> None:
    """SQLite changes a column by rebuilding the table, and a rebuilt table has no triggers."""
    triggers.drop_before_migrate("default", plan=["a migration"])  # or SQLite refuses the rebuild
    with connection.schema_editor() as editor:
        model = ProjectState.from_apps(Opportunity._meta.apps).apps.get_model("crm", "Opportunity")
        old = model._meta.get_field("next_step")
        for length in (501, 500):
            new = models.CharField(max_length=length, blank=True)
            new.set_attributes_from_name("next_step")
            new.model = model
            editor.alter_field(model, old, new, strict=True)
            old = new
    if connection.vendor == "sqlite":
        assert "kam_stale_crm_opportunity_update" in triggers.missing(connection)

    call_command("migrate", verbosity=0)

    assert triggers.missing(connection) == []


@pytest.mark.parametrize("name", NAMES)
def test_missing_trigger_is_reported_and_takes_the_process_out_of_service(name: str) -> None:
    drop(name)

    (warning,) = run_checks(tags=[Tags.database], databases=["default"])
    answer = Client().get("/readyz")

    assert (warning.id, name in warning.msg) == ("kam.W001", True)
    assert (answer.status_code, answer.json()) == (503, {"status": "unavailable"})
    call_command("migrate", verbosity=0)
    assert run_checks(tags=[Tags.database], databases=["default"]) == []
    assert Client().get("/readyz").status_code == 200


@pytest.mark.postgres
def test_disabled_trigger_counts_as_missing() -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE crm_account DISABLE TRIGGER crm_accountedge_1_move")

    assert triggers.missing(connection) == ["crm_accountedge_1_move"]
    triggers.install(connection)
    assert triggers.missing(connection) == []


def test_installing_twice_changes_nothing() -> None:
    before = triggers.installed(connection)

    triggers.install(connection)

    assert triggers.installed(connection) == before
