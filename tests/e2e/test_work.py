"""Working on a plan in a browser: what one does shows at once, at every level."""

from __future__ import annotations

from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import expect

from kam.core.clock import company_today
from kam.users.models import User
from plans.models import ActionPlan, AssessmentTask
from tests import factories
from tests.e2e.conftest import OpenAs
from tests.fixtures import World

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
# What a page saves is tested without a browser on both databases, and the first way through on both with one:
# the others ask what the browser makes of it.
ONE_DATABASE = pytest.mark.any_database


@pytest.fixture
def action_plan(rich_world: World) -> ActionPlan:
    """Under the only objective that counts: so the plan stands where its work stands."""
    rich_world.plan.objectives.unscoped("test").update(weight=0)
    objective = factories.create_work_objective(rich_world.plan, "Win the wards")
    action_plan = factories.create_action_plan(objective, "Prove the benefit")
    today = company_today()
    first = factories.create_task(action_plan, "Map the buyers", due_date=today - timedelta(days=2))
    factories.create_task(action_plan, "Write the case", due_date=today, prerequisite=first.item)
    return action_plan


def test_completed_task_moves_the_plan_and_can_be_undone(
    open_as: OpenAs, rich_world: World, account_manager: User, action_plan: ActionPlan
) -> None:
    page = open_as(account_manager)
    page.goto(reverse("plans:work_tree", args=[rich_world.plan.pk]))
    of_plan = page.locator(f"#progress-{rich_world.plan.pk}")
    expect(of_plan).to_contain_text("0%")

    page.get_by_role("button", name="Mark “Map the buyers” as done").focus()
    page.keyboard.press("Enter")

    expect(of_plan).to_contain_text("50%")
    expect(page.locator(f"#progress-{action_plan.pk}")).to_contain_text("50%")
    expect(page.locator(f"#counts-{action_plan.pk}")).to_contain_text("1 of 2 done")
    expect(page.get_by_role("button", name="Open “Map the buyers” again")).to_be_focused()
    page.goto(rich_world.plan.get_absolute_url())
    expect(page.locator("#objectives-title")).to_contain_text("50% complete")
    page.go_back()
    page.get_by_role("button", name="Open “Map the buyers” again").click()
    expect(of_plan).to_contain_text("0%")
    of_plan.get_by_role("link").click()
    expect(page.locator("#sheet")).to_contain_text("Win the wards")


@ONE_DATABASE
def test_row_is_edited_moved_and_added_without_leaving_the_page(
    open_as: OpenAs, rich_world: World, account_manager: User, action_plan: ActionPlan
) -> None:
    page = open_as(account_manager)
    page.goto(reverse("plans:work_tree", args=[rich_world.plan.pk]))

    page.get_by_role("link", name="Change “Write the case” here").click()
    row = page.locator(".k-task.is-editing")
    row.get_by_label("Status").select_option("in_progress")
    task = AssessmentTask.objects.unscoped("test").get(name="Write the case")
    task.due_date = company_today() + timedelta(days=30)
    task.save()
    row.get_by_role("button", name="Save").click()
    expect(row).to_contain_text("saved this before you")
    expect(row.get_by_label("Status")).to_have_value("in_progress")
    row.get_by_role("button", name="Save").click()
    edit = page.get_by_role("link", name="Change “Write the case” here")
    expect(edit).to_be_focused()
    expect(page.locator(".k-task", has_text="Write the case")).to_contain_text("In progress")

    page.keyboard.press("Alt+ArrowUp")
    expect(page.locator(".k-task-name").first).to_contain_text("Write the case")
    expect(edit).to_be_focused()

    page.locator(f"#add-{action_plan.pk}").click()
    page.locator(f"#add-in-{action_plan.pk}").get_by_label("New task").fill("Ask the head nurse")
    page.keyboard.press("Enter")
    expect(page.locator(".k-task-name").last).to_contain_text("Ask the head nurse")
    expect(page.locator(f"#progress-{rich_world.plan.pk}")).to_contain_text("0%")


@ONE_DATABASE
def test_chosen_tasks_are_changed_together_and_what_was_closed_stays_closed(
    open_as: OpenAs, rich_world: World, account_manager: User, action_plan: ActionPlan
) -> None:
    other = factories.create_action_plan(action_plan.objective, "Other way")
    factories.create_task(other, "Out of sight")
    page = open_as(account_manager)
    page.goto(reverse("plans:work_tree", args=[rich_world.plan.pk]))
    page.locator(f"#actionplan-{other.pk} summary").click()
    expect(page.get_by_text("Out of sight")).to_be_hidden()

    for name in ("Map the buyers", "Write the case"):
        page.get_by_label(f"Choose “{name}”").check()
    bulk = page.locator("#bulk-region")
    expect(bulk).to_contain_text("2 chosen")
    bulk.locator("summary").click()
    bulk.get_by_label("Status").select_option("in_progress")
    bulk.get_by_role("button", name="Change them").click()

    expect(page.locator("#messages")).to_contain_text("2 tasks are changed.")
    expect(page.locator(".k-task-state", has_text="In progress")).to_have_count(2)
    expect(page.get_by_text("Out of sight")).to_be_hidden()


@ONE_DATABASE
@pytest.mark.parametrize(("device", "theme"), [("desktop", "light"), ("phone", "dark")])
def test_pages_of_the_work_have_no_violation(
    open_as: OpenAs,
    rich_world: World,
    account_manager: User,
    action_plan: ActionPlan,
    device: str,
    theme: str,
) -> None:
    page = open_as(account_manager, device=device)
    page.goto(reverse("users:login"))
    page.evaluate("theme => localStorage.setItem('kam-theme', theme)", theme)
    task = AssessmentTask.objects.unscoped("test").get(name="Map the buyers")
    plan = [rich_world.plan.pk]
    urls = [
        reverse("plans:work_timeline", args=plan),
        reverse("plans:work_board", args=plan),
        reverse("plans:my_tasks"),
        reverse("plans:task_update", args=[task.pk]),
        reverse("plans:actionplan_update", args=[action_plan.pk]),
        reverse("plans:progress_why", args=[*plan, action_plan.pk]),
        reverse("plans:work_tree", args=plan),
    ]
    found = []
    for url in urls:
        page.goto(url)
        if url == urls[-1]:
            page.get_by_label("Choose “Map the buyers”").check()
            page.locator("#bulk-region summary").click()
            page.get_by_role("link", name="Change “Write the case” here").click()
            page.wait_for_selector(".k-task.is-editing")
        found += [f"{url}: {violation['id']}" for violation in Axe().run(page).response["violations"]]
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            found.append(f"{url}: wider than the screen")

    assert found == []
