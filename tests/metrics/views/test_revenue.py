from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from kam.users.models import User
from metrics.charts import OpenPart, YearOfMonths, open_bar, pipeline_chart, years_chart
from metrics.operations import sweep
from tests import factories
from tests.fixtures import ClientFor, World
from tests.pages import get, text_of

pytestmark = pytest.mark.django_db


def plan_page(world: World) -> str:
    return reverse("metrics:plan_revenue", args=[world.plan.pk])


def account_page(world: World) -> str:
    return reverse("metrics:account_revenue", args=[world.account.pk])


def test_plan_page_shows_the_deals_and_leads_to_the_records(
    client_as: ClientFor, world: World, account_manager: User
) -> None:
    response = get(client_as(account_manager), plan_page(world))

    text, html = text_of(response), response.content.decode()
    for part in ("Open, by stage and month", "Ward extension", "Slipped", "Orders of the years before"):
        assert part in text
    assert reverse("metrics:kpi_records", args=[world.plan.pk, "pipeline"]) in html
    assert world.won.get_absolute_url() in html
    assert 'id="history-title"' in html
    assert "style=" not in html


def test_numbers_say_when_they_were_looked_at_not_when_they_last_changed(
    client_as: ClientFor, world: World, account_manager: User
) -> None:
    client, morning = client_as(account_manager), timezone.now().replace(hour=8, minute=0)
    with time_machine.travel(morning, tick=False):
        sweep(sweeper="test")

    with time_machine.travel(morning + timedelta(hours=2), tick=False):
        for page in (plan_page(world), world.plan.get_absolute_url()):
            html = get(client, page).content.decode()
            assert re.findall(r'as of <time datetime="\S+T(\d\d):00', html) == ["10"], page


def test_pages_are_tabs_of_plan_and_account(
    client_as: ClientFor, world: World, account_manager: User, msl: User
) -> None:
    for page, of in ((plan_page(world), world.plan), (account_page(world), world.account)):
        assert f'href="{page}"' in get(client_as(account_manager), of.get_absolute_url()).content.decode()
        assert f'href="{page}"' not in get(client_as(msl), of.get_absolute_url()).content.decode()


def test_pages_follow_the_numbers(
    client_as: ClientFor, world: World, stranger: User, msl: User, viewer: User
) -> None:
    for page in (plan_page(world), account_page(world)):
        answers = [client_as(user).get(page).status_code for user in (stranger, msl, viewer)]
        assert answers == [404, 403, 200]
    factories.add_participant(world.plan, msl)
    assert client_as(msl).get(plan_page(world)).status_code == 200


def test_account_page_counts_the_accounts_below_unless_asked_not_to(
    client_as: ClientFor, world: World, account_manager: User
) -> None:
    client = client_as(account_manager)

    whole, alone = (text_of(get(client, account_page(world) + query)) for query in ("", "?children=no"))

    assert "Without the accounts below" in whole
    assert "of this account alone" in alone
    assert world.of_child.name in whole
    assert world.of_child.name not in alone


def test_unknown_category_is_not_there(client_as: ClientFor, world: World, account_manager: User) -> None:
    for value in ("nonsense", str(world.account.pk)):
        assert client_as(account_manager).get(f"{account_page(world)}?category={value}").status_code == 404


def test_empty_pages_say_what_to_do_first(client_as: ClientFor, account_manager: User) -> None:
    account = factories.create_account(owner=account_manager)
    plan = factories.create_plan(account, owner=account_manager)

    for name, row in (("metrics:plan_revenue", plan), ("metrics:account_revenue", account)):
        text = text_of(get(client_as(account_manager), reverse(name, args=[row.pk])))
        assert "Nothing was sold yet and nothing is open" in text


def test_what_could_not_be_converted_is_listed(
    client_as: ClientFor, world: World, account_manager: User
) -> None:
    day = world.open.close_date
    factories.create_order(world.account, amount=77, currency="CHF", on_date=world.plan.start_date)
    factories.create_opportunity(world.account, amount=55, currency="CHF", close_date=day)

    of_plan = get(client_as(account_manager), plan_page(world))
    of_account = text_of(get(client_as(account_manager), account_page(world)))

    assert "1 record is in no sum of the period" in text_of(of_plan)
    assert "?excluded=true" in of_plan.content.decode()
    assert "1 deal in CHF, CHF 55.00 together" in of_account.replace("\xa0", " ")


# --- Charts -------------------------------------------------------------------------------------
def test_years_stand_beside_each_other_and_the_latest_stands_out() -> None:
    years = [
        YearOfMonths("2025", [("January 2025", 100), ("February 2025", -50)]),
        YearOfMonths("2026", [("January 2026", 200)], is_latest=True),
    ]

    drawn = years_chart(chart_id="x", currency="USD", years=years, title="Orders")
    small = years_chart(chart_id="y", currency="USD", years=years, title="Orders", reach=(-50, 400))

    assert drawn.count("<rect") == 3
    assert "January 2026: $200.00" in drawn
    assert "2025: $50.00; 2026: $200.00" in drawn
    assert drawn.count('class="c-won"') == 1
    assert drawn.count('class="c-negative"') == 1
    assert 'height="26.7"' in small  # 200 of the 450 that the scale spans, on 60 pixels


def test_open_parts_say_amount_and_weight() -> None:
    parts = [OpenPart("Overdue", 100, 50, is_late=True), OpenPart("May", 0, 0)]

    drawn = pipeline_chart(chart_id="x", currency="USD", parts=parts)

    assert "Overdue: open $100.00, weighted $50.00" in drawn
    assert 'class="c-under"' in drawn
    assert drawn.count('fill="url(#x-hatch)"') == 2
    bar = open_bar(chart_id="y", currency="USD", amount=50, weighted=25, most=200, label="Offer")
    assert 'width="25.00%"' in bar
    assert 'width="12.50%"' in bar
