"""From a total down to one line, and the address of a number sent to a colleague."""

from __future__ import annotations

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from kam.users.models import User
from metrics import operations
from tests import factories
from tests.e2e.conftest import OpenAs
from tests.fixtures import World

pytestmark = [pytest.mark.browser, pytest.mark.any_database, pytest.mark.django_db(transaction=True)]


def test_a_total_leads_down_to_one_order_and_its_address_can_be_sent(
    open_as: OpenAs, world: World, manager: User, colleague: User
) -> None:
    world.plan.revenue_basis = "order"
    world.plan.save()
    order = factories.create_order(world.account, amount=321, on_date=world.plan.start_date)
    operations.fresh_kpi(world.plan)
    page = open_as(manager)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(reverse("metrics:home"))

    page.get_by_role("link", name="The plans and records in it").click()
    row = page.get_by_role("row", name=world.plan.name)
    row.get_by_role("link").nth(1).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Won revenue")
    page.get_by_text("Link", exact=True).click()
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_text("Copied").first).to_be_visible()
    sent = page.evaluate("navigator.clipboard.readText()")
    page.get_by_role("link", name=order.document_number).click()
    expect(page.get_by_role("heading", name="The order line")).to_be_visible()

    assert sent.endswith(reverse("metrics:kpi_records", args=[world.plan.pk, "won_revenue"]))
    other = open_as(colleague)
    other.goto(sent)
    expect(other.get_by_role("heading", level=1)).to_contain_text("Won revenue")


def test_pages_of_numbers_fit_on_a_sheet_of_paper(
    open_as: OpenAs, rich_world: World, account_manager: User
) -> None:
    plan = rich_world.plan
    for _line in range(6):  # a line and a column each
        category = factories.create_category()
        factories.create_target_line(plan, category, target=2_000_000)
        factories.create_opportunity(
            rich_world.account, owner=account_manager, amount=1_234_567, close_date=plan.end_date
        )
    page = open_as(account_manager)
    page.set_viewport_size({"width": 703, "height": 1_000})  # A4 without its margins
    page.emulate_media(media="print")

    for name in ("metrics:plan_outlook", "metrics:plan_revenue", "plans:target_grid"):
        page.goto(reverse(name, args=[plan.pk]))
        assert page.evaluate("document.documentElement.scrollWidth") == 703, name
