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
