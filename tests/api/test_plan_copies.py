"""The endpoint that copies a plan."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kam.users.models import User
from plans.models import AccountPlan
from tests import factories
from tests.fixtures import ApiFor, World

WHY = "test"
OF_THE_CONTRACT = [
    "strategies",
    "objectives",
    "action_plans",
    "analyses",
    "stakeholders",
    "participants",
    "targets",
    "commitments",
]


def endpoint(plan: AccountPlan) -> str:
    return f"/api/v1/account-plans/{plan.pk}/copy/"


def copies(plan: AccountPlan) -> list[AccountPlan]:
    return list(AccountPlan.objects.unscoped(WHY).filter(copied_from=plan))


def test_endpoint_makes_the_copy(api: ApiFor, world: World, account_manager: User) -> None:
    factories.create_objective(world.plan)
    body = {"name": "Next", "start_date": "2030-01-01", "end_date": "2030-12-31", "include": OF_THE_CONTRACT}

    answer = api(account_manager).post(endpoint(world.plan), body, format="json")

    assert answer.status_code == 201
    (made,) = copies(world.plan)
    assert answer["Location"].endswith(f"/api/v1/account-plans/{made.pk}/")
    assert answer.json()["id"] == str(made.pk)
    assert answer.json()["copied_from"]["id"] == str(world.plan.pk)
    assert made.objectives.unscoped(WHY).count() == 1


def test_endpoint_previews_and_refuses_by_field(
    api: ApiFor,
    world: World,
    account_manager: User,
    stranger: User,
    viewer: User,
    errors_of: Callable[[Any], list[tuple[str | None, str]]],
) -> None:
    factories.create_objective(world.plan)
    body = {"name": "Next", "start_date": "2030-01-01", "end_date": "2030-12-31", "dry_run": True}
    client = api(account_manager)

    assert client.post(endpoint(world.plan), body, format="json").json()["counts"]["objectives"] == 1
    wrong = client.post(endpoint(world.plan), body | {"include": ["money"]}, format="json")
    assert errors_of(wrong) == [("include", "invalid")]
    late = client.post(endpoint(world.plan), body | {"end_date": "2029-01-01"}, format="json")
    assert [field for field, _code in errors_of(late)] == ["end_date"]
    assert api(stranger).post(endpoint(world.plan), body, format="json").status_code == 404
    assert api(viewer).post(endpoint(world.plan), body, format="json").status_code == 403
    assert not copies(world.plan)
