"""Who may write which rows in bulk; what a caller may not see answers like what is not there."""

from __future__ import annotations

from typing import Any

import pytest

from crm.bulk import KINDS, BulkResult, may_write, upsert
from crm.models import Account, Contact, Opportunity, Order, Product
from kam.users.models import User
from tests import factories
from tests.fixtures import Territories

pytestmark = pytest.mark.django_db
WRITERS = {
    "accounts": {"account_manager", "colleague", "stranger", "manager", "admin", "integration", "msl"},
    "contacts": {"account_manager", "colleague", "stranger", "manager", "admin", "integration", "msl"},
    "opportunities": {"account_manager", "colleague", "stranger", "manager", "admin", "integration", "msl"},
    "activities": {"account_manager", "colleague", "stranger", "manager", "admin", "integration", "msl"},
    "orders": {"admin", "integration"},
    "products": {"admin", "integration"},
    "product-categories": {"admin", "integration"},
    "exchange-rates": {"admin", "integration"},
    "territories": {"admin"},
    "stages": {"admin"},
    "activity-types": {"admin"},
    "pick-list-values": {"admin"},
}


@pytest.fixture
def near(territories: Territories, account_manager: User) -> Account:
    """In North, fed by the ERP."""
    return factories.create_account(
        "Harbour Clinics", owner=account_manager, territory=territories.north, source="erp", external_id="A1"
    )


@pytest.fixture
def far(territories: Territories, stranger: User) -> Account:
    """In South, fed by another system: nobody of North sees it."""
    return factories.create_account(
        "Lakeside Hospital", owner=stranger, territory=territories.south, source="crm", external_id="B1"
    )


def one(kind: str, row: dict[str, Any], user: User) -> BulkResult:
    return upsert(kind=kind, rows=[row], user=user)


def answer(result: BulkResult) -> list[tuple[str, str, str]]:
    return [(error.field, error.code, error.message) for error in result.errors]


@pytest.mark.parametrize("kind", list(KINDS))
def test_who_may_write_a_kind_at_all(cast: dict[str, User], kind: str) -> None:
    assert {name for name, user in cast.items() if may_write(user, KINDS[kind])} == WRITERS[kind]


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("account_manager", True),
        ("colleague", False),
        ("stranger", False),
        ("manager", True),
        ("executive", False),
        ("admin", True),
        ("integration", True),
        ("viewer", False),
        ("msl", False),
    ],
)
def test_who_may_change_an_account(near: Account, cast: dict[str, User], name: str, kept: bool) -> None:
    result = one("accounts", {"source": "erp", "external_id": "A1", "name": "New"}, cast[name])

    near.refresh_from_db()
    assert (result.updated == 1, near.name == "New") == (kept, kept)
    if not kept:
        sees = Account.objects.visible_to(cast[name]).exists()
        assert [error.code for error in result.errors] == ["permission" if sees else "not_found"]


@pytest.mark.parametrize("kind", ["accounts", "contacts", "opportunities", "orders", "activities"])
def test_a_hidden_row_answers_like_a_missing_one(
    far: Account, cast: dict[str, User], kind: str, django_assert_num_queries: Any
) -> None:
    made: dict[str, Any] = {
        "contacts": factories.create_contact,
        "opportunities": factories.create_opportunity,
        "orders": factories.create_order,
        "activities": factories.create_activity,
    }
    if kind != "accounts":
        made[kind](far, source="crm", external_id="B1")

    for name in ("account_manager", "colleague", "manager", "viewer", "msl", "integration"):
        hidden, missing = (
            one(kind, {"source": "crm", "external_id": key}, cast[name]) for key in ("B1", "B2")
        )
        assert answer(hidden) == answer(missing), name
        assert answer(hidden)[0][1] in {"not_found", "permission"}


@pytest.mark.parametrize("how", ["id", "external_id", "name"])
def test_a_hidden_reference_answers_like_a_missing_one(
    near: Account, far: Account, cast: dict[str, User], how: str
) -> None:
    deal = factories.create_opportunity(near, source="erp", external_id="O1")
    missing = {"id": "00000000-0000-4000-8000-000000000000", "external_id": "B2", "name": "Nobody"}
    hidden = {"id": str(far.pk), "external_id": "B1", "name": "Lakeside Hospital"}

    for name in ("account_manager", "manager", "integration"):
        answers = []
        for values in (hidden, missing):
            reference = {how: values[how]} | ({"source": "crm"} if how == "external_id" else {})
            result = one(
                "opportunities", {"source": "erp", "external_id": "O1", "account": reference}, cast[name]
            )
            text = answer(result)[0][2].replace(values[how], "?")
            answers.append((result.failed, answer(result)[0][:2], text))
        assert answers[0] == answers[1]
        assert answers[0][1] == ("account", "not_found")
    deal.refresh_from_db()
    assert deal.account_id == near.pk


def test_a_hidden_contact_is_neither_linked_nor_removed(
    near: Account, far: Account, account_manager: User
) -> None:
    seen, hidden = (
        factories.create_contact(near),
        factories.create_contact(far, source="crm", external_id="C1"),
    )
    deal = factories.create_opportunity(near, source="erp", external_id="O1", contacts=[seen, hidden])
    row = {"source": "erp", "external_id": "O1"}

    linking = one(
        "opportunities", {**row, "contacts": [{"source": "crm", "external_id": "C1"}]}, account_manager
    )
    clearing = one("opportunities", {**row, "contacts": []}, account_manager)

    assert [(e.field, e.code) for e in linking.errors] == [("contacts.0", "not_found")]
    assert clearing.updated == 1
    with_gate = Contact.objects.unscoped("test").filter(opportunities=deal)
    assert list(with_gate) == [hidden]


def test_a_system_writes_under_its_own_source_only(near: Account, integration: User) -> None:
    stolen = one("accounts", {"source": "crm", "external_id": "A9", "name": "x"}, integration)
    own = one("accounts", {"external_id": "A9", "name": "x"}, integration)

    assert [(e.field, e.code) for e in stolen.errors] == [("source", "permission")]
    assert own.created == 1
    assert Account.objects.unscoped("test").get(external_id="A9").source == "erp"


def test_a_system_does_not_change_a_product_of_another(integration: User) -> None:
    product = factories.create_product("Gauze", code="G1")

    result = one("products", {"code": "G1", "name": "Stolen"}, integration)

    product.refresh_from_db()
    assert [(e.field, e.code) for e in result.errors] == [("code", "permission")]
    assert product.name == "Gauze"


@pytest.mark.parametrize("name", ["account_manager", "manager"])
def test_people_make_no_rows_under_a_source(near: Account, cast: dict[str, User], name: str) -> None:
    """They could tell a hidden row from a missing one by trying."""
    factories.open_stage()
    row = {
        "source": "erp",
        "external_id": "O1",
        "account": str(near.pk),
        "name": "Deal",
        "stage": {"name": "Proposal"},
        "amount": 1,
        "currency": "USD",
        "close_date": "2026-01-01",
    }

    result = one("opportunities", row, cast[name])

    assert [(e.field, e.code) for e in result.errors] == [("external_id", "not_found")]
    assert not Opportunity.objects.unscoped("test").exists()


def test_account_managers_change_their_own_deals_and_those_nobody_owns_at_their_accounts(
    near: Account, account_manager: User, colleague: User
) -> None:
    own = factories.create_opportunity(near, source="erp", external_id="O1")
    others = factories.create_opportunity(near, source="erp", external_id="O2", owner=colleague)
    nobodys = factories.create_opportunity(near, source="erp", external_id="O3")
    nobodys.owner = None
    nobodys.save()

    rows = [{"source": "erp", "external_id": f"O{n}", "name": "New"} for n in (1, 2, 3)]
    result = upsert(kind="opportunities", rows=rows, user=account_manager, atomic=False)

    assert [(e.row, e.field, e.code) for e in result.errors] == [(1, "external_id", "permission")]
    names = {row.pk: row.name for row in Opportunity.objects.unscoped("test")}
    assert (names[own.pk], names[others.pk], names[nobodys.pk]) == ("New", others.name, "New")


def test_orders_are_for_systems_and_administrators(near: Account, cast: dict[str, User]) -> None:
    factories.create_order(near, source="erp", external_id="R1", document_number="1")

    for name, user in cast.items():
        result = one("orders", {"source": "erp", "external_id": "R1", "document_number": name}, user)
        assert (result.updated == 1) == (name in {"admin", "integration"}), name
    assert Order.objects.unscoped("test").get().document_number == "integration"


def test_a_deactivated_user_writes_nothing(near: Account, admin: User) -> None:
    admin.is_active = False
    admin.save()

    result = one("accounts", {"source": "erp", "external_id": "A1", "name": "New"}, admin)

    assert result.failed == 1


def test_owners_who_left_stay_and_systems_own_nothing(near: Account, integration: User, admin: User) -> None:
    factories.create_user("left", is_active=False)

    past = one("accounts", {"source": "erp", "external_id": "A1", "owner": {"username": "left"}}, admin)
    system = one(
        "accounts", {"source": "erp", "external_id": "A1", "owner": {"username": "integration"}}, admin
    )

    assert past.updated == 1
    assert [(e.field, e.code) for e in system.errors] == [("owner", "not_found")]


def test_the_catalog_is_shared_but_not_open(cast: dict[str, User]) -> None:
    factories.create_product("Gauze", code="G1")

    for name in ("account_manager", "manager", "viewer", "executive", "msl"):
        known = one("products", {"code": "G1", "name": "New"}, cast[name])
        unknown = one("products", {"code": "G2", "name": "New"}, cast[name])
        assert [error.code for error in known.errors + unknown.errors] == ["permission", "not_found"]
    assert Product.objects.get().name == "Gauze"
