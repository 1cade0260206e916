"""The cast that every page and endpoint meets, and a small world for it to work in.

| who | what |
|---|---|
| `account_manager` | owns the account and the plan; territory North |
| `colleague` | another account manager of North: may read the plan |
| `stranger` | an account manager of South: sees nothing of North |
| `manager` | manages West, of which North is a part |
| `executive`, `admin` | see everything that is not confidential (executives no drafts) |
| `integration` | a system that feeds source "erp" |
| `viewer` | reads in North |
| `msl` | medical colleague in North: no targets and pipeline |
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from crm.enums import TerritoryRole
from crm.models import Account, Activity, Contact, Opportunity, Order, Product, Territory
from kam.users.models import Role, User
from plans.enums import PlanStatus
from plans.models import AccountPlan
from tests import factories

ClientFor = Callable[[User], Client]
ApiFor = Callable[..., APIClient]


@dataclass(frozen=True)
class Territories:
    west: Territory
    north: Territory  # part of West
    south: Territory  # on its own


@pytest.fixture
def territories(db: None) -> Territories:
    west = factories.create_territory("West", code="W")
    return Territories(
        west=west,
        north=factories.create_territory("North", code="N", parent=west),
        south=factories.create_territory("South", code="S"),
    )


@pytest.fixture
def account_manager(territories: Territories) -> User:
    user = factories.create_user("account_manager", role=Role.KAM)
    factories.add_member(territories.north, user)
    return user


@pytest.fixture
def colleague(territories: Territories) -> User:
    user = factories.create_user("colleague", role=Role.KAM)
    factories.add_member(territories.north, user)
    return user


@pytest.fixture
def stranger(territories: Territories) -> User:
    user = factories.create_user("stranger", role=Role.KAM)
    factories.add_member(territories.south, user)
    return user


@pytest.fixture
def manager(territories: Territories) -> User:
    user = factories.create_user("manager", role=Role.MANAGER)
    factories.add_member(territories.west, user, role=TerritoryRole.MANAGER)
    return user


@pytest.fixture
def executive(db: None) -> User:
    return factories.create_user("executive", role=Role.EXECUTIVE)


@pytest.fixture
def admin(db: None) -> User:
    return factories.create_user("admin", role=Role.ADMIN)


@pytest.fixture
def integration(db: None) -> User:
    return factories.create_user("integration", role=Role.INTEGRATION, source="erp")


@pytest.fixture
def viewer(territories: Territories) -> User:
    user = factories.create_user("viewer", role=Role.VIEWER)
    factories.add_member(territories.north, user, role=TerritoryRole.VIEWER)
    return user


@pytest.fixture
def msl(territories: Territories) -> User:
    user = factories.create_user("msl", role=Role.MSL)
    factories.add_member(territories.north, user, role=TerritoryRole.MSL)
    return user


@pytest.fixture
def cast(
    account_manager: User,
    colleague: User,
    stranger: User,
    manager: User,
    executive: User,
    admin: User,
    integration: User,
    viewer: User,
    msl: User,
) -> dict[str, User]:
    """Everybody by name, for tests that walk through the roles."""
    everybody = (account_manager, colleague, stranger, manager, executive, admin, integration, viewer, msl)
    return {user.username: user for user in everybody}


@dataclass(frozen=True)
class World:
    """In North: an account with a child, its records and plans. In South: the stranger's account.

    The active plan has a target of 10,000, won 4,000 and open 1,000 + 2,000 (slipped) + 500 (child
    account) at 50 %: expected 5,750. The order counts in plans with basis order.
    """

    account: Account
    child: Account
    contact: Contact
    product: Product
    open: Opportunity
    won: Opportunity
    lost: Opportunity
    slipped: Opportunity
    of_child: Opportunity
    order: Order
    activity: Activity
    overdue: Activity
    plan: AccountPlan
    draft: AccountPlan
    confidential: AccountPlan  # on the same account; nobody of the cast knows of it
    keeper: User  # who owns the confidential plan
    far_account: Account
    far_opportunity: Opportunity
    far_plan: AccountPlan


@pytest.fixture
def world(territories: Territories, account_manager: User, stranger: User) -> World:
    today = timezone.localdate()
    account = factories.create_account("Harbour Clinics", owner=account_manager, territory=territories.north)
    child = factories.create_account(
        "Harbour Day Clinic", owner=account_manager, territory=territories.north, parent=account
    )
    contact = factories.create_contact(account, "Ines Prado", job_title="Head of purchasing")
    product = factories.create_product("Cholecap 20 mg")
    call = factories.create_activity_type("Call")
    plan_type = factories.create_plan_type("Key Account Plan")
    keeper = factories.create_user("keeper", role=Role.KAM)
    far_account = factories.create_account("Lakeside Hospital", owner=stranger, territory=territories.south)
    opened = factories.create_opportunity(account, "Ward extension", amount=1_000, contacts=[contact])
    factories.create_opportunity_line(opened, product=product)
    return World(
        account=account,
        child=child,
        contact=contact,
        product=product,
        open=opened,
        won=factories.create_opportunity(
            account,
            "Frame contract",
            amount=4_000,
            stage=factories.won_stage(),
            close_date=today - timedelta(days=20),
        ),
        lost=factories.create_opportunity(
            account, "Pilot", amount=700, stage=factories.lost_stage(), close_date=today - timedelta(days=10)
        ),
        slipped=factories.create_opportunity(
            account, "Late order", amount=2_000, close_date=today - timedelta(days=5)
        ),
        of_child=factories.create_opportunity(child, "Day clinic start", amount=500),
        order=factories.create_order(account, amount=300, product=product),
        activity=factories.create_activity(account, "Quarterly visit", type=call),
        overdue=factories.create_activity(
            account, "Call back", type=call, planned_for=today - timedelta(days=3)
        ),
        plan=factories.create_plan(account, "Harbour Clinics this year", plan_type=plan_type),
        draft=factories.create_plan(
            account, "Harbour Clinics next year", plan_type=plan_type, status=PlanStatus.DRAFT
        ),
        confidential=factories.create_plan(
            account, "Hidden takeover", plan_type=plan_type, owner=keeper, is_confidential=True
        ),
        keeper=keeper,
        far_account=far_account,
        far_opportunity=factories.create_opportunity(far_account, "Lakeside ward", amount=9_000),
        far_plan=factories.create_plan(far_account, "Lakeside this year", plan_type=plan_type),
    )


@pytest.fixture
def client_as() -> ClientFor:
    """`client_as(user)`: a browser in which the user has logged in."""

    def log_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return log_in


@pytest.fixture
def api() -> ApiFor:
    """`api(user)`: calls the API with a token of the user; `api(None)` without one."""

    def with_token(user: User | None, *, is_read_only: bool = False) -> APIClient:
        client = APIClient()
        if user is not None:
            _token, key = factories.create_token(user, is_read_only=is_read_only)
            client.credentials(HTTP_AUTHORIZATION=f"Token {key}")
        return client

    return with_token
