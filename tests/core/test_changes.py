"""Each write leaves one entry per row, in the same transaction, and nobody's save is overwritten."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.db.models import F, ProtectedError, Value
from django.db.models.functions import Upper

from crm.models import Account, Contact, Opportunity, Territory
from kam.core.actor import acting, current_actor
from kam.core.models import Change
from kam.users.models import ApiToken, Role, User
from tests import factories
from tests.fixtures import World

pytestmark = pytest.mark.django_db


def entries(after: int = 0) -> list[Change]:
    return list(Change.objects.unscoped("test").filter(pk__gt=after).order_by("pk"))


def last_id() -> int:
    newest = Change.objects.unscoped("test").first()
    return newest.pk if newest else 0


@pytest.fixture
def account(account_manager: User) -> Account:
    return factories.create_account("Harbour", owner=account_manager)


@pytest.fixture
def deal(account: Account) -> Opportunity:
    return factories.create_opportunity(account, "Ward", amount=1_000, close_date=date(2026, 5, 1))


def read(row: Any) -> Any:
    """The row anew, as another request would read it."""
    return type(row)._base_manager.get(pk=row.pk)


# --- One entry per row ----------------------------------------------------------------------
def test_create_is_logged_with_all_values(account: Account) -> None:
    start = last_id()

    deal = factories.create_opportunity(account, "Ward", amount="12.5", close_date=date(2026, 5, 1))

    entry = next(e for e in entries(start) if e.model == "crm.opportunity")
    assert [e.model for e in entries(start)] == ["crm.stage", "crm.opportunity"]
    assert (entry.operation, entry.object_id, entry.container_id) == ("create", deal.pk, account.pk)
    assert entry.object_name == "Ward"
    assert entry.before is None
    assert entry.after["amount"] == "12.500"
    assert entry.after["close_date"] == "2026-05-01"
    assert entry.after["account"] == str(account.pk)
    assert not {"version", "updated_at", "created_by", "id"} & set(entry.after)


def test_save_is_logged_with_what_changed(deal: Opportunity, account_manager: User) -> None:
    start = last_id()
    deal.amount, deal.name = Decimal("2000"), "Wing"

    with acting(account_manager, source="page", reason="a talk", request_id="r1"):
        deal.save()

    (entry,) = entries(start)
    assert entry.before == {"amount": "1000.000", "name": "Ward"}
    assert entry.after == {"amount": "2000.000", "name": "Wing"}
    assert (entry.actor, entry.actor_name) == (account_manager, "Account Manager")
    assert (entry.source, entry.reason, entry.request_id) == ("page", "a talk", "r1")
    assert (read(deal).version, read(deal).updated_by) == (2, account_manager)


def test_save_of_some_fields_keeps_the_others(deal: Opportunity) -> None:
    start = last_id()
    deal.amount, deal.name = Decimal(5), "Wing"

    deal.save(update_fields=["name"])

    assert [e.after for e in entries(start)] == [{"name": "Wing"}]
    assert read(deal).amount == 1_000


@pytest.mark.parametrize("value", ["1000", 1000, 1000.0, Decimal("1000.000"), Decimal("1E+3")])
def test_save_without_change_writes_nothing(
    deal: Opportunity, value: Any, django_assert_num_queries: Any
) -> None:
    start, deal = last_id(), read(deal)
    deal.amount, deal.close_date, deal.account_id = value, "2026-05-01", str(deal.account_id)

    with django_assert_num_queries(2):  # the savepoint and its release
        deal.save()

    assert entries(start) == []
    assert read(deal).version == 1


def test_save_logs_what_the_database_computed(deal: Opportunity) -> None:
    start = last_id()
    deal.amount, deal.name = F("amount") * 3, Upper("name")

    deal.save()

    assert (deal.amount, deal.name) == (Decimal(3_000), "WARD")
    assert [e.after for e in entries(start)] == [{"amount": "3000.000", "name": "WARD"}]


def test_create_logs_what_the_database_computed() -> None:
    territory = Territory.objects.create(name=Upper(Value("north")), code="N")

    assert entries()[-1].after["name"] == "NORTH"
    assert territory.name == "NORTH"


def test_update_logs_rows_that_change(account: Account, deal: Opportunity, account_manager: User) -> None:
    same = factories.create_opportunity(account, "Same", amount=7)
    start = last_id()

    with acting(account_manager):
        count = Opportunity.objects.unscoped("test").update(amount=7)

    (entry,) = entries(start)
    assert count == 1
    assert (entry.object_id, entry.before, entry.after) == (
        deal.pk,
        {"amount": "1000.000"},
        {"amount": "7.000"},
    )
    assert (read(deal).version, read(same).version) == (2, 1)
    assert (read(deal).updated_by, read(same).updated_by) == (account_manager, None)


def test_update_by_expression_logs_values(deal: Opportunity) -> None:
    start = last_id()

    Opportunity.objects.unscoped("test").filter(account__name="Harbour").update(
        amount=F("amount") + F("amount")
    )

    assert [e.after for e in entries(start)] == [{"amount": "2000.000"}]


def test_update_over_a_to_many_join_touches_rows_once(deal: Opportunity) -> None:
    for _ in range(3):
        factories.create_opportunity_line(deal)
    start = last_id()

    count = Opportunity.objects.unscoped("test").filter(lines__amount__gt=0).update(amount=F("amount") * 2)

    assert (count, len(entries(start))) == (1, 1)
    assert (read(deal).amount, read(deal).version) == (2_000, 2)


def test_update_of_aggregated_rows_is_logged(deal: Opportunity) -> None:
    start = last_id()

    Opportunity.objects.unscoped("test").filter(lines=None).distinct().update(name="Wing")

    assert [e.after for e in entries(start)] == [{"name": "Wing"}]


def test_bulk_create_is_logged(account: Account, account_manager: User) -> None:
    start = last_id()

    with acting(account_manager, source="import"):
        rows = Contact.objects.bulk_create([Contact(account=account, name=name) for name in "abc"])

    assert [(e.object_name, e.source, e.container_id) for e in entries(start)] == [
        (name, "import", account.pk) for name in "abc"
    ]
    assert {read(row).created_by for row in rows} == {account_manager}


def test_bulk_create_refuses_what_it_could_not_log(account: Account) -> None:
    with pytest.raises(NotImplementedError):
        Contact.objects.bulk_create([Contact(account=account, name="a")], ignore_conflicts=True)


def test_bulk_update_logs_rows_that_change(account: Account, deal: Opportunity) -> None:
    other = factories.create_opportunity(account, "Other", amount=5)
    start = last_id()
    deals = [read(deal), read(other)]
    deals[0].amount = Decimal(9)

    count = Opportunity.objects.unscoped("test").bulk_update(deals, ["amount", "name"])

    (entry,) = entries(start)
    assert (count, entry.object_id, entry.after) == (1, deal.pk, {"amount": "9.000"})
    assert (read(deal).version, read(other).version) == (2, 1)
    deals[0].name = "Again"
    deals[0].save()  # it knows its own new version


def test_delete_is_logged_with_its_cascade(deal: Opportunity) -> None:
    line = factories.create_opportunity_line(deal)
    schedule = factories.create_schedule(line)
    start = last_id()

    deal.delete()

    written = entries(start)
    assert {(e.operation, e.model) for e in written} == {
        ("delete", "crm.opportunity"),
        ("delete", "crm.opportunityline"),
        ("delete", "crm.revenueschedule"),
    }
    assert len(written) == 3
    assert next(e for e in written if e.model == "crm.opportunity").before["amount"] == "1000.000"
    assert schedule.pk in {e.object_id for e in written}


def test_queryset_delete_is_logged(account: Account) -> None:
    for name in "ab":
        factories.create_contact(account, name)
    start = last_id()

    Contact.objects.unscoped("test").delete()

    assert sorted(e.object_name for e in entries(start)) == ["a", "b"]


def test_link_that_a_deletion_cuts_is_logged(world: World) -> None:
    strategy = factories.create_strategy(world.plan)
    kept = factories.create_objective(world.plan, strategy=strategy)
    start, strategy_id = last_id(), str(strategy.pk)

    strategy.delete()

    assert [(e.object_id, e.operation, e.before, e.after) for e in entries(start)[1:]] == [
        (kept.pk, "update", {"strategy": strategy_id}, {"strategy": None})
    ]
    assert (read(kept).strategy, read(kept).version) == (None, 2)


def test_link_between_rows_that_both_go_is_not_logged(world: World) -> None:
    strategy = factories.create_strategy(world.plan)
    factories.create_objective(world.plan, strategy=strategy)
    start = last_id()

    world.plan.delete()

    assert sorted((e.operation, e.model) for e in entries(start)) == [
        ("delete", "plans.accountplan"),
        ("delete", "plans.objective"),
        ("delete", "plans.strategy"),
    ]


def test_deleting_a_linked_row_is_logged_on_the_other_side(world: World) -> None:
    start, contact_id = last_id(), world.contact.pk

    world.contact.delete()

    deleted, cut = entries(start)
    assert (deleted.operation, deleted.object_id) == ("delete", contact_id)
    assert (cut.operation, cut.object_id) == ("update", world.open.pk)
    assert (cut.before, cut.after) == ({"contacts": [str(contact_id)]}, {"contacts": []})


LINKING: dict[str, Callable[[Opportunity, Contact], None]] = {
    "add": lambda deal, contact: deal.contacts.add(contact),
    "add by reverse": lambda deal, contact: contact.opportunities.add(deal),
}
CUTTING: dict[str, Callable[[Opportunity, Contact], None]] = {
    "remove": lambda deal, contact: deal.contacts.remove(contact),
    "clear": lambda deal, contact: deal.contacts.clear(),
    "remove by reverse": lambda deal, contact: contact.opportunities.remove(deal),
    "clear by reverse": lambda deal, contact: contact.opportunities.clear(),
}


@pytest.mark.parametrize("how", [*LINKING, *CUTTING])
def test_many_to_many_change_is_logged_once(how: str, deal: Opportunity) -> None:
    contact = factories.create_contact(deal.account)
    if how in CUTTING:
        deal.contacts.add(contact)
    start, version = last_id(), read(deal).version

    {**LINKING, **CUTTING}[how](deal, contact)

    (entry,) = entries(start)
    links = {"contacts": [str(contact.pk)]}
    assert (entry.model, entry.object_id, entry.operation) == ("crm.opportunity", deal.pk, "update")
    assert (entry.before, entry.after) == ((links, None) if how in CUTTING else (None, links))
    assert read(deal).version == version + 1


def test_link_with_a_model_of_its_own_is_logged_as_its_row(territories: Any, account_manager: User) -> None:
    start = last_id()

    territories.south.members.add(account_manager)
    territories.south.members.remove(account_manager)

    assert [(e.model, e.operation) for e in entries(start)] == [
        ("crm.territorymembership", "create"),
        ("crm.territorymembership", "delete"),
    ]


def test_secret_is_logged_without_its_value(account_manager: User) -> None:
    start = last_id()

    account_manager.set_password("another-horse")
    account_manager.save()
    ApiToken.issue(user=account_manager, name="cli")

    changed, token = entries(start)
    assert (changed.before, changed.after) == ({"password": "•••"}, {"password": "•••"})
    assert token.after["key_hash"] == "•••"


def test_login_is_no_change(account_manager: User, client_as: Any) -> None:
    start = last_id()

    client_as(account_manager)

    assert entries(start) == []
    assert read(account_manager).last_login
    assert read(account_manager).version == 1


def test_role_change_takes_the_admin_along(account_manager: User) -> None:
    admin = factories.create_user(role=Role.ADMIN)
    admin.role = Role.KAM
    admin.save(update_fields=["role"])

    assert not read(admin).is_staff


def test_long_names_and_reasons_do_not_break_the_log(deal: Opportunity) -> None:
    user = factories.create_user(name=f"{'a' * 150} {'b' * 150}")
    deal.name = "n" * 200

    with acting(user, reason="r" * 10_000, request_id="i" * 100):
        deal.save()

    assert len(entries()[-1].actor_name) == 200


def test_actor_ends_with_its_block(account_manager: User) -> None:
    with acting(account_manager, source="api"), acting(reason="import"):
        assert (current_actor().user, current_actor().source) == (account_manager, "api")

    assert (current_actor().user, current_actor().source) == (None, "system")


# --- The same transaction -------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("how", ["save", "update", "bulk_create", "bulk_update", "delete", "m2m"])
def test_entry_is_rolled_back_with_its_change(how: str) -> None:
    contact = factories.create_contact(factories.create_account())
    deal = factories.create_opportunity(contact.account)
    start = last_id()

    def write() -> None:
        deal.name = contact.name = "Other"
        {
            "save": deal.save,
            "update": lambda: Contact.objects.unscoped("test").update(name="Other"),
            "bulk_create": lambda: Contact.objects.bulk_create([Contact(account=contact.account, name="b")]),
            "bulk_update": lambda: Contact.objects.unscoped("test").bulk_update([contact], ["name"]),
            "delete": contact.delete,
            "m2m": lambda: deal.contacts.add(contact),
        }[how]()

    with transaction.atomic():
        write()
        written = len(entries(start))
        transaction.set_rollback(True)

    assert (written, entries(start)) == (1, [])
    assert (Contact._base_manager.count(), read(deal).version) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_change_is_rolled_back_with_its_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    contact = factories.create_contact(factories.create_account(), "Ines")

    def fail(*args: Any, **kwargs: Any) -> None:
        raise DatabaseError("disk full")

    monkeypatch.setattr("kam.core.changes.write_changes", fail)
    monkeypatch.setattr("kam.core.changelog.write_changes", fail)
    contact.name = "Other"
    for write in (
        contact.save,
        contact.delete,
        lambda: Contact.objects.unscoped("test").update(name="Other"),
        lambda: Contact.objects.bulk_create([Contact(account=contact.account, name="b")]),
    ):
        with pytest.raises(DatabaseError, match="disk full"):
            write()

    assert [c.name for c in Contact._base_manager.all()] == ["Ines"]


def test_refused_deletion_leaves_no_entry(world: World) -> None:
    start = last_id()

    with pytest.raises(ProtectedError):
        world.account.delete()

    assert entries(start) == []


# --- Statements -----------------------------------------------------------------------------
BULK: dict[str, tuple[Callable[[World, int], Any], dict[str, Any]]] = {
    "lines": (lambda world, n: factories.create_opportunity_line(world.open, amount=n), {"amount": 5_000}),
    "schedules": (
        lambda world, n: factories.create_schedule(factories.create_opportunity_line(world.open), amount=n),
        {"amount": 5_000},
    ),
    "orders": (
        lambda world, n: type(world.order).objects.create(
            account=factories.create_account(), date=date(2026, 1, n + 1), amount=n, currency="USD"
        ),
        {"amount": 5_000},
    ),
    "memberships": (
        lambda world, n: factories.add_member(factories.create_territory(), factories.create_user()),
        {"role": "viewer"},
    ),
    "participants": (
        lambda world, n: factories.add_participant(world.plan, factories.create_user()),
        {"access": "edit"},
    ),
    "tokens": (lambda world, n: factories.create_token(factories.create_user())[0], {"is_read_only": True}),
    "objectives": (lambda world, n: factories.create_objective(world.plan), {"name": "Other"}),
}


@pytest.mark.parametrize("kind", BULK)
def test_bulk_update_takes_the_same_statements_for_one_and_three(
    kind: str, world: World, django_assert_num_queries: Any
) -> None:
    make, values = BULK[kind]
    rows = [make(world, n) for n in range(1, 5)]
    manager = models_manager(type(rows[0]))
    statements = 6  # savepoint, read, write, read back, log, release

    with django_assert_num_queries(statements):
        assert manager.filter(pk=rows[0].pk).update(**values) == 1
    with django_assert_num_queries(statements):
        assert manager.filter(pk__in=[row.pk for row in rows[1:]]).update(**values) == 3


def models_manager(model: Any) -> Any:
    return model.objects.unscoped("test") if hasattr(model.objects, "unscoped") else model.objects
