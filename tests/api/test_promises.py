"""Commitments, events, co-op funds and expenses, rebate programmes: written with their plan's rights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from crm.enums import PickList
from kam.users.models import User
from plans.models import RebateProgram
from tests import factories
from tests.fixtures import ApiFor, World

BASE = "/api/v1"
KINDS = ("commitments", "plan-events", "coop-funds", "coop-expenses", "rebate-programs")
MISSING = "00000000-0000-4000-8000-000000000000"
TIERS = [{"threshold": "10000.00", "percent": 2}, {"threshold": "20000", "percent": 3.5}]


def body_of(kind: str, plan: Any) -> dict[str, Any]:
    own = {"plan": str(plan.pk)}
    if kind == "commitments":
        return {**own, "activity_type": str(promised_type().pk), "quantity": "8"}
    if kind == "plan-events":
        value = factories.create_pick_list_value(pick_list=PickList.PLAN_EVENT_KIND)
        return {**own, "name": "Ward day", "date": "2026-05-01", "kind": str(value.pk)}
    if kind == "coop-funds":
        return {**own, "name": "Launch money", "amount": "1000.50"}
    if kind == "coop-expenses":
        fund = factories.create_coop_fund(plan)
        return {"fund": str(fund.pk), "name": "Booth", "date": "2026-05-01", "amount": "250.00"}
    period = {"start_date": plan.start_date.isoformat(), "end_date": plan.end_date.isoformat()}
    return {**own, "name": "Bonus", **period, "tiers": TIERS}


def promised_type() -> Any:
    return factories.create_activity_type(counts_as_commitment=True)


@pytest.mark.parametrize("kind", KINDS)
def test_promises_are_written_by_the_plan_s_owner(
    account_manager: User, world: World, api: ApiFor, kind: str
) -> None:
    client, url = api(account_manager), f"{BASE}/{kind}/"

    made = client.post(url, body_of(kind, world.plan))

    assert made.status_code == 201, made.json()
    row = made.json()
    assert row["is_external"] is False  # nothing is external unless somebody said so
    own = f"{url}{row['id']}/"
    assert client.patch(own, {"is_external": True}).status_code == 428
    changed = client.patch(own, {"is_external": True}, headers={"If-Match": made["ETag"]})
    assert (changed.status_code, changed.json()["is_external"]) == (200, True)
    assert client.delete(own, headers={"If-Match": made["ETag"]}).status_code == 412
    assert client.delete(own, headers={"If-Match": changed["ETag"]}).status_code == 204


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("who", "status"), [("colleague", 403), ("viewer", 403), ("stranger", 400)])
def test_promises_are_not_written_by_others(
    cast: dict[str, User], world: World, api: ApiFor, kind: str, who: str, status: int
) -> None:
    assert api(cast[who]).post(f"{BASE}/{kind}/", body_of(kind, world.plan)).status_code == status


@pytest.mark.parametrize("kind", KINDS)
def test_promises_of_a_hidden_plan_answer_like_those_of_a_missing_one(
    account_manager: User, world: World, api: ApiFor, errors_of: Any, kind: str
) -> None:
    client, url = api(account_manager), f"{BASE}/{kind}/"
    body = body_of(kind, world.confidential)
    link = "fund" if kind == "coop-expenses" else "plan"

    hidden, missing = client.post(url, body), client.post(url, {**body, link: MISSING})
    filtered = [client.get(url, {link: pk}) for pk in (body[link], MISSING)]

    assert errors_of(hidden) == [(link, "does_not_exist")]
    assert hidden.json() == missing.json()
    assert filtered[0].status_code == 400
    assert filtered[0].json() == filtered[1].json()
    assert client.get(url).json()["count"] == 0


def test_commitment_says_how_far_it_is(account_manager: User, world: World, api: ApiFor) -> None:
    commitment = factories.create_commitment(world.plan, quantity=8)
    for _number in range(2):
        factories.create_activity(world.child, type=commitment.activity_type, done_on=timezone.localdate())

    found = api(account_manager).get(f"{BASE}/commitments/{commitment.pk}/").json()["progress"]

    assert (found["done"], found["count"], found["remaining"], found["percent_complete"]) == (
        "2",
        2,
        "6",
        25.0,
    )
    assert (found["due"], found["state"]) == (world.plan.end_date.isoformat(), "at_risk")


def test_commitment_needs_a_type_that_can_be_promised(
    account_manager: User, world: World, api: ApiFor, errors_of: Any
) -> None:
    client, url = api(account_manager), f"{BASE}/commitments/"
    body = body_of("commitments", world.plan)
    call = factories.create_activity_type("E-mail")

    assert errors_of(client.post(url, {**body, "activity_type": str(call.pk)})) == [
        ("activity_type", "invalid")
    ]
    assert errors_of(client.post(url, {**body, "quantity": "0"})) == [("quantity", "invalid")]
    assert client.post(url, body).status_code == 201
    again = client.post(url, body)
    assert again.status_code == 400
    assert "promises these already" in again.json()["errors"][0]["message"]


def test_fund_and_rebate_say_where_they_stand(account_manager: User, world: World, api: ApiFor) -> None:
    fund = factories.create_coop_fund(world.plan, amount=1_000)
    factories.create_coop_expense(fund, amount=250, status="spent")
    program = factories.create_rebate_program(world.plan, tiers=[(100, 2), (1_000, 3)])
    client = api(account_manager)

    balance = client.get(f"{BASE}/coop-funds/{fund.pk}/").json()["balance"]
    standing = client.get(f"{BASE}/rebate-programs/{program.pk}/").json()["standing"]

    assert (balance["spent"], balance["remaining"], balance["currency"]) == ("250.00", "750.00", "USD")
    assert (standing["turnover"], standing["orders"], standing["rebate"]) == ("300.00", 1, "6.00")
    assert standing["reached_tier"] == {"threshold": "100.00", "percent": 2.0}
    assert standing["next_tier"] == {"threshold": "1000.00", "percent": 3.0}
    assert (standing["missing"], standing["due"]) == ("700.00", world.plan.end_date.isoformat())


def test_money_is_kept_from_who_may_not_see_numbers(msl: User, world: World, api: ApiFor) -> None:
    fund = factories.create_coop_fund(world.plan)
    expense = factories.create_coop_expense(fund)
    program = factories.create_rebate_program(world.plan)
    client = api(msl)

    def read() -> list[Any]:
        fund_row = client.get(f"{BASE}/coop-funds/{fund.pk}/").json()
        (listed,) = client.get(f"{BASE}/coop-expenses/", {"fund": str(fund.pk)}).json()["results"]
        assert listed["id"] == str(expense.pk)
        row = client.get(f"{BASE}/rebate-programs/{program.pk}/").json()
        return [fund_row["amount"], fund_row["balance"], listed["amount"], row["tiers"], row["standing"]]

    assert read() == [None, None, None, [], None]
    assert client.get(f"{BASE}/coop-funds/", {"ordering": "amount"}).status_code == 400
    factories.add_participant(world.plan, msl)
    assert all(read())


def test_tiers_are_replaced_as_a_whole(
    account_manager: User, world: World, api: ApiFor, errors_of: Any
) -> None:
    client, url = api(account_manager), f"{BASE}/rebate-programs/"
    made = client.post(url, body_of("rebate-programs", world.plan))
    own = f"{url}{made.json()['id']}/"
    assert made.json()["tiers"] == [
        {"threshold": "10000.00", "percent": 2},
        {"threshold": "20000.00", "percent": 3.5},
    ]

    left = client.patch(own, {"name": "Growth bonus", "version": 1})
    assert len(left.json()["tiers"]) == 2  # not named, not touched
    cut = client.patch(own, {"tiers": TIERS[:1], "version": 2})
    assert (cut.json()["tiers"], cut.json()["version"]) == ([{"threshold": "10000.00", "percent": 2}], 3)
    wrong = client.patch(own, {"tiers": [*TIERS, {"threshold": "30000", "percent": 1}], "version": 3})
    assert [field for field, _code in errors_of(wrong)] == ["tiers.2.percent"]
    twice = client.patch(own, {"tiers": [TIERS[0], TIERS[0]], "version": 3})
    assert [field for field, _code in errors_of(twice)] == ["tiers.1.threshold"]
    assert RebateProgram.objects.unscoped("test").get().version == 3


@pytest.mark.parametrize("kind", KINDS)
def test_lists_take_the_same_statements_for_one_and_three(
    account_manager: User, world: World, api: ApiFor, statements: Callable[..., int], kind: str
) -> None:
    client, url = api(account_manager), f"{BASE}/{kind}/"

    def make() -> None:
        assert client.post(url, body_of(kind, world.plan)).status_code == 201

    make()
    client.get(url)
    one = statements(lambda: client.get(url))
    for _number in range(2):
        make()

    assert statements(lambda: client.get(url)) == one <= 8
    assert client.get(url).json()["count"] == 3
