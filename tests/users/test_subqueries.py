"""Ids that stand compiled in the statements of everybody: each user gets their own, as the plain query would."""

from __future__ import annotations

from typing import Any

import pytest
from django.db.models import QuerySet

from crm.enums import TerritoryRole
from crm.models import Account, TerritoryEdge
from crm.models.accounts import accounts_of
from crm.models.territories import territories_of
from kam.users.models import Role, User
from kam.users.subqueries import IdsFor
from plans.models import Plan
from plans.models.plans import plans_shared_with
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def people() -> list[User]:
    """A member of a territory, who sees all above it, an owner of an account elsewhere, and a stranger."""
    top = factories.create_territory()
    below, elsewhere = factories.create_territory(parent=top), factories.create_territory()
    people = [factories.create_user(role=role) for role in (Role.KAM, Role.VIEWER, Role.MSL, Role.KAM)]
    member, manager, owner, _stranger = people
    factories.add_member(below, member)
    factories.add_member(top, manager, role=TerritoryRole.MANAGER)
    for territory in (top, below, elsewhere):
        factories.create_account(territory=territory)
    factories.create_account(territory=elsewhere, owner=owner)
    for user in (member, owner):
        factories.add_participant(factories.create_plan(), user)
    return people


def plain(ids: Any, user: User) -> set[Any]:
    return {value for row in ids.rows_of(user) for value in row.values()}


def test_each_user_gets_the_rows_of_the_plain_query(people: list[User]) -> None:
    rows: dict[Any, Any] = {
        territories_of: TerritoryEdge.objects.values_list("descendant_id", flat=True),
        accounts_of: Account.objects.unscoped("test").values_list("pk", flat=True),
        plans_shared_with: Plan.objects.unscoped("test").values_list("pk", flat=True),
    }
    found = {}
    for ids, candidates in rows.items():
        column = "descendant_id" if ids is territories_of else "pk"
        for user in people:
            for lookup in ("in", "any_of"):
                got = set(candidates.filter(**{f"{column}__{lookup}": ids(user)}))
                assert got == plain(ids, user), (ids.rows_of.__name__, user.role, lookup)
            found[ids, user.pk] = len(got)
    assert {ids: [found[ids, user.pk] for user in people] for ids in rows} == {
        territories_of: [1, 2, 0, 0],
        accounts_of: [1, 2, 1, 0],
        plans_shared_with: [1, 0, 1, 0],
    }


def test_it_is_compiled_once_and_excludes_as_well(people: list[User]) -> None:
    built: list[User] = []

    def own_accounts(user: User) -> QuerySet:
        built.append(user)
        return Account.objects.unscoped("test").filter(owner=user).values("pk")

    ids, accounts = IdsFor(own_accounts), Account.objects.unscoped("test")
    for user in (*people, *people):
        assert set(accounts.filter(pk__in=ids(user))) == set(accounts.filter(owner=user))
        assert set(accounts.exclude(pk__in=ids(user))) == set(accounts) - set(accounts.filter(owner=user))
    assert len(built) == 1


@pytest.mark.parametrize("role", [Role.KAM, Role.MSL, Role.VIEWER, Role.MANAGER])
def test_accounts_of_the_field_depend_on_the_user_s_id_alone(role: Role) -> None:
    user = factories.create_user(role=role)
    asked = str(accounts_of.rows_of(User(pk=user.pk, role=Role.KAM)).query)
    assert str(Account.objects.visible_to(user).values("pk").query) == asked
