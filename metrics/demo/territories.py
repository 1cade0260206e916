"""Plans of territories: one of an account manager, one of a liaison."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import ROUND_CEILING, Decimal

from crm.models import Account
from crm.policies import add_months
from kam.core.actor import acting
from metrics.demo.plan_data import Focus, Objective, Seat
from metrics.demo.sample import Sample
from metrics.demo.work import bring_in
from metrics.territories import amounts_of
from plans.enums import Access, ColleagueRole, MeasureKind
from plans.models import AccountPlanParticipant, GoalAssignment, Strategy, TerritoryBusinessPlan
from plans.operations import change_plan_status

STEP = Decimal(50_000)


@dataclass(frozen=True)
class TerritorySpec:
    """`has_target`: what is won and half of what is open, rounded up."""

    name: str
    territory: str
    owner: str
    texts: dict[str, str]
    focus: tuple[Focus, ...]
    seats: tuple[Seat, ...] = ()
    has_target: bool = True
    currency: str = "USD"


TERRITORY_PLANS = (
    TerritorySpec(
        "North America: every strategic account planned",
        "LS-NA",
        "kam",
        {
            "vision": "Each hospital group of the region has one plan, one owner and a visit in every quarter.",
            "business_overview": "Two groups bring most of the revenue. The clinics around them buy the same "
            "products from three wholesalers and see us twice a year.",
            "short_term_plan": "Write the plan for Saltgrass.\nHand the small clinics to the inside team.",
        },
        (
            Focus(
                "Cover the region",
                "First the accounts that want to become strategic, then the rest by potential.",
                (
                    Objective(
                        "Every strategic account has a plan",
                        "One plan a month, written with the account's own people.",
                        weight=2,
                        unit="plans",
                        baseline=3,
                        current=5,
                        target=7,
                    ),
                    Objective(
                        "Six dormant clinics order again",
                        "A call, a sample, a second call within ten days.",
                        owner="marek",
                        unit="clinics",
                        baseline=0,
                        current=2,
                        target=6,
                        due=10,
                    ),
                ),
            ),
        ),
        (
            Seat("marek", ColleagueRole.TEAM_MEMBER, Access.EDIT),
            Seat("msl", ColleagueRole.MEDICAL_SCIENCE_LIAISON, Access.CONTRIBUTE),
        ),
    ),
    TerritorySpec(
        "United Kingdom: scientific exchange",
        "LS-UK",
        "msl",
        {
            "vision": "Investigators in the kingdom ask us first when they plan a study in lipids or sleep.",
            "business_overview": "Two university sites run studies in our fields; four more have the patients "
            "and no protocol.",
            "short_term_plan": "Answer the three open questions from the spring round table.",
        },
        (
            Focus(
                "Be part of the evidence",
                "",
                (
                    Objective(
                        "Four advisory boards held",
                        "One each quarter, two of them with nurses.",
                        kind=MeasureKind.ACTIVITY_COUNT,
                        unit="boards",
                        baseline=0,
                        current=2,
                        target=4,
                    ),
                    Objective(
                        "Every unsolicited question answered within five days",
                        kind=MeasureKind.PERCENT,
                        unit="%",
                        baseline=60,
                        current=88,
                        target=95,
                    ),
                ),
            ),
        ),
        has_target=False,
        currency="GBP",
    ),
)
GOAL = "See every strategic account"


def create_territory_plans(sample: Sample) -> list[TerritoryBusinessPlan]:
    plans = []
    for spec in TERRITORY_PLANS:
        with acting(sample.users[spec.owner], reason="Sample company"):
            plan = _plan(sample, spec)
            for number, focus in enumerate(spec.focus, 1):
                _add_focus(sample, plan, number, focus)
            if spec.has_target:
                bring_in(sample, plan, GOAL, start=-45)
            plans.append(change_plan_status(plan=plan, action="activate", comment="Agreed with the team."))
    return plans


def _plan(sample: Sample, spec: TerritorySpec) -> TerritoryBusinessPlan:
    start = sample.month(-sample.today.month + 1)
    plan_type = sample.plan_types["Territory Plan"]
    plan = TerritoryBusinessPlan(
        id=sample.new_id(),
        name=f"{spec.name} {start.year}",
        territory=sample.territories[spec.territory],
        plan_type=plan_type,
        start_date=start,
        end_date=add_months(start, 12) - timedelta(days=1),
        owner=sample.users[spec.owner],
        currency=spec.currency,
        review_frequency=plan_type.default_review_frequency,
        created_at=sample.moment(start - timedelta(days=25)),
        **spec.texts,
    )
    plan.save()
    if spec.has_target:
        plan.sales_target = _target(sample, plan)
        plan.save()
    AccountPlanParticipant.objects.bulk_create(
        AccountPlanParticipant(
            id=sample.new_id(),
            plan=plan,
            user=sample.users[seat.username],
            role=seat.role,
            access=seat.access,
            created_at=plan.created_at + timedelta(minutes=number),
        )
        for number, seat in enumerate(spec.seats)
    )
    return plan


def _target(sample: Sample, plan: TerritoryBusinessPlan) -> Decimal:
    accounts = Account.objects.unscoped("what a territory brings").filter(pk__in=plan.accounts())
    amounts = amounts_of(plan, list(accounts.values_list("pk", flat=True)), sample.users["admin"]).values()
    expected = sum(row.won + row.pipeline / 2 for row in amounts)
    return (Decimal(int(expected)) / STEP).quantize(Decimal(1), rounding=ROUND_CEILING) * STEP


def _add_focus(sample: Sample, plan: TerritoryBusinessPlan, number: int, focus: Focus) -> None:
    strategy = Strategy.objects.create(
        id=sample.new_id(), plan=plan, name=focus.name, description=focus.description, order=number
    )
    for place, spec in enumerate(focus.objectives, 1):
        due = min(add_months(plan.start_date, spec.due) - timedelta(days=1), plan.end_date)
        GoalAssignment.objects.create(
            id=sample.new_id(),
            plan=plan,
            strategy=strategy,
            name=spec.name,
            approach=spec.approach,
            owner=sample.users[spec.owner] if spec.owner else plan.owner,
            start_date=plan.start_date,
            target_date=due,
            status=spec.status,
            weight=Decimal(spec.weight),
            measure_kind=spec.kind,
            unit=spec.unit,
            baseline=Decimal(spec.baseline),
            current=Decimal(spec.current or 0),
            target=Decimal(spec.target or 0),
            progress_mode="measure",
            order=10 * number + place,
        )
