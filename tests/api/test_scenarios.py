"""Scenarios in the API: nested changes and blocks, what comes of them, and what hides a deal."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kam.users.models import User
from metrics import operations
from metrics.models import Scenario, ScenarioChange
from tests import factories
from tests.fixtures import ApiFor, World

MISSING = "00000000-0000-4000-8000-000000000000"
BLOCK = {"name": "Second ward", "amount": "1500.00", "date": "", "probability": 50, "product_category": None}


def url_of(plan: Any, scenario: Any = None, tail: str = "") -> str:
    return f"/api/v1/account-plans/{plan.pk}/scenarios/" + (f"{scenario}/{tail}" if scenario else "")


def dropped(deal: Any) -> dict[str, Any]:
    return {"opportunity": str(deal.pk), "outcome": "dropped"}


def block_of(world: World, **values: Any) -> dict[str, Any]:
    return {**BLOCK, "date": world.plan.end_date.isoformat(), **values}


def test_a_scenario_is_written_read_and_worked_out(account_manager: User, world: World, api: ApiFor) -> None:
    client = api(account_manager)
    body = {
        "name": "Slow year",
        "changes": [dropped(world.slipped), {"opportunity": str(world.open.pk), "probability": 90}],
        "blocks": [block_of(world)],
    }

    made = client.post(url_of(world.plan), body)

    assert made.status_code == 201, made.json()
    row = made.json()
    assert made["Location"].endswith(url_of(world.plan, row["id"]))
    assert row["owner"]["id"] == str(account_manager.pk)
    assert row["plan"] == {"id": str(world.plan.pk), "name": world.plan.name}
    assert (row["is_shared"], row["hidden_changes"], row["blocks"]) == (False, 0, [block_of(world)])
    assert row["changes"][1] == {
        "opportunity": {"id": str(world.open.pk), "name": "Ward extension"},
        "date": None,
        "amount": None,
        "probability": 90,
        "outcome": "open",
    }
    result = client.get(url_of(world.plan, row["id"], "result/")).json()
    # Now: won 4,000; open 1,000 + 2,000 + 500 at 50 %. Then: 1,000 at 90 %, 500 and 1,500 at 50 %.
    assert (result["now"]["total_expected_revenue"], result["now"]["deals"]) == ("5750.00", 3)
    assert (result["result"]["total_expected_revenue"], result["result"]["pipeline"]) == (
        "5900.00",
        "3000.00",
    )
    assert result["difference"]["total_expected_revenue"] == "150.00"
    assert [(found["state"], found["before"], found["after"]) for found in result["changes"]] == [
        ("applies", "2000.00", "0.00"),
        ("applies", "1000.00", "1000.00"),
    ]
    assert result["changes"][0]["text"] == "“Late order”: dropped."
    assert len(result["blocks"]) == 1
    world.open.refresh_from_db()
    assert world.open.probability == 50


def test_writes_name_the_version_and_bring_the_parts_to_what_is_given(
    account_manager: User, world: World, api: ApiFor
) -> None:
    client = api(account_manager)
    changes = [dropped(world.slipped), dropped(world.open)]
    made = client.post(url_of(world.plan), {"name": "One", "changes": changes, "blocks": [block_of(world)]})
    own, row = url_of(world.plan, made.json()["id"]), made.json()

    assert client.patch(own, {"changes": changes[:1]}).status_code == 428
    changed = client.patch(own, {"changes": changes[:1], "version": row["version"]})
    assert changed.status_code == 200, changed.json()
    assert len(changed.json()["changes"]) == 1
    assert changed.json()["blocks"] == [block_of(world)], "what is not named stays"
    assert changed.json()["version"] > row["version"]
    assert client.patch(own, {"name": "Two"}, headers={"If-Match": made["ETag"]}).status_code == 412
    same = client.put(own, {**changed.json(), "changes": changes[:1]}, headers={"If-Match": changed["ETag"]})
    assert (same.status_code, same.json()["version"]) == (200, changed.json()["version"])
    assert client.delete(own, headers={"If-Match": made["ETag"]}).status_code == 412
    assert client.delete(own, headers={"If-Match": changed["ETag"]}).status_code == 204
    assert client.get(own).status_code == 404


def test_what_is_wrong_is_said_at_its_place(account_manager: User, world: World, api: ApiFor) -> None:
    client = api(account_manager)

    def errors(**body: Any) -> set[tuple[str, str]]:
        answer = client.post(url_of(world.plan), {"name": "Wrong", **body})
        assert answer.status_code == 400, answer.json()
        return {(error["field"], error["message"]) for error in answer.json()["errors"]}

    no_deal = "This is no open deal of the plan."
    elsewhere = factories.create_opportunity(factories.create_account(owner=account_manager))
    assert errors(changes=[dropped(elsewhere)]) == {("changes.0.opportunity", no_deal)}
    assert errors(changes=[dropped(world.won)]) == {("changes.0.opportunity", no_deal)}
    twice = [dropped(world.open), dropped(world.open)]
    assert {field for field, _text in errors(changes=twice)} == {"changes.1.opportunity"}
    nothing = [{"opportunity": str(world.open.pk)}]
    assert {field for field, _text in errors(changes=nothing)} == {"changes.0.outcome"}
    fine = [{"opportunity": str(world.open.pk), "amount": "1.005"}]
    assert {field for field, _text in errors(changes=fine)} == {"changes.0.amount"}
    assert {field for field, _text in errors(blocks=[block_of(world, amount="-1")])} == {"blocks.0.amount"}
    assert {field for field, _text in errors(blocks=[block_of(world, date="1066-10-14")])} == {
        "blocks.0.date"
    }
    # A deal that is hidden answers like one that is not there.
    hidden = errors(changes=[dropped(world.far_opportunity)])
    assert hidden == errors(changes=[{"opportunity": MISSING, "outcome": "dropped"}])
    assert Scenario.objects.unscoped("test").count() == 0


@pytest.fixture
def shared(world: World, account_manager: User) -> Scenario:
    """Shared by the plan's owner: drops a deal that readers of the plan see, and one that they do not."""
    scenario = factories.create_scenario(world.plan, "Shared", owner=account_manager, is_shared=True)
    factories.create_scenario_change(scenario, world.open, outcome="dropped")
    factories.create_scenario_change(scenario, world.slipped, probability=10)
    return scenario


def test_private_ones_are_their_author_s_and_shared_ones_the_readers(
    cast: dict[str, User], world: World, shared: Scenario, api: ApiFor
) -> None:
    private = factories.create_scenario(world.plan, "Mine", owner=cast["account_manager"])

    seen = {}
    for who, user in cast.items():
        answer = api(user).get(url_of(world.plan))
        names = {row["name"] for row in answer.json().get("results", ())}
        seen[who] = names if answer.status_code == 200 else answer.status_code
        for scenario in (private, shared):
            status = api(user).get(url_of(world.plan, scenario.pk)).status_code
            expected = seen[who] if isinstance(seen[who], int) else 200 if scenario.name in names else 404
            assert status == expected, (who, scenario)

    assert seen == {
        "account_manager": {"Mine", "Shared"},
        **{key: {"Shared"} for key in ("colleague", "manager", "executive", "admin", "viewer")},
        "stranger": 404,
        "integration": 404,
        "msl": 403,
    }


def test_everybody_who_sees_the_numbers_may_imagine_others(
    cast: dict[str, User], world: World, shared: Scenario, api: ApiFor
) -> None:
    made, changed = {}, {}
    own = url_of(world.plan, shared.pk)
    for who, user in cast.items():
        made[who] = api(user).post(url_of(world.plan), {"name": who}).status_code
        changed[who] = api(user).patch(own, {"note": who}, headers={"If-Match": "*"}).status_code

    assert made == {
        **dict.fromkeys(("account_manager", "colleague", "manager", "executive", "admin", "viewer"), 201),
        "stranger": 404,
        "integration": 404,
        "msl": 403,
    }
    assert changed == {
        "account_manager": 428,
        "admin": 428,
        **dict.fromkeys(("colleague", "manager", "executive", "viewer"), 403),
        "stranger": 404,
        "integration": 404,
        "msl": 403,
    }


def test_changes_of_deals_that_the_reader_cannot_open_count_and_are_not_told(
    world: World, stranger: User, shared: Scenario, api: ApiFor, account_manager: User
) -> None:
    factories.add_participant(world.plan, stranger)  # sees the plan, but no deal of North
    client, own = api(stranger), url_of(world.plan, shared.pk)

    row = client.get(own)
    result = client.get(url_of(world.plan, shared.pk, "result/"))

    assert (row.json()["changes"], row.json()["hidden_changes"]) == ([], 2)
    assert (result.json()["changes"], result.json()["hidden_changes"]) == ([], 2)
    theirs = api(account_manager).get(url_of(world.plan, shared.pk, "result/")).json()
    assert result.json()["result"] == theirs["result"]
    for name in (world.open.name, world.slipped.name):
        assert name not in row.text
        assert name not in result.text
    # Whoever may write it without seeing them leaves them alone.
    Scenario.objects.unscoped("test").filter(pk=shared.pk).update(owner=stranger)
    answer = client.patch(own, {"changes": []}, headers={"If-Match": client.get(own)["ETag"]})
    assert (answer.status_code, answer.json()["hidden_changes"]) == (200, 2)


def test_a_deleted_deal_is_told_to_the_author_alone(
    world: World, colleague: User, account_manager: User, shared: Scenario, api: ApiFor
) -> None:
    world.slipped.delete()

    found = api(account_manager).get(url_of(world.plan, shared.pk, "result/")).json()
    other = api(colleague).get(url_of(world.plan, shared.pk, "result/"))

    assert [(row["state"], row["still_applies"]) for row in found["changes"]] == [
        ("applies", True),
        ("deleted", False),
    ]
    assert found["changes"][1]["text"] == "“Late order” was deleted since: this change no longer applies."
    assert "Late order" not in other.text
    assert other.json()["hidden_changes"] == 1
    row = api(account_manager).get(url_of(world.plan, shared.pk))
    assert len(row.json()["changes"]) == 1
    put = {key: row.json()[key] for key in ("name", "changes")}
    put["changes"] = [{**put["changes"][0], "opportunity": put["changes"][0]["opportunity"]["id"]}]
    headers = {"If-Match": row["ETag"]}
    assert api(account_manager).put(url_of(world.plan, shared.pk), put, headers=headers).status_code == 200
    assert ScenarioChange.objects.unscoped("test").count() == 1


def test_lists_and_results_take_a_fixed_number_of_statements(
    world: World, account_manager: User, shared: Scenario, api: ApiFor
) -> None:
    client = api(account_manager)
    operations.fresh_kpi(world.plan)

    def statements(url: str) -> int:
        with CaptureQueriesContext(connection) as found:
            assert client.get(url).status_code == 200
        return len(found)

    urls = url_of(world.plan), url_of(world.plan, shared.pk, "result/")
    client.get(urls[0])  # the first use of a token is noted
    few = [statements(url) for url in urls]
    for number in range(4):
        scenario = factories.create_scenario(world.plan, owner=account_manager)
        deal = factories.create_opportunity(world.account, f"Deal {number}")
        for target in (scenario, shared):
            factories.create_scenario_change(target, deal, probability=10 + number)
            factories.create_building_block(target, product_category=factories.create_category())
    operations.fresh_kpi(world.plan)

    assert [statements(url) for url in urls] == few
