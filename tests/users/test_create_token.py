"""`manage.py create_token`."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from kam.core.models import Change
from kam.users.models import ApiToken, User
from tests import factories
from tests.fixtures import ApiFor


def create_token(*arguments: str) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command("create_token", *arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_create_token_prints_a_key_that_opens_the_api(integration: User, api: ApiFor) -> None:
    printed, said = create_token("integration")

    client = api(None)
    client.credentials(HTTP_AUTHORIZATION=f"Token {printed.strip()}")
    assert client.get("/api/v1/users/me/").json()["username"] == "integration"
    assert printed.strip() not in said
    token = ApiToken.objects.get()
    assert (token.name, token.is_read_only, token.expires_at) == ("command line", False, None)
    assert Change.objects.of(token).get().source == "command"


def test_create_token_takes_name_scope_and_lifetime(integration: User) -> None:
    create_token("integration", "--name", "Nightly feed", "--read-only", "--days", "7")

    token = ApiToken.objects.get()
    assert (token.name, token.is_read_only) == ("Nightly feed", True)
    assert timedelta(days=6) < token.expires_at - timezone.now() <= timedelta(days=7)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(["nobody"], "no user"), (["gone"], "not active"), (["integration", "--days", "0"], "1 or more")],
)
def test_create_token_refuses(arguments: list[str], message: str, integration: User) -> None:
    factories.create_user("gone", is_active=False)

    with pytest.raises(CommandError, match=message):
        create_token(*arguments)

    assert not ApiToken.objects.exists()
