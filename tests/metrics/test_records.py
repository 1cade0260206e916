"""The records behind a number: together they make it, and every other one says why it is not in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.models import Account, AccountEdge, Opportunity, Order, RevenueSchedule
from kam.core.money import minor_units
from kam.users.models import User
from metrics import operations, policies
from metrics.models import StaleMarker
from metrics.record_rows import REASONS, STATES
from metrics.records import FORMULAS, RecordList, records_of
from plans.enums import PlanStatus
from plans.models import AccountPlan, Plan, PlanPin
from templates_app.enums import RevenueBasis
from tests import factories
from tests.metrics.walk import WHY, Walk

pytestmark = pytest.mark.django_db

ALL = 10_000
START, END = date(2026, 1, 1), date(2026, 12, 31)
INSIDE = date(2026, 9, 1)


@pytest.fixture(autouse=True)
def _june() -> Any:
    with time_machine.travel("2026-06-15T12:00:00Z", tick=False):
        yield


def rounded(amount: Decimal, currency: str) -> Decimal:
    return amount.quantize(Decimal(1).scaleb(-minor_units(currency)), rounding=ROUND_HALF_UP)


def everything(plan: AccountPlan, kpi: str, user: User, **options: Any) -> RecordList:
    return records_of(plan, kpi=kpi, user=user, size=ALL, **options)


def contributions(found: RecordList, *, is_open: bool | None = None) -> Decimal:
    chosen = [record for record in found.records if is_open is None or record.is_open == is_open]
    with localcontext(prec=80):
        return sum((record.contribution for record in chosen), Decimal(0))


def plan_of(account: Account | None = None, **values: Any) -> AccountPlan:
    account = account or factories.create_account(owner=factories.create_user())
    return factories.create_plan(
        account, **{"start_date": START, "end_date": END, "currency": "USD", "sales_target": 1_000, **values}
    )


# --- They make the number ---------------------------------------------------------------------
@pytest.fixture
def walk() -> Walk:
    """A company with some hundred records and a dozen plans."""
    return Walk(20_260_615)


@pytest.fixture
def reader(walk: Walk) -> User:
    """Takes part in every plan and sees the records of every other account."""
    reader = factories.create_user("reader")
    Account.objects.unscoped(WHY).filter(pk__in=walk.account_ids[::2]).update(owner=reader)
    for plan in Plan.objects.unscoped(WHY):
        factories.add_participant(plan, reader)
    return reader


def test_contributions_rounded_once_are_the_number(walk: Walk, admin: User) -> None:
    filled = set()
    for plan in Plan.objects.unscoped(WHY):
        for kpi in ("won_revenue", "pipeline", "weighted_pipeline"):
            found = everything(plan, kpi, admin)

            assert rounded(contributions(found), plan.currency) == found.value, (plan, kpi)
            assert (found.hidden_count, found.hidden_contribution) == (0, 0)
            assert found.count == len(found.records) == len({record.id for record in found.records})
            if found.value:
                filled.add((plan.revenue_basis, kpi))
    assert len(filled) == 9, "every basis and number was something"


def test_contributions_of_a_sum_are_those_of_its_parts(walk: Walk, admin: User) -> None:
    for plan in Plan.objects.unscoped(WHY):
        for kpi in ("total_expected_revenue", "forecast_target_variance"):
            found = everything(plan, kpi, admin)

            won = rounded(contributions(found, is_open=False), plan.currency)
            weighted = rounded(contributions(found, is_open=True), plan.currency)
            assert (won, weighted) == (found.kpi.won_revenue, found.kpi.weighted_pipeline)
            assert won + weighted == found.kpi.total_expected_revenue


def two_of(number: int) -> list[str]:
    """Two of the numbers, others for the next plan: together all of them many times."""
    names = [*policies.PERCENT_KPIS, *policies.PERCENT_KPIS]
    return names[number % 5 : number % 5 + 2]


def accounts_of(plan: Plan) -> list[Any]:
    if plan.territory_id:
        inside = Account.objects.unscoped(WHY).filter(territory__edges_up__ancestor=plan.territory_id)
        return list(inside.values_list("pk", flat=True))
    edges = AccountEdge.objects.filter(ancestor_id=plan.account_id)
    return list(edges.values_list("descendant_id", flat=True))


def test_every_record_of_the_accounts_is_either_in_or_out(walk: Walk, admin: User) -> None:
    schedules = list(RevenueSchedule.objects.unscoped(WHY).values_list("pk", "line__opportunity_id"))
    for number, plan in enumerate(Plan.objects.unscoped(WHY)):
        below = {"account_id__in": accounts_of(plan)}
        records: set[Any] = set()
        deals = set(Opportunity.objects.unscoped(WHY).filter(**below).values_list("pk", flat=True))
        if plan.revenue_basis == RevenueBasis.SCHEDULE:
            records |= {pk for pk, deal_id in schedules if deal_id in deals}
        else:
            records |= deals
        if plan.revenue_basis == RevenueBasis.ORDER:
            records |= set(Order.objects.unscoped(WHY).filter(**below).values_list("pk", flat=True))
        pins = PlanPin.objects.unscoped(WHY).filter(plan=plan).putting_in()
        records |= {pin.record_id for pin in pins if pin.is_used}
        for kpi in two_of(number):
            included = {record.id for record in everything(plan, kpi, admin).records}
            excluded = everything(plan, kpi, admin, is_excluded=True)
            outside = {record.id for record in excluded.records}

            assert included | outside == records
            assert not included & outside
            assert all(record.reason in REASONS and record.reason_text for record in excluded.records)
            assert all(record.contribution is None for record in excluded.records)


def test_a_reader_who_may_not_open_some_learns_their_count_and_sum_only(
    walk: Walk, admin: User, reader: User
) -> None:
    visible = {
        pk
        for model in (Opportunity, Order, RevenueSchedule)
        for pk in model.objects.visible_to(reader).values_list("pk", flat=True)
    }
    hidden = 0
    for number, plan in enumerate(Plan.objects.unscoped(WHY)):
        for kpi in two_of(number):
            whole, seen = everything(plan, kpi, admin), everything(plan, kpi, reader)

            assert seen.value == whole.value
            assert [record.id for record in seen.records] == [r.id for r in whole.records if r.id in visible]
            assert seen.hidden_count == whole.count - seen.count
            with localcontext(prec=80):
                assert seen.hidden_contribution == contributions(whole) - contributions(seen)
            hidden += seen.hidden_count
            outside = everything(plan, kpi, reader, is_excluded=True)
            assert {record.id for record in outside.records} <= visible
            assert (outside.hidden_count, outside.hidden_contribution) == (0, 0)
    assert hidden > 50


def test_pages_put_together_are_the_whole(walk: Walk, admin: User) -> None:
    for plan in Plan.objects.unscoped(WHY).filter(account_id=walk.account_ids[0]):
        for is_excluded in (False, True):
            whole = everything(plan, "pipeline", admin, is_excluded=is_excluded)
            paged: list[Any] = []
            while len(paged) < whole.count:
                page = records_of(
                    plan, kpi="pipeline", user=admin, is_excluded=is_excluded, start=len(paged), size=17
                )
                assert page.count == whole.count
                assert page.records
                paged += page.records

            assert paged == whole.records
            assert paged == sorted(paged, key=lambda record: (record.date, record.id))


# --- Those left out ---------------------------------------------------------------------------
def reasons(plan: AccountPlan, kpi: str, user: User) -> dict[str, str]:
    found = everything(plan, kpi, user, is_excluded=True)
    return {record.name: record.reason for record in found.records}


def deal(account: Account, name: str, stage: Callable[[], Any], **values: Any) -> Opportunity:
    return factories.create_opportunity(
        account, name, stage=stage(), **{"close_date": INSIDE, "currency": "USD", **values}
    )


def test_each_record_left_out_says_why(admin: User) -> None:
    account = factories.create_account(owner=factories.create_user())
    below = factories.create_account(parent=account)
    plan = plan_of(account, include_child_accounts=False)
    one_day = timedelta(days=1)
    deal(account, "won", factories.won_stage)
    deal(account, "open", factories.open_stage)
    deal(account, "lost", factories.lost_stage)
    deal(account, "early", factories.open_stage, close_date=START - one_day)
    deal(account, "late", factories.won_stage, close_date=END + one_day)
    deal(account, "no rate", factories.open_stage, currency="BRL")
    deal(account, "won without rate", factories.won_stage, currency="BRL")
    deal(below, "below", factories.open_stage)
    always = {"lost": "lost", "early": "before_period", "late": "after_period", "below": "account_below"}

    assert reasons(plan, "won_revenue", admin) == {
        **always,
        "open": "still_open",
        "no rate": "still_open",
        "won without rate": "not_converted",
    }
    for kpi in ("pipeline", "weighted_pipeline"):
        assert reasons(plan, kpi, admin) == {
            **always,
            "won": "won_already",
            "won without rate": "won_already",
            "no rate": "not_converted",
        }
    for kpi in ("total_expected_revenue", "forecast_target_variance"):
        assert reasons(plan, kpi, admin) == {
            **always,
            "no rate": "not_converted",
            "won without rate": "not_converted",
        }
    assert everything(plan, "pipeline", admin).kpi.not_converted_count == 2


def test_with_orders_as_revenue_a_won_deal_says_that_orders_count(admin: User) -> None:
    plan = plan_of(revenue_basis=RevenueBasis.ORDER)
    deal(plan.account, "won", factories.won_stage)
    deal(plan.account, "open", factories.open_stage)
    factories.create_order(plan.account, amount=300, on_date=INSIDE, document_number="invoice")
    factories.create_order(plan.account, amount=-120, on_date=INSIDE, document_number="credit note")

    assert reasons(plan, "won_revenue", admin) == {"won": "counted_as_order", "open": "still_open"}
    found = everything(plan, "won_revenue", admin)
    assert {record.name: record.contribution for record in found.records} == {
        "invoice": 300,
        "credit note": -120,
    }
    assert found.value == 180


def test_a_cancelled_plan_says_so_of_every_record(admin: User) -> None:
    plan = plan_of(status=PlanStatus.CANCELLED)
    deal(plan.account, "won", factories.won_stage)
    deal(plan.account, "early", factories.open_stage, close_date=START - timedelta(days=1))

    for kpi in set(policies.KPIS) - {"sales_target"}:
        assert reasons(plan, kpi, admin) == {"won": "plan_cancelled", "early": "plan_cancelled"}
        assert everything(plan, kpi, admin).records == []


def test_nothing_is_said_of_accounts_above_or_beside(admin: User) -> None:
    above = factories.create_account()
    account = factories.create_account(parent=above, owner=factories.create_user())
    deal(above, "above", factories.won_stage)
    deal(factories.create_account(), "beside", factories.won_stage)

    for kpi in policies.KPIS:
        for is_excluded in (False, True):
            assert everything(plan_of(account), kpi, admin, is_excluded=is_excluded).records == []


# --- One record -------------------------------------------------------------------------------
def test_a_record_shows_its_rate_and_its_exact_contribution(admin: User) -> None:
    plan = plan_of(currency="EUR")
    factories.create_rate("EUR", "1.20")
    factories.create_rate("GBP", "1.50")
    deal(plan.account, "Wing", factories.open_stage, amount="100.10", currency="GBP", probability="12.5")

    (record,) = everything(plan, "weighted_pipeline", admin).records
    (unweighted,) = everything(plan, "pipeline", admin).records

    assert (record.kind, record.name, record.account_id) == ("opportunity", "Wing", plan.account_id)
    assert (record.amount, record.currency) == (Decimal("100.10"), "GBP")
    assert (record.factor, record.probability) == (Decimal("1.25"), Decimal("12.5"))
    assert record.contribution == Decimal("15.640625")
    assert unweighted.contribution == Decimal("125.125")


def test_a_schedule_leads_to_its_opportunity(admin: User) -> None:
    plan = plan_of(revenue_basis=RevenueBasis.SCHEDULE)
    won = deal(plan.account, "Wing", factories.won_stage, amount=900)
    line = factories.create_opportunity_line(won)
    schedule = factories.create_schedule(line, on_date=INSIDE, amount=300)
    factories.create_schedule(line, on_date=END + timedelta(days=1), amount=600)

    (record,) = everything(plan, "won_revenue", admin).records

    assert (record.kind, record.id, record.opportunity_id) == ("schedule", schedule.pk, won.pk)
    assert (record.contribution, record.name) == (300, "Wing")
    assert reasons(plan, "won_revenue", admin) == {"Wing": "after_period"}


def test_a_target_rests_on_no_record(admin: User) -> None:
    plan = plan_of()
    deal(plan.account, "won", factories.won_stage)

    for is_excluded in (False, True):
        found = everything(plan, "sales_target", admin, is_excluded=is_excluded)
        assert (found.value, found.count, found.records) == (1_000, 0, [])


def test_every_number_has_states_and_a_formula() -> None:
    assert set(STATES) == set(FORMULAS) == set(policies.KPIS)


# --- One instant ------------------------------------------------------------------------------
def test_number_and_records_are_of_the_same_instant(admin: User) -> None:
    plan = plan_of()
    won = deal(plan.account, "Wing", factories.won_stage, amount=100)
    assert everything(plan, "won_revenue", admin).value == 100

    Opportunity.objects.unscoped("test").filter(pk=won.pk).update(amount=Decimal(70))
    found = everything(plan, "won_revenue", admin)

    assert (found.value, contributions(found), found.is_fresh) == (70, 70, True)


def test_changes_that_keep_coming_are_told(admin: User, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = plan_of()
    won = deal(plan.account, "Wing", factories.won_stage, amount=100)
    original, tries = operations.fresh_kpi, []

    def overtaken(plan: AccountPlan) -> Any:
        answer = original(plan)
        tries.append(plan)
        Opportunity.objects.unscoped("test").filter(pk=won.pk).update(amount=Decimal(100 + len(tries)))
        return answer

    monkeypatch.setattr(operations, "fresh_kpi", overtaken)
    found = everything(plan, "won_revenue", admin)

    assert (found.is_fresh, len(tries)) == (False, 3)
    assert StaleMarker.objects.exists()


def test_a_rate_that_waits_for_the_sweep_is_in_the_number_already(admin: User) -> None:
    plan = plan_of()
    deal(plan.account, "Wing", factories.won_stage, amount=100, currency="EUR")
    factories.create_rate("EUR", "1.20")

    found = everything(plan, "won_revenue", admin)

    assert (found.value, contributions(found), found.is_fresh) == (120, 120, True)
    assert StaleMarker.objects.filter(currency="EUR").exists(), "other plans may still need it"


# --- How many statements ----------------------------------------------------------------------
@pytest.mark.parametrize("basis", RevenueBasis)
@pytest.mark.parametrize("is_excluded", [False, True])
def test_the_number_of_statements_does_not_depend_on_the_records(
    basis: str, is_excluded: bool, account_manager: User
) -> None:
    account = factories.create_account(owner=account_manager)
    plan = plan_of(account, revenue_basis=basis, currency="EUR")

    def add(currency: str) -> None:
        for stage in (factories.open_stage, factories.won_stage, factories.lost_stage):
            wing = deal(account, "Wing", stage, currency=currency)
            factories.create_schedule(factories.create_opportunity_line(wing), on_date=INSIDE)
        factories.create_order(account, on_date=INSIDE, currency=currency)

    def statements() -> int:
        operations.sweep(sweeper="test")
        with CaptureQueriesContext(connection) as captured:
            found = everything(plan, "total_expected_revenue", account_manager, is_excluded=is_excluded)
        assert found.is_fresh
        counts.append(found.count)
        return sum(
            not query["sql"].startswith(("BEGIN", "SAVEPOINT", "RELEASE", "SET TRANSACTION"))
            for query in captured.captured_queries
        )

    factories.create_rate("EUR", "1.20")
    factories.create_rate("GBP", "1.50")
    counts: list[int] = []
    add("EUR")
    add("GBP")
    first = statements()
    for currency in ("EUR", "USD", "GBP") * 5:
        add(currency)

    assert statements() == first <= 14
    assert counts[0] > 0
    assert counts[1] >= 8 * counts[0]


# --- How much work ----------------------------------------------------------------------------
def rows_touched(node: dict[str, Any]) -> int:
    """By a statement as it ran (EXPLAIN ANALYZE), over all steps of its plan and their repetitions."""
    names = ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Join Filter")
    own = sum(node.get(name, 0) for name in names) * node["Actual Loops"]
    return own + sum(rows_touched(child) for child in node.get("Plans", ()))


@pytest.mark.postgres
@pytest.mark.parametrize("basis", RevenueBasis)
def test_tables_that_the_database_takes_for_empty_are_not_joined_every_row_with_every_row(
    basis: str, walk: Walk, admin: User, reader: User
) -> None:
    """As after a mass delete and load: a guess of one row a table, until the next automatic ANALYZE."""
    plan = Plan.objects.unscoped(WHY).filter(account_id=walk.account_ids[0], revenue_basis=basis)[0]
    operations.sweep(sweeper="test")
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE pg_class SET reltuples = 0, relpages = GREATEST(1, pg_relation_size(oid) / 8192)"
            " WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'i')"
        )
    most = 0
    for user in (admin, reader):
        for is_excluded in (False, True):
            with CaptureQueriesContext(connection) as captured:
                found = everything(plan, "total_expected_revenue", user, is_excluded=is_excluded)
            assert found.count
            for query in captured.captured_queries:
                if "crm_opportunity" in query["sql"]:
                    most = max(most, work_again(query["sql"]))

    assert 0 < most < 500_000, "a few hundred rows of each table"


def work_again(sql: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}")
        return rows_touched(cursor.fetchone()[0][0]["Plan"])
