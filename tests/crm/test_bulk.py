"""Many records at once: what is made, changed, left alone and refused, and what the log says of it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.bulk import KINDS, BulkResult, upsert
from crm.enums import CallFrequency
from crm.models import (
    Account,
    AccountEdge,
    Activity,
    Contact,
    ExchangeRate,
    Opportunity,
    Order,
    PickListValue,
    Product,
    ProductCategory,
    Stage,
)
from kam.core.actor import acting
from kam.core.models import Change
from kam.users.models import User
from metrics.models import StaleMarker
from metrics.operations import fresh_kpi
from tests import factories

pytestmark = pytest.mark.django_db


def bulk(kind: str, *rows: Any, atomic: bool = True, user: User | None = None) -> BulkResult:
    return upsert(kind=kind, rows=list(rows), user=user, atomic=atomic)


def counts(result: BulkResult) -> tuple[int, int, int, int]:
    return result.created, result.updated, result.unchanged, result.failed


def problems(result: BulkResult) -> list[tuple[int, str, str]]:
    return [(error.row, error.field, error.code) for error in result.errors]


def account_row(number: int = 1, **values: Any) -> dict[str, Any]:
    return {"source": "erp", "external_id": f"A{number}", "name": f"Account {number}", **values}


def deal_row(number: int = 1, **values: Any) -> dict[str, Any]:
    return {
        "source": "erp",
        "external_id": f"O{number}",
        "account": {"source": "erp", "external_id": "A1"},
        "name": f"Deal {number}",
        "stage": {"name": "Won"},
        "amount": "90.95",
        "currency": "USD",
        "close_date": "2026-02-28",
        **values,
    }


@pytest.fixture
def account(db: None) -> Account:
    factories.won_stage()
    factories.open_stage()
    return factories.create_account("Harbour Clinics", source="erp", external_id="A1")


def deal(number: int = 1) -> Opportunity:
    return Opportunity.objects.unscoped("test").select_related("stage").get(external_id=f"O{number}")


def all_of(model: Any) -> Any:
    return model.objects.unscoped("test")


class TestWriting:
    def test_new_rows_are_made_with_what_they_name_and_the_models_defaults(self, account: Account) -> None:
        owner = factories.create_user("ann")

        result = bulk("opportunities", deal_row(owner={"username": "ann"}))

        assert counts(result) == (1, 0, 0, 0)
        made = deal()
        assert (made.account_id, made.name, made.stage.name) == (account.pk, "Deal 1", "Won")
        assert (made.amount, made.currency, made.close_date) == (Decimal("90.95"), "USD", date(2026, 2, 28))
        assert (made.probability, made.owner_id, made.next_step) == (100, owner.pk, "")
        assert (made.version, made.source) == (1, "erp")

    def test_a_row_changes_what_it_names_and_leaves_the_rest(self, account: Account) -> None:
        bulk("opportunities", deal_row(next_step="Call"))

        result = bulk("opportunities", {"source": "erp", "external_id": "O1", "amount": 12})

        assert counts(result) == (0, 1, 0, 0)
        assert (deal().amount, deal().next_step, deal().version) == (12, "Call", 2)

    def test_a_reference_without_a_source_means_the_rows_own(self, account: Account) -> None:
        factories.create_account("Of another", source="crm", external_id="A1")

        bulk("opportunities", deal_row(account={"external_id": "A1"}))

        assert deal().account_id == account.pk

    def test_an_unchanged_row_writes_nothing(self, account: Account) -> None:
        row = deal_row(lines=[{"product": {"code": factories.create_product().code}}])
        bulk("opportunities", row)
        before = all_of(Change).count()
        StaleMarker.objects.all().delete()
        stamp = deal().updated_at

        with CaptureQueriesContext(connection) as queries:
            result = bulk("opportunities", {**row, "amount": "90.950", "name": " Deal 1 "})

        assert counts(result) == (0, 0, 1, 0)
        assert all_of(Change).count() == before
        assert not StaleMarker.objects.exists()
        assert (deal().version, deal().updated_at) == (1, stamp)
        assert not [q for q in queries if q["sql"].split()[0] in {"INSERT", "UPDATE", "DELETE", "COPY"}]

    def test_every_written_row_has_its_entry_with_actor_and_both_values(self, account: Account) -> None:
        admin = factories.create_user("boss", role="admin")
        with acting(admin, source="api", reason="nightly feed"):
            bulk("opportunities", deal_row(1), deal_row(2))
            bulk("opportunities", deal_row(1, amount=5), deal_row(2), user=admin)

        entries = all_of(Change).filter(model="crm.opportunity").order_by("id")
        assert [e.operation for e in entries] == ["create", "create", "update"]
        created, changed = entries[0], entries[2]
        assert created.after["amount"] == "90.950"
        assert created.after == all_of(Change).get(pk=entries[1].pk).after | {
            "external_id": "O1",
            "name": "Deal 1",
        }
        assert (changed.before, changed.after) == ({"amount": "90.950"}, {"amount": "5.000"})
        assert (changed.actor_id, changed.source, changed.reason) == (admin.pk, "api", "nightly feed")
        assert (changed.object_name, changed.container_id) == ("Deal 1", account.pk)
        assert deal().updated_by_id == admin.pk

    def test_the_entry_says_what_an_ordinary_save_would_say(self, account: Account) -> None:
        bulk("opportunities", deal_row())
        stage = factories.won_stage()
        saved = Opportunity(
            account=account,
            name="Deal 1",
            stage=stage,
            amount=Decimal("90.95"),
            currency="USD",
            close_date=date(2026, 2, 28),
            source="erp",
            external_id="O2",
        )
        saved.save()

        by_bulk, by_save = all_of(Change).filter(model="crm.opportunity").order_by("id")

        assert by_bulk.after | {"external_id": "O2"} == by_save.after

    def test_the_kpis_of_the_plan_are_right_at_the_next_read(self, account: Account) -> None:
        plan = factories.create_plan(account, owner=factories.create_user("ann"))
        today = plan.start_date.isoformat()
        fresh_kpi(plan)

        bulk(
            "opportunities",
            deal_row(1, close_date=today, amount=100),
            deal_row(2, close_date=today, amount=11),
        )
        won, is_fresh = fresh_kpi(plan)
        bulk("opportunities", deal_row(2, close_date=today, amount=12, stage={"name": "Proposal"}))
        reopened, _ = fresh_kpi(plan)

        assert (won.won_revenue, won.won_count, is_fresh) == (111, 2, True)
        assert (reopened.won_revenue, reopened.pipeline) == (100, 12)

    def test_a_new_stage_brings_its_probability_unless_the_row_says_another(self, account: Account) -> None:
        bulk("opportunities", deal_row(1, probability=30), deal_row(2), deal_row(3))

        bulk(
            "opportunities",
            deal_row(1, stage={"name": "Proposal"}),
            deal_row(2, stage={"name": "Proposal"}, probability=70),
            {"source": "erp", "external_id": "O3", "probability": None},
        )

        assert [deal(n).probability for n in (1, 2, 3)] == [50, 70, 100]

    def test_empty_values_clear_a_field_or_take_its_default(self, account: Account) -> None:
        owner = factories.create_user("ann")
        bulk(
            "accounts",
            account_row(1, owner=str(owner.pk), website="https://example.com", call_frequency="weekly"),
        )

        result = bulk("accounts", account_row(1, owner=None, website="", call_frequency=None))

        account.refresh_from_db()
        assert counts(result) == (0, 1, 0, 0)
        assert (account.owner_id, account.website, account.call_frequency) == (None, "", CallFrequency.NONE)

    @pytest.mark.parametrize(
        ("kind", "row", "model"),
        [
            (
                "contacts",
                {"account": {"name": "Harbour Clinics"}, "name": "Ines 🌊", "email": "i@example.com"},
                Contact,
            ),
            ("product-categories", {"code": "DRESS", "name": "Dressings"}, ProductCategory),
            ("products", {"code": "P-1", "name": "Gauze", "category": {"code": "CAT"}}, Product),
            (
                "orders",
                {
                    "account": {"name": "Harbour Clinics"},
                    "date": "2024-02-29",
                    "amount": "-5",
                    "currency": "USD",
                },
                Order,
            ),
            (
                "activities",
                {
                    "account": {"name": "Harbour Clinics"},
                    "type": {"name": "Call"},
                    "subject": "Visit",
                    "status": "done",
                    "done_on": "2024-02-29",
                    "owner": {"username": "ann"},
                },
                Activity,
            ),
        ],
    )
    def test_each_kind_is_made_once_and_found_again(
        self, account: Account, kind: str, row: dict[str, Any], model: Any
    ) -> None:
        factories.create_category("Category", code="CAT")
        factories.create_activity_type("Call")
        factories.create_user("ann")
        row = {"source": "erp", "external_id": "X1", **row}

        first, second = bulk(kind, row), bulk(kind, row)

        assert (counts(first), counts(second)) == ((1, 0, 0, 0), (0, 0, 1, 0)), first.errors + second.errors
        made = all_of(model).get(external_id="X1")
        made.full_clean()

    def test_products_are_also_found_by_code_and_then_take_the_key(self) -> None:
        product = factories.create_product("Gauze", code="G1")

        result = bulk("products", {"source": "erp", "external_id": "77", "code": "G1", "name": "Gauze 10 cm"})
        again = bulk("products", {"code": "G1", "name": "Gauze 10 cm"})

        product.refresh_from_db()
        assert (counts(result), counts(again)) == ((0, 1, 0, 0), (0, 0, 1, 0))
        assert (product.source, product.external_id, product.name) == ("erp", "77", "Gauze 10 cm")

    def test_catalogs_of_the_command_are_found_by_their_natural_key(self) -> None:
        rows = {
            "stages": {"name": "Won", "is_closed": True, "is_won": True, "default_probability": 100},
            "territories": {"code": "N", "name": "North"},
            "pick-list-values": {"pick_list": "industry", "name": "Retail"},
            "exchange-rates": {"currency": "EUR", "valid_from": "2024-01-01", "rate": "1.1"},
            "activity-types": {"name": "Call"},
        }

        first = {kind: counts(bulk(kind, row)) for kind, row in rows.items()}
        second = {kind: counts(bulk(kind, row)) for kind, row in rows.items()}

        assert set(first.values()) == {(1, 0, 0, 0)}
        assert set(second.values()) == {(0, 0, 1, 0)}
        industries = PickListValue.objects.filter(pick_list="industry")
        assert (Stage.objects.count(), industries.count(), ExchangeRate.objects.count()) == (1, 1, 1)


class TestRefusing:
    @pytest.mark.parametrize(
        ("field", "value", "code"),
        [
            ("amount", "ninety", "invalid"),
            ("amount", 10**400, "invalid"),
            ("amount", "1e400", "invalid"),
            ("amount", "NaN", "invalid"),
            ("amount", True, "invalid"),
            ("amount", [1], "invalid"),
            ("amount", {"a": 1}, "invalid"),
            ("amount", None, "required"),
            ("amount", "", "required"),
            ("amount", "1000000000001", "max_value"),
            ("amount", "0.001", "max_decimal_places"),
            ("amount", "9" * 5000, "invalid"),
            ("currency", "XXQ", "currency"),
            ("currency", "dollars", "max_length"),
            ("close_date", "2026-02-29", "invalid_date"),
            ("close_date", "29.02.2024", "invalid"),
            ("close_date", 20240229, "invalid"),
            ("probability", 101, "max_value"),
            ("probability", -1, "min_value"),
            ("name", "", "required"),
            ("name", "   ", "required"),
            ("name", "x" * 201, "max_length"),
            ("name", "nul\x00", "unstorable"),
            ("name", "half \ud800", "unstorable"),
            ("name", ["a"], "invalid"),
            ("name", 1.5, "invalid"),
            ("account", None, "required"),
            ("account", "not-a-uuid", "invalid"),
            ("account", {"id": "not-a-uuid"}, "invalid"),
            ("account", {"external_id": "A1", "source": "erp", "name": "x"}, "invalid"),
            ("account", {"colour": "x"}, "invalid"),
            ("account", {"external_id": "A1", "source": None}, "invalid"),
            ("account", {"external_id": ["A1"], "source": "erp"}, "invalid"),
            ("account", {"external_id": "A1", "source": {"a": 1}}, "invalid"),
            ("account", {"external_id": "nul\x00", "source": "erp"}, "unstorable"),
            ("account", {"external_id": "A2", "source": "erp"}, "not_found"),
            ("account", 7, "invalid"),
            ("stage", {"name": "Nowhere"}, "not_found"),
            ("owner", {"username": "nobody"}, "not_found"),
            ("colour", "red", "unknown_field"),
            ("contacts", "all", "invalid"),
            ("contacts", [{"source": "erp", "external_id": "C1"}], "not_found"),
            ("external_id", "x" * 201, "max_length"),
        ],
    )
    def test_a_wrong_value_is_reported_with_its_row_and_field(
        self, account: Account, field: str, value: Any, code: str
    ) -> None:
        result = bulk("opportunities", deal_row(1), deal_row(2, **{field: value}), atomic=False)

        place = "contacts.0" if field == "contacts" and isinstance(value, list) else field
        assert problems(result) == [(1, place, code)]
        assert counts(result) == (1, 0, 0, 1)

    def test_all_errors_of_all_rows_are_reported_and_nothing_is_kept(self, account: Account) -> None:
        result = bulk(
            "opportunities",
            deal_row(1),
            deal_row(2, amount="x", close_date="y"),
            "no object",
            {"source": "erp", "external_id": "O4"},
        )

        assert counts(result) == (0, 0, 0, 3)
        assert problems(result) == [
            (1, "amount", "invalid"),
            (1, "close_date", "invalid"),
            (2, "", "invalid"),
            (3, "account", "required"),
            (3, "name", "required"),
            (3, "stage", "required"),
            (3, "amount", "required"),
            (3, "currency", "required"),
            (3, "close_date", "required"),
        ]
        assert not all_of(Opportunity).exists()
        assert not all_of(Change).filter(model="crm.opportunity").exists()

    def test_without_atomic_the_sound_rows_are_kept(self, account: Account) -> None:
        result = bulk("opportunities", deal_row(1), deal_row(2, amount="x"), deal_row(3), atomic=False)

        assert counts(result) == (2, 0, 0, 1)
        assert set(all_of(Opportunity).values_list("external_id", flat=True)) == {"O1", "O3"}

    @pytest.mark.parametrize(
        ("row", "field"),
        [
            ({"name": "x"}, "external_id"),
            ({"name": "x", "source": "erp"}, "external_id"),
            ({"name": "x", "external_id": "A1"}, "source"),
            ({"name": "x", "external_id": None, "source": None}, "external_id"),
        ],
    )
    def test_a_row_without_a_key_is_refused(self, db: None, row: dict[str, Any], field: str) -> None:
        assert problems(bulk("accounts", row)) == [(0, field, "required")]

    def test_a_key_given_twice_names_the_first_row(self, db: None) -> None:
        result = bulk("accounts", account_row(1), account_row(2), account_row(1, name="Other"), atomic=False)

        assert problems(result) == [(2, "external_id", "duplicate")]
        assert "0" in result.errors[0].message
        assert all_of(Account).get(external_id="A1").name == "Account 1"

    def test_two_rows_that_mean_the_same_product_are_told_apart(self) -> None:
        factories.create_product("Gauze", code="G1")
        bulk("products", {"source": "erp", "external_id": "77", "code": "G1"})

        result = bulk(
            "products",
            {"source": "erp", "external_id": "77", "name": "By key"},
            {"code": "G1", "name": "By code"},
            atomic=False,
        )

        assert problems(result) == [(1, "code", "duplicate")]

    def test_a_code_of_another_record_is_refused(self) -> None:
        category = factories.create_category(code="CAT")
        for number in (1, 2):
            row = {"source": "erp", "external_id": f"{number}", "code": f"P{number}", "name": "x"}
            bulk("products", {**row, "category": str(category.pk)})

        result = bulk("products", {"source": "erp", "external_id": "1", "code": "P2"})

        assert problems(result) == [(0, "code", "unique")]

    def test_names_that_are_not_unique_are_no_reference(self, account: Account) -> None:
        factories.create_account("Harbour Clinics")

        result = bulk("opportunities", deal_row(account={"name": "Harbour Clinics"}))

        assert problems(result) == [(0, "account", "ambiguous")]

    def test_an_amount_is_checked_against_the_currency_it_will_have(self, account: Account) -> None:
        bulk("opportunities", deal_row(1), deal_row(2, currency="JPY", amount=5))

        result = bulk(
            "opportunities",
            {"source": "erp", "external_id": "O1", "currency": "JPY"},
            {"source": "erp", "external_id": "O2", "amount": "5.5"},
        )

        assert problems(result) == [(0, "amount", "max_decimal_places"), (1, "amount", "max_decimal_places")]

    def test_lists_of_choices_take_only_their_own_values(self, db: None) -> None:
        factories.create_pick_list_value("Retail", pick_list="industry")
        segment = factories.create_pick_list_value("Strategic", pick_list="segment")

        result = bulk(
            "accounts",
            account_row(1, industry={"name": "Retail"}),
            account_row(2, industry={"name": "Strategic"}),
            account_row(3, industry=str(segment.pk)),
            account_row(4, call_frequency="hourly"),
            atomic=False,
        )

        assert [(e.row, e.field) for e in result.errors] == [
            (1, "industry"),
            (2, "industry"),
            (3, "call_frequency"),
        ]
        assert result.created == 1

    def test_a_retired_value_stays_where_it_is_and_is_not_given_anew(self, db: None) -> None:
        value = factories.create_pick_list_value("Retail", pick_list="industry")
        bulk("accounts", account_row(1, industry=str(value.pk)))
        value.is_retired = True
        value.save()

        result = bulk(
            "accounts",
            account_row(1, industry={"name": "Retail"}, name="Renamed"),
            account_row(2, industry={"name": "Retail"}),
            atomic=False,
        )

        assert problems(result) == [(1, "industry", "retired")]
        assert result.updated == 1

    def test_a_rule_of_the_table_is_reported_not_raised(self, db: None) -> None:
        result = bulk("stages", {"name": "Won", "is_won": True, "is_closed": False})

        assert [(e.row, e.field) for e in result.errors] == [(0, "")]
        assert not Stage.objects.exists()

    def test_a_done_activity_needs_its_day(self, account: Account) -> None:
        factories.create_activity_type("Call")
        factories.create_user("ann")
        row = {
            "source": "erp",
            "external_id": "V1",
            "type": {"name": "Call"},
            "account": {"source": "erp", "external_id": "A1"},
            "subject": "Visit",
            "owner": {"username": "ann"},
            "status": "done",
        }

        assert [(e.row, e.field) for e in bulk("activities", row).errors] == [(0, "done_on")]


class TestTrees:
    def test_children_may_come_before_their_parents(self, db: None) -> None:
        result = bulk(
            "accounts",
            account_row(3, parent={"source": "erp", "external_id": "A2"}),
            account_row(2, parent={"source": "erp", "external_id": "A1"}),
            account_row(1),
        )

        assert counts(result) == (3, 0, 0, 0)
        edges = AccountEdge.objects.values_list("ancestor__external_id", "descendant__external_id", "depth")
        assert set(edges) == {
            ("A1", "A1", 0),
            ("A2", "A2", 0),
            ("A3", "A3", 0),
            ("A1", "A2", 1),
            ("A2", "A3", 1),
            ("A1", "A3", 2),
        }

    def test_a_ring_is_reported_for_each_of_its_rows_and_those_below(self, db: None) -> None:
        def below(number: int) -> dict[str, Any]:
            return {"source": "erp", "external_id": f"A{number}"}

        result = bulk(
            "accounts",
            account_row(1, parent=below(2)),
            account_row(2, parent=below(1)),
            account_row(3, parent=below(2)),
            account_row(4, parent=below(4)),
            account_row(5),
            atomic=False,
        )

        assert problems(result) == [
            (0, "parent", "cycle"),
            (1, "parent", "cycle"),
            (2, "parent", "not_found"),
            (3, "parent", "cycle"),
        ]
        assert result.created == 1

    def test_a_ring_through_stored_rows_is_refused(self, db: None) -> None:
        top = factories.create_account("Top", source="erp", external_id="A1")
        middle = factories.create_account("Middle", parent=top)
        factories.create_account("Bottom", parent=middle, source="erp", external_id="A3")

        result = bulk(
            "accounts",
            {"source": "erp", "external_id": "A1", "parent": {"source": "erp", "external_id": "A3"}},
        )

        assert problems(result) == [(0, "parent", "cycle")]

    def test_parent_and_child_can_change_places(self, db: None) -> None:
        parent = factories.create_account("Parent", source="erp", external_id="A1")
        factories.create_account("Child", parent=parent, source="erp", external_id="A2")

        result = bulk(
            "accounts",
            {"source": "erp", "external_id": "A1", "parent": {"source": "erp", "external_id": "A2"}},
            {"source": "erp", "external_id": "A2", "parent": None},
        )

        assert counts(result) == (0, 2, 0, 0)
        deeper = AccountEdge.objects.filter(depth=1).values_list("ancestor__name", "descendant__name")
        assert list(deeper) == [("Child", "Parent")]

    def test_a_child_of_a_refused_new_parent_is_refused_too(self, db: None) -> None:
        result = bulk(
            "product-categories",
            {"code": "B", "name": "Below", "parent": {"code": "A"}},
            {"code": "A", "name": ""},
            {"code": "C", "name": "Alone"},
            atomic=False,
        )

        assert problems(result) == [(0, "parent", "not_found"), (1, "name", "required")]
        assert list(ProductCategory.objects.values_list("code", flat=True)) == ["C"]

    def test_a_contact_may_report_to_one_of_the_same_batch(self, account: Account) -> None:
        def contact(number: int, **values: Any) -> dict[str, Any]:
            row = {"source": "erp", "external_id": f"C{number}", "name": f"Contact {number}"}
            return {**row, "account": str(account.pk), **values}

        result = bulk("contacts", contact(1, reports_to={"source": "erp", "external_id": "C2"}), contact(2))

        assert counts(result) == (2, 0, 0, 0)
        assert all_of(Contact).get(external_id="C1").reports_to.name == "Contact 2"


class TestStatements:
    @pytest.mark.parametrize("changed", [False, True])
    def test_the_number_of_statements_does_not_depend_on_the_number_of_rows(
        self, account: Account, changed: bool
    ) -> None:
        product = factories.create_product()

        def rows(numbers: range, **values: Any) -> list[dict[str, Any]]:
            lines = [{"product": {"code": product.code}, "quantity": values["amount"]}]
            return [deal_row(n, lines=lines, **values) for n in numbers]

        if changed:
            bulk("opportunities", *rows(range(202), amount=1))
        taken = []
        for numbers in (range(2), range(2, 202)):
            with CaptureQueriesContext(connection) as queries:
                result = bulk("opportunities", *rows(numbers, amount=2))
            assert counts(result) == ((0, len(numbers), 0, 0) if changed else (len(numbers), 0, 0, 0))
            taken.append(len(queries))

        assert taken[0] == taken[1]
        assert taken[1] <= 15

    def test_every_kind_names_only_fields_of_its_model(self) -> None:
        for kind in KINDS.values():
            names = {f.name for f in kind.model._meta.get_fields()}
            children = {kind.children.name} if kind.children else set()
            assert kind.allowed - children <= names
