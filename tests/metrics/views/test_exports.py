"""Lists as files: what the reader may see, and nothing that runs."""

from __future__ import annotations

import csv
from datetime import date
from decimal import Decimal
from io import BytesIO, StringIO
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from python_calamine import CalamineWorkbook

from kam.core import export
from kam.core.models import Change
from kam.users.models import User
from metrics.operations import rebuild
from plans.models import AccountPlan
from templates_app.enums import FieldKind
from tests import factories
from tests.fixtures import ClientFor, World
from tests.pages import get, text_of

pytestmark = pytest.mark.django_db
PLANS, DEALS, INSIGHTS = "/plans/export/", "/opportunities/export/", "/medical-insights/export/"
HARM = '=HYPERLINK("https://evil.example","x")'


def rows_of(client: Client, url: str, **query: str) -> list[dict[str, str]]:
    response = client.get(url, query)
    assert response["Content-Type"] == "text/csv; charset=utf-8", response.status_code
    return list(csv.DictReader(StringIO(response.content.decode("utf-8-sig"), newline="")))


def sheet_of(client: Client, url: str, **query: str) -> list[dict[str, Any]]:
    response = client.get(url, {"format": "xlsx", **query})
    assert response["Content-Disposition"].endswith('.xlsx"')
    head, *rows = CalamineWorkbook.from_filelike(BytesIO(response.content)).get_sheet_by_index(0).to_python()
    return [dict(zip(head, row, strict=True)) for row in rows]


@pytest.fixture
def filled(world: World, colleague: User) -> AccountPlan:
    """The plan of the world with a value of every kind in the fields of its type, one of them harmful."""
    plan, kinds = world.plan, FieldKind
    for key, kind, extra in (
        ("remark", kinds.TEXT, {}),
        ("beds", kinds.NUMBER, {}),
        ("budget", kinds.MONEY, {}),
        ("until", kinds.DATE, {}),
        ("tier", kinds.CHOICE, {"choices": ["A", "B"]}),
        ("sponsor", kinds.USER, {}),
    ):
        factories.create_custom_field(plan.plan_type, key, kind=kind, label=key.title(), **extra)
    plan.take_custom_values(
        {
            "remark": HARM,
            "beds": "620.5",
            "budget": "48000.50",
            "until": "2027-03-31",
            "tier": "B",
            "sponsor": colleague,
        }
    )
    plan.save()
    rebuild()
    return plan


def test_plans_come_with_numbers_and_the_fields_of_their_type(
    client_as: ClientFor, world: World, filled: AccountPlan, account_manager: User
) -> None:
    client = client_as(account_manager)

    row = next(row for row in rows_of(client, PLANS) if row["Id"] == str(filled.pk))
    cell = next(row for row in sheet_of(client, PLANS) if row["Id"] == str(filled.pk))

    assert (row["Plan"], row["Account"], row["Status"]) == (filled.name, "Harbour Clinics", "Active")
    assert (row["Sales target"], row["Won revenue"], row["Currency"]) == ("10000.00", "4000.00", "USD")
    assert (row["Total expected revenue"], row["Won in %"], row["Open opportunities"]) == (
        "5750.00",
        "40.0",
        "3",
    )
    assert {name: row[name] for name in ("Remark", "Beds", "Budget", "Until", "Tier", "Sponsor")} == {
        "Remark": f"'{HARM}",
        "Beds": "620.5",
        "Budget": "48000.50",
        "Until": "2027-03-31",
        "Tier": "B",
        "Sponsor": "Colleague",
    }
    assert (cell["Beds"], cell["Budget"], cell["Sales target"]) == (620.5, 48000.5, 10000)
    assert (cell["Until"], cell["Starts"]) == (date(2027, 3, 31), filled.start_date)
    assert (cell["Remark"], cell["Sponsor"]) == (HARM, "Colleague")


def test_export_holds_what_the_filters_find_in_their_order(
    client_as: ClientFor, world: World, filled: AccountPlan, account_manager: User
) -> None:
    client = client_as(account_manager)

    assert [row["Plan"] for row in rows_of(client, PLANS, ordering="name")] == [
        "Harbour Clinics next year",
        "Harbour Clinics this year",
    ]
    assert [row["Status"] for row in rows_of(client, PLANS, status="draft")] == ["Draft"]
    by_field = {"plan_type": str(filled.plan_type_id), "custom.tier": "B"}
    assert [row["Plan"] for row in rows_of(client, PLANS, **by_field)] == [filled.name]
    assert rows_of(client, PLANS, status="nonsense") == []
    page = get(client, "/plans/", data={"status": "draft", "page": "1"}).content.decode()
    assert f"{PLANS}?status=draft&amp;ordering=name&amp;format=csv" in page
    assert f"{PLANS}?status=draft&amp;ordering=name&amp;format=xlsx" in page


# --- Who sees what ----------------------------------------------------------------------------
def test_nobody_gets_more_than_they_may_see(
    client_as: ClientFor, world: World, filled: AccountPlan, cast: dict[str, User]
) -> None:
    def plans_of(who: str) -> set[str]:
        return {row["Plan"] for row in rows_of(client_as(cast[who]), PLANS)}

    north = {world.plan.name, world.draft.name}
    assert plans_of("colleague") == plans_of("manager") == north
    assert plans_of("stranger") == {world.far_plan.name}
    assert plans_of("viewer") == {world.plan.name}
    assert plans_of("integration") == set()
    assert world.confidential.name not in plans_of("admin") | plans_of("executive")


def test_numbers_are_kept_from_who_may_not_see_them(
    client_as: ClientFor, world: World, filled: AccountPlan, msl: User
) -> None:
    client = client_as(msl)
    secrets = ("10000", "48000", "4000.00", "5750")

    before = client.get(PLANS).content.decode()
    factories.add_participant(world.draft, msl)
    after = {row["Id"]: row for row in rows_of(client, PLANS)}

    assert not [secret for secret in secrets if secret in before]
    assert "Sales target" not in before
    assert "Tier" in before
    shown, kept = after[str(world.draft.pk)], after[str(filled.pk)]
    assert shown["Sales target"] == "10000.00"
    assert {kept[name] for name in ("Sales target", "Won revenue", "Budget", "Numbers as of")} == {""}


def test_looks_of_an_administrator_at_confidential_plans_are_logged(
    client_as: ClientFor, world: World, admin: User
) -> None:
    admin.user_permissions.add(Permission.objects.get(codename="view_confidential"))

    rows = rows_of(client_as(admin), PLANS)

    assert world.confidential.name in {row["Plan"] for row in rows}
    looks = Change.objects.unscoped("test").filter(operation=Change.Operation.VIEW)
    assert list(looks.values_list("object_id", "actor")) == [(world.confidential.pk, admin.pk)]


def test_opportunities_and_insights_are_kept_apart(
    client_as: ClientFor, world: World, account_manager: User, msl: User
) -> None:
    factories.create_insight(contact=world.contact, text=HARM, product=world.product)
    factories.create_insight(world.far_account, "Elsewhere")

    deals = rows_of(client_as(account_manager), DEALS, ordering="name")
    insights = rows_of(client_as(msl), INSIGHTS)

    assert [deal["Opportunity"] for deal in deals][:2] == ["Day clinic start", "Frame contract"]
    assert (deals[1]["Amount"], deals[1]["Won"], deals[0]["Weighted amount"]) == ("4000.00", "Yes", "250.00")
    assert client_as(msl).get(DEALS).status_code == 403
    assert [row["Insight"] for row in insights] == [f"'{HARM}"]
    assert (insights[0]["Contact"], insights[0]["Product"]) == ("Ines Prado", "Cholecap 20 mg")
    assert rows_of(client_as(account_manager), INSIGHTS) == []
    world.contact.account = world.far_account
    world.contact.save()
    assert rows_of(client_as(msl), INSIGHTS)[0]["Contact"] == ""


# --- Size -------------------------------------------------------------------------------------
def test_statements_do_not_grow_with_the_rows(
    client_as: ClientFor, world: World, filled: AccountPlan, account_manager: User, msl: User
) -> None:
    def taken(user: User) -> list[int]:
        counts = []
        for url in (PLANS, DEALS, INSIGHTS, "/territory-plans/export/"):
            with CaptureQueriesContext(connection) as captured:
                clients[user].get(url)
            counts.append(len(captured))
        return counts

    clients = {user: client_as(user) for user in (account_manager, msl)}
    factories.create_insight(world.account)
    factories.create_territory_plan(world.account.territory, owner=msl)
    for user in clients:
        taken(user)
    few = [taken(user) for user in clients]
    for number in range(3):
        factories.create_insight(contact=world.contact, product=world.product)
        factories.create_opportunity(world.account)
        factories.create_territory_plan(world.account.territory, owner=msl)
        plan = factories.create_plan(world.account, plan_type=filled.plan_type)
        plan.custom_values = {**filled.custom_values, "beds": str(number)}
        plan.save()

    assert [taken(user) for user in clients] == few
    assert max(map(max, few)) <= 10


def test_too_many_rows_lead_back_to_the_list(
    client_as: ClientFor, world: World, account_manager: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "MOST_ROWS", {"csv": 2, "xlsx": 1})
    client = client_as(account_manager)

    assert len(rows_of(client, PLANS)) == 2
    refused = client.get(PLANS, {"format": "xlsx"}, follow=True)

    assert refused.redirect_chain == [("/plans/?format=xlsx", 302)]
    assert "These are more than 1 rows" in text_of(refused)


def test_a_reader_has_one_export_made_at_a_time(
    client_as: ClientFor,
    world: World,
    account_manager: User,
    colleague: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever asks again meanwhile is sent back; others, and whoever's export broke off, are not."""
    client, meanwhile = client_as(account_manager), []
    write = export.write_csv

    def slow(*arguments: Any) -> None:
        meanwhile.append(client_as(account_manager).get(DEALS, follow=True))
        meanwhile.append(client_as(colleague).get(PLANS, {"format": "xlsx"}))
        write(*arguments)

    monkeypatch.setattr(export, "write_csv", slow)
    answer = client.get(DEALS)
    monkeypatch.setattr(export, "write_csv", lambda *arguments: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        client.get(DEALS)
    monkeypatch.setattr(export, "write_csv", write)

    assert "Your last export is still being made" in text_of(meanwhile[0])
    assert [meanwhile[1].status_code, answer.status_code, client.get(DEALS).status_code] == [200, 200, 200]


def test_large_file_leaves_memory(
    client_as: ClientFor, world: World, account_manager: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "IN_MEMORY", 100)

    response = client_as(account_manager).get(DEALS)

    assert response.streaming
    assert response["Content-Disposition"].startswith('attachment; filename="opportunities-')
    assert b"Ward extension" in b"".join(response.streaming_content)


def test_amounts_have_the_places_of_their_currency(
    client_as: ClientFor, world: World, account_manager: User
) -> None:
    for currency, amount in (("JPY", "1200"), ("KWD", "1.250")):
        factories.create_opportunity(world.account, currency, amount=Decimal(amount), currency=currency)

    deals = {row["Opportunity"]: row["Amount"] for row in rows_of(client_as(account_manager), DEALS)}

    assert (deals["JPY"], deals["KWD"]) == ("1200", "1.250")
