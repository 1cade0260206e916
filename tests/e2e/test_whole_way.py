"""What a company learned, once around: a template, published, brought into a plan, worked on, copied on."""

from __future__ import annotations

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from kam.users.models import User
from plans.models import AccountPlan, AssessmentTask
from tests.e2e.conftest import OpenAs
from tests.fixtures import World

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

STEPS = (
    "Map the buyers",
    "Meet pharmacy",
    "Collect the data",
    "Write the case",
    "Ask the board",
    "Train the wards",
)


def make_template(page: Page) -> None:
    """A template with six items, published."""
    page.goto(reverse("templates_app:actionplantemplate_create"))
    page.fill("[name=name]", "Formulary listing")
    page.click("main button[type=submit]")
    for days, name in enumerate(STEPS, start=1):
        page.click("#add-item")
        page.fill("#sheet [name=name]", name)
        page.fill("#sheet [name=due_offset]", str(days * 10))
        page.click("#sheet button[type=submit]")
        expect(page.locator("#version-items")).to_contain_text(name)
    page.get_by_role("link", name="Publish").click()
    page.get_by_role("button", name="Publish version 1").click()
    expect(page.locator("main")).to_contain_text("Published")


def make_goal(page: Page) -> None:
    page.goto(reverse("templates_app:goaldefinition_create"))
    page.fill("[name=name]", "Get on the formulary")
    page.select_option("[name=status]", "active")
    page.click("main button[type=submit]")
    page.locator("#goal-templates [name=template]").select_option(label="Formulary listing")
    page.locator("#goal-templates").get_by_role("button", name="Add").click()
    expect(page.locator("#goal-templates")).to_contain_text("Version 1")


def test_from_a_template_to_next_years_plan(
    open_as: OpenAs, rich_world: World, admin: User, account_manager: User
) -> None:
    plan = rich_world.plan
    plan.objectives.unscoped("test").update(weight=0)
    library = open_as(admin)
    make_template(library)
    make_goal(library)

    page = open_as(account_manager)
    page.goto(plan.get_absolute_url())
    page.get_by_role("link", name="Import from library").click()
    page.get_by_label("Get on the formulary").check()
    page.get_by_role("button", name="Preview").click()
    expect(page.locator(".k-import-counts")).to_contain_text("Tasks6")
    assert not AssessmentTask.objects.unscoped("test").exists()
    page.get_by_role("button", name="Add to the plan").click()

    page.goto(reverse("plans:work_tree", args=[plan.pk]))
    for name in STEPS[:2]:
        page.get_by_role("button", name=f"Mark “{name}” as done").click()
        expect(page.get_by_role("button", name=f"Open “{name}” again")).to_be_visible()
    expect(page.locator(f"#progress-{plan.pk}")).to_contain_text("33%")
    page.goto(plan.get_absolute_url())
    expect(page.locator("#objectives-title")).to_contain_text("33% complete")

    page.get_by_label("More", exact=True).click()
    page.get_by_role("link", name="Copy").click()
    page.get_by_role("button", name="Show what it makes").click()
    expect(page.locator("#preview")).to_contain_text("Action plans and tasks")
    page.get_by_role("button", name="Make the copy").click()

    expect(page.locator("h1")).to_contain_text("Draft")
    made = AccountPlan.objects.unscoped("test").get(copied_from=plan)
    assert page.url.endswith(made.get_absolute_url())
    expect(page.locator("#objectives-title")).to_contain_text("0% complete")
    page.goto(reverse("plans:work_tree", args=[made.pk]))
    expect(page.get_by_role("button", name="as done")).to_have_count(6)
