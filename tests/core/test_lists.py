"""Pages of a list, counted only as far as anybody reads."""

from __future__ import annotations

import pytest
from django.test import RequestFactory

from crm.models import Account
from kam.core import lists
from kam.users.models import User
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def seven(admin: User) -> list[Account]:
    return [factories.create_account(f"Clinic {number}") for number in range(7)]


def page(user: User, number: str = "1") -> lists.Page:
    request = RequestFactory().get("/", {"page": number})
    return lists.page_of(request, Account.objects.visible_to(user), per_page=3)


def test_count_is_exact_below_the_limit(admin: User, seven: list[Account]) -> None:
    first = page(admin)

    assert (first.paginator.count, first.paginator.num_pages) == (7, 3)
    assert [account.name for account in page(admin, "3")] == ["Clinic 6"]


def test_count_stops_at_the_limit(admin: User, seven: list[Account], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "COUNT_LIMIT", 6)

    first = page(admin)

    assert first.paginator.count is None
    assert first.has_next()
    assert len(page(admin, "2")) == 3


@pytest.mark.parametrize("asked", ["3", "4", "399", "10000"])
def test_list_that_was_not_counted_still_ends(
    admin: User, seven: list[Account], asked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "COUNT_LIMIT", 2)

    last = page(admin, asked)

    assert [account.name for account in last] == ["Clinic 6"]
    assert (last.number, last.has_next(), last.end_index()) == (3, False, 7)


@pytest.mark.parametrize(
    ("asked", "given"), [("0", 1), ("-1", 1), ("99", 3), ("two", 1), ("", 1), ("9" * 400, 3)]
)
def test_page_that_is_not_there_is_the_nearest(
    admin: User, seven: list[Account], asked: str, given: int
) -> None:
    assert page(admin, asked).number == given
