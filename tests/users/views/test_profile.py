from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from kam.users.models import Role, User
from tests import factories
from tests.pages import get, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def nina(client: Client) -> User:
    user = factories.create_user("nina", name="Nina Vale", role=Role.KAM)
    client.force_login(user)
    return user


def test_profile_saves_time_zone_and_language(client: Client, nina: User) -> None:
    response = client.post(
        reverse("users:profile"), {"time_zone": "Europe/Lisbon", "locale": "de"}, follow=True
    )

    nina.refresh_from_db()
    assert (nina.time_zone, nina.locale) == ("Europe/Lisbon", "de")
    assert response.status_code == 200


def test_profile_names_an_unknown_time_zone(client: Client, nina: User) -> None:
    response = client.post(reverse("users:profile"), {"time_zone": "Europe/Atlantis", "locale": ""})

    assert response.status_code == 422
    assert "not a known time zone" in text_of(response)
    nina.refresh_from_db()
    assert nina.time_zone == ""


def test_profile_cannot_change_role_or_name(client: Client, nina: User) -> None:
    client.post(
        reverse("users:profile"), {"time_zone": "", "locale": "", "role": "admin", "first_name": "Zoe"}
    )

    nina.refresh_from_db()
    assert (nina.role, nina.first_name) == (Role.KAM, "Nina")


def test_language_shows_in_numbers_and_dates(client: Client, nina: User) -> None:
    account = factories.create_account(owner=nina, currency="EUR")
    opportunity = factories.create_opportunity(account, amount="1234.5", currency="EUR")
    nina.locale = "de"
    nina.save()

    response = get(client, opportunity.get_absolute_url())

    assert "1.234,50\xa0€" in response.content.decode()


def test_user_options_match_parts_of_names(client: Client, nina: User) -> None:
    factories.create_user("erp", role=Role.INTEGRATION, name="Nina Feed")
    factories.create_user("old", name="Nina Left", is_active=False)

    response = client.get(reverse("users:user_options"), {"q": "val nin"})

    assert [option["label"] for option in response.json()["options"]] == ["Nina Vale"]
