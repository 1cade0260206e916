"""PostgreSQL asks functions of its own, SQLite and very many ids the same SQL as it is: nobody must see which."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from metrics import markers, operations, rollup
from metrics.models import StaleMarker
from plans.models import Plan
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


def some_of_everything() -> list[Plan]:
    """Plans that concern each other in every way that a marker can: tree, territory, pins, products, rate."""
    territory = factories.create_territory()
    above = factories.create_account(territory=territory)
    below = factories.create_account(parent=above, territory=territory)
    whole = factories.create_plan(above, include_child_accounts=True)
    alone = factories.create_plan(factories.create_account(), include_child_accounts=False)
    of_territory = factories.create_territory_plan(territory)
    deal = factories.create_opportunity(below, amount=10, close_date=whole.start_date)
    factories.create_pin(alone, deal, effect="include")
    plans = [whole, alone, of_territory, factories.create_plan(below)]
    StaleMarker.objects.all().delete()
    for marked in (
        {"account_id": below.pk},
        {"account_id": alone.account_id},
        {"plan_id": whole.pk},
        {"territory_id": territory.pk},
        {"currency": "EUR"},
        {"catalog": True},
    ):
        StaleMarker.objects.create(created_at=whole.created_at, **marked)
    return plans


def answers(plans: list[Plan]) -> tuple[Any, Any]:
    batch = operations.MarkerBatch.of(StaleMarker.objects.values_list(*operations.MARKER_FIELDS))
    return [sorted(markers.markers_of(plan)) for plan in plans], markers.plans_concerned(batch)


def test_functions_answer_as_their_sql_does(monkeypatch: pytest.MonkeyPatch) -> None:
    plans = some_of_everything()
    by_function = answers(plans)

    for function in (markers.MARKERS_FUNCTION, markers.PLANS_FUNCTION):
        monkeypatch.setattr(function, "is_installed", lambda connection: False)

    assert answers(plans) == by_function
    waiting, concerned = by_function
    assert all(waiting)
    assert {plan.pk for plan in plans} <= concerned.plan_ids | concerned.territory_plan_ids


def test_migrate_has_installed_them_all() -> None:
    for function in (rollup.FUNCTION, markers.MARKERS_FUNCTION, markers.PLANS_FUNCTION):
        function._aliases.clear()
        assert function.is_installed(connection)
