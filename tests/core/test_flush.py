"""`manage.py flush` empties every table, also those whose rows nobody may delete."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction

from kam.core.triggers import missing
from templates_app.models import ActionPlanTemplateVersion
from tests import factories


@pytest.mark.django_db(transaction=True)
def test_flush_empties_tables_of_what_is_published_and_keeps_the_triggers() -> None:
    factories.create_published_template(items=2)

    call_command("flush", interactive=False, verbosity=0)

    assert not ActionPlanTemplateVersion.objects.exists()
    assert missing(connection) == []
    version = factories.create_published_template(items=1)
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {version._meta.db_table}")


@pytest.mark.django_db(transaction=True)
def test_flush_that_is_not_confirmed_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    factories.create_published_template(items=1)
    monkeypatch.setattr("builtins.input", lambda _prompt: "no")

    call_command("flush", verbosity=0)

    assert ActionPlanTemplateVersion.objects.count() == 1
    assert missing(connection) == []
