"""Strategies, objectives and participants: what follows its plan."""

from __future__ import annotations

from typing import Any

import pytest

from kam.users.models import User
from plans.models import AccountPlanObjective, AccountPlanParticipant
from tests import factories
from tests.fixtures import ApiFor, World

STRATEGIES = "/api/v1/strategies/"
OBJECTIVES = "/api/v1/account-plan-objectives/"
PARTICIPANTS = "/api/v1/account-plan-participants/"
MISSING = "00000000-0000-4000-8000-000000000000"


def parts(world: World, plan: Any) -> dict[str, dict[str, Any]]:
    return {
        STRATEGIES: {"plan": str(plan.pk), "name": "Win the ward"},
        OBJECTIVES: {"plan": str(plan.pk), "name": "Twice the beds", "weight": "2"},
        PARTICIPANTS: {"plan": str(plan.pk), "user": str(world.keeper.pk), "access": "edit"},
    }


ALL = pytest.mark.parametrize("url", [STRATEGIES, OBJECTIVES, PARTICIPANTS])


@ALL
def test_plan_parts_are_written_by_the_plan_s_owner(
    account_manager: User, world: World, api: ApiFor, url: str
) -> None:
    client = api(account_manager)

    made = client.post(url, parts(world, world.plan)[url])
    own = f"{url}{made.json()['id']}/"

    assert made.status_code == 201, made.json()
    assert made.json()["plan"] == {"id": str(world.plan.pk), "name": "Harbour Clinics this year"}
    assert client.delete(own).status_code == 428
    assert client.delete(own, headers={"If-Match": made["ETag"]}).status_code == 204


@ALL
@pytest.mark.parametrize(("who", "status"), [("colleague", 403), ("viewer", 403), ("stranger", 400)])
def test_plan_parts_are_not_written_by_others(
    cast: dict[str, User], world: World, api: ApiFor, url: str, who: str, status: int
) -> None:
    assert api(cast[who]).post(url, parts(world, world.plan)[url]).status_code == status


@ALL
def test_plan_parts_of_a_hidden_plan_answer_like_those_of_a_missing_one(
    account_manager: User, world: World, api: ApiFor, errors_of: Any, url: str
) -> None:
    client, body = api(account_manager), parts(world, world.confidential)[url]

    hidden = client.post(url, body)
    missing = client.post(url, {**body, "plan": MISSING})
    filtered = [client.get(url, {"plan": pk}) for pk in (world.confidential.pk, MISSING)]

    assert errors_of(hidden) == [("plan", "does_not_exist")]
    assert hidden.json() == missing.json()
    assert filtered[0].status_code == 400
    assert filtered[0].json() == filtered[1].json()


def test_plan_parts_follow_the_visibility_of_their_plan(
    cast: dict[str, User], world: World, api: ApiFor
) -> None:
    factories.create_objective(world.plan, "Seen")
    hidden = factories.create_objective(world.confidential, "Hidden")

    seen = {
        who: api(cast[who]).get(OBJECTIVES).json()["count"]
        for who in ("colleague", "viewer", "stranger", "admin")
    }

    assert seen == {"colleague": 1, "viewer": 1, "stranger": 0, "admin": 1}
    assert api(cast["admin"]).get(f"{OBJECTIVES}{hidden.pk}/").status_code == 404


def test_objectives_show_their_progress(account_manager: User, world: World, api: ApiFor) -> None:
    objective = factories.create_objective(world.plan, baseline=10, current=11, target=13)

    body = api(account_manager).get(f"{OBJECTIVES}{objective.pk}/").json()

    assert (body["progress"], body["progress_percent"], body["weight"]) == (0.3333, 33.3, "1")


def test_objectives_stay_with_their_plan(
    account_manager: User, world: World, api: ApiFor, errors_of: Any
) -> None:
    objective = factories.create_objective(world.plan)
    body = {"plan": str(world.draft.pk), "version": 1}

    assert errors_of(api(account_manager).patch(f"{OBJECTIVES}{objective.pk}/", body)) == [("plan", "fixed")]


def test_objectives_take_a_strategy_of_their_plan(
    account_manager: User, world: World, api: ApiFor, errors_of: Any
) -> None:
    other = factories.create_strategy(world.draft)
    body = {**parts(world, world.plan)[OBJECTIVES], "strategy": str(other.pk)}

    assert [field for field, _code in errors_of(api(account_manager).post(OBJECTIVES, body))] == ["strategy"]


def test_objectives_change(account_manager: User, world: World, api: ApiFor) -> None:
    objective = factories.create_objective(world.plan)
    body = {"manual_progress": 62.5, "status": "in_progress", "version": 1}

    response = api(account_manager).patch(f"{OBJECTIVES}{objective.pk}/", body)

    assert (response.status_code, response.json()["progress_percent"]) == (200, 62.5)
    assert AccountPlanObjective.objects.unscoped("test").get(pk=objective.pk).version == 2


def test_participants_take_part_once(
    account_manager: User, world: World, api: ApiFor, errors_of: Any
) -> None:
    client, body = api(account_manager), parts(world, world.plan)[PARTICIPANTS]

    assert client.post(PARTICIPANTS, body).status_code == 201
    again = client.post(PARTICIPANTS, body)

    assert again.status_code == 400
    assert again.json()["errors"][0]["message"] == "This colleague takes part already."
    assert AccountPlanParticipant.objects.unscoped("test").count() == 1


def test_participants_open_a_confidential_plan(world: World, stranger: User, api: ApiFor) -> None:
    plan = f"/api/v1/account-plans/{world.confidential.pk}/"
    reader = api(stranger)
    assert reader.get(plan).status_code == 404

    body = {"plan": str(world.confidential.pk), "user": str(stranger.pk)}
    made = api(world.keeper).post(PARTICIPANTS, body)
    assert reader.get(plan).status_code == 200

    api(world.keeper).delete(f"{PARTICIPANTS}{made.json()['id']}/", headers={"If-Match": '"1"'})
    assert reader.get(plan).status_code == 404
