"""Of two people who save the same row the second is told, and keeps what was typed."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from crm.models import Account, Opportunity
from kam.core.changes import StaleObjectError
from kam.core.models import Change
from kam.users.models import User
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def account(account_manager: User) -> Account:
    return factories.create_account("Harbour", owner=account_manager)


@pytest.fixture
def deal(account: Account) -> Opportunity:
    return factories.create_opportunity(account, "Ward", amount=1_000, close_date=date(2026, 5, 1))


def read(row: Any) -> Any:
    """The row anew, as another request would read it."""
    return type(row)._base_manager.get(pk=row.pk)


def test_second_writer_is_told(deal: Opportunity) -> None:
    first, second = read(deal), read(deal)
    first.name = "First"
    first.save()
    second.next_step = "Call"

    with pytest.raises(StaleObjectError) as caught:
        second.save()

    assert caught.value.instance is second
    assert second.next_step == "Call"  # the text is kept
    assert (read(deal).name, read(deal).next_step, read(deal).version) == ("First", "", 2)


def test_second_writer_would_win_without_the_version(
    deal: Opportunity, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Negative control: without the version in the WHERE the first name is lost."""
    monkeypatch.delattr("kam.core.changes.ChangeTracking._do_update")
    first, second = read(deal), read(deal)
    first.name, second.name = "First", "Second"
    first.save()
    second.save()

    assert read(deal).name == "Second"


@pytest.mark.parametrize("how", ["update", "bulk_update", "m2m", "delete"])
def test_reader_from_before_is_told(how: str, deal: Opportunity) -> None:
    reader = read(deal)
    writer = read(deal)
    if how == "update":
        Opportunity.objects.unscoped("test").update(name="Other")
    elif how == "bulk_update":
        writer.name = "Other"
        Opportunity.objects.unscoped("test").bulk_update([writer], ["name"])
    elif how == "m2m":
        writer.contacts.add(factories.create_contact(deal.account))
    else:
        writer.delete()
    reader.next_step = "Call"

    with pytest.raises(StaleObjectError):
        reader.save()


def test_bulk_update_of_stale_rows_writes_none(account: Account, deal: Opportunity) -> None:
    rows = [read(deal), factories.create_opportunity(account, "Other")]
    Opportunity.objects.unscoped("test").filter(pk=deal.pk).update(name="First")
    for row in rows:
        row.next_step = "Call"

    with pytest.raises(StaleObjectError):
        Opportunity.objects.unscoped("test").bulk_update(rows, ["next_step"])

    assert not Opportunity.objects.unscoped("test").filter(next_step="Call").exists()


def test_failed_save_can_be_tried_again(deal: Opportunity) -> None:
    deal.name = None  # type: ignore[assignment]
    with pytest.raises(IntegrityError), transaction.atomic():
        deal.save()

    deal.name = "Wing"
    deal.save()

    assert (read(deal).name, read(deal).version) == ("Wing", 2)


def test_loading_a_deferred_field_keeps_the_changes(deal: Opportunity) -> None:
    row = Opportunity.objects.unscoped("test").only("name", "version").get(pk=deal.pk)
    row.name = "Wing"
    assert row.amount == 1_000  # loads it

    row.save()

    assert Change.objects.of(deal).first().after == {"name": "Wing"}
    assert read(deal).name == "Wing"


def test_row_without_its_version_cannot_be_saved(deal: Opportunity) -> None:
    row = Opportunity.objects.unscoped("test").only("name").get(pk=deal.pk)
    row.name = "Wing"

    with pytest.raises(ValueError, match="version"):
        row.save()
