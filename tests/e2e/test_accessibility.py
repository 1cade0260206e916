"""No axe violation on any page: light and dark, wide and narrow, with the policy of the page in force."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import Page

from kam.users.models import User
from tests.e2e.conftest import OpenAs
from tests.fixtures import World

pytestmark = [pytest.mark.browser, pytest.mark.any_database, pytest.mark.django_db(transaction=True)]
LOOKS = [("desktop", "light"), ("phone", "dark")]  # both widths, both themes


# What is still on its way, or fades in.
UNSETTLED = '[hx-trigger="load"], .htmx-request, .htmx-swapping, .htmx-settling, .htmx-added'


def check(page: Page, url: str) -> list[str]:
    """What is wrong with the page once it is all there: axe's findings, and whether it scrolls sideways."""
    page.goto(url)
    page.wait_for_function("unsettled => !document.querySelector(unsettled)", arg=UNSETTLED)
    results = Axe().run(page)
    found = [
        f"{url}: {violation['id']} {[node['target'] for node in violation['nodes']][:4]}"
        for violation in results.response["violations"]
    ]
    root = "document.documentElement"
    if page.evaluate(f"{root}.scrollWidth > {root}.clientWidth"):
        found.append(f"{url}: wider than the screen")
    return found


def pages_of(world: World) -> list[str]:
    account, plan, deal = [world.account.pk], [world.plan.pk], [world.open.pk]
    objective = world.plan.objectives.unscoped("test").first()
    participant = world.plan.participants.unscoped("test").first()
    strategy = world.plan.strategies.unscoped("test").first()
    analysis = world.plan.analyses.unscoped("test").first()
    commitment = world.plan.commitments.unscoped("test").first()
    scenario = world.plan.scenarios.unscoped("test").first()
    named = [
        ("metrics:home", []),
        ("crm:account_list", []),
        ("crm:account_detail", account),
        ("crm:account_update", account),
        ("crm:contact_create", account),
        ("crm:contact_delete", [world.contact.pk]),
        ("crm:activity_log", account),
        ("crm:activity_update", [world.activity.pk]),
        ("crm:activity_complete", [world.activity.pk]),
        ("crm:opportunity_list", []),
        ("crm:opportunity_detail", deal),
        ("crm:opportunity_update", deal),
        ("crm:opportunity_delete", deal),
        ("plans:accountplan_list", []),
        ("plans:accountplan_create", []),
        ("plans:accountplan_detail", plan),
        ("plans:accountplan_update", plan),
        ("plans:accountplan_delete", plan),
        ("plans:accountplan_action", [*plan, "cancel"]),
        ("plans:accountplan_section", [*plan, "vision"]),
        ("plans:objective_update", [objective.pk]),
        ("plans:strategy_update", [strategy.pk]),
        ("plans:plan_products", plan),
        ("plans:target_grid", plan),
        ("metrics:plan_outlook", plan),
        ("metrics:plan_revenue", plan),
        ("metrics:account_revenue", account),
        ("metrics:portfolio", []),
        ("metrics:portfolio_records", ["total_expected_revenue"]),
        ("metrics:calls_due", []),
        ("metrics:plan_coverage", []),
        ("metrics:completion", []),
        ("metrics:activity", []),
        ("crm:order_detail", [world.order.pk]),
        ("metrics:scenarios", plan),
        ("metrics:scenario", [scenario.pk]),
        ("plans:analysis_update", [analysis.pk]),
        ("templates_app:plantype_list", []),
        ("templates_app:plantype_detail", [world.plan.plan_type_id]),
        ("plans:participant_create", plan),
        ("plans:participant_delete", [participant.pk]),
        ("metrics:kpi_records", [*plan, "total_expected_revenue"]),
        ("metrics:plan_promises", plan),
        ("metrics:commitment_evidence", [commitment.pk]),
        ("plans:rebateprogram_create", plan),
        ("users:profile", []),
        ("users:password_change", []),
    ]
    urls = [reverse(name, args=args) for name, args in named]
    return [
        *urls,
        f"{reverse('metrics:plan_promises', args=plan)}?view=customer",
        f"{reverse('metrics:scenario_compare', args=plan)}?scenario={scenario.pk}",
        f"{reverse('plans:search')}?q=harbour",
        f"{reverse('crm:opportunity_list')}?is_closed=false&ordering=-amount",
        f"{reverse('metrics:kpi_records', args=[*plan, 'won_revenue'])}?excluded=true",
        "/plans/00000000-0000-4000-8000-000000000000/",
    ]


def look(page: Page, theme: str) -> None:
    page.goto(reverse("users:login"))
    page.evaluate("theme => localStorage.setItem('kam-theme', theme)", theme)


@pytest.mark.parametrize(("device", "theme"), LOOKS)
def test_pages_have_no_violation(
    open_as: OpenAs, rich_world: World, account_manager: User, device: str, theme: str
) -> None:
    page = open_as(account_manager, device=device)
    look(page, theme)

    found = [problem for url in pages_of(rich_world) for problem in check(page, url)]

    assert found == []


@pytest.mark.parametrize(("device", "theme"), LOOKS)
def test_login_and_empty_pages_have_no_violation(
    open_as: OpenAs, transactional_db: None, stranger: User, device: str, theme: str
) -> None:
    nobody, newcomer = open_as(None, device=device), open_as(stranger, device=device)
    look(nobody, theme)
    look(newcomer, theme)
    empty = (
        "metrics:home",
        "crm:account_list",
        "crm:opportunity_list",
        "plans:accountplan_list",
        "plans:search",
    )

    found = check(nobody, reverse("users:login"))
    found += [problem for name in empty for problem in check(newcomer, reverse(name))]

    assert found == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_open_sheet_menu_and_form_errors_have_no_violation(
    open_as: OpenAs, rich_world: World, account_manager: User, theme: str
) -> None:
    page = open_as(account_manager)
    look(page, theme)
    page.goto(rich_world.plan.get_absolute_url())
    page.get_by_role("button", name="More", exact=True).or_(
        page.locator("summary[aria-label=More]")
    ).first.click()
    page.click("#add-objective")
    page.fill("#sheet [name=owner_text]", "Ac")
    page.wait_for_selector("#sheet [role=option]")

    in_sheet = Axe().run(page).response["violations"]
    page.fill("#sheet [name=name]", "")
    page.click("#sheet button[type=submit]")
    page.wait_for_selector("#sheet .k-errors")
    with_errors = Axe().run(page).response["violations"]

    assert [violation["id"] for violation in in_sheet + with_errors] == []
