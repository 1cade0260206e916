from __future__ import annotations

from typing import Any

import pytest

from kam.users.models import User
from metrics import operations
from metrics.rules import plans_with_numbers
from plans.models import AccountPlan
from templates_app.enums import RevenueBasis
from tests import factories
from tests.fixtures import ApiFor, World

URL = "/api/v1/dashboards/plan-performance/"


def sums(body: dict[str, Any]) -> tuple[str, str, str]:
    return tuple(body["totals"][name] for name in ("won_revenue", "pipeline", "weighted_pipeline"))  # type: ignore[return-value]


def test_plans_come_with_their_numbers(world: World, account_manager: User, api: ApiFor) -> None:
    operations.sweep(sweeper="test")

    body = api(account_manager).get(URL, {"ordering": "name", "status": "active"}).json()

    (row,) = body["results"]
    assert row["name"] == "Harbour Clinics this year"
    assert row["kpis"]["total_expected_revenue"] == "5750.00"
    assert row["company_kpis"]["counts"]["slipped"] == 1
    assert (body["count"], body["fresh"]) == (1, True)


def test_totals_count_each_record_once_however_many_plans_cover_it(
    world: World, account_manager: User, api: ApiFor
) -> None:
    factories.create_plan(world.account, "The same again")
    factories.create_plan(world.child, "The child's own")

    body = api(account_manager).get(URL).json()

    assert body["count"] == 4
    assert sums(body) == ("4000.00", "3500.00", "1750.00")
    assert body["totals"]["counts"] == {"won": 1, "open": 3, "not_converted": 0}


def test_totals_follow_the_filters(world: World, account_manager: User, api: ApiFor) -> None:
    factories.create_plan(world.child, "The child's own")

    body = api(account_manager).get(URL, {"account": str(world.child.pk)}).json()

    assert [row["name"] for row in body["results"]] == ["The child's own"]
    assert sums(body) == ("0.00", "500.00", "250.00")


def test_totals_take_each_basis_at_its_word(world: World, account_manager: User, api: ApiFor) -> None:
    """Orders are the revenue of one plan, schedules of another; a deal open in both counts once."""
    AccountPlan.objects.unscoped("test").update(revenue_basis=RevenueBasis.ORDER)
    scheduled = factories.create_plan(world.child, revenue_basis=RevenueBasis.SCHEDULE)
    line = factories.create_opportunity_line(world.of_child, product=world.product)
    factories.create_schedule(line, on_date=scheduled.start_date, amount=60)
    factories.create_plan(world.account, revenue_basis=RevenueBasis.ORDER)

    body = api(account_manager).get(URL).json()

    assert sums(body) == ("300.00", "3560.00", "1780.00")


def test_totals_convert_at_the_rate_of_the_day(world: World, account_manager: User, api: ApiFor) -> None:
    factories.create_rate("EUR", "1.10")
    factories.create_rate("EUR", "2", valid_from=world.won.close_date)
    for day in (world.won.close_date, world.plan.start_date):
        factories.create_opportunity(
            world.account, amount=100, currency="EUR", stage=factories.won_stage(), close_date=day
        )
    factories.create_opportunity(world.account, amount=1, currency="SEK", stage=factories.won_stage())

    body = api(account_manager).get(URL).json()

    assert sums(body)[0] == "4310.00"
    assert body["totals"]["counts"]["not_converted"] == 1


def test_totals_hold_only_what_the_reader_may_open(world: World, stranger: User, api: ApiFor) -> None:
    factories.add_participant(world.plan, stranger)

    body = api(stranger).get(URL).json()

    assert body["count"] == 2
    assert sums(body) == ("0.00", "9000.00", "4500.00")


def test_a_confidential_plan_changes_nothing_that_others_see(world: World, admin: User, api: ApiFor) -> None:
    before = api(admin).get(URL).json()

    AccountPlan.objects.unscoped("test").filter(pk=world.confidential.pk).delete()
    after = api(admin).get(URL).json()

    assert (before["results"], before["totals"]) == (after["results"], after["totals"])


def test_pending_changes_are_told(world: World, account_manager: User, api: ApiFor) -> None:
    assert api(account_manager).get(URL).json()["fresh"] is False

    operations.sweep(sweeper="test")

    assert api(account_manager).get(URL).json()["fresh"] is True


@pytest.mark.parametrize(
    ("who", "names"),
    [
        ("viewer", {"Harbour Clinics this year"}),
        ("msl", set()),
        ("integration", set()),
        ("stranger", {"Lakeside this year"}),
    ],
)
def test_who_sees_which_plans(
    cast: dict[str, User], world: World, api: ApiFor, who: str, names: set[str]
) -> None:
    body = api(cast[who]).get(URL).json()

    assert {row["name"] for row in body["results"]} == names


def test_plans_with_numbers_agree_with_the_rule(cast: dict[str, User], world: World) -> None:
    factories.add_participant(world.draft, cast["msl"])

    for user in cast.values():
        plans = AccountPlan.objects.visible_to(user)
        allowed = {plan.pk for plan in plans if user.has_perm("plans.view_numbers", plan)}
        assert set(plans_with_numbers(user).values_list("pk", flat=True)) == allowed


def test_performance_takes_a_fixed_number_of_statements(
    world: World, account_manager: User, api: ApiFor, statements: Any
) -> None:
    client = api(account_manager)
    client.get(URL)
    few = statements(lambda: client.get(URL))
    for number in range(3):
        plan = factories.create_plan(world.child)
        factories.create_opportunity(world.child, amount=number + 1, close_date=plan.start_date)

    assert statements(lambda: client.get(URL)) == few <= 10


def test_performance_refuses_unknown_parameters(
    world: World, account_manager: User, api: ApiFor, errors_of: Any
) -> None:
    response = api(account_manager).get(URL, {"currency": "EUR"})

    assert response.status_code == 400
    assert errors_of(response) == [("currency", "unknown_parameter")]
