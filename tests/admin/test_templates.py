"""The template library in the admin: drafts are edited, what is published is only looked at."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from kam.users.models import User
from templates_app import operations
from templates_app.models import (
    ActionPlanTemplate,
    ActionPlanTemplateItem,
    ActionPlanTemplateVersion,
    GoalDefinition,
)
from tests import factories
from tests.admin.forms import errors_of, open_form, send, url
from tests.fixtures import ClientFor


@pytest.fixture
def browser(admin: User, client_as: ClientFor) -> Client:
    return client_as(admin)


def run(browser: Client, model: Any, action: str, *rows: Any) -> str:
    keys = [str(row.pk) for row in rows]
    answer = browser.post(url(model, "changelist"), {"action": action, "_selected_action": keys}, follow=True)
    return " ".join(str(message) for message in answer.context["messages"])


def test_items_of_a_draft_are_edited_with_their_version(browser: Client) -> None:
    draft = factories.draft_of(factories.create_template(items=2))
    address = url(ActionPlanTemplateVersion, "change", draft.pk)

    values = open_form(browser, address)
    answer = send(browser, address, values, **{"items-0-name": "Renamed", "items-1-due_offset": "40"})

    assert answer.status_code == 302, errors_of(answer)
    first, second = draft.items.order_by("order")
    assert (first.name, second.due_offset) == ("Renamed", 40)


def test_published_version_and_its_items_are_only_looked_at(browser: Client) -> None:
    version = factories.create_published_template(items=1)
    item = version.items.get()
    addresses = [
        url(ActionPlanTemplateVersion, "change", version.pk),
        url(ActionPlanTemplateItem, "change", item.pk),
    ]

    for address in addresses:
        page = browser.get(address)
        assert page.status_code == 200
        assert 'name="_save"' not in page.text
        assert 'name="items-0-name"' not in page.text
        assert send(browser, address, {"name": "Another", "items-0-name": "Another"}).status_code == 403
        assert browser.post(address.replace("/change/", "/delete/"), {"post": "yes"}).status_code == 403

    item.refresh_from_db()
    assert item.name != "Another"


def test_template_with_a_published_version_stays(browser: Client) -> None:
    template = factories.create_published_template().template

    one = browser.post(url(ActionPlanTemplate, "delete", template.pk), {"post": "yes"})
    many = browser.post(
        url(ActionPlanTemplate, "changelist"),
        {"action": "delete_selected", "_selected_action": [str(template.pk)], "post": "yes"},
    )

    assert one.status_code == 403
    assert many.status_code in {200, 403}
    assert ActionPlanTemplate.objects.filter(pk=template.pk).exists()


def test_new_template_comes_with_a_draft(browser: Client) -> None:
    browser.post(url(ActionPlanTemplate, "add"), {"name": "Launch", "description": "", "category": ""})

    assert ActionPlanTemplate.objects.get(name="Launch").versions.get().is_draft


def test_steps_are_taken_from_the_list(browser: Client, admin: User) -> None:
    template = factories.create_template(items=1)
    draft = factories.draft_of(template)
    empty = factories.draft_of(factories.create_template("Empty"))

    assert "no items" in run(browser, ActionPlanTemplateVersion, "publish", empty)
    assert "is published" in run(browser, ActionPlanTemplateVersion, "publish", draft)
    draft.refresh_from_db()
    assert draft.published_by == admin
    assert "version 2" in run(browser, ActionPlanTemplate, "make_draft", template)
    assert "is a draft already" in run(browser, ActionPlanTemplate, "make_draft", template)
    assert "is retired" in run(browser, ActionPlanTemplateVersion, "retire", draft)
    assert "Only a published" in run(browser, ActionPlanTemplateVersion, "retire", draft)


def test_goal_is_saved_with_its_templates(browser: Client) -> None:
    first, second = factories.create_template("First"), factories.create_template("Second")
    goal = factories.create_goal("Grow", templates=[first, second])
    address = url(GoalDefinition, "change", goal.pk)

    values = open_form(browser, address)
    answer = send(browser, address, values, **{"name": "Grow more", "template_links-0-order": "9"})

    assert answer.status_code == 302, errors_of(answer)
    goal = GoalDefinition.objects.with_links().get(pk=goal.pk)
    assert (goal.name, goal.ordered_templates) == ("Grow more", [second, first])


def test_prerequisites_offered_are_those_of_the_same_version(browser: Client) -> None:
    draft = factories.draft_of(factories.create_template(items=2))
    first, second = draft.items.order_by("order")
    stranger = factories.create_item(factories.draft_of(factories.create_template()), "Elsewhere")

    page = browser.get(url(ActionPlanTemplateItem, "change", second.pk)).text

    assert str(first.pk) in page
    assert str(stranger.pk) not in page


def test_page_of_a_version_takes_the_same_queries_for_more_items(browser: Client) -> None:
    def count(items: int) -> int:
        template = factories.create_template()
        draft = factories.draft_of(template)
        for _number in range(items):
            first = factories.create_item(draft, activity_type=factories.create_activity_type())
            factories.create_item(draft, prerequisite=first)
        address = url(ActionPlanTemplateVersion, "change", draft.pk)
        browser.get(address)
        with CaptureQueriesContext(connection) as queries:
            assert browser.get(address).status_code == 200
        return len(queries)

    assert count(1) == count(3)


def test_draft_goes_with_its_items(browser: Client) -> None:
    template = factories.create_template(items=2)

    browser.post(url(ActionPlanTemplateVersion, "delete", factories.draft_of(template).pk), {"post": "yes"})

    assert not template.versions.exists()
    assert operations.new_draft(template).number == 1
