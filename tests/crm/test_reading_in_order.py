"""The gate has two ways to find the same rows."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from crm.models import Activity, Opportunity
from kam.core.gate import UnscopedQueryError
from kam.users.models import User
from plans.models import AccountPlan
from tests import factories
from tests.fixtures import World

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("model", [Opportunity, Activity])
def test_both_ways_lead_to_the_same_rows(model: Any, world: World, cast: dict[str, User]) -> None:
    far = factories.create_account(owner=cast["stranger"])
    factories.create_opportunity(far, owner=cast["account_manager"])
    factories.create_activity(far, owner=cast["account_manager"])
    seen = {}
    for name, user in cast.items():
        seen[name] = set(model.objects.visible_to(user))
        assert set(model.objects.read_in_order().visible_to(user)) == seen[name], name
    assert len({frozenset(rows) for rows in seen.values()}) >= 3


def test_reading_in_order_needs_a_user_all_the_same(world: World) -> None:
    with pytest.raises(UnscopedQueryError):
        list(Opportunity.objects.read_in_order())


@pytest.mark.parametrize("model", [Opportunity, AccountPlan])
def test_postgresql_gets_ids_it_can_look_up(model: Any, account_manager: User, manager: User) -> None:
    """An `IN (subquery)` beside an OR would have every row of the table looked at. Who sees a good part
    of all accounts has the account of each row looked at instead."""
    few, many = (str(model.objects.visible_to(user).query) for user in (account_manager, manager))

    assert ('"account_id" = ANY(ARRAY(SELECT' in few) is (connection.vendor == "postgresql")
    assert '"account_id" = ANY(' not in many
    assert 'JOIN "crm_account"' in many
