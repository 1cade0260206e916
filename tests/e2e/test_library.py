"""The template library in a browser: no axe violation, and an editor that works by drag and by keyboard."""

from __future__ import annotations

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from kam.users.models import User
from templates_app import operations
from templates_app.models import ActionPlanTemplateVersion
from tests import factories
from tests.e2e.conftest import OpenAs
from tests.e2e.test_accessibility import LOOKS, check, look

pytestmark = [pytest.mark.browser, pytest.mark.any_database, pytest.mark.django_db(transaction=True)]


def url(name: str, *args: object) -> str:
    return reverse(f"templates_app:{name}", args=args)


@pytest.fixture
def draft(transactional_db: None) -> ActionPlanTemplateVersion:
    """The second version of a template, with every kind of item; a goal uses it."""
    template = factories.create_template("Launch", category=factories.create_template_category("Growth"))
    first = factories.draft_of(template)
    call = factories.create_item(
        first,
        "Call the ward",
        kind="call_objective",
        activity_type=factories.create_activity_type("Call"),
        target_quantity=4,
        priority="high",
    )
    factories.create_item(
        first, "Write a letter", start_offset=9, due_offset=20, prerequisite=call, priority="low"
    )
    factories.create_item(
        first, "Look back", start_offset=60, due_offset=90, is_required=False, instructions="Why?"
    )
    factories.publish(template)
    factories.create_goal("Grow", templates=[template, factories.create_template("Unpublished")])
    draft = operations.new_draft(template)
    draft.items.get(name="Look back").delete()
    factories.create_item(draft, "Celebrate", start_offset=80, due_offset=80)
    return draft


@pytest.mark.parametrize(("device", "theme"), LOOKS)
def test_library_pages_have_no_violation(
    open_as: OpenAs, draft: ActionPlanTemplateVersion, admin: User, device: str, theme: str
) -> None:
    page = open_as(admin, device=device)
    look(page, theme)
    template = draft.template
    goal = template.goal_definitions.get()
    urls = [
        *(
            url(name)
            for name in ("library_home", "goaldefinition_list", "actionplantemplate_list", "library_import")
        ),
        url("goaldefinition_detail", goal.pk),
        url("goaldefinition_update", goal.pk),
        url("actionplantemplate_detail", template.pk),
        url("actionplantemplate_delete", template.pk),
        url("template_compare", template.pk),
        url("version_detail", draft.pk),
        url("version_publish", draft.pk),
        url("item_create", draft.pk),
    ]

    assert [problem for address in urls for problem in check(page, address)] == []


def test_items_are_added_and_put_in_order(
    open_as: OpenAs, draft: ActionPlanTemplateVersion, admin: User
) -> None:
    page = open_as(admin)
    page.goto(draft.get_absolute_url(), wait_until="networkidle")

    def names() -> list[str]:
        return page.locator("#version-items .k-main > a").all_inner_texts()

    page.click("#add-item")
    page.fill("#sheet [name=name]", "Thank them")
    page.fill("#sheet [name=due_offset]", "3")
    page.click("#sheet button[type=submit]")
    page.wait_for_selector("#version-items >> text=Thank them")
    assert names() == ["Call the ward", "Write a letter", "Celebrate", "Thank them"]

    page.get_by_role("button", name="Move Write a letter up").focus()
    page.keyboard.press("Enter")
    expect(page.locator(":focus")).to_have_attribute(
        "aria-label", "Move Write a letter down"
    )  # up is disabled now
    assert names()[:2] == ["Write a letter", "Call the ward"]
    assert page.locator("#announcer").inner_text() == "The order was saved."

    handle, target = (
        page.locator(".k-grip").nth(3).bounding_box(),
        page.locator(".k-grip").nth(2).bounding_box(),
    )
    page.mouse.move(handle["x"] + 6, handle["y"] + 6)
    page.mouse.down()
    page.mouse.move(target["x"] + 6, target["y"] + 20, steps=10)
    with page.expect_response(lambda response: response.url.endswith("/items/order/")):
        page.mouse.move(target["x"] + 6, target["y"], steps=10)
        page.mouse.up()
    page.reload()
    assert names() == ["Write a letter", "Call the ward", "Thank them", "Celebrate"]


def test_editor_works_without_scripts(open_as: OpenAs, draft: ActionPlanTemplateVersion, admin: User) -> None:
    page = open_as(admin, java_script_enabled=False)
    page.goto(draft.get_absolute_url())

    page.get_by_role("button", name="Move Celebrate up").click()
    page.get_by_role("link", name="Add item").click()
    page.fill("[name=name]", "Thank them")
    page.fill("[name=due_offset]", "3")
    page.get_by_role("button", name="Save").click()

    shown = page.locator("#version-items .k-main > a").all_inner_texts()
    assert shown == ["Call the ward", "Celebrate", "Write a letter", "Thank them"]
