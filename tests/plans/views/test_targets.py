from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from kam.users.models import User
from plans.models import AccountPlan, TargetLine
from plans.targeting import lines_of
from tests import factories
from tests.fixtures import ClientFor, Territories, World
from tests.pages import text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def plan(account_manager: User, territories: Territories) -> AccountPlan:
    account = factories.create_account(owner=account_manager, territory=territories.north)
    product = factories.create_product(category=factories.create_category("Bearings"))
    factories.create_order(account, amount=1_000, on_date=date(2024, 5, 5), product=product)
    return factories.create_plan(
        account, start_date=date(2025, 1, 1), end_date=date(2025, 12, 31), sales_target=5_000
    )


def url_of(plan: AccountPlan, name: str = "target_grid") -> str:
    return reverse(f"plans:{name}", args=[plan.pk])


def sent(line: TargetLine, **fields: Any) -> dict[str, Any]:
    """The fields of a line as the grid shows them, with some changed."""
    shown = {
        "version": line.version,
        "last_year": "",
        "growth": "",
        "target": f"{line.target:.2f}",
        "stretch": "",
    }
    return {f"line-{line.pk.hex}-{name}": value for name, value in {**shown, **fields}.items()}


def test_lines_start_from_last_year(client_as: ClientFor, plan: AccountPlan, account_manager: User) -> None:
    client = client_as(account_manager)
    assert "No target lines yet" in text_of(client.get(url_of(plan)))

    data = {"add-categories": "each", "add-period": "quarter", "add-growth": "10 %"}
    text = text_of(client.post(url_of(plan, "target_add"), data, follow=True))

    assert "4 lines added." in text
    assert [line.target for line in lines_of(plan)] == [0, 1_100, 0, 0]
    assert "the plan's sales target is $5,000.00: a difference of -$3,900.00" in text


def test_the_grid_saves_what_was_changed(
    client_as: ClientFor, plan: AccountPlan, account_manager: User
) -> None:
    lines = [
        factories.create_target_line(plan, year=2025, period="quarter", number=number, target=100)
        for number in (1, 2, 3, 4)
    ]
    data = {
        **sent(lines[0], target="1.234,50", stretch="2000"),
        **sent(lines[1], growth="20"),
        **sent(lines[2], remove="on"),
        **sent(lines[3]),
    }

    text = text_of(client_as(account_manager).post(url_of(plan), data, follow=True))

    assert "The targets are saved." in text
    assert [(line.number, line.target, line.stretch, line.version) for line in lines_of(plan)] == [
        (1, Decimal("1234.5"), 2_000, 2),
        (2, 1_200, None, 2),
        (4, 100, None, 1),
    ]


def test_a_correction_by_hand_is_said(client_as: ClientFor, plan: AccountPlan, account_manager: User) -> None:
    line = factories.create_target_line(plan, year=2025, target=100)

    text = text_of(client_as(account_manager).post(url_of(plan), sent(line, last_year="900"), follow=True))

    assert "corrected; orders say $1,000" in text
    assert "-88.9" in text, "the growth follows"


def test_a_grid_that_does_not_pass_keeps_what_was_typed(
    client_as: ClientFor, plan: AccountPlan, account_manager: User
) -> None:
    first = factories.create_target_line(plan, year=2025, period="half", number=1, target=100)
    second = factories.create_target_line(plan, year=2025, period="half", number=2, target=100)
    data = {**sent(first, target="700"), **sent(second, growth="5")}

    response = client_as(account_manager).post(url_of(plan), data)

    assert response.status_code == 422
    assert "Nothing was sold last year" in text_of(response)
    assert 'value="700"' in response.content.decode()
    assert [line.target for line in lines_of(plan)] == [100, 100]


def test_nobody_overwrites_somebody_else(
    client_as: ClientFor, plan: AccountPlan, account_manager: User
) -> None:
    line = factories.create_target_line(plan, year=2025, target=100)
    data = sent(line, target="700")
    line.target = Decimal(300)
    line.save()

    response = client_as(account_manager).post(url_of(plan), data)

    assert response.status_code == 422
    assert "Somebody saved this line before you" in text_of(response)
    assert [line.target for line in lines_of(plan)] == [300]


def test_all_targets_can_be_set_anew(client_as: ClientFor, plan: AccountPlan, account_manager: User) -> None:
    factories.create_target_line(plan, year=2025, target=100)

    client_as(account_manager).post(url_of(plan, "target_grow"), {"grow-growth": "3"})

    assert [line.target for line in lines_of(plan)] == [1_030]


def test_who_may_see_and_change_targets(
    client_as: ClientFor, world: World, account_manager: User, colleague: User, stranger: User, msl: User
) -> None:
    line = factories.create_target_line(world.plan)
    pages = [client_as(user).get(url_of(world.plan)) for user in (account_manager, colleague, stranger, msl)]
    data = sent(line, target="5")

    assert [page.status_code for page in pages] == [200, 200, 404, 403]
    assert "Save the targets" not in text_of(pages[1])
    assert b"data-column" not in pages[1].content
    for name in ("target_grid", "target_add", "target_grow"):
        asked = [client_as(user).post(url_of(world.plan, name), data) for user in (colleague, stranger, msl)]
        assert [response.status_code for response in asked] == [403, 404, 403], name
    line.refresh_from_db()
    assert line.target == 1_000


def test_the_grid_takes_a_fixed_number_of_statements(
    client_as: ClientFor, plan: AccountPlan, account_manager: User
) -> None:
    client, category = client_as(account_manager), factories.create_category()
    lines = [factories.create_target_line(plan, category, year=2025, period="month", number=1)]
    client.get(url_of(plan))

    def count(method: str) -> int:
        data = {name: value for line in lines for name, value in sent(line, target="5").items()}
        with CaptureQueriesContext(connection) as statements:
            getattr(client, method)(url_of(plan), data if method == "post" else None)
        for line in lines:
            line.refresh_from_db()
            line.target = Decimal(100)
            line.save()
        return len(statements)

    one = [count("get"), count("post")]
    lines += [
        factories.create_target_line(plan, category, year=2025, period="month", number=number)
        for number in range(2, 9)
    ]

    assert [count("get"), count("post")] == one
