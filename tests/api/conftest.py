from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

BRACKETS = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")
Fields = Callable[[Any], list[tuple[str | None, str]]]


@pytest.fixture(autouse=True)
def _fresh_counters() -> Iterator[None]:
    """Throttles count in the cache: no test inherits the requests of another."""
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def statements() -> Callable[[Callable[[], Any]], int]:
    """`statements(call)`: how many statements the call takes, beside those that begin and end transactions."""

    def count(call: Callable[[], Any]) -> int:
        with CaptureQueriesContext(connection) as captured:
            call()
        return sum(not query["sql"].startswith(BRACKETS) for query in captured.captured_queries)

    return count


@pytest.fixture
def errors_of() -> Fields:
    """`errors_of(response)`: the (field, code) pairs of a problem, after checking its form."""

    def pairs(response: Any) -> list[tuple[str | None, str]]:
        assert response["Content-Type"] == "application/problem+json"
        body = response.json()
        assert body["status"] == response.status_code
        assert set(body) == {"type", "title", "status", "detail", "errors"}
        return [(error["field"], error["code"]) for error in body["errors"]]

    return pairs
