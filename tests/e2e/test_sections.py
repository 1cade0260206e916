"""The sections of a plan, kept in place with keys, buttons and without scripts."""

from __future__ import annotations

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from kam.users.models import User
from plans.models import AccountPlan, RelatedObjectAnalysis
from tests import factories
from tests.e2e.conftest import OpenAs
from tests.fixtures import World

pytestmark = [pytest.mark.browser, pytest.mark.any_database, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def blank_world(rich_world: World) -> World:
    """The world with nothing in its plan's analyses yet."""
    RelatedObjectAnalysis.objects.unscoped("test").delete()
    return rich_world


def entries_of(world: World, factor: str) -> list[str]:
    rows = RelatedObjectAnalysis.objects.unscoped("test").filter(plan=world.plan, factor=factor)
    return list(rows.order_by("order").values_list("text", flat=True))


def test_section_is_written_in_place_with_the_keyboard(
    open_as: OpenAs, rich_world: World, account_manager: User
) -> None:
    page = open_as(account_manager)
    page.goto(rich_world.plan.get_absolute_url())
    edit = page.locator("#edit-risks")

    edit.press("Enter")
    text = page.locator("#text-risks textarea")
    expect(text).to_be_focused()
    text.type("Never mind")
    text.press("Escape")
    expect(page.locator("#text-risks")).to_contain_text("What could make this plan fail")
    expect(edit).to_be_focused()

    edit.press("Enter")
    text.type("Velipra gives starter packs")
    rich_world.plan.refresh_from_db()
    rich_world.plan.risks = "Theirs"  # somebody else saves the same section meanwhile
    rich_world.plan.save()
    text.press("Control+Enter")
    conflict = page.locator("#text-risks .k-conflict")
    expect(conflict).to_contain_text("Theirs")
    expect(text).to_have_value("Velipra gives starter packs")
    text.press("Control+Enter")

    expect(page.locator("#section-risks .k-prose")).to_have_text("Velipra gives starter packs")
    expect(page.locator("#messages")).to_contain_text("“Risks” is saved.")
    expect(page.locator("#edit-risks")).to_be_focused()
    assert (
        AccountPlan.objects.unscoped("test").get(pk=rich_world.plan.pk).risks == "Velipra gives starter packs"
    )


def test_swot_is_kept_in_place(open_as: OpenAs, blank_world: World, account_manager: User) -> None:
    factories.create_analysis(blank_world.plan, "Known on the wards")
    page = open_as(account_manager)
    page.goto(blank_world.plan.get_absolute_url())

    page.locator("#add-strength").click()
    form = page.locator("#new-strength form")
    form.get_by_label("Text").fill("Best data")
    form.get_by_label("Impact").select_option(label="Very high")
    form.get_by_label("Late one").check()
    form.get_by_role("button", name="Save").click()
    entry = page.locator(".k-factor.is-strength li", has_text="Best data")
    expect(entry).to_contain_text("Very high impact")
    expect(entry.get_by_role("link", name="Late one")).to_be_visible()

    entry.get_by_role("button", name="Move Best data up").press("Enter")
    expect(page.locator(".k-factor.is-strength li").first).to_contain_text("Best data")
    page.locator("#view-2").click()
    expect(page.locator("#analyses")).to_contain_text("Political")

    assert entries_of(blank_world, "strength") == ["Best data", "Known on the wards"]


def test_sections_work_without_scripts(open_as: OpenAs, blank_world: World, account_manager: User) -> None:
    first, second = (factories.create_analysis(blank_world.plan, text) for text in ("First", "Second"))
    page = open_as(account_manager, java_script_enabled=False)
    page.goto(blank_world.plan.get_absolute_url())

    page.locator("#edit-goals").click()
    page.locator("textarea").fill("Two wards")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#section-goals .k-prose")).to_have_text("Two wards")
    page.locator(f"#up-{second.pk}").click()
    assert entries_of(blank_world, "strength") == ["Second", "First"]
    page.locator(f"#delete-{first.pk}").click()
    page.get_by_role("button", name="Delete").click()

    assert entries_of(blank_world, "strength") == ["Second"]


def test_other_plan_type_brings_its_fields(open_as: OpenAs, rich_world: World, account_manager: User) -> None:
    other = factories.create_plan_type("Growth Plan")
    factories.create_custom_field(other, "beds", label="Beds", kind="number", is_required=True)
    page = open_as(account_manager)
    page.goto(reverse("plans:accountplan_update", args=[rich_world.plan.pk]))
    expect(page.get_by_label("Beds")).to_have_count(0)

    page.get_by_label("Plan type").select_option(label="Growth Plan")
    page.get_by_label("Beds").fill("40")
    page.get_by_role("button", name="Save").click()

    expect(page.locator("#custom-values")).to_contain_text("40")
    page.goto(reverse("plans:accountplan_list"))
    page.get_by_label("Plan type").select_option(label="Growth Plan")
    page.get_by_label("Beds").fill("41")
    page.get_by_label("Beds").press("Tab")
    expect(page.locator("#results")).to_contain_text("No plan matches")
