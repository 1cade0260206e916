from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from kam.users.models import User
from templates_app import uses
from templates_app.models import GoalDefinition
from tests import factories
from tests.fixtures import ClientFor
from tests.pages import form_of, get, text_of

pytestmark = pytest.mark.django_db
LIST = "/library/goals/"


def url(name: str, *args: object) -> str:
    return reverse(f"templates_app:{name}", args=args)


def test_goal_is_added_and_edited(client_as: ClientFor, admin: User) -> None:
    client = client_as(admin)
    category = factories.create_template_category("Growth")
    values = form_of(get(client, url("goaldefinition_create")))

    made = client.post(
        url("goaldefinition_create"),
        {
            **values,
            "name": "Grow",
            "category": str(category.pk),
            "measure_kind": "number",
            "default_target": "12.5",
        },
    )
    goal = GoalDefinition.objects.get(name="Grow")
    values = form_of(get(client, url("goaldefinition_update", goal.pk)))
    client.post(url("goaldefinition_update", goal.pk), {**values, "status": "active"})

    assert made["Location"] == goal.get_absolute_url()
    goal.refresh_from_db()
    assert (str(goal.default_target), goal.status, goal.created_by) == ("12.500", "active", admin)
    assert "Grow is saved" not in text_of(get(client, LIST))


def test_goal_says_what_is_wrong_and_keeps_the_text(client_as: ClientFor, admin: User) -> None:
    client = client_as(admin)
    values = form_of(get(client, url("goaldefinition_create")))

    answer = client.post(url("goaldefinition_create"), {**values, "name": "Trust", "default_target": "5"})

    assert answer.status_code == 422
    assert "A qualitative goal has no target" in text_of(answer)
    assert 'value="Trust"' in answer.content.decode()


def test_nobody_overwrites_somebody_else(client_as: ClientFor, admin: User) -> None:
    client = client_as(admin)
    goal = factories.create_goal("Grow")
    values = form_of(get(client, url("goaldefinition_update", goal.pk)))
    goal.name = "Grow faster"
    goal.save()

    answer = client.post(url("goaldefinition_update", goal.pk), {**values, "name": "Grow slowly"})

    assert answer.status_code == 409
    assert "Grow faster" in text_of(answer)
    goal.refresh_from_db()
    assert goal.name == "Grow faster"


def test_templates_are_added_ordered_and_taken_out(client_as: ClientFor, admin: User) -> None:
    client = client_as(admin)
    first, second, third = (factories.create_template(name) for name in ("First", "Second", "Third"))
    goal = factories.create_goal(templates=[first])

    def names() -> list[str]:
        return [row.name for row in GoalDefinition.objects.with_links().get(pk=goal.pk).ordered_templates]

    for template in (second, third):
        client.post(url("goal_template_add", goal.pk), {"template": str(template.pk)})
    assert names() == ["First", "Second", "Third"]
    client.post(
        url("goal_reorder", goal.pk), {"move": f"{third.pk}:up", "order": [first.pk, second.pk, third.pk]}
    )
    assert names() == ["First", "Third", "Second"]
    client.post(url("goal_reorder", goal.pk), {"order": [second.pk, first.pk, third.pk]})
    assert names() == ["Second", "First", "Third"]
    stale = client.post(url("goal_reorder", goal.pk), {"order": [first.pk, "nonsense"]}, follow=True)
    assert "load the page again" in stale.content.decode()
    client.post(url("goal_template_remove", goal.pk, first.pk))
    assert names() == ["Second", "Third"]
    again = client.post(url("goal_template_add", goal.pk), {"template": str(third.pk)}, follow=True)
    assert "Choose an action plan template." in again.content.decode()
    assert "Nothing of it is published" in text_of(get(client, goal.get_absolute_url()))


def test_goal_in_use_is_not_deleted(
    client_as: ClientFor, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_as(admin)
    goal = factories.create_goal()
    monkeypatch.setattr(uses, "_registry", {})
    uses.register(GoalDefinition, lambda rows, user: {row.pk: [uses.Use("Objectives", 2)] for row in rows})
    address = url("goaldefinition_delete", goal.pk)

    assert "Objectives: 2" in text_of(get(client, address))
    client.post(address)
    assert GoalDefinition.objects.exists()

    monkeypatch.setattr(uses, "_registry", {})
    client.post(address)
    assert not GoalDefinition.objects.exists()


@pytest.mark.parametrize("who", ["account_manager", "manager", "msl", "executive", "viewer", "integration"])
def test_those_who_may_create_plans_read_and_nobody_else_writes(
    cast: dict[str, User], client_as: ClientFor, who: str
) -> None:
    reads = who in {"account_manager", "manager", "msl"}
    client = client_as(cast[who])
    template = factories.create_template()
    goal = factories.create_goal("Grow", templates=[template])

    assert client.get(LIST).status_code == (200 if reads else 403)
    page = client.get(goal.get_absolute_url())
    assert page.status_code == (200 if reads else 404)
    assert not reads or "Edit" not in text_of(page)
    assert ("/library/" in client.get("/").content.decode()) is reads
    assert client.get(url("goaldefinition_create")).status_code == 403
    for name in ("goaldefinition_update", "goaldefinition_delete", "goal_template_add", "goal_reorder"):
        assert client.post(url(name, goal.pk), {"name": "X"}).status_code == (403 if reads else 404)
    assert client.post(url("goal_template_remove", goal.pk, template.pk)).status_code == (
        403 if reads else 404
    )
    assert GoalDefinition.objects.get().name == "Grow"


def test_list_is_searched_and_filtered(client_as: ClientFor, account_manager: User) -> None:
    client = client_as(account_manager)
    factories.create_goal("Open wards", applies_to="account_plan")
    factories.create_goal("Cover the north", applies_to="territory_plan", status="retired")

    def found(**query: str) -> list[bool]:
        text = text_of(get(client, LIST, data=query))
        return ["Open wards" in text, "Cover the north" in text]

    assert found() == [True, True]
    assert found(search="ward") == [True, False]
    assert found(applies_to="territory_plan") == [False, True]
    assert found(status="active") == [True, False]
    assert "No goal matches" in text_of(get(client, LIST, data={"search": "nothing"}))


def queries_of(call: Callable[[], object]) -> int:
    with CaptureQueriesContext(connection) as queries:
        call()
    return len(queries)


@pytest.mark.parametrize("address", [LIST, "/library/", "/library/templates/"])
def test_lists_take_the_same_queries_for_more_rows(
    client_as: ClientFor, account_manager: User, address: str
) -> None:
    client = client_as(account_manager)

    def add() -> None:
        template = factories.create_published_template().template
        template.category = factories.create_template_category()
        template.save()
        factories.create_goal(category=template.category, templates=[template, factories.create_template()])

    factories.create_template_category()
    add()
    get(client, address)
    first = queries_of(lambda: get(client, address))
    add()
    add()

    assert queries_of(lambda: get(client, address)) == first
    assert first <= 16
