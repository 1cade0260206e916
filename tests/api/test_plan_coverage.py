from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from crm.enums import PickList, SegmentMeaning
from crm.models import Account, PickListValue
from kam.core.clock import company_today
from kam.users.models import User
from plans.enums import PlanStatus
from plans.models import AccountPlan
from tests import factories
from tests.fixtures import ApiFor, Territories, World

URL = "/api/v1/dashboards/plan-coverage/"


@pytest.fixture
def strategic(world: World) -> PickListValue:
    """All accounts of the world are strategic: the child and the far one today, the account as its target."""
    value = factories.create_pick_list_value(
        "Strategic", pick_list=PickList.SEGMENT, meaning=SegmentMeaning.STRATEGIC
    )
    accounts = Account.objects.unscoped("test")
    accounts.update(current_segment=value)
    accounts.filter(pk=world.account.pk).update(current_segment=None, target_segment=value)
    return value


def counts(row: dict[str, Any]) -> tuple[int, ...]:
    return tuple(row[name] for name in ("accounts", "with_plan", "draft_only", "without_plan"))


def test_accounts_count_once_by_owner_and_with_the_territories_below(
    strategic: PickListValue,
    world: World,
    account_manager: User,
    manager: User,
    territories: Territories,
    api: ApiFor,
) -> None:
    drafted = factories.create_account(
        "Drafted", owner=account_manager, territory=territories.west, current_segment=strategic
    )
    factories.create_plan(drafted, status=PlanStatus.DRAFT)
    alone = factories.create_account("Alone", territory=territories.west, current_segment=strategic)
    factories.create_plan(alone, status=PlanStatus.COMPLETED)
    factories.create_plan(alone, start_date=company_today() - timedelta(days=400))
    factories.create_account("Ordinary", territory=territories.west)

    body = api(manager).get(URL).json()

    assert counts(body["totals"]) == (4, 2, 1, 1)
    assert body["totals"]["coverage_percent"] == 50.0
    assert [(row["owner"] and row["owner"]["name"], counts(row)) for row in body["by_owner"]] == [
        (str(account_manager), (3, 2, 1, 0)),
        (None, (1, 0, 0, 1)),
    ]
    assert [(row["territory"]["name"], counts(row)) for row in body["by_territory"]] == [
        ("West", (4, 2, 1, 1)),
        ("North", (2, 2, 0, 0)),
    ]
    found = {
        row["account"]["name"]: (row["plan_state"], len(row["account_plans"])) for row in body["results"]
    }
    assert found == {
        "Harbour Clinics": ("with_plan", 2),
        "Harbour Day Clinic": ("with_plan", 2),  # by the plan of the account above
        "Drafted": ("draft_only", 1),
        "Alone": ("without_plan", 0),
    }


def test_a_plan_that_leaves_out_those_below_does_not_cover_them(
    strategic: PickListValue, world: World, manager: User, api: ApiFor
) -> None:
    AccountPlan.objects.unscoped("test").update(include_child_accounts=False)

    body = api(manager).get(URL, {"plan_state": "without_plan"}).json()

    assert counts(body["totals"]) == (2, 1, 0, 1)  # counts stay whole
    assert [row["account"]["name"] for row in body["results"]] == ["Harbour Day Clinic"]


@pytest.mark.parametrize(
    ("query", "accounts"), [("owner", 2), ("territory", 2), ("without_owner", 0), ("search", 1)]
)
def test_counts_follow_the_filters(
    strategic: PickListValue, world: World, executive: User, api: ApiFor, query: str, accounts: int
) -> None:
    value = {
        "owner": str(world.account.owner_id),
        "territory": str(world.account.territory_id),
        "without_owner": "true",
        "search": "lakeside",
    }[query]

    body = api(executive).get(URL, {query: value}).json()

    assert (body["totals"]["accounts"], body["count"]) == (accounts, accounts)


def test_a_confidential_plan_covers_nothing_for_others(
    strategic: PickListValue, world: World, cast: dict[str, User], api: ApiFor
) -> None:
    AccountPlan.objects.unscoped("test").exclude(pk=world.confidential.pk).delete()

    seen = {who: body_of(api, cast[who]) for who in ("manager", "executive", "admin", "account_manager")}
    AccountPlan.objects.unscoped("test").filter(pk=world.confidential.pk).delete()

    for who, body in seen.items():
        assert body["totals"]["without_plan"] == body["totals"]["accounts"] > 0
        assert body == body_of(api, cast[who])


def body_of(api: ApiFor, user: User) -> Any:
    return api(user).get(URL).json()


@pytest.mark.parametrize(
    ("who", "accounts"), [("colleague", 2), ("stranger", 1), ("msl", 2), ("executive", 3), ("integration", 0)]
)
def test_everybody_counts_what_they_see(
    strategic: PickListValue, cast: dict[str, User], api: ApiFor, who: str, accounts: int
) -> None:
    assert body_of(api, cast[who])["totals"]["accounts"] == accounts


def test_coverage_takes_the_same_statements_for_few_and_many(
    strategic: PickListValue, world: World, manager: User, api: ApiFor, statements: Any
) -> None:
    client = api(manager)
    client.get(URL)
    few = statements(lambda: client.get(URL))
    for _number in range(3):
        territory = factories.create_territory(parent=world.account.territory)
        account = factories.create_account(
            owner=factories.create_user(), territory=territory, current_segment=strategic
        )
        factories.create_plan(account)

    assert statements(lambda: client.get(URL)) == few <= 8
    assert body_of(api, manager)["totals"]["accounts"] == 5
