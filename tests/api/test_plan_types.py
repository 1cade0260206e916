"""Plan types: sections that are shown, fields that are added, goals that come first."""

from __future__ import annotations

from typing import Any

import pytest

from kam.users.models import User
from plans.models import AccountPlan
from templates_app.enums import PlanSection
from templates_app.models import CustomField, PlanType
from tests import factories
from tests.fixtures import ApiFor, World

TYPES = "/api/v1/plan-types/"
FIELDS = "/api/v1/custom-fields/"
PLANS = "/api/v1/account-plans/"


@pytest.fixture
def plan_type(world: World) -> PlanType:
    """The type of the world's plans, with one field of each kind."""
    plan_type = world.plan.plan_type
    for key, kind in (("note", "text"), ("beds", "number"), ("budget", "money"), ("signed", "date")):
        factories.create_custom_field(plan_type, key, kind=kind)
    factories.create_custom_field(plan_type, "tier", kind="choice", choices=["Gold", "Silver"])
    factories.create_custom_field(plan_type, "sponsor", kind="user")
    return plan_type


def test_plan_type_is_kept_by_administrators(admin: User, account_manager: User, api: ApiFor) -> None:
    first, second = factories.create_goal("First"), factories.create_goal("Second")
    body = {
        "name": "Development Plan",
        "sections": ["short_term_plan", "objectives"],
        "goal_definitions": [str(second.pk), str(first.pk)],
    }

    made = api(admin).post(TYPES, body).json()
    field = {"plan_type": made["id"], "key": "tier", "label": "Tier", "kind": "choice", "choices": ["A", "B"]}
    added = api(admin).post(FIELDS, field)
    shown = api(account_manager).get(f"{TYPES}{made['id']}/").json()

    assert added.status_code == 201, added.json()
    assert shown["sections"] == ["short_term_plan", "objectives"]
    assert [goal["name"] for goal in shown["goal_definitions"]] == ["Second", "First"]
    assert [(row["key"], row["kind"], row["choices"]) for row in shown["custom_fields"]] == [
        ("tier", "choice", ["A", "B"])
    ]
    assert api(account_manager).post(FIELDS, field).status_code == 403


def test_reader_without_the_library_sees_no_goals(viewer: User, api: ApiFor) -> None:
    plan_type = factories.create_plan_type(goals=[factories.create_goal()])

    assert api(viewer).get(f"{TYPES}{plan_type.pk}/").json()["goal_definitions"] == []


def test_unknown_and_repeated_sections_are_refused(
    admin: User, world: World, api: ApiFor, errors_of: Any
) -> None:
    url = f"{TYPES}{world.plan.plan_type_id}/"

    assert errors_of(api(admin).patch(url, {"sections": ["swot", "news"]})) == [
        ("sections.1", "invalid_choice")
    ]
    assert [name for name, _code in errors_of(api(admin).patch(url, {"sections": ["swot", "swot"]}))] == [
        "sections"
    ]


def test_custom_values_are_written_and_read(
    account_manager: User, world: World, plan_type: PlanType, api: ApiFor
) -> None:
    client, url = api(account_manager), f"{PLANS}{world.plan.pk}/"
    given = {
        "note": "Two lines",
        "beds": 620,
        "budget": "1200.5",
        "signed": "2026-03-01",
        "tier": "Gold",
        "sponsor": str(account_manager.pk),
    }

    written = client.patch(url, {"custom_values": given, "version": 1})
    changed = client.patch(url, {"custom_values": {"tier": None}, "version": 2}).json()

    assert written.status_code == 200, written.json()
    assert written.json()["custom_values"] == {
        "note": "Two lines",
        "beds": "620",
        "budget": "1200.50",
        "signed": "2026-03-01",
        "tier": "Gold",
        "sponsor": {"id": str(account_manager.pk), "name": "Account Manager"},
    }
    assert changed["custom_values"]["tier"] is None
    assert changed["custom_values"]["note"] == "Two lines"


def test_custom_values_are_checked_by_key(
    account_manager: User, world: World, plan_type: PlanType, api: ApiFor, errors_of: Any
) -> None:
    client, url = api(account_manager), f"{PLANS}{world.plan.pk}/"
    bad = {"custom_values": {"beds": "many", "tier": "Bronze", "colour": "red"}, "version": 1}

    assert sorted(errors_of(client.patch(url, bad))) == [
        ("custom_values.beds", "invalid"),
        ("custom_values.colour", "unknown"),
        ("custom_values.tier", "invalid_choice"),
    ]
    for value in (None, [], "x", {"beds": {"a": 1}}):
        assert client.patch(url, {"custom_values": value, "version": 1}).status_code == 400
    assert AccountPlan.objects.unscoped("test").get(pk=world.plan.pk).custom_values == {}


def test_required_field_is_asked_of_new_plans_only(
    account_manager: User, world: World, api: ApiFor, errors_of: Any
) -> None:
    client = api(account_manager)
    factories.create_custom_field(world.plan.plan_type, "signed", kind="date", is_required=True)
    body = {
        "name": "Next",
        "account": str(world.account.pk),
        "plan_type": str(world.plan.plan_type_id),
        "start_date": "2027-01-01",
        "end_date": "2027-12-31",
        "currency": "USD",
    }

    renamed = client.patch(f"{PLANS}{world.plan.pk}/", {"name": "As before", "version": 1})
    refused = client.post(PLANS, body)
    made = client.post(PLANS, {**body, "custom_values": {"signed": "2026-12-01"}})

    assert renamed.status_code == 200
    assert errors_of(refused) == [("custom_values.signed", "required")]
    assert made.status_code == 201, made.json()


def test_plans_are_filtered_by_custom_fields(
    account_manager: User, world: World, plan_type: PlanType, api: ApiFor
) -> None:
    client = api(account_manager)
    values = {"note": "Wards and beds", "beds": "620", "signed": "2026-03-01", "tier": "Gold"}
    AccountPlan.objects.unscoped("test").filter(pk=world.plan.pk).update(custom_values=values)
    other = factories.create_custom_field(factories.create_plan_type("Other"), "beds", kind="text")
    factories.create_plan(world.account, "Other", plan_type=other.plan_type)

    def found(**filters: str) -> list[str]:
        query = {f"custom.{key}": value for key, value in filters.items()}
        return [row["name"] for row in client.get(PLANS, query).json()["results"]]

    name = [world.plan.name]
    assert (
        found(tier="Gold") == found(beds="620.0") == found(signed="2026-03-01") == found(note="wards") == name
    )
    assert found(tier="Gold", beds="620") == name
    assert found(tier="Silver") == found(tier="Gold", beds="621") == found(sponsor=str(world.keeper.pk)) == []


def test_filters_by_unknown_fields_and_wrong_values_are_refused(
    account_manager: User, msl: User, world: World, plan_type: PlanType, api: ApiFor, errors_of: Any
) -> None:
    client = api(account_manager)

    assert errors_of(client.get(PLANS, {"custom.colour": "red"})) == [("custom.colour", "unknown_parameter")]
    assert errors_of(client.get(PLANS, {"custom.signed": "soon"})) == [("custom.signed", "invalid")]
    assert client.get(PLANS, {"custom.budget": "5"}).status_code == 200
    assert errors_of(api(msl).get(PLANS, {"custom.budget": "5"})) == [("custom.budget", "unknown_parameter")]


def test_amounts_are_kept_from_who_sees_no_numbers(
    msl: User, world: World, plan_type: PlanType, api: ApiFor
) -> None:
    AccountPlan.objects.unscoped("test").filter(pk=world.plan.pk).update(
        custom_values={"budget": "1200", "beds": "620"}
    )

    shown = api(msl).get(f"{PLANS}{world.plan.pk}/").json()["custom_values"]

    assert (shown["budget"], shown["beds"]) == (None, "620")


def test_section_that_is_left_out_disappears_and_keeps_its_text(
    account_manager: User, admin: User, world: World, api: ApiFor, errors_of: Any
) -> None:
    world.plan.risks = "Kept"
    world.plan.save()
    analysis = factories.create_analysis(world.plan)
    left = [key for key in PlanSection.values if key not in {"risks", "swot"}]
    api(admin).patch(f"{TYPES}{world.plan.plan_type_id}/", {"sections": left})
    client, url = api(account_manager), f"{PLANS}{world.plan.pk}/"

    shown = client.get(url)
    sent_back = client.patch(url, {"risks": None, "vision": None}, headers={"If-Match": shown["ETag"]})
    refused = client.patch(url, {"risks": "New"}, headers={"If-Match": sent_back["ETag"]})

    assert (shown.json()["risks"], shown.json()["vision"]) == (None, "")
    assert sent_back.status_code == 200
    assert errors_of(refused) == [("risks", "left_out")]
    assert AccountPlan.objects.unscoped("test").get(pk=world.plan.pk).risks == "Kept"
    assert client.get("/api/v1/related-object-analyses/").json()["count"] == 0
    assert client.get(f"/api/v1/related-object-analyses/{analysis.pk}/").status_code == 404
    entry = {"plan": str(world.plan.pk), "factor": "threat", "text": "X"}
    assert [name for name, _code in errors_of(client.post("/api/v1/related-object-analyses/", entry))] == [
        "factor"
    ]


def test_field_that_plans_fill_in_is_retired_not_deleted(
    admin: User, world: World, plan_type: PlanType, api: ApiFor
) -> None:
    AccountPlan.objects.unscoped("test").filter(pk=world.plan.pk).update(custom_values={"tier": "Gold"})
    used, unused = (CustomField.objects.get(plan_type=plan_type, key=key) for key in ("tier", "note"))

    assert api(admin).delete(f"{FIELDS}{used.pk}/").status_code == 409
    assert api(admin).delete(f"{FIELDS}{unused.pk}/").status_code == 204
    assert api(admin).patch(f"{FIELDS}{used.pk}/", {"is_retired": True}).status_code == 200
    shown = api(admin).get(f"{PLANS}{world.plan.pk}/").json()["custom_values"]
    assert shown["tier"] == "Gold"
