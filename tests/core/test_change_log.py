"""The log cannot be changed, and read backwards it gives what was recorded then."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.db.models import F
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.models import Account, Contact, Opportunity
from kam.core.actor import acting
from kam.core.changes import created_values
from kam.core.models import Change
from tests import factories
from tests.fixtures import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def deal() -> Opportunity:
    return factories.create_opportunity(factories.create_account(), "Ward", close_date=date(2026, 5, 1))


def entries(after: int = 0) -> list[Change]:
    return list(Change.objects.unscoped("test").filter(pk__gt=after).order_by("pk"))


def test_entries_cannot_be_changed(deal: Opportunity) -> None:
    entry = entries()[-1]
    kept = entry.after
    entry.after = {}

    for change in (
        entry.save,
        entry.delete,
        lambda: Change.objects.unscoped("test").update(after={}),
        lambda: Change.objects.unscoped("test").delete(),
        lambda: Change.objects.unscoped("test").bulk_update([entry], ["after"]),
        lambda: Change.objects.unscoped("test").update_or_create(pk=entry.pk, defaults={"after": {}}),
        lambda: Change.objects.bulk_create(
            [entry], update_conflicts=True, unique_fields=["id"], update_fields=["after"]
        ),
    ):
        with pytest.raises(TypeError, match="change log cannot"), transaction.atomic():
            change()
    with pytest.raises(IntegrityError), transaction.atomic():
        Change(pk=entry.pk, model="x", object_id=deal.pk, source="x", after={}).save()

    assert entries()[-1].after == kept


def test_entries_outlive_their_user(deal: Opportunity) -> None:
    user = factories.create_user("gone")
    user_id = user.pk
    with acting(user):
        deal.name = "Wing"
        deal.save()

    user.delete()

    wing = next(e for e in entries() if e.after == {"name": "Wing"})
    assert (wing.actor_name, wing.actor_id) == ("Gone", user_id)


def test_history_of_a_row_holds_what_belongs_to_it(world: World) -> None:
    factories.create_objective(world.plan, "Win the ward")

    names = {e.object_name for e in Change.objects.of(world.plan)}

    assert names == {"Harbour Clinics this year", "Win the ward"}


# --- Replay ---------------------------------------------------------------------------------
State = dict[str, dict[str, Any]]
MODELS = (Account, Contact, Opportunity)


def state_now() -> State:
    """Every row of the models as the log would write it, by id."""
    rows: State = {}
    for model in MODELS:
        for row in model._base_manager.all():
            rows[str(row.pk)] = created_values(row)
    for deal in Opportunity._base_manager.all():
        through = Opportunity.contacts.through._base_manager.filter(opportunity=deal)
        rows[str(deal.pk)]["contacts"] = sorted(str(link.contact_id) for link in through)
    return rows


def undo(state: State, entry: Change) -> None:
    """Take one entry back."""
    key = str(entry.object_id)
    if entry.operation == "create":
        del state[key]
    elif entry.operation == "delete":
        state[key] = dict(entry.before)
        if entry.model == "crm.opportunity":
            state[key].setdefault("contacts", [])
    else:
        before, after = entry.before or {}, entry.after or {}
        links = set(state[key].get("contacts", ())) - set(after.get("contacts", ())) | set(
            before.get("contacts", ())
        )
        state[key] |= before
        if "contacts" in before or "contacts" in after:
            state[key]["contacts"] = sorted(links)


@dataclass
class Writer:
    """Does one random step after another through every door of the ORM."""

    account: Account
    recorded: list[tuple[int, State]] = field(default_factory=list)

    @classmethod
    def with_rows(cls) -> Writer:
        account = factories.create_account("Harbour")
        head = factories.create_contact(account, "Head")
        staff = [factories.create_contact(account, reports_to=head) for _ in range(2)]
        for _ in range(2):
            factories.create_opportunity(account, contacts=[head, *staff])
        return cls(account)

    def record(self) -> None:
        newest = Change.objects.unscoped("test").order_by("-pk").values_list("pk", flat=True).first()
        self.recorded.append((newest or 0, state_now()))

    def pick(self, model: Any, number: int) -> Any:
        rows = list(model._base_manager.order_by("created_at", "pk"))
        return rows[number % len(rows)] if rows else None

    def step(self, kind: str, number: int, amount: Decimal) -> None:
        deal, contact, name = self.pick(Opportunity, number), self.pick(Contact, number), f"name {number}"
        if kind == "create":
            factories.create_opportunity(self.account, name, amount=amount)
        elif kind == "bulk_create":
            Contact.objects.bulk_create([Contact(account=self.account, name=f"{name} {n}") for n in range(2)])
        elif kind == "update":
            with_digit = Contact.objects.unscoped("test").filter(name__contains=number % 10)
            with_digit.update(name=name, department="d")
        elif kind == "update_all":
            Opportunity.objects.unscoped("test").update(amount=F("amount") + F("amount"), next_step=name)
        elif kind == "delete_all":
            Opportunity.objects.unscoped("test").filter(amount__gte=amount).delete()
        elif deal and contact:
            self.step_on(kind, deal, contact, amount)

    def step_on(self, kind: str, deal: Opportunity, contact: Contact, amount: Decimal) -> None:
        if kind == "save":
            deal.amount, deal.name = amount, f"{amount}"
            deal.save()
        elif kind == "bulk_update":
            contact.reports_to, contact.email = self.pick(Contact, int(abs(amount))), f"{amount}@example.com"
            Contact.objects.unscoped("test").bulk_update([contact], ["reports_to", "email"])
        elif kind == "delete":
            contact.delete()
        elif kind == "link":
            deal.contacts.add(contact)
        elif kind == "unlink":
            deal.contacts.clear()


KINDS = (
    *("create", "bulk_create", "update", "update_all", "save"),
    *("bulk_update", "delete", "delete_all", "link", "unlink"),
)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(KINDS), st.integers(0, 30), st.decimals(min_value=-9_999, max_value=9_999, places=3)
    ),
    min_size=1,
    max_size=14,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_log_read_backwards_gives_what_was_recorded(steps: list[tuple[str, int, Decimal]]) -> None:
    with transaction.atomic():
        writer = Writer.with_rows()
        writer.record()
        for step in steps:
            writer.step(*step)
            writer.record()
        state = state_now()
        newest_first = entries()[::-1]
        for at, recorded in reversed(writer.recorded):
            while newest_first and newest_first[0].pk > at:
                entry = newest_first.pop(0)
                if entry.model in {"crm.account", "crm.contact", "crm.opportunity"}:
                    undo(state, entry)
            assert state == recorded
        transaction.set_rollback(True)
