"""Who comes in, and by which door."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import NoReverseMatch, URLResolver, get_resolver, reverse

from kam.users.models import Role, User
from tests.admin.forms import open_form, send, url
from tests.fixtures import ClientFor, World

INDEX = "/admin/"


def test_admin_asks_strangers_to_log_in_on_our_page(client: Client, db: None) -> None:
    response = client.get(url(User, "changelist"), follow=True)

    assert response.redirect_chain[-1][0] == "/login/?next=/admin/users/user/"
    assert response.templates[0].name == "users/login.html"


def test_admin_leads_back_after_the_login(admin: User, client: Client) -> None:
    login = client.get(INDEX, follow=True).redirect_chain[-1][0]

    response = client.post(login, {"username": "admin", "password": "correct-horse-battery", "next": INDEX})

    assert response.url == INDEX
    assert client.get(INDEX).status_code == 200


@pytest.mark.parametrize("username", [
    "account_manager", "colleague", "stranger", "manager", "executive", "integration", "viewer", "msl",
])  # fmt: skip
def test_admin_is_for_administrators_only(username: str, cast: dict[str, User], client_as: ClientFor) -> None:
    for address in (
        INDEX,
        url(User, "changelist"),
        url(User, "add"),
        "/admin/autocomplete/",
        "/admin/login/",
    ):
        assert client_as(cast[username]).get(address, follow=True).status_code == 403, address


def test_admin_closes_at_once_when_the_role_was_changed_in_bulk(admin: User, client_as: ClientFor) -> None:
    browser = client_as(admin)
    assert browser.get(INDEX).status_code == 200

    User.objects.filter(pk=admin.pk).update(role=Role.VIEWER)

    assert browser.get(INDEX, follow=True).status_code == 403


def test_admin_closes_at_once_for_who_was_deactivated(admin: User, client_as: ClientFor) -> None:
    browser = client_as(admin)

    User.objects.filter(pk=admin.pk).update(is_active=False)

    assert browser.get(INDEX, follow=True).redirect_chain[-1][0].startswith("/login/")


def test_admin_login_page_of_django_is_gone(admin: User, client: Client, client_as: ClientFor) -> None:
    assert client.get("/admin/login/").url.startswith("/login/?next=")
    assert client.post("/admin/login/", {"username": "admin", "password": "x"}).status_code == 302
    assert client_as(admin).get("/admin/login/").url == INDEX


def test_admin_links_out_to_our_own_pages(admin: User, client_as: ClientFor) -> None:
    browser = client_as(admin)

    assert browser.get("/admin/password_change/").url == reverse("users:password_change")
    assert browser.post("/admin/logout/").url == reverse("users:login")
    assert browser.get(INDEX).status_code == 302


def test_admin_has_no_detour_that_tells_hidden_rows_from_missing_ones(admin: User) -> None:
    with pytest.raises(NoReverseMatch):
        reverse("admin:view_on_site", args=[1, "x"])


def test_admin_views_say_who_may_call_them() -> None:
    def walk(resolver: URLResolver) -> list[object]:
        found: list[object] = []
        for entry in resolver.url_patterns:
            found += walk(entry) if isinstance(entry, URLResolver) else [entry]
        return found

    site = next(r for r in get_resolver().url_patterns if getattr(r, "namespace", "") == "admin")
    policies = {pattern.name: getattr(pattern.callback, "kam_policy", None) for pattern in walk(site)}

    assert policies.pop("login") == "public"
    assert set(policies.values()) == {"administrators"}


def test_admin_index_is_ours_and_keeps_no_log_of_its_own(
    admin: User, world: World, client_as: ClientFor
) -> None:
    browser = client_as(admin)
    address = url(type(world.account), "change", world.account.pk)

    send(browser, address, open_form(browser, address), name="Renamed")
    browser.get(INDEX)  # shows the message about the save
    page = browser.get(INDEX)

    assert "kam administration" in page.text
    assert "Renamed" not in page.text
    assert not LogEntry.objects.exists()
