"""No input gives a 5xx: what nobody sane sends, to every field of every resource."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest
from django.urls import get_resolver

from kam.users.models import User
from tests import factories
from tests.fixtures import ApiFor, World

BASE = "/api/v1/"
RESOURCES = (
    "territories",
    "accounts",
    "contacts",
    "product-categories",
    "products",
    "stages",
    "opportunities",
    "orders",
    "activity-types",
    "activities",
    "exchange-rates",
    "pick-list-values",
    "plan-types",
    "custom-fields",
    "goal-definitions",
    "action-plan-templates",
    "action-plan-template-versions",
    "action-plan-template-items",
    "account-plans",
    "strategies",
    "account-plan-objectives",
    "account-plan-participants",
    "account-plan-products",
    "related-object-analyses",
    "action-plans",
    "action-plan-items",
    "assessment-tasks",
)
VALUES: list[Any] = [
    None,
    True,
    -1,
    2**31,
    2**63,
    10**39,
    1.5,
    "",
    "x" * 30_000,
    "0001-01-01",
    "9999-12-31",
    "2026-02-30",
    "00000000-0000-4000-8000-000000000000",
    "\u202e\u200b😀",
    "javascript:alert(1)",
    "1e400",
    "-0",
    "'; DROP TABLE crm_account; --",
    "٣",
    [],
    [None],
    [[]],
    {"id": 1},
    ["x"] * 600,
]
PARAMETERS = ("", "x", "\x00", "-1", "1" * 400, "1e400", "a,b,-c", "9999-12-31", "\ud800")


def serializer_fields(resource: str) -> list[str]:
    match = get_resolver().resolve(f"/{BASE.strip('/')}/{resource}/")
    serializer = match.func.cls.serializer_class(context={"request": None})
    return [name for name, field in serializer.fields.items() if not field.read_only]


@pytest.fixture
def rows(world: World, admin: User) -> dict[str, Any]:
    """One row of every resource that an administrator may change."""
    template = factories.create_template(items=1)
    draft = factories.draft_of(template)
    task = factories.create_task(factories.create_action_plan(factories.create_objective(world.plan)))
    return {
        "territories": world.account.territory,
        "accounts": world.account,
        "contacts": world.contact,
        "product-categories": world.product.category,
        "products": world.product,
        "stages": world.open.stage,
        "opportunities": world.open,
        "orders": world.order,
        "activity-types": world.activity.type,
        "activities": world.activity,
        "exchange-rates": factories.create_rate("EUR", 1),
        "pick-list-values": factories.create_pick_list_value(),
        "plan-types": world.plan.plan_type,
        "custom-fields": factories.create_custom_field(world.plan.plan_type),
        "goal-definitions": factories.create_goal(templates=[template]),
        "action-plan-templates": template,
        "action-plan-template-versions": draft,
        "action-plan-template-items": draft.items.get(),
        "account-plans": factories.create_plan(world.account, owner=admin),
        "strategies": factories.create_strategy(world.plan),
        "account-plan-objectives": factories.create_objective(world.plan),
        "account-plan-products": factories.create_plan_product(world.plan),
        "related-object-analyses": factories.create_analysis(world.plan),
        "account-plan-participants": factories.add_participant(world.plan, world.keeper),
        "action-plans": task.item.action_plan,
        "action-plan-items": task.item,
        "assessment-tasks": task,
    }


def fields_refused(response: Any) -> set[str]:
    errors = response.json().get("errors") if response.status_code == 400 else None
    return {re.split(r"[.\[]", error["field"])[0] for error in errors or () if error["field"]}


def plain(body: Any) -> str:
    return json.dumps(body, default=str)


@pytest.mark.parametrize("resource", RESOURCES)
def test_any_value_in_any_field_is_taken_or_refused(
    admin: User, rows: dict[str, Any], api: ApiFor, resource: str
) -> None:
    """All fields get a value at once; those that did not refuse it get it again alone, to be written."""
    client, row = api(admin), rows[resource]
    url = f"{BASE}{resource}/{row.pk}/"
    version = client.get(url).json()["version"]
    names = serializer_fields(resource)
    refused_at_all = set()

    def patch(values: dict[str, Any]) -> set[str]:
        """The fields that refused."""
        nonlocal version
        body = plain({"version": version} | values)
        response = client.patch(url, body, content_type="application/json")
        assert response.status_code in {200, 400, 412, 428}, (values, response.content[:500])
        version = response.json().get("version", version)
        return fields_refused(response)

    for value in VALUES:
        refused = patch({name: value for name in names if name != "version"})
        for name in names:
            if name not in refused:
                patch({name: value})
        refused_at_all |= refused

    assert refused_at_all & set(names)
    assert client.get(f"{BASE}{resource}/").status_code == 200


@pytest.mark.parametrize("resource", RESOURCES)
def test_creating_from_nonsense_is_refused(admin: User, db: None, api: ApiFor, resource: str) -> None:
    client, url = api(admin), f"{BASE}{resource}/"
    names = serializer_fields(resource)

    for value in VALUES:
        response = client.post(url, plain(dict.fromkeys(names, value)), content_type="application/json")
        assert response.status_code == 400, (value, response.content[:500])


@pytest.mark.parametrize("resource", [*RESOURCES, "users"])
def test_any_value_of_any_parameter_is_taken_or_refused(
    admin: User, world: World, api: ApiFor, resource: str
) -> None:
    client = api(admin)
    view = get_resolver().resolve(f"/{BASE.strip('/')}/{resource}/").func.cls
    names = view.filterset_class.parameter_names() | {"page", "page_size"}

    def get(names: Iterable[str], value: str) -> set[str]:
        """The parameters that refused."""
        query = "&".join(f"{name}={quote(value, errors='surrogatepass')}" for name in names)
        response = client.get(f"{BASE}{resource}/?{query}")
        assert response.status_code in {200, 400, 404}, (query, response.content[:500])
        return fields_refused(response)

    for value in PARAMETERS:
        refused = get(sorted(names), value)
        for name in sorted(names - refused):
            get([name], value)


@pytest.mark.parametrize(
    "path",
    [
        "accounts/%00/",
        "accounts/1/",
        "accounts/%F0%9F%98%80/",
        "accounts/00000000-0000-4000-8000-00000000000g/",
        "accounts/../../etc/passwd",
        "nothing/",
        "%0a",
        "accounts//",
    ],
)
@pytest.mark.parametrize("method", ["get", "post", "delete"])
def test_paths_that_do_not_exist_are_problems(
    admin: User, api: ApiFor, errors_of: Any, path: str, method: str
) -> None:
    response = getattr(api(admin), method)(f"{BASE}{path}")

    assert response.status_code == 404
    assert errors_of(response) == [(None, "not_found")]


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/v2/accounts/"])
def test_other_versions_are_problems_as_well(admin: User, api: ApiFor, errors_of: Any, path: str) -> None:
    response = api(admin).get(path)

    assert (response.status_code, errors_of(response)) == (404, [(None, "not_found")])


def test_a_path_without_its_slash_is_sent_there_with_method_and_body(admin: User, api: ApiFor) -> None:
    response = api(admin).post(f"{BASE}accounts?x=1", {"name": "A"})

    assert (response.status_code, response["Location"]) == (308, "/api/v1/accounts/?x=1")


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("text/plain", b"{}", 415),
        ("application/x-www-form-urlencoded", b"name=x", 415),
        ("multipart/form-data; boundary=x", b"--x--", 415),
        ("multipart/form-data", b"--x--", 415),
        ("application/json; charset=utf-16", b"{}", 415),
        ("application/json", b"{", 400),
        ("application/json", b"\xff", 400),
        ("application/json", b"[]", 400),
        ("application/json", b'{"name": 1e999}', 400),
        ("application/json", b'{"name": ' + b"[" * 50_000, 400),
        ("x" * 500, b"{}", 415),
        ("", b"{}", 415),
    ],
)
def test_bodies_that_are_no_json_are_problems(
    admin: User, api: ApiFor, errors_of: Any, content_type: str, body: bytes, status: int
) -> None:
    response = api(admin).generic("POST", f"{BASE}accounts/", body, content_type=content_type)

    assert response.status_code == status
    assert errors_of(response)


def test_body_that_is_too_large_is_413(admin: User, api: ApiFor, errors_of: Any, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000

    response = api(admin).post(f"{BASE}accounts/", {"name": "x" * 2_000})

    assert response.status_code == 413
    assert errors_of(response) == [(None, "too_large")]


@pytest.mark.parametrize(
    ("resource", "field", "value"),
    [
        ("accounts", "name", 5),
        ("accounts", "website", 5),
        ("contacts", "email", True),
        ("stages", "order", "5"),
        ("stages", "order", True),
        ("stages", "order", 1.5),
        ("stages", "is_closed", 0),
        ("stages", "is_closed", "no"),
        ("related-object-analyses", "impact", "3"),
        ("related-object-analyses", "objectives", {}),
        ("opportunities", "contacts", {}),
        ("assessment-tasks", "evidence_links", [5]),
    ],
)
def test_a_value_of_another_json_type_is_refused(
    admin: User, rows: Any, api: ApiFor, errors_of: Any, resource: str, field: str, value: Any
) -> None:
    row = rows[resource]
    response = api(admin).patch(f"{BASE}{resource}/{row.pk}/", {field: value, "version": row.version})

    assert {name for name, _code in errors_of(response)} == {field}


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "image/*", "nonsense"])
def test_answers_are_json_only(admin: User, api: ApiFor, errors_of: Any, accept: str) -> None:
    response = api(admin).get(f"{BASE}accounts/", headers={"Accept": accept})

    assert response.status_code == 406
    assert errors_of(response)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"])
def test_methods_that_a_path_does_not_know_are_405(
    admin: User, api: ApiFor, errors_of: Any, method: str
) -> None:
    response = api(admin).generic(method, f"{BASE}accounts/")

    assert response.status_code == 405
    assert errors_of(response) == [(None, "method_not_allowed")]
    assert response["Allow"] == "GET, POST, HEAD"


@pytest.mark.parametrize("tag", ["", "nonsense", '"1', '"' + "9" * 40 + '"', "*, *", '"٣"', ","])
def test_if_match_that_names_no_version_matches_none(
    account_manager: User, world: World, api: ApiFor, tag: str
) -> None:
    client, url = api(account_manager), f"{BASE}account-plans/{world.plan.pk}/"

    assert client.patch(url, {"name": "x"}, headers={"If-Match": tag}).status_code in {412, 428}
    assert client.get(url).json()["name"] == "Harbour Clinics this year"


@pytest.mark.parametrize("version", ["1", 1.0, True, 0, -1, [], {}, 10**30])
def test_version_in_the_body_is_a_whole_number(
    account_manager: User, world: World, api: ApiFor, version: Any
) -> None:
    response = api(account_manager).patch(
        f"{BASE}account-plans/{world.plan.pk}/", {"name": "x", "version": version}
    )

    assert response.status_code in {400, 412}


def test_text_like_a_formula_or_markup_comes_back_as_it_was(
    account_manager: User, world: World, api: ApiFor
) -> None:
    text = "=1+1 <b>&amp;</b> “quoted” \u2028 😀"
    url = f"{BASE}accounts/{world.account.pk}/"

    response = api(account_manager).patch(url, {"business_overview": text})

    assert response.json()["business_overview"] == text
    assert Decimal(api(account_manager).get(f"{BASE}orders/{world.order.pk}/").json()["amount"]) == 300
