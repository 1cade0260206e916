"""From a total over many plans down to its records: each once, and only what the reader may open."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from importlib import import_module

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from kam.core import lists
from kam.core.clock import company_today
from kam.users.models import User
from metrics import operations
from metrics.portfolio import portfolio_totals
from metrics.portfolio_records import PORTFOLIO_KPIS, plans_added_up, portfolio_records
from metrics.rules import plans_with_numbers
from templates_app.enums import RevenueBasis
from tests import factories
from tests.fixtures import ApiFor, ClientFor, World
from tests.pages import get, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def plans(world: World) -> World:
    """Two plans on the same deals, one by schedules and one by orders, in three currencies."""
    factories.create_rate("EUR", "1.25")
    factories.create_plan(world.account, "The same again", owner=world.account.owner)
    factories.create_plan(
        world.account, "By orders", owner=world.account.owner, revenue_basis=RevenueBasis.ORDER
    )
    factories.create_plan(
        world.account, "By schedules", owner=world.account.owner, revenue_basis=RevenueBasis.SCHEDULE
    )
    day = company_today()
    line = factories.create_opportunity_line(world.open, amount=600)
    factories.create_schedule(line, on_date=day, amount="33.33")
    for currency in ("EUR", "CHF"):
        factories.create_opportunity(world.account, amount="10.01", currency=currency, close_date=day)
        factories.create_order(world.account, amount="20.02", currency=currency, on_date=day)
    return world


@pytest.mark.parametrize("kpi", PORTFOLIO_KPIS)
def test_records_add_up_to_the_total(plans: World, account_manager: User, kpi: str) -> None:
    mine = plans_with_numbers(account_manager)

    found = portfolio_records(plans=mine, user=account_manager, kpi=kpi, size=500)
    left_out = portfolio_records(plans=mine, user=account_manager, kpi=kpi, size=500, is_excluded=True)

    total = getattr(portfolio_totals(plans=mine, user=account_manager), kpi)
    added = sum((Fraction(record.contribution or 0) for record in found.records), Fraction(0))
    assert abs(added - Fraction(total)) <= Fraction(1, 100)  # won and weighted are rounded apart
    assert len(found.records) == found.count == len({(r.kind, r.id) for r in found.records})
    assert {record.currency for record in left_out.records} == {"CHF"}
    assert {record.contribution for record in left_out.records} == {None}


def test_a_page_of_them_is_cut_from_the_whole(plans: World, account_manager: User) -> None:
    mine = plans_with_numbers(account_manager)

    def some(start: int, size: int) -> list[object]:
        found = portfolio_records(
            plans=mine, user=account_manager, kpi="total_expected_revenue", start=start, size=size
        )
        return [record.id for record in found.records]

    assert some(0, 3) + some(3, 500) == some(0, 500)


def test_page_lists_the_plans_and_each_record_once(
    client_as: ClientFor, plans: World, account_manager: User
) -> None:
    mine = plans_with_numbers(account_manager)
    for plan in mine:
        operations.fresh_kpi(plan)
    response = get(client_as(account_manager), reverse("metrics:portfolio"))

    html, won = response.content.decode(), response.context["sums"][0]
    for plan in mine:
        assert reverse("metrics:kpi_records", args=[plan.pk, "won_revenue"]) in html
    assert won["added_up"] > won["total"]
    assert won["added_up"] + won["difference"] == won["total"]
    assert plans_added_up(mine)["won_revenue"] == won["added_up"]
    assert "Hidden takeover" not in html
    one = get(client_as(account_manager), reverse("metrics:portfolio") + f"?search={plans.plan.name}")
    assert [plan.pk for plan in one.context["page_obj"]] == [plans.plan.pk]
    assert f'href="{one.context["sums"][0]["url"]}"' in one.content.decode()


@pytest.mark.parametrize(
    "limit",
    [(lists, "COUNT_LIMIT", 1), (import_module("metrics.views.portfolio"), "SUMMED_AT_ONCE", 1)],
    ids=["uncounted", "counted"],
)
def test_sums_of_many_plans_follow_in_an_answer_of_their_own(
    client_as: ClientFor,
    plans: World,
    account_manager: User,
    monkeypatch: pytest.MonkeyPatch,
    limit: tuple[object, str, int],
) -> None:
    client, url = client_as(account_manager), reverse("metrics:portfolio")
    sums = get(client, url).context["sums"]
    monkeypatch.setattr(*limit)

    page = get(client, url, data={"status": "active"})
    panel = get(client, url, data={"sums": "show"}, headers={"HX-Request": "true", "HX-Target": "sums"})
    without_script = get(client, url, data={"sums": "show"})

    assert "sums" not in page.context
    assert 'hx-get="?status=active&amp;sums=show" hx-trigger="load"' in page.content.decode()
    assert panel.context["sums"] == without_script.context["sums"] == sums
    assert "<html" not in panel.content.decode()
    assert sums[0]["url"] in panel.content.decode()


def test_another_plan_type_is_asked_of_the_portfolio_and_not_of_the_list_of_plans(
    client_as: ClientFor, plans: World, account_manager: User
) -> None:
    field = get(client_as(account_manager), reverse("metrics:portfolio")).context["filter"].form["plan_type"]

    assert f'hx-get="{reverse("metrics:portfolio")}"' in str(field)


def test_a_sent_link_shows_what_its_reader_may_open(
    client_as: ClientFor, plans: World, account_manager: User, stranger: User, msl: User
) -> None:
    address = reverse("metrics:portfolio_records", args=["total_expected_revenue"])

    mine = get(client_as(account_manager), address)
    others = [get(client_as(user), address) for user in (stranger, msl)]

    assert 'value="http://testserver' + address in mine.content.decode()
    assert "Frame contract" in text_of(mine)
    assert reverse("crm:order_detail", args=[plans.order.pk]) in mine.content.decode()
    for response in others:
        assert "Frame contract" not in text_of(response)
    assert "No record counts" in text_of(others[1])
    assert client_as(account_manager).get(reverse("metrics:portfolio_records", args=["x"])).status_code == 404


def test_records_in_the_api(api: ApiFor, plans: World, account_manager: User, stranger: User) -> None:
    url = "/api/v1/dashboards/plan-performance/records/"

    first = api(account_manager).get(f"{url}?kpi=total_expected_revenue&page_size=2").json()
    left_out = api(account_manager).get(f"{url}?kpi=pipeline&excluded=true").json()

    totals = api(account_manager).get("/api/v1/dashboards/plan-performance/").json()["totals"]
    assert first["value"] == totals["total_expected_revenue"]
    assert (len(first["results"]), first["next"] is not None, first["previous"]) == (2, True, None)
    assert [record["rate"] for record in left_out["results"]] == [None]
    far = api(stranger).get(f"{url}?kpi=pipeline").json()["results"]
    assert [record["id"] for record in far] == [str(plans.far_opportunity.pk)]
    assert api(account_manager).get(f"{url}?kpi=sales_target").status_code == 400


def test_pages_take_a_fixed_number_of_statements(
    client_as: ClientFor, plans: World, account_manager: User
) -> None:
    client = client_as(account_manager)
    pages = [reverse("metrics:portfolio"), reverse("metrics:portfolio_records", args=["pipeline"])]

    def count() -> list[int]:
        counts = []
        for page in pages:
            get(client, page)
            with CaptureQueriesContext(connection) as statements:
                get(client, page)
            counts.append(len(statements))
        return counts

    few = count()
    for number in range(3):
        account = factories.create_account(owner=account_manager)
        factories.create_opportunity(account, amount=Decimal(number + 1), currency="EUR")
        operations.fresh_kpi(factories.create_plan(account, owner=account_manager))

    assert count() == few
