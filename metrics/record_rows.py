"""The rows behind a number of a plan, asked of the database kind by kind, each with why it is not in it.

Accounts are named in the queries and rates looked up here: what is left to join is so little that
no wrong guess of the database about the size of a table makes them slow.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, localcontext
from typing import Any
from uuid import UUID

from django.db.models import (
    BigIntegerField,
    Case,
    CharField,
    Count,
    DateField,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    UUIDField,
    Value,
    When,
)
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _

from crm.models import Account, AccountEdge, Opportunity, OpportunityLine, Order, TerritoryEdge
from crm.rates import Rates, first_days
from kam.core.aggregates import ExactSum
from kam.core.fields import MoneyField, PercentField
from kam.users.models import User
from metrics import policies
from plans.enums import PinEffect, PlanStatus, RecordKind
from plans.models import AccountPlanProduct, Plan, PlanPin
from plans.models.analyses import AccountPlanProductQuerySet
from templates_app.enums import RevenueBasis

ALL = "the sum of a number counts all its records"
WEIGHTED_PLACES = MoneyField.decimal_places + PercentField.decimal_places

REASONS = {
    "plan_cancelled": _("The plan is cancelled: it counts nothing."),
    "account_below": _("Belongs to an account below; this plan counts its own account only."),
    "before_period": _("Dated before the plan's period."),
    "after_period": _("Dated after the plan's period."),
    "taken_out": _("Taken out by %(who)s: %(why)s"),
    "other_products": _("Has none of the plan's products."),
    "lost": _("Lost."),
    "still_open": _("Still open."),
    "won_already": _("Won: counts as won revenue."),
    "counted_as_order": _("Won: this plan counts orders as revenue."),
    "not_converted": _("Not converted: there is no exchange rate for its currency on that day."),
}
# What somebody may overrule by putting a record in.
OVERRULED = frozenset({"account_below", "before_period", "after_period", "other_products"})
# Which states count for which number.
STATES = {
    "sales_target": frozenset(),
    "won_revenue": frozenset({"won"}),
    "pipeline": frozenset({"open"}),
    "weighted_pipeline": frozenset({"open"}),
    "total_expected_revenue": frozenset({"won", "open"}),
    "forecast_target_variance": frozenset({"won", "open"}),
    "remaining_target": frozenset({"won"}),
    "coverage_ratio": frozenset({"won", "open"}),  # the pipeline, and what is won of the target
}
FULL_AMOUNTS = frozenset({"pipeline", "coverage_ratio"})  # whatever the probability of what is open


@dataclass(frozen=True)
class PlanRecord:
    """One opportunity, schedule or order as a number sees it."""

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
    counted: Decimal | None  # of the amount: the lines with one of the plan's products
    currency: str
    factor: Decimal | None  # one unit of its currency in plan currency; None: not converted
    contribution: Decimal | None  # exact, in plan currency
    reason: str  # a key of REASONS; empty: it is in the number
    pin: PlanPin | None = None  # what somebody decided about it by hand

    @property
    def is_partial(self) -> bool:
        """Whether it counts with another amount than its own."""
        return self.counted is not None and self.counted != self.amount

    @property
    def reason_text(self) -> str:
        if self.reason == "taken_out" and self.pin is not None:
            return REASONS[self.reason] % {"who": author_of(self.pin), "why": self.pin.reason}
        return str(REASONS[self.reason]) if self.reason else ""

    @property
    def may_be_put_in(self) -> bool:
        """Whether it is left out for what a decision by hand overrules."""
        return self.reason in OVERRULED

    @property
    def pin_text(self) -> str:
        """Who put it in by hand, and why."""
        if self.pin is None or self.pin.effect != PinEffect.INCLUDE:
            return ""
        return _("Put in by %(who)s: %(why)s") % {"who": author_of(self.pin), "why": self.pin.reason}


def author_of(pin: PlanPin) -> str:
    return str(pin.created_by or _("somebody"))


def named_products(plan: Plan) -> AccountPlanProductQuerySet:
    """The products and categories that a plan counts alone; none: it counts all."""
    rows = AccountPlanProduct.objects.unscoped("what the number of a plan rests on is no secret of it")
    return rows.filter(plan=plan)


COLUMNS = (
    "kind", "key", "opportunity_key", "title", "account_key", "on_date", "stage_name", "is_open",
    "chance", "whole", "size", "money", "reason",
)  # fmt: skip


def union(querysets: list[QuerySet]) -> QuerySet:
    first, *others = (rows.order_by().values_list(*COLUMNS, named=True) for rows in querysets)
    rows = first.union(*others, all=True) if others else first
    return rows.order_by("on_date", "key")


def _gate(model: Any, user: User | None) -> QuerySet:
    if user is None:
        return model.objects.unscoped(ALL)
    return model.objects.visible_to(user)


def _opportunities(user: User | None, chosen: Q, products: QuerySet | None) -> QuerySet:
    size: Any = F("amount")
    if products is not None:  # it counts with its lines that have one of them
        size = Subquery(_lines_with(products).values("sum"), output_field=MoneyField())
    return _gate(Opportunity, user).annotate(
        kind=Value("opportunity"), key=F("id"), opportunity_key=F("id"), title=F("name"), on_date=F("close_date"),
        account_key=F("account_id"), money=F("currency"), whole=F("amount"), size=size, chance=F("probability"),
        stage_name=F("stage__name"), closed=F("stage__is_closed"), won=F("stage__is_won"),
    ).filter(chosen)  # fmt: skip


def _lines_with(products: QuerySet) -> QuerySet:
    lines = OpportunityLine.objects.unscoped("parts of an opportunity that was let through")
    lines = lines.filter(opportunity=OuterRef("pk"), product__in=products.values("pk")).order_by()
    return lines.values("opportunity").annotate(sum=Cast(Sum("amount"), BigIntegerField()))


def _schedules(user: User | None, chosen: Q, products: QuerySet | None) -> QuerySet:
    """From the deal down: whoever sees it sees its parts, and the accounts lead to it first."""
    part = "lines__schedules"
    rows = _gate(Opportunity, user).filter(**{f"{part}__isnull": False})
    return rows.annotate(
        kind=Value("schedule"), key=F(f"{part}__id"), opportunity_key=F("id"), title=F("name"),
        on_date=F(f"{part}__date"), account_key=F("account_id"), money=F("currency"),
        whole=F(f"{part}__amount"), size=F(f"{part}__amount"), product_key=F("lines__product_id"),
        chance=F("probability"), stage_name=F("stage__name"), closed=F("stage__is_closed"), won=F("stage__is_won"),
    ).filter(chosen)  # fmt: skip


def _orders(user: User | None, chosen: Q, products: QuerySet | None) -> QuerySet:
    return _gate(Order, user).annotate(
        kind=Value("order"), key=F("id"), opportunity_key=Cast(Value(None), UUIDField()),
        title=F("document_number"), on_date=F("date"), account_key=F("account_id"), money=F("currency"),
        whole=F("amount"), size=F("amount"), product_key=F("product_id"),
        chance=Cast(Value(None), PercentField()), stage_name=Value(""),
        closed=Value(True), won=Value(True),
    ).filter(chosen)  # fmt: skip


ROWS: dict[str, Any] = {
    RecordKind.OPPORTUNITY: _opportunities,
    RecordKind.SCHEDULE: _schedules,
    RecordKind.ORDER: _orders,
}


class Reader:
    """What the rows of one number are and why the others are not in it."""

    def __init__(self, plan: Plan, kpi: str, *, is_excluded: bool) -> None:
        self.plan = plan
        self.kpi = kpi
        self.is_excluded = is_excluded
        self.names: dict[UUID, str] = {}  # of accounts
        self.accounts = self._accounts()
        self.named = list(named_products(plan).with_names())
        self.products = named_products(plan).counted_products() if self.named else None
        pins = PlanPin.objects.unscoped("what the number of a plan rests on").filter(plan=plan)
        self.pins = {
            (pin.kind, pin.record_id): pin for pin in pins.select_related("created_by", "schedule__line")
        }
        self.unconverted = self._unconverted()
        self.rates = Rates()

    def _accounts(self) -> Any:
        """Their ids; of a territory, where they may be very many, a query of them."""
        if self.plan.territory_id is not None:
            inside = TerritoryEdge.objects.filter(ancestor_id=self.plan.territory_id).values("descendant_id")
            return Account.objects.unscoped(ALL).filter(territory__in=inside).values("pk")
        edges = AccountEdge.objects.filter(ancestor_id=self.plan.account_id)
        self.names = dict(edges.values_list("descendant_id", "descendant__name"))
        return list(self.names)

    def _pinned(self, kind: str, effect: str) -> list[UUID]:
        return [pk for (of_kind, pk), pin in self.pins.items() if of_kind == kind and pin.effect == effect]

    def rows(self, user: User | None) -> list[QuerySet]:
        """With `reason`, those in the number or those that could be; None: for nobody in particular."""
        return [rows for kind in self.plan.record_kinds for rows in self._of_kind(kind, user)]

    def _of_kind(self, kind: str, user: User | None) -> list[QuerySet]:
        """Those of the plan's accounts; and those put in by hand, whatever their account, date and products."""
        put_in = self._pinned(kind, PinEffect.INCLUDE)
        own = ROWS[kind](user, Q(account_key__in=self.accounts), self.products)
        if not put_in:
            return [self._explained(own, kind)]
        chosen = Q(key__in=put_in)
        if kind == RecordKind.SCHEDULE:  # which leads to the deals first
            parts: list[Any] = [self.pins[kind, pk].schedule for pk in put_in]
            chosen &= Q(pk__in=[part.line.opportunity_id for part in parts])
        pinned = ROWS[kind](user, chosen, None)
        return [
            self._explained(own.exclude(key__in=put_in), kind),
            self._explained(pinned, kind, is_put_in=True),
        ]

    def parts_by_category(self) -> list[tuple[date, UUID | None, str, Decimal]]:
        """What is in the number of a plan's basis by day, category and currency, an opportunity line by line."""
        kind = self.plan.record_kinds[0]
        found: list[Any] = []
        for rows, products in zip(self._of_kind(kind, None), (self.products, None), strict=False):
            parts: Any = rows
            keys: tuple[str, ...] = ("on_date", "category_key", "money")
            amount = "size"
            if kind == RecordKind.OPPORTUNITY:
                parts = OpportunityLine.objects.unscoped(ALL).filter(
                    opportunity__in=rows.order_by().values("pk")
                )
                if products is not None:
                    parts = parts.filter(product__in=products.values("pk"))
                keys = ("opportunity__close_date", "product__category", "opportunity__currency")
                amount = "amount"
            else:
                line = "" if kind == RecordKind.ORDER else "lines__"
                parts = parts.annotate(category_key=F(f"{line}product__category"))
            groups = parts.order_by().values_list(*keys)
            found += groups.annotate(sum=ExactSum(amount, places=MoneyField.decimal_places))
        return found

    def _explained(self, rows: QuerySet, kind: str, *, is_put_in: bool = False) -> QuerySet:
        reasons = self._reasons(kind, is_put_in=is_put_in)
        left_out = Q()
        for condition in reasons.values():
            left_out |= condition
        text: Any = Value("")
        if self.is_excluded:
            cases = [When(condition, then=Value(name)) for name, condition in reasons.items()]
            text = Case(*cases, default=text, output_field=CharField())
        rows = rows.annotate(
            reason=text, is_open=Case(When(closed=False, then=Value(True)), default=Value(False))
        )
        return rows.filter(left_out if self.is_excluded else ~left_out)

    def _reasons(self, kind: str, *, is_put_in: bool) -> dict[str, Q]:
        """The first that holds is given."""
        plan, states = self.plan, STATES[self.kpi]
        if plan.status == PlanStatus.CANCELLED:
            return {"plan_cancelled": Q(money__isnull=False)}
        reasons = {} if is_put_in else self._reasons_of_scope(kind)
        reasons["lost"] = Q(closed=True, won=False)
        if kind == RecordKind.OPPORTUNITY and plan.revenue_basis == RevenueBasis.ORDER:
            reasons["counted_as_order"] = Q(won=True)
        if "won" not in states:
            reasons["won_already"] = Q(won=True)
        if "open" not in states:
            reasons["still_open"] = Q(closed=False)
        return {**reasons, "not_converted": self.unconverted}

    def _reasons_of_scope(self, kind: str) -> dict[str, Q]:
        plan, reasons = self.plan, {}
        if taken_out := self._pinned(kind, PinEffect.EXCLUDE):
            reasons["taken_out"] = Q(key__in=taken_out)
        if plan.account_id is not None and not plan.include_child_accounts:
            reasons["account_below"] = ~Q(account_key=plan.account_id)
        reasons["before_period"] = Q(on_date__lt=plan.start_date)
        reasons["after_period"] = Q(on_date__gt=plan.end_date)
        if self.products is not None:
            reasons["other_products"] = self._other_products(kind, self.products)
        return reasons

    def _other_products(self, kind: str, products: QuerySet) -> Q:
        if kind == RecordKind.OPPORTUNITY:
            return ~Q(Exists(_lines_with(products)))
        return Q(product_key__isnull=True) | ~Q(product_key__in=products.values("pk"))

    def _unconverted(self) -> Q:
        """No rate on that day. A rate holds until the next, so there is one from the first of them on."""
        plan_currency, days = self.plan.currency, first_days()
        by_day: dict[date, list[str]] = {}
        if plan_currency in days:
            for currency, day in days.items():
                by_day.setdefault(max(day, days[plan_currency]), []).append(currency)
        converted = Q(money=plan_currency)
        for day, currencies in by_day.items():
            converted |= Q(money__in=currencies, on_date__gte=day)
        return ~converted

    def load_rates(self, currencies: set[str]) -> None:
        if currencies - {self.plan.currency}:
            self.rates = Rates(currencies | {self.plan.currency})

    # --- Amounts ---
    def records(self, rows: list[Any]) -> list[PlanRecord]:
        if self.is_excluded:
            self.load_rates({row.money for row in rows})
        if unnamed := {row.account_key for row in rows} - self.names.keys():
            accounts = Account.objects.unscoped("names of accounts of records that were let through")
            self.names |= dict(accounts.filter(pk__in=unnamed).values_list("pk", "name"))
        return [self._record(row) for row in rows]

    def _record(self, row: Any) -> PlanRecord:
        factor = self.factor(row.money, row.on_date)
        is_open = bool(row.is_open)
        contribution = None
        if factor is not None and not row.reason:
            with localcontext(prec=80):
                contribution = row.size * factor
                if self._is_weighted(is_open):
                    contribution = contribution * (row.chance or Decimal(0)) / 100
        return PlanRecord(
            row.kind, row.key, row.opportunity_key, row.title, row.account_key, self.names[row.account_key],
            row.on_date, row.stage_name, is_open, row.chance, row.whole, row.size, row.money, factor, contribution,
            row.reason, self.pins.get((row.kind, row.key)),
        )  # fmt: skip

    def _is_weighted(self, is_open: bool) -> bool:
        return is_open and self.kpi not in FULL_AMOUNTS

    def factor(self, currency: str, day: date) -> Decimal | None:
        """One unit in plan currency."""
        if currency == self.plan.currency:
            return Decimal(1)
        record_rate, plan_rate = self.rates.on(currency, day), self.rates.on(self.plan.currency, day)
        if record_rate is None or plan_rate is None:
            return None
        return policies.cross_rate(record_rate, plan_rate)

    def total(self, groups: Iterable[dict[str, Any]]) -> tuple[int, Decimal]:
        """How many rows, and the exact sum of what they contribute."""
        count, total = 0, Decimal(0)
        for group in groups:
            count += group["rows"]
            is_weighted = self._is_weighted(bool(group["is_open"]))
            with localcontext(prec=80):
                amount = group["weighted_sum"] / 100 if is_weighted else group["sum"]
                total += amount * (self.factor(group["money"], group["day"]) or Decimal(0))
        return count, total


def groups(querysets: Iterable[QuerySet], plan: Plan) -> list[dict[str, Any]]:
    """Sums by currency, by whether it is open and, where it is to be converted, by day."""
    weight = ExpressionWrapper(F("size") * F("chance"), output_field=BigIntegerField())
    day = Case(When(~Q(money=plan.currency), then=F("on_date")), output_field=DateField())
    first, *others = (
        rows.order_by()
        .annotate(day=day)
        .values("money", "day", "is_open")
        .annotate(
            rows=Count("key"),
            sum=ExactSum("size", places=MoneyField.decimal_places),
            weighted_sum=ExactSum(weight, places=WEIGHTED_PLACES),
        )
        for rows in querysets
    )
    return list(first.union(*others, all=True) if others else first)
