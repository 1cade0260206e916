"""The accounts of a territory business plan: what each brings, whose plans look after it, what is missing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, localcontext
from typing import Any
from uuid import UUID

from django.db.models import Case, DateField, Exists, F, OuterRef, Q, QuerySet, When

from crm.enums import ActivityStatus, SegmentMeaning
from crm.models import Account, Activity
from kam.core.aggregates import ExactSum
from kam.core.fields import MoneyField
from kam.core.money import round_money
from kam.users.models import User
from metrics.amounts import EXACT, NOTHING
from metrics.enums import Gap
from metrics.models import PlanKPI
from metrics.policies import outlook_tone
from metrics.record_rows import Reader
from plans import policies
from plans.models import AccountPlan, Plan

REASON = "about accounts that were loaded through the gate"
SHOWN_PARTS = 20


def accounts_of(plan: Plan, user: User) -> QuerySet:
    """Those in the territory and below it that the user may see, with what their gaps are read from."""
    planned = Activity.objects.unscoped(REASON).filter(account=OuterRef("pk"), status=ActivityStatus.PLANNED)
    rows = Account.objects.visible_to(user).filter(pk__in=plan.accounts()).with_last_activity()
    rows = rows.annotate(has_planned=Exists(planned))
    return rows.select_related("owner", "territory", "current_segment", "target_segment").order_by(
        "name", "pk"
    )


def hidden_count(plan: Plan, user: User) -> int:
    """How many accounts more count in the plan than the user may open."""
    seen = Account.objects.visible_to(user).filter(pk__in=plan.accounts())
    return int(plan.accounts().exclude(pk__in=seen.order_by().values("pk")).count())


@dataclass
class Amounts:
    """What an account brings to the plan, exactly, in the plan's currency."""

    won: Decimal = NOTHING
    pipeline: Decimal = NOTHING


@dataclass(frozen=True)
class PlanOfAccount:
    """`kpi` is None where its numbers are not there or not open to the reader; `is_own`: not of an account above."""

    plan: AccountPlan
    kpi: PlanKPI | None
    is_own: bool

    @property
    def is_behind(self) -> bool:
        return self.kpi is not None and outlook_tone(self.kpi.percent["total_expected_revenue"]) == "bad"


@dataclass
class AccountRow:
    account: Any
    plans: list[PlanOfAccount] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    won: Decimal | None = None
    pipeline: Decimal | None = None
    share: Decimal | None = None  # of the plan's won revenue, in percent


def rows_of(
    plan: Plan, accounts: Sequence[Any], *, user: User, open_numbers: Any, won: Decimal | None, today: date
) -> list[AccountRow]:
    """A row for each of these accounts. `won` is what the whole plan has won; None leaves amounts out."""
    ids = [account.pk for account in accounts]
    own_plans = plans_of(plan, ids, user=user, open_numbers=open_numbers)
    amounts = {} if won is None else amounts_of(plan, ids, user)
    rows = []
    for account in accounts:
        row = AccountRow(account, own_plans.get(account.pk, []))
        row.gaps = gaps_of(account, row.plans, today=today)
        if won is not None:
            found = amounts.get(account.pk, Amounts())
            row.won, row.pipeline = (
                round_money(value, plan.currency) for value in (found.won, found.pipeline)
            )
            row.share = policies.as_percent(row.won / won) if won > 0 else None
        rows.append(row)
    return rows


def plans_of(
    plan: Plan, ids: Collection[UUID], *, user: User, open_numbers: Any
) -> dict[UUID, list[PlanOfAccount]]:
    """The live plans with days in the plan's period that look after each, as far as the user may see them.

    An account's own ones come first, then those of accounts above that count those below.
    """
    rows = AccountPlan.objects.visible_to(user).live()
    rows = rows.filter(start_date__lte=plan.end_date, end_date__gte=plan.start_date)
    rows = rows.filter(
        Q(include_child_accounts=True) | Q(account__edges_down__depth=0),
        account__edges_down__descendant__in=ids,
    )
    rows = rows.annotate(
        of_account=F("account__edges_down__descendant_id"), levels=F("account__edges_down__depth")
    )
    plans = list(rows.select_related("kpi").order_by("levels", "start_date", "name", "pk"))
    shown = open_numbers(user, plans)
    found: dict[UUID, list[PlanOfAccount]] = defaultdict(list)
    for row in plans:
        kpi = getattr(row, "kpi", None) if row.pk in shown else None
        found[row.of_account].append(PlanOfAccount(row, kpi, row.levels == 0))
    return found


def gaps_of(account: Any, plans: Iterable[PlanOfAccount], *, today: date) -> list[Gap]:
    gaps = []
    segments = (account.current_segment, account.target_segment)
    is_strategic = any(segment and segment.meaning == SegmentMeaning.STRATEGIC for segment in segments)
    if is_strategic and not plans:
        gaps.append(Gap.NO_PLAN)
    if any(row.is_own and row.is_behind for row in plans):
        gaps.append(Gap.BEHIND)
    due = account.next_activity_due_on
    if due and due < today:
        gaps.append(Gap.CONTACT_OVERDUE)
    elif not due and not account.has_planned:
        gaps.append(Gap.NO_CONTACT_DUE)
    return gaps


def amounts_of(plan: Plan, ids: Collection[UUID] | None, user: User | None) -> dict[UUID, Amounts]:
    """Of the records in the plan's numbers those of these accounts (None: of all), as far as the user may open
    them (None: all of them)."""
    reader = Reader(plan, "total_expected_revenue", is_excluded=False)
    if ids is not None:
        reader.accounts = list(ids)
    day = Case(When(~Q(money=plan.currency), then=F("on_date")), output_field=DateField())
    keys = ("account_key", "money", "day", "is_open")
    groups: list[Any] = []
    for rows in reader.rows(user):
        totals = rows.order_by().annotate(day=day).values_list(*keys)
        groups += totals.annotate(sum=ExactSum("size", places=MoneyField.decimal_places))
    reader.load_rates({currency for _account, currency, *_rest in groups})
    found: dict[UUID, Amounts] = defaultdict(Amounts)
    with localcontext(prec=EXACT):
        for account_id, currency, day, is_open, amount in groups:
            value = amount * (reader.factor(currency, day) or NOTHING)
            if is_open:
                found[account_id].pipeline += value
            else:
                found[account_id].won += value
    return found


# --- What each account brings, the most first ---------------------------------------------------
@dataclass(frozen=True)
class AccountPart:
    """What one account brings to a plan, or several of them together (`account_id` None)."""

    won: Decimal
    open: Decimal
    count: int = 1
    account_id: UUID | None = None
    name: str = ""


@dataclass(frozen=True)
class ByAccount:
    """`others`: more accounts that the reader may open; `hidden`: what is left of the plan's sums."""

    rows: list[AccountPart]
    others: AccountPart | None
    hidden: AccountPart | None

    @property
    def is_told(self) -> bool:
        """Whether it says more than the plan's own sums."""
        return len(self.rows) > 1 or bool(self.rows and self.hidden)


def by_account(plan: Plan, user: User, *, won: Decimal, opened: Decimal) -> ByAccount:
    """What each account brings of `won` and `opened` (the plan's sums, exactly), as far as the user may open it."""
    amounts = amounts_of(plan, None, user)
    visible = Account.objects.visible_to(user).filter(pk__in=list(amounts)).order_by()
    names = dict(visible.values_list("pk", "name"))

    def most_first(pk: UUID) -> Any:
        return -(amounts[pk].won + amounts[pk].pipeline), names[pk], pk

    def together(ids: Collection[UUID]) -> Amounts:
        found = [amounts[pk] for pk in ids]
        return Amounts(sum((a.won for a in found), NOTHING), sum((a.pipeline for a in found), NOTHING))

    def part(found: Amounts, **named: Any) -> AccountPart:
        return AccountPart(
            round_money(found.won, plan.currency), round_money(found.pipeline, plan.currency), **named
        )

    with localcontext(prec=EXACT):
        ordered = sorted(names, key=most_first)
        shown, more, seen = ordered[:SHOWN_PARTS], ordered[SHOWN_PARTS:], together(ordered)
        hidden = Amounts(won - seen.won, opened - seen.pipeline)
        return ByAccount(
            [part(amounts[pk], account_id=pk, name=names[pk]) for pk in shown],
            part(together(more), count=len(more)) if more else None,
            part(hidden) if hidden.won or hidden.pipeline else None,
        )
