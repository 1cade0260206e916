from __future__ import annotations

from datetime import date
from typing import Any

import pytest
import time_machine

from crm.enums import ActivityStatus
from crm.models import Activity
from kam.users.models import User
from tests import factories
from tests.fixtures import ApiFor, World

URL = "/api/v1/dashboards/activity/"
PERIOD = {"date_after": "2026-09-01", "date_before": "2026-12-31"}
NAMES = ("done", "planned", "overdue", "joint")


@pytest.fixture
def calls(world: World, account_manager: User, colleague: User) -> World:
    """Two calls done in October, one of them joint, and one in July; one late, one to come, one cancelled."""
    Activity.objects.unscoped("test").delete()
    call, account = world.activity.type, world.account
    factories.create_activity(
        account, "Joint", type=call, done_on=date(2026, 10, 5), participants=[colleague]
    )
    alone = {"type": call, "participants": [account_manager]}
    factories.create_activity(account, "Alone", done_on=date(2026, 10, 31), **alone)
    factories.create_activity(world.child, "Before", type=call, done_on=date(2026, 7, 1))
    factories.create_activity(account, "Late", type=call, planned_for=date(2026, 11, 2))
    visit = factories.create_activity_type("Visit")
    factories.create_activity(
        world.child, "To come", type=visit, owner=colleague, planned_for=date(2026, 11, 23)
    )
    factories.create_activity(
        account, "Dropped", planned_for=date(2026, 11, 3), status=ActivityStatus.CANCELLED
    )
    factories.create_activity(world.far_account, "Far", done_on=date(2026, 10, 5))
    return world


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with time_machine.travel("2026-11-22 12:00:00+00:00", tick=False):
        yield


def counts(row: dict[str, Any]) -> tuple[int, ...]:
    return tuple(row[name] for name in NAMES)


def body_of(api: ApiFor, user: User, **query: str) -> Any:
    return api(user).get(URL, {**PERIOD, **query}).json()


def test_each_activity_counts_once_by_owner_type_and_month(
    calls: World, manager: User, account_manager: User, colleague: User, api: ApiFor
) -> None:
    body = body_of(api, manager)

    assert counts(body["totals"]) == (2, 1, 1, 1)
    assert {row["owner"]["name"]: counts(row) for row in body["by_owner"]} == {
        str(account_manager): (2, 0, 1, 1),
        str(colleague): (0, 1, 0, 0),
    }
    assert {row["type"]["name"]: counts(row) for row in body["by_type"]} == {
        "Call": (2, 0, 1, 1),
        "Visit": (0, 1, 0, 0),
    }
    assert [(row["month"], counts(row)) for row in body["by_month"]] == [
        ("2026-09-01", (0, 0, 0, 0)),
        ("2026-10-01", (2, 0, 0, 1)),
        ("2026-11-01", (0, 1, 1, 0)),
        ("2026-12-01", (0, 0, 0, 0)),
    ]
    assert [(row["subject"], row["day"]) for row in body["results"]] == [
        ("To come", "2026-11-23"),
        ("Late", "2026-11-02"),
        ("Alone", "2026-10-31"),
        ("Joint", "2026-10-05"),
    ]


@pytest.mark.parametrize(
    ("shown", "subjects"),
    [("done", ["Alone", "Joint"]), ("planned", ["To come"]), ("overdue", ["Late"]), ("joint", ["Joint"])],
)
def test_list_shows_as_many_as_were_counted(
    calls: World, manager: User, api: ApiFor, shown: str, subjects: list[str]
) -> None:
    body = body_of(api, manager, shown=shown)

    assert [row["subject"] for row in body["results"]] == subjects
    assert body["totals"][shown] == len(subjects)
    assert counts(body["totals"]) == (2, 1, 1, 1)


def test_accounts_without_contact_are_those_of_the_filters(
    calls: World, manager: User, account_manager: User, stranger: User, api: ApiFor
) -> None:
    def silent(user: User, **query: str) -> int:
        return body_of(api, user, **query)["totals"]["accounts_without_contact"]

    assert silent(manager) == 1  # the child: a call of July does not count, nor does what is planned
    assert silent(manager, date_after="2026-07-01") == 0
    assert silent(manager, owner=str(account_manager.pk)) == 1
    assert silent(stranger) == 0


def test_commitments_are_kept_up_to_what_was_promised(calls: World, manager: User, api: ApiFor) -> None:
    call = calls.activity.type
    period = {"start_date": date(2026, 1, 1), "end_date": date(2026, 12, 31)}
    much = factories.create_plan(calls.account, **period)
    little = factories.create_plan(calls.child, **period)
    factories.create_commitment(much, activity_type=call, quantity=2)  # 3 done, of it 2
    factories.create_commitment(little, activity_type=call, quantity=3)  # 1 done
    factories.create_commitment(
        factories.create_plan(calls.account, start_date=date(2025, 1, 1), end_date=date(2025, 12, 31)),
        activity_type=call,
    )
    factories.create_commitment(calls.confidential, activity_type=call, quantity=50)

    (row,) = body_of(api, manager)["commitments"]

    assert row == {
        "activity_type": {"id": str(call.pk), "name": "Call"},
        "commitments": 2,
        "promised": "5.000",
        "done": "3.000",
        "done_percent": 60.0,
    }


@pytest.mark.parametrize(
    ("who", "count"), [("viewer", 4), ("msl", 4), ("stranger", 1), ("executive", 5), ("integration", 0)]
)
def test_everybody_counts_what_they_see(
    calls: World, cast: dict[str, User], api: ApiFor, who: str, count: int
) -> None:
    body = body_of(api, cast[who])

    assert body["count"] == sum(counts(body["totals"])[:3]) == count


def test_without_a_period_it_is_the_half_year_until_the_end_of_next_month(
    calls: World, manager: User, api: ApiFor
) -> None:
    body = api(manager).get(URL).json()

    assert (body["date_after"], body["date_before"]) == ("2026-07-01", "2026-12-31")
    assert len(body["by_month"]) == 6
    assert body["totals"]["done"] == 3


def test_a_period_of_all_time_is_told_by_the_months_that_have_something(
    calls: World, manager: User, api: ApiFor, errors_of: Any
) -> None:
    body = body_of(api, manager, date_after="0001-01-01", date_before="9999-12-31")
    refused = api(manager).get(URL, {"date_after": "soon"})

    assert [row["month"] for row in body["by_month"]] == ["2026-07-01", "2026-10-01", "2026-11-01"]
    assert (refused.status_code, errors_of(refused)) == (400, [("date_after", "invalid")])


def test_activity_takes_the_same_statements_for_few_and_many(
    calls: World, manager: User, api: ApiFor, statements: Any
) -> None:
    factories.create_commitment(calls.plan, activity_type=calls.activity.type)
    client = api(manager)
    client.get(URL, PERIOD)
    few = statements(lambda: client.get(URL, PERIOD))
    for _number in range(3):
        owner = factories.create_user()
        account = factories.create_account(owner=owner, territory=calls.account.territory)
        factories.create_activity(account, owner=owner, done_on=date(2026, 11, 1))
        factories.create_commitment(factories.create_plan(account))

    assert statements(lambda: client.get(URL, PERIOD)) == few <= 9
