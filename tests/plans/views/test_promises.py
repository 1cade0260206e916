"""Promises are added, changed and deleted from the ledger, by those who edit the plan."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse

from crm.enums import PickList
from kam.users.models import User
from plans.enums import Access
from plans.models import Commitment, CoopExpense, CoopFund, PlanEvent, RebateProgram, RebateTier
from tests import factories
from tests.fixtures import ClientFor, World
from tests.pages import form_of, get, text_of

pytestmark = pytest.mark.django_db

KINDS: dict[str, Any] = {
    "commitment": Commitment,
    "event": PlanEvent,
    "coopfund": CoopFund,
    "coopexpense": CoopExpense,
    "rebateprogram": RebateProgram,
}


def values_of(kind: str, world: World, owner: User) -> dict[str, str]:
    """What a form sends."""
    start, end = world.plan.start_date.isoformat(), world.plan.end_date.isoformat()
    if kind == "commitment":
        joint = factories.create_activity_type("Joint call", counts_as_commitment=True)
        return {"quantity": "8", "activity_type": str(joint.pk), "due_date": end, "owner": str(owner.pk)}
    if kind == "event":
        return {"name": "Ward day", "date": start, "owner": str(owner.pk)}
    if kind == "coopfund":
        return {"name": "Launch money", "amount": "1000.50"}
    if kind == "coopexpense":
        booth = factories.create_pick_list_value("Booth", pick_list=PickList.COOP_EXPENSE_KIND)
        values = {"name": "Booth at the fair", "amount": "250", "date": start, "status": "spent"}
        return {**values, "kind": str(booth.pk)}
    tiers = {"threshold_0": "20000", "percent_0": "3", "threshold_1": "10000", "percent_1": "2"}
    return {"name": "Bonus", "start_date": start, "end_date": end, **tiers}


CHANGED = {"commitment": ("quantity", "9"), "coopfund": ("amount", "900")}


@pytest.mark.parametrize("kind", KINDS)
def test_promise_is_added_changed_and_deleted(
    client_as: ClientFor, world: World, account_manager: User, kind: str
) -> None:
    client, rows = client_as(account_manager), KINDS[kind].objects.unscoped("test")
    parent = factories.create_coop_fund(world.plan).pk if kind == "coopexpense" else world.plan.pk
    before = {row.pk for row in rows}
    create = reverse(f"plans:{kind}_create", args=[parent])
    get(client, create)

    response = client.post(create, values_of(kind, world, account_manager))

    ledger = reverse("metrics:plan_promises", args=[world.plan.pk])
    assert response["Location"] == ledger
    (promise,) = (row for row in rows.all() if row.pk not in before)
    assert promise.plan == world.plan
    update = reverse(f"plans:{kind}_update", args=[promise.pk])
    name, value = CHANGED.get(kind, ("name", "Renamed"))
    values = {**form_of(get(client, update)), name: value}
    assert client.post(update, values)["Location"] == ledger
    again = client.post(update, values)  # of the version before
    assert (again.status_code, f'value="{value}"' in again.content.decode()) == (409, True)
    delete = reverse(f"plans:{kind}_delete", args=[promise.pk])
    promise = rows.get(pk=promise.pk)
    assert str(promise) in text_of(get(client, ledger))
    get(client, delete)
    assert client.post(delete)["Location"] == ledger
    assert not rows.filter(pk=promise.pk).exists()


def test_promise_is_shown_to_the_customer_unless_somebody_says_no(
    client_as: ClientFor, world: World, account_manager: User
) -> None:
    client, url = client_as(account_manager), reverse("plans:coopfund_create", args=[world.plan.pk])

    assert get(client, url).context["form"]["is_external"].value() is True
    client.post(url, {"name": "Ours", "amount": "1"})
    client.post(url, {"name": "Theirs", "amount": "1", "is_external": "on"})

    assert dict(CoopFund.objects.unscoped("test").values_list("name", "is_external")) == {
        "Ours": False,
        "Theirs": True,
    }


def test_commitment_takes_a_type_once_and_in_the_plan_s_period(
    client_as: ClientFor, world: World, account_manager: User
) -> None:
    client, url = client_as(account_manager), reverse("plans:commitment_create", args=[world.plan.pk])
    values = values_of("commitment", world, account_manager)
    call = factories.create_activity_type()
    client.post(url, values)

    for changed, field in (
        ({}, "activity_type"),  # promised already
        ({"activity_type": str(call.pk)}, "activity_type"),  # cannot be promised
        ({"quantity": "0"}, "quantity"),
        ({"due_date": "1999-01-01"}, "due_date"),
    ):
        response = client.post(url, {**values, **changed})
        assert response.status_code == 422
        assert field in response.context["form"].errors
    assert Commitment.objects.unscoped("test").count() == 1


def test_tiers_are_written_with_their_programme(
    client_as: ClientFor, world: World, account_manager: User
) -> None:
    client = client_as(account_manager)
    client.post(
        reverse("plans:rebateprogram_create", args=[world.plan.pk]),
        values_of("rebateprogram", world, account_manager),
    )
    program = RebateProgram.objects.unscoped("test").get()
    tiers = RebateTier.objects.unscoped("test").filter(program=program).order_by("threshold")
    assert list(tiers.values_list("threshold", "percent")) == [(10_000, 2), (20_000, 3)]
    kept = tiers[0].pk
    update = reverse("plans:rebateprogram_update", args=[program.pk])
    values = form_of(get(client, update))
    assert (values["threshold_0"], values["percent_0"]) == ("10000", "2")

    values |= {"threshold_1": "", "percent_1": "", "threshold_3": "50000", "percent_3": "4.5"}
    client.post(update, values)

    assert list(tiers.values_list("threshold", "percent")) == [(10_000, 2), (50_000, Decimal("4.5"))]
    assert tiers[0].pk == kept
    program.refresh_from_db()
    assert program.version == 2  # whoever read it before is told


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"percent_1": ""}, "percent_1"),
        ({"threshold_1": "20000"}, "threshold_1"),
        ({"percent_1": "4"}, "percent_0"),  # the higher tier brings less
        ({"percent_1": "101"}, "percent_1"),
        ({"threshold_1": "-1"}, "threshold_1"),
        ({"threshold_1": "0.001"}, "threshold_1"),  # finer than a cent
        ({"end_date": "1999-01-01"}, "end_date"),
    ],
)
def test_tiers_that_make_no_sense_are_refused_at_their_field(
    client_as: ClientFor, world: World, account_manager: User, changed: dict[str, str], field: str
) -> None:
    values = {**values_of("rebateprogram", world, account_manager), **changed}
    url = reverse("plans:rebateprogram_create", args=[world.plan.pk])

    response = client_as(account_manager).post(url, values)

    assert response.status_code == 422
    assert field in response.context["form"].errors
    assert not RebateProgram.objects.unscoped("test").exists()


@pytest.fixture
def steps(world: World) -> dict[str, str]:
    """The address of every step on a promise."""
    fund = factories.create_coop_fund(world.plan)
    rows = {
        "commitment": factories.create_commitment(world.plan),
        "event": factories.create_event(world.plan),
        "coopfund": fund,
        "coopexpense": factories.create_coop_expense(fund),
        "rebateprogram": factories.create_rebate_program(world.plan),
    }
    urls = {}
    for kind, row in rows.items():
        parent = fund.pk if kind == "coopexpense" else world.plan.pk
        urls[f"{kind}_create"] = reverse(f"plans:{kind}_create", args=[parent])
        for step in ("update", "delete"):
            urls[f"{kind}_{step}"] = reverse(f"plans:{kind}_{step}", args=[row.pk])
    return urls


@pytest.mark.parametrize(
    ("who", "status"),
    [("colleague", 403), ("manager", 403), ("viewer", 403), ("msl", 403), ("stranger", 404)],
)
def test_others_cannot_touch_promises(
    client_as: ClientFor, world: World, steps: dict[str, str], cast: dict[str, User], who: str, status: int
) -> None:
    client = client_as(cast[who])

    for name, url in steps.items():
        assert (client.get(url).status_code, client.post(url).status_code) == (status, status), name
    assert all(KINDS[kind].objects.unscoped("test").count() == 1 for kind in KINDS)


def test_editing_participant_keeps_promises(
    client_as: ClientFor, world: World, steps: dict[str, str], colleague: User
) -> None:
    factories.add_participant(world.plan, colleague, access=Access.EDIT)
    client = client_as(colleague)

    assert {client.get(url).status_code for url in steps.values()} == {200}
