"""The grid of targets, worked as a spreadsheet is."""

from __future__ import annotations

from datetime import date

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from kam.users.models import User
from plans.targeting import lines_of
from tests import factories
from tests.e2e.conftest import OpenAs
from tests.fixtures import World

pytestmark = [pytest.mark.browser, pytest.mark.any_database, pytest.mark.django_db(transaction=True)]

PASTE = """([column, text]) => {
  const data = new DataTransfer();
  data.setData("text/plain", text);
  const field = document.querySelector(`[data-column="${column}"]`);
  field.focus();
  field.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
}"""


def test_targets_are_typed_and_pasted_as_in_a_spreadsheet(
    open_as: OpenAs, world: World, account_manager: User
) -> None:
    plan = factories.create_plan(world.account, start_date=date(2025, 1, 1), end_date=date(2025, 12, 31))
    factories.create_order(world.account, amount=1_000, on_date=date(2024, 2, 5))
    for number in (1, 2, 3):
        factories.create_target_line(plan, year=2025, period="quarter", number=number, target=0)
    page = open_as(account_manager)
    page.goto(reverse("plans:target_grid", args=[plan.pk]))
    column = {name: page.locator(f"[data-column={name}]") for name in ("growth", "target", "stretch")}

    column["growth"].first.fill("5")
    expect(column["target"].first).to_have_value("1050")
    column["growth"].first.fill("0.05")
    expect(column["target"].first).to_have_value("1000.50")
    column["target"].first.fill("1100")
    expect(column["growth"].first).to_have_value("10")
    page.keyboard.press("ArrowDown")
    expect(column["target"].nth(1)).to_be_focused()
    page.keyboard.press("Enter")
    expect(column["target"].nth(2)).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.type("700")
    page.evaluate(PASTE, ["target", "1.200,50 €\t1500\r\n800\t900\r\n"])
    expect(page.locator("[data-total=target]")).to_have_text("2,001")
    page.get_by_role("button", name="Save the targets").click()

    expect(page.locator("#messages")).to_contain_text("The targets are saved.")
    assert [(str(line.target), line.stretch) for line in lines_of(plan)] == [
        ("1200.500", 1_500),
        ("800.000", 900),
        ("0.000", None),
    ]
