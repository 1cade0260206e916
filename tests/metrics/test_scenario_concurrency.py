"""Two windows keep the same deal of one scenario at once: one is told, and nothing is half kept."""

from __future__ import annotations

import threading
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from kam.core.changes import StaleObjectError
from metrics import scenario_operations
from metrics.models import Scenario, ScenarioChange
from metrics.scenario_operations import keep_change
from tests import factories


@pytest.fixture
def scenario(transactional_db: None) -> Scenario:
    return factories.create_scenario(factories.create_plan())


def both_keep(scenario: Scenario) -> tuple[BaseException | None, list[Decimal | None]]:
    """What the second window is told while the first has not committed, and what is kept in the end."""
    account = scenario.plan.account
    assert account is not None
    deal = factories.create_opportunity(account, amount=100)
    first_wrote, second_told = threading.Event(), []

    def values(amount: int) -> dict[str, Any]:
        return {
            "date": deal.close_date,
            "amount": Decimal(amount),
            "probability": deal.probability,
            "outcome": "open",
        }

    def second() -> None:
        first_wrote.wait(20)
        try:
            keep_change(scenario=scenario, deal=deal, values=values(2), version=0)
        except (StaleObjectError, IntegrityError) as error:
            second_told.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=second)
    thread.start()
    with transaction.atomic():
        keep_change(scenario=scenario, deal=deal, values=values(1), version=0)
        first_wrote.set()
        thread.join(0.3)  # it waits
    thread.join(20)
    assert not thread.is_alive()
    rows = ScenarioChange.objects.unscoped("test").filter(scenario=scenario)
    return next(iter(second_told), None), list(rows.values_list("amount", flat=True))


def test_the_second_window_is_told(scenario: Scenario) -> None:
    told, kept = both_keep(scenario)

    assert isinstance(told, StaleObjectError)
    assert kept == [1]
    assert Scenario.objects.unscoped("test").get(pk=scenario.pk).version == 2, "as if it had not tried"


@pytest.mark.postgres
def test_without_the_order_of_writers_it_breaks(scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scenario_operations, "bump_version", lambda *args, **kwargs: None)

    told, kept = both_keep(scenario)

    assert isinstance(told, IntegrityError), "the database alone would answer with an error of its own"
    assert kept == [1]
