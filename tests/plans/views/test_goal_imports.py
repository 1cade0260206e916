"""Goals of the library into a plan, on pages: choosing, looking and adjusting, making; newer versions."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from kam.users.models import User
from plans.models import AccountPlanObjective, ActionPlan, AssessmentTask
from plans.operations.goal_imports import draft_import, import_goals
from templates_app import operations as library
from templates_app.models import GoalDefinition
from tests import factories
from tests.fixtures import ClientFor, World


@pytest.fixture
def goal(db: None) -> GoalDefinition:
    template = factories.create_template("Launch")
    draft = factories.draft_of(template)
    for name in ("Audit", "Offer"):
        factories.create_item(draft, name)
    factories.publish(template)
    return factories.create_goal("Grow with the ward", templates=[template])


@pytest.fixture
def client(client_as: ClientFor, account_manager: User) -> Client:
    return client_as(account_manager)


def preview_url(world: World, *goals: GoalDefinition, start: str = "2026-03-02") -> str:
    chosen = "&".join(f"goal={goal.pk}" for goal in goals)
    return f"{reverse('plans:goals_preview', args=[world.plan.pk])}?start_date={start}&{chosen}"


def typed_in(html: str) -> dict[str, str]:
    """What the form of the preview would send as it stands."""
    data = {}
    for tag in re.findall(r"<input[^>]*>", html[html.index('name="seen"') - 40 :]):
        values = dict(re.findall(r'(name|value|type)="([^"]*)"', tag))
        if values.get("type") != "checkbox" or " checked" in tag:
            data[values["name"]] = values.get("value", "on")
    for name, options in re.findall(r'<select name="([^"]*)".*?>(.*?)</select>', html, re.DOTALL):
        data[name] = re.search(r'value="([^"]*)" selected', options)[1]  # type: ignore[index]
    return data


def field_of(data: dict[str, str], value: str, name: str) -> str:
    """The field `name` of the row that has this name."""
    prefix = next(
        key.removesuffix("name") for key, text in data.items() if key.endswith("-name") and text == value
    )
    return f"{prefix}{name}"


def test_goals_of_the_plan_type_come_first_and_searching_keeps_what_is_chosen(
    client: Client, world: World, goal: GoalDefinition
) -> None:
    first = factories.create_goal("Zero complaints")
    library_goal = factories.create_goal("Another")
    factories.create_goal("For territories", applies_to="territory_plan")
    factories.create_goal("Not ready", status="draft")
    world.plan.plan_type.goal_links.create(goal_definition=first, order=1)
    import_goals(draft_import(plan=world.plan, goals=[library_goal]))
    url = reverse("plans:goals_choose", args=[world.plan.pk])

    everything = client.get(url)
    searched = client.get(url, {"q": "ward", "goal": str(first.pk)})

    assert [(str(row["goal"]), row["is_first"], row["is_known"]) for row in everything.context["rows"]] == [
        ("Zero complaints", True, False),
        ("Another", False, True),
        ("Grow with the ward", False, False),
    ]
    assert [(str(row["goal"]), row["is_chosen"]) for row in searched.context["rows"]] == [
        ("Zero complaints", True),
        ("Grow with the ward", False),
    ]
    assert f'href="{url}"' in client.get(world.plan.get_absolute_url()).content.decode()


def test_what_was_adjusted_is_made_and_what_was_left_out_is_not(
    client: Client, world: World, goal: GoalDefinition, colleague: User
) -> None:
    factories.add_participant(world.plan, colleague)
    url = preview_url(world, goal)
    data = typed_in(client.get(url).content.decode())
    name, person, due = (field_of(data, "Offer", part) for part in ("name", "person", "end"))
    data |= {name: "Better offer", person: str(colleague.pk), due: "2026-05-01"}
    del data[field_of(data, "Audit", "keep")]

    response = client.post(url, data, follow=True)

    task = AssessmentTask.objects.unscoped("test").get()
    assert (task.name, task.assignee, str(task.due_date)) == ("Better offer", colleague, "2026-05-01")
    assert str(task.start_date) == "2026-03-02"
    assert response.redirect_chain[-1][0] == reverse("plans:work_tree", args=[world.plan.pk])
    assert "Added from the library: 1 objective, 1 task." in response.content.decode()


def test_mistakes_are_marked_and_nothing_is_made(client: Client, world: World, goal: GoalDefinition) -> None:
    url = preview_url(world, goal)
    data = typed_in(client.get(url).content.decode())
    mistakes = {
        "It is due before it starts.": {field_of(data, "Audit", "end"): "2026-01-01"},
        "This field is required.": {field_of(data, "Offer", "name"): ""},
    }

    for text, mistake in mistakes.items():
        response = client.post(url, data | mistake)
        assert response.status_code == 422
        assert text in response.content.decode()
    assert not AccountPlanObjective.objects.unscoped("test").filter(goal_definition=goal).exists()


def test_second_import_asks_first(client: Client, world: World, goal: GoalDefinition) -> None:
    url = preview_url(world, goal)
    client.post(url, typed_in(client.get(url).content.decode()))
    data = typed_in(client.get(url).content.decode())

    refused = client.post(url, data)
    count = AccountPlanObjective.objects.unscoped("test").filter(goal_definition=goal).count()
    again = client.post(url, data | {"again": "1"})

    assert (refused.status_code, count, again.status_code) == (409, 1, 302)
    assert "objectives from these goals already" in refused.content.decode()


def test_library_that_changed_since_the_preview_is_looked_at_again(
    client: Client, world: World, goal: GoalDefinition
) -> None:
    url = preview_url(world, goal)
    data = typed_in(client.get(url).content.decode())
    library.publish_version(library.new_draft(goal.ordered_templates[0]), actor=None, at=timezone.now())

    response = client.post(url, data)

    assert response.status_code == 409
    assert "look again" in response.content.decode()
    assert not ActionPlan.objects.unscoped("test").exists()


@pytest.mark.parametrize("start", ["9999-12-31", "nonsense", ""])
def test_start_that_is_no_day_of_use_is_left_aside(
    client: Client, world: World, goal: GoalDefinition, start: str
) -> None:
    assert client.get(preview_url(world, goal, start=start)).status_code == 200
    assert client.get(preview_url(world)).status_code == 302


@pytest.mark.parametrize(
    ("who", "status"),
    [("account_manager", 200), ("colleague", 403), ("viewer", 403), ("stranger", 404), ("executive", 403)],
)
def test_import_is_for_who_edits_the_plan(
    client_as: ClientFor, cast: dict[str, User], world: World, goal: GoalDefinition, who: str, status: int
) -> None:
    reader = client_as(cast[who])

    assert reader.get(reverse("plans:goals_choose", args=[world.plan.pk])).status_code == status
    assert reader.get(preview_url(world, goal)).status_code == status


def test_statements_of_the_preview_do_not_depend_on_its_size(client: Client, world: World, goal: Any) -> None:
    goals = [
        factories.create_goal(templates=[factories.create_published_template(items=3).template])
        for _n in range(3)
    ]
    counts = []
    client.get(preview_url(world, goal))
    for chosen in ([goal], goals):
        with CaptureQueriesContext(connection) as captured:
            client.get(preview_url(world, *chosen))
        counts.append(len(captured))

    assert counts[0] == counts[1]


def test_newer_version_is_offered_and_added(client: Client, world: World, goal: GoalDefinition) -> None:
    import_goals(draft_import(plan=world.plan, goals=[goal]))
    second = library.new_draft(goal.ordered_templates[0])
    factories.create_item(second, "Report")
    library.publish_version(second, actor=None, at=timezone.now())
    action_plan = ActionPlan.objects.unscoped("test").get()
    url = reverse("plans:actionplan_newer", args=[action_plan.pk])

    offered = client.get(reverse("plans:goals_choose", args=[world.plan.pk])).content.decode()
    shown = client.get(url).content.decode()
    stale = client.post(url, {"version": "99"})
    client.post(url, {"version": str(action_plan.version)})

    assert url in offered
    assert "Report" in shown
    assert "Audit" not in shown
    assert stale.url == url
    names = AssessmentTask.objects.unscoped("test").values_list("name", flat=True)
    assert sorted(names) == ["Audit", "Offer", "Report"]
    assert client.get(url).status_code == 302
