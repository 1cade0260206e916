"""The accounts of a territory business plan: amounts, plans, gaps, and what is not open to the reader."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from crm.enums import CallFrequency, PickList, SegmentMeaning
from crm.models import Account
from kam.users.models import User
from metrics.enums import Gap
from metrics.models import PlanKPI
from metrics.operations import rebuild
from plans.models import AccountPlan, TerritoryBusinessPlan
from tests import factories
from tests.fixtures import ClientFor, World

PAGE = "/territory-plans/"


@pytest.fixture
def plan(world: World, account_manager: User) -> TerritoryBusinessPlan:
    return factories.create_territory_plan(world.account.territory, "North", owner=account_manager)


def panel(client: Any, plan: TerritoryBusinessPlan) -> str:
    text: str = client.get(plan.get_absolute_url()).content.decode()
    start = text.index('id="plan-accounts"')
    return text[start : text.index("</section>", start)]


def row_of(text: str, account: Account) -> str:
    start = text.index(f'href="{account.get_absolute_url()}"')
    return text[start : text.index("</tr>", start)]


def bare_account(name: str, plan: TerritoryBusinessPlan, **values: Any) -> Account:
    return factories.create_account(name, territory=plan.territory, owner=plan.owner, **values)


def test_amounts_are_those_of_the_period_in_the_plans_currency(
    plan: TerritoryBusinessPlan, world: World, account_manager: User, client_as: ClientFor
) -> None:
    account = bare_account("Moorside", plan)
    today = timezone.localdate()
    factories.create_rate("EUR", "1.5", valid_from=plan.start_date)
    won, lost = (
        factories.create_stage("Won it", is_closed=True, is_won=True),
        factories.create_stage("Lost it", is_closed=True),
    )
    for amount, stage, currency, day in (
        (1_000, won, "USD", today),
        (200, won, "EUR", today),
        (7_000, won, "USD", plan.start_date - timedelta(days=1)),
        (9_000, lost, "USD", today),
        (400, world.open.stage, "USD", plan.end_date),
        (50, world.open.stage, "GBP", today),
    ):
        factories.create_opportunity(
            account, amount=amount, stage=stage, currency=currency, close_date=day, owner=account_manager
        )

    text = panel(client_as(account_manager), plan)

    row = row_of(text, account)
    assert 'data-label="Won">$1.3k<' in row
    assert 'data-label="Pipeline">$400<' in row


def test_plans_and_gaps_of_each_account(
    plan: TerritoryBusinessPlan, account_manager: User, client_as: ClientFor
) -> None:
    strategic = factories.create_pick_list_value(
        "Top", pick_list=PickList.SEGMENT, meaning=SegmentMeaning.STRATEGIC
    )
    alone = bare_account("Alone", plan, target_segment=strategic)
    planned = bare_account("Planned", plan, current_segment=strategic, call_frequency=CallFrequency.WEEKLY)
    below = bare_account("Below", plan, parent=planned, current_segment=strategic)
    own = factories.create_plan(planned, "Own plan", owner=account_manager, sales_target=1_000_000)
    factories.create_plan(planned, "Dropped", owner=account_manager, status="cancelled")
    Account._base_manager.filter(pk=planned.pk).update(created_at=timezone.now() - timedelta(days=60))
    rebuild()

    text = panel(client_as(account_manager), plan)

    assert str(Gap.NO_PLAN.label) in row_of(text, alone)
    assert str(Gap.NO_CONTACT_DUE.label) in row_of(text, alone)
    row = row_of(text, planned)
    assert own.get_absolute_url() in row
    assert "Dropped" not in row
    assert "$1m target" in row
    assert str(Gap.BEHIND.label) in row
    assert str(Gap.CONTACT_OVERDUE.label) in row
    assert str(Gap.NO_PLAN.label) not in row
    assert str(Gap.NO_PLAN.label) not in row_of(text, below)  # the plan of the account above counts it
    assert own.get_absolute_url() in row_of(text, below)


def test_hidden_plan_of_an_account_is_as_if_it_were_not(
    plan: TerritoryBusinessPlan, world: World, colleague: User, client_as: ClientFor
) -> None:
    account = bare_account("Quiet", plan)
    before = panel(client_as(colleague), plan)
    factories.create_plan(account, "Secret", owner=world.keeper, is_confidential=True)
    rebuild()

    assert panel(client_as(colleague), plan) == before


def test_accounts_that_are_not_open_are_only_counted(
    world: World, account_manager: User, client_as: ClientFor
) -> None:
    """A member of the upper territory who does not answer for what lies below."""
    west = world.account.territory.parent
    factories.add_member(west, account_manager)
    south = factories.create_territory("South-west", parent=west)
    factories.create_account("Out of sight", territory=south)
    plan = factories.create_territory_plan(west, owner=account_manager)

    text = panel(client_as(account_manager), plan)

    assert "1 more account counts in the plan and is not open to you." in text
    assert "Out of sight" not in text
    assert world.account.name in text


def test_liaison_sees_accounts_without_amounts(
    plan: TerritoryBusinessPlan, world: World, msl: User, client_as: ClientFor
) -> None:
    text = panel(client_as(msl), plan)

    assert world.account.name in text
    assert 'data-label="Won"' not in text
    assert 'data-label="Won"' in panel(client_as(plan.owner), plan)


def test_page_takes_a_fixed_number_of_statements(
    plan: TerritoryBusinessPlan, account_manager: User, client_as: ClientFor, django_assert_max_num_queries
) -> None:
    client = client_as(account_manager)
    client.get(plan.get_absolute_url())
    for number in range(3):
        account = bare_account(f"Account {number}", plan)
        factories.create_opportunity(account, owner=account_manager)
        factories.create_plan(account, owner=account_manager)
        rebuild()
        with django_assert_max_num_queries(22):
            client.get(plan.get_absolute_url())
        with django_assert_max_num_queries(10):
            client.get(PAGE)


def test_accounts_come_in_pages(
    plan: TerritoryBusinessPlan, account_manager: User, client_as: ClientFor
) -> None:
    for number in range(26):
        bare_account(f"Ward {number:02}", plan)
    client = client_as(account_manager)

    second = client.get(plan.get_absolute_url(), {"page": "2"}).content.decode()

    assert "Ward 00" in panel(client, plan)
    assert "Ward 25" not in panel(client, plan)
    assert "Ward 25" in second


def test_account_plans_of_others_stay_whole(plan: TerritoryBusinessPlan, world: World) -> None:
    """A territory's plan changes no number of an account's."""
    rebuild()
    kpi = AccountPlan.objects.unscoped("test").select_related("kpi").get(pk=world.plan.pk).kpi

    assert kpi.won_revenue == Decimal(world.won.amount)


def test_amounts_are_those_behind_the_plans_own_number(
    plan: TerritoryBusinessPlan, account_manager: User, client_as: ClientFor
) -> None:
    """Also where the plan names products: the shares then add up to all of it."""
    accounts = [bare_account(name, plan) for name in ("One", "Two")]
    wanted, other = factories.create_product(), factories.create_product()
    won = factories.create_stage("Won it", is_closed=True, is_won=True)
    for account, amount in zip(accounts, (300, 100), strict=True):
        deal = factories.create_opportunity(account, amount=1_000, stage=won, owner=account_manager)
        factories.create_opportunity_line(deal, product=wanted, amount=amount)
        factories.create_opportunity_line(deal, product=other, amount=1_000 - amount)
    factories.create_plan_product(plan, wanted)
    rebuild()

    text = panel(client_as(account_manager), plan)

    assert PlanKPI.objects.unscoped("test").get(plan=plan).won_revenue == 400
    for account, share in zip(accounts, ("75.0%", "25.0%"), strict=True):
        assert f'data-label="Share">{share}<' in row_of(text, account)
