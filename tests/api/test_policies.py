"""No view of the API without a declared policy, and the policy holds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from kam.core.api.permissions import PUBLIC, DeclaredPolicy
from kam.core.api.views import ApiMixin, KamAPIView
from kam.users.models import User
from tests.fixtures import ApiFor

pytestmark = pytest.mark.any_database  # who may call is decided before any row of the business is read
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
ID = "00000000-0000-4000-8000-000000000000"


def api_views() -> Iterator[tuple[str, type]]:
    """Path and class of every view below /api/v1/, whichever app brings it."""

    def walk(resolver: URLResolver, prefix: str) -> Iterator[tuple[str, Any]]:
        for entry in resolver.url_patterns:
            path = prefix + str(entry.pattern)
            if isinstance(entry, URLResolver):
                yield from walk(entry, path)
            elif isinstance(entry, URLPattern) and path.startswith("api/"):
                callback: Any = entry.callback
                yield path, getattr(callback, "cls", None) or callback.view_class

    yield from walk(get_resolver(), "")


VIEWS = list(api_views())
GUARDED = [path for path, view in VIEWS if view.kam_policy != PUBLIC]


def url_of(path: str) -> str:
    return "/" + re.sub(r"<[^>]+>", ID, path)


@pytest.mark.parametrize(("path", "view"), VIEWS)
def test_every_view_declares_who_may_call_it(path: str, view: Any) -> None:
    assert issubclass(view, ApiMixin)
    assert view.kam_policy
    assert DeclaredPolicy in view.permission_classes


def test_a_view_without_a_policy_answers_nobody(admin: User) -> None:
    from rest_framework.test import APIRequestFactory, force_authenticate

    request = APIRequestFactory().get("/")
    force_authenticate(request, admin)

    assert KamAPIView.as_view()(request).status_code == 403


def test_every_view_that_is_not_public_asks_for_a_login(db: None, api: ApiFor, errors_of: Any) -> None:
    client = api(None)

    for path in GUARDED:
        for method in METHODS:
            response = client.generic(method, url_of(path))
            assert response.status_code == 401, (method, path)
            assert errors_of(response) == [(None, "not_authenticated")]


def test_every_view_refuses_writes_with_a_token_that_only_reads(admin: User, api: ApiFor) -> None:
    client = api(admin, is_read_only=True)

    for path in GUARDED:
        for method in METHODS[1:]:
            assert client.generic(method, url_of(path)).status_code in {403, 405}, (method, path)


def test_public_is_what_should_be() -> None:
    public = {view.__name__ for _path, view in VIEWS if view.kam_policy == PUBLIC}

    assert public == {"RootView", "SchemaView", "DocsView", "LoginView", "UnknownPathView"}
