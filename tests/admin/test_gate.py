"""Confidential plans in the admin: hidden is missing, and who may look leaves a trace."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.test import Client
from django.urls import reverse

from crm.models import Account, Contact, Territory
from kam.core.admin import changes
from kam.core.changelog import is_tracked
from kam.core.gate import ScopedQuerySet
from kam.core.models import Change
from kam.users.models import Role, User
from kam.users.operations import confidential_permission
from metrics.models import PlanKPI
from metrics.operations import rebuild
from plans.models import AccountPlan, Objective, Strategy
from templates_app.models import PlanType
from tests import factories
from tests.admin.forms import open_form, send, url
from tests.fixtures import ClientFor, World

SECRET = "Hidden takeover"


@pytest.fixture
def hidden(world: World) -> AccountPlan:
    """The confidential plan with something below it, and a child of it that everybody may see."""
    plan = world.confidential
    strategy = factories.create_strategy(plan, f"{SECRET} strategy")
    factories.create_objective(plan, f"{SECRET} objective", strategy=strategy)
    rebuild()
    return plan


@pytest.fixture
def browser(admin: User, client_as: ClientFor) -> Client:
    return client_as(admin)


@pytest.fixture
def keyholder(db: None) -> User:
    """An administrator who may see confidential plans."""
    user = factories.create_user("keyholder", role=Role.ADMIN)
    user.user_permissions.add(confidential_permission())
    return user


def looks_at(plan: AccountPlan) -> int:
    return Change.objects.of(plan).filter(operation="view").count()


def options(client: Client, source: Any, field: str, term: str) -> list[str]:
    model = source._meta
    query = {"app_label": model.app_label, "model_name": model.model_name, "field_name": field, "term": term}
    response = client.get(reverse("admin:autocomplete"), query)
    assert response.status_code == 200
    return [option["text"] for option in response.json()["results"]]


@pytest.mark.parametrize("page", ["change", "history", "delete"])
def test_hidden_plan_answers_like_a_missing_one(
    page: str, browser: Client, hidden: AccountPlan, world: World
) -> None:
    missing = "3f1c9a52-6f0e-4f7e-9a15-0c4a3f0a9f11"

    pages = [browser.get(url(AccountPlan, page, key)) for key in (hidden.pk, missing, "nonsense")]

    assert [answer.status_code for answer in pages] == [404, 404, 404]
    assert pages[0].text == pages[1].text
    assert browser.get(url(AccountPlan, page, world.plan.pk)).status_code == 200


@pytest.mark.parametrize("model", [Strategy, Objective])
def test_parts_of_a_hidden_plan_are_missing_too(model: Any, browser: Client, hidden: AccountPlan) -> None:
    part = model.objects.unscoped("test").get(plan=hidden)

    assert browser.get(url(model, "change", part.pk)).status_code == 404
    assert SECRET not in browser.get(url(model, "changelist")).text


def test_hidden_plan_is_in_no_list(browser: Client, hidden: AccountPlan) -> None:
    for model in (AccountPlan, Strategy, Objective, PlanKPI, Change):
        for query in ({}, {"q": SECRET.split()[0]}, {"q": str(hidden.pk)}, {"confidential": "yes"}):
            if "confidential" in query and model is not AccountPlan:
                continue
            response = browser.get(url(model, "changelist"), query)
            rows = [str(row) for row in response.context["cl"].result_list]
            assert not [row for row in rows if SECRET in row], (model, query)
            assert str(hidden.pk) not in [str(row.pk) for row in response.context["cl"].result_list]


def test_hidden_plan_has_no_kpi_page_and_no_entry_in_the_log(browser: Client, hidden: AccountPlan) -> None:
    entry = Change.objects.of(hidden).first()

    assert browser.get(url(PlanKPI, "change", hidden.pk)).status_code == 404
    assert browser.get(url(Change, "change", entry.pk)).status_code == 404


def test_log_of_a_deleted_plan_stays_closed(browser: Client, hidden: AccountPlan) -> None:
    hidden.delete()

    response = browser.get(url(Change, "changelist"), {"q": str(hidden.pk)})

    assert response.context["cl"].result_count == 0


def test_hidden_plan_is_no_choice(browser: Client, hidden: AccountPlan, world: World) -> None:
    assert options(browser, AccountPlan, "parent_plan", SECRET) == []
    assert options(browser, AccountPlan, "parent_plan", "Harbour") == [str(world.draft), str(world.plan)]
    assert options(browser, Objective, "plan", SECRET) == []
    assert options(browser, Objective, "strategy", SECRET) == []


def test_hidden_plan_cannot_be_chosen_by_its_id(browser: Client, hidden: AccountPlan, world: World) -> None:
    address = url(AccountPlan, "change", world.plan.pk)
    form = open_form(browser, address)

    answers = [
        send(browser, address, form, parent_plan=key).context["adminform"].form.errors["parent_plan"]
        for key in (str(hidden.pk), "3f1c9a52-6f0e-4f7e-9a15-0c4a3f0a9f11")
    ]

    assert answers[0] == answers[1]


def test_hidden_parent_is_kept_and_not_shown(browser: Client, hidden: AccountPlan, world: World) -> None:
    plan = AccountPlan.objects.unscoped("test").get(pk=world.plan.pk)
    plan.parent_plan = hidden
    plan.save()
    address = url(AccountPlan, "change", plan.pk)
    form = open_form(browser, address)

    response = send(browser, address, form, vision="Seen nothing")

    assert response.status_code == 302
    plan.refresh_from_db()
    assert (plan.vision, plan.parent_plan_id) == ("Seen nothing", hidden.pk)
    assert str(hidden.pk) not in str(form)


def test_history_does_not_speak_of_a_hidden_parent(
    browser: Client, hidden: AccountPlan, world: World
) -> None:
    plan = AccountPlan.objects.unscoped("test").get(pk=world.plan.pk)
    plan.parent_plan = hidden
    plan.save()
    entry = Change.objects.of(plan).first()

    for address in (url(AccountPlan, "history", plan.pk), url(Change, "change", entry.pk)):
        text = browser.get(address).text
        assert SECRET not in text
        assert str(hidden.pk) not in text
        assert "Parent plan" not in text


@pytest.mark.parametrize("query", [
    "plans__isnull=False", "plans__name__startswith=H", "plans=3f1c9a52-6f0e-4f7e-9a15-0c4a3f0a9f11",
    "owner__owned_plans__isnull=False", "territory__accounts__plans__isnull=False",
])  # fmt: skip
def test_filters_that_nobody_declared_are_refused(query: str, browser: Client, hidden: AccountPlan) -> None:
    assert browser.get(f"{url(Account, 'changelist')}?{query}").status_code == 400


def test_declared_filters_work(browser: Client, world: World, territories: Any) -> None:
    response = browser.get(url(Account, "changelist"), {"territory__id__exact": str(territories.south.pk)})

    assert list(response.context["cl"].result_list) == [world.far_account]


def test_what_holds_a_record_is_named_unless_it_is_hidden(
    browser: Client, world: World, hidden: AccountPlan
) -> None:
    lonely = factories.create_account("Lonely")
    factories.create_plan(lonely, SECRET, owner=world.keeper, is_confidential=True)

    held = browser.get(url(Account, "delete", world.far_account.pk))
    secretly_held = browser.get(url(Account, "delete", lonely.pk))

    assert "Lakeside ward" in held.text
    assert "Lakeside this year" in held.text
    assert "It is still in use." in secretly_held.text
    assert SECRET not in secretly_held.text
    assert browser.post(url(Account, "delete", lonely.pk), {"post": "yes"}).status_code in {200, 403}
    assert Account.objects.unscoped("test").filter(pk=lonely.pk).exists()


def test_plan_type_of_a_hidden_plan_does_not_name_it(browser: Client, world: World) -> None:
    plan_type = factories.create_plan_type("Rare type")
    factories.create_plan(
        world.account, SECRET, owner=world.keeper, plan_type=plan_type, is_confidential=True
    )

    assert SECRET not in browser.get(url(PlanType, "delete", plan_type.pk)).text


# --- Who has the permission -------------------------------------------------------------------
def test_every_look_at_a_confidential_plan_is_logged(
    keyholder: User, hidden: AccountPlan, client_as: ClientFor
) -> None:
    browser = client_as(keyholder)

    for count, page in enumerate(("change", "history", "delete"), 1):
        assert browser.get(url(AccountPlan, page, hidden.pk)).status_code == 200
        assert looks_at(hidden) == count
    part = Objective.objects.unscoped("test").get(plan=hidden)
    assert browser.get(url(Objective, "change", part.pk)).status_code == 200

    assert looks_at(hidden) == 4
    entry = Change.objects.of(hidden).filter(operation="view").first()
    assert (entry.actor, entry.source) == (keyholder, "admin")


def test_lists_show_confidential_plans_only_when_asked_and_log_it(
    keyholder: User, hidden: AccountPlan, client_as: ClientFor
) -> None:
    browser = client_as(keyholder)

    without = browser.get(url(AccountPlan, "changelist"))
    assert SECRET not in without.text
    assert looks_at(hidden) == 0

    with_them = browser.get(url(AccountPlan, "changelist"), {"confidential": "yes"})
    assert SECRET in with_them.text
    assert looks_at(hidden) == 1


def test_lists_over_many_plans_leave_confidential_ones_out_for_everybody(
    keyholder: User, hidden: AccountPlan, client_as: ClientFor
) -> None:
    browser = client_as(keyholder)

    for model in (PlanKPI, Strategy, Objective, Change):
        response = browser.get(url(model, "changelist"), {"q": SECRET.split()[0]})
        assert response.context["cl"].result_count == 0, model
    assert options(browser, AccountPlan, "parent_plan", SECRET) == []
    assert looks_at(hidden) == 0


def test_own_confidential_plan_is_no_look(admin: User, world: World, browser: Client) -> None:
    own = factories.create_plan(world.account, "My secret", owner=admin, is_confidential=True)

    assert browser.get(url(AccountPlan, "change", own.pk)).status_code == 200
    assert "My secret" in browser.get(url(AccountPlan, "changelist")).text
    assert looks_at(own) == 0


def test_autocomplete_offers_what_can_be_chosen_now(browser: Client, world: World) -> None:
    factories.create_user("gone", name="Gone Away", is_active=False)
    factories.create_plan_type("Retired type", is_retired=True)

    assert options(browser, Account, "owner", "Gone") == []
    assert options(browser, AccountPlan, "plan_type", "type") == []
    assert options(browser, Contact, "account", "Lakeside") == ["Lakeside Hospital"]
    assert options(browser, Territory, "parent", "West") == ["West"]


# --- What others keep to themselves -------------------------------------------------------------
def test_private_scenario_shows_to_nobody_but_its_author(
    browser: Client, world: World, admin: User, account_manager: User
) -> None:
    """Neither in the log nor on the page that tells what a deletion takes along."""
    private = factories.create_scenario(world.plan, "Private dream", owner=account_manager)
    factories.create_building_block(private, "Private block")
    factories.create_scenario_change(private, world.open, amount=7)
    factories.create_scenario(world.confidential, f"{SECRET} scenario", is_shared=True)
    shared = factories.create_scenario(world.plan, "Shared idea", owner=account_manager, is_shared=True)
    mine = factories.create_scenario(world.plan, "My own idea", owner=admin)

    pages = [
        browser.get(url(Change, "changelist")).text,
        browser.get(url(Change, "changelist"), {"q": str(private.pk)}).text,
        browser.get(url(AccountPlan, "delete", world.plan.pk)).text,
    ]

    for page in pages:
        assert not [text for text in ("Private", SECRET) if text in page]
    for page in (pages[0], pages[2]):
        assert str(shared) in page
        assert str(mine) in page
    entry = Change.objects.of(private).first()
    assert browser.get(url(Change, "change", entry.pk)).status_code == 404


def test_log_says_nothing_of_how_others_are_reminded_and_of_their_jobs(
    browser: Client, world: World, admin: User, account_manager: User
) -> None:
    theirs = [
        factories.create_reminder_settings(account_manager),
        factories.create_job(world.keeper, [world.confidential]),
    ]
    mine = [factories.create_reminder_settings(admin), factories.create_job(world.keeper, [world.plan])]

    found = {
        str(row.pk): browser.get(url(Change, "changelist"), {"q": str(row.pk)}).context["cl"].result_count
        for row in (*theirs, *mine)
    }

    assert found == {str(row.pk): int(row in mine) for row in (*theirs, *mine)}


def test_every_app_with_hidden_rows_says_who_reads_their_log() -> None:
    """CRM records are all open to administrators; of others somebody has to decide."""
    scoped = {
        model._meta.app_label
        for model in apps.get_models()
        if is_tracked(model) and isinstance(model._default_manager.all(), ScopedQuerySet)
    }

    assert scoped - {"crm"} == set(changes._limits)


def test_plan_with_rows_for_looking_only_can_be_deleted(browser: Client, world: World) -> None:
    factories.create_pin(world.plan, world.open)

    browser.post(url(AccountPlan, "delete", world.plan.pk), {"post": "yes"})

    assert not AccountPlan.objects.unscoped("test").filter(pk=world.plan.pk).exists()
