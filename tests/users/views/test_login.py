from __future__ import annotations

from collections.abc import Iterator

import pytest
import time_machine
from django.conf import settings
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from kam.users.models import User
from tests import factories
from tests.pages import get, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh_counters() -> Iterator[None]:
    """Throttles count in the cache: no test inherits the attempts of another."""
    cache.clear()
    yield
    cache.clear()


def test_login_leads_home(client: Client) -> None:
    user = factories.create_user("nina")

    response = client.post(reverse("users:login"), {"username": "nina", "password": factories.PASSWORD})

    assert response.status_code == 302
    assert response["Location"] == reverse("metrics:home")
    assert client.session["_auth_user_id"] == str(user.pk)


def test_login_says_what_is_wrong_and_keeps_the_name(client: Client) -> None:
    factories.create_user("nina")

    response = client.post(reverse("users:login"), {"username": "nina", "password": "wrong"})

    assert "_auth_user_id" not in client.session
    assert 'value="nina"' in response.content.decode()
    assert "Please enter a correct username and password" in text_of(response)


def test_login_refuses_a_foreign_destination(client: Client) -> None:
    factories.create_user("nina")
    url = reverse("users:login") + "?next=https://elsewhere.example/"

    response = client.post(
        url, {"username": "nina", "password": factories.PASSWORD, "next": "https://elsewhere.example/"}
    )

    assert response["Location"] == reverse("metrics:home")


def test_page_without_login_leads_to_the_login(client: Client) -> None:
    response = client.get(reverse("plans:accountplan_list"))

    assert response["Location"] == f"{reverse('users:login')}?next={reverse('plans:accountplan_list')}"


@pytest.mark.parametrize(
    ("referrer", "expected"),
    [
        ("http://testserver/plans/?page=2", "http%3A//testserver/plans/%3Fpage%3D2"),
        ("https://elsewhere.example/", "/"),
        ("", "/"),
    ],
)
def test_form_sent_without_login_leads_back_to_its_page(client: Client, referrer: str, expected: str) -> None:
    """Its own address takes only posts."""
    response = client.post(reverse("metrics:sweep_now"), headers={"Referer": referrer})

    assert response.headers["Location"] == f"{reverse('users:login')}?next={expected}"


def test_inactive_user_stays_out(client: Client) -> None:
    factories.create_user("nina", is_active=False)

    client.post(reverse("users:login"), {"username": "nina", "password": factories.PASSWORD})

    assert "_auth_user_id" not in client.session


def test_lost_access_holds_from_the_next_request(client: Client) -> None:
    user = factories.create_user("nina")
    client.force_login(user)
    assert get(client, reverse("metrics:home")).status_code == 200
    user.is_active = False
    user.save()

    response = client.get(reverse("metrics:home"))

    assert response["Location"].startswith(reverse("users:login"))


def test_logout_needs_a_post(client: Client) -> None:
    client.force_login(factories.create_user("nina"))

    assert client.get(reverse("users:logout")).status_code == 405
    assert client.post(reverse("users:logout")).status_code == 302
    assert "_auth_user_id" not in client.session


def test_password_change_keeps_the_session(client: Client) -> None:
    user = factories.create_user("nina")
    client.force_login(user)
    new = "another-long-horse-7"

    response = client.post(
        reverse("users:password_change"),
        {"old_password": factories.PASSWORD, "new_password1": new, "new_password2": new},
        follow=True,
    )

    assert "Your new password is in use" in text_of(response)
    assert User.objects.get(pk=user.pk).check_password(new)


@time_machine.travel("2026-06-15T08:00:30Z", tick=False)
def test_only_so_many_guesses_are_taken(client: Client) -> None:
    """By name from anywhere and by address for any name, and at the API as well; who knows the password is let in."""
    factories.create_user("nina")
    factories.create_user("otto")
    login, api = reverse("users:login"), "/api/v1/auth/token/"
    limit = int(settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"]["login"].split("/")[0])
    right = {"username": "nina", "password": factories.PASSWORD}
    for _morning in range(limit + 1):
        assert Client().post(login, right).status_code == 302

    guesses = [client.post(login, {"username": "Nina ", "password": f"guess {n}"}) for n in range(limit)]
    by_name = client.post(login, right, REMOTE_ADDR="10.0.0.7")
    by_address = client.post(login, {"username": "otto", "password": factories.PASSWORD})
    elsewhere = Client().post(
        login, {"username": "otto", "password": factories.PASSWORD}, REMOTE_ADDR="10.0.0.7"
    )
    at_the_api = client.post(api, right, content_type="application/json", REMOTE_ADDR="10.0.0.8")

    assert {guess.status_code for guess in guesses} == {200}
    assert [by_name.status_code, by_address.status_code, at_the_api.status_code] == [429, 429, 429]
    assert "Too many attempts" in text_of(by_name)
    assert 1 <= int(by_name["Retry-After"]) <= 60
    assert "_auth_user_id" not in client.session
    assert elsewhere.status_code == 302
