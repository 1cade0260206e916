"""Revenue, outlook and what if of a territory plan: over all of its accounts, each record once, as far as open."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from crm.models import Account
from kam.core.clock import company_today
from kam.users.models import User
from metrics.operations import fresh_kpi
from plans.models import TerritoryBusinessPlan
from tests import factories
from tests.fixtures import ApiFor, ClientFor, Territories, World
from tests.pages import get, text_of

API = "/api/v1/territory-business-plans/"


@pytest.fixture
def below(territories: Territories, account_manager: User) -> Account:
    """Of a territory below North: won 1,000, open 3,000 at 50 %."""
    place = factories.create_territory("North coast", parent=territories.north)
    account = factories.create_account("Coast Clinic", territory=place, owner=account_manager)
    won = factories.create_stage("Signed", is_closed=True, is_won=True)
    factories.create_opportunity(account, "Signed deal", amount=1_000, stage=won, close_date=company_today())
    factories.create_opportunity(account, "Coast deal", amount=3_000)
    return account


@pytest.fixture
def plan(
    territories: Territories, world: World, below: Account, account_manager: User
) -> TerritoryBusinessPlan:
    """In North won 4,000 and open 1,000, 2,000 (slipped) and 500 of an account below the first; and what is `below`."""
    return factories.create_territory_plan(territories.north, "North this year", owner=account_manager)


def url(plan: Any, more: str) -> str:
    return f"{API}{plan.pk}/{more}/"


def test_outlook_is_that_of_all_accounts_together(
    plan: TerritoryBusinessPlan, world: World, below: Account, account_manager: User, api: ApiFor
) -> None:
    anchor = plan.start_date.replace(day=1)
    for months in range(1, 25):  # of neither account alone in twelve months
        day = anchor - timedelta(days=30 * months)
        account = (world.child, below, world.far_account)[months % 3]
        factories.create_order(account, amount=100 * (1 + day.month), on_date=day)
    client = api(account_manager)

    pace, forecast = (client.get(url(plan, name)).json() for name in ("pace", "forecast"))

    assert (pace["actual"], pace["target"], pace["curve"]["source"]) == ("5000.00", "10000.00", "territory")
    assert pace["curve"]["reason"].startswith("The territory's own orders of three years: 16 months")
    assert sum(float(month["actual"]) for month in pace["months"]) == 5_000
    assert (pace["rebates"], pace["commitments"]) == ([], [])
    # Of 1,000, 2,000, 500 and 3,000, each at 50 %, four of sixteen outcomes bring the missing 5,000.
    assert (forecast["deals"], forecast["probability_of_target"]) == (4, 25.0)
    assert forecast["drivers"][0]["opportunity"]["name"] in {"Coast deal", "Late order"}


def test_revenue_tells_what_each_account_brings(
    plan: TerritoryBusinessPlan, world: World, below: Account, account_manager: User, api: ApiFor
) -> None:
    answer = api(account_manager).get(url(plan, "revenue")).json()

    assert answer["pipeline"]["total"] == {"count": 4, "amount": "6500.00", "weighted": "3250.00"}
    found = [(row["account"]["name"], row["won"], row["open"]) for row in answer["accounts"]["results"]]
    assert found == [
        (str(world.account), "4000.00", "3000.00"),
        (str(below), "1000.00", "3000.00"),
        (str(world.child), "0.00", "500.00"),
    ]
    assert (answer["accounts"]["others"], answer["accounts"]["hidden"]) == (None, None)


def test_what_is_not_open_counts_without_a_name(
    world: World, territories: Territories, account_manager: User, api: ApiFor, client_as: ClientFor
) -> None:
    """A member of the upper territory who does not answer for what lies below."""
    factories.add_member(territories.west, account_manager)
    place = factories.create_territory("South-west", parent=territories.west)
    hidden = factories.create_account("Out of sight", territory=place)
    factories.create_opportunity(hidden, "Unseen deal", amount=9_000)
    plan = factories.create_territory_plan(territories.west, owner=account_manager)
    client = api(account_manager)

    revenue, forecast = (client.get(url(plan, name)) for name in ("revenue", "forecast"))

    body = revenue.json()
    assert body["pipeline"]["total"]["amount"] == "12500.00"
    assert body["accounts"]["hidden"] == {"account": None, "won": "0.00", "open": "9000.00"}
    assert (body["largest"]["hidden_count"], forecast.json()["deals"]) == (1, 4)
    pages = [client_as(account_manager).get(reverse(name, args=[plan.pk])) for name in PAGES]
    for answer in (revenue, forecast, *pages):
        assert b"Unseen deal" not in answer.content
        assert b"Out of sight" not in answer.content
    records = reverse("metrics:kpi_records", args=[plan.pk, "pipeline"])
    assert client_as(account_manager).get(records, {"account": hidden.pk}).status_code == 404


PAGES = ("metrics:plan_revenue", "metrics:plan_outlook", "metrics:scenarios")


def test_paths_are_for_who_sees_the_numbers_of_a_territory_plan(
    plan: TerritoryBusinessPlan, world: World, cast: dict[str, User], api: ApiFor, client_as: ClientFor
) -> None:
    paths = [url(plan, name) for name in ("pace", "forecast", "revenue", "scenarios")]
    for who, status in (("manager", 200), ("colleague", 200), ("stranger", 404), ("msl", 403)):
        assert {api(cast[who]).get(path).status_code for path in paths} == {status}
        pages = {client_as(cast[who]).get(reverse(name, args=[plan.pk])).status_code for name in PAGES}
        assert pages == {status}
    client = api(cast["account_manager"])
    for name in ("pace", "forecast", "revenue", "scenarios"):
        assert client.get(url(world.plan, name)).status_code == 404
        assert client.get(f"/api/v1/account-plans/{plan.pk}/{name}/").status_code == 404


def test_records_of_one_account_stand_behind_its_part(
    plan: TerritoryBusinessPlan, below: Account, account_manager: User, client_as: ClientFor
) -> None:
    client = client_as(account_manager)
    page = get(client, reverse("metrics:plan_revenue", args=[plan.pk]))
    link = f"{reverse('metrics:kpi_records', args=[plan.pk, 'total_expected_revenue'])}?account={below.pk}"
    assert link in page.content.decode()

    records = get(client, link)

    assert {record.name for record in records.context["listed"].records} == {"Signed deal", "Coast deal"}
    assert "Only records of Coast Clinic: $2,500.00." in text_of(records)


def test_a_scenario_of_the_territory_comes_true(
    plan: TerritoryBusinessPlan,
    world: World,
    below: Account,
    account_manager: User,
    api: ApiFor,
    client_as: ClientFor,
) -> None:
    client = api(account_manager)
    deal = below.opportunities.unscoped("test").get(name="Coast deal")
    won = [{"opportunity": str(deal.pk), "outcome": "won"}]
    far = [{"opportunity": str(world.far_opportunity.pk), "outcome": "won"}]

    refused = client.post(url(plan, "scenarios"), {"name": "Best", "changes": far}, format="json")
    made = client.post(url(plan, "scenarios"), {"name": "Best", "changes": won}, format="json")

    assert (refused.status_code, made.status_code) == (400, 201)
    result = client.get(url(plan, f"scenarios/{made.json()['id']}/result")).json()["result"]
    editor = get(client_as(account_manager), reverse("metrics:scenario", args=[made.json()["id"]]))
    assert "Coast deal" in text_of(editor)
    deal.stage = factories.won_stage()
    deal.probability = 100
    deal.save()
    kpi, _is_fresh = fresh_kpi(plan)
    for name in ("won_revenue", "pipeline", "weighted_pipeline", "total_expected_revenue"):
        assert result[name] == f"{getattr(kpi, name):.2f}"


def test_pages_take_a_fixed_number_of_statements(
    plan: TerritoryBusinessPlan, territories: Territories, account_manager: User, client_as: ClientFor
) -> None:
    scenario = factories.create_scenario(plan, owner=account_manager)
    client = client_as(account_manager)
    pages = [reverse(name, args=[plan.pk]) for name in PAGES]
    pages.append(reverse("metrics:scenario", args=[scenario.pk]))

    def statements(client: Client) -> list[int]:
        counts = []
        for address in pages:
            client.get(address)
            with CaptureQueriesContext(connection) as found:
                assert client.get(address).status_code == 200
            counts.append(len(found))
        return counts

    few = statements(client)
    for number in range(4):
        account = factories.create_account(territory=territories.north, owner=account_manager)
        factories.create_opportunity(account, f"Deal {number}", amount=200)
        factories.create_order(account, amount=10)
    assert statements(client) == few
