"""Recomputes every KPI on a path of its own and lists what differs from what is stored.

Plain Python over plain rows: it walks the accounts' parents, looks up rates and rounds by itself,
and shares no code with `metrics.rollup` or the closure tables. It is what `manage.py check_kpis` runs.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple
from uuid import UUID

from crm.models import (
    Account,
    AccountEdge,
    ExchangeRate,
    Opportunity,
    OpportunityLine,
    Order,
    Product,
    ProductCategory,
    ProductCategoryEdge,
    RevenueSchedule,
    Territory,
    TerritoryEdge,
)
from kam.core.money import minor_units
from metrics.models import PlanKPI
from plans.models import AccountPlanProduct, Plan, PlanPin, TargetLine

REASON = "independent check of all KPIs"
# A conversion between two currencies goes over the company currency; the quotient of the two rates
# is fixed to so many places, half up (domain.md leaves its precision open).
QUOTIENT_PLACES = 20
KINDS = ("opportunity", "schedule", "order")
CHUNK = 5_000


@dataclass(frozen=True)
class Difference:
    """One field of one row that is not as it should be."""

    what: str
    field: str
    stored: Any
    expected: Any

    def __str__(self) -> str:
        return f"{self.what}: {self.field} is {self.stored}, should be {self.expected}"


class Record(NamedTuple):
    """Something that may count: an opportunity, a schedule of one, or an order."""

    pk: UUID
    day: date
    amount: Decimal
    currency: str
    probability: Decimal  # 0…100
    is_closed: bool
    is_won: bool
    lines: tuple[tuple[UUID | None, Decimal], ...] = ()  # what it consists of, by product

    @property
    def is_open(self) -> bool:
        return not self.is_closed

    @property
    def is_lost(self) -> bool:
        return self.is_closed and not self.is_won


# --- What there is --------------------------------------------------------------------------
class Rates:
    """The rate of a currency on a day: the latest one valid from that day or before."""

    def __init__(self, company_currency: str) -> None:
        self.company_currency = company_currency
        self.days: dict[str, list[date]] = defaultdict(list)
        self.values: dict[str, list[Fraction]] = defaultdict(list)
        rows = ExchangeRate.objects.order_by("valid_from").values_list("currency", "valid_from", "rate")
        for currency, valid_from, rate in rows.iterator():
            self.days[currency].append(valid_from)
            self.values[currency].append(Fraction(rate))

    def on(self, currency: str, day: date) -> Fraction | None:
        if currency == self.company_currency:
            return Fraction(1)
        place = bisect_right(self.days.get(currency, []), day)
        return self.values[currency][place - 1] if place else None

    def factor(self, source: str, target: str, day: date) -> Fraction | None:
        """What one unit of `source` is in `target`; None without a rate."""
        if source == target:
            return Fraction(1)
        source_rate, target_rate = self.on(source, day), self.on(target, day)
        if source_rate is None or target_rate is None:
            return None
        if target == self.company_currency:
            return source_rate
        return half_up(source_rate / target_rate, QUOTIENT_PLACES)


def half_up(value: Fraction, places: int) -> Fraction:
    """Rounded to so many places, halves away from zero."""
    scaled = abs(value) * 10**places
    whole, rest = divmod(scaled.numerator, scaled.denominator)
    if 2 * rest >= scaled.denominator:
        whole += 1
    return Fraction(whole if value >= 0 else -whole, 10**places)


class World:
    """All rows that KPIs rest on, read once. Run it inside one snapshot of the database."""

    def __init__(self, *, company_currency: str) -> None:
        self.rates = Rates(company_currency)
        self._read_products()
        self._read_pins()
        self.line_targets: dict[UUID, list[Decimal]] = defaultdict(list)
        for plan_id, amount in (
            TargetLine.objects.unscoped(REASON).order_by().values_list("plan_id", "target")
        ):
            self.line_targets[plan_id].append(amount)
        self.children: dict[UUID | None, list[UUID]] = defaultdict(list)
        self.in_territory: dict[UUID | None, list[UUID]] = defaultdict(list)
        accounts = Account.objects.unscoped(REASON).order_by().values_list("pk", "parent_id", "territory_id")
        for pk, parent_id, territory_id in accounts.iterator():
            self.children[parent_id].append(pk)
            self.in_territory[territory_id].append(pk)
        self.territories = dict(Territory.objects.order_by().values_list("pk", "parent_id"))
        self.opportunities: dict[UUID, list[Record]] = defaultdict(list)
        self.schedules: dict[UUID, list[Record]] = defaultdict(list)
        self.orders: dict[UUID, list[Record]] = defaultdict(list)
        self._read_records()

    def _read_records(self) -> None:
        deal = ("currency", "probability", "stage__is_closed", "stage__is_won")
        lines: dict[UUID, list[tuple[UUID | None, Decimal]]] = defaultdict(list)
        if self.named:  # else nobody asks for them
            parts = OpportunityLine.objects.unscoped(REASON).order_by()
            for opportunity_id, *line in parts.values_list(
                "opportunity_id", "product_id", "amount"
            ).iterator():
                lines[opportunity_id].append((line[0], line[1]))
        opportunities = Opportunity.objects.unscoped(REASON).order_by()
        for pk, account_id, *row in opportunities.values_list(
            "pk", "account_id", "close_date", "amount", *deal
        ).iterator():
            self._add(
                self.opportunities, account_id, Record(pk, *row)._replace(lines=tuple(lines.get(pk, ())))
            )
        path = "line__opportunity__"
        fields = (
            "pk",
            "line__product_id",
            f"{path}account_id",
            "date",
            "amount",
            *(path + name for name in deal),
        )
        schedules = RevenueSchedule.objects.unscoped(REASON).order_by()
        for pk, product_id, account_id, *row in schedules.values_list(*fields).iterator():
            self._add(self.schedules, account_id, Record(pk, *row)._replace(lines=((product_id, row[1]),)))
        orders = Order.objects.unscoped(REASON).order_by()
        fields = ("pk", "account_id", "product_id", "date", "amount", "currency")
        for pk, account_id, product_id, day, amount, currency in orders.values_list(*fields).iterator():
            record = Record(pk, day, amount, currency, Decimal(0), True, True, ((product_id, amount),))
            self._add(self.orders, account_id, record)

    def _add(self, records: dict[UUID, list[Record]], account_id: UUID, record: Record) -> None:
        records[account_id].append(record)
        if record.pk in self.pinned:
            self.pinned[record.pk] = record

    def _read_pins(self) -> None:
        """What people put in or left out by hand, by plan: (kind, id of the record) → whether it is put in."""
        self.pins: dict[UUID, dict[tuple[str, UUID], bool]] = defaultdict(dict)
        rows = PlanPin.objects.unscoped(REASON).order_by()
        for plan_id, effect, *ids in rows.values_list("plan_id", "effect", *KINDS):
            (pin,) = ((kind, pk) for kind, pk in zip(KINDS, ids, strict=True) if pk is not None)
            self.pins[plan_id][pin] = effect == "include"
        self.pinned: dict[UUID, Record | None] = {
            pk: None for pins in self.pins.values() for _kind, pk in pins
        }

    def _read_products(self) -> None:
        """Which products there are, and by plan what it names: if anything, it counts nothing else."""
        self.categories = dict(ProductCategory.objects.order_by().values_list("pk", "parent_id"))
        self.products = {
            pk: category_id
            for pk, category_id, is_competitor in Product.objects.order_by().values_list(
                "pk", "category_id", "is_competitor"
            )
            if not is_competitor
        }
        self.named: dict[UUID, set[UUID]] = defaultdict(set)
        rows = AccountPlanProduct.objects.unscoped(REASON).order_by()
        for plan_id, product_id, category_id in rows.values_list("plan_id", "product_id", "category_id"):
            self.named[plan_id].add(product_id or category_id)

    def is_named(self, product_id: UUID | None, names: set[UUID]) -> bool:
        """Whether the product or a category that it lies in is among the names."""
        if product_id not in self.products:
            return False
        return not names.isdisjoint([product_id, *_path_up(self.products[product_id], self.categories)])

    def limited(self, plan: Plan, records: Iterable[Record]) -> Iterator[Record]:
        """To what the plan names: a record with its parts that have one of these products."""
        names = self.named.get(plan.pk)
        for record in records:
            if not names:
                yield record
                continue
            amounts = [amount for product_id, amount in record.lines if self.is_named(product_id, names)]
            if amounts:
                yield record._replace(amount=sum(amounts, Decimal(0)))

    def accounts_of(self, plan: Plan) -> Iterator[UUID]:
        """The plan's account and, unless it is for that one only, those below, from parent to child; or those
        whose territory is the plan's or lies below it."""
        if plan.account_id is None:
            for territory_id in self.territories:
                if plan.territory_id in list(_path_up(territory_id, self.territories)):
                    yield from self.in_territory[territory_id]
            return
        stack, seen = [plan.account_id], set()
        while stack:
            account_id = stack.pop()
            if account_id in seen:
                continue
            seen.add(account_id)
            yield account_id
            if plan.include_child_accounts:
                stack.extend(self.children.get(account_id, ()))

    def target_of(self, plan: Plan) -> Fraction | None:
        """As it was entered, or the sum of its target lines where the plan says so."""
        if not plan.target_from_lines:
            return None if plan.sales_target is None else Fraction(plan.sales_target)
        lines = self.line_targets.get(plan.pk)
        return Fraction(sum(lines, Decimal(0))) if lines else None

    def kinds_of(self, plan: Plan) -> dict[str, dict[UUID, list[Record]]]:
        return {
            "opportunity": {"opportunity": self.opportunities},
            "schedule": {"schedule": self.schedules},
            "order": {"order": self.orders, "opportunity": self.opportunities},
        }[plan.revenue_basis]

    def records_of(self, plan: Plan) -> Iterator[Record]:
        """What the plan counts: by account, date, basis, product, and by hand."""
        if plan.status == "cancelled":
            return
        pins, accounts = self.pins.get(plan.pk, {}), list(self.accounts_of(plan))
        for kind, by_account in self.kinds_of(plan).items():
            found = (record for account_id in accounts for record in by_account.get(account_id, ()))
            found = (record for record in found if plan.start_date <= record.day <= plan.end_date)
            counted = [record for record in self.limited(plan, found) if (kind, record.pk) not in pins]
            chosen = [self.pinned[pk] for (of_kind, pk), is_in in pins.items() if is_in and of_kind == kind]
            put_in = [record for record in chosen if record is not None]
            for record in (*counted, *put_in):
                # With orders as revenue, a won opportunity is no revenue of its own.
                is_counted_elsewhere = (
                    plan.revenue_basis == "order" and kind == "opportunity" and record.is_won
                )
                if not is_counted_elsewhere:
                    yield record


# --- What the numbers should be -------------------------------------------------------------
def money(records: Iterable[Record], *, currency: str, rates: Rates) -> tuple[dict[str, Fraction], int]:
    """The sums in one currency, each rounded once, and how many records could not be converted."""
    won = pipeline = weighted = Fraction(0)
    not_converted = 0
    for record in records:
        if record.is_lost:
            continue
        factor = rates.factor(record.currency, currency, record.day)
        if factor is None:
            not_converted += 1
        elif record.is_won:
            won += Fraction(record.amount) * factor
        else:
            pipeline += Fraction(record.amount) * factor
            weighted += Fraction(record.amount) * Fraction(record.probability) / 100 * factor
    places = minor_units(currency)
    sums = {
        "won_revenue": half_up(won, places),
        "pipeline": half_up(pipeline, places),
        "weighted_pipeline": half_up(weighted, places),
    }
    sums["total_expected_revenue"] = sums["won_revenue"] + sums["weighted_pipeline"]
    return sums, not_converted


def expected_values(plan: Plan, world: World, *, today: date) -> dict[str, Any]:
    """Every field of the plan's KPIs, by name; money as fractions."""
    rates, company = world.rates, world.rates.company_currency
    records = list(world.records_of(plan))
    own, not_converted = money(records, currency=plan.currency, rates=rates)
    foreign, company_not_converted = money(records, currency=company, rates=rates)
    target = world.target_of(plan)
    company_target = None
    rate = rates.on(plan.currency, plan.start_date)
    if target is not None and rate is not None:
        company_target = half_up(target * rate, minor_units(company))
    upcoming = [record.day for record in records if record.is_open and record.day >= today]
    return {
        "currency": plan.currency,
        "basis": plan.revenue_basis,
        "sales_target": target,
        **own,
        "forecast_target_variance": None if target is None else own["total_expected_revenue"] - target,
        "won_count": sum(record.is_won for record in records),
        "open_count": sum(record.is_open for record in records),
        "lost_count": sum(record.is_lost for record in records),
        "slipped_count": sum(record.is_open and record.day < today for record in records),
        "not_converted_count": not_converted,
        "company_currency": company,
        "company_sales_target": company_target,
        **{f"company_{name}": value for name, value in foreign.items()},
        "company_forecast_target_variance": (
            None if company_target is None else foreign["total_expected_revenue"] - company_target
        ),
        "company_not_converted_count": company_not_converted,
        "valid_until": min(upcoming, default=None),
    }


# --- What differs ---------------------------------------------------------------------------
def kpi_differences(*, today: date, company_currency: str) -> Iterator[Difference]:
    """Plans without numbers, numbers without a plan, and every field that is not what it should be."""
    world = World(company_currency=company_currency)
    stored = {kpi.pk: kpi for kpi in PlanKPI.objects.unscoped(REASON).iterator(chunk_size=CHUNK)}
    for plan in Plan.objects.unscoped(REASON).order_by("pk").iterator(chunk_size=CHUNK):
        what = f"plan {plan.pk} “{plan.name}”"
        kpi = stored.pop(plan.pk, None)
        if kpi is None:
            yield Difference(what, "kpi", "missing", "there")
            continue
        for name, value in expected_values(plan, world, today=today).items():
            if (found := getattr(kpi, name)) != value:
                yield Difference(what, name, found, readable(value))
    for plan_id in stored:
        yield Difference(f"plan {plan_id}", "kpi", "there", "gone with its plan")


def readable(value: Any) -> Any:
    return Decimal(value.numerator) / value.denominator if isinstance(value, Fraction) else value


def tree_differences() -> Iterator[Difference]:
    """Pairs of ancestor and descendant that a closure table lacks, has too much, or at a wrong depth."""
    trees = ((Account, AccountEdge), (Territory, TerritoryEdge), (ProductCategory, ProductCategoryEdge))
    for node, edge in trees:
        parents = dict(node.objects.unscoped(REASON).order_by().values_list("pk", "parent_id"))
        expected = {
            (ancestor_id, pk): depth
            for pk in parents
            for depth, ancestor_id in enumerate(_path_up(pk, parents))
        }
        for ancestor_id, descendant_id, depth in edge.objects.values_list(
            "ancestor_id", "descendant_id", "depth"
        ):
            right = expected.pop((ancestor_id, descendant_id), None)
            if depth != right:
                yield Difference(f"{edge.__name__} {ancestor_id} > {descendant_id}", "depth", depth, right)
        for (ancestor_id, descendant_id), depth in expected.items():
            yield Difference(f"{edge.__name__} {ancestor_id} > {descendant_id}", "depth", None, depth)


def _path_up(pk: UUID, parents: Mapping[UUID, UUID | None]) -> Iterator[UUID]:
    seen: set[UUID] = set()
    node: UUID | None = pk
    while node is not None and node not in seen:
        seen.add(node)
        yield node
        node = parents.get(node)
