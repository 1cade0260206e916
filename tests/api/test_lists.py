"""Pages, order, parameters, and how many statements a list takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from crm.models import Order
from kam.core.api.pagination import CappedPagination
from kam.users.models import User
from tests import factories
from tests.fixtures import ApiFor, World

BASE = "/api/v1/"


def test_pages_follow_next(admin: User, api: ApiFor) -> None:
    names = [factories.create_account(f"Account {number:02}").name for number in range(5)]
    client, url, seen, counts = api(admin), f"{BASE}accounts/?page_size=2&ordering=-name", [], []

    while url:
        body = client.get(url).json()
        seen += [row["name"] for row in body["results"]]
        counts.append(body["count"])
        url = body["next"]

    assert seen == sorted(names, reverse=True)
    assert counts == [5, 5, 5]


def test_pages_point_back(admin: User, api: ApiFor) -> None:
    for _number in range(3):
        factories.create_account()
    client = api(admin)

    second = client.get(f"{BASE}accounts/?page_size=1&page=2").json()
    third = client.get(second["next"]).json()

    assert second["previous"] == "http://testserver/api/v1/accounts/?page_size=1"
    assert third["previous"] == "http://testserver/api/v1/accounts/?page=2&page_size=1"
    assert third["next"] is None


def test_pages_beyond_the_last_are_not_found(admin: User, api: ApiFor) -> None:
    client = api(admin)

    assert client.get(f"{BASE}accounts/").json() == {
        "count": 0,
        "next": None,
        "previous": None,
        "results": [],
    }
    assert client.get(f"{BASE}accounts/?page=2").status_code == 404


def test_pages_have_50_rows_and_never_more_than_500(admin: User, api: ApiFor) -> None:
    account = factories.create_account(currency="USD")
    orders = [Order(account=account, date="2026-01-01", amount=1, currency="USD") for _number in range(501)]
    Order.objects.bulk_create(orders)
    client = api(admin)

    sizes = [
        len(client.get(f"{BASE}orders/?{query}").json()["results"]) for query in ("", "page_size=100000")
    ]

    assert sizes == [50, 500]


def test_count_is_exact_up_to_its_limit_and_null_above(
    admin: User, api: ApiFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert CappedPagination.count_limit == 10_000
    monkeypatch.setattr(CappedPagination, "count_limit", 3)
    client = api(admin)
    counts = []

    for _number in range(5):
        factories.create_account()
        counts.append(client.get(f"{BASE}accounts/?page_size=2").json()["count"])

    assert counts == [1, 2, 3, None, None]
    assert client.get(f"{BASE}accounts/?page_size=2").json()["next"] is not None


@pytest.mark.parametrize(
    "query", ["page=0", "page=x", "page=1.5", "page_size=0", "page_size=-1", "page=99999999999"]
)
def test_pages_that_are_no_number_are_refused(admin: User, api: ApiFor, errors_of: Any, query: str) -> None:
    response = api(admin).get(f"{BASE}accounts/?{query}")

    assert errors_of(response) == [(query.partition("=")[0], "invalid")]


def test_order_of_equal_rows_is_the_same_on_every_page(admin: User, api: ApiFor) -> None:
    for _number in range(6):
        factories.create_account("Same name")
    client = api(admin)

    pages = [
        client.get(f"{BASE}accounts/?page_size=2&page={page}&ordering=name").json() for page in (1, 2, 3)
    ]

    assert len({row["id"] for page in pages for row in page["results"]}) == 6


def test_order_puts_rows_without_a_value_at_the_same_end_on_every_database(
    admin: User, account_manager: User, api: ApiFor
) -> None:
    factories.create_account("Without")
    factories.create_account("With", owner=account_manager)
    client = api(admin)

    def names(ordering: str) -> list[str]:
        return [row["name"] for row in client.get(f"{BASE}accounts/?ordering={ordering}").json()["results"]]

    assert (names("owner"), names("-owner")) == (["With", "Without"], ["Without", "With"])


@pytest.mark.parametrize("ordering", ["password", "owner__password", "parent", "-", "name,nothing", "?"])
def test_order_by_what_is_not_offered_is_refused(
    admin: User, api: ApiFor, errors_of: Any, ordering: str
) -> None:
    assert errors_of(api(admin).get(f"{BASE}accounts/", {"ordering": ordering})) == [
        ("ordering", "invalid_choice")
    ]


@pytest.mark.parametrize(
    ("path", "known"), [("accounts/", "name"), ("accounts/{pk}/", "page"), ("users/me/", "expand"), ("", "x")]
)
def test_parameters_that_a_path_does_not_know_are_refused_by_name(
    admin: User, api: ApiFor, errors_of: Any, path: str, known: str
) -> None:
    account = factories.create_account()

    response = api(admin).get(f"{BASE}{path.format(pk=account.pk)}", {known: "1"})

    assert response.status_code == 400
    assert errors_of(response) == [(known, "unknown_parameter")]


def test_parameters_of_writes_are_refused_too(admin: User, api: ApiFor, errors_of: Any) -> None:
    account = factories.create_account()

    response = api(admin).delete(f"{BASE}accounts/{account.pk}/?force=1")

    assert errors_of(response) == [("force", "unknown_parameter")]


def test_several_errors_are_all_named(admin: User, api: ApiFor, errors_of: Any) -> None:
    response = api(admin).get(f"{BASE}opportunities/?close_date_after=x&stage=1&amount_min=a")

    assert {field for field, _code in errors_of(response)} == {"close_date_after", "stage", "amount_min"}


def test_a_parameter_that_takes_one_value_is_given_once(admin: User, api: ApiFor, errors_of: Any) -> None:
    stages = [factories.create_stage() for _number in range(2)]
    account = factories.create_account()
    of_both = "&".join(f"stage={stage.pk}" for stage in stages)

    assert api(admin).get(f"{BASE}opportunities/?{of_both}").status_code == 200
    twice = api(admin).get(f"{BASE}opportunities/?account={account.pk}&account={account.pk}&page=1&page=2")
    assert errors_of(twice) == [("account", "repeated"), ("page", "repeated")]


# --- Statements -------------------------------------------------------------------------------
Make = Callable[[World, User], Any]


def _opportunity(world: World, user: User) -> Any:
    opportunity = factories.create_opportunity(world.account, owner=user, contacts=[world.contact])
    line = factories.create_opportunity_line(opportunity)
    factories.create_schedule(line)
    return opportunity


def _activity(world: World, user: User) -> Any:
    return factories.create_activity(
        world.account, owner=user, contacts=[world.contact], participants=[user, world.keeper]
    )


def _plan(world: World, user: User) -> Any:
    plan = factories.create_plan(world.account, owner=user, parent_plan=world.plan)
    type(plan).objects.unscoped("test").filter(pk=plan.pk).update(copied_from=world.draft)
    factories.create_objective(plan, owner=user, manual_progress=5)
    return plan


def _account(world: World, user: User) -> Any:
    values = {name: factories.create_pick_list_value(pick_list=name) for name in ("industry", "account_type")}
    account = factories.create_account(
        parent=world.account, owner=user, territory=world.account.territory, **values
    )
    factories.create_activity(account, owner=user, done_on=world.order.date)
    return account


def _territory(world: World, user: User) -> Any:
    territory = factories.create_territory(parent=world.account.territory)
    factories.add_member(territory, user)
    return territory


def _analysis(world: World, user: User) -> None:
    factories.create_analysis(
        world.plan,
        product=factories.create_plan_product(world.plan),
        objectives=[factories.create_objective(world.plan)],
    )


def _plan_type(world: World, user: User) -> None:
    plan_type = factories.create_plan_type(goals=[factories.create_goal()])
    factories.create_custom_field(plan_type)


def _action_plan(world: World, user: User) -> Any:
    version = factories.create_published_template()
    objective = factories.create_work_objective(world.plan)
    return factories.create_action_plan(objective, owner=user, template_version=version)


def _task(world: World, user: User) -> Any:
    action_plan = _action_plan(world, user)
    first = factories.create_task(action_plan, template_item=action_plan.template_version.items.first())
    values = {"prerequisite": first.item, "activity_type": factories.create_activity_type()}
    return factories.create_task(action_plan, target_quantity=4, quantity_done=1, **values)


LISTS: dict[str, tuple[int, Make]] = {
    # Statements: token with user, page with its count, then what the page's rows need together.
    "territories": (3, _territory),
    "accounts": (3, _account),
    "contacts": (3, lambda world, user: factories.create_contact(world.account, reports_to=world.contact)),
    "product-categories": (2, lambda world, user: factories.create_category(parent=world.product.category)),
    "products": (2, lambda world, user: factories.create_product()),
    "stages": (2, lambda world, user: factories.create_stage()),
    "opportunities": (6, _opportunity),
    "orders": (2, lambda world, user: factories.create_order(world.account, product=world.product)),
    "activity-types": (2, lambda world, user: factories.create_activity_type()),
    "activities": (5, _activity),
    "exchange-rates": (2, lambda world, user: factories.create_rate(["EUR", "GBP", "JPY"][_rates()], 1)),
    "pick-list-values": (2, lambda world, user: factories.create_pick_list_value()),
    "plan-types": (5, _plan_type),
    "custom-fields": (2, lambda world, user: factories.create_custom_field(world.plan.plan_type)),
    "account-plans": (5, _plan),
    "account-plan-products": (2, lambda world, user: factories.create_plan_product(world.plan)),
    "related-object-analyses": (3, _analysis),
    "strategies": (2, lambda world, user: factories.create_strategy(world.plan)),
    "account-plan-objectives": (
        2,
        lambda world, user: factories.create_objective(
            world.plan, strategy=factories.create_strategy(world.plan)
        ),
    ),
    "action-plans": (5, _action_plan),
    "action-plan-items": (3, lambda world, user: _task(world, user).item),
    "assessment-tasks": (2, lambda world, user: _task(world, user)),
    "account-plan-participants": (
        2,
        lambda world, user: factories.add_participant(world.plan, factories.create_user()),
    ),
    "users": (2, lambda world, user: factories.create_user(manager=user)),
    "api-tokens": (2, lambda world, user: factories.create_token(user)),
}


def _rates() -> int:
    from crm.models import ExchangeRate

    return ExchangeRate.objects.count()


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("who", ["account_manager", "admin"])
def test_lists_take_as_many_statements_for_3_rows_as_for_1(
    account_manager: User,
    admin: User,
    world: World,
    api: ApiFor,
    statements: Callable[[Callable[[], Any]], int],
    path: str,
    who: str,
) -> None:
    expected, make = LISTS[path]
    client = api(admin if who == "admin" else account_manager)
    client.get(f"{BASE}users/me/")  # notes when the token was used
    taken = []

    make(world, account_manager)
    taken.append(statements(lambda: client.get(f"{BASE}{path}/")))
    make(world, account_manager)
    make(world, account_manager)
    taken.append(statements(lambda: client.get(f"{BASE}{path}/")))

    assert taken == [expected, expected]
    assert expected <= 6
    assert client.get(f"{BASE}{path}/").json()["count"] >= (1 if path == "api-tokens" else 3)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("accounts", {"name": "New"}),
        (
            "opportunities",
            {
                "account": "",
                "stage": "",
                "name": "N",
                "amount": 1,
                "currency": "USD",
                "close_date": "2027-01-01",
            },
        ),
        ("activities", {"account": "", "type": "", "subject": "Call", "planned_for": "2027-01-01"}),
    ],
)
def test_creating_takes_at_most_12_statements(
    admin: User,
    world: World,
    api: ApiFor,
    statements: Callable[[Callable[[], Any]], int],
    path: str,
    body: dict[str, Any],
) -> None:
    known = {"account": world.account, "stage": world.open.stage, "type": world.activity.type}
    body = {name: value or str(known[name].pk) for name, value in body.items()}
    client = api(admin)
    client.get(f"{BASE}users/me/")
    answers: list[Any] = []

    count = statements(lambda: answers.append(client.post(f"{BASE}{path}/", body)))

    assert answers[0].status_code == 201
    assert count <= 12
