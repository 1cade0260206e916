"""The pages of medical insights."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from kam.core.clock import company_today
from kam.users.models import User
from plans.models import MedicalInsight
from tests import factories
from tests.fixtures import ClientFor, World
from tests.pages import form_of, get, text_of

pytestmark = pytest.mark.django_db

LIST = "/medical-insights/"


def address(page: str, insight: MedicalInsight) -> str:
    return reverse(f"plans:medicalinsight_{page}", args=[insight.pk])


def test_list_shows_what_is_heard_and_what_it_is_about(client_as: ClientFor, world: World, msl: User) -> None:
    today = company_today()
    factories.create_insight(
        contact=world.contact, text="Asks for kidney data", topic="Competitor", author=msl
    )
    factories.create_insight(world.child, "Dose at night", on_date=today - timedelta(days=70))
    factories.create_insight(world.far_account, "Elsewhere")
    client = client_as(msl)

    page = get(client, LIST)
    text = text_of(page)

    assert "Asks for kidney data" in text
    assert "Harbour Clinics Ines Prado" in text
    assert "Elsewhere" not in text
    assert re.search(r"What they are about .*Research 1 .*Competitor 1", text)
    rows = [(row.name, sum(row.counts), row.counts[-1]) for row in page.context["course"].rows]
    assert rows == [("Research", 1, 0), ("Competitor", 1, 1)]
    assert page.content.decode().count('data-part="count"') == 2
    assert len(page.context["course"].months) == 12
    found = get(client, LIST, data={"search": "kidney"})
    assert "Dose at night" not in text_of(found)
    assert [row.name for row in found.context["course"].rows] == ["Competitor"]


def test_course_follows_the_dates_of_the_filter(client_as: ClientFor, world: World, msl: User) -> None:
    factories.create_insight(
        world.account, on_date=company_today().replace(year=company_today().year - 2, day=1)
    )
    client = client_as(msl)
    start = company_today().year - 2

    assert get(client, LIST).context["course"] is None
    asked = {"date_after": f"{start}-01-01", "date_before": f"{start}-12-31"}
    course = get(client, LIST, data=asked).context["course"]
    assert (course.first.isoformat(), len(course.months)) == (f"{start}-01-01", 12)
    long_ago = get(client, LIST, data={"date_after": "0001-01-01"}).context["course"]
    assert len(long_ago.months) == 36
    for never in ({"date_after": "9999-01-01"}, {"date_before": "0001-01-01"}, {"date_before": "x"}):
        assert get(client, LIST, data=never).context["course"] is None


def test_more_topics_than_colours_share_the_last(client_as: ClientFor, world: World, admin: User) -> None:
    for number in range(8):
        factories.create_insight(world.account, topic=f"Topic {number}")

    rows = get(client_as(admin), LIST).context["course"].rows

    assert [row.look for row in rows] == [1, 2, 3, 4, 5, 6]
    assert (rows[-1].name, rows[-1].total) == ("Other topics", 3)


def test_list_takes_the_same_statements_for_one_and_three(
    client_as: ClientFor, world: World, msl: User
) -> None:
    client = client_as(msl)

    def taken() -> int:
        with CaptureQueriesContext(connection) as captured:
            get(client, LIST)
        return len(captured)

    factories.create_insight(contact=world.contact, product=world.product)
    get(client, LIST)
    one = taken()
    for topic in ("Access", "Product"):
        contact = factories.create_contact(world.child)
        factories.create_insight(contact=contact, product=factories.create_product(), topic=topic)

    assert taken() == one


# --- Who finds it where -----------------------------------------------------------------------
def test_only_those_who_may_see_it_are_led_there(
    client_as: ClientFor, world: World, cast: dict[str, User], settings: Any
) -> None:
    factories.create_insight(world.account, "Asks for kidney data")
    account = world.account.get_absolute_url()

    def seen(who: str) -> tuple[bool, bool, bool]:
        client = client_as(cast[who])
        html = get(client, account).content.decode()
        listed = "Asks for kidney data" in get(client, LIST).content.decode()
        return f'href="{LIST}"' in html, "Asks for kidney data" in html, listed

    everybody = ("msl", "manager", "executive", "admin", "account_manager", "viewer")
    assert {who: set(seen(who)) for who in everybody} == {
        **{who: {True} for who in ("msl", "manager", "executive", "admin")},
        **{who: {False} for who in ("account_manager", "viewer")},
    }
    settings.SEPARATE_MEDICAL = False
    assert {who: set(seen(who)) for who in ("account_manager", "viewer")} == {
        "account_manager": {True},
        "viewer": {True},
    }


# --- Writing ----------------------------------------------------------------------------------
def test_insight_is_noted_on_the_list_by_the_name_of_the_contact(
    client_as: ClientFor, world: World, msl: User
) -> None:
    client = client_as(msl)
    empty = get(client, LIST).context["quick_form"]
    assert empty.initial["date"] == company_today()

    sent = {
        "text": "Asks for kidney data",
        "topic": str(factories.insight_topic("Competitor").pk),
        "date": str(company_today()),
        "contact_text": "Ines Prado",
        "product_text": "cholecap",
    }
    done = client.post(reverse("plans:medicalinsight_create"), sent, follow=True)

    insight = MedicalInsight.objects.unscoped("test").get()
    assert done.redirect_chain == [(LIST, 302)]
    assert "The insight is noted." in text_of(done)
    assert (insight.contact, insight.account, insight.author) == (world.contact, world.account, msl)
    assert insight.product == world.product


def test_form_says_what_is_missing_and_keeps_the_text(client_as: ClientFor, world: World, msl: User) -> None:
    sent = {
        "text": "Heard in the lift",
        "topic": str(factories.insight_topic().pk),
        "date": str(company_today()),
    }
    late = {"contact_text": "Ines Prado", "date": str(company_today() + timedelta(days=1))}
    client = client_as(msl)

    nobody = client.post(reverse("plans:medicalinsight_create"), sent)
    tomorrow = client.post(reverse("plans:medicalinsight_create"), {**sent, **late})

    assert (nobody.status_code, tomorrow.status_code) == (422, 422)
    assert list(nobody.context["form"].errors) == ["contact"]
    assert "Heard in the lift" in text_of(nobody)
    assert list(tomorrow.context["form"].errors) == ["date"]
    assert not MedicalInsight.objects.unscoped("test").exists()


def test_form_opened_from_an_account_starts_there_and_leads_back(
    client_as: ClientFor, world: World, msl: User
) -> None:
    client = client_as(msl)
    back = world.account.get_absolute_url()

    page = get(client, f"{reverse('plans:medicalinsight_create')}?account={world.account.pk}&next={back}")
    sent = {**form_of(page), "text": "Heard", "topic": str(factories.insight_topic().pk), "next": back}

    assert client.post(reverse("plans:medicalinsight_create"), sent)["Location"] == back
    assert MedicalInsight.objects.unscoped("test").get().account == world.account
    hidden = f"{reverse('plans:medicalinsight_create')}?account={world.far_account.pk}"
    assert "account" not in form_of(get(client, hidden))


def test_author_changes_and_deletes_others_read(client_as: ClientFor, world: World, msl: User) -> None:
    insight = factories.create_insight(contact=world.contact, author=msl)
    foreign = factories.create_insight(world.account, "Of a colleague")
    client = client_as(msl)

    changed = {**form_of(get(client, address("update", insight))), "text": "Better said"}
    assert client.post(address("update", insight), changed).status_code == 302
    stale = client.post(address("update", insight), {**changed, "text": "Too late"})
    assert stale.status_code == 409
    assert "Better said" in text_of(get(client, address("detail", insight)))
    assert "Nothing else goes with it" in text_of(get(client, address("delete", insight)))
    assert client.post(address("delete", insight))["Location"] == LIST
    shown = get(client, address("detail", foreign)).content.decode()
    assert address("update", foreign) not in shown
    for page in ("update", "delete"):
        assert client.post(address(page, foreign)).status_code == 403
    assert list(MedicalInsight.objects.unscoped("test")) == [foreign]


def test_contact_search_offers_what_the_reader_may_see(
    client_as: ClientFor, world: World, msl: User, stranger: User
) -> None:
    options = reverse("crm:contact_options")

    found = client_as(msl).get(options, {"q": "prado"}).json()["options"]

    assert found == [{"id": str(world.contact.pk), "label": "Ines Prado", "note": "Harbour Clinics"}]
    assert client_as(stranger).get(options, {"q": "prado"}).json()["options"] == []


def test_page_of_a_territory_plan_shows_what_serves_it(
    client_as: ClientFor, world: World, msl: User, account_manager: User, manager: User
) -> None:
    plan = factories.create_territory_plan(world.account.territory, owner=manager)
    factories.create_insight(world.account, "Of its accounts")
    factories.create_insight(world.account, "Before it began", on_date=plan.start_date - timedelta(days=1))
    factories.create_insight(
        world.account, "Noted for it", plan=plan, on_date=plan.start_date - timedelta(days=2)
    )

    def shown(user: User) -> set[str]:
        text = text_of(get(client_as(user), plan.get_absolute_url()))
        return {name for name in ("Of its accounts", "Before it began", "Noted for it") if name in text}

    assert shown(msl) == shown(manager) == {"Of its accounts", "Noted for it"}
    assert shown(account_manager) == set()
    factories.add_participant(plan, account_manager)
    assert shown(account_manager) == {"Noted for it"}
