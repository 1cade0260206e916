"""Plans of accounts and of territories are rows of one table, and each comes as what it is."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from kam.core.models import Change
from kam.users.models import User
from plans.models import AccountPlan, AccountPlanObjective, GoalAssignment, Objective, Plan, Strategy
from plans.models import TerritoryBusinessPlan as TerritoryPlan
from tests import factories
from tests.fixtures import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def plan(world: World, account_manager: User) -> TerritoryPlan:
    return factories.create_territory_plan(world.account.territory, "North", owner=account_manager)


def pks(rows: Any) -> set[Any]:
    return {row.pk for row in rows.unscoped("test")}


def test_each_manager_has_its_kind(plan: TerritoryPlan, world: World) -> None:
    own, theirs = factories.create_goal_assignment(plan), factories.create_objective(world.plan)

    assert pks(TerritoryPlan.objects) == {plan.pk}
    assert plan.pk not in pks(AccountPlan.objects)
    assert pks(Plan.objects) == pks(AccountPlan.objects) | {plan.pk}
    assert (pks(GoalAssignment.objects), pks(AccountPlanObjective.objects)) == ({own.pk}, {theirs.pk})
    assert pks(Objective.objects) == {own.pk, theirs.pk}


def test_rows_come_as_what_they_are(plan: TerritoryPlan, world: World) -> None:
    found = Plan.objects.unscoped("test").in_bulk([plan.pk, world.plan.pk])
    below = [factories.create_strategy(of) for of in (plan, world.plan)]
    loaded = Strategy.objects.unscoped("test").select_related("plan").in_bulk([row.pk for row in below])

    assert (type(found[plan.pk]), type(found[world.plan.pk])) == (TerritoryPlan, AccountPlan)
    assert [type(loaded[row.pk].plan) for row in below] == [TerritoryPlan, AccountPlan]
    assert [type(Strategy.objects.unscoped("test").get(pk=row.pk).plan) for row in below] == [
        TerritoryPlan,
        AccountPlan,
    ]
    assert (found[plan.pk].subject, found[world.plan.pk].subject) == (plan.territory, world.account)
    few = AccountPlan.objects.unscoped("test").only("name").get(pk=world.plan.pk)
    assert not few.is_of_territory


@pytest.mark.parametrize("both", [True, False])
def test_plan_is_of_an_account_or_of_a_territory(both: bool, plan: TerritoryPlan, world: World) -> None:
    values = {"account": world.account} if both else {"territory": None}
    with pytest.raises(IntegrityError), transaction.atomic():
        Plan._base_manager.filter(pk=plan.pk).update(**values)
    for name, value in values.items():
        setattr(plan, name, value)
    with pytest.raises(ValidationError, match="for an account or for a territory"):
        plan.validate_constraints()


def test_log_says_of_which_kind_a_plan_is(plan: TerritoryPlan, world: World) -> None:
    factories.create_goal_assignment(plan, "Reach")
    loaded = Plan.objects.unscoped("test").get(pk=plan.pk)
    loaded.vision = "All of it"
    loaded.save()
    Plan.objects.unscoped("test").filter(pk__in=[plan.pk, world.plan.pk]).update(risks="None")
    Plan.objects.unscoped("test").get(pk=plan.pk).delete()

    entries = Change.objects.unscoped("test").filter(container_id=plan.pk).order_by("id")
    logged = [(entry.operation, entry.model) for entry in entries]
    assert logged[:4] == [
        ("create", "plans.territorybusinessplan"),
        ("create", "plans.objective"),
        ("update", "plans.territorybusinessplan"),
        ("update", "plans.territorybusinessplan"),
    ]
    assert sorted(logged[4:]) == [("delete", "plans.objective"), ("delete", "plans.territorybusinessplan")]
    assert Change.objects.of(world.plan).first().model == "plans.accountplan"


def test_accounts_are_those_of_the_territory_and_below(
    plan: TerritoryPlan, world: World, account_manager: User
) -> None:
    below = factories.create_territory("Inside", parent=plan.territory)
    inside = factories.create_account("Inside", territory=below)
    west = factories.create_territory_plan(world.account.territory.parent, owner=account_manager)

    for covering in (plan, west):
        found = {row["pk"] for row in covering.accounts()}
        assert {world.account.pk, inside.pk} <= found
        assert world.far_account.pk not in found


def test_plans_of_territories_cover_no_account_and_follow_none(plan: TerritoryPlan, world: World) -> None:
    today = plan.start_date
    covering = AccountPlan.objects.unscoped("test").covering(account_id=world.account.pk, on=today)

    assert plan.pk not in {row.pk for row in covering}
    world.plan.parent_plan = plan
    with pytest.raises(ValidationError) as refused:
        world.plan.full_clean(exclude=["created_by", "updated_by"])
    assert "parent_plan" in refused.value.error_dict
