"""Saving in the admin: logged, never over somebody else, and through the same rules as everywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, models
from django.db.models.signals import ModelSignal, pre_delete, pre_save
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm.models import (
    Account,
    Opportunity,
    OpportunityLine,
    PickListValue,
    Product,
    RevenueSchedule,
    Stage,
    Territory,
    TerritoryMembership,
)
from kam.core.models import Change
from kam.users.models import User
from metrics.operations import fresh_kpi
from plans.models import AccountPlan, AccountPlanParticipant
from tests import factories
from tests.admin.forms import errors_of, open_form, send, url
from tests.fixtures import ClientFor, World


@pytest.fixture
def browser(admin: User, client_as: ClientFor) -> Client:
    return client_as(admin)


def stored(row: Any) -> Any:
    return models.QuerySet(type(row)).get(pk=row.pk)


def run_action(browser: Client, model: type[models.Model], action: str, *rows: Any) -> Any:
    values = {"action": action, "_selected_action": [str(row.pk) for row in rows]}
    return browser.post(url(model, "changelist"), values, follow=True)


def test_edit_is_logged_with_its_channel(browser: Client, admin: User, world: World) -> None:
    address = url(Account, "change", world.account.pk)

    response = send(browser, address, open_form(browser, address), name="Harbour Hospitals")

    assert response.status_code == 302
    entry = Change.objects.of(world.account).first()
    assert (entry.operation, entry.actor, entry.source) == ("update", admin, "admin")
    assert (entry.before, entry.after) == ({"name": "Harbour Clinics"}, {"name": "Harbour Hospitals"})
    assert stored(world.account).updated_by == admin


def test_saving_unchanged_writes_nothing(browser: Client, world: World) -> None:
    rows = (world.account, world.open, world.plan, world.activity, world.order, world.contact)
    for row in rows:
        address = url(type(row), "change", row.pk)
        before = stored(row).version

        response = send(browser, address, open_form(browser, address))

        assert response.status_code == 302, errors_of(response)
        assert stored(row).version == before, row
        assert not Change.objects.of(row).filter(source="admin").exists()


def test_adding_is_logged_and_gets_its_maker(browser: Client, admin: User) -> None:
    category = factories.create_category()
    form = open_form(browser, url(Product, "add"))

    send(browser, url(Product, "add"), form, code="P-9", name="Restolar", category=str(category.pk))

    product = Product.objects.get(code="P-9")
    assert product.created_by == admin
    assert Change.objects.of(product).get().source == "admin"


def test_conflict_is_told_and_the_text_is_kept(browser: Client, world: World) -> None:
    address = url(Account, "change", world.account.pk)
    form = open_form(browser, address)
    rival = Account.objects.unscoped("test").get(pk=world.account.pk)
    rival.name = "Theirs"
    rival.save()

    response = send(browser, address, form, name="Mine")

    assert response.status_code == 200
    assert "Somebody saved this before you" in errors_of(response)
    assert "Name is “Theirs” now, you have “Mine”." in errors_of(response)
    assert 'value="Mine"' in response.text
    assert stored(world.account).name == "Theirs"

    again = send(browser, address, {**form, "version": [str(stored(world.account).version)]}, name="Mine")
    assert again.status_code == 302
    assert stored(world.account).name == "Mine"


def test_form_without_its_version_is_refused(browser: Client, world: World) -> None:
    address = url(Account, "change", world.account.pk)
    form = open_form(browser, address)
    del form["version"]

    response = send(browser, address, form, name="Blind")

    assert "Load the page again" in errors_of(response)
    assert stored(world.account).name == "Harbour Clinics"


def test_conflict_in_one_line_saves_nothing(browser: Client, world: World) -> None:
    address = url(Opportunity, "change", world.open.pk)
    form = open_form(browser, address)
    line = OpportunityLine.objects.unscoped("test").get(opportunity=world.open)
    line.quantity = Decimal(9)
    line.save()

    response = send(browser, address, form, **{"name": "Renamed", "lines-0-quantity": "3"})

    assert "Somebody saved this before you" in errors_of(response)
    assert stored(line).quantity == 9
    assert stored(world.open).name == "Ward extension"


def test_lines_are_edited_with_their_opportunity(browser: Client, world: World) -> None:
    address = url(Opportunity, "change", world.open.pk)
    form = open_form(browser, address)
    new_line = {
        "lines-TOTAL_FORMS": "2",
        "lines-1-opportunity": str(world.open.pk),
        "lines-1-product": str(world.product.pk),
        "lines-1-quantity": "4",
        "lines-1-unit_price": "",
        "lines-1-amount": "20.50",
    }

    response = send(browser, address, form, **{"lines-0-amount": "1200", **new_line})

    assert response.status_code == 302, errors_of(response)
    lines = OpportunityLine.objects.unscoped("test").filter(opportunity=world.open)
    assert sorted(lines.values_list("amount", flat=True)) == [Decimal("20.5"), Decimal(1200)]
    entries = Change.objects.unscoped("test").filter(model="crm.opportunityline", source="admin")
    assert sorted(entries.values_list("operation", flat=True)) == ["create", "update"]


def test_schedules_are_edited_with_their_line(browser: Client, world: World) -> None:
    line = OpportunityLine.objects.unscoped("test").get(opportunity=world.open)
    address = url(OpportunityLine, "change", line.pk)
    form = open_form(browser, address)
    schedule = {
        "schedules-TOTAL_FORMS": "1",
        "schedules-0-line": str(line.pk),
        "schedules-0-date": timezone.localdate().isoformat(),
        "schedules-0-amount": "500",
    }

    response = send(browser, address, form, **schedule)

    assert response.status_code == 302, errors_of(response)
    assert RevenueSchedule.objects.unscoped("test").get(line=line).amount == 500


def test_amount_finer_than_its_currency_is_refused(browser: Client, world: World) -> None:
    address = url(Opportunity, "change", world.open.pk)

    response = send(browser, address, open_form(browser, address), amount="10.005")

    assert "USD has at most 2 decimal places." in errors_of(response)


def test_amounts_are_shown_without_needless_zeros(browser: Client, world: World) -> None:
    world.open.amount = Decimal("90.95")
    world.open.save()

    form = open_form(browser, url(Opportunity, "change", world.open.pk))

    assert form["amount"] == ["90.95"]
    assert form["probability"] == ["50"]
    assert form["lines-0-amount"] == ["1000"]


def test_kpi_follows_an_edit_in_the_admin(browser: Client, world: World) -> None:
    fresh_kpi(world.plan)
    address = url(Opportunity, "change", world.won.pk)

    send(browser, address, open_form(browser, address), amount="5000")

    assert fresh_kpi(world.plan)[0].won_revenue == 5_000


def test_contacts_of_an_opportunity_are_logged(browser: Client, world: World) -> None:
    other = factories.create_contact(world.account, "Jo Bex")
    address = url(Opportunity, "change", world.open.pk)

    send(browser, address, open_form(browser, address), contacts=[str(other.pk)])

    assert set(world.open.contacts.unscoped("test").values_list("name", flat=True)) == {"Jo Bex"}
    entries = Change.objects.of(world.open).filter(source="admin")
    assert [entry.after or entry.before for entry in entries] == [
        {"contacts": [str(other.pk)]},
        {"contacts": [str(world.contact.pk)]},
    ]


def test_members_of_a_territory_are_edited_inline(browser: Client, territories: Any, stranger: User) -> None:
    address = url(Territory, "change", territories.north.pk)
    form = open_form(browser, address)
    total = int(form["memberships-TOTAL_FORMS"][0])
    member = {
        "memberships-TOTAL_FORMS": str(total + 1),
        f"memberships-{total}-territory": str(territories.north.pk),
        f"memberships-{total}-user": str(stranger.pk),
        f"memberships-{total}-role": "viewer",
    }

    response = send(browser, address, form, **member)

    assert response.status_code == 302, errors_of(response)
    row = TerritoryMembership.objects.get(territory=territories.north, user=stranger)
    assert Change.objects.of(row).get().source == "admin"


def test_account_cannot_lie_below_itself(browser: Client, world: World) -> None:
    address = url(Account, "change", world.account.pk)

    response = send(browser, address, open_form(browser, address), parent=str(world.child.pk))

    assert "An account cannot lie below itself." in errors_of(response)


def test_duplicate_name_is_a_form_error(browser: Client) -> None:
    factories.create_stage("Proposal")
    form = open_form(browser, url(Stage, "add"))

    response = send(browser, url(Stage, "add"), form, name="Proposal", order="1", default_probability="10")

    assert "already exists" in errors_of(response)


# --- Deletion ---------------------------------------------------------------------------------
def test_deletion_is_logged_with_what_went_along(browser: Client, world: World) -> None:
    strategy = factories.create_strategy(world.draft)

    browser.post(url(AccountPlan, "delete", world.draft.pk), {"post": "yes"})

    entries = Change.objects.unscoped("test").filter(operation="delete", source="admin")
    assert set(entries.values_list("object_id", flat=True)) == {world.draft.pk, strategy.pk}


def test_deletion_of_what_is_in_use_is_refused(browser: Client, world: World) -> None:
    response = browser.post(url(Stage, "delete", world.open.stage_id), {"post": "yes"}, follow=True)

    assert "Ward extension" in response.text
    assert Stage.objects.filter(pk=world.open.stage_id).exists()


def test_bulk_deletion_is_logged(browser: Client, world: World) -> None:
    products = [factories.create_product() for _number in range(2)]

    values = {"action": "delete_selected", "_selected_action": [str(p.pk) for p in products], "post": "yes"}
    browser.post(url(Product, "changelist"), values)

    entries = Change.objects.unscoped("test").filter(operation="delete", source="admin")
    assert set(entries.values_list("object_id", flat=True)) == {product.pk for product in products}


# --- Actions ------------------------------------------------------------------------------------
def test_stages_are_moved_in_their_order(browser: Client) -> None:
    a, b, c = (factories.create_stage(name, order=number) for number, name in enumerate("ABC"))

    run_action(browser, Stage, "move_up", c)
    assert list(Stage.objects.values_list("name", flat=True)) == ["A", "C", "B"]

    run_action(browser, Stage, "move_down", a, c)
    assert list(Stage.objects.values_list("name", flat=True)) == ["B", "A", "C"]

    run_action(browser, Stage, "move_up", b)
    assert list(Stage.objects.values_list("name", flat=True)) == ["B", "A", "C"]
    assert Change.objects.of(c).filter(operation="update", source="admin").exists()


def test_pick_lists_are_moved_each_in_its_own_order(browser: Client) -> None:
    one = factories.create_pick_list_value("One", order=1)
    factories.create_pick_list_value("Two", order=2)
    segment = factories.create_pick_list_value("Strategic", pick_list="segment", order=7)

    run_action(browser, PickListValue, "move_down", one)

    industries = PickListValue.objects.filter(pick_list="industry")
    assert list(industries.values_list("name", flat=True)) == ["Two", "One"]
    assert stored(segment).order == 7


def test_values_are_retired_with_a_log_entry(browser: Client) -> None:
    value = factories.create_pick_list_value("Old")

    run_action(browser, PickListValue, "retire", value)
    assert stored(value).is_retired
    assert Change.objects.of(value).first().after == {"is_retired": True}

    run_action(browser, PickListValue, "offer", value)
    assert not stored(value).is_retired


def test_plans_take_the_steps_of_their_life_cycle(browser: Client, world: World) -> None:
    response = run_action(browser, AccountPlan, "complete", world.plan, world.draft)

    assert stored(world.plan).status == "completed"
    assert stored(world.draft).status == "draft"
    assert "cannot take this step" in response.text


def test_participants_are_edited_with_their_plan(browser: Client, world: World, colleague: User) -> None:
    address = url(AccountPlan, "change", world.plan.pk)
    participant = {
        "participants-TOTAL_FORMS": "1",
        "participants-0-plan": str(world.plan.pk),
        "participants-0-user": str(colleague.pk),
        "participants-0-role": "team_member",
        "participants-0-access": "edit",
    }

    response = send(browser, address, open_form(browser, address), **participant)

    assert response.status_code == 302, errors_of(response)
    assert AccountPlanParticipant.objects.unscoped("test").get(plan=world.plan).user == colleague
    assert colleague.has_perm("plans.change_accountplan", world.plan)


def add_parts(plan: AccountPlan, opportunity: Opportunity) -> None:
    strategy = factories.create_strategy(plan)
    factories.create_objective(plan, strategy=strategy, owner=factories.create_user())
    factories.add_participant(plan, factories.create_user())
    factories.create_opportunity_line(opportunity)


def test_inline_rows_cost_no_queries_of_their_own(browser: Client, world: World) -> None:
    plan, opportunity = factories.create_plan(world.account), factories.create_opportunity(world.account)
    add_parts(plan, opportunity)
    addresses = [url(AccountPlan, "change", plan.pk), url(Opportunity, "change", opportunity.pk)]

    def count_all() -> list[int]:
        counts = []
        for address in addresses:
            with CaptureQueriesContext(connection) as queries:
                assert browser.get(address).status_code == 200
            counts.append(len(queries))
        return counts

    count_all()  # fills the caches of the process
    first = count_all()
    for _number in range(2):
        add_parts(plan, opportunity)

    assert count_all() == first
    assert max(first) <= 20


# --- Somebody else, between our look and our save -------------------------------------------------
@contextmanager
def meanwhile(
    signal: ModelSignal, model: type[models.Model], happens: Callable[[Any], Any]
) -> Iterator[None]:
    """Once, when a row of `model` is about to be written, something `happens` to it first."""
    waiting = [happens]

    def receiver(instance: Any, **kwargs: Any) -> None:
        if waiting:
            waiting.pop()(instance)

    signal.connect(receiver, sender=model, weak=False)
    try:
        yield
    finally:
        signal.disconnect(receiver, sender=model)
    assert not waiting


def test_line_saved_by_somebody_else_at_the_same_moment_saves_nothing(browser: Client, world: World) -> None:
    address = url(Opportunity, "change", world.open.pk)
    form = open_form(browser, address)

    def overtake(line: OpportunityLine) -> None:
        models.QuerySet(OpportunityLine).filter(pk=line.pk).update(version=models.F("version") + 1)

    with meanwhile(pre_save, OpportunityLine, overtake):
        response = browser.post(address, {**form, "name": "Mine", "lines-0-quantity": "3"}, follow=True)

    assert "Nothing of yours was saved" in response.text
    assert stored(world.open).name == "Ward extension"
    assert OpportunityLine.objects.unscoped("test").get(opportunity=world.open).quantity == 1


@pytest.mark.django_db(transaction=True)
def test_record_that_somebody_begins_to_use_is_not_deleted(
    transactional_db: None, browser: Client, admin: User
) -> None:
    account = factories.create_account("Lonely")

    with meanwhile(
        pre_delete, Account, lambda row: factories.create_opportunity(row, stage=factories.open_stage())
    ):
        response = browser.post(url(Account, "delete", account.pk), {"post": "yes"}, follow=True)

    assert "It was not deleted" in response.text
    assert stored(account) == account


@pytest.mark.django_db(transaction=True)
def test_bulk_deletion_of_what_somebody_begins_to_use_deletes_nothing(
    transactional_db: None, browser: Client, admin: User
) -> None:
    accounts = [factories.create_account() for _number in range(2)]
    values = {
        "action": "delete_selected",
        "_selected_action": [str(row.pk) for row in accounts],
        "post": "yes",
    }

    with meanwhile(
        pre_delete, Account, lambda row: factories.create_opportunity(row, stage=factories.open_stage())
    ):
        response = browser.post(url(Account, "changelist"), values, follow=True)

    assert "Not done" in response.text
    assert Account.objects.unscoped("test").count() == 2
