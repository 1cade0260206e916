"""The numbers of a plan over the API: their form, who may ask, and that they follow every write."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from django.core.cache import cache
from rest_framework.test import APIClient

from crm.models import Account
from kam.core.clock import company_today
from kam.users.models import User
from metrics.models import PlanKPI
from plans.models import AccountPlan
from tests import factories
from tests.fixtures import ApiFor, Territories, World

pytestmark = pytest.mark.django_db

BASE = "/api/v1/"
RECORD_FIELDS = {
    "kind", "id", "name", "opportunity", "account", "date", "stage", "probability", "amount",
    "counted_amount", "currency", "rate", "contribution", "reason", "reason_text", "pin", "pin_text",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _fresh_counters() -> Iterator[None]:
    """Throttles count in the cache: no test inherits the requests of another."""
    cache.clear()
    yield
    cache.clear()


def kpis(plan: Any) -> str:
    return f"{BASE}account-plans/{getattr(plan, 'pk', plan)}/kpis/"


def records(plan: Any) -> str:
    return f"{kpis(plan)}records/"


@pytest.fixture
def example(account_manager: User, territories: Territories) -> AccountPlan:
    """The example of the contract: won 40,000 of 100,000, and 90,000 open at 50 %."""
    account = factories.create_account(owner=account_manager, territory=territories.north)
    plan = factories.create_plan(account, sales_target=100_000)
    won, lost = factories.won_stage(), factories.lost_stage()
    for amount in (25_000, 10_000, 5_000):
        factories.create_opportunity(account, amount=amount, stage=won)
    for amount in (30_000, 20_000, 20_000, 15_000):
        factories.create_opportunity(account, amount=amount)
    factories.create_opportunity(account, amount=5_000, close_date=company_today() - timedelta(days=2))
    factories.create_opportunity(account, amount=8_000, stage=lost)
    return plan


# --- GET kpis/ --------------------------------------------------------------------------------
def test_kpis_answer_as_the_contract_says(account_manager: User, example: AccountPlan, api: ApiFor) -> None:
    response = api(account_manager).get(kpis(example))

    body = response.json()
    as_of = body.pop("as_of")
    assert response.status_code == 200
    assert as_of.endswith("Z")
    assert as_of[:4].isdigit()
    assert body == {
        "plan": str(example.pk),
        "currency": "USD",
        "basis": "opportunity",
        "fresh": True,
        "sales_target": "100000.00",
        "won_revenue": "40000.00",
        "pipeline": "90000.00",
        "weighted_pipeline": "45000.00",
        "total_expected_revenue": "85000.00",
        "forecast_target_variance": "-15000.00",
        "remaining_target": "60000.00",
        "coverage_ratio": "1.50",
        "percent": {
            "won_revenue": "40.0",
            "pipeline": "90.0",
            "weighted_pipeline": "45.0",
            "total_expected_revenue": "85.0",
            "forecast_target_variance": "-15.0",
        },
        "counts": {"won": 3, "open": 5, "lost": 1, "slipped": 1, "not_converted": 0},
    }


def test_kpis_in_company_currency(account_manager: User, api: ApiFor) -> None:
    factories.create_rate("EUR", "1.25")
    account = factories.create_account(owner=account_manager, currency="EUR")
    plan = factories.create_plan(account, sales_target=1_000)
    factories.create_opportunity(account, amount=200, stage=factories.won_stage())
    factories.create_opportunity(account, amount=100, currency="BRL")
    client = api(account_manager)

    own, company = (client.get(kpis(plan), {"currency": code}).json() for code in ("EUR", "USD"))

    assert (own["currency"], own["sales_target"], own["won_revenue"]) == ("EUR", "1000.00", "200.00")
    assert (company["currency"], company["sales_target"], company["won_revenue"]) == (
        "USD",
        "1250.00",
        "250.00",
    )
    assert own["percent"] == company["percent"]
    assert own["counts"]["not_converted"] == company["counts"]["not_converted"] == 1


def test_kpis_show_as_many_decimals_as_the_currency_has(account_manager: User, api: ApiFor) -> None:
    for currency, shown in (("JPY", "1234"), ("USD", "1234.00"), ("KWD", "1234.000")):
        account = factories.create_account(owner=account_manager, currency=currency)
        plan = factories.create_plan(account, sales_target=None)
        factories.create_opportunity(account, amount=1_234, stage=factories.won_stage())

        body = api(account_manager).get(kpis(plan)).json()

        assert body["won_revenue"] == shown
        assert (body["sales_target"], body["percent"]["won_revenue"], body["coverage_ratio"]) == (None,) * 3


def test_kpis_as_of_today_only(account_manager: User, example: AccountPlan, api: ApiFor) -> None:
    client, today = api(account_manager), company_today()

    assert client.get(kpis(example), {"as_of": today.isoformat()}).status_code == 200
    for text in (
        str(today - timedelta(days=1)),
        str(today + timedelta(days=1)),
        "yesterday",
        "",
        "2026-02-30",
    ):
        refused = client.get(kpis(example), {"as_of": text})
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "as_of"), text


@pytest.mark.parametrize(
    ("path", "query", "field"),
    [
        (kpis, {"currency": "EUR"}, "currency"),
        (kpis, {"currency": "nothing"}, "currency"),
        (kpis, {"when": "now"}, "when"),
        (records, {}, "kpi"),
        (records, {"kpi": "profit"}, "kpi"),
        (records, {"kpi": "pipeline", "excluded": "perhaps"}, "excluded"),
        (records, {"kpi": "pipeline", "page": "0"}, "page"),
        (records, {"kpi": "pipeline", "page_size": "0"}, "page_size"),
        (records, {"kpi": "pipeline", "colour": "red"}, "colour"),
    ],
)
def test_what_cannot_be_asked_is_refused(
    path: Any, query: dict[str, str], field: str, account_manager: User, example: AccountPlan, api: ApiFor
) -> None:
    refused = api(account_manager).get(path(example), query)

    assert refused.status_code == 400
    assert refused["Content-Type"] == "application/problem+json"
    assert [error["field"] for error in refused.json()["errors"]] == [field]


def test_every_number_leads_to_what_it_is_made_of(
    account_manager: User, example: AccountPlan, api: ApiFor
) -> None:
    """Each by its name in the answer of kpis/, with the same value."""
    client = api(account_manager)
    numbers = client.get(kpis(example)).json()
    # Records that make the number, and the sum of what they contribute.
    made_of = {
        "sales_target": (0, 0),
        "won_revenue": (3, 40_000),
        "pipeline": (5, 90_000),
        "weighted_pipeline": (5, 45_000),
        "total_expected_revenue": (8, 85_000),
        "forecast_target_variance": (8, 85_000),
        "remaining_target": (3, 40_000),
        "coverage_ratio": (8, 130_000),
    }

    around = {"plan", "as_of", "fresh", "currency", "basis", "percent", "counts"}
    assert made_of.keys() == numbers.keys() - around
    for name, (count, total) in made_of.items():
        answer = client.get(records(example), {"kpi": name}).json()
        contributions = [Decimal(record["contribution"]) for record in answer["results"]]
        assert (answer["value"], answer["count"], sum(contributions)) == (numbers[name], count, total)
        left_out = client.get(records(example), {"kpi": name, "excluded": "true"}).json()
        assert left_out["count"] == (0 if name == "sales_target" else 9 - count)


@pytest.mark.parametrize("path", [kpis, records])
def test_who_may_ask(path: Any, cast: dict[str, User], world: World, api: ApiFor) -> None:
    query = {"kpi": "pipeline"} if path is records else {}
    missing = api(cast["stranger"]).get(path("00000000-0000-4000-8000-000000000000"), query)

    for name in ("account_manager", "colleague", "manager", "executive", "admin", "viewer"):
        assert api(cast[name]).get(path(world.plan), query).status_code == 200, name
        hidden = api(cast[name]).get(path(world.confidential), query)
        assert (hidden.status_code, hidden.json()) == (404, missing.json()), name
    for name in ("stranger", "integration"):
        hidden = api(cast[name]).get(path(world.plan), query)
        assert (hidden.status_code, hidden.json()) == (404, missing.json()), name
    assert api(cast["msl"]).get(path(world.plan), query).status_code == 403
    assert api(None).get(path(world.plan), query).status_code == 401
    for method in ("post", "put", "patch", "delete"):
        assert getattr(api(cast["admin"]), method)(path(world.plan)).status_code == 405, method


def test_a_medical_colleague_who_takes_part_sees_the_numbers_but_no_deal(
    msl: User, world: World, api: ApiFor
) -> None:
    factories.add_participant(world.plan, msl)

    assert api(msl).get(kpis(world.plan)).json()["pipeline"] == "3500.00"
    body = api(msl).get(records(world.plan), {"kpi": "pipeline"}).json()
    assert (body["count"], body["results"]) == (0, [])
    assert body["hidden"] == {"count": 3, "contribution": "3500.00"}


def test_numbers_that_could_never_be_computed_are_null_and_not_fresh(
    account_manager: User, world: World, api: ApiFor
) -> None:
    plan = factories.create_plan(world.account, revenue_basis="order", sales_target=None)
    most = Decimal(10) ** 12
    factories.create_rate("GBP", 10**8)
    factories.create_order(world.account, amount=most, currency="GBP")

    response = api(account_manager).get(kpis(plan))

    body = response.json()
    assert (response.status_code, body["fresh"], body["as_of"], body["won_revenue"]) == (
        200,
        False,
        None,
        None,
    )
    assert set(body["percent"].values()) == {None}
    assert set(body["counts"].values()) == {0}
    assert not PlanKPI.objects.unscoped("test").filter(pk=plan.pk).exists()


# --- GET kpis/records/ ------------------------------------------------------------------------
def test_records_answer_with_the_number_and_what_is_in_it(
    account_manager: User, example: AccountPlan, api: ApiFor
) -> None:
    body = api(account_manager).get(records(example), {"kpi": "weighted_pipeline"}).json()

    assert set(body) == {
        "plan", "kpi", "currency", "basis", "as_of", "fresh", "formula", "value", "excluded", "hidden", "count",
        "next", "previous", "results", "counts_only",
    }  # fmt: skip
    assert (body["plan"], body["kpi"], body["value"]) == (str(example.pk), "weighted_pipeline", "45000.00")
    assert (body["fresh"], body["excluded"], body["count"], body["next"], body["previous"]) == (
        True, False, 5, None, None,
    )  # fmt: skip
    assert body["hidden"] == {"count": 0, "contribution": "0.00"}
    assert all(set(row) == RECORD_FIELDS for row in body["results"])
    assert sum(Decimal(row["contribution"]) for row in body["results"]) == 45_000
    first = body["results"][0]
    assert (first["kind"], first["amount"], first["rate"], first["contribution"], first["probability"]) == (
        "opportunity", "5000.00", "1", "2500", 50.0,
    )  # fmt: skip
    assert first["account"] == {"id": str(example.account_id), "name": example.account.name}
    assert (first["reason"], first["reason_text"], first["opportunity"]) == (None, None, first["id"])


def test_records_left_out_say_why(account_manager: User, example: AccountPlan, api: ApiFor) -> None:
    query = {"kpi": "won_revenue", "excluded": "true"}
    body = api(account_manager).get(records(example), query).json()

    assert (body["excluded"], body["count"], body["value"]) == (True, 6, "40000.00")
    assert {(row["reason"], row["reason_text"], row["contribution"]) for row in body["results"]} == {
        ("still_open", "Still open.", None),
        ("lost", "Lost.", None),
    }


def test_records_come_in_pages(account_manager: User, example: AccountPlan, api: ApiFor) -> None:
    client, query = api(account_manager), {"kpi": "total_expected_revenue", "page_size": 3}
    first = client.get(records(example), query).json()
    second = client.get(first["next"]).json()
    third = client.get(second["next"]).json()

    assert [len(page["results"]) for page in (first, second, third)] == [3, 3, 2]
    assert len({row["id"] for page in (first, second, third) for row in page["results"]}) == 8
    assert {page["count"] for page in (first, second, third)} == {8}
    assert (first["previous"], third["next"]) == (None, None)
    assert client.get(third["previous"]).json()["results"] == second["results"]
    assert client.get(second["previous"]).json()["results"] == first["results"]
    assert client.get(records(example), {**query, "page": 4}).status_code == 404


def test_records_hide_what_the_reader_may_not_open(
    colleague: User, territories: Territories, world: World, api: ApiFor
) -> None:
    Account.objects.unscoped("test").filter(pk=world.child.pk).update(
        territory=territories.south, owner=world.keeper
    )
    type(world.of_child).objects.unscoped("test").filter(pk=world.of_child.pk).update(owner=world.keeper)

    response = api(colleague).get(records(world.plan), {"kpi": "pipeline"})

    body = response.json()
    assert (body["value"], body["count"]) == ("3500.00", 2)
    assert body["hidden"] == {"count": 1, "contribution": "500.00"}
    for secret in (world.of_child.name, world.child.name, str(world.of_child.pk), str(world.child.pk)):
        assert secret not in response.content.decode()


# --- Through the API alone --------------------------------------------------------------------
RATES = {"USD": Decimal(1), "EUR": Decimal("1.25"), "JPY": Decimal("0.008")}


class Company:
    """Writes over the API only, and keeps count of what it wrote in plain dictionaries."""

    def __init__(self, client: APIClient, plan_type: str) -> None:
        self.client, self.plan_type = client, plan_type
        self.random = random.Random(7)
        self.parents: dict[str, str | None] = {}
        self.deals: dict[str, dict[str, Any]] = {}
        self.plans: dict[str, dict[str, Any]] = {}
        self.versions: dict[str, int] = {}
        for currency in ("EUR", "JPY"):
            rate = {"currency": currency, "valid_from": "2020-01-01", "rate": str(RATES[currency])}
            self.send("post", "exchange-rates/", rate)
        self.stages = {
            self.send("post", "stages/", {"name": name, "order": place, **stage})["id"]: stage
            for place, (name, stage) in enumerate(
                {
                    "Open": {"default_probability": 40, "is_closed": False, "is_won": False},
                    "Won": {"default_probability": 100, "is_closed": True, "is_won": True},
                    "Lost": {"default_probability": 0, "is_closed": True, "is_won": False},
                }.items()
            )
        }

    def send(self, method: str, path: str, body: Any = None, **headers: Any) -> Any:
        response = getattr(self.client, method)(f"{BASE}{path}", body, format="json", **headers)
        assert response.status_code in {200, 201, 204}, (path, response.content)
        return response.json() if response.content else None

    def account(self, name: str, parent: str | None = None) -> str:
        body = {"name": name, "parent": parent, "source": "crm", "external_id": name}
        self.parents[name] = None
        account = self.send("post", "accounts/", body)
        self.parents.pop(name)
        self.parents[account["id"]] = parent
        return account["id"]

    def plan(self, account: str, start: str, end: str, **values: Any) -> str:
        body = {
            "name": "Plan", "account": account, "plan_type": self.plan_type, "start_date": start, "end_date": end,
            "currency": "USD", "sales_target": "250000.00", "include_child_accounts": True, **values,
        }  # fmt: skip
        plan = self.send("post", "account-plans/", body)
        self.plans[plan["id"]] = body
        self.versions[plan["id"]] = plan["version"]
        return plan["id"]

    def change_plan(self, plan: str, **values: Any) -> None:
        changed = self.send(
            "patch", f"account-plans/{plan}/", values, headers={"If-Match": f'"{self.versions[plan]}"'}
        )
        self.versions[plan] = changed["version"]
        self.plans[plan].update(values)

    def deal(self) -> dict[str, Any]:
        currency = self.random.choice(list(RATES))
        return {
            "name": "Deal",
            "account": self.random.choice(list(self.parents)),
            "stage": self.random.choice(list(self.stages)),
            "amount": str(Decimal(self.random.randint(1, 9_999_999)).scaleb(0 if currency == "JPY" else -2)),
            "currency": currency,
            "probability": self.random.randint(0, 1000) / 10,
            "close_date": str(date(2026, 1, 1) + timedelta(days=self.random.randint(0, 500))),
        }

    def load(self, numbers: range) -> dict[str, int]:
        rows = [{"source": "crm", "external_id": f"D{number}", **self.deal()} for number in numbers]
        self.deals.update({row["external_id"]: row for row in rows})
        return self.send("post", "opportunities/bulk/", {"mode": "upsert", "atomic": True, "rows": rows})

    def expected(self, plan: dict[str, Any]) -> dict[str, str]:
        won = pipeline = weighted = Decimal(0)
        for deal in self.deals.values():
            if not self.is_covered(plan, deal):
                continue
            stage = self.stages[deal["stage"]]
            value = Decimal(deal["amount"]) * RATES[deal["currency"]] / RATES[plan["currency"]]
            if stage["is_won"]:
                won += value
            elif not stage["is_closed"]:
                pipeline += value
                weighted += value * Decimal(str(deal["probability"])) / 100
        won, pipeline, weighted = (self.cents(sum_) for sum_ in (won, pipeline, weighted))
        return {
            "won_revenue": str(won),
            "pipeline": str(pipeline),
            "weighted_pipeline": str(weighted),
            "total_expected_revenue": str(won + weighted),
            "forecast_target_variance": str(won + weighted - Decimal(plan["sales_target"])),
        }

    def cents(self, amount: Decimal) -> Decimal:
        return amount.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)

    def is_covered(self, plan: dict[str, Any], deal: dict[str, Any]) -> bool:
        account: str | None = deal["account"]
        if plan["include_child_accounts"]:
            while account is not None and account != plan["account"]:
                account = self.parents[account]
        return account == plan["account"] and plan["start_date"] <= deal["close_date"] <= plan["end_date"]

    def check(self) -> None:
        for pk, plan in self.plans.items():
            body = self.send("get", f"account-plans/{pk}/kpis/")
            expected = self.expected(plan)
            assert body["fresh"]
            assert {name: body[name] for name in expected} == expected


@pytest.fixture
def company(admin: User, api: ApiFor) -> Company:
    company = Company(api(admin), str(factories.create_plan_type().pk))
    group = company.account("Group")
    north = company.account("North", group)
    company.account("Clinic", north)
    company.account("South", group)
    company.account("Apart")
    company.plan(group, "2026-01-01", "2026-12-31")
    company.plan(group, "2026-07-01", "2027-06-30", include_child_accounts=False)
    company.plan(north, "2026-04-01", "2027-03-31", currency="EUR")
    assert company.load(range(420)) == {
        "created": 420, "updated": 0, "unchanged": 0, "failed": 0, "errors": [],
    }  # fmt: skip
    company.check()
    return company


def test_single_writes_over_the_api_are_in_the_next_answer(company: Company) -> None:
    made = {}
    for _ in range(4):
        deal = company.deal()
        pk = company.send("post", "opportunities/", deal)["id"]
        made[pk] = company.deals[pk] = deal
        company.check()
    for pk in made:
        change = company.deal()
        company.send("patch", f"opportunities/{pk}/", change)
        company.deals[pk] = change
        company.check()
    for pk in made:
        company.send("delete", f"opportunities/{pk}/")
        del company.deals[pk]
        company.check()


def test_bulk_writes_over_the_api_are_in_the_next_answer(company: Company) -> None:
    result = company.load(range(300, 500))

    assert (result["created"], result["updated"], result["failed"]) == (80, 120, 0)
    company.check()


def test_moves_over_the_api_are_in_the_next_answer(company: Company) -> None:
    group, north, clinic, south, apart = company.parents
    for account, parent in ((north, apart), (clinic, south), (south, None), (north, group), (apart, clinic)):
        company.send("patch", f"accounts/{account}/", {"parent": parent})
        company.parents[account] = parent
        company.check()
    first, alone, third = company.plans
    company.change_plan(first, account=south)
    company.check()
    company.change_plan(alone, include_child_accounts=True, start_date="2026-01-01")
    company.check()
    company.change_plan(third, currency="USD", end_date="2026-05-31", sales_target="1.01")
    company.check()
    company.plan(clinic, "2026-02-01", "2026-11-30")
    company.check()
