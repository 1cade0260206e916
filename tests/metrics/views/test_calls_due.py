from __future__ import annotations

import csv
from datetime import date, timedelta
from typing import Any

import pytest
from django.urls import reverse

from crm.enums import CallFrequency
from crm.models import Account
from kam.core.clock import company_today
from kam.users.models import User
from tests import factories
from tests.fixtures import ClientFor, World
from tests.pages import form_of, get, text_of

pytestmark = pytest.mark.django_db
URL, HOME = reverse("metrics:calls_due"), reverse("metrics:home")


@pytest.fixture
def today(world: World) -> date:
    """Everybody is to be called weekly; nobody ever was but Lakeside, just now."""
    Account.objects.unscoped("test").update(call_frequency=CallFrequency.WEEKLY)
    now = company_today()
    factories.create_activity(world.far_account, done_on=now)
    return now


def names(response: Any) -> list[str]:
    return [account.name for account in response.context["page_obj"]]


def test_log_a_call_from_the_list_in_one_step(
    client_as: ClientFor, today: date, world: World, account_manager: User
) -> None:
    client = client_as(account_manager)
    page = get(client, f"{URL}?owner={account_manager.pk}")
    assert names(page) == ["Harbour Clinics", "Harbour Day Clinic"]
    assert "Harbour Clinics this year" in text_of(page)
    log_url = f"{reverse('crm:activity_log', args=[world.child.pk])}?next={URL}"
    assert log_url in page.content.decode().replace("%3Fowner%3D" + str(account_manager.pk), "")

    form = form_of(get(client, log_url)) | {"type": str(world.activity.type_id), "subject": "Called"}
    back = client.post(log_url, form, follow=True)

    assert back.redirect_chain == [(URL, 302)]
    assert names(back) == ["Harbour Clinics"]
    assert names(get(client, f"{URL}?until={today + timedelta(days=7)}")) == [
        "Harbour Clinics",
        "Harbour Day Clinic",
    ]


def test_home_counts_what_the_list_shows(
    client_as: ClientFor, today: date, world: World, account_manager: User
) -> None:
    for _number in range(5):
        factories.create_account(owner=account_manager, call_frequency=CallFrequency.YEARLY)
    client = client_as(account_manager)

    (concern,) = [found for found in get(client, HOME).context["concerns"] if found.icon == "phone"]

    assert (concern.count, len(concern.items)) == (7, 4)
    assert [item.text for item in concern.items] == names(get(client, concern.url))[:4]
    assert len(names(get(client, concern.url))) == 7


def test_export_holds_what_the_list_shows_with_the_plans(
    client_as: ClientFor, today: date, world: World, account_manager: User
) -> None:
    response = client_as(account_manager).get(reverse("metrics:calls_due_export"), {"search": "day"})

    (row,) = csv.DictReader(response.content.decode("utf-8-sig").splitlines())
    assert (row["Account"], row["Due"], row["Last contact"]) == ("Harbour Day Clinic", today.isoformat(), "")
    assert row["Call frequency"] == "Weekly"
    assert "Harbour Clinics this year" in row["Plans"]
    assert "Hidden takeover" not in row["Plans"]


def test_who_may_not_log_is_not_offered_to(client_as: ClientFor, today: date, viewer: User) -> None:
    page = get(client_as(viewer), URL)

    assert "activities/log" not in page.content.decode()


def test_empty_list_says_so(client_as: ClientFor, admin: User) -> None:
    assert "Nobody is due" in text_of(get(client_as(admin), URL))


def test_list_takes_the_same_statements_for_two_and_five(
    client_as: ClientFor, today: date, account_manager: User, django_assert_max_num_queries: Any
) -> None:
    client = client_as(account_manager)
    client.get(URL)
    with django_assert_max_num_queries(10) as few:
        get(client, URL)
    for _number in range(3):
        factories.create_plan(
            factories.create_account(owner=account_manager, call_frequency=CallFrequency.YEARLY)
        )

    with django_assert_max_num_queries(len(few)):
        get(client, URL)
