"""The records behind a number: those in it, those left out and why, the rate and the contribution.

The same coverage rules as `metrics.rollup` (domain.md, *Linking revenue to plans*), asked row by row.
A plan's number counts all its records; a reader is shown those that the gate lets through, and told
how many more there are and how much they make.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, localcontext
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Case, CharField, Count, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.models import ExchangeRate, Opportunity, Order, RevenueSchedule
from kam.core.aggregates import ExactSum
from kam.core.fields import MoneyField, PercentField, RateField
from kam.core.transactions import read_snapshot
from kam.users.models import User
from metrics import operations, policies
from metrics.models import PlanKPI, StaleMarker
from plans.enums import PlanStatus
from plans.models import AccountPlan
from templates_app.enums import RevenueBasis

TRIES = 3

FORMULAS = {
    "sales_target": _("What is to be won in the period, as entered in the plan."),
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


def _waiting(plan: AccountPlan) -> set[int]:
    """The markers of a plan: those there before it was computed are in its numbers, though a sweep may still
    need them for other plans."""
    return set(StaleMarker.objects.filter(operations.markers_of(plan)).values_list("pk", flat=True))


def _read(
    plan: AccountPlan, stored: PlanKPI, is_fresh: bool, kpi: str, user: User, is_excluded: bool, page: slice
) -> RecordList:
    if not STATES[kpi]:  # a target rests on no record
        return RecordList(plan, stored, is_fresh, kpi, is_excluded)
    wanted = ~Q(reason="") if is_excluded else Q(reason="")
    visible = [rows.filter(wanted) for rows in _rows(plan, kpi, user)]
    union = _values(visible[0])
    if len(visible) > 1:
        union = union.union(*map(_values, visible[1:]), all=True)
    records = [_record(row, plan, kpi) for row in union.order_by("on_date", "id")[page]]
    count = sum(rows.count() for rows in visible)
    if is_excluded:
        return RecordList(plan, stored, is_fresh, kpi, True, count, records)
    seen_count, seen = _total(visible, plan, kpi)
    all_count, total = _total([rows.filter(wanted) for rows in _rows(plan, kpi, None)], plan, kpi)
    with localcontext(prec=80):
        hidden = total - seen
    return RecordList(plan, stored, is_fresh, kpi, False, count, records, all_count - seen_count, hidden)


# --- Rows -----------------------------------------------------------------------------------
def _rows(plan: AccountPlan, kpi: str, user: User | None) -> list[QuerySet]:
    """Everything of the plan's accounts that could count, by kind, with `reason`; None: for nobody in particular."""
    kinds = {
        RevenueBasis.OPPORTUNITY: [_opportunities],
        RevenueBasis.SCHEDULE: [_schedules],
        RevenueBasis.ORDER: [_orders, _opportunities],
    }[RevenueBasis(plan.revenue_basis)]
    return [kind(plan, kpi, user) for kind in kinds]


def _gate(model: Any, user: User | None) -> QuerySet:
    if user is None:
        return model.objects.unscoped("the sum of a number counts all its records")
    return model.objects.visible_to(user)


def _opportunities(plan: AccountPlan, kpi: str, user: User | None) -> QuerySet:
    rows = _gate(Opportunity, user).filter(account__edges_up__ancestor=plan.account_id)
    rows = rows.annotate(
        kind=Value("opportunity"), opportunity_key=F("id"), title=F("name"), on_date=F("close_date"),
        account_key=F("account_id"), account_name=F("account__name"), money=F("currency"), size=F("amount"),
        chance=F("probability"), stage_name=F("stage__name"), closed=F("stage__is_closed"), won=F("stage__is_won"),
    )  # fmt: skip
    return _explained(rows, plan, kpi, counts_won=plan.revenue_basis != RevenueBasis.ORDER)


def _schedules(plan: AccountPlan, kpi: str, user: User | None) -> QuerySet:
    deal = "line__opportunity__"
    rows = _gate(RevenueSchedule, user).filter(line__opportunity__account__edges_up__ancestor=plan.account_id)
    rows = rows.annotate(
        kind=Value("schedule"), opportunity_key=F("line__opportunity_id"), title=F(f"{deal}name"), on_date=F("date"),
        account_key=F(f"{deal}account_id"), account_name=F(f"{deal}account__name"), money=F(f"{deal}currency"),
        size=F("amount"), chance=F(f"{deal}probability"), stage_name=F(f"{deal}stage__name"),
        closed=F(f"{deal}stage__is_closed"), won=F(f"{deal}stage__is_won"),
    )  # fmt: skip
    return _explained(rows, plan, kpi)


def _orders(plan: AccountPlan, kpi: str, user: User | None) -> QuerySet:
    rows = _gate(Order, user).filter(account__edges_up__ancestor=plan.account_id)
    rows = rows.annotate(
        kind=Value("order"), opportunity_key=Value(None, output_field=Order._meta.pk), title=F("document_number"),
        on_date=F("date"), account_key=F("account_id"), account_name=F("account__name"), money=F("currency"),
        size=F("amount"), chance=Value(None, output_field=PercentField()), stage_name=Value(""),
        closed=Value(True), won=Value(True),
    )  # fmt: skip
    return _explained(rows, plan, kpi)


def _explained(rows: QuerySet, plan: AccountPlan, kpi: str, *, counts_won: bool = True) -> QuerySet:
    """Annotate the two rates and the reason why a row is not in the number."""
    company = settings.COMPANY_CURRENCY
    own_rate = Value(None, output_field=RateField())
    plan_rate = Case(When(money=plan.currency, then=own_rate), default=_rate(Value(plan.currency)))
    rows = rows.annotate(
        record_rate=Case(
            When(money=company, then=Value(Decimal(1), output_field=RateField())),
            default=_rate(OuterRef("money")),
        ),
        plan_rate=Value(Decimal(1), output_field=RateField()) if plan.currency == company else plan_rate,
    )
    is_converted = Q(money=plan.currency) | Q(record_rate__isnull=False, plan_rate__isnull=False)
    states = STATES[kpi]
    reasons = [
        When(Value(plan.status == PlanStatus.CANCELLED), then=Value("plan_cancelled")),
        When(Q(on_date__lt=plan.start_date), then=Value("before_period")),
        When(Q(on_date__gt=plan.end_date), then=Value("after_period")),
        When(Q(closed=True, won=False), then=Value("lost")),
    ]
    if not plan.include_child_accounts:
        reasons.insert(1, When(~Q(account_key=plan.account_id), then=Value("account_below")))
    if not counts_won:
        reasons.append(When(Q(won=True), then=Value("counted_as_order")))
    if "won" not in states:
        reasons.append(When(Q(won=True), then=Value("won_already")))
    if "open" not in states:
        reasons.append(When(Q(closed=False), then=Value("still_open")))
    reasons.append(When(~is_converted, then=Value("not_converted")))
    return rows.annotate(reason=Case(*reasons, default=Value(""), output_field=CharField()))


def _rate(currency: Any) -> Subquery:
    rates = ExchangeRate.objects.filter(currency=currency, valid_from__lte=OuterRef("on_date"))
    return Subquery(rates.order_by("-valid_from").values("rate")[:1])


COLUMNS = (
    "kind", "id", "opportunity_key", "title", "account_key", "account_name", "on_date", "stage_name", "closed",
    "chance", "size", "money", "record_rate", "plan_rate", "reason",
)  # fmt: skip


def _values(rows: QuerySet) -> QuerySet:
    return rows.order_by().values_list(*COLUMNS, named=True)


# --- Amounts --------------------------------------------------------------------------------
def _factor(
    plan: AccountPlan, currency: str, record_rate: Decimal | None, plan_rate: Decimal | None
) -> Decimal | None:
    if currency == plan.currency:
        return Decimal(1)
    if record_rate is None or plan_rate is None:
        return None
    return policies.cross_rate(record_rate, plan_rate)


def _contribution(
    kpi: str, *, amount: Decimal, factor: Decimal, is_open: bool, probability: Decimal | None
) -> Decimal:
    """Exact: amount × factor, and for what is open in a weighted number × probability ÷ 100."""
    with localcontext(prec=80):
        if is_open and kpi != "pipeline":
            return amount * factor * (probability or Decimal(0)) / 100
        return amount * factor


def _record(row: Any, plan: AccountPlan, kpi: str) -> PlanRecord:
    factor = _factor(plan, row.money, row.record_rate, row.plan_rate)
    is_open = not row.closed
    contribution = None
    if factor is not None and not row.reason:
        contribution = _contribution(
            kpi, amount=row.size, factor=factor, is_open=is_open, probability=row.chance
        )
    return PlanRecord(
        row.kind, row.id, row.opportunity_key, row.title, row.account_key, row.account_name, row.on_date,
        row.stage_name, is_open, row.chance, row.size, row.money, factor, contribution, row.reason,
    )  # fmt: skip


def _total(querysets: Iterable[QuerySet], plan: AccountPlan, kpi: str) -> tuple[int, Decimal]:
    """How many rows, and the exact sum of what they contribute: added up by currency, rate and probability."""
    count, total = 0, Decimal(0)
    for rows in querysets:
        groups = rows.order_by().values("money", "record_rate", "plan_rate", "closed", "chance")
        for group in groups.annotate(
            rows=Count("pk"), sum=ExactSum("size", places=MoneyField.decimal_places)
        ):
            factor = _factor(plan, group["money"], group["record_rate"], group["plan_rate"])
            count += group["rows"]
            with localcontext(prec=80):
                total += _contribution(
                    kpi,
                    amount=group["sum"],
                    factor=factor or Decimal(0),
                    is_open=not group["closed"],
                    probability=group["chance"],
                )
    return count, total
