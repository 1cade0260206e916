"""A real browser on a real server, and an account with everything that pages can show."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, sync_playwright
from pytest_django.live_server_helper import LiveServer

from crm.enums import CallFrequency, PickList
from kam.users.models import User
from metrics.operations import sweep
from plans.enums import Access, ExpenseStatus, ObjectiveStatus
from tests import factories
from tests.fixtures import World

# Playwright runs its own event loop in this thread; Django would refuse the ORM next to it.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

OpenAs = Callable[..., Page]
WIDTHS = {"desktop": (1440, 900), "phone": (390, 844)}


@pytest.fixture(scope="session")
def browser(chromium_path: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def open_as(browser: Browser, live_server: LiveServer, client_as: Callable[[User], Any]) -> Iterator[OpenAs]:
    """`open_as(user)`: a page in which the user is logged in; None: nobody is.

    At the end, nothing may have broken the content security policy, and no script failed.
    """
    contexts, complaints = [], []

    def open_page(user: User | None, **options: Any) -> Page:
        width, height = WIDTHS[options.pop("device", "desktop")]
        context = browser.new_context(
            base_url=live_server.url, viewport={"width": width, "height": height}, locale="en-GB", **options
        )
        contexts.append(context)
        if user is not None:
            cookie = client_as(user).cookies["sessionid"]
            context.add_cookies([{"name": "sessionid", "value": cookie.value, "url": live_server.url}])
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complain(message.text))
        return page

    def complain(text: str) -> None:
        if "Content Security Policy" in text or "Uncaught" in text:
            complaints.append(text)

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def rich_world(transactional_db: None, world: World, colleague: User, msl: User) -> World:
    """The world, with every kind of thing that a page can show."""
    today = timezone.localdate()
    segment = factories.create_pick_list_value("Strategic", pick_list=PickList.SEGMENT, meaning="strategic")
    world.account.current_segment = world.account.target_segment = segment
    world.account.industry = factories.create_pick_list_value("Hospital")
    world.account.call_frequency = CallFrequency.WEEKLY
    world.account.website = "https://harbour.example"
    world.account.business_overview = "Two sites, one buyer."
    world.account.save()
    done = factories.create_activity(world.account, "Ward round", done_on=today, notes="Wants a quote")
    done.next_step = "Send it"
    done.save()
    line = factories.create_opportunity_line(world.open, product=world.product, quantity=3, unit_price=100)
    factories.create_schedule(line, amount=300)
    factories.create_opportunity(world.account, "In yen", currency="JPY", amount=90_000)
    plan = world.plan
    plan.stretch_target, plan.is_confidential = Decimal(12_000), False
    plan.vision, plan.short_term_plan = "First choice on every ward.", "Ring the buyer."
    plan.save()
    factories.create_custom_field(plan.plan_type, "tier", kind="choice", choices=["Gold", "Silver"])
    ware = factories.create_plan_product(plan, world.product, target=500)
    joint = factories.create_activity_type("Joint call", counts_as_commitment=True)
    scenario = factories.create_scenario(plan, is_shared=True, note="If the budget is frozen")
    factories.create_scenario_change(scenario, world.open, outcome="dropped")
    factories.create_building_block(scenario, "Second ward")
    factories.create_commitment(plan, activity_type=joint, notes="For the board", is_external=True)
    factories.create_activity(world.account, "Joint round", type=joint, done_on=today)
    fund = factories.create_coop_fund(plan, terms="Half of it, against invoices.", is_external=True)
    for status in ExpenseStatus.values:
        factories.create_coop_expense(
            fund, status=status, evidence="https://files.example/1", is_external=True
        )
    factories.create_rebate_program(plan, tiers=[(100, 2), (1_000, 3)], is_external=True)
    factories.create_event(plan, "Ward day", place="Main hall", is_external=True)
    factories.create_target_line(plan, last_year_entered=900)
    strategy = factories.create_strategy(plan, "Win the wards", description="Ward by ward.")
    period = {"start_date": today - timedelta(days=50), "target_date": today + timedelta(days=50)}
    for number, status in enumerate(ObjectiveStatus.values):
        factories.create_objective(
            plan, f"Objective {number}", strategy=strategy if number % 2 else None, status=status,
            baseline=0, current=number, target=6, unit="wards", **period,
        )  # fmt: skip
    factories.create_objective(plan, "Late one", target_date=today - timedelta(days=3), manual_progress=10)
    answers = plan.objectives.unscoped("test")[:2]
    for factor, impact, likelihood in (("strength", 4, None), ("threat", 5, 4), ("weakness", 2, 1)):
        factories.create_analysis(
            plan, factor=factor, impact=impact, likelihood=likelihood, product=ware, objectives=answers
        )
    factories.add_participant(plan, msl)
    factories.add_participant(plan, colleague, access=Access.EDIT)
    factories.create_plan(world.account, "No target yet", sales_target=None)
    sweep(sweeper="test")
    return world
