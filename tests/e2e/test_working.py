"""A day with kam, in a real browser."""

from __future__ import annotations

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from crm.models import Activity
from kam.users.models import User
from plans.models import AccountPlan, AccountPlanObjective
from tests import factories
from tests.e2e.conftest import OpenAs
from tests.fixtures import World

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
# What a page saves is tested without a browser on both databases, and the first way through on both with one:
# the others ask what the browser makes of it.
ONE_DATABASE = pytest.mark.any_database


def test_logs_in_changes_an_opportunity_and_sees_the_numbers_change(
    open_as: OpenAs, rich_world: World, account_manager: User
) -> None:
    rich_world.plan.products.unscoped("a plan that names no products counts every deal").delete()
    page = open_as(None)
    page.goto("/")
    page.get_by_label("Username").fill("account_manager")
    page.get_by_label("Password").fill(factories.PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("link", name="Harbour Clinics this year").first.click()
    tile = page.locator(".k-kpi", has_text="Won revenue")
    expect(tile.locator(".k-kpi-value")).to_have_text("US$4k")

    page.goto(rich_world.open.get_absolute_url())
    page.get_by_role("link", name="Edit").click()
    page.get_by_label("Stage").select_option(label="Won")
    page.get_by_label("Amount").fill("2500")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#messages")).to_contain_text("“Ward extension” is saved.")
    page.get_by_role("link", name="Harbour Clinics this year").click()

    expect(tile.locator(".k-kpi-value")).to_have_text("US$6.5k")
    expect(tile).to_contain_text("65.0% of target")
    tile.get_by_role("link", name="Why?").click()
    expect(page.locator("h1")).to_contain_text("US$6,500.00")
    expect(page.get_by_role("link", name="Ward extension", exact=True)).to_be_visible()


def press_until_focused(page: Page, selector: str, *, limit: int = 60) -> None:
    """Reach an element with the Tab key alone."""
    for _step in range(limit):
        if page.evaluate("selector => document.activeElement?.matches(selector)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{selector} cannot be reached with the keyboard")


@ONE_DATABASE
def test_plan_is_made_with_the_keyboard_alone(
    open_as: OpenAs, rich_world: World, account_manager: User
) -> None:
    page = open_as(account_manager)
    page.goto(reverse("plans:accountplan_list"))

    press_until_focused(page, "a[href='/plans/new/']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/plans/new/")
    press_until_focused(page, "[name=account_text]")
    page.keyboard.type("harbour")
    expect(page.locator("[role=option]")).to_have_count(2)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("[name=account_text]")).to_have_value("Harbour Day Clinic")
    press_until_focused(page, "[name=sales_target]")
    page.keyboard.type("75000")
    press_until_focused(page, "form.k-form-page button[type=submit]")
    page.keyboard.press("Enter")

    expect(page.locator("#messages")).to_contain_text("is there, as a draft.")
    plan = AccountPlan.objects.unscoped("test").get(account=rich_world.child)
    assert (plan.sales_target, plan.owner) == (75_000, account_manager)
    assert page.url.endswith(plan.get_absolute_url())


@ONE_DATABASE
def test_objective_is_added_in_a_sheet_without_leaving_the_page(
    open_as: OpenAs, rich_world: World, account_manager: User
) -> None:
    page = open_as(account_manager)
    page.goto(rich_world.plan.get_absolute_url())
    page.click("#add-objective")
    sheet = page.locator("#sheet")

    sheet.get_by_role("button", name="Save").click()  # without a name
    expect(sheet.locator(".k-errors")).to_contain_text("This field is required.")
    sheet.get_by_label("Name").fill("Sign the frame contract")
    page.keyboard.press("Escape")  # asks before what was entered is lost
    expect(page.locator("#confirm")).to_contain_text("Leave without saving")
    page.locator("#confirm").get_by_role("button", name="Cancel").click()
    sheet.get_by_role("button", name="Save").click()

    expect(sheet).to_be_hidden()
    expect(page.locator("#objectives")).to_contain_text("Sign the frame contract")
    expect(page.locator("#changes")).to_contain_text("added the objective “Sign the frame contract”")
    expect(page.locator("#messages")).to_contain_text("is added.")
    expect(page.locator("#add-objective")).to_be_focused()


@ONE_DATABASE
def test_section_is_written_in_place_and_a_conflict_keeps_the_text(
    open_as: OpenAs, rich_world: World, account_manager: User
) -> None:
    page = open_as(account_manager)
    page.goto(rich_world.plan.get_absolute_url())
    page.click("#edit-vision")
    page.locator("#text-vision textarea").fill("My vision")
    rich_world.plan.refresh_from_db()
    rich_world.plan.vision = "Their vision"
    rich_world.plan.save()

    page.locator("#text-vision button[type=submit]").click()
    expect(page.locator("#text-vision")).to_contain_text("Their vision")
    expect(page.locator("#text-vision textarea")).to_have_value("My vision")
    page.locator("#text-vision button[type=submit]").click()

    expect(page.locator("#section-vision .k-prose")).to_have_text("My vision")
    expect(page.locator("#edit-vision")).to_be_focused()


@ONE_DATABASE
def test_cancel_and_escape_leave_everything_as_it_was(
    open_as: OpenAs, rich_world: World, account_manager: User
) -> None:
    page = open_as(account_manager)
    page.goto(rich_world.plan.get_absolute_url())

    page.click("#edit-vision")
    page.locator("#text-vision").get_by_role("link", name="Cancel").click()
    expect(page.locator("#text-vision")).to_have_text("First choice on every ward.")
    page.click("#add-strategy")
    expect(page.locator("#sheet")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#sheet")).to_be_hidden()
    expect(page.locator("#add-strategy")).to_be_focused()


@ONE_DATABASE
def test_objective_is_deleted_after_a_question(
    open_as: OpenAs, rich_world: World, account_manager: User
) -> None:
    page = open_as(account_manager)
    page.goto(rich_world.plan.get_absolute_url())
    row = page.locator("tr", has_text="Late one")

    row.locator("summary").click()
    row.get_by_text("Delete").click()
    expect(page.locator("#sheet")).to_contain_text("Delete Late one?")
    page.locator("#sheet").get_by_role("button", name="Delete").click()

    expect(page.locator("#objectives")).not_to_contain_text("Late one")
    assert not AccountPlanObjective.objects.unscoped("test").filter(name="Late one").exists()


@ONE_DATABASE
def test_activity_is_done_with_one_click_and_undone(
    open_as: OpenAs, rich_world: World, account_manager: User
) -> None:
    page = open_as(account_manager)
    page.goto("/")

    page.get_by_role("button", name="Mark “Call back” as done").click()
    expect(page.locator("#messages")).to_contain_text("“Call back” is done.")
    expect(page.locator("#activities")).not_to_contain_text("Call back")
    assert Activity.objects.unscoped("test").get(subject="Call back").done_on is not None
    page.get_by_role("button", name="Undo").click()

    expect(page.locator("#activities")).to_contain_text("Call back")


@ONE_DATABASE
def test_list_is_filtered_as_one_types_and_its_address_can_be_shared(
    open_as: OpenAs, rich_world: World, account_manager: User
) -> None:
    page = open_as(account_manager)
    page.goto(reverse("plans:accountplan_list"))

    page.get_by_role("searchbox", name="Search", exact=True).fill("next year")
    expect(page.locator("#results tbody tr")).to_have_count(1)
    assert "search=next%20year" in page.url or "search=next+year" in page.url
    page.reload()
    expect(page.locator("#results tbody tr")).to_have_count(1)
    page.get_by_role("link", name="Clear all").click()
    expect(page.locator("#results tbody tr")).to_have_count(3)


@ONE_DATABASE
def test_status_filter_menu_stays_open_while_several_are_ticked(
    open_as: OpenAs, rich_world: World, account_manager: User
) -> None:
    page = open_as(account_manager)
    page.goto(reverse("plans:accountplan_list"))

    page.locator(".k-filter-menu summary").first.click()
    page.locator(".k-filter-menu label", has_text="Draft").click()
    expect(page.locator("#results tbody tr")).to_have_count(1)
    page.locator(".k-filter-menu label", has_text="Active").click()

    expect(page.locator("#results tbody tr")).to_have_count(3)


@ONE_DATABASE
def test_everything_works_without_javascript(
    open_as: OpenAs, rich_world: World, account_manager: User
) -> None:
    page = open_as(account_manager, java_script_enabled=False)
    page.goto(rich_world.plan.get_absolute_url())

    page.click("#add-objective")
    page.locator("[name=name]").fill("By plain post")
    page.locator("[name=owner_text]").fill("colleague")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#objectives")).to_contain_text("By plain post")
    expect(page.locator("#objectives")).to_contain_text("Colleague")

    page.click("#edit-risks")
    page.locator("[name=risks]").fill("One buyer")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#section-risks")).to_contain_text("One buyer")

    page.locator("#activities .k-tick").first.click()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#messages")).to_contain_text("is planned again.")

    page.goto(reverse("plans:accountplan_list"))
    page.get_by_role("searchbox", name="Search", exact=True).fill("next year")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("#results tbody tr")).to_have_count(1)
