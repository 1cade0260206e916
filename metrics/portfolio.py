"""Numbers over many plans: sums over records, each once, never over plans (domain.md, linking revenue).

Two plans that cover the same deal count it twice in their own numbers; a portfolio must not. What
its reader may not open is not in it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

from django.conf import settings
from django.db.models import BigIntegerField, Count, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet

from crm.models import Opportunity, OpportunityLine, Order, RevenueSchedule
from crm.rates import Rates
from kam.core.aggregates import ExactSum
from kam.core.fields import MoneyField, PercentField
from kam.core.money import round_money
from kam.core.transactions import read_snapshot
from kam.users.models import User
from plans.enums import PinEffect, PlanStatus
from plans.models import AccountPlanProduct, PlanPin
from templates_app.enums import RevenueBasis

WHY = "what the numbers of plans rest on is no secret of them"
NAMED = AccountPlanProduct.objects.unscoped(WHY).order_by()
PINS = PlanPin.objects.unscoped(WHY).order_by()
PRODUCT_PLACES = MoneyField.decimal_places + PercentField.decimal_places


@dataclass(frozen=True)
class Kind:
    """A kind of record and where its facts lie."""

    model: Any
    date: str
    deal: str = ""  # the path to the opportunity
    has_stage: bool = True
    key: str = "pk"  # the record that is counted
    product: str = ""  # the path to what decides for plans that name products
    pin: str = ""  # the field of a pin that puts it in or leaves it out

    def path(self, name: str) -> str:
        return f"{self.deal}{name}"


OPPORTUNITY = Kind(Opportunity, "close_date", pin="opportunity")
# Of a deal that only plans count which name products: the lines that have one of them.
LINE = Kind(
    OpportunityLine,
    "opportunity__close_date",
    deal="opportunity__",
    key="opportunity_id",
    product="product",
    pin="opportunity",
)
SCHEDULE = Kind(RevenueSchedule, "date", deal="line__opportunity__", product="line__product", pin="schedule")
ORDER = Kind(Order, "date", has_stage=False, product="product", pin="order")
# What is read for plans of which bases. Deals that are won are no revenue where orders are.
SOURCES: tuple[tuple[Kind, tuple[str, ...], dict[str, Any]], ...] = (
    (OPPORTUNITY, (RevenueBasis.OPPORTUNITY,), {}),
    (OPPORTUNITY, (RevenueBasis.ORDER,), {"stage__is_closed": False}),
    (SCHEDULE, (RevenueBasis.SCHEDULE,), {}),
    (ORDER, (RevenueBasis.ORDER,), {}),
)


@dataclass(frozen=True)
class Totals:
    """Sums over the records of a portfolio, in company currency, each rounded once."""

    currency: str
    won_revenue: Decimal
    pipeline: Decimal
    weighted_pipeline: Decimal
    total_expected_revenue: Decimal
    won_count: int
    open_count: int
    not_converted_count: int


def portfolio_totals(*, plans: QuerySet, user: User) -> Totals:
    """The sums over the records that these plans cover and the user may open."""
    company = settings.COMPANY_CURRENCY
    won = pipeline = weighted = Fraction(0)
    counts: dict[str, int] = defaultdict(int)
    with read_snapshot():
        groups = list(record_groups(plans, user))
        rates = Rates({group.currency for group in groups})
    for group in groups:
        stored = rates.on(group.currency, group.day)
        rate = None if stored is None else Fraction(stored)
        counts["not_converted" if rate is None else "won" if group.is_won else "open"] += group.records
        if rate is None:
            continue
        if group.is_won:
            won += Fraction(group.amount) * rate
        else:
            pipeline += Fraction(group.amount) * rate
            weighted += Fraction(group.weighted) / 100 * rate
    won_revenue, weighted_pipeline = rounded(won), rounded(weighted)
    return Totals(
        currency=company,
        won_revenue=won_revenue,
        pipeline=rounded(pipeline),
        weighted_pipeline=weighted_pipeline,
        total_expected_revenue=won_revenue + weighted_pipeline,
        won_count=counts["won"],
        open_count=counts["open"],
        not_converted_count=counts["not_converted"],
    )


def rounded(value: Fraction) -> Decimal:
    """Half up, once. Rates have ten places, so the sum is a decimal number."""
    with localcontext(prec=80):
        exact = Decimal(value.numerator) / value.denominator
    return round_money(exact, settings.COMPANY_CURRENCY)


@dataclass(frozen=True)
class Group:
    """Records of one currency and day."""

    currency: str
    day: date
    is_won: bool
    records: int
    amount: Decimal
    weighted: Decimal


def record_groups(plans: QuerySet, user: User) -> Iterable[Group]:
    for kind, covered in covered_kinds(plans):
        yield from groups_of(kind, user, covered)


def covered_kinds(plans: QuerySet) -> Iterable[tuple[Kind, Q]]:
    """Which records of which kinds these plans count; no record comes in two of them."""
    counting = Counting.of(plans)
    opportunities = [source for source in SOURCES if source[0] is OPPORTUNITY and counting.uses(source[1])]
    others = [source for source in SOURCES if source[0] is not OPPORTUNITY and counting.uses(source[1])]
    # One query over the deals for both bases, so that none is counted for each of them.
    if opportunities:
        whole = _any_of(
            (Q(**condition), counting.whole(OPPORTUNITY, bases)) for _kind, bases, condition in opportunities
        )
        yield OPPORTUNITY, whole
        if counting.names_products:
            in_deal = _any_of(
                (_below(condition), counting.whole(LINE, bases)) for _kind, bases, condition in opportunities
            )
            in_part = _any_of(
                (_below(condition), counting.named(LINE, bases)) for _kind, bases, condition in opportunities
            )
            yield LINE, in_part & ~in_deal
    for kind, bases, _condition in others:
        yield kind, counting.whole(kind, bases) | counting.named(kind, bases)


def _any_of(ways: Iterable[tuple[Q, Q]]) -> Q:
    found = Q(pk__in=[])
    for condition, covered in ways:
        found |= condition & covered
    return found


def _below(condition: Mapping[str, Any]) -> Q:
    """The condition of a deal, asked of its lines."""
    return Q(**{f"opportunity__{name}": value for name, value in condition.items()})


@dataclass(frozen=True)
class Counting:
    """Plans of accounts, by what of the records of an account and period each of them counts.

    What no plan here has, products or pins, is not asked of any record.
    """

    plans: QuerySet
    bases: frozenset[str]
    names_products: bool
    has_pins: bool

    @classmethod
    def of(cls, plans: QuerySet) -> Counting:
        counted = plans.order_by().exclude(status=PlanStatus.CANCELLED)
        its = {"plan": OuterRef("pk")}
        sorts = counted.values_list(
            "revenue_basis", Exists(NAMED.filter(**its)), Exists(PINS.filter(**its))
        ).distinct()
        bases, names_products, has_pins = zip(*sorts, strict=True) if sorts else ((), (), ())
        return cls(counted, frozenset(bases), any(names_products), any(has_pins))

    def uses(self, bases: Collection[str]) -> bool:
        return not self.bases.isdisjoint(bases)

    def whole(self, kind: Kind, bases: Collection[str]) -> Q:
        """Counted by a plan that names no products, or put in by hand."""
        plans = self.plans.filter(revenue_basis__in=bases)
        free = plans.exclude(pk__in=NAMED.values("plan")) if self.names_products else plans
        counted = Q(Exists(self._covering(kind, free)))
        if self.has_pins:
            put_in = PINS.filter(plan__in=plans.values("pk"), effect=PinEffect.INCLUDE)
            counted |= Q(Exists(put_in.filter(**{kind.pin: OuterRef(kind.key)})))
        return counted

    def named(self, kind: Kind, bases: Collection[str]) -> Q:
        """Has one of the products that a plan names."""
        if not self.names_products:
            return Q(pk__in=[])
        product, category = (OuterRef(OuterRef(f"{kind.product}{end}")) for end in ("_id", "__category_id"))
        its = NAMED.filter(
            Q(product=product) | Q(category__edges_down__descendant=category), plan=OuterRef("pk")
        )
        plans = self.plans.filter(Exists(its), revenue_basis__in=bases)
        is_ours = Q(**{f"{kind.product}__is_competitor": False})
        return is_ours & Q(Exists(self._covering(kind, plans)))

    def _covering(self, kind: Kind, plans: QuerySet) -> QuerySet:
        edges = "account__edges_down"
        covering = plans.filter(
            Q(include_child_accounts=True) | Q(**{f"{edges}__depth": 0}),
            **{f"{edges}__descendant": OuterRef(kind.path("account_id"))},
            start_date__lte=OuterRef(kind.date),
            end_date__gte=OuterRef(kind.date),
        )
        if not self.has_pins:
            return covering
        left_out = PINS.filter(plan=OuterRef("pk"), effect=PinEffect.EXCLUDE)
        return covering.exclude(Exists(left_out.filter(**{kind.pin: OuterRef(OuterRef(kind.key))})))


def groups_of(kind: Kind, user: User, covered: Q) -> Iterable[Group]:
    rows = kind.model.objects.visible_to(user).filter(covered).order_by()
    keys = [kind.path("currency"), kind.date]
    totals: dict[str, Any] = {
        "records": Count(kind.key, distinct=kind is LINE),
        "total": ExactSum("amount", places=MoneyField.decimal_places),
    }
    if kind.has_stage:
        rows = rows.filter(
            Q(**{kind.path("stage__is_won"): True}) | Q(**{kind.path("stage__is_closed"): False})
        )
        keys.append(kind.path("stage__is_won"))
        weight = ExpressionWrapper(F("amount") * F(kind.path("probability")), output_field=BigIntegerField())
        totals["weighted"] = ExactSum(weight, places=PRODUCT_PLACES)
    for row in rows.values(*keys).annotate(**totals):
        is_won = row[keys[2]] if kind.has_stage else True
        yield Group(
            row[keys[0]], row[keys[1]], is_won, row["records"], row["total"], row.get("weighted", Decimal(0))
        )
