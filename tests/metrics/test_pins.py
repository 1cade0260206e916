"""Records put in or left out by hand: what they do to the numbers, and who may do it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.urls import reverse

from crm.models import Opportunity
from kam.core.models import Change
from kam.users.models import User
from metrics import operations, verification
from metrics.forecast import forecast_of
from metrics.models import StaleMarker
from metrics.pace import won_by_category
from metrics.records import records_of
from plans.coverage import covering
from plans.models import AccountPlan, Plan, PlanPin
from templates_app.enums import RevenueBasis
from tests import factories
from tests.fixtures import ApiFor, ClientFor, World

pytestmark = pytest.mark.django_db

TODAY = date(2026, 6, 15)
START, END, INSIDE, LATER = date(2026, 1, 1), date(2026, 12, 31), date(2026, 9, 1), date(2027, 3, 1)
BASE = "/api/v1/account-plans/"


@pytest.fixture(autouse=True)
def _june() -> Any:
    with time_machine.travel("2026-06-15T12:00:00Z", tick=False):
        yield


def plan_of(account: Any = None, **values: Any) -> AccountPlan:
    values = {"start_date": START, "end_date": END, "currency": "USD", "sales_target": 1_000, **values}
    return factories.create_plan(account, **values)


def deal(account: Any, amount: Any, stage: Any = None, **values: Any) -> Opportunity:
    values = {"close_date": INSIDE, "currency": "USD", "owner": account.owner, **values}
    return factories.create_opportunity(
        account, amount=amount, stage=stage or factories.won_stage(), **values
    )


def numbers(plan: Plan) -> tuple[Decimal, Decimal, int]:
    """Two ways to them: the stored row, and the independent check."""
    kpi, is_fresh = operations.fresh_kpi(plan)
    expected = verification.expected_values(plan, verification.World(company_currency="USD"), today=TODAY)
    assert is_fresh
    assert {name: getattr(kpi, name) for name in expected} == expected
    return kpi.won_revenue, kpi.pipeline, kpi.won_count


# --- What they do -----------------------------------------------------------------------------
def test_a_record_is_put_in_whole_and_once_whatever_the_rules_say() -> None:
    plan, elsewhere = plan_of(), factories.create_account()
    product = factories.create_product()
    factories.create_plan_product(plan, product)
    foreign, later, other_product = (
        deal(elsewhere, 1),
        deal(plan.account, 10, close_date=LATER),
        deal(plan.account, 100),
    )
    partly = deal(plan.account, 1_000)
    factories.create_opportunity_line(partly, product=product, amount=400)
    assert numbers(plan) == (400, 0, 1)

    for record, won in ((foreign, 401), (later, 411), (other_product, 511), (partly, 1_111)):
        factories.create_pin(plan, record)
        assert numbers(plan)[0] == won
    assert numbers(plan) == (1_111, 0, 4)
    foreign.amount = Decimal(2)
    foreign.save()
    assert numbers(plan)[0] == 1_112, "a change in another account reaches the plan"
    plan.account.parent = elsewhere
    plan.account.save()
    above = plan_of(elsewhere)
    factories.create_pin(above, foreign)
    assert numbers(above)[0] == 1_102, "what counts by the rules does not count twice"
    assert operations.rebuild() == (2, 0)
    assert (numbers(plan)[0], numbers(above)[0]) == (1_112, 1_102)


def test_a_record_is_left_out_of_this_plan_alone_until_that_is_undone() -> None:
    plan = plan_of()
    other = plan_of(plan.account)
    out = deal(plan.account, 70)
    deal(plan.account, 5)
    pin = factories.create_pin(plan, out, effect="exclude")

    assert (numbers(plan)[0], numbers(other)[0]) == (5, 75)
    out.amount = Decimal(80)
    out.save()
    assert numbers(plan)[0] == 5
    pin.delete()
    assert numbers(plan)[0] == 85


def test_lost_and_cancelled_stay_what_they_are_and_other_kinds_wait_for_their_basis() -> None:
    plan = plan_of()
    factories.create_pin(plan, deal(plan.account, 7, factories.lost_stage(), close_date=LATER))
    order = factories.create_order(factories.create_account(), amount=9, on_date=LATER)
    won = deal(factories.create_account(), 30)
    schedule = factories.create_schedule(factories.create_opportunity_line(won), on_date=LATER, amount=4)
    for record in (order, won, schedule):
        factories.create_pin(plan, record)

    assert numbers(plan) == (30, 0, 1)
    for basis, amount in ((RevenueBasis.ORDER, 9), (RevenueBasis.SCHEDULE, 4)):
        plan.revenue_basis = basis
        plan.save()
        assert numbers(plan)[0] == amount
    Plan.objects.unscoped("test").filter(pk=plan.pk).update(status="cancelled")
    assert numbers(Plan.objects.unscoped("test").get(pk=plan.pk)) == (0, 0, 0)


def test_a_pin_goes_with_its_record_however_that_goes() -> None:
    plan, elsewhere = plan_of(), factories.create_account()
    kept = deal(elsewhere, 1)
    by_hand, by_sql = deal(elsewhere, 10), deal(elsewhere, 100)
    for record in (kept, by_hand, by_sql):
        factories.create_pin(plan, record)
    by_hand.delete()
    with connection.cursor() as cursor:
        key = Opportunity._meta.pk.get_db_prep_value(by_sql.pk, connection)
        cursor.execute("DELETE FROM crm_opportunity WHERE id = %s", [key])

    assert numbers(plan) == (1, 0, 1)
    assert [pin.record_id for pin in PlanPin.objects.unscoped("test")] == [kept.pk]


def test_every_place_that_explains_the_number_knows_of_them(admin: User) -> None:
    plan, elsewhere = plan_of(), factories.create_account()
    product = factories.create_product()
    foreign, out = deal(elsewhere, 70), deal(plan.account, 5)
    factories.create_opportunity_line(foreign, product=product, amount=70)
    chance = deal(elsewhere, 40, factories.open_stage())
    for record, effect in ((foreign, "include"), (chance, "include"), (out, "exclude")):
        PlanPin.objects.unscoped("test").create(
            plan=plan, opportunity=record, effect=effect, reason="Agreed", created_by=admin
        )

    inside = records_of(plan, kpi="won_revenue", user=admin).records
    outside = records_of(plan, kpi="won_revenue", user=admin, is_excluded=True).records
    assert [(row.id, row.contribution, row.pin_text) for row in inside] == [
        (foreign.pk, 70, f"Put in by {admin}: Agreed")
    ]
    assert {(row.id, row.reason_text) for row in outside} == {
        (out.pk, f"Taken out by {admin}: Agreed"),
        (chance.pk, "Still open."),
    }
    assert [(row.category_id, row.amount) for row in won_by_category(plan)] == [(product.category_id, 70)]
    assert [row.amount for row in forecast_of(plan, today=TODAY).deals] == [40]
    pairs = covering([foreign.pk, out.pk, chance.pk], admin)
    assert {pair.opportunity_id for pair in pairs} == {foreign.pk, chance.pk}


# --- Territories ------------------------------------------------------------------------------
def test_saving_and_reading_marks_the_plans_of_territories_and_a_sweep_adds_them_up() -> None:
    country = factories.create_territory()
    north = factories.create_territory(parent=country)
    plan = plan_of(factories.create_account(territory=north))
    above = [factories.create_territory_plan(place, **FRAME) for place in (country, north)]
    operations.sweep(sweeper="test")
    stored = {row.pk: operations.fresh_kpi(row)[0].computed_at for row in above}
    for _ in range(2):
        deal(plan.account, 5)
        assert numbers(plan)[0] > 0
        assert operations.sweep(sweeper="nudge", with_territories=False).plans == 0

    waiting = StaleMarker.objects.values_list("plan_id", flat=True)
    assert sorted(waiting) == sorted(row.pk for row in above), "one each"
    assert all(operations._stored(row).computed_at == stored[row.pk] for row in above)
    assert numbers(above[0])[0] == 10, "who reads one brings it up to date"
    assert operations.sweep(sweeper="test").plans == 1
    assert numbers(above[1])[0] == 10


FRAME: dict[str, Any] = {"start_date": START, "end_date": END, "currency": "USD"}


# --- Who may ----------------------------------------------------------------------------------
def body(record: Any, effect: str = "include", **values: Any) -> dict[str, Any]:
    kind = {"opportunity": "opportunity", "revenueschedule": "schedule", "order": "order"}
    given = {"record": kind[record._meta.model_name], "id": str(record.pk), "effect": effect}
    return {**given, "reason": "Agreed with sales", **values}


def test_pins_in_the_api(world: World, account_manager: User, api: ApiFor) -> None:
    client, url = api(account_manager), f"{BASE}{world.plan.pk}/pins/"
    record = factories.create_opportunity(world.account, "Frame", owner=account_manager)
    made = client.post(url, body(record))
    again = client.post(url, body(record))
    other = client.post(url, body(record, effect="exclude"))
    pin = made.json()

    assert (made.status_code, again.status_code, other.status_code) == (201, 200, 400)
    assert again.json() == pin
    assert pin["record"]["name"] == "Frame"
    assert (pin["effect"], pin["created_by"]["id"]) == ("include", str(account_manager.pk))
    assert client.post(url, body(record, reason=" ")).json()["errors"][0]["field"] == "reason"
    detail = f"{url}{pin['id']}/"
    assert client.get(url).json()["results"] == [pin] == [client.get(detail).json()]
    assert client.delete(detail).status_code == 428
    assert client.delete(detail, headers={"If-Match": '"7"'}).status_code == 412
    assert client.delete(detail, headers={"If-Match": '"1"'}).status_code == 204
    log = Change.objects.unscoped("test").filter(model="plans.planpin", container_id=world.plan.pk)
    assert [(entry.operation, entry.actor_id) for entry in log.order_by("id")] == [
        ("create", account_manager.pk),
        ("delete", account_manager.pk),
    ]


def test_what_one_may_not_see_cannot_be_pinned_nor_told_from_what_is_missing(
    world: World, account_manager: User, colleague: User, stranger: User, api: ApiFor
) -> None:
    url = f"{BASE}{world.plan.pk}/pins/"
    own = factories.create_opportunity(world.account)
    hidden = factories.create_opportunity(world.far_account, owner=stranger)
    missing = {**body(hidden), "id": "00000000-0000-4000-8000-000000000001"}
    answers = [api(account_manager).post(url, given) for given in (body(hidden), missing)]

    assert (answers[0].status_code, answers[0].json()["errors"]) == (
        400,
        [{"field": "id", "code": "does_not_exist", "message": "There is no such object."}],
    )
    assert answers[0].json() == answers[1].json()
    assert api(colleague).post(url, body(own)).status_code == 403
    assert api(stranger).post(url, body(own)).status_code == 404
    factories.create_pin(world.plan, hidden)
    assert api(account_manager).get(url).json()["results"] == []


def test_pins_in_the_pages(world: World, account_manager: User, client_as: ClientFor) -> None:
    plan, client = world.plan, client_as(account_manager)
    record = factories.create_opportunity(
        world.account,
        "Frame 7",
        close_date=plan.start_date,
        stage=factories.won_stage(),
        owner=account_manager,
    )
    page = reverse("metrics:kpi_records", args=[plan.pk, "won_revenue"])
    leave_out = reverse("metrics:pin_create", args=[plan.pk, "exclude", "opportunity", record.pk])
    assert leave_out in client.get(page).content.decode()
    assert client.post(leave_out, {"reason": ""}).status_code == 422

    assert client.post(leave_out, {"reason": "Counted elsewhere", "next": page})["Location"] == page
    (pin,) = PlanPin.objects.unscoped("test")
    outside = client.get(page, {"excluded": "true"}).content.decode()
    assert f"Taken out by {account_manager}: Counted elsewhere" in outside
    undo = reverse("metrics:pin_delete", args=[pin.pk])
    assert undo in outside
    assert client.post(undo)["Location"].endswith("records/")
    assert not PlanPin.objects.unscoped("test").exists()

    put_in = reverse("metrics:pin_new", args=[plan.pk])
    options = client.get(reverse("metrics:pin_options", args=["opportunity"]), {"q": "frame 7"}).json()[
        "options"
    ]
    assert [option["id"] for option in options] == [str(record.pk)]
    assert client.post(put_in, {"reason": "Agreed"}).status_code == 422
    client.post(put_in, {"opportunity": str(record.pk), "reason": "Agreed"})
    assert PlanPin.objects.unscoped("test").get().effect == "include"
