"""The records behind the sums over many plans: each once, as far as their reader may open them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, localcontext
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Concat

from crm.models import Order, ProductCategoryEdge
from crm.rates import Rates, first_days
from kam.core.aggregates import ExactSum
from kam.core.fields import MoneyField, PercentField
from kam.core.transactions import read_snapshot
from kam.users.models import User
from metrics.portfolio import LINE, OPPORTUNITY, ORDER, SCHEDULE, Kind, covered_kinds
from metrics.record_rows import STATES
from plans.enums import PinEffect, PlanStatus
from plans.models import AccountPlan, AccountPlanProduct, PlanPin
from templates_app.enums import RevenueBasis

# A target is a plan's own: it rests on no record and adds up to nothing here.
PORTFOLIO_KPIS = ("won_revenue", "pipeline", "weighted_pipeline", "total_expected_revenue")
COLUMNS = (
    "kind", "key", "opportunity_key", "title", "account_key", "account_name", "on_date", "stage_name",
    "won", "chance", "size", "money",
)  # fmt: skip


NAMES = {OPPORTUNITY: "opportunity", LINE: "opportunity_line", SCHEDULE: "schedule"}


@dataclass(frozen=True)
class PortfolioRecord:
    """An opportunity, or a line of one that counts with these alone, a schedule or an order.

    Without `rate` it is in no sum.
    """

    kind: str
    id: UUID
    opportunity_id: UUID | None
    name: str
    account_id: UUID
    account_name: str
    date: date
    stage: str
    is_open: bool
    probability: Decimal | None
    amount: Decimal
    currency: str
    rate: Decimal | None
    contribution: Decimal | None  # in company currency, exact


@dataclass(frozen=True)
class PortfolioRecords:
    """One page of them."""

    kpi: str
    is_excluded: bool
    count: int
    records: list[PortfolioRecord] = field(default_factory=list)


def portfolio_records(
    *, plans: QuerySet, user: User, kpi: str, is_excluded: bool = False, start: int = 0, size: int = 50
) -> PortfolioRecords:
    """What is in a sum over these plans; or what is left out because it could not be converted."""
    with read_snapshot():
        kinds = [_rows(kind, user, covered, kpi, is_excluded) for kind, covered in covered_kinds(plans)]
        if not kinds:
            return PortfolioRecords(kpi, is_excluded, 0)
        count = sum(rows.count() for rows in kinds)
        found = list(_union(kinds)[start : start + size])
        others = {row.money for row in found} - {settings.COMPANY_CURRENCY}
        rates = Rates(others)
    return PortfolioRecords(kpi, is_excluded, count, [_record(row, kpi, rates) for row in found])


def plans_added_up(plans: QuerySet) -> dict[str, Decimal]:
    """What the numbers of these plans come to one by one: a record that several count is in it several times."""
    sums = {
        name: ExactSum(f"kpi__company_{name}", places=MoneyField.decimal_places) for name in PORTFOLIO_KPIS
    }
    found = plans.order_by().aggregate(**sums)
    return {name: found[name] or Decimal(0) for name in PORTFOLIO_KPIS}


def plans_counting(order: Order, user: User) -> QuerySet:
    """The plans with orders as revenue that count this one, as far as the user may see them."""
    by_orders = AccountPlan.objects.visible_to(user).filter(revenue_basis=RevenueBasis.ORDER)
    named = AccountPlanProduct.objects.unscoped("whether a plan that the reader sees counts an order")
    named = named.filter(plan=OuterRef("pk"))
    above = ProductCategoryEdge.objects.filter(descendant__products=order.product_id)
    its = named.filter(Q(product=order.product_id) | Q(category__in=above.values("ancestor")))
    is_sold_by_us = order.product is not None and not order.product.is_competitor
    counts = ~Exists(named) | Q(Exists(its)) if is_sold_by_us else ~Exists(named)
    pins = PlanPin.objects.unscoped("whether a plan that the reader sees counts an order").filter(order=order)
    left_out, put_in = (
        pins.filter(effect=effect).values("plan") for effect in (PinEffect.EXCLUDE, PinEffect.INCLUDE)
    )
    covering = by_orders.covering(account_id=order.account_id, on=order.date).filter(counts)
    ids = covering.exclude(pk__in=left_out).values("pk")
    return by_orders.exclude(status=PlanStatus.CANCELLED).filter(Q(pk__in=ids) | Q(pk__in=put_in))


def _rows(kind: Kind, user: User, covered: Q, kpi: str, is_excluded: bool) -> QuerySet:
    rows = kind.model.objects.visible_to(user).filter(covered)
    if kind.has_stage:
        states = {
            "won": Q(**{kind.path("stage__is_won"): True}),
            "open": Q(**{kind.path("stage__is_closed"): False}),
        }
        wanted = Q()
        for state in sorted(STATES[kpi]):
            wanted |= states[state]
        rows = rows.filter(wanted)
    elif "won" not in STATES[kpi]:
        rows = rows.none()
    known = _converted(kind)
    return _told(kind, rows.filter(~known if is_excluded else known))


def _converted(kind: Kind) -> Q:
    """There is a rate for its day: from the first of its currency on."""
    company = settings.COMPANY_CURRENCY
    known = Q(**{kind.path("currency"): company})
    for currency, day in first_days().items():
        if currency != company:
            known |= Q(**{kind.path("currency"): currency, f"{kind.date}__gte": day})
    return known


def _told(kind: Kind, rows: QuerySet) -> QuerySet:
    common = {
        "key": F("pk"),
        "account_key": F(kind.path("account_id")),
        "account_name": F(kind.path("account__name")),
        "on_date": F(kind.date),
        "money": F(kind.path("currency")),
        "size": F("amount"),
    }
    if kind is ORDER:
        own: dict[str, Any] = {
            "kind": Value("order"),
            "opportunity_key": Value(None, output_field=Order._meta.pk),
            "title": F("document_number"),
            "stage_name": Value(""),
            "won": Value(True),
            "chance": Value(None, output_field=PercentField()),
        }
    else:
        own = {
            "kind": Value(NAMES[kind]),
            "opportunity_key": F("pk") if kind is OPPORTUNITY else F(f"{kind.deal}id"),
            "title": Concat(f"{kind.deal}name", Value(" · "), "product__name")
            if kind is LINE
            else F(kind.path("name")),
            "stage_name": F(kind.path("stage__name")),
            "won": F(kind.path("stage__is_won")),
            "chance": F(kind.path("probability")),
        }
    return rows.annotate(**common, **own)


def _union(kinds: Iterable[QuerySet]) -> QuerySet:
    first, *others = (rows.order_by().values_list(*COLUMNS, named=True) for rows in kinds)
    rows = first.union(*others, all=True) if others else first
    return rows.order_by("on_date", "key")


def _record(row: Any, kpi: str, rates: Rates) -> PortfolioRecord:
    rate = rates.on(row.money, row.on_date)
    is_open = not row.won
    contribution = None
    if rate is not None:
        with localcontext(prec=80):
            contribution = row.size * rate
            if is_open and kpi != "pipeline":
                contribution = contribution * (row.chance or Decimal(0)) / 100
    return PortfolioRecord(
        row.kind, row.key, row.opportunity_key, row.title, row.account_key, row.account_name, row.on_date,
        row.stage_name, is_open, row.chance, row.size, row.money, rate, contribution,
    )  # fmt: skip
