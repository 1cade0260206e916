"""The page that copies a plan."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from kam.users.models import User
from plans.models import AccountPlan, AccountPlanObjective
from tests import factories
from tests.fixtures import ClientFor, World
from tests.pages import get, text_of

pytestmark = pytest.mark.django_db

WHY = "test"


def page(plan: AccountPlan) -> str:
    return reverse("plans:accountplan_copy", args=[plan.pk])


def filled(client: Any, plan: AccountPlan, **changes: Any) -> dict[str, Any]:
    """What the browser sends when nothing was touched."""
    form = get(client, page(plan)).context["form"]
    values: dict[str, Any] = {name: form[name].value() for name in ("name", "include")}
    for name in ("start_date", "end_date"):
        values[name] = f"{form[name].value():%Y-%m-%d}"
    for name in ("account", "owner"):
        values |= {name: str(form.initial[name].pk), f"{name}_text": str(form.initial[name])}
    return values | changes


def copies(plan: AccountPlan) -> list[AccountPlan]:
    return list(AccountPlan.objects.unscoped(WHY).filter(copied_from=plan))


def test_suggests_the_next_period_and_makes_it(
    client_as: ClientFor, world: World, account_manager: User
) -> None:
    factories.create_objective(world.plan, "Win the tender", manual_progress=40)
    client = client_as(account_manager)

    response = client.post(page(world.plan), filled(client, world.plan), follow=True)

    (made,) = copies(world.plan)
    assert response.redirect_chain == [(made.get_absolute_url(), 302)]
    assert (made.start_date - world.plan.end_date).days == 1
    assert made.owner == account_manager
    (objective,) = AccountPlanObjective.objects.unscoped(WHY).filter(plan=made)
    assert (objective.name, objective.manual_progress) == ("Win the tender", None)


def test_shows_what_it_would_make_before(client_as: ClientFor, world: World, account_manager: User) -> None:
    factories.create_objective(world.plan)
    client = client_as(account_manager)

    answer = client.post(page(world.plan), filled(client, world.plan, preview="1"))

    assert "This would be made Objectives 1" in text_of(answer)
    assert not copies(world.plan)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"end_date": "2001-01-01"}, "end_date"),
        ({"include": ["action_plans"]}, "include"),
        ({"include": ["nonsense"]}, "include"),
        ({"account": "", "account_text": ""}, "account"),
        ({"name": ""}, "name"),
    ],
)
def test_errors_stand_at_their_fields(
    client_as: ClientFor, world: World, account_manager: User, changes: dict[str, Any], field: str
) -> None:
    client = client_as(account_manager)

    answer = client.post(page(world.plan), filled(client, world.plan, **changes))

    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert not copies(world.plan)


def test_only_who_may_make_plans_and_sees_this_one(
    client_as: ClientFor, cast: dict[str, User], world: World
) -> None:
    statuses = {who: client_as(user).get(page(world.plan)).status_code for who, user in cast.items()}

    allowed = {who for who, status in statuses.items() if status == 200}
    assert allowed == {"account_manager", "colleague", "manager", "admin", "msl"}
    assert statuses["stranger"] == 404
    assert statuses["viewer"] == statuses["executive"] == 403


def test_who_sees_no_numbers_takes_no_targets_along(client_as: ClientFor, world: World, msl: User) -> None:
    client = client_as(msl)

    client.post(page(world.plan), filled(client, world.plan), follow=True)

    (made,) = copies(world.plan)
    assert (made.owner, made.sales_target) == (msl, None)
