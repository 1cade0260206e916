"""The records behind a number: those in it, those left out and why, the rate and the contribution.

The same coverage rules as `metrics.rollup` (domain.md, *Linking revenue to plans*), asked row by row.
A plan's number counts all its records; a reader is shown those that the gate lets through, and told
how many more there are and how much they make.

Accounts are named in the queries and rates looked up here: what is left to join is so little that
no wrong guess of the database about the size of a table makes them slow.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
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
    ExpressionWrapper,
    F,
    Q,
    QuerySet,
    Value,
    When,
)
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.models import AccountEdge, Opportunity, Order
from crm.rates import Rates, first_days
from kam.core.aggregates import ExactSum
from kam.core.fields import MoneyField, PercentField
from kam.core.transactions import read_snapshot
from kam.users.models import User
from metrics import operations, policies
from metrics.models import PlanKPI, StaleMarker
from plans.enums import PlanStatus
from plans.models import AccountPlan
from templates_app.enums import RevenueBasis

TRIES = 3
WEIGHTED_PLACES = MoneyField.decimal_places + PercentField.decimal_places

FORMULAS = {
    "sales_target": _(
        "What is to be won in the period: entered in the plan, or the sum of its target lines."
    ),
    "won_revenue": _("The sum of the amounts of what was won in the period."),
    "pipeline": _("The sum of the amounts of what is open and expected in the period."),
    "weighted_pipeline": _("The sum of amount × probability ÷ 100 over what is open."),
    "total_expected_revenue": _("Won revenue + weighted pipeline."),
    "forecast_target_variance": _("Total expected revenue − sales target; negative: short of the target."),
}
REASONS = {
    "plan_cancelled": _("The plan is cancelled: it counts nothing."),
    "account_below": _("Belongs to an account below; this plan counts its own account only."),
    "before_period": _("Dated before the plan's period."),
    "after_period": _("Dated after the plan's period."),
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
    currency: str
    factor: Decimal | None  # one unit of its currency in plan currency; None: not converted
    contribution: Decimal | None  # exact, in plan currency
    reason: str  # a key of REASONS; empty: it is in the number

    @property
    def reason_text(self) -> str:
        return str(REASONS[self.reason]) if self.reason else ""


@dataclass(frozen=True)
class RecordList:
    """One page of the records of a number, as of the instant of `kpi`."""

    plan: AccountPlan
    kpi: PlanKPI
    is_fresh: bool
    name: str
    is_excluded: bool
    count: int = 0
    records: list[PlanRecord] = field(default_factory=list)
    hidden_count: int = 0
    hidden_contribution: Decimal = Decimal(0)

    @property
    def value(self) -> Decimal | None:
        return getattr(self.kpi, self.name)

    @property
    def formula(self) -> str:
        return str(FORMULAS[self.name])


def records_of(
    plan: AccountPlan, *, kpi: str, user: User, is_excluded: bool = False, start: int = 0, size: int = 50
) -> RecordList:
    """The records in a number of the plan (or those left out of it) that the user may open.

    Number and records are of the same instant: both are read in one snapshot in which nothing waits that
    the number has not counted. `is_fresh` is False if changes kept coming in between.
    """
    for attempt in range(TRIES):
        counted = _waiting(plan)
        stored, is_fresh = operations.fresh_kpi(plan)
        with read_snapshot():
            is_stale = not _waiting(plan) <= counted
            if is_stale and attempt < TRIES - 1:
                continue
            stored = (
                PlanKPI.objects.unscoped("of a plan loaded through the gate").filter(pk=plan.pk).first()
                or stored
            )
            stored.checked_at = timezone.now() if is_fresh and not is_stale else None
            return _read(
                plan, stored, is_fresh and not is_stale, kpi, user, is_excluded, slice(start, start + size)
            )
    raise AssertionError("unreachable")


def counted_records(plan: AccountPlan, kpi: str) -> list[PlanRecord]:
    """All records in a number, whoever may open them: for what is computed from them, never to be listed."""
    reader = _Reader(plan, kpi, is_excluded=False)
    rows = list(_union(reader.rows(None)))
    reader.load_rates({row.money for row in rows})
    return reader.records(rows)


def _waiting(plan: AccountPlan) -> set[int]:
    """The markers of a plan: those there before it was computed are in its numbers, though a sweep may still
    need them for other plans."""
    return set(StaleMarker.objects.filter(operations.markers_of(plan)).values_list("pk", flat=True))


def _read(
    plan: AccountPlan, stored: PlanKPI, is_fresh: bool, kpi: str, user: User, is_excluded: bool, page: slice
) -> RecordList:
    if not STATES[kpi]:  # a target rests on no record
        return RecordList(plan, stored, is_fresh, kpi, is_excluded)
    reader = _Reader(plan, kpi, is_excluded=is_excluded)
    visible = reader.rows(user)
    found = list(_union(visible)[page])
    if is_excluded:
        count = sum(rows.count() for rows in visible)
        return RecordList(plan, stored, is_fresh, kpi, True, count, reader.records(found))
    seen, every = _groups(visible, plan), _groups(reader.rows(None), plan)
    reader.load_rates({row["money"] for row in every})
    seen_count, seen_sum = reader.total(seen)
    count, total = reader.total(every)
    with localcontext(prec=80):
        hidden = total - seen_sum
    return RecordList(
        plan, stored, is_fresh, kpi, False, seen_count, reader.records(found), count - seen_count, hidden
    )


# --- Rows -----------------------------------------------------------------------------------
COLUMNS = (
    "kind", "key", "opportunity_key", "title", "account_key", "on_date", "stage_name", "is_open",
    "chance", "size", "money", "reason",
)  # fmt: skip


def _union(querysets: list[QuerySet]) -> QuerySet:
    first, *others = (rows.order_by().values_list(*COLUMNS, named=True) for rows in querysets)
    rows = first.union(*others, all=True) if others else first
    return rows.order_by("on_date", "key")


def _gate(model: Any, user: User | None) -> QuerySet:
    if user is None:
        return model.objects.unscoped("the sum of a number counts all its records")
    return model.objects.visible_to(user)


def _opportunities(user: User | None, accounts: Iterable[UUID]) -> QuerySet:
    return _gate(Opportunity, user).filter(account__in=accounts).annotate(
        kind=Value("opportunity"), key=F("id"), opportunity_key=F("id"), title=F("name"), on_date=F("close_date"),
        account_key=F("account_id"), money=F("currency"), size=F("amount"), chance=F("probability"),
        stage_name=F("stage__name"), closed=F("stage__is_closed"), won=F("stage__is_won"),
    )  # fmt: skip


def _schedules(user: User | None, accounts: Iterable[UUID]) -> QuerySet:
    """From the deal down: whoever sees it sees its parts, and the accounts lead to it first."""
    part = "lines__schedules"
    rows = _gate(Opportunity, user).filter(account__in=accounts, **{f"{part}__isnull": False})
    return rows.annotate(
        kind=Value("schedule"), key=F(f"{part}__id"), opportunity_key=F("id"), title=F("name"),
        on_date=F(f"{part}__date"), account_key=F("account_id"), money=F("currency"), size=F(f"{part}__amount"),
        chance=F("probability"), stage_name=F("stage__name"), closed=F("stage__is_closed"), won=F("stage__is_won"),
    )  # fmt: skip


def _orders(user: User | None, accounts: Iterable[UUID]) -> QuerySet:
    return _gate(Order, user).filter(account__in=accounts).annotate(
        kind=Value("order"), key=F("id"), opportunity_key=Value(None, output_field=Order._meta.pk),
        title=F("document_number"), on_date=F("date"), account_key=F("account_id"), money=F("currency"),
        size=F("amount"), chance=Value(None, output_field=PercentField()), stage_name=Value(""),
        closed=Value(True), won=Value(True),
    )  # fmt: skip


class _Reader:
    """What the rows of one number are and why the others are not in it."""

    def __init__(self, plan: AccountPlan, kpi: str, *, is_excluded: bool) -> None:
        self.plan = plan
        self.kpi = kpi
        self.is_excluded = is_excluded
        edges = AccountEdge.objects.filter(ancestor_id=plan.account_id)
        self.accounts = dict(edges.values_list("descendant_id", "descendant__name"))
        self.unconverted = self._unconverted()
        self.rates = Rates()

    def rows(self, user: User | None) -> list[QuerySet]:
        """By kind, with `reason`, those in the number or those that could be; None: for nobody in particular."""
        kinds = {
            RevenueBasis.OPPORTUNITY: [_opportunities],
            RevenueBasis.SCHEDULE: [_schedules],
            RevenueBasis.ORDER: [_orders, _opportunities],
        }[RevenueBasis(self.plan.revenue_basis)]
        return [self._explained(kind(user, self.accounts), kind) for kind in kinds]

    def _explained(self, rows: QuerySet, kind: Any) -> QuerySet:
        is_counted_elsewhere = kind is _opportunities and self.plan.revenue_basis == RevenueBasis.ORDER
        reasons = self._reasons(counts_won=not is_counted_elsewhere)
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

    def _reasons(self, *, counts_won: bool) -> dict[str, Q]:
        """The first that holds is given."""
        plan, states = self.plan, STATES[self.kpi]
        if plan.status == PlanStatus.CANCELLED:
            return {"plan_cancelled": Q(money__isnull=False)}
        reasons = {
            "before_period": Q(on_date__lt=plan.start_date),
            "after_period": Q(on_date__gt=plan.end_date),
            "lost": Q(closed=True, won=False),
        }
        if not plan.include_child_accounts:
            reasons = {"account_below": ~Q(account_key=plan.account_id), **reasons}
        if not counts_won:
            reasons["counted_as_order"] = Q(won=True)
        if "won" not in states:
            reasons["won_already"] = Q(won=True)
        if "open" not in states:
            reasons["still_open"] = Q(closed=False)
        return {**reasons, "not_converted": self.unconverted}

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
            row.on_date, row.stage_name, is_open, row.chance, row.size, row.money, factor, contribution, row.reason,
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


def _groups(querysets: Iterable[QuerySet], plan: AccountPlan) -> list[dict[str, Any]]:
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
