"""Plans with their strategies, objectives and colleagues; targets that fit what was sold."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal

from crm.policies import add_months
from kam.core.actor import acting
from metrics import operations as kpis
from metrics.demo.facts import SamplePlan
from metrics.demo.industrial_plans import INDUSTRIAL_PLANS
from metrics.demo.life_science_plans import LIFE_SCIENCE_PLANS
from metrics.demo.plan_data import Focus, Objective, PlanSpec, Story
from metrics.demo.sample import Sample
from metrics.demo.sections import add_sections
from metrics.demo.targets import create_targets
from metrics.models import PlanKPI
from plans.enums import MeasureKind, ProgressMode
from plans.models import AccountPlan, AccountPlanObjective, AccountPlanParticipant, Strategy
from plans.operations import change_plan_status
from plans.policies import elapsed_share

PLANS = (*LIFE_SCIENCE_PLANS, *INDUSTRIAL_PLANS)
STRETCH = Decimal("1.15")


def create_plans(sample: Sample) -> dict[str, SamplePlan]:
    """Drafts first; then the targets, from the KPIs of the drafts; then each takes its steps."""
    for spec in PLANS:
        with acting(sample.users[spec.owner], reason="Sample company"):
            sample.plans[spec.key] = _draft(sample, spec)
            add_sections(sample, spec.key, sample.plans[spec.key])
    kpis.rebuild()
    for spec in PLANS:
        with acting(sample.users[spec.owner]):
            _set_target(sample, spec)
            create_targets(sample, spec.key)
            _review(sample, spec)
            for action, comment in spec.steps:
                sample.plans[spec.key] = change_plan_status(
                    plan=sample.plans[spec.key], action=action, comment=comment
                )
    return {
        spec.key: SamplePlan(
            sample.plans[spec.key].pk, sample.plans[spec.key].name, str(sample.users[spec.owner]), spec.why
        )
        for spec in PLANS
    }


def _period(start: date, end: date) -> str:
    return f"{start.year}" if start.year == end.year else f"{start.year}/{end.year % 100:02d}"


def _draft(sample: Sample, spec: PlanSpec) -> AccountPlan:
    account = sample.accounts[spec.account]
    start = sample.month(spec.first_month)
    end = add_months(start, spec.months) - timedelta(days=1)
    plan_type = sample.plan_types[spec.plan_type]
    created_at = sample.moment(start - timedelta(days=25))
    plan = AccountPlan(
        id=sample.new_id(),
        name=spec.name.format(account=account.name, period=_period(start, end)),
        account=account,
        plan_type=plan_type,
        start_date=start,
        end_date=end,
        owner=sample.users[spec.owner],
        currency=account.currency,
        revenue_basis=spec.revenue_basis,
        is_confidential=spec.is_confidential,
        parent_plan=sample.plans.get(spec.parent),
        review_frequency=plan_type.default_review_frequency,
        created_at=created_at,
        **spec.texts,
    )
    plan.save()
    AccountPlanParticipant.objects.bulk_create(
        AccountPlanParticipant(
            id=sample.new_id(),
            plan=plan,
            user=sample.users[seat.username],
            role=seat.role,
            access=seat.access,
            created_at=created_at + timedelta(minutes=number),
        )
        for number, seat in enumerate(spec.seats)
    )
    for number, focus in enumerate(spec.focus, 1):
        _add_focus(sample, plan, number, focus)
    return plan


def _add_focus(sample: Sample, plan: AccountPlan, number: int, focus: Focus) -> None:
    strategy = None
    if focus.name:
        strategy = Strategy.objects.create(
            id=sample.new_id(), plan=plan, name=focus.name, description=focus.description, order=number
        )
    for place, objective in enumerate(focus.objectives, 1):
        _add_objective(sample, plan, strategy, 10 * number + place, objective)


def _add_objective(
    sample: Sample, plan: AccountPlan, strategy: Strategy | None, order: int, spec: Objective
) -> AccountPlanObjective:
    """As it was when the plan was written; `_review` brings it to where it stands."""
    measured = spec.target is not None
    due = min(add_months(plan.start_date, spec.due) - timedelta(days=1), plan.end_date)
    return AccountPlanObjective.objects.create(
        id=sample.new_id(),
        plan=plan,
        strategy=strategy,
        name=spec.name,
        approach=spec.approach,
        owner=sample.users[spec.owner] if spec.owner else plan.owner,
        start_date=add_months(plan.start_date, spec.start),
        target_date=due,
        status=spec.status,
        weight=Decimal(spec.weight),
        measure_kind=spec.kind if measured else MeasureKind.QUALITATIVE,
        unit=spec.unit,
        baseline=Decimal(spec.baseline) if measured else None,
        current=Decimal(spec.baseline) if measured else None,
        target=Decimal(spec.target) if spec.target is not None else None,
        stretch=Decimal(spec.stretch) if spec.stretch is not None else None,
        progress_mode=ProgressMode.MEASURE if measured else ProgressMode.MANUAL,
        order=order,
    )


def _review(sample: Sample, spec: PlanSpec) -> None:
    """Progress and comments, as the owner entered them at the last review."""
    plan = sample.plans[spec.key]
    specs = {objective.name: objective for focus in spec.focus for objective in focus.objectives}
    with acting(reason="Quarterly review"):
        for objective in plan.objectives.unscoped("sample company"):
            known = specs[objective.name]
            if known.current is not None:
                objective.current = Decimal(known.current)
            if known.manual is not None:
                objective.manual_progress = Decimal(known.manual)
            objective.owner_comments = known.owner_comments
            objective.manager_comments = known.manager_comments
            objective.save()


def _set_target(sample: Sample, spec: PlanSpec) -> None:
    plan = sample.plans[spec.key]
    kpi = PlanKPI.objects.unscoped("sample data").get(plan_id=plan.pk)
    elapsed = elapsed_share(start=plan.start_date, end=plan.end_date, today=sample.today)
    plan.sales_target = target_for(
        spec.story,
        won=kpi.won_revenue,
        expected=kpi.total_expected_revenue,
        pipeline=kpi.pipeline,
        elapsed=elapsed,
    )
    plan.stretch_target = (
        None if plan.sales_target is None else rounded(plan.sales_target * STRETCH, ROUND_HALF_UP)
    )
    with acting(reason="Target agreed"):
        plan.save()


def target_for(
    story: Story, *, won: Decimal, expected: Decimal, pipeline: Decimal, elapsed: Decimal
) -> Decimal | None:
    """The round target with which these numbers tell the story."""
    if story is Story.AHEAD:
        return rounded(min(expected / Decimal("1.05"), won / elapsed / Decimal("1.05")), ROUND_FLOOR)
    if story is Story.BEHIND:
        return rounded(max(expected / Decimal("0.80"), won / elapsed / Decimal("0.78")), ROUND_CEILING)
    if story is Story.REACHED:
        return rounded(won / Decimal("1.03"), ROUND_FLOOR)
    if story is Story.TO_COME:
        return rounded(pipeline, ROUND_CEILING) or None
    if story is Story.ON_TRACK:
        return rounded(expected, ROUND_HALF_UP) or None
    return None


def rounded(amount: Decimal, rounding: str) -> Decimal:
    """To two digits and a half: 1,234,567 becomes 1,250,000."""
    step = Decimal(5).scaleb(amount.adjusted() - 2) if amount else Decimal(1)
    return (amount / step).to_integral_value(rounding=rounding) * step
