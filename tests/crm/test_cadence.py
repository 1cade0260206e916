from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from crm.enums import CallFrequency
from crm.models import Account
from crm.models.cadence import due_by, with_next_due
from kam.users.models import User
from tests import factories

LEAP_DAY, LAST_OF_JANUARY = date(2028, 2, 29), date(2027, 1, 31)
LATE_IN_FEBRUARY = datetime(2026, 2, 28, 23, 59, tzinfo=UTC)
days = st.one_of(
    st.dates(date(2000, 1, 1), date(2040, 12, 31)),
    st.dates().filter(lambda day: day.day >= 28),  # where months are clipped, and the end of time
)
calls = st.lists(st.one_of(st.none(), days), min_size=1, max_size=5)


class TestTheDatabaseAndTheRule(TestCase):
    @given(calls, st.timedeltas(timedelta(days=-9_000), timedelta(days=9_000)))
    @example([LEAP_DAY, LAST_OF_JANUARY, date(2028, 1, 31), date(2027, 12, 31), date.max, None], timedelta(0))
    def test_say_the_same_day_for_every_frequency(self, last_calls: list[Any], since: timedelta) -> None:
        call = factories.create_activity_type()
        for frequency in CallFrequency:
            for done_on in last_calls:
                account = factories.create_account(call_frequency=frequency)
                if done_on:
                    factories.create_activity(account, type=call, done_on=done_on)
        Account.objects.unscoped("test").update(created_at=LATE_IN_FEBRUARY + since)

        found = with_next_due(Account.objects.unscoped("test"))

        assert [row.next_due_on for row in found] == [row.next_activity_due_on for row in found]


@pytest.fixture
def owner(db: None) -> User:
    return factories.create_user("owner")


def names(user: User, day: date) -> list[str]:
    return [account.name for account in due_by(Account.objects.visible_to(user), day)]


def test_logging_editing_and_deleting_a_call_moves_what_is_due(owner: User) -> None:
    account = factories.create_account("Weekly", owner=owner, call_frequency=CallFrequency.WEEKLY)
    monday = date(2026, 11, 16)
    first = factories.create_activity(account, done_on=monday - timedelta(days=7))
    assert names(owner, monday) == ["Weekly"]

    call = factories.create_activity(account, done_on=monday, type=first.type)
    assert names(owner, monday + timedelta(days=6)) == []
    assert names(owner, monday + timedelta(days=7)) == ["Weekly"]

    call.done_on = monday - timedelta(days=3)
    call.save()
    assert names(owner, monday + timedelta(days=4)) == ["Weekly"]

    call.delete()
    assert names(owner, monday) == ["Weekly"]


def test_only_done_calls_that_count_restart_the_cadence(owner: User) -> None:
    account = factories.create_account(owner=owner, call_frequency=CallFrequency.YEARLY)
    today = date(2026, 11, 16)
    mail = factories.create_activity_type("E-mail", counts_for_cadence=False)
    factories.create_activity(account, done_on=today, type=mail)
    factories.create_activity(account, planned_for=today)

    (found,) = with_next_due(Account.objects.visible_to(owner))

    assert found.last_activity_on is None
