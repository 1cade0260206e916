"""Goal definitions and action plan templates through the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from kam.users.models import User
from templates_app import operations, uses
from templates_app.models import ActionPlanTemplate, ActionPlanTemplateItem, GoalDefinition
from tests import factories
from tests.fixtures import ApiFor

GOALS = "/api/v1/goal-definitions/"
TEMPLATES = "/api/v1/action-plan-templates/"
VERSIONS = "/api/v1/action-plan-template-versions/"
ITEMS = "/api/v1/action-plan-template-items/"
Statements = Callable[[Callable[[], Any]], int]


def test_template_is_made_filled_published_and_taken_further(admin: User, api: ApiFor) -> None:
    client = api(admin)

    template = client.post(TEMPLATES, {"name": "Launch"}).json()
    draft = template["versions"][0]
    first = client.post(ITEMS, {"template_version": draft["id"], "name": "Call", "due_offset": 3}).json()
    second = client.post(
        ITEMS,
        {"template_version": draft["id"], "name": "Visit", "due_offset": 9, "prerequisite": first["id"]},
    ).json()
    published = client.post(f"{VERSIONS}{draft['id']}/publish/")
    again = client.post(f"{TEMPLATES}{template['id']}/new-version/")

    assert (template["status"], draft["number"], draft["status"]) == ("draft", 1, "draft")
    assert (first["order"], second["order"], second["prerequisite"]) == (
        1,
        2,
        {"id": first["id"], "name": "Call"},
    )
    assert published.status_code == 200
    assert published.json()["status"] == "published"
    assert published.json()["published_by"]["id"] == str(admin.pk)
    assert again.status_code == 201
    assert again.json()["number"] == 2
    copied = client.get(ITEMS, {"template_version": again.json()["id"]}).json()["results"]
    assert [item["key"] for item in copied] == [first["key"], second["key"]]
    assert client.get(f"{TEMPLATES}{template['id']}/").json()["status"] == "active"


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
@pytest.mark.parametrize("retired", [False, True])
def test_items_of_a_published_version_do_not_change(
    admin: User, api: ApiFor, errors_of: Any, method: str, retired: bool
) -> None:
    version = factories.create_published_template()
    if retired:
        operations.retire_version(version)
    item = version.items.first()
    client = api(admin)

    answer = getattr(client, method)(f"{ITEMS}{item.pk}/", {"name": "Another"})
    added = client.post(ITEMS, {"template_version": str(version.pk), "name": "One more"})
    moved = client.post(ITEMS, {"template_version": str(version.pk), "name": "One more", "order": 1})

    assert [answer.status_code, added.status_code, moved.status_code] == [409, 409, 409]
    assert errors_of(answer) == [(None, "conflict")]
    item.refresh_from_db()
    assert item.name != "Another"
    assert version.items.count() == 2


def test_item_does_not_move_to_another_version(admin: User, api: ApiFor, errors_of: Any) -> None:
    item = factories.create_item(factories.draft_of(factories.create_template()))
    elsewhere = factories.draft_of(factories.create_template())

    answer = api(admin).patch(f"{ITEMS}{item.pk}/", {"template_version": str(elsewhere.pk)})

    assert errors_of(answer) == [("template_version", "fixed")]


def test_items_say_what_is_wrong_with_them(admin: User, api: ApiFor, errors_of: Any) -> None:
    draft = factories.draft_of(factories.create_template())
    first = factories.create_item(draft)
    second = factories.create_item(draft, prerequisite=first)
    client = api(admin)

    late = client.post(
        ITEMS, {"template_version": str(draft.pk), "name": "X", "start_offset": 9, "due_offset": 1}
    )
    ring = client.patch(f"{ITEMS}{first.pk}/", {"prerequisite": str(second.pk)})
    typo = client.post(ITEMS, {"template_version": str(draft.pk), "name": "X", "is_requird": True})
    call = client.post(ITEMS, {"template_version": str(draft.pk), "name": "X", "kind": "call_objective"})

    assert [path for path, _code in errors_of(late)] == ["due_offset"]
    assert [path for path, _code in errors_of(ring)] == ["prerequisite"]
    assert errors_of(typo) == [("is_requird", "unknown")]
    assert [path for path, _code in errors_of(call)] == ["activity_type"]


def test_version_takes_only_steps_that_its_state_allows(admin: User, api: ApiFor) -> None:
    template = factories.create_template()
    url = f"{VERSIONS}{factories.draft_of(template).pk}/"
    client = api(admin)

    assert client.post(f"{url}retire/").status_code == 409
    assert client.post(f"{url}publish/").status_code == 409, "it has no items"
    assert client.post(f"{TEMPLATES}{template.pk}/new-version/").status_code == 409, "it has a draft"
    assert client.post(VERSIONS, {"template": str(template.pk)}).status_code == 409
    factories.create_item(factories.draft_of(template))
    assert client.post(f"{url}publish/", headers={"If-Match": '"99"'}).status_code == 412
    assert client.post(f"{url}publish/", {"version": 1}).status_code == 200
    assert client.post(f"{url}publish/").status_code == 409
    assert client.delete(url).status_code == 409
    assert client.delete(f"{TEMPLATES}{template.pk}/").status_code == 409
    assert client.post(f"{url}retire/").json()["status"] == "retired"
    assert client.post(VERSIONS, {"template": str(template.pk)}).json()["number"] == 2


def test_draft_can_be_deleted(admin: User, api: ApiFor) -> None:
    template = factories.create_template(items=1)
    client = api(admin)

    assert client.delete(f"{VERSIONS}{factories.draft_of(template).pk}/").status_code == 204
    assert client.delete(f"{TEMPLATES}{template.pk}/").status_code == 204
    assert not ActionPlanTemplate.objects.exists()


def test_goal_holds_its_templates_in_order(admin: User, api: ApiFor) -> None:
    first, second = factories.create_template("First"), factories.create_template("Second")
    client = api(admin)

    made = client.post(GOALS, {"name": "Grow", "action_plan_templates": [str(second.pk), str(first.pk)]})
    url = f"{GOALS}{made.json()['id']}/"
    turned = client.patch(
        url, {"action_plan_templates": [str(first.pk), str(second.pk)]}, headers={"If-Match": made["ETag"]}
    )
    stale = client.patch(url, {"name": "Shrink"}, headers={"If-Match": made["ETag"]})
    kept = client.patch(url, {"status": "active"})

    assert made.status_code == 201, made.json()
    assert [row["name"] for row in made.json()["action_plan_templates"]] == ["Second", "First"]
    assert [row["name"] for row in turned.json()["action_plan_templates"]] == ["First", "Second"]
    assert stale.status_code == 412
    assert [row["name"] for row in kept.json()["action_plan_templates"]] == ["First", "Second"]


def test_goal_in_use_is_not_deleted(admin: User, api: ApiFor, errors_of: Any, monkeypatch: Any) -> None:
    goal = factories.create_goal()
    client = api(admin)
    monkeypatch.setattr(uses, "_registry", {})
    uses.register(GoalDefinition, lambda rows, user: {row.pk: [uses.Use("Objectives", 2)] for row in rows})

    assert errors_of(client.delete(f"{GOALS}{goal.pk}/")) == [(None, "conflict")]
    monkeypatch.setattr(uses, "_registry", {})
    assert client.delete(f"{GOALS}{goal.pk}/").status_code == 204


@pytest.mark.parametrize("who", ["account_manager", "msl", "manager", "executive", "viewer", "integration"])
def test_those_who_may_create_plans_read_and_nobody_else_writes(
    cast: dict[str, User], api: ApiFor, who: str
) -> None:
    reads = who in {"account_manager", "msl", "manager"}
    version = factories.create_published_template()
    goal = factories.create_goal(templates=[version.template])
    rows = {GOALS: goal, TEMPLATES: version.template, VERSIONS: version, ITEMS: version.items.first()}
    client = api(cast[who])

    for url, row in rows.items():
        assert bool(client.get(url).json()["results"]) is reads
        assert client.get(f"{url}{row.pk}/").status_code == (200 if reads else 404)
        assert client.patch(f"{url}{row.pk}/", {}).status_code == (403 if reads else 404)
        assert client.delete(f"{url}{row.pk}/").status_code == (403 if reads else 404)
        assert client.post(url, {}).status_code == 403
    assert client.post(f"{VERSIONS}{version.pk}/retire/").status_code == (403 if reads else 404)
    assert client.post(f"{TEMPLATES}{version.template_id}/new-version/").status_code == (
        403 if reads else 404
    )


def test_lists_are_filtered(account_manager: User, api: ApiFor) -> None:
    growth = factories.create_template_category("Growth")
    used = factories.create_published_template("Used").template
    draft = factories.create_template("Draft", category=growth)
    for_accounts = factories.create_goal(
        "Accounts", applies_to="account_plan", category=growth, templates=[used]
    )
    for_both = factories.create_goal("Both", applies_to="both", status="retired")
    factories.create_goal("Territories", applies_to="territory_plan")
    client = api(account_manager)

    def found(url: str, **query: Any) -> list[str]:
        return [row["name"] for row in client.get(url, query).json()["results"]]

    assert found(GOALS, applies_to="account_plan") == ["Accounts", "Both"]
    assert found(GOALS, category=str(growth.pk)) == [for_accounts.name]
    assert found(GOALS, status="retired") == [for_both.name]
    assert found(GOALS, action_plan_template=str(used.pk)) == ["Accounts"]
    assert found(TEMPLATES, status="active") == ["Used"]
    assert found(TEMPLATES, status="draft", ordering="-name") == [draft.name]
    assert found(TEMPLATES, applies_to="account_plan") == ["Used"]
    assert found(TEMPLATES, applies_to="territory_plan") == []
    assert found(TEMPLATES, search="dra") == ["Draft"]
    assert len(client.get(VERSIONS, {"template": str(used.pk), "status": "published"}).json()["results"]) == 1


@pytest.mark.parametrize("url", [GOALS, TEMPLATES, VERSIONS, ITEMS])
def test_lists_take_the_same_statements_for_more_rows(
    account_manager: User, api: ApiFor, statements: Statements, url: str
) -> None:
    client = api(account_manager)

    def add_one() -> None:
        category = factories.create_template_category()
        template = factories.create_template(category=category)
        draft = factories.draft_of(template)
        first = factories.create_item(draft, activity_type=factories.create_activity_type())
        factories.create_item(draft, prerequisite=first)
        factories.publish(template)
        operations.copy_template(template, ActionPlanTemplate(name=f"Copy of {template}"))
        factories.create_goal(category=category, templates=[template, factories.create_template()])

    add_one()
    client.get(url)
    one = statements(lambda: client.get(url))
    for _number in range(2):
        add_one()

    assert statements(lambda: client.get(url)) == one
    assert ActionPlanTemplateItem.objects.count() == 12
