"""`POST {kind}/bulk/`: the contract around the bulk write; what it does with rows is in tests/crm/test_bulk*.py."""

from __future__ import annotations

import json
from typing import Any

import pytest

from crm.api import bulk
from crm.models import Account, Opportunity
from kam.users.models import User
from metrics.operations import fresh_kpi
from tests.fixtures import ApiFor, World

pytestmark = pytest.mark.django_db
KINDS = ("accounts", "contacts", "product-categories", "products", "opportunities", "orders", "activities")
FED = {"admin", "integration"}
BY_ACCOUNT = FED | {"account_manager", "colleague", "stranger", "manager", "msl"}
WRITERS = {
    kind: FED if kind in {"product-categories", "products", "orders"} else BY_ACCOUNT for kind in KINDS
}


def url(kind: str) -> str:
    return f"/api/v1/{kind}/bulk/"


def account_row(number: int, **values: Any) -> dict[str, Any]:
    return {"source": "erp", "external_id": f"A{number}", "name": f"Account {number}", **values}


@pytest.fixture
def erp(integration: User, api: ApiFor) -> Any:
    return api(integration)


@pytest.mark.parametrize("kind", KINDS)
def test_who_may_call_it(cast: dict[str, User], api: ApiFor, errors_of: Any, kind: str) -> None:
    for name, user in cast.items():
        response = api(user).post(url(kind), {"rows": []})
        if name in WRITERS[kind]:
            nothing = {"created": 0, "updated": 0, "unchanged": 0, "failed": 0, "errors": []}
            assert (response.status_code, response.json()) == (200, nothing), name
        else:
            assert response.status_code == 403, name
            assert errors_of(response) == [(None, "permission_denied")]


def test_rows_are_made_changed_and_left_alone(erp: Any) -> None:
    rows = [account_row(1), account_row(2)]
    first = erp.post(url("accounts"), {"mode": "upsert", "atomic": True, "rows": rows})
    second = erp.post(url("accounts"), {"rows": [account_row(1), account_row(2, name="New"), account_row(3)]})

    assert first.json() == {"created": 2, "updated": 0, "unchanged": 0, "failed": 0, "errors": []}
    assert second.json() == {"created": 1, "updated": 1, "unchanged": 1, "failed": 0, "errors": []}
    names = Account.objects.unscoped("test").order_by("external_id").values_list("name", flat=True)
    assert list(names) == ["Account 1", "New", "Account 3"]


def refused_rows(response: Any) -> list[tuple[int, str, str]]:
    """(row, field, code) of what refused a request as a whole: a problem that says what the answer would."""
    assert (response.status_code, response["Content-Type"]) == (400, "application/problem+json")
    body = response.json()
    assert {"type", "title", "status", "detail", "created", "updated", "unchanged", "failed"} <= set(body)
    return [(error["row"], error["field"], error["code"]) for error in body["errors"]]


def test_a_refused_row_refuses_the_request(erp: Any) -> None:
    rows = [account_row(1), account_row(2, name=""), account_row(3, parent={"external_id": "A9"}), 7]

    response = erp.post(url("accounts"), {"rows": rows})

    assert refused_rows(response) == [(1, "name", "required"), (2, "parent", "not_found"), (3, "", "invalid")]
    assert (response.json()["created"], response.json()["failed"]) == (0, 3)
    assert not Account.objects.unscoped("test").exists()


NOTHING_STORES = ["a\x00b", "\ud800", {"\ud800": 1}, ["\x00"]]


@pytest.mark.parametrize("name", ["name", "parent", "currency", "external_id", "call_frequency", "strange"])
def test_a_text_that_no_database_stores_is_an_error_of_its_row(erp: Any, name: str) -> None:
    key = "\ud800\x00" if name == "strange" else name
    rows = [account_row(number, **{key: text}) for number, text in enumerate(NOTHING_STORES, 2)]

    def post(body: Any) -> Any:  # escaped, as UTF-8 itself cannot hold it
        return erp.generic("POST", url("accounts"), json.dumps(body), content_type="application/json")

    response = post({"atomic": False, "rows": [account_row(1), *rows]})
    assert (response.status_code, response.json()["created"], response.json()["failed"]) == (200, 1, 4)
    assert {error["row"] for error in response.json()["errors"]} == {1, 2, 3, 4}
    assert post({"mode": "\ud800", "rows": []}).json()["errors"][0]["field"] == "mode"


def test_without_atomic_the_answer_names_the_refused_rows(erp: Any) -> None:
    response = erp.post(url("accounts"), {"atomic": False, "rows": [account_row(1), account_row(2, name="")]})

    error = {"row": 1, "field": "name", "code": "required", "message": "This field is required."}
    assert response.json() == {"created": 1, "updated": 0, "unchanged": 0, "failed": 1, "errors": [error]}


def test_errors_of_lines_name_their_path(world: World, admin: User, api: ApiFor) -> None:
    row = {
        "source": "erp",
        "external_id": "O1",
        "account": str(world.account.pk),
        "name": "Deal",
        "stage": {"name": "Won"},
        "amount": "1",
        "currency": "USD",
        "close_date": "2026-01-01",
        "lines": [{"product": {"code": world.product.code}, "amount": "x"}],
    }

    response = api(admin).post(url("opportunities"), {"rows": [row]})

    assert refused_rows(response) == [(0, "lines.0.amount", "invalid")]


@pytest.mark.parametrize(
    ("body", "status", "errors"),
    [
        ({}, 400, [("rows", "required")]),
        ({"rows": {}}, 400, [("rows", "invalid")]),
        ({"rows": None}, 400, [("rows", "null")]),
        ({"rows": [], "mode": "replace"}, 400, [("mode", "invalid_choice")]),
        ({"rows": [], "atomic": "perhaps"}, 400, [("atomic", "invalid")]),
        ({"rows": [], "colour": 1}, 400, [("colour", "unknown")]),
    ],
)
def test_a_body_of_another_form_is_refused(
    erp: Any, errors_of: Any, body: Any, status: int, errors: list[Any]
) -> None:
    response = erp.post(url("accounts"), body)

    assert (response.status_code, errors_of(response)) == (status, errors)


def test_too_many_rows_are_too_large(erp: Any, errors_of: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert bulk.MOST_ROWS == 10_000
    monkeypatch.setattr(bulk, "MOST_ROWS", 2)

    assert erp.post(url("accounts"), {"rows": [account_row(n) for n in range(2)]}).status_code == 200
    response = erp.post(url("accounts"), {"rows": [account_row(n) for n in range(3)]})

    assert (response.status_code, errors_of(response)) == (413, [(None, "too_large")])


def test_the_same_key_writes_once(erp: Any) -> None:
    body, headers = {"rows": [account_row(1)]}, {"Idempotency-Key": "k-1"}

    first = erp.post(url("accounts"), body, headers=headers)
    Account.objects.unscoped("test").update(name="Changed since")
    again = erp.post(url("accounts"), body, headers=headers)

    assert again.json() == first.json()
    assert again["Idempotent-Replayed"] == "true"
    assert Account.objects.unscoped("test").get().name == "Changed since"


def test_a_refusal_is_replayed_as_well(erp: Any) -> None:
    body, headers = {"rows": [account_row(1, name="")]}, {"Idempotency-Key": "k-2"}

    answers = [erp.post(url("accounts"), body, headers=headers) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [400, 400]
    assert answers[0].json() == answers[1].json()


def test_it_is_throttled_by_itself(erp: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk.BulkThrottle, "rate", "2/min")

    codes = [erp.post(url("accounts"), {"rows": []}).status_code for _ in range(3)]

    assert codes == [200, 200, 429]
    assert erp.get("/api/v1/accounts/").status_code == 200


def test_the_kpis_of_the_plans_are_right_at_the_next_read(world: World, admin: User, api: ApiFor) -> None:
    before = fresh_kpi(world.plan)[0].won_revenue
    world.open.source, world.open.external_id = "erp", "O1"
    world.open.save()

    response = api(admin).post(
        url("opportunities"), {"rows": [{"source": "erp", "external_id": "O1", "stage": {"name": "Won"}}]}
    )

    assert response.json()["updated"] == 1
    assert fresh_kpi(world.plan)[0].won_revenue == before + world.open.amount
    assert Opportunity.objects.unscoped("test").get(pk=world.open.pk).updated_by_id == admin.pk


def test_other_methods_are_not_there(erp: Any) -> None:
    assert {
        erp.generic(method, url("accounts")).status_code for method in ("GET", "PUT", "PATCH", "DELETE")
    } == {405}
