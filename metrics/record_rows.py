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
    Value,
    When,
)
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _

from crm.models import AccountEdge, Opportunity, OpportunityLine, Order
from crm.rates import Rates, first_days
from kam.core.aggregates import ExactSum
from kam.core.fields import MoneyField, PercentField
from kam.users.models import User
from metrics import policies
from plans.enums import PlanStatus
from plans.models import AccountPlan, AccountPlanProduct
from plans.models.analyses import AccountPlanProductQuerySet
from templates_app.enums import RevenueBasis

ALL = "the sum of a number counts all its records"
WEIGHTED_PLACES = MoneyField.decimal_places + PercentField.decimal_places

REASONS = {
    "plan_cancelled": _("The plan is cancelled: it counts nothing."),
    "account_below": _("Belongs to an account below; this plan counts its own account only."),
    "before_period": _("Dated before the plan's period."),
    "after_period": _("Dated after the plan's period."),
    "other_products": _("Has none of the plan's products."),
    "lost": _("Lost."),
    "still_open": _("Still open."),
    "won_already": _("Won: counts as won revenue."),
    "counted_as_order": _("Won: this plan counts orders as revenue."),
    "not_converted": _("Not converted: there is no exchange rate for its currency on that day."),
}
# Which states count for which number.
STATES = {
    "sales_target": frozenset(),
    "won_revenue": frozenset({"won"}),
    "pipeline": frozenset({"open"}),
    "weighted_pipeline": frozenset({"open"}),
    "total_expected_revenue": frozenset({"won", "open"}),
    "forecast_target_variance": frozenset({"won", "open"}),
}


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

    @property
    def is_partial(self) -> bool:
        """Whether it counts with another amount than its own."""
        return self.counted is not None and self.counted != self.amount

    @property
    def reason_text(self) -> str:
        return str(REASONS[self.reason]) if self.reason else ""


def named_products(plan: AccountPlan) -> AccountPlanProductQuerySet:
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


def _opportunities(user: User | None, accounts: Iterable[UUID], products: QuerySet | None) -> QuerySet:
    size: Any = F("amount")
    if products is not None:  # it counts with its lines that have one of them
        size = Subquery(_lines_with(products).values("sum"), output_field=MoneyField())
    return _gate(Opportunity, user).filter(account__in=accounts).annotate(
        kind=Value("opportunity"), key=F("id"), opportunity_key=F("id"), title=F("name"), on_date=F("close_date"),
        account_key=F("account_id"), money=F("currency"), whole=F("amount"), size=size, chance=F("probability"),
        stage_name=F("stage__name"), closed=F("stage__is_closed"), won=F("stage__is_won"),
    )  # fmt: skip


def _lines_with(products: QuerySet) -> QuerySet:
    lines = OpportunityLine.objects.unscoped("parts of an opportunity that was let through")
    lines = lines.filter(opportunity=OuterRef("pk"), product__in=products.values("pk")).order_by()
    return lines.values("opportunity").annotate(sum=Cast(Sum("amount"), BigIntegerField()))


def _schedules(user: User | None, accounts: Iterable[UUID], products: QuerySet | None) -> QuerySet:
    """From the deal down: whoever sees it sees its parts, and the accounts lead to it first."""
    part = "lines__schedules"
    rows = _gate(Opportunity, user).filter(account__in=accounts, **{f"{part}__isnull": False})
    return rows.annotate(
        kind=Value("schedule"), key=F(f"{part}__id"), opportunity_key=F("id"), title=F("name"),
        on_date=F(f"{part}__date"), account_key=F("account_id"), money=F("currency"),
        whole=F(f"{part}__amount"), size=F(f"{part}__amount"), product_key=F("lines__product_id"),
        category_key=F("lines__product__category"),
        chance=F("probability"), stage_name=F("stage__name"), closed=F("stage__is_closed"), won=F("stage__is_won"),
    )  # fmt: skip


def _orders(user: User | None, accounts: Iterable[UUID], products: QuerySet | None) -> QuerySet:
    return _gate(Order, user).filter(account__in=accounts).annotate(
        kind=Value("order"), key=F("id"), opportunity_key=Value(None, output_field=Order._meta.pk),
        title=F("document_number"), on_date=F("date"), account_key=F("account_id"), money=F("currency"),
        whole=F("amount"), size=F("amount"), product_key=F("product_id"),
        category_key=F("product__category"), chance=Value(None, output_field=PercentField()), stage_name=Value(""),
        closed=Value(True), won=Value(True),
    )  # fmt: skip


class Reader:
    """What the rows of one number are and why the others are not in it."""

    def __init__(self, plan: AccountPlan, kpi: str, *, is_excluded: bool) -> None:
        self.plan = plan
        self.kpi = kpi
        self.is_excluded = is_excluded
        edges = AccountEdge.objects.filter(ancestor_id=plan.account_id)
        self.accounts = dict(edges.values_list("descendant_id", "descendant__name"))
        self.named = list(named_products(plan).with_names())
        self.products = named_products(plan).counted_products() if self.named else None
        self.unconverted = self._unconverted()
        self.rates = Rates()

    def rows(self, user: User | None) -> list[QuerySet]:
        """By kind, with `reason`, those in the number or those that could be; None: for nobody in particular."""
        kinds = {
            RevenueBasis.OPPORTUNITY: [_opportunities],
            RevenueBasis.SCHEDULE: [_schedules],
            RevenueBasis.ORDER: [_orders, _opportunities],
        }[RevenueBasis(self.plan.revenue_basis)]
        return [self._explained(kind(user, self.accounts, self.products), kind) for kind in kinds]

    def parts_by_category(self) -> QuerySet:
        """What is in the number of a plan's basis by day, category and currency, an opportunity line by line."""
        rows = self.rows(None)[0].order_by()
        day, category, currency, amount = "on_date", "category_key", "money", "size"
        if self.plan.revenue_basis == RevenueBasis.OPPORTUNITY:
            rows = OpportunityLine.objects.unscoped(ALL).filter(opportunity__in=rows.values("pk")).order_by()
            if self.products is not None:
                rows = rows.filter(product__in=self.products.values("pk"))
            day, category, currency = "opportunity__close_date", "product__category", "opportunity__currency"
            amount = "amount"
        groups = rows.values_list(day, category, currency)
        return groups.annotate(sum=ExactSum(amount, places=MoneyField.decimal_places))

    def _explained(self, rows: QuerySet, kind: Any) -> QuerySet:
        is_counted_elsewhere = kind is _opportunities and self.plan.revenue_basis == RevenueBasis.ORDER
        reasons = self._reasons(kind, counts_won=not is_counted_elsewhere)
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

    def _reasons(self, kind: Any, *, counts_won: bool) -> dict[str, Q]:
        """The first that holds is given."""
        plan, states = self.plan, STATES[self.kpi]
        if plan.status == PlanStatus.CANCELLED:
            return {"plan_cancelled": Q(money__isnull=False)}
        reasons = {}
        if not plan.include_child_accounts:
            reasons["account_below"] = ~Q(account_key=plan.account_id)
        reasons["before_period"] = Q(on_date__lt=plan.start_date)
        reasons["after_period"] = Q(on_date__gt=plan.end_date)
        if self.products is not None:
            reasons["other_products"] = self._other_products(kind)
        reasons["lost"] = Q(closed=True, won=False)
        if not counts_won:
            reasons["counted_as_order"] = Q(won=True)
        if "won" not in states:
            reasons["won_already"] = Q(won=True)
        if "open" not in states:
            reasons["still_open"] = Q(closed=False)
        return {**reasons, "not_converted": self.unconverted}

    def _other_products(self, kind: Any) -> Q:
        assert self.products is not None  # noqa: S101
        if kind is _opportunities:
            return ~Q(Exists(_lines_with(self.products)))
        return Q(product_key__isnull=True) | ~Q(product_key__in=self.products.values("pk"))

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
        return [self._record(row) for row in rows]

    def _record(self, row: Any) -> PlanRecord:
        factor = self._factor(row.money, row.on_date)
        is_open = bool(row.is_open)
        contribution = None
        if factor is not None and not row.reason:
            with localcontext(prec=80):
                contribution = row.size * factor
                if self._is_weighted(is_open):
                    contribution = contribution * (row.chance or Decimal(0)) / 100
        return PlanRecord(
            row.kind, row.key, row.opportunity_key, row.title, row.account_key, self.accounts[row.account_key],
            row.on_date, row.stage_name, is_open, row.chance, row.whole, row.size, row.money, factor, contribution,
            row.reason,
        )  # fmt: skip

    def _is_weighted(self, is_open: bool) -> bool:
        return is_open and self.kpi != "pipeline"

    def _factor(self, currency: str, day: date) -> Decimal | None:
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
                total += amount * (self._factor(group["money"], group["day"]) or Decimal(0))
        return count, total


def groups(querysets: Iterable[QuerySet], plan: AccountPlan) -> list[dict[str, Any]]:
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
