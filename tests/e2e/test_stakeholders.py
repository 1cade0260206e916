"""The people of a plan in a browser: by keyboard to somebody on the map, a new relation, and no axe violation."""

from __future__ import annotations

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from kam.users.models import User
from stakeholders.enums import LinkKind
from stakeholders.models import AccountPlanStakeholder
from tests import factories
from tests.e2e.conftest import OpenAs
from tests.e2e.test_accessibility import LOOKS, check, look
from tests.fixtures import World

pytestmark = [pytest.mark.browser, pytest.mark.any_database, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def people(rich_world: World) -> list[AccountPlanStakeholder]:
    """Two who are in conflict, with everything that a page of theirs can show."""
    plan = rich_world.plan
    first = factories.create_stakeholder(
        plan, rich_world.contact, influence=5, support=-1, development="Slowly.", notes="Likes tea."
    )
    second = factories.create_stakeholder(plan, "Rui Neves", role="Champion", support=2, owner=plan.owner)
    factories.create_stakeholder(plan, organisation=rich_world.child, role="Gatekeeper", influence=1)
    factories.create_stakeholder_link(first, second, kind=LinkKind.CONFLICTS_WITH)
    factories.create_stakeholder_product(first, rich_world.product, attitude=-2, adoption_step="trying")
    factories.look_after(plan.participants.unscoped("test").first(), first)
    task = factories.create_task(factories.create_action_plan(plan.objectives.unscoped("test").first()))
    factories.create_stakeholder_action(first, task)
    factories.create_partner(plan, notes="Prepares the tender.")
    return [first, second]


def test_somebody_is_reached_by_keyboard_and_linked(
    open_as: OpenAs, rich_world: World, account_manager: User, people: list[AccountPlanStakeholder]
) -> None:
    page = open_as(account_manager)
    page.goto(reverse("stakeholders:stakeholder_map", args=[rich_world.plan.pk]))

    page.locator("svg a").first.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Ines Prado")
    page.locator("#add-link").click()
    page.get_by_label("Ines Prado").select_option(label="reports to")
    page.get_by_label("To whom").select_option(label="Rui Neves (Champion)")
    page.get_by_role("button", name="Save").click()

    expect(page.locator("#links")).to_contain_text("Reports to")


# How far each mark is hit to the left and right, up and down of its middle, in all.
HIT_SIZES = """marks => marks.map(mark => {
  const box = mark.getBoundingClientRect(), x = box.left + box.width / 2, y = box.top + box.height / 2;
  const isHit = (dx, dy) => document.elementFromPoint(x + dx, y + dy)?.closest("a") === mark;
  const reach = (dx, dy) => {
    let far = 0;
    while (far < 40 && isHit(dx * (far + 1), dy * (far + 1))) far++;
    return far;
  };
  return Math.min(reach(1, 0) + reach(-1, 0), reach(0, 1) + reach(0, -1));
})"""


def test_marks_of_the_map_are_hit_with_a_finger(
    open_as: OpenAs, rich_world: World, account_manager: User, people: list[AccountPlanStakeholder]
) -> None:
    for _number in range(2):  # three share a place: no mark takes another's room
        factories.create_stakeholder(rich_world.plan, influence=5, support=-1)
    page = open_as(account_manager, device="phone", has_touch=True)
    page.goto(reverse("stakeholders:stakeholder_map", args=[rich_world.plan.pk]))
    page.locator(".k-map-grid").scroll_into_view_if_needed()

    sizes = page.locator(".k-map-grid a").evaluate_all(HIT_SIZES)

    assert len(sizes) == 4
    assert min(sizes) >= 43  # whole pixels around the middle


@pytest.mark.parametrize(("device", "theme"), LOOKS)
def test_pages_of_people_have_no_violation(
    open_as: OpenAs,
    rich_world: World,
    account_manager: User,
    people: list[AccountPlanStakeholder],
    device: str,
    theme: str,
) -> None:
    page = open_as(account_manager, device=device)
    look(page, theme)
    of_plan = ("stakeholder_map", "stakeholder_list", "stakeholder_organisation", "stakeholder_gaps")
    urls = [reverse(f"stakeholders:{name}", args=[rich_world.plan.pk]) for name in (*of_plan, "partner_list")]
    urls += [
        reverse(f"stakeholders:{name}", args=[people[0].pk])
        for name in ("stakeholder_detail", "stakeholder_update", "link_create", "action_create")
    ]
    urls.append(reverse("stakeholders:account_stakeholders", args=[rich_world.account.pk]))

    assert [problem for url in urls for problem in check(page, url)] == []
