"""The sample company: what it promises to whoever looks around in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection, models, transaction
from django.db.models import Prefetch
from django.utils import timezone

from crm.models import (
    Account,
    AccountEdge,
    Activity,
    ExchangeRate,
    Opportunity,
    OpportunityLine,
    Order,
    Product,
    RevenueSchedule,
)
from kam.core.models import BaseModel, Change
from kam.users.models import User
from metrics.demo import Facts, create_sample_company
from metrics.models import PlanKPI, StaleMarker
from plans.models import AccountPlan, PlanReview

pytestmark = pytest.mark.xdist_group("sample company")  # one worker makes it, not each
WHY = "test of the sample company"


@dataclass
class Seeded:
    facts: Facts
    first_fingerprint: dict[str, list[Any]]

    def plan(self, key: str) -> AccountPlan:
        return (
            AccountPlan.objects.unscoped(WHY)
            .select_related("kpi", "account")
            .get(pk=self.facts.plans[key].id)
        )


def fingerprint() -> dict[str, list[Any]]:
    """Every row of the business, without what differs by nature: the clock and the salt of passwords."""
    told_apart = {"password", "date_joined", "created_at", "updated_at", "computed_at"}
    rows = {}
    for model in apps.get_models():
        if issubclass(model, BaseModel | User | PlanKPI):
            # Activation makes a plan's reviews, with ids as they come: a plan has one a day.
            order, new_ids = (("plan", "due_date"), {"id"}) if model is PlanReview else (("pk",), set())
            names = [f.attname for f in model._meta.concrete_fields if f.name not in told_apart | new_ids]
            rows[model._meta.label] = list(models.QuerySet(model).order_by(*order).values_list(*names))
    return rows


@pytest.fixture(scope="module")
def seeded(django_db_setup: None, django_db_blocker: Any) -> Iterator[Seeded]:
    """The company, made twice: the first is rolled back and leaves only what it looked like."""
    with django_db_blocker.unblock():
        with transaction.atomic():
            create_sample_company(today=timezone.localdate())
            before = fingerprint()
            transaction.set_rollback(True)
        with transaction.atomic():
            yield Seeded(create_sample_company(today=timezone.localdate()), before)
            transaction.set_rollback(True)
        connection.close()


@pytest.fixture
def company(seeded: Seeded, db: None) -> Seeded:
    return seeded


def user(username: str) -> User:
    return User.objects.get(username=username)


def names_seen_by(username: str) -> set[str]:
    return set(AccountPlan.objects.visible_to(user(username)).values_list("name", flat=True))


def test_company_is_the_same_on_every_run(company: Seeded) -> None:
    assert fingerprint() == company.first_fingerprint


def test_company_has_the_promised_size(company: Seeded) -> None:
    counts = dict(company.facts.counts)

    assert counts["users"] == 13
    assert counts["territories"] == 8
    assert 55 <= counts["accounts"] <= 65
    assert counts["contacts"] == 150
    assert counts["opportunities"] == 600
    assert counts["orders"] == 6_000
    assert Order.objects.unscoped(WHY).count() == 6_000
    assert AccountEdge.objects.filter(depth=2).exists()


def test_records_cover_three_years_with_a_season(company: Seeded) -> None:
    today = timezone.localdate()
    bearings = Order.objects.unscoped(WHY).filter(product__category__code="IN-BRG")
    by_month = dict.fromkeys(range(1, 13), 0)
    for day in bearings.values_list("date", flat=True):
        by_month[day.month] += 1

    dates = [order.date for order in Order.objects.unscoped(WHY).order_by("date")]
    assert (today - dates[0]).days >= 3 * 365
    assert dates[-1] <= today
    assert by_month[4] > 1.5 * by_month[8]


def test_amounts_add_up_to_the_cent(company: Seeded) -> None:
    schedules: dict[Any, Decimal] = {}
    for schedule in RevenueSchedule.objects.unscoped(WHY):
        schedules[schedule.line_id] = schedules.get(schedule.line_id, Decimal(0)) + schedule.amount
    opportunities = Opportunity.objects.unscoped(WHY).select_related("account")

    for opportunity in opportunities:
        lines = list(opportunity.lines.unscoped(WHY))
        assert sum(line.amount for line in lines) == opportunity.amount
        for line in lines:
            assert line.unit_price * line.quantity == line.amount
            assert schedules.get(line.pk, line.amount) == line.amount


def test_rows_pass_the_models_own_checks(company: Seeded) -> None:
    """`full_clean` of one row in twenty: what a form would refuse is not in the sample either."""
    checked = 0
    for model in apps.get_models():
        if issubclass(model, BaseModel | User):
            for row in list(models.QuerySet(model).order_by("pk"))[::20]:
                row.full_clean(validate_unique=False, validate_constraints=False)
                checked += 1
    assert checked > 400


def test_rates_are_dated_and_one_currency_has_none(company: Seeded) -> None:
    for currency in {"EUR", "GBP"}:
        days = sorted(ExchangeRate.objects.filter(currency=currency).values_list("valid_from", flat=True))
        assert len(days) >= 36
        assert all(28 <= (later - earlier).days <= 31 for earlier, later in pairwise(days))
    unrated = Opportunity.objects.unscoped(WHY).get(name=company.facts.not_converted)
    assert not ExchangeRate.objects.filter(currency=unrated.currency).exists()
    assert company.plan("harrowfen").kpi.not_converted_count == 1


def test_plans_show_every_status_and_basis(company: Seeded) -> None:
    assert company.plan("calder").status == "draft"
    assert company.plan("newton").status == "active"
    assert company.plan("newton-last-year").status == "completed"
    assert company.plan("oosterhaven").status == "on_hold"
    assert company.plan("aldermoor").is_confidential
    assert company.plan("redmesa").sales_target is None
    assert {company.plan(key).revenue_basis for key in company.facts.plans} == {
        "opportunity",
        "schedule",
        "order",
    }


def test_kpis_equal_an_independent_sum(company: Seeded) -> None:
    assert StaleMarker.objects.count() == 0
    for key in company.facts.plans:
        plan = company.plan(key)
        won, pipeline, weighted = independent_sums(plan)
        kpi = plan.kpi
        assert (kpi.won_revenue, kpi.pipeline, kpi.weighted_pipeline) == (won, pipeline, weighted), key
        assert kpi.total_expected_revenue == won + weighted, key


def independent_sums(plan: AccountPlan) -> tuple[Decimal, ...]:
    """Won, open and weighted by the formulas of the specification, in fractions, row by row."""
    rates: dict[str, list[tuple[date, Decimal]]] = {}
    for rate in ExchangeRate.objects.order_by("valid_from"):
        rates.setdefault(rate.currency, []).append((rate.valid_from, rate.rate))

    def rate_of(currency: str, day: date) -> Fraction | None:
        if currency == settings.COMPANY_CURRENCY:
            return Fraction(1)
        valid = [rate for valid_from, rate in rates.get(currency, []) if valid_from <= day]
        return Fraction(valid[-1]) if valid else None

    sums = {"won": Fraction(0), "open": Fraction(0), "weighted": Fraction(0)}
    for currency, day, amount, probability, parts in records_of(plan):
        factor = Fraction(1)
        if currency != plan.currency:
            own, other = rate_of(currency, day), rate_of(plan.currency, day)
            if own is None or other is None:
                continue
            factor = Fraction(half_up(own / other, 12))
        for part in parts:
            share = Fraction(probability) / 100 if part == "weighted" else 1
            sums[part] += Fraction(amount) * factor * share
    return tuple(half_up(value, 2) for value in sums.values())


def half_up(value: Fraction, places: int) -> Decimal:
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    return exact.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)


def is_within(account: Account, top: Account) -> bool:
    while account is not None:
        if account.pk == top.pk:
            return True
        account = account.parent  # type: ignore[assignment]
    return False


Fact = tuple[str, date, Decimal, Decimal, tuple[str, ...]]  # currency, day, amount, probability, counts as


def records_of(plan: AccountPlan) -> Iterator[Fact]:
    sources = {
        "opportunity": [opportunity_facts],
        "schedule": [schedule_facts],
        "order": [order_facts, pipeline_facts],
    }
    named = named_by(plan)
    for source in sources[plan.revenue_basis]:
        for account, fact in source(named):
            if plan.start_date <= fact[1] <= plan.end_date and is_within(account, plan.account):
                yield fact


def named_by(plan: AccountPlan) -> set[UUID] | None:
    """The products that a plan counts alone, found by walking up the categories; None: all."""
    rows = list(plan.products.unscoped(WHY))
    if not rows:
        return None
    products, categories = {row.product_id for row in rows}, {row.category_id for row in rows}

    def is_named(product: Product) -> bool:
        above, category = set(), product.category
        while category is not None:
            above.add(category.pk)
            category = category.parent
        return product.pk in products or bool(above & categories)

    return {p.pk for p in Product.objects.select_related("category") if is_named(p) and not p.is_competitor}


def counted_as(opportunity: Opportunity) -> tuple[str, ...]:
    if not opportunity.stage.is_closed:
        return ("open", "weighted")
    return ("won",) if opportunity.stage.is_won else ()


def opportunity_facts(named: set[UUID] | None) -> Iterator[tuple[Account, Fact]]:
    deals = Opportunity.objects.unscoped(WHY).select_related("stage", "account__parent__parent")
    for o in deals.prefetch_related(Prefetch("lines", OpportunityLine.objects.unscoped(WHY))):
        lines = [line.amount for line in o.lines.all() if named and line.product_id in named]
        if named is None or lines:
            amount = o.amount if named is None else sum(lines, Decimal(0))
            yield o.account, (o.currency, o.close_date, amount, o.probability, counted_as(o))


def pipeline_facts(named: set[UUID] | None) -> Iterator[tuple[Account, Fact]]:
    """What is open; what was won shows in the orders."""
    for account, (*record, parts) in opportunity_facts(named):
        yield account, (*record, tuple(part for part in parts if part != "won"))  # type: ignore[misc]


def schedule_facts(named: set[UUID] | None) -> Iterator[tuple[Account, Fact]]:
    path = "line__opportunity"
    for s in RevenueSchedule.objects.unscoped(WHY).select_related(
        f"{path}__stage", f"{path}__account__parent__parent"
    ):
        o = s.line.opportunity
        if named is None or s.line.product_id in named:
            yield o.account, (o.currency, s.date, s.amount, o.probability, counted_as(o))


def order_facts(named: set[UUID] | None) -> Iterator[tuple[Account, Fact]]:
    for order in Order.objects.unscoped(WHY).select_related("account__parent__parent"):
        if named is None or order.product_id in named:
            yield order.account, (order.currency, order.date, order.amount, Decimal(0), ("won",))


SEEN = {
    "kam": {"newton", "newton-last-year", "harrowfen", "calder", "brackwater", "wexcombe", "arnsee"},
    "msl": {"newton", "newton-last-year", "harrowfen", "calder", "brackwater", "wexcombe"},
    "viewer": {"newton", "newton-last-year", "brackwater"},
    "ana": {"newton", "arnsee", "oosterhaven"},
    "priya": {"ironvale", "ironvale-lakes", "redmesa", "northlight"},
    "jonas": {"ironvale", "brandauer", "ketting"},
    "integration": set(),
}


@pytest.mark.parametrize("username", SEEN)
def test_plans_are_seen_by_whom_they_should(company: Seeded, username: str) -> None:
    assert names_seen_by(username) == {company.facts.plans[key].name for key in SEEN[username]}


def test_confidential_plans_are_known_to_their_own_people_only(company: Seeded) -> None:
    everybody = [sample_user.username for sample_user in company.facts.users]
    aldermoor, northlight = (company.facts.plans[key].name for key in ("aldermoor", "northlight"))

    assert {name for name in everybody if aldermoor in names_seen_by(name)} == {"marek", "manager"}
    assert {name for name in everybody if northlight in names_seen_by(name)} == {"greta", "priya"}


def test_numbers_are_kept_from_the_msl_unless_taking_part(company: Seeded) -> None:
    msl = user("msl")

    assert msl.has_perm("plans.view_numbers", company.plan("newton"))
    assert not msl.has_perm("plans.view_numbers", company.plan("wexcombe"))


def test_home_of_the_account_manager_has_work_on_it(company: Seeded) -> None:
    today, kam = timezone.localdate(), user("kam")
    mine = Activity.objects.visible_to(kam).filter(owner=kam)

    assert mine.overdue(today=today).count() >= 4
    assert mine.upcoming(today=today).count() >= 5
    assert AccountPlan.objects.visible_to(kam).filter(owner=kam).count() == 5


def test_integration_reads_back_what_it_fed(company: Seeded) -> None:
    integration = user("integration")

    assert Order.objects.visible_to(integration).count() == 6_000
    assert Account.objects.visible_to(integration).count() == company.facts.counts.accounts
    assert not Opportunity.objects.visible_to(integration).exists()


def test_passwords_are_the_promised_ones(company: Seeded) -> None:
    assert all(
        user(sample_user.username).check_password(sample_user.password) for sample_user in company.facts.users
    )


def test_every_row_is_in_the_change_log(company: Seeded) -> None:
    entries = Change.objects.unscoped(WHY).filter(operation="create", source="command")

    for model in (Order, Opportunity, AccountPlan, Account):
        rows = set(model.objects.unscoped(WHY).values_list("pk", flat=True))
        assert set(entries.filter(model=model._meta.label_lower).values_list("object_id", flat=True)) == rows
    assert (
        Change.objects.unscoped(WHY).filter(object_id=company.plan("newton").pk, actor=user("kam")).exists()
    )
