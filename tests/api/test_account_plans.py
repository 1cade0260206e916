from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission

from kam.core.models import Change
from kam.users.models import User
from plans.models import AccountPlan
from tests import factories
from tests.fixtures import ApiFor, World

URL = "/api/v1/account-plans/"


def detail(plan: Any) -> str:
    return f"{URL}{plan.pk}/"


def draft(world: World, **values: Any) -> dict[str, Any]:
    return {
        "name": "Next year",
        "account": str(world.account.pk),
        "plan_type": str(world.plan.plan_type_id),
        "start_date": "2027-01-01",
        "end_date": "2027-12-31",
        "currency": "EUR",
        "sales_target": "100000.00",
        **values,
    }


def matching(plan: AccountPlan) -> dict[str, str]:
    return {"If-Match": f'"{plan.version}"'}


@pytest.mark.parametrize(
    ("who", "names"),
    [
        ("account_manager", {"Harbour Clinics this year", "Harbour Clinics next year"}),
        ("colleague", {"Harbour Clinics this year", "Harbour Clinics next year"}),
        ("viewer", {"Harbour Clinics this year"}),
        ("executive", {"Harbour Clinics this year", "Lakeside this year"}),
        ("admin", {"Harbour Clinics this year", "Harbour Clinics next year", "Lakeside this year"}),
        ("stranger", {"Lakeside this year"}),
        ("integration", set()),
    ],
)
def test_account_plans_list_shows_what_each_may_see(
    cast: dict[str, User], world: World, api: ApiFor, who: str, names: set[str]
) -> None:
    body = api(cast[who]).get(URL).json()

    assert {row["name"] for row in body["results"]} == names
    assert body["count"] == len(names)


def test_account_plans_retrieve(account_manager: User, world: World, api: ApiFor) -> None:
    factories.create_objective(world.plan, manual_progress=30, weight=1)
    factories.create_objective(world.plan, baseline=0, current=1, target=2, weight=3)

    response = api(account_manager).get(detail(world.plan))

    body = response.json()
    assert response["ETag"] == f'"{body["version"]}"'
    assert (body["status"], body["sales_target"], body["currency"]) == ("active", "10000.00", "USD")
    assert body["account"] == {"id": str(world.account.pk), "name": "Harbour Clinics"}
    assert body["percent_complete"] == 45
    assert 0 < body["elapsed_percent"] < 100


def test_account_plans_confidential_answers_like_missing(admin: User, world: World, api: ApiFor) -> None:
    hidden = api(admin).get(detail(world.confidential))
    missing = api(admin).get(f"{URL}00000000-0000-4000-8000-000000000000/")

    assert (hidden.status_code, hidden.json()) == (404, missing.json())


def test_account_plans_confidential_leave_a_trace_of_each_look(
    admin: User, world: World, api: ApiFor
) -> None:
    admin.user_permissions.add(Permission.objects.get(codename="view_confidential"))
    looks = Change.objects.unscoped("test").filter(operation="view", object_id=world.confidential.pk)

    assert api(admin).get(detail(world.confidential)).status_code == 200
    assert [look.actor_id for look in looks.all()] == [admin.pk]

    assert api(admin).get(URL, {"is_confidential": "true"}).json()["count"] == 1
    assert looks.all().count() == 2

    assert api(world.keeper).get(detail(world.confidential)).status_code == 200
    assert looks.all().count() == 2


def test_account_plans_refer_to_hidden_plans_as_to_none(
    account_manager: User, world: World, api: ApiFor
) -> None:
    AccountPlan.objects.unscoped("test").filter(pk=world.plan.pk).update(
        parent_plan=world.confidential, copied_from=world.confidential
    )

    body = api(account_manager).get(detail(world.plan)).json()

    assert (body["parent_plan"], body["copied_from"]) == (None, None)


def test_account_plans_under_a_hidden_plan_are_refused_like_under_a_missing_one(
    account_manager: User, world: World, api: ApiFor, errors_of: Any
) -> None:
    client = api(account_manager)

    def under(pk: Any) -> Any:
        return client.patch(detail(world.plan), {"parent_plan": str(pk)}, headers=matching(world.plan))

    hidden, missing = under(world.confidential.pk), under("00000000-0000-4000-8000-000000000000")

    assert errors_of(hidden) == [("parent_plan", "does_not_exist")]
    assert hidden.json() == missing.json()


def test_account_plans_numbers_are_kept_from_medical_colleagues(msl: User, world: World, api: ApiFor) -> None:
    joined = factories.create_plan(world.account)
    factories.add_participant(joined, msl)
    client = api(msl)

    outside, inside = client.get(detail(world.plan)).json(), client.get(detail(joined)).json()
    listed = {row["id"]: row["sales_target"] for row in client.get(URL).json()["results"]}

    assert (outside["sales_target"], outside["stretch_target"]) == (None, None)
    assert inside["sales_target"] == "10000.00"
    assert (listed[str(world.plan.pk)], listed[str(joined.pk)]) == (None, "10000.00")


def test_account_plans_order_by_target_tells_medical_colleagues_nothing(
    msl: User, colleague: User, world: World, api: ApiFor, errors_of: Any
) -> None:
    assert errors_of(api(msl).get(URL, {"ordering": "sales_target"})) == [("ordering", "invalid_choice")]
    assert api(colleague).get(URL, {"ordering": "sales_target"}).status_code == 200


def test_account_plans_create_belongs_to_who_makes_it(
    account_manager: User, world: World, api: ApiFor
) -> None:
    response = api(account_manager).post(URL, draft(world))

    assert response.status_code == 201, response.json()
    body = response.json()
    assert (body["owner"]["id"], body["status"], body["sales_target"]) == (
        str(account_manager.pk),
        "draft",
        "100000.00",
    )
    assert body["percent_complete"] is None


@pytest.mark.parametrize(
    ("who", "status"), [("viewer", 403), ("executive", 403), ("integration", 403), ("msl", 201)]
)
def test_account_plans_create_by_role(
    cast: dict[str, User], world: World, api: ApiFor, who: str, status: int
) -> None:
    assert api(cast[who]).post(URL, draft(world)).status_code == status


def test_account_plans_create_for_a_hidden_account(
    stranger: User, world: World, api: ApiFor, errors_of: Any
) -> None:
    assert errors_of(api(stranger).post(URL, draft(world))) == [("account", "does_not_exist")]


def test_account_plans_create_for_somebody_else_is_not_for_account_managers(
    account_manager: User, manager: User, colleague: User, world: World, api: ApiFor
) -> None:
    body = draft(world, owner=str(colleague.pk))

    assert api(account_manager).post(URL, body).status_code == 403
    assert api(manager).post(URL, body).status_code == 201


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"end_date": "2026-12-31"}, ("end_date", "invalid")),
        ({"sales_target": "-1"}, ("sales_target", "invalid")),
        ({"sales_target": "0.001"}, ("sales_target", "max_decimal_places")),
        ({"currency": "XXX"}, ("currency", "currency")),
        ({"start_date": "01/01/2027"}, ("start_date", "invalid")),
        ({"name": ""}, ("name", "blank")),
        ({"confidential": True}, ("confidential", "unknown")),
    ],
)
def test_account_plans_create_checks_what_the_model_checks(
    account_manager: User, world: World, api: ApiFor, errors_of: Any, values: Any, expected: tuple[str, str]
) -> None:
    response = api(account_manager).post(URL, draft(world, **values))

    assert response.status_code == 400
    assert expected[0] in [field for field, _code in errors_of(response)]


def test_account_plans_change_needs_the_version_read(
    account_manager: User, world: World, api: ApiFor, errors_of: Any
) -> None:
    client, url = api(account_manager), detail(world.plan)

    missing = client.patch(url, {"name": "A"})
    star = client.patch(url, {"name": "A"}, headers={"If-Match": "*"})
    old = client.patch(url, {"name": "A"}, headers={"If-Match": '"99"'})

    assert [response.status_code for response in (missing, star, old)] == [428, 428, 412]
    assert errors_of(missing) == [(None, "version_required")]
    assert errors_of(old) == [(None, "stale_version")]
    assert AccountPlan.objects.unscoped("test").get(pk=world.plan.pk).name == "Harbour Clinics this year"
    assert client.patch(url, {"name": "A", "version": 1}).json()["version"] == 2
    assert client.patch(url, {"name": "B"}, headers={"If-Match": 'W/"2"'}).json()["version"] == 3


def test_account_plans_put_keeps_nothing_half(
    account_manager: User, world: World, api: ApiFor, errors_of: Any
) -> None:
    response = api(account_manager).put(detail(world.plan), {"name": "Only"}, headers=matching(world.plan))

    assert {field for field, _code in errors_of(response)} == {
        "account",
        "plan_type",
        "start_date",
        "end_date",
        "currency",
    }


@pytest.mark.parametrize("who", ["colleague", "viewer", "executive", "msl"])
def test_account_plans_change_by_readers_is_forbidden(
    cast: dict[str, User], world: World, api: ApiFor, who: str
) -> None:
    client = api(cast[who])

    assert client.patch(detail(world.plan), {"name": "A", "version": 1}).status_code == 403
    assert client.delete(detail(world.plan), headers=matching(world.plan)).status_code == 403
    assert client.post(f"{detail(world.plan)}cancel/").status_code == 403


def test_account_plans_manager_may_hand_a_plan_over(
    manager: User, colleague: User, world: World, api: ApiFor
) -> None:
    client = api(manager)

    handed = client.patch(detail(world.plan), {"owner": str(colleague.pk), "version": 1})
    more = client.patch(detail(world.plan), {"owner": str(manager.pk), "name": "Mine", "version": 2})

    assert handed.json()["owner"]["id"] == str(colleague.pk)
    assert more.status_code == 403


def test_account_plans_editing_participant_changes_content_but_not_the_owner(
    colleague: User, world: World, api: ApiFor
) -> None:
    factories.add_participant(world.plan, colleague, access="edit")
    client = api(colleague)

    assert client.patch(detail(world.plan), {"vision": "Grow", "version": 1}).status_code == 200
    assert client.patch(detail(world.plan), {"owner": str(colleague.pk), "version": 2}).status_code == 403
    assert (
        client.patch(detail(world.plan), {"owner": str(colleague.pk), "risks": "-", "version": 2}).status_code
        == 403
    )


def test_account_plans_life_cycle(account_manager: User, world: World, api: ApiFor, errors_of: Any) -> None:
    client, url = api(account_manager), detail(world.draft)

    def take(step: str, **body: Any) -> Any:
        return client.post(f"{url}{step}/", body)

    assert take("complete").status_code == 409
    statuses = [
        take(step).json()["status"]
        for step in ("activate", "hold", "complete", "archive", "reopen", "cancel")
    ]
    assert statuses == ["active", "on_hold", "completed", "archived", "draft", "cancelled"]
    assert errors_of(take("activate")) == [(None, "conflict")]


def test_account_plans_step_keeps_its_comment_and_version(
    account_manager: User, world: World, api: ApiFor
) -> None:
    client, url = api(account_manager), f"{detail(world.draft)}activate/"

    assert client.post(url, {"version": 5}).status_code == 412
    assert client.post(url, {"comment": "Go", "version": 1})["ETag"] == '"2"'
    entry = Change.objects.unscoped("test").filter(object_id=world.draft.pk).latest("id")
    assert (entry.reason, entry.actor_id, entry.source) == ("Go", account_manager.pk, "api")


def test_account_plans_delete_with_its_objectives(account_manager: User, world: World, api: ApiFor) -> None:
    factories.create_objective(world.plan)
    client = api(account_manager)

    assert client.delete(detail(world.plan)).status_code == 428
    assert client.delete(detail(world.plan), headers=matching(world.plan)).status_code == 204
    assert client.get(detail(world.plan)).status_code == 404


def test_account_plans_status_is_changed_by_steps_only(
    account_manager: User, world: World, api: ApiFor
) -> None:
    response = api(account_manager).patch(detail(world.draft), {"status": "active", "version": 1})

    assert response.json()["status"] == "draft"


def test_account_plans_filters(account_manager: User, world: World, api: ApiFor) -> None:
    client = api(account_manager)

    def names(**query: Any) -> list[str]:
        response = client.get(URL, query)
        assert response.status_code == 200, response.json()
        return [row["name"] for row in response.json()["results"]]

    assert names(status=["draft", "cancelled"]) == ["Harbour Clinics next year"]
    assert names(search="this year") == ["Harbour Clinics this year"]
    assert names(account=str(world.child.pk)) == []
    assert names(owner=str(account_manager.pk), current="true", ordering="name") == [
        "Harbour Clinics next year",
        "Harbour Clinics this year",
    ]
