"""A row that somebody sees may point to, or be held by, one that they do not see: nothing tells."""

from __future__ import annotations

import pytest

from crm.models import Account
from kam.users.models import User
from plans.models import AccountPlan
from tests import factories
from tests.fixtures import ApiFor, ClientFor, World


@pytest.fixture
def linked(world: World) -> AccountPlan:
    """The account manager's draft, whose parent plan they cannot see."""
    AccountPlan._base_manager.filter(pk=world.draft.pk).update(parent_plan=world.confidential)
    return AccountPlan._base_manager.get(pk=world.draft.pk)


def test_hidden_link_reads_as_null_and_survives_a_write_of_null(
    world: World, linked: AccountPlan, api: ApiFor, cast: dict[str, User]
) -> None:
    client, url = api(cast["account_manager"]), f"/api/v1/account-plans/{linked.pk}/"
    shown = client.get(url).json()
    assert shown["parent_plan"] is None

    answer = client.patch(url, {"parent_plan": None, "vision": "Wide", "version": shown["version"]})

    assert answer.status_code == 200
    linked.refresh_from_db()
    assert (linked.parent_plan_id, linked.vision) == (world.confidential.pk, "Wide")


def test_visible_link_is_cut_by_null(world: World, api: ApiFor, cast: dict[str, User]) -> None:
    AccountPlan._base_manager.filter(pk=world.draft.pk).update(parent_plan=world.plan)

    answer = api(cast["account_manager"]).patch(
        f"/api/v1/account-plans/{world.draft.pk}/", {"parent_plan": None, "version": 1}
    )

    assert answer.status_code == 200
    assert AccountPlan._base_manager.get(pk=world.draft.pk).parent_plan_id is None


def test_form_shows_not_even_the_id_of_a_hidden_row(
    world: World, linked: AccountPlan, client_as: ClientFor, cast: dict[str, User]
) -> None:
    page = client_as(cast["account_manager"]).get(f"/plans/{linked.pk}/edit/")

    assert page.status_code == 200
    assert str(world.confidential.pk) not in page.content.decode()


def test_group_with_a_hidden_head_is_not_mentioned(
    world: World, client_as: ClientFor, cast: dict[str, User]
) -> None:
    hidden = factories.create_account("Head office", owner=world.keeper)
    Account._base_manager.filter(pk=world.account.pk).update(parent=hidden)
    Account._base_manager.filter(pk=world.child.pk).update(parent=None)
    page, seen = "/accounts/", "part of a group"

    assert seen not in client_as(cast["account_manager"]).get(page).content.decode()
    assert seen in client_as(cast["admin"]).get(page).content.decode()


def test_what_keeps_a_plan_type_is_counted_as_far_as_it_is_seen(
    world: World, client_as: ClientFor, cast: dict[str, User]
) -> None:
    """The world's type is that of three open plans and a confidential one; a type of hidden plans only stays too."""
    admin, plan_type = client_as(cast["admin"]), world.plan.plan_type
    other = factories.create_plan_type("Quiet")
    factories.create_plan(world.account, plan_type=other, owner=world.keeper, is_confidential=True)

    assert "Account plans: 3" in admin.get(f"/library/plan-types/{plan_type.pk}/delete/").content.decode()
    page = admin.post(f"/library/plan-types/{other.pk}/delete/").content.decode()
    assert "It is in use: retire it instead." in page
    assert "Account plans:" not in page
