"""Lines, schedules and lists of references of rows that are written in bulk."""

from __future__ import annotations

from typing import Any

import pytest

from crm.bulk import BulkResult, upsert
from crm.models import Account, Activity, Opportunity, OpportunityLine, Product, RevenueSchedule
from kam.core.models import Change
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _catalog(db: None) -> None:
    factories.won_stage()
    factories.create_account("Harbour Clinics", source="erp", external_id="A1")
    for code in ("P1", "P2", "P3"):
        factories.create_product(code, code=code)


def write(lines: Any = None, **values: Any) -> BulkResult:
    row = {
        "source": "erp",
        "external_id": "O1",
        "account": {"source": "erp", "external_id": "A1"},
        "name": "Deal",
        "stage": {"name": "Won"},
        "amount": "100",
        "currency": "USD",
        "close_date": "2026-01-31",
        **values,
    }
    if lines is not None:
        row["lines"] = lines
    return upsert(kind="opportunities", rows=[row], user=None)


def product(code: str, **values: Any) -> dict[str, Any]:
    return {"product": {"code": code}, **values}


def stored() -> list[tuple[str, str, str]]:
    lines = OpportunityLine.objects.unscoped("test").order_by("created_at", "id")
    return [(line.product.code, f"{line.quantity:f}", f"{line.amount:f}") for line in lines]


def deal() -> Opportunity:
    return Opportunity.objects.unscoped("test").get()


def entries(model: str) -> list[tuple[str, Any, Any]]:
    changes = Change.objects.unscoped("test").filter(model=model).order_by("id")
    return [(change.operation, change.before, change.after) for change in changes]


def test_lines_are_made_in_the_order_given() -> None:
    result = write([product("P2", amount=60), product("P1", amount=40, quantity="2.5")])

    assert result.created == 1
    assert stored() == [("P2", "1.000", "60.000"), ("P1", "2.500", "40.000")]
    assert [operation for operation, _before, _after in entries("crm.opportunityline")] == ["create"] * 2
    assert {c.container_id for c in Change.objects.unscoped("test").filter(model="crm.opportunityline")} == {
        deal().account_id
    }


def test_the_only_line_has_the_amount_of_the_opportunity() -> None:
    write([product("P1")])
    write([product("P1")], amount="120")

    assert stored() == [("P1", "1.000", "120.000")]


def test_lines_not_given_stay_and_an_empty_list_removes_them() -> None:
    write([product("P1")])

    untouched = write(None)
    emptied = write([])

    assert (untouched.unchanged, emptied.updated) == (1, 1)
    assert stored() == []
    assert entries("crm.opportunityline")[-1][0] == "delete"


def test_lines_are_matched_by_product_then_reused() -> None:
    write([product("P1", amount=60), product("P2", amount=40)])
    ids = {line.product.code: line.pk for line in OpportunityLine.objects.unscoped("test")}

    result = write([product("P2", amount=50), product("P3", amount=50)])

    lines = {line.product.code: line for line in OpportunityLine.objects.unscoped("test")}
    assert result.updated == 1
    assert {code: line.pk for code, line in lines.items()} == {"P2": ids["P2"], "P3": ids["P1"]}
    assert {code: line.version for code, line in lines.items()} == {"P2": 2, "P3": 2}
    assert entries("crm.opportunityline")[2:] == [
        ("update", {"amount": "40.000"}, {"amount": "50.000"}),
        (
            "update",
            {"product": product_id("P1"), "amount": "60.000"},
            {"product": product_id("P3"), "amount": "50.000"},
        ),
    ]


def product_id(code: str) -> str:
    return str(Product.objects.get(code=code).pk)


def test_a_changed_line_raises_the_version_of_its_opportunity() -> None:
    write([product("P1", quantity=1)])
    write([product("P1", quantity=2)])
    same = write([product("P1", quantity=2)])

    assert (deal().version, same.unchanged) == (2, 1)
    assert [operation for operation, _b, _a in entries("crm.opportunity")] == ["create"]


@pytest.mark.parametrize(
    ("lines", "field", "code"),
    [
        ("many", "lines", "invalid"),
        ([product("P1")] * 201, "lines", "invalid"),
        (["P1"], "lines.0", "invalid"),
        ([{"colour": "red"}], "lines.0", "invalid"),
        ([product("P9")], "lines.0.product", "not_found"),
        ([product("P1", amount=1), product("P2", amount="x")], "lines.1.amount", "invalid"),
        ([product("P1", amount=1), product("P2")], "lines.1.amount", "required"),
        ([{"amount": 1}], "lines.0.product", "required"),
        ([product("P1", amount="0.001")], "lines.0.amount", "max_decimal_places"),
        ([product("P1", quantity="1e400")], "lines.0.quantity", "invalid"),
        (
            [product("P1", schedules=[{"date": "2026-02-30", "amount": 1}])],
            "lines.0.schedules.0.date",
            "invalid_date",
        ),
        ([product("P1", schedules=[{"amount": 1}])], "lines.0.schedules.0.date", "required"),
        ([product("P1", schedules={})], "lines.0.schedules", "invalid"),
    ],
)
def test_a_wrong_line_names_its_place(lines: Any, field: str, code: str) -> None:
    result = write(lines)

    assert [(error.field, error.code) for error in result.errors] == [(field, code)]
    assert not Opportunity.objects.unscoped("test").exists()


def test_schedules_are_matched_by_date() -> None:
    write(
        [
            product(
                "P1", schedules=[{"date": "2026-01-31", "amount": 60}, {"date": "2026-02-28", "amount": 40}]
            )
        ]
    )
    kept = RevenueSchedule.objects.unscoped("test").get(date="2026-02-28").pk

    result = write([product("P1", schedules=[{"date": "2026-02-28", "amount": "99.99"}])])
    same = write([product("P1", schedules=[{"date": "2026-02-28", "amount": "99.99"}])])
    untouched = write([product("P1")])

    assert (result.updated, same.unchanged, untouched.unchanged) == (1, 1, 1)
    schedule = RevenueSchedule.objects.unscoped("test").get()
    assert (schedule.pk, f"{schedule.amount:f}", schedule.version) == (kept, "99.990", 2)
    assert [operation for operation, _b, _a in entries("crm.revenueschedule")] == [
        "create",
        "create",
        "delete",
        "update",
    ]


def test_another_currency_must_fit_the_lines_that_stay() -> None:
    write([product("P1", amount="10.50", schedules=[{"date": "2026-01-31", "amount": "10.50"}])])

    result = write(None, currency="JPY")

    assert [(e.field, e.code) for e in result.errors] == [("lines.0.amount", "max_decimal_places")]
    assert write(None, currency="EUR").updated == 1


def test_contacts_are_set_and_logged_like_any_other_change_of_them() -> None:
    account = Account.objects.unscoped("test").get()
    for number in (1, 2, 3):
        factories.create_contact(account, source="erp", external_id=f"C{number}")

    def contacts(*numbers: int) -> list[dict[str, str]]:
        return [{"source": "erp", "external_id": f"C{number}"} for number in numbers]

    first = write(None, contacts=contacts(1, 2, 2))
    second = write(None, contacts=contacts(2, 3))
    third = write(None, contacts=contacts(3, 2))

    assert (first.created, second.updated, third.unchanged) == (1, 1, 1)
    linked = deal().contacts.unscoped("test").values_list("external_id", flat=True)
    assert sorted(linked) == ["C2", "C3"]
    assert deal().version == 2
    keys = [
        (before, after) for operation, before, after in entries("crm.opportunity") if operation == "update"
    ]
    assert [(len((b or a)["contacts"]), b is None) for b, a in keys] == [(2, True), (1, False), (1, True)]


def test_participants_of_an_activity_are_users() -> None:
    factories.create_activity_type("Call")
    for name in ("ann", "bo"):
        factories.create_user(name)
    row = {
        "source": "erp",
        "external_id": "V1",
        "type": {"name": "Call"},
        "account": {"source": "erp", "external_id": "A1"},
        "subject": "Visit",
        "owner": {"username": "ann"},
        "planned_for": "2026-05-01",
        "participants": [{"username": "bo"}],
    }

    result = upsert(kind="activities", rows=[row], user=None)

    assert result.created == 1
    activity = Activity.objects.unscoped("test").get()
    assert [user.username for user in activity.participants.all()] == ["bo"]
