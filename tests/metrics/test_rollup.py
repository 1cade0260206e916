"""The stored numbers of plans against the independent check, over random walks through the records."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from unittest.mock import patch

import pytest
import time_machine
from django.conf import settings
from django.db import connection, transaction
from django.test import override_settings
from hypothesis import HealthCheck, Phase, given, note
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from crm.models import ExchangeRate, Opportunity, Product
from kam.core.clock import company_today
from metrics import operations, verification
from metrics.models import PlanKPI, StaleMarker
from metrics.pace import won_by_category
from metrics.rollup import running
from plans.models import Plan, PlanPin
from tests import factories
from tests.metrics.walk import LEAP_DAY, OPPORTUNITIES, TODAY, WHY, Walk

pytestmark = pytest.mark.django_db

STEPS, STEPS_TO_A_SWEEP, DAYS_TO_PASS = 48, 12, 11


def at(day_offset: int, start: date = TODAY) -> datetime:
    return datetime.combine(start, time(12), tzinfo=UTC) + timedelta(days=day_offset)


def check_one(walk: Walk, company_currency: str) -> None:
    """The page of one plan: right at the next read, whatever else is stale."""
    plan = walk.some(Plan)[0]
    kpi, is_fresh = operations.fresh_kpi(plan)
    world = verification.World(company_currency=company_currency)
    expected = verification.expected_values(plan, world, today=company_today())
    assert is_fresh
    found = {name: getattr(kpi, name) for name in expected}
    assert found == expected
    if not world.named:  # then it has not read the lines of deals
        return
    parts: dict[Any, Decimal] = defaultdict(Decimal)
    for row in won_by_category(plan):
        parts[row.day, row.category_id, row.currency] += row.amount
    assert dict(parts) == expected_parts(plan, world)


def expected_parts(plan: Plan, world: verification.World) -> dict[Any, Decimal]:
    """What was won by day, category and currency: deals by their lines, as far as the plan counts these."""
    categories = dict(Product.objects.values_list("pk", "category_id"))
    names, pins = world.named.get(plan.pk), world.pins.get(plan.pk, {})
    parts: dict[Any, Decimal] = defaultdict(Decimal)
    for record in world.records_of(plan):
        if not record.is_won or world.rates.factor(record.currency, plan.currency, record.day) is None:
            continue
        for product_id, amount in record.lines:
            is_pinned = any(pk == record.pk for _kind, pk in pins)
            if not names or is_pinned or world.is_named(product_id, names):
                parts[record.day, categories.get(product_id), record.currency] += amount
    return dict(parts)


def check_all(company_currency: str) -> None:
    """After a sweep every plan is right, nothing waits, and the trees are whole."""
    operations.sweep(sweeper="test")
    assert not StaleMarker.objects.exists()
    assert [str(difference) for difference in verification.tree_differences()] == []
    check_numbers(company_currency)


def check_numbers(company_currency: str) -> None:
    differences = verification.kpi_differences(today=company_today(), company_currency=company_currency)
    assert [str(difference) for difference in differences] == []


def check_every_way(company_currency: str) -> None:
    """All plans at once, and very many by name, are statements of their own: they lead to the same numbers."""
    plan_ids = list(Plan.objects.unscoped(WHY).values_list("pk", flat=True))
    for compute in (operations.rebuild, lambda: operations.recompute_plans(plan_ids)):
        PlanKPI.objects.unscoped(WHY)._raw_delete("default")
        with patch.object(running, "MANY_PLANS", 1):
            compute()
        check_numbers(company_currency)


def check_that_it_says_something() -> None:
    """Equal numbers prove little if they are all nothing."""
    kpis = list(PlanKPI.objects.unscoped(WHY))
    assert Opportunity.objects.unscoped(WHY).count() >= OPPORTUNITIES >= 400
    assert {kpi.basis for kpi in kpis if kpi.won_revenue and kpi.weighted_pipeline} == {
        "opportunity",
        "order",
        "schedule",
    }
    assert len({kpi.currency for kpi in kpis}) >= 2
    special = Plan.objects.unscoped(WHY).filter(kpi__won_count__gt=0)
    assert special.filter(territory__isnull=False).exists()
    assert special.filter(products__isnull=False).exists()
    assert PlanPin.objects.unscoped(WHY).filter(plan__in=special).putting_in().count() > 3
    for name in ("slipped_count", "lost_count", "not_converted_count", "company_not_converted_count"):
        assert any(getattr(kpi, name) for kpi in kpis), name


def take(seed: int, *, company_currency: str) -> None:
    """Around a leap day, which passes on the way."""
    start = LEAP_DAY - timedelta(days=DAYS_TO_PASS)
    with time_machine.travel(at(0, start), tick=False) as clock, transaction.atomic():
        walk = Walk(seed, today=start)
        check_all(company_currency)
        check_that_it_says_something()
        for number in range(1, STEPS + 1):
            note(f"{number}: {walk.step()}")
            check_one(walk, company_currency)
            if number % DAYS_TO_PASS == 0:
                clock.move_to(at(number, start))  # nothing is written, and yet deals slip
                check_one(walk, company_currency)
            if number % STEPS_TO_A_SWEEP == 0:
                check_all(company_currency)
        check_every_way(company_currency)
        connection.check_constraints()
        transaction.set_rollback(True)


# A smaller seed is no simpler walk: nothing to shrink, and the failing steps are printed.
@hypothesis_settings(
    max_examples=3,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
@given(seed=st.integers(0, 2**32), company_currency=st.sampled_from(["USD", "EUR", "JPY"]))
def test_stored_kpis_equal_the_independent_check_after_any_walk(seed: int, company_currency: str) -> None:
    with override_settings(COMPANY_CURRENCY=company_currency):
        take(seed, company_currency=company_currency)


def test_a_change_that_leaves_no_marker_is_found_by_the_independent_check() -> None:
    """The negative control of the walk: the numbers are not right by themselves."""
    plan = factories.create_plan()
    deal = factories.create_opportunity(plan.account, amount=1_000)
    operations.sweep(sweeper="test")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE crm_opportunity SET amount = amount + 500000")
    StaleMarker.objects.all().delete()

    kpi, is_fresh = operations.fresh_kpi(plan)
    operations.sweep(sweeper="test")

    assert (kpi.pipeline, is_fresh) == (1_000, True)
    differences = verification.kpi_differences(
        today=company_today(), company_currency=settings.COMPANY_CURRENCY
    )
    assert ("pipeline", Decimal(1_000), Decimal(1_500)) in {
        (found.field, found.stored, found.expected) for found in differences
    }
    assert Opportunity.objects.unscoped("test").get(pk=deal.pk).amount == 1_500


def test_a_rebuild_computes_all_plans_and_leaves_nothing_waiting() -> None:
    plans = [factories.create_plan() for _ in range(3)]
    for plan in plans:
        factories.create_opportunity(plan.account, amount=70)
    PlanKPI.objects.unscoped("test")._raw_delete("default")

    assert operations.rebuild() == (3, 0)

    assert set(PlanKPI.objects.unscoped("test").values_list("pipeline", flat=True)) == {Decimal(70)}
    assert not StaleMarker.objects.exists()


def test_numbers_that_stay_the_same_are_not_written() -> None:
    plan = factories.create_plan()
    deal = factories.create_opportunity(plan.account, amount=70)
    first, _fresh = operations.fresh_kpi(plan)

    ExchangeRate.objects.create(currency="EUR", valid_from=TODAY, rate=Decimal(1))
    operations.rebuild()
    again, _fresh = operations.fresh_kpi(plan)
    deal.amount = Decimal(71)
    deal.save()
    changed, _fresh = operations.fresh_kpi(plan)

    assert again.computed_at == first.computed_at < changed.computed_at
    assert changed.pipeline == 71


def test_what_was_lost_is_no_sum_however_large_its_lines_are() -> None:
    """Together they weigh more than 64 bits hold; a lost deal has no weight, and no plan fails for it."""
    plan = factories.create_plan()
    product = factories.create_product()
    factories.create_plan_product(plan, product)
    for stage in (factories.lost_stage(), factories.won_stage()):
        deal = factories.create_opportunity(plan.account, amount=1, stage=stage, close_date=plan.start_date)
        for _line in range(10):
            factories.create_opportunity_line(deal, product=product, amount=10**12)
        Opportunity.objects.unscoped("test").filter(pk=deal.pk).update(probability=100)

    kpi, is_fresh = operations.fresh_kpi(plan)

    assert is_fresh
    assert (kpi.won_revenue, kpi.pipeline, kpi.won_count, kpi.lost_count) == (10**13, 0, 1, 1)


def test_a_currency_out_of_use_is_rounded_to_its_own_minor_unit() -> None:
    plan = factories.create_plan()
    deal = factories.create_opportunity(plan.account, stage=factories.won_stage(), close_date=plan.start_date)
    Plan.objects.unscoped("test").filter(pk=plan.pk).update(currency="ESP")
    Opportunity.objects.unscoped("test").filter(pk=deal.pk).update(currency="ESP", amount=Decimal("7.500"))

    kpi, _fresh = operations.fresh_kpi(Plan.objects.unscoped("test").get(pk=plan.pk))

    assert kpi.won_revenue == 8
