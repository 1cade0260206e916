from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from django.utils import timezone

from crm.enums import PickList
from crm.models import ActivityType, PickListValue
from kam.users.models import User
from plans.enums import ExpenseStatus
from plans.models import Commitment, CoopExpense, CoopFund, Plan, PlanEvent, RebateProgram
from tests.factories.crm import Number, create_activity_type, create_pick_list_value
from tests.factories.sequence import numbered


def create_commitment(
    plan: Plan,
    *,
    activity_type: ActivityType | None = None,
    quantity: Number = 8,
    due_date: date | None = None,
    owner: User | None = None,
    description: str = "",
    notes: str = "",
    is_external: bool = False,
) -> Commitment:
    """To be kept until the plan ends, unless `due_date` says otherwise."""
    return Commitment.objects.create(
        plan=plan,
        activity_type=activity_type or create_activity_type(counts_as_commitment=True),
        quantity=Decimal(quantity),
        due_date=due_date,
        owner=owner or plan.owner,
        description=description,
        notes=notes,
        is_external=is_external,
    )


def create_event(
    plan: Plan,
    name: str = "",
    *,
    kind: PickListValue | None = None,
    on_date: date | None = None,
    end_date: date | None = None,
    place: str = "",
    owner: User | None = None,
    is_external: bool = False,
) -> PlanEvent:
    return PlanEvent.objects.create(
        plan=plan,
        name=name or numbered("Event"),
        kind=kind,
        date=on_date or timezone.localdate(),
        end_date=end_date,
        place=place,
        owner=owner or plan.owner,
        is_external=is_external,
    )


def create_coop_fund(
    plan: Plan, name: str = "", *, amount: Number = 10_000, terms: str = "", is_external: bool = False
) -> CoopFund:
    return CoopFund.objects.create(
        plan=plan, name=name or numbered("Fund"), amount=Decimal(amount), terms=terms, is_external=is_external
    )


def create_coop_expense(
    fund: CoopFund,
    name: str = "",
    *,
    kind: PickListValue | None = None,
    on_date: date | None = None,
    amount: Number = 1_000,
    status: str = ExpenseStatus.PLANNED,
    evidence: str = "",
    is_external: bool = False,
) -> CoopExpense:
    return CoopExpense.objects.create(
        fund=fund,
        name=name or numbered("Expense"),
        kind=kind or create_pick_list_value(pick_list=PickList.COOP_EXPENSE_KIND),
        date=on_date or timezone.localdate(),
        amount=Decimal(amount),
        status=status,
        evidence=evidence,
        is_external=is_external,
    )


def create_rebate_program(
    plan: Plan,
    name: str = "",
    *,
    tiers: Sequence[tuple[Number, Number]] = ((10_000, 2), (20_000, 3), (40_000, 5)),
    start_date: date | None = None,
    end_date: date | None = None,
    terms: str = "",
    is_external: bool = False,
) -> RebateProgram:
    """Over the plan's period unless said otherwise; `tiers` are pairs of threshold and percent."""
    program = RebateProgram(
        plan=plan,
        name=name or numbered("Rebate"),
        start_date=start_date or plan.start_date,
        end_date=end_date or plan.end_date,
        terms=terms,
        is_external=is_external,
    )
    program.save_with_tiers((Decimal(threshold), Decimal(percent)) for threshold, percent in tiers)
    return program
