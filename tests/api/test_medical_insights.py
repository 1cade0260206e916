"""Medical insights: who writes and reads them, filters, and the counts by topic."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from crm.enums import PickList
from kam.core.clock import company_today
from kam.users.models import User
from tests import factories
from tests.fixtures import ApiFor, World

INSIGHTS = "/api/v1/medical-insights/"


def body_for(world: World, **extra: Any) -> dict[str, Any]:
    return {
        "topic": str(factories.insight_topic("Competitor").pk),
        "text": "Asks how it compares",
        "date": str(company_today()),
        "contact": str(world.contact.pk),
        **extra,
    }


def test_insight_takes_the_account_of_its_contact(msl: User, world: World, api: ApiFor) -> None:
    client = api(msl)

    made = client.post(INSIGHTS, body_for(world, product=str(world.product.pk)))

    shown = made.json()
    assert made.status_code == 201, shown
    assert shown["account"] == {"id": str(world.account.pk), "name": "Harbour Clinics"}
    assert (shown["topic"]["name"], shown["author"]["id"]) == ("Competitor", str(msl.pk))
    address = f"{INSIGHTS}{shown['id']}/"
    at_child = factories.create_contact(world.child, "Ada Roth")
    assert client.patch(address, {"text": "New"}).status_code == 428
    moved = client.patch(address, {"contact": str(at_child.pk), "version": shown["version"]})
    assert moved.json()["account"]["name"] == "Harbour Day Clinic"
    assert client.delete(address, headers={"If-Match": moved["ETag"]}).status_code == 204


def test_insight_says_what_is_wrong(msl: User, world: World, api: ApiFor, errors_of: Any) -> None:
    client = api(msl)
    retired = factories.create_pick_list_value("Old", pick_list=PickList.INSIGHT_TOPIC)
    retired.is_retired = True
    retired.save()
    industry = factories.create_pick_list_value("Hospital", pick_list=PickList.INDUSTRY)
    wrong = {
        "topic": (str(retired.pk), str(industry.pk), str(world.contact.pk)),
        "text": ("", "  "),
        "date": (str(company_today() + timedelta(days=1)),),
        "contact": (str(factories.create_contact(world.far_account).pk),),
        "author": (str(world.contact.pk),),
    }

    for name, values in wrong.items():
        for value in values:
            refused = client.post(INSIGHTS, body_for(world, **{name: value}))
            assert [field for field, _code in errors_of(refused)] == [name], (name, value)
    elsewhere = client.post(INSIGHTS, body_for(world, account=str(world.child.pk)))
    assert errors_of(elsewhere)[0][0] == "contact"
    nowhere = client.post(INSIGHTS, body_for(world, contact=None))
    assert errors_of(nowhere)[0][0] == "account"


WRITES = {"msl": 201, "admin": 201}


def test_medical_colleagues_write_their_own(
    cast: dict[str, User], world: World, api: ApiFor, account_manager: User
) -> None:
    insight = factories.create_insight(world.account, author=cast["msl"])
    foreign = factories.create_insight(world.account)

    for who, user in cast.items():
        made = api(user).post(INSIGHTS, body_for(world))
        assert made.status_code == WRITES.get(who, 403), who
    as_msl = api(cast["msl"])
    assert as_msl.patch(f"{INSIGHTS}{insight.pk}/", {"text": "Mine", "version": 1}).status_code == 200
    assert as_msl.patch(f"{INSIGHTS}{foreign.pk}/", {"text": "Not", "version": 1}).status_code == 403
    assert (
        as_msl.post(INSIGHTS, body_for(world, author=str(account_manager.pk))).status_code == 403
    )  # in nobody else's name
    hidden = api(account_manager).patch(f"{INSIGHTS}{insight.pk}/", {"text": "X", "version": 2})
    assert hidden.status_code == 404


@pytest.fixture
def year(world: World, msl: User) -> dict[str, Any]:
    """Three of one topic in two months, one of another, one where nobody of North looks."""
    day = date(2026, 3, 4)
    return {
        "first": factories.create_insight(world.account, "Dose at night", on_date=day, author=msl),
        "second": factories.create_insight(world.child, "Dose by day", on_date=day + timedelta(days=2)),
        "third": factories.create_insight(
            contact=world.contact, product=world.product, on_date=date(2026, 5, 1)
        ),
        "other": factories.create_insight(world.account, topic="Access", on_date=date(2026, 5, 31)),
        "far": factories.create_insight(world.far_account, topic="Access", on_date=day),
    }


def test_filters_find_what_they_say(msl: User, world: World, api: ApiFor, year: dict[str, Any]) -> None:
    expected: dict[str, tuple[dict[str, Any], set[str]]] = {
        "topic": ({"topic": factories.insight_topic("Access").pk}, {"other"}),
        "product": ({"product": world.product.pk}, {"third"}),
        "contact": ({"contact": world.contact.pk}, {"third"}),
        "account": ({"account": world.account.pk}, {"first", "third", "other"}),
        "below": ({"below": world.account.pk}, {"first", "second", "third", "other"}),
        "territory": (
            {"territory": world.account.territory.parent_id},
            {"first", "second", "third", "other"},
        ),
        "author": ({"author": msl.pk}, {"first"}),
        "dates": ({"date_after": "2026-03-05", "date_before": "2026-05-01"}, {"second", "third"}),
        "search": ({"search": "dose day"}, {"second"}),
    }
    by_id = {str(insight.pk): name for name, insight in year.items()}

    for name, (query, wanted) in expected.items():
        found = api(msl).get(INSIGHTS, query).json()
        assert {by_id[row["id"]] for row in found["results"]} == wanted, name
    in_order = api(msl).get(INSIGHTS, {"ordering": "-date"}).json()["results"]
    assert [by_id[row["id"]] for row in in_order] == ["other", "third", "second", "first"]


def test_counts_are_by_topic_and_month_of_what_the_reader_sees(
    msl: User, admin: User, account_manager: User, api: ApiFor, errors_of: Any, year: dict[str, Any]
) -> None:
    def counts(user: User, **query: Any) -> dict[str, list[tuple[str, int]]]:
        answer = api(user).get(f"{INSIGHTS}by-topic/", query).json()
        shown = {
            row["topic"]["name"]: [(month["month"], month["count"]) for month in row["months"]]
            for row in answer["topics"]
        }
        assert answer["count"] == sum(row["count"] for row in answer["topics"])
        assert answer["count"] == sum(count for months in shown.values() for _month, count in months)
        return shown

    research = [("2026-03-01", 2), ("2026-05-01", 1)]
    assert counts(msl) == {"Research": research, "Access": [("2026-05-01", 1)]}
    assert counts(admin)["Access"] == [("2026-03-01", 1), ("2026-05-01", 1)]
    assert counts(msl, search="dose") == {"Research": research[:1]}
    assert counts(account_manager) == {}
    client = api(msl)
    assert errors_of(client.get(f"{INSIGHTS}by-topic/", {"page": 1})) == [("page", "unknown_parameter")]
    assert errors_of(client.get(f"{INSIGHTS}by-topic/", {"date_after": "x"}))[0][0] == "date_after"


def test_who_takes_part_in_the_plan_that_it_serves_sees_it(
    msl: User, account_manager: User, integration: User, world: World, api: ApiFor, errors_of: Any
) -> None:
    plan = factories.create_territory_plan(world.account.territory.parent, owner=msl)
    confidential = factories.create_territory_plan(
        world.account.territory, owner=world.keeper, is_confidential=True
    )
    served = factories.create_insight(world.account, "Serves the plan", plan=plan)
    factories.create_insight(world.account, "Of nobody's plan")
    client = api(account_manager)

    def seen(**query: Any) -> list[str]:
        return [row["text"] for row in client.get(INSIGHTS, query).json()["results"]]

    assert seen() == []
    for user in (account_manager, integration):
        factories.add_participant(plan, user)
    assert seen() == seen(territory_business_plan=plan.pk) == ["Serves the plan"]
    assert client.get(f"{INSIGHTS}by-topic/").json()["count"] == 1
    assert client.patch(f"{INSIGHTS}{served.pk}/", {"text": "X", "version": 1}).status_code == 403
    assert api(integration).get(INSIGHTS).json()["count"] == 0
    # A plan must be of the account's territory, and one that may be seen.
    elsewhere = factories.create_territory_plan(world.far_account.territory, owner=msl)
    for wrong in (elsewhere, confidential, world.plan):
        refused = api(msl).post(INSIGHTS, body_for(world, territory_business_plan=str(wrong.pk)))
        assert [field for field, _code in errors_of(refused)] == ["territory_business_plan"]
    hidden = factories.create_insight(world.account, "Serves a hidden plan", plan=confidential)
    assert api(msl).get(f"{INSIGHTS}{hidden.pk}/").json()["territory_business_plan"] is None


def test_contact_who_moved_out_of_sight_is_not_named(msl: User, world: World, api: ApiFor) -> None:
    insight = factories.create_insight(contact=world.contact, author=msl)
    world.contact.account = world.far_account
    world.contact.save()
    client = api(msl)

    shown = client.get(f"{INSIGHTS}{insight.pk}/").json()
    kept = client.patch(f"{INSIGHTS}{insight.pk}/", {"contact": None, "text": "New", "version": 1})

    assert shown["contact"] is None
    assert kept.status_code == 200, kept.json()
    insight.refresh_from_db()
    assert (insight.text, insight.contact_id) == ("New", world.contact.pk)


def test_list_and_counts_take_the_same_statements_for_one_and_three(
    msl: User, world: World, api: ApiFor, statements: Callable[[Callable[[], Any]], int]
) -> None:
    client = api(msl)

    def taken() -> tuple[int, int]:
        return (
            statements(lambda: client.get(INSIGHTS)),
            statements(lambda: client.get(f"{INSIGHTS}by-topic/")),
        )

    factories.create_insight(contact=world.contact, product=world.product)
    client.get(INSIGHTS)
    one = taken()
    for topic in ("Access", "Product"):
        contact = factories.create_contact(world.child)
        factories.create_insight(contact=contact, product=factories.create_product(), topic=topic)

    assert taken() == one
    assert one[0] <= 6
