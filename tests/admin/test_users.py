"""Users and tokens in the admin."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from kam.core.models import Change
from kam.users.models import ApiToken, Role, User
from kam.users.operations import OwnAccessError, may_see_confidential, set_confidential_access
from tests import factories
from tests.admin.forms import errors_of, open_form, send, url
from tests.fixtures import ApiFor, ClientFor, World

PASSWORD = "a-long-new-passphrase"


@pytest.fixture
def browser(admin: User, client_as: ClientFor) -> Client:
    return client_as(admin)


def fresh(user: User) -> User:
    return User.objects.get(pk=user.pk)


def test_user_is_added_with_role_and_password(browser: Client, admin: User, client: Client) -> None:
    form = open_form(browser, url(User, "add"))

    response = send(
        browser, url(User, "add"), form,
        username="newkam", first_name="Nia", role="kam", usable_password="true", password1=PASSWORD, password2=PASSWORD,
    )  # fmt: skip

    assert response.status_code == 302, errors_of(response)
    user = User.objects.get(username="newkam")
    assert (user.role, user.is_staff) == ("kam", False)
    assert client.login(username="newkam", password=PASSWORD)
    entry = Change.objects.of(user).get()
    assert (entry.actor, entry.source, entry.after["password"]) == (admin, "admin", "•••")


def test_integration_needs_the_source_it_feeds(browser: Client) -> None:
    form = open_form(browser, url(User, "add"))

    response = send(
        browser, url(User, "add"), form,
        username="feed", role="integration", usable_password="true", password1=PASSWORD, password2=PASSWORD,
    )  # fmt: skip

    assert "source" in response.context["adminform"].form.errors


def test_role_is_what_gives_and_takes_the_admin(browser: Client, viewer: User) -> None:
    address = url(User, "change", viewer.pk)

    send(browser, address, open_form(browser, address), role="admin")
    assert fresh(viewer).is_staff

    send(browser, address, open_form(browser, address), role="viewer")
    assert not fresh(viewer).is_staff


def test_password_is_set_and_logged_without_its_value(browser: Client, viewer: User, client: Client) -> None:
    address = f"/admin/users/user/{viewer.pk}/password/"

    response = browser.post(
        address, {"usable_password": "true", "password1": PASSWORD, "password2": PASSWORD}
    )

    assert response.status_code == 302
    assert client.login(username="viewer", password=PASSWORD)
    entry = Change.objects.of(viewer).first()
    assert (entry.before, entry.after) == ({"password": "•••"}, {"password": "•••"})


@pytest.mark.parametrize("change", [{"role": "viewer"}, {"is_active": []}])
def test_nobody_locks_themselves_out(change: dict[str, object], browser: Client, admin: User) -> None:
    address = url(User, "change", admin.pk)

    response = send(browser, address, {**open_form(browser, address), **change})

    assert "You cannot lock yourself out" in errors_of(response)
    assert fresh(admin).role == Role.ADMIN


def test_users_are_deactivated_not_deleted(
    browser: Client, admin: User, viewer: User, client_as: ClientFor
) -> None:
    assert browser.get(url(User, "delete", viewer.pk)).status_code == 403
    visitor = client_as(viewer)

    rows = [str(viewer.pk), str(admin.pk)]
    browser.post(url(User, "changelist"), {"action": "deactivate", "_selected_action": rows})

    assert not fresh(viewer).is_active
    assert fresh(admin).is_active
    assert visitor.get("/", follow=True).redirect_chain
    assert Change.objects.of(viewer).first().after == {"is_active": False}

    browser.post(url(User, "changelist"), {"action": "activate", "_selected_action": rows})
    assert fresh(viewer).is_active


def test_access_to_confidential_plans_is_given_by_another_and_logged(
    browser: Client, admin: User, world: World, client_as: ClientFor
) -> None:
    other = factories.create_user("other", role=Role.ADMIN)
    plan_page = url(type(world.plan), "change", world.confidential.pk)
    assert client_as(other).get(plan_page).status_code == 404
    address = url(User, "change", other.pk)

    send(browser, address, open_form(browser, address), sees_confidential="on")

    assert may_see_confidential(other)
    assert client_as(other).get(plan_page).status_code == 200
    entry = Change.objects.of(other).first()
    assert entry.actor == admin
    assert list(entry.after) == ["user_permissions"]

    form = open_form(browser, address)
    assert form.pop("sees_confidential") == ["on"]
    send(browser, address, form)
    assert not may_see_confidential(other)
    assert client_as(other).get(plan_page).status_code == 404


def test_nobody_gives_themselves_access_to_confidential_plans(browser: Client, admin: User) -> None:
    address = url(User, "change", admin.pk)

    send(browser, address, open_form(browser, address), sees_confidential="on")

    assert not may_see_confidential(admin)
    with pytest.raises(OwnAccessError):
        set_confidential_access(user=admin, granted=True, actor=admin)


def test_access_may_be_given_up(admin: User) -> None:
    set_confidential_access(user=admin, granted=True, actor=factories.create_user("other", role=Role.ADMIN))

    set_confidential_access(user=admin, granted=False, actor=admin)

    assert not may_see_confidential(admin)


# --- Tokens -----------------------------------------------------------------------------------
def test_token_shows_its_key_once(browser: Client, integration: User, api: ApiFor) -> None:
    address = url(ApiToken, "add")
    form = open_form(browser, address)

    page = browser.post(
        address, {**form, "user": str(integration.pk), "name": "ERP", "days": "30"}, follow=True
    )

    token = ApiToken.objects.get()
    (message,) = [str(text) for text in page.context["messages"] if "copy it now" in str(text)]
    key = message.split(" is ")[1].split(" ")[0]
    assert ApiToken.hash_of(key) == token.key_hash
    assert token.user == integration
    assert timedelta(days=29) < token.expires_at - timezone.now() <= timedelta(days=30)
    assert key not in browser.get(url(ApiToken, "change", token.pk)).text
    assert Change.objects.of(token).get().after["key_hash"] == "•••"
    client = api(None)
    client.credentials(HTTP_AUTHORIZATION=f"Token {key}")
    assert client.get("/api/v1/users/me/").status_code == 200


def test_token_is_revoked_and_stays_listed(browser: Client, integration: User) -> None:
    token, _key = factories.create_token(integration)

    browser.post(url(ApiToken, "changelist"), {"action": "revoke", "_selected_action": [str(token.pk)]})

    assert ApiToken.objects.get().revoked_at is not None
    assert not ApiToken.objects.usable(at=timezone.now()).exists()
    assert browser.get(url(ApiToken, "delete", token.pk)).status_code == 403
    assert token.name in browser.get(url(ApiToken, "changelist")).text


def test_token_cannot_be_changed(browser: Client, integration: User) -> None:
    token, _key = factories.create_token(integration)

    response = browser.post(url(ApiToken, "change", token.pk), {"name": "Other", "user": str(integration.pk)})

    assert response.status_code == 403
    assert ApiToken.objects.get().name == "test"
