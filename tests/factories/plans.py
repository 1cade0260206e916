from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from django.utils import timezone

from crm.models import Account, Territory
from kam.users.models import User
from plans.enums import Access, ColleagueRole, MeasureKind, ObjectiveStatus, PlanStatus, ProgressMode
from plans.models import (
    AccountPlan,
    AccountPlanParticipant,
    GoalAssignment,
    Objective,
    Plan,
    Strategy,
    TerritoryBusinessPlan,
)
from templates_app.enums import RevenueBasis
from templates_app.models import GoalDefinition, PlanType
from templates_app.operations import save_plan_type
from tests.factories.crm import Number, create_account, create_territory
from tests.factories.sequence import numbered
from tests.factories.users import create_user


def create_plan_type(
    name: str = "",
    *,
    default_revenue_basis: str = RevenueBasis.OPPORTUNITY,
    is_retired: bool = False,
    sections: Sequence[str] | None = None,
    goals: Sequence[GoalDefinition] = (),
) -> PlanType:
    plan_type = PlanType(
        name=name or numbered("Plan type"), default_revenue_basis=default_revenue_basis, is_retired=is_retired
    )
    if sections is not None:
        plan_type.sections = [*sections]
    return save_plan_type(plan_type, goals)


def create_plan(
    account: Account | None = None,
    name: str = "",
    *,
    owner: User | None = None,
    plan_type: PlanType | None = None,
    status: str = PlanStatus.ACTIVE,
    start_date: date | None = None,
    end_date: date | None = None,
    currency: str = "",
    sales_target: Number | None = 10_000,
    stretch_target: Number | None = None,
    revenue_basis: str = RevenueBasis.OPPORTUNITY,
    include_child_accounts: bool = True,
    is_confidential: bool = False,
    parent_plan: AccountPlan | None = None,
    vision: str = "",
    goals: str = "",
) -> AccountPlan:
    """An active plan of the account's owner, from 100 days ago over a year, in the account's currency."""
    owner = owner or (account.owner if account else None) or create_user()
    account = account or create_account(owner=owner)
    start_date = start_date or timezone.localdate() - timedelta(days=100)
    return AccountPlan.objects.create(
        account=account,
        name=name or numbered("Plan"),
        owner=owner,
        plan_type=plan_type or create_plan_type(),
        status=status,
        start_date=start_date,
        end_date=end_date or start_date + timedelta(days=364),
        currency=currency or account.currency or "USD",
        sales_target=None if sales_target is None else Decimal(sales_target),
        stretch_target=None if stretch_target is None else Decimal(stretch_target),
        revenue_basis=revenue_basis,
        include_child_accounts=include_child_accounts,
        is_confidential=is_confidential,
        parent_plan=parent_plan,
        vision=vision,
        goals=goals,
    )


def create_territory_plan(
    territory: Territory | None = None,
    name: str = "",
    *,
    owner: User | None = None,
    plan_type: PlanType | None = None,
    status: str = PlanStatus.ACTIVE,
    start_date: date | None = None,
    end_date: date | None = None,
    currency: str = "USD",
    sales_target: Number | None = 10_000,
    revenue_basis: str = RevenueBasis.OPPORTUNITY,
    is_confidential: bool = False,
    vision: str = "",
) -> TerritoryBusinessPlan:
    """An active plan, from 100 days ago over a year."""
    start_date = start_date or timezone.localdate() - timedelta(days=100)
    return TerritoryBusinessPlan.objects.create(
        territory=territory or create_territory(),
        name=name or numbered("Territory plan"),
        owner=owner or create_user(),
        plan_type=plan_type or create_plan_type(),
        status=status,
        start_date=start_date,
        end_date=end_date or start_date + timedelta(days=364),
        currency=currency,
        sales_target=None if sales_target is None else Decimal(sales_target),
        revenue_basis=revenue_basis,
        is_confidential=is_confidential,
        vision=vision,
    )


def create_strategy(plan: Plan, name: str = "", *, description: str = "", order: int = 0) -> Strategy:
    return Strategy.objects.create(
        plan=plan, name=name or numbered("Strategy"), description=description, order=order
    )


def create_objective(
    plan: Plan,
    name: str = "",
    *,
    strategy: Strategy | None = None,
    owner: User | None = None,
    status: str = ObjectiveStatus.IN_PROGRESS,
    weight: Number = 1,
    start_date: date | None = None,
    target_date: date | None = None,
    baseline: Number | None = None,
    current: Number | None = None,
    target: Number | None = None,
    unit: str = "",
    measure_kind: str = "",
    manual_progress: Number | None = None,
    order: int = 0,
) -> Objective:
    """Progress comes from the measure if there is a `target`, else it is `manual_progress`."""
    has_measure = target is not None
    return Objective.objects.create(
        plan=plan,
        name=name or numbered("Objective"),
        strategy=strategy,
        owner=owner or plan.owner,
        status=status,
        weight=Decimal(weight),
        start_date=start_date,
        target_date=target_date,
        measure_kind=measure_kind or (MeasureKind.NUMBER if has_measure else MeasureKind.QUALITATIVE),
        unit=unit,
        baseline=None if baseline is None else Decimal(baseline),
        current=None if current is None else Decimal(current),
        target=None if target is None else Decimal(target),
        progress_mode=ProgressMode.MEASURE if has_measure else ProgressMode.MANUAL,
        manual_progress=None if manual_progress is None else Decimal(manual_progress),
        order=order,
    )


def create_goal_assignment(plan: TerritoryBusinessPlan, name: str = "") -> GoalAssignment:
    return GoalAssignment.objects.create(
        plan=plan,
        name=name or numbered("Goal"),
        owner=plan.owner,
        measure_kind=MeasureKind.NUMBER,
        target=Decimal(10),
        current=Decimal(3),
        progress_mode=ProgressMode.MEASURE,
    )


def add_participant(
    plan: Plan, user: User, *, access: str = Access.READ, role: str = ColleagueRole.TEAM_MEMBER
) -> AccountPlanParticipant:
    return AccountPlanParticipant.objects.create(plan=plan, user=user, access=access, role=role)
