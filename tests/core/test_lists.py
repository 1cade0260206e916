"""Pages of a list, counted only as far as anybody reads."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.test import RequestFactory
from pytest_django import DjangoAssertNumQueries

from crm.models import Account
from kam.core import lists
from kam.users.models import User
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_remembered() -> None:
    cache.clear()


@pytest.fixture
def seven(admin: User) -> list[Account]:
    return [factories.create_account(f"Clinic {number}") for number in range(7)]


def page(user: User, number: str = "1") -> lists.Page:
    request = RequestFactory().get("/", {"page": number})
    request.user = user
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


def test_long_list_is_not_counted_at_every_page(
    admin: User,
    seven: list[Account],
    monkeypatch: pytest.MonkeyPatch,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    monkeypatch.setattr(lists, "COUNT_LIMIT", 6)
    assert page(admin).paginator.count is None

    with django_assert_num_queries(1):
        second = page(admin, "2")

    assert (second.paginator.count, len(second), second.has_next()) == (None, 3, True)


def test_list_whose_end_was_seen_is_counted_again(
    admin: User, seven: list[Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "COUNT_LIMIT", 6)
    page(admin)
    seven.pop().delete()

    assert page(admin, "2").paginator.count is None

    assert page(admin, "1").paginator.count == 6


def test_length_of_a_list_is_remembered_of_its_reader_alone(
    admin: User, manager: User, seven: list[Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "COUNT_LIMIT", 6)
    assert page(admin).paginator.count is None

    assert page(manager).paginator.count == 0


def test_rows_are_picked_in_the_order_of_the_list(admin: User, seven: list[Account]) -> None:
    request = RequestFactory().get("/", {"page": "2"})
    request.user = admin
    found = Account.objects.visible_to(admin).order_by("-name")
    rows = lists.OrderedRows(found, picked=lambda: Account.objects.unscoped("a test"))

    second = lists.page_of(request, found, per_page=3, rows=rows.rows, ids=rows.ids)

    assert second.paginator.count == 7
    assert [account.name for account in second] == ["Clinic 3", "Clinic 2", "Clinic 1"]


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
