from __future__ import annotations

from typing import Any

import pytest

from crm.models import Opportunity, OpportunityLine, RevenueSchedule
from kam.core.models import Change
from kam.users.models import User
from tests import factories
from tests.fixtures import ApiFor, World

URL = "/api/v1/opportunities/"


def detail(opportunity: Any) -> str:
    return f"{URL}{opportunity.pk}/"


def draft(world: World, **values: Any) -> dict[str, Any]:
    return {
        "account": str(world.account.pk),
        "name": "Ward beds",
        "stage": str(factories.open_stage().pk),
        "amount": "90.95",
        "currency": "EUR",
        "close_date": "2026-12-01",
        **values,
    }


def test_a_new_opportunity_belongs_to_who_makes_it_and_a_system_owns_none(
    account_manager: User, integration: User, world: World, api: ApiFor
) -> None:
    mine = api(account_manager).post(URL, draft(world)).json()
    nobodys = api(account_manager).post(URL, draft(world, owner=None)).json()
    fed_account = factories.create_account(source=integration.source, external_id="A1")
    of_theirs = draft(world, account=str(fed_account.pk), source=integration.source, external_id="1")
    fed = api(integration).post(URL, of_theirs).json()

    assert (mine["owner"]["id"], nobodys["owner"], fed["owner"]) == (str(account_manager.pk), None, None)
    assert api(account_manager).patch(f"{URL}{mine['id']}/", {"name": "Beds"}).status_code == 200


@pytest.fixture
def with_parts(world: World) -> Opportunity:
    line = factories.create_opportunity_line(world.slipped, product=world.product, amount=2_000)
    factories.create_schedule(line, amount=1_500)
    return world.slipped


@pytest.mark.parametrize(
    ("who", "count"),
    [("account_manager", 5), ("colleague", 5), ("viewer", 5), ("stranger", 1), ("admin", 6), ("msl", 0)],
)
def test_opportunities_list_shows_what_each_may_see(
    cast: dict[str, User], world: World, api: ApiFor, who: str, count: int
) -> None:
    assert api(cast[who]).get(URL).json()["count"] == count


def test_opportunities_retrieve(account_manager: User, world: World, api: ApiFor) -> None:
    body = api(account_manager).get(detail(world.open)).json()

    assert (body["amount"], body["currency"], body["probability"]) == ("1000.00", "USD", 50)
    assert body["contacts"] == [{"id": str(world.contact.pk), "name": "Ines Prado"}]
    assert [line["amount"] for line in body["lines"]] == ["1000.00"]
    assert body["lines"][0]["product"] == {"id": str(world.product.pk), "name": "Cholecap 20 mg"}
    assert body["lines"][0]["quantity"] == "1"


def test_opportunities_show_the_plans_that_cover_them_as_far_as_visible(
    account_manager: User, world: World, api: ApiFor
) -> None:
    plans = api(account_manager).get(detail(world.of_child)).json()["account_plans"]
    to_keeper = api(world.keeper).get("/api/v1/account-plans/").json()["results"]

    assert plans == [
        {"id": str(world.plan.pk), "name": "Harbour Clinics this year"},
        {"id": str(world.draft.pk), "name": "Harbour Clinics next year"},
    ] or [plan["id"] for plan in plans] == [str(world.draft.pk), str(world.plan.pk)]
    assert [plan["id"] for plan in to_keeper] == [str(world.confidential.pk)]


@pytest.mark.parametrize(
    ("change", "covered"),
    [
        ({}, True),
        ({"include_child_accounts": False}, False),
        ({"status": "cancelled"}, False),
        ({"start_date": "2030-01-01", "end_date": "2030-12-31"}, False),
    ],
)
def test_opportunities_are_covered_by_period_and_account_tree(
    account_manager: User, world: World, api: ApiFor, change: dict[str, Any], covered: bool
) -> None:
    type(world.plan).objects.unscoped("test").filter(pk=world.plan.pk).update(**change)

    plans = api(account_manager).get(detail(world.of_child)).json()["account_plans"]

    assert (str(world.plan.pk) in {plan["id"] for plan in plans}) is covered


def test_opportunities_create_with_lines_and_schedules(
    account_manager: User, world: World, api: ApiFor
) -> None:
    schedule = {"date": "2026-12-15", "amount": "40.00"}
    line = {"product": str(world.product.pk), "quantity": "2", "amount": 90.95, "schedules": [schedule]}

    response = api(account_manager).post(URL, draft(world, lines=[line]))

    assert response.status_code == 201, response.json()
    body = response.json()
    assert (body["amount"], body["probability"]) == ("90.95", 50)
    assert [(row["amount"], row["quantity"]) for row in body["lines"]] == [("90.95", "2")]
    assert [(row["date"], row["amount"]) for row in body["lines"][0]["schedules"]] == [
        ("2026-12-15", "40.00")
    ]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([{"quantity": 1, "amount": "1.234"}], ("lines.0.amount", "max_decimal_places")),
        ([{"quantity": 1}], ("lines.0.amount", "required")),
        (
            [
                {
                    "amount": "1",
                    "schedules": [{"date": "2026-01-01", "amount": "1"}, {"date": "x", "amount": "1"}],
                }
            ],
            ("lines.0.schedules.1.date", "invalid"),
        ),
        (
            [{"amount": "1", "schedules": [{"date": "2026-01-01", "amount": "1.001"}]}],
            ("lines.0.schedules.0.amount", "max_decimal_places"),
        ),
        ([{"amount": "1", "color": "red"}], ("lines.0.color", "unknown")),
        ([{"amount": "1", "id": "00000000-0000-4000-8000-000000000000"}], ("lines.0.id", "does_not_exist")),
    ],
)
def test_opportunities_with_a_wrong_line_name_its_path_and_leave_nothing(
    account_manager: User, world: World, api: ApiFor, errors_of: Any, lines: Any, expected: tuple[str, str]
) -> None:
    before = Opportunity.objects.unscoped("test").count()
    lines = [{"product": str(world.product.pk), **line} for line in lines]

    response = api(account_manager).post(URL, draft(world, lines=lines))

    assert errors_of(response) == [expected]
    assert Opportunity.objects.unscoped("test").count() == before


def test_opportunities_update_of_one_line_leaves_the_others_alone(
    account_manager: User, with_parts: Opportunity, api: ApiFor
) -> None:
    client = api(account_manager)
    body = client.get(detail(with_parts)).json()
    lines = [{**line, "product": line["product"]["id"]} for line in body["lines"]]
    log = Change.objects.unscoped("test")
    start = log.count()

    same = client.patch(detail(with_parts), {"lines": lines})
    assert (same.json()["version"], log.count()) == (body["version"], start)

    lines[0]["schedules"][0]["amount"] = "1600"
    changed = client.patch(detail(with_parts), {"lines": lines})

    assert changed.status_code == 200, changed.json()
    assert changed.json()["version"] == body["version"] + 1
    assert changed.json()["lines"][0]["schedules"][0]["amount"] == "1600.00"
    written = [(change.model, change.after) for change in log.order_by("id")[start:]]
    assert written == [("crm.revenueschedule", {"amount": "1600.000"})]


def test_opportunities_lines_not_given_are_deleted(
    account_manager: User, with_parts: Opportunity, api: ApiFor
) -> None:
    response = api(account_manager).patch(detail(with_parts), {"lines": []})

    assert response.json()["lines"] == []
    assert response["ETag"] == '"2"'
    assert not OpportunityLine.objects.unscoped("test").filter(opportunity=with_parts).exists()
    assert not RevenueSchedule.objects.unscoped("test").exists()


def test_opportunities_without_lines_in_the_request_keep_theirs(
    account_manager: User, with_parts: Opportunity, api: ApiFor
) -> None:
    assert len(api(account_manager).patch(detail(with_parts), {"name": "New"}).json()["lines"]) == 1


def test_opportunities_in_another_currency_need_lines_that_fit(
    account_manager: User, world: World, api: ApiFor, errors_of: Any
) -> None:
    factories.create_opportunity_line(world.won, amount="0.50")

    response = api(account_manager).patch(detail(world.won), {"currency": "JPY"})

    assert errors_of(response) == [("lines.0.amount", "max_decimal_places")]
    assert Opportunity.objects.unscoped("test").get(pk=world.won.pk).currency == "USD"


def test_opportunities_line_of_another_one_is_not_found(
    account_manager: User, world: World, with_parts: Opportunity, api: ApiFor, errors_of: Any
) -> None:
    foreign = with_parts.lines.unscoped("test").get()
    line = {"id": str(foreign.pk), "product": str(world.product.pk), "amount": "1"}

    response = api(account_manager).patch(detail(world.won), {"lines": [line]})

    assert errors_of(response) == [("lines.0.id", "does_not_exist")]


def test_opportunities_with_a_new_stage_take_its_probability(
    account_manager: User, world: World, api: ApiFor
) -> None:
    response = api(account_manager).patch(detail(world.open), {"stage": str(factories.won_stage().pk)})

    assert response.json()["probability"] == 100


def test_opportunities_contacts_that_the_writer_cannot_see_stay(
    account_manager: User, world: World, api: ApiFor
) -> None:
    hidden = factories.create_contact(world.far_account)
    world.open.contacts.add(hidden)

    response = api(account_manager).patch(detail(world.open), {"contacts": []})

    assert response.json()["contacts"] == []
    assert response.json()["version"] == world.open.version + 1
    assert [c.pk for c in world.open.contacts.unscoped("test")] == [hidden.pk]


@pytest.mark.parametrize(
    ("who", "status"), [("colleague", 403), ("viewer", 403), ("executive", 403), ("stranger", 404)]
)
def test_opportunities_delete_by_others_is_refused(
    cast: dict[str, User], world: World, api: ApiFor, who: str, status: int
) -> None:
    assert api(cast[who]).delete(detail(world.open)).status_code == status
    assert Opportunity.objects.unscoped("test").filter(pk=world.open.pk).exists()


def test_opportunities_create_by_medical_colleagues_is_forbidden(
    msl: User, world: World, api: ApiFor
) -> None:
    assert api(msl).post(URL, draft(world)).status_code == 403


def test_opportunities_if_match_is_optional_and_honoured(
    account_manager: User, world: World, api: ApiFor
) -> None:
    client, url = api(account_manager), detail(world.won)

    assert client.patch(url, {"name": "A"}, headers={"If-Match": '"9"'}).status_code == 412
    assert client.patch(url, {"name": "A", "version": 1}).status_code == 200
    assert client.delete(url, headers={"If-Match": '"2"'}).status_code == 204


def test_opportunities_filters(account_manager: User, world: World, api: ApiFor) -> None:
    client = api(account_manager)

    def names(**query: Any) -> set[str]:
        response = client.get(URL, query)
        assert response.status_code == 200, response.json()
        return {row["name"] for row in response.json()["results"]}

    assert names(slipped="true") == {"Late order"}
    assert names(is_won="true") == {"Frame contract"}
    assert names(stage=[factories.won_stage().pk, factories.lost_stage().pk]) == {"Frame contract", "Pilot"}
    assert names(amount_min=1_000, amount_max=2_000) == {"Ward extension", "Late order"}
    assert names(close_date_before=world.slipped.close_date, is_closed="false") == {"Late order"}
    assert names(below=world.child.pk) == {"Day clinic start"}
    assert names(search="harbour day") == {"Day clinic start"}
