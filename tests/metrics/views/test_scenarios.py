"""The pages of scenarios: with HTMX and as plain forms, and what they never tell."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from kam.core.clock import company_today
from kam.core.models import Change
from kam.users.models import User
from metrics import operations
from metrics.enums import DealOutcome
from metrics.models import BuildingBlock, Scenario, ScenarioChange
from metrics.scenarios import basis_of
from metrics.views.scenario_editor import with_content
from plans.enums import PlanStatus
from plans.models import AccountPlan
from tests import factories
from tests.fixtures import ClientFor, World

HTMX = {"HX-Request": "true"}


@pytest.fixture
def scenario(world: World, account_manager: User) -> Scenario:
    return factories.create_scenario(world.plan, "Slow year", owner=account_manager)


@pytest.fixture
def browser(account_manager: User, client_as: ClientFor) -> Client:
    return client_as(account_manager)


def deal_url(scenario: Scenario, deal: Any) -> str:
    return reverse("metrics:scenario_deal", args=[scenario.pk, deal.pk])


def row_of(deal: Any, **values: Any) -> dict[str, Any]:
    """What the row of an untouched deal sends."""
    return {
        "version": 0,
        "date": deal.close_date.isoformat(),
        "amount": f"{deal.amount:f}",
        "probability": f"{deal.probability:f}",
        "outcome": "open",
        **values,
    }


def changes_of(scenario: Scenario) -> list[tuple[Any, ...]]:
    rows = ScenarioChange.objects.unscoped("test").filter(scenario=scenario)
    return list(rows.values_list("opportunity__name", "date", "amount", "probability", "outcome"))


# --- The list -----------------------------------------------------------------------------------
def test_an_empty_list_says_what_scenarios_are_for(browser: Client, world: World) -> None:
    page = browser.get(reverse("metrics:scenarios", args=[world.plan.pk])).text

    assert "No scenario yet" in page
    assert reverse("metrics:scenario_create", args=[world.plan.pk]) in page


def test_from_a_name_to_the_editor(browser: Client, world: World) -> None:
    url = reverse("metrics:scenario_create", args=[world.plan.pk])

    refused = browser.post(url, {"name": "", "note": "Why not"})
    assert refused.status_code == 422
    assert "Why not" in refused.text
    answer = browser.post(url, {"name": "Good year", "is_shared": "on"}, follow=True)

    made = Scenario.objects.unscoped("test").get()
    assert answer.redirect_chain == [(made.get_absolute_url(), 302)]
    assert (made.name, made.is_shared, made.owner.username) == ("Good year", True, "account_manager")
    assert "Nothing yet: these are the plan's own numbers." in answer.text


# --- One deal -----------------------------------------------------------------------------------
def test_a_row_is_kept_and_the_results_come_with_it(
    browser: Client, world: World, scenario: Scenario
) -> None:
    url = deal_url(scenario, world.open)

    answer = browser.post(url, row_of(world.open, probability="90"), headers=HTMX)

    assert answer.status_code == 200
    assert changes_of(scenario) == [("Ward extension", None, None, 90, "open")]
    assert f'id="deal-{world.open.pk.hex}-state"' in answer.text
    assert 'id="scenario-results"' in answer.text
    assert "$6.15k" in answer.text  # 5,750 and 40 % of 1,000
    assert '<input type="hidden" name="version" value="1"' in answer.text
    assert 'name="date"' not in answer.text, "what somebody is typing is not swapped"
    # The same again, and back to what is so in truth: then there is no change.
    for expected in (1, 0):
        values = {"version": 1, "probability": "90" if expected else "50"}
        assert browser.post(url, row_of(world.open, **values), headers=HTMX).status_code == 200
        assert len(changes_of(scenario)) == expected
    before = world.open.version
    world.open.refresh_from_db()
    assert (world.open.probability, world.open.version) == (50, before)


def test_a_plain_form_leads_back_to_its_row(browser: Client, world: World, scenario: Scenario) -> None:
    late = world.plan.end_date + timedelta(days=1)
    url = f"{deal_url(scenario, world.slipped)}?search=late&page=1"

    answer = browser.post(url, row_of(world.slipped, date=late.isoformat(), amount="2,500.50"))

    assert answer.headers["Location"].endswith(
        f"{scenario.get_absolute_url()}?search=late&page=1#deal-{world.slipped.pk.hex}"
    )
    assert changes_of(scenario) == [("Late order", late, 2500.5, None, "open")]
    page = browser.get(answer.headers["Location"]).text
    assert "outside the plan&#x27;s period: it brings nothing" in page
    browser.post(url, {"reset": "1"})
    assert changes_of(scenario) == []


def test_what_is_refused_keeps_what_was_typed(browser: Client, world: World, scenario: Scenario) -> None:
    url = deal_url(scenario, world.open)
    wrong = row_of(world.open, probability="120", amount="7")

    page = browser.post(url, wrong)
    part = browser.post(url, wrong, headers=HTMX)

    for answer in (page, part):
        assert answer.status_code == 422
        assert "less than or equal to 100" in answer.text
    assert 'value="120"' in page.text
    assert browser.post(url, row_of(world.open, amount="much")).status_code == 422
    assert changes_of(scenario) == []
    assert browser.post(url, row_of(world.open, amount="", date="")).status_code == 302, "empty: as it is"
    assert changes_of(scenario) == []


def test_another_window_is_not_overwritten(browser: Client, world: World, scenario: Scenario) -> None:
    change = factories.create_scenario_change(scenario, world.open, probability=10)

    answer = browser.post(deal_url(scenario, world.open), row_of(world.open, probability="90"), headers=HTMX)

    assert answer.status_code == 409
    assert "in another window" in answer.text
    assert f'name="version" value="{change.version}"' in answer.text
    assert changes_of(scenario)[0][3] == 10


def test_a_deal_that_is_hidden_answers_like_one_that_is_not_there(
    browser: Client, world: World, scenario: Scenario
) -> None:
    hidden = browser.post(deal_url(scenario, world.far_opportunity), row_of(world.far_opportunity))
    missing = browser.post(
        reverse("metrics:scenario_deal", args=[scenario.pk, world.plan.pk]), row_of(world.far_opportunity)
    )
    closed = browser.post(deal_url(scenario, world.won), row_of(world.won, outcome="dropped"), headers=HTMX)

    assert (hidden.status_code, missing.status_code) == (404, 404)
    assert hidden.text == missing.text
    assert closed.status_code == 422
    assert "no open deal of the plan" in closed.text
    assert changes_of(scenario) == []


# --- Deals that do not exist yet ----------------------------------------------------------------
def test_blocks_are_added_changed_and_removed(browser: Client, world: World, scenario: Scenario) -> None:
    category = factories.create_category("Tablets")
    add = reverse("metrics:block_create", args=[scenario.pk])
    block = {
        "name": "Second ward",
        "amount": "1 000",
        "date": world.plan.end_date.isoformat(),
        "probability": "50",
        "product_category": str(category.pk),
    }

    assert browser.post(add, {**block, "name": ""}, headers=HTMX).status_code == 422
    refused = browser.post(add, {**block, "amount": "-5"})
    assert refused.status_code == 422
    assert "Second ward" in refused.text
    added = browser.post(add, block, headers=HTMX)
    made = BuildingBlock.objects.unscoped("test").get()
    assert (made.amount, made.product_category) == (1_000, category)
    assert "$6.25k" in added.text
    url = reverse("metrics:block_update", args=[made.pk])
    changed = browser.post(url, {**block, "probability": "100", "version": made.version}, headers=HTMX)
    assert "$6.75k" in changed.text
    assert (
        browser.post(url, {**block, "amount": "3", "version": made.version}, headers=HTMX).status_code == 409
    )
    assert browser.post(url, {"remove": "1"}).status_code == 302
    assert not BuildingBlock.objects.unscoped("test").exists()


# --- What is told -------------------------------------------------------------------------------
def test_readers_of_a_shared_scenario_look_at_it_and_copy_it(
    world: World, scenario: Scenario, colleague: User, stranger: User, client_as: ClientFor
) -> None:
    factories.create_scenario_change(scenario, world.open, outcome="dropped")
    factories.create_building_block(scenario)
    other = client_as(colleague)
    assert other.get(scenario.get_absolute_url()).status_code == 404
    Scenario.objects.unscoped("test").filter(pk=scenario.pk).update(is_shared=True)

    page = other.get(scenario.get_absolute_url()).text

    assert "“Ward extension”: dropped." in page
    assert "<form" in page
    assert deal_url(scenario, world.open) not in page
    assert other.post(deal_url(scenario, world.open), row_of(world.open)).status_code == 403
    factories.add_participant(world.plan, stranger)  # may open no deal of North
    third = client_as(stranger)
    page = third.get(scenario.get_absolute_url()).text
    assert "Ward extension" not in page
    assert "1 more change, of a deal that you cannot open, counts in the numbers." in page
    for client, kept in ((other, 1), (third, 0)):
        answer = client.post(reverse("metrics:scenario_duplicate", args=[scenario.pk]), follow=True)
        copy = Scenario.objects.unscoped("test").exclude(is_shared=True).get()
        assert (copy.name, copy.blocks.unscoped("test").count()) == ("Slow year (copy)", 1)
        assert copy.changes.unscoped("test").count() == kept
        assert ("was not copied" in answer.text) == (not kept)
        copy.delete()


def test_the_editor_names_no_hidden_deal_and_counts_them(
    world: World, stranger: User, client_as: ClientFor
) -> None:
    factories.add_participant(world.plan, stranger)
    mine = factories.create_scenario(world.plan, owner=stranger)

    page = client_as(stranger).get(mine.get_absolute_url()).text

    assert "3 more open deals that you cannot open count in the numbers." in page
    for deal in (world.open, world.slipped, world.of_child):
        assert deal.name not in page
        assert str(deal.pk) not in page


def test_deals_are_found_in_and_outside_the_period(browser: Client, world: World, scenario: Scenario) -> None:
    outside = factories.create_opportunity(
        world.account, "Next contract", close_date=world.plan.end_date + timedelta(days=40)
    )
    factories.create_scenario_change(scenario, world.of_child, outcome="won")

    def found(**query: str) -> set[str]:
        page = browser.get(scenario.get_absolute_url(), query).text
        names = ("Ward extension", "Late order", "Day clinic start", "Next contract")
        return {name for name in names if f">{name}</a>" in page}

    assert found() == {"Ward extension", "Late order", "Day clinic start"}
    assert found(search="LATE", ordering="date") == {"Late order"}
    assert found(search="day clinic", ordering="name") == {"Day clinic start"}
    assert found(show="outside") == {outside.name}
    assert found(show="changed") == {"Day clinic start"}
    assert found(page="9", search="nothing like this") == set()


def test_changes_that_no_longer_apply_are_said_and_removed(
    browser: Client, world: World, scenario: Scenario
) -> None:
    for deal in (world.open, world.slipped, world.of_child):
        factories.create_scenario_change(scenario, deal, outcome="dropped")
    world.open.stage = factories.won_stage()
    world.open.save()
    world.slipped.delete()

    page = browser.get(scenario.get_absolute_url()).text
    assert "“Ward extension” was won since: this change no longer applies." in page
    assert "“Late order” was deleted since: this change no longer applies." in page
    browser.post(reverse("metrics:scenario_tidy", args=[scenario.pk]))

    assert [row[0] for row in changes_of(scenario)] == ["Day clinic start"]


def test_scenarios_side_by_side(browser: Client, world: World, account_manager: User) -> None:
    scenarios = [
        factories.create_scenario(world.plan, f"Try {number}", owner=account_manager) for number in range(5)
    ]
    for number, scenario in enumerate(scenarios):
        factories.create_scenario_change(scenario, world.open, probability=60 + number)
    url = reverse("metrics:scenario_compare", args=[world.plan.pk])

    page = browser.get(url, {"scenario": [str(scenario.pk) for scenario in scenarios]}).text
    assert "As it is now" in page
    assert all(f"Try {number}" in page for number in range(4))
    assert "Try 4" not in page
    assert "at most four" in page.lower()
    assert "at 63.0% instead of 50.0%" in page
    assert "No scenario chosen" in browser.get(url, {"scenario": ["junk", str(world.plan.pk)]}).text


def test_plans_without_target_deals_or_anything(browser: Client, world: World, account_manager: User) -> None:
    plan = factories.create_plan(factories.create_account(owner=account_manager), sales_target=None)
    scenario = factories.create_scenario(plan, owner=account_manager)
    factories.create_building_block(scenario, amount=100)

    page = browser.get(scenario.get_absolute_url()).text
    assert "The plan has no target yet" in page
    assert "No open deal in the period" in page
    AccountPlan.objects.unscoped("test").filter(pk=plan.pk).update(status=PlanStatus.CANCELLED)
    assert "it counts nothing" in browser.get(scenario.get_absolute_url()).text
    assert browser.get(reverse("metrics:scenarios", args=[plan.pk])).status_code == 200


def test_renaming_and_deleting(browser: Client, world: World, scenario: Scenario) -> None:
    factories.create_scenario_change(scenario, world.open, outcome="won")
    edit, delete = (reverse(f"metrics:scenario_{what}", args=[scenario.pk]) for what in ("update", "delete"))

    browser.post(edit, {"name": "Fast year", "version": scenario.version})
    assert browser.post(edit, {"name": "Lost", "version": scenario.version}).status_code == 409
    page = browser.get(delete).text
    assert "Fast year" in page
    assert "change of a deal" in page
    browser.post(delete)

    assert not Scenario.objects.unscoped("test").exists()
    told = Change.objects.of(world.plan).values_list("model", flat=True)
    assert not any(model.startswith("metrics.") for model in told), (
        "readers of the plan's history learn nothing"
    )


def test_pages_take_a_fixed_number_of_statements(browser: Client, world: World, scenario: Scenario) -> None:
    def statements() -> list[int]:
        operations.fresh_kpi(world.plan)
        counts = []
        for url in (scenario.get_absolute_url(), reverse("metrics:scenarios", args=[world.plan.pk])):
            with CaptureQueriesContext(connection) as found:
                assert browser.get(url).status_code == 200
            counts.append(len(found))
        return counts

    factories.create_scenario_change(scenario, world.open, probability=1)
    factories.create_building_block(scenario)
    few = statements()
    for number in range(4):
        deal = factories.create_opportunity(world.account, f"Deal {number}")
        other = factories.create_scenario(world.plan, owner=scenario.owner)
        for target in (scenario, other):
            factories.create_scenario_change(target, deal, probability=10)
            factories.create_building_block(target, product_category=factories.create_category())

    assert statements() == few
    assert few[0] <= 20


def test_a_kept_row_takes_few_statements_however_much_is_changed_already(
    browser: Client, world: World, scenario: Scenario
) -> None:
    factories.create_rate("EUR", "1.1", valid_from=world.plan.start_date)
    factories.create_opportunity(world.account, amount=70, currency="EUR")

    def statements() -> int:
        with CaptureQueriesContext(connection) as found:
            row = row_of(world.open, probability="90")
            assert browser.post(deal_url(scenario, world.open), row, headers=HTMX).status_code == 200
        browser.post(deal_url(scenario, world.open), {"reset": "1"}, headers=HTMX)
        return len(found)

    few = statements()
    for number in range(4):
        deal = factories.create_opportunity(world.account, amount=80, currency="EUR")
        factories.create_scenario_change(scenario, deal, probability=10 + number)
        factories.create_building_block(scenario)

    assert statements() == few <= 20


def test_what_another_window_changes_meanwhile_counts_in_the_answer(
    world: World, scenario: Scenario, account_manager: User
) -> None:
    today = company_today()
    basis = basis_of(
        world.plan, scenarios=[scenario.pk], user=account_manager, today=today, deal_id=world.open.pk
    )
    factories.create_scenario_change(scenario, world.slipped, outcome=DealOutcome.DROPPED)

    _basis, entry = with_content(basis, scenario, account_manager)

    assert entry.result.sums.won == basis.sums.won
    assert world.slipped.pk in basis.sums.stakes.keys() - entry.result.sums.stakes.keys()
    assert [line.text for line in entry.told.lines] == ["“Late order”: dropped."]
