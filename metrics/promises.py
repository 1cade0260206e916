"""How far a plan's promises are kept: counted from activities and orders, never entered.

Everything is computed for many promises at once, in a fixed number of statements. An activity counts
for a commitment when it is done, of its type, on the plan's account (or, unless the plan is for that
one only, on an account below) and its day lies in the plan's period. Rebates: `metrics.rebates`.

Commitments go by days: calls and trainings follow the calendar, not the season in which customers buy.
A cancelled plan promises nothing any more: what was not kept by then is neither behind nor overdue.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Prefetch, Q, QuerySet, Window
from django.db.models.functions import RowNumber

from crm.enums import ActivityStatus
from crm.models import Activity
from kam.core.aggregates import ExactSum
from kam.core.fields import MoneyField, QuantityField
from kam.users.models import User
from metrics import policies, seasons
from metrics.rebates import RebateStanding, standings_of, with_tiers
from plans.enums import ExpenseStatus, PlanStatus
from plans.models import AccountPlan, Commitment, CoopExpense, CoopFund, Plan, PlanEvent, RebateProgram

NOTHING = Decimal(0)
REASON = "promises of plans that were loaded through the gate"
DONE = "plan__account__edges_down__descendant__activities"
OWN_OR_BELOW = Q(plan__include_child_accounts=True) | Q(plan__account__edges_down__depth=0)


# --- Commitments ------------------------------------------------------------------------------
@dataclass(frozen=True)
class CommitmentProgress:
    """What was done of a commitment. `seen_count` of the `count` activities are shown to the reader."""

    commitment: Commitment
    done: Decimal
    count: int
    expected: Decimal
    state: str
    today: date
    seen_count: int = 0
    evidence: tuple[Activity, ...] = ()

    @property
    def months_left(self) -> Fraction:
        start, end = self.commitment.plan.start_date, self.commitment.due_on
        return seasons.months_left(start, end, today=self.today)

    @property
    def needed_per_month(self) -> Decimal | None:
        """What is missing, spread evenly over what is left, to one decimal; None when that is nothing."""
        if not self.months_left or self.state == "cancelled":
            return None
        return policies.tenth(Fraction(self.remaining) / self.months_left)

    @property
    def remaining(self) -> Decimal:
        return max(self.commitment.quantity - self.done, NOTHING)

    @property
    def percent(self) -> Decimal:
        """Of what was promised; more than 100 where more was done."""
        return in_percent(self.done, self.commitment.quantity)

    @property
    def expected_percent(self) -> Decimal:
        return in_percent(self.expected, self.commitment.quantity)

    @property
    def hidden_count(self) -> int:
        return self.count - self.seen_count

    @property
    def unlisted_count(self) -> int:
        """Those that the reader may see and that are not in `evidence`, which holds the latest."""
        return self.seen_count - len(self.evidence)


def in_percent(part: Decimal, whole: Decimal) -> Decimal:
    return (part * 100 / whole).quantize(Decimal("0.1"), rounding=ROUND_HALF_UP)


def progress_of(commitments: Sequence[Commitment], *, today: date) -> dict[UUID, CommitmentProgress]:
    """By commitment, in one statement. The commitments come with their plans."""
    counted = _counted(commitments)
    return {row.pk: _progress(row, counted, today) for row in commitments}


def _progress(commitment: Commitment, counted: dict[UUID, Any], today: date) -> CommitmentProgress:
    count, done = counted.get(commitment.pk, (0, NOTHING))
    start, end = commitment.plan.start_date, commitment.due_on
    expected = policies.expected_by(commitment.quantity, start=start, end=end, today=today)
    state = policies.promise_state(
        done=done,
        promised=commitment.quantity,
        expected=expected,
        start=start,
        end=end,
        today=today,
        is_cancelled=commitment.plan.status == PlanStatus.CANCELLED,
    )
    return CommitmentProgress(commitment, done, count, expected, state, today)


def _counted(commitments: Iterable[Commitment], user: User | None = None) -> dict[UUID, tuple[int, Decimal]]:
    """By commitment: how many activities, and the sum of their quantities; of those that `user` may see."""
    return counted_in([row.pk for row in commitments], user)


def counted_in(ids: Any, user: User | None = None) -> dict[UUID, tuple[int, Decimal]]:
    """The same of commitments by their ids, or by a subquery of them, however many there are."""
    rows = Commitment.objects.unscoped(REASON).filter(pk__in=ids)
    seen = {} if user is None else {f"{DONE}__in": Activity.objects.visible_to(user).values("pk")}
    rows = rows.filter(
        OWN_OR_BELOW,
        **seen,
        **{
            f"{DONE}__type": F("activity_type"),
            f"{DONE}__status": ActivityStatus.DONE,
            f"{DONE}__done_on__gte": F("plan__start_date"),
            f"{DONE}__done_on__lte": F("plan__end_date"),
        },
    )
    groups = (
        rows.order_by()
        .values_list("pk")
        .annotate(count=Count(DONE), done=ExactSum(f"{DONE}__quantity", places=QuantityField.decimal_places))
    )
    return {pk: (count, done) for pk, count, done in groups}


def evidence_for(commitment: Commitment, user: User) -> QuerySet:
    """The activities that fill a commitment, as far as the user may see them, the latest first."""
    rows = _done_in(commitment.plan, user).filter(type=commitment.activity_type_id)
    return rows.order_by("-done_on", "pk")


def _done_in(plan: Plan, user: User) -> QuerySet:
    rows = Activity.objects.visible_to(user).filter(
        account__edges_up__ancestor=plan.account_id,
        status=ActivityStatus.DONE,
        done_on__range=(plan.start_date, plan.end_date),
    )
    rows = rows if plan.include_child_accounts else rows.filter(account=plan.account_id)
    return rows.select_related("type", "owner", "account").only(
        "subject",
        "done_on",
        "quantity",
        "type__name",
        "account__name",
        "owner__first_name",
        "owner__last_name",
        "owner__username",
    )


def _latest_of_each(
    plan: AccountPlan, commitments: Iterable[Commitment], user: User, shown: int
) -> dict[UUID, list[Activity]]:
    """By activity type: the latest ones, at most `shown` of each, in one statement."""
    rows = _done_in(plan, user).filter(type__in=[row.activity_type_id for row in commitments])
    place = Window(RowNumber(), partition_by=[F("type_id")], order_by=[F("done_on").desc(), F("pk").asc()])
    by_type: dict[UUID, list[Activity]] = defaultdict(list)
    for activity in rows.annotate(place=place).filter(place__lte=shown).order_by("-done_on", "pk"):
        by_type[activity.type_id].append(activity)
    return by_type


# --- Co-op funds ------------------------------------------------------------------------------
@dataclass(frozen=True)
class FundBalance:
    """What became of a fund, in the plan's currency. What is only planned lessens nothing yet."""

    amount: Decimal
    spent: Decimal = NOTHING
    approved: Decimal = NOTHING
    planned: Decimal = NOTHING

    @property
    def remaining(self) -> Decimal:
        return self.amount - self.spent - self.approved

    @property
    def remaining_if_planned(self) -> Decimal:
        return self.remaining - self.planned

    @property
    def is_overdrawn(self) -> bool:
        return self.remaining < 0

    @property
    def used_percent(self) -> Decimal | None:
        used = self.spent + self.approved
        return in_percent(used, self.amount) if self.amount else None


def balances_of(funds: Sequence[CoopFund], *, only_external: bool = False) -> dict[UUID, FundBalance]:
    """By fund, in one statement."""
    expenses = CoopExpense.objects.unscoped(REASON).filter(fund__in=[fund.pk for fund in funds])
    if only_external:
        expenses = expenses.filter(is_external=True)
    groups = expenses.order_by().values_list("fund", "status")
    sums: dict[UUID, dict[str, Decimal]] = defaultdict(dict)
    for fund_id, status, total in groups.annotate(total=ExactSum("amount", places=MoneyField.decimal_places)):
        sums[fund_id][ExpenseStatus(status).value] = total
    return {fund.pk: FundBalance(fund.amount, **sums[fund.pk]) for fund in funds}


# --- The ledger of a plan ---------------------------------------------------------------------
@dataclass(frozen=True)
class FundEntry:
    """Without `balance` for who may not see numbers; the expenses have no amounts then either."""

    fund: CoopFund
    balance: FundBalance | None
    expenses: list[CoopExpense]


@dataclass(frozen=True)
class Ledger:
    """Everything that a plan promises, as one reader sees it."""

    plan: AccountPlan
    commitments: list[CommitmentProgress] = field(default_factory=list)
    funds: list[FundEntry] = field(default_factory=list)
    programs: list[RebateProgram] = field(default_factory=list)
    standings: list[RebateStanding] = field(default_factory=list)
    events: list[PlanEvent] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not (self.commitments or self.funds or self.programs or self.events)

    @property
    def kept_count(self) -> int:
        return sum(row.state == "kept" for row in self.commitments)

    @property
    def late_count(self) -> int:
        return sum(row.state in {"behind", "overdue"} for row in self.commitments)


def ledger_of(
    plan: AccountPlan,
    *,
    user: User,
    today: date,
    shown_evidence: int = 0,
    sees_numbers: bool = True,
    only_external: bool = False,
) -> Ledger:
    """In a fixed number of statements, however many promises there are.

    `shown_evidence` is how many of the latest activities come with each commitment; `only_external`
    leaves out, and out of every sum, what nobody marked for the customer.
    """
    rows = {
        model: _of(plan, model, only_external) for model in (Commitment, CoopFund, RebateProgram, PlanEvent)
    }
    programs = _list(plan, with_tiers(rows[RebateProgram]))
    return Ledger(
        plan,
        _commitments(plan, rows[Commitment], user, today, shown_evidence),
        _funds(plan, rows[CoopFund], sees_numbers, only_external),
        programs,
        [*standings_of(programs, today=today).values()] if sees_numbers else [],
        _list(plan, rows[PlanEvent].select_related("kind", "owner")),
    )


def commitments_of(plan: Plan, *, today: date) -> list[CommitmentProgress]:
    """Of a plan that was loaded through the gate, without the evidence."""
    rows = _of(plan, Commitment, only_external=False).select_related("activity_type", "owner")
    return list(progress_of(_list(plan, rows), today=today).values())


def rebates_of(plan: Plan, *, today: date) -> list[RebateStanding]:
    """Of a plan whose numbers the reader may see."""
    rows = with_tiers(_of(plan, RebateProgram, only_external=False))
    return list(standings_of(_list(plan, rows), today=today).values())


def _of(plan: Plan, model: Any, only_external: bool) -> QuerySet:
    rows = model.objects.unscoped(REASON).filter(plan=plan)
    return rows.filter(is_external=True) if only_external else rows


def _list(plan: Plan, rows: QuerySet) -> list[Any]:
    """The rows, which know the plan that is at hand."""
    found = list(rows)
    for row in found:
        row.plan = plan
    return found


def _commitments(
    plan: AccountPlan, rows: QuerySet, user: User, today: date, shown: int
) -> list[CommitmentProgress]:
    commitments = _list(plan, rows.select_related("activity_type", "owner"))
    progress = progress_of(commitments, today=today)
    if not shown:
        return list(progress.values())
    seen = _counted(commitments, user)
    latest = _latest_of_each(plan, commitments, user, shown)
    return [
        CommitmentProgress(
            row.commitment,
            row.done,
            row.count,
            row.expected,
            row.state,
            today,
            seen.get(row.commitment.pk, (0, NOTHING))[0],
            tuple(latest[row.commitment.activity_type_id]),
        )
        for row in progress.values()
    ]


def _funds(plan: AccountPlan, rows: QuerySet, sees_numbers: bool, only_external: bool) -> list[FundEntry]:
    expenses = CoopExpense.objects.unscoped(REASON).select_related("kind")
    expenses = expenses.filter(is_external=True) if only_external else expenses
    funds = _list(plan, rows.prefetch_related(Prefetch("expenses", expenses)))
    balances = balances_of(funds, only_external=only_external) if sees_numbers else {}
    entries = [FundEntry(fund, balances.get(fund.pk), list(fund.expenses.all())) for fund in funds]
    if not sees_numbers:
        for entry in entries:
            rows_with_money: list[Any] = [entry.fund, *entry.expenses]
            for row in rows_with_money:
                row.amount = None
    return entries
