"""One walk: goals into many plans, the page of the job by itself up to date, the bell, the reminder read."""

from __future__ import annotations

from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import expect

from collaboration.operations import make_reminders
from kam.core.clock import company_today
from kam.jobs.operations import work_off_jobs
from kam.users.models import User
from plans.models import AssessmentTask
from tests import factories
from tests.e2e.conftest import OpenAs
from tests.e2e.test_accessibility import LOOKS, check, look
from tests.fixtures import World

pytestmark = [pytest.mark.browser, pytest.mark.any_database, pytest.mark.django_db(transaction=True)]


def test_import_into_many_plans_and_hear_of_the_work(
    open_as: OpenAs, world: World, account_manager: User
) -> None:
    version = factories.create_published_template("Launch", items=2)
    factories.create_goal("Grow wards", templates=[version.template])
    page = open_as(account_manager)
    page.goto(reverse("plans:accountplan_list"))
    page.click("text=Import goals")
    page.fill(".k-filter-search input", "this year")
    expect(page.locator("#results input[name=plan]")).to_have_count(1)
    page.fill(".k-filter-search input", "")
    expect(page.locator("#results input[name=plan]")).to_have_count(2)
    page.check("input[name=goal]")
    page.click("text=Preview")
    expect(page.locator("tbody input[name=plan]:checked")).to_have_count(2)
    assert Axe().run(page).response["violations"] == []
    page.click("button:has-text('Import')")
    expect(page.locator("#job")).to_contain_text("Waiting to begin")

    work_off_jobs()

    expect(page.locator("#job")).to_contain_text("2 tasks", timeout=10_000)
    expect(page.locator("#job")).not_to_have_attribute("hx-trigger", "every 2s")
    tasks = AssessmentTask.objects.unscoped("test")
    tasks.update(due_date=company_today() + timedelta(days=5))
    task = tasks.filter(item__action_plan__objective__plan=world.plan).order_by("pk")[0]
    task.due_date = company_today() + timedelta(days=1)
    task.save()
    make_reminders()
    page.reload()
    bell = page.locator("#bell")
    expect(bell).to_have_attribute("aria-label", "Notifications: 1 unread")
    page.click("#bell")
    page.click(".k-notification-text a")
    expect(page.locator(f"#task-{task.pk}")).to_be_visible()
    expect(bell).to_have_attribute("aria-label", "Notifications")


@pytest.mark.parametrize(("device", "theme"), LOOKS)
def test_pages_have_no_violation(
    open_as: OpenAs, world: World, account_manager: User, device: str, theme: str
) -> None:
    work = factories.create_action_plan(factories.create_work_objective(world.plan))
    for days in (-2, 1):
        factories.create_reminder(
            factories.create_task(work, due_date=company_today() + timedelta(days=days))
        )
    done = factories.create_job(account_manager, [world.plan])
    work_off_jobs()
    factories.create_job(account_manager, [world.draft])
    page = open_as(account_manager, device=device)
    look(page, theme)
    urls = [
        reverse("collaboration:notification_list"),
        reverse("collaboration:reminder_settings"),
        reverse("plans:accountplan_import"),
        reverse("jobs:job_list"),
        done.get_absolute_url(),
    ]

    found = [problem for url in urls for problem in check(page, url)]

    assert found == []
