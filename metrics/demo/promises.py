"""What the sample company has promised: a hospital's calls, trainings and events, a distributor's rebate."""

from __future__ import annotations

from datetime import timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from crm.enums import ActivityStatus, PickList
from crm.models import Activity
from crm.policies import add_months
from kam.core.actor import acting
from metrics.demo.plans import rounded
from metrics.demo.sales import weekday_at_or_before
from metrics.demo.sample import CRM, Sample
from metrics.models import PlanKPI
from metrics.promises import progress_of
from plans.enums import ExpenseStatus
from plans.models import Commitment, CoopExpense, CoopFund, PlanEvent, RebateProgram

# Type, quantity, months until due, who, in words for the customer, for us.
COMMITMENTS = (
    (
        "Joint call",
        8,
        12,
        "kam",
        "Our specialist on your wards, with the account manager.",
        "Dr Oduya counts them. Two are for the Heart Centre.",
    ),
    ("Training", 4, 10, "msl", "Staff trainings on Restolar, fifteen people at a time.", ""),
    (
        "Event",
        4,
        12,
        "ana",
        "Evenings for the cardiology team of all four sites.",
        "The board likes a guest.",
    ),
)
# Days before today on which something of it was done, with its subject; as many as the year's other
# activities leave open.
DONE = {
    "Joint call": ((171, "Joint ward round, cardiology 2"), (122, "Joint ward round, cardiology 3"),
                   (80, "Heart Centre: dosing with our specialist"), (31, "Joint ward round, cardiology 5"),
                   (9, "Joint call with the formulary board")),
    "Training": ((140, "Restolar on ward 4"), (52, "Restolar on ward 6")),
    "Event": ((95, "Cardiology evening, Newton Memorial"),),
}  # fmt: skip
# Name, kind, month of the plan, amount, status, evidence.
EXPENSES = (
    ("Booth at the ward day", "Booth", 2, 4_200, ExpenseStatus.SPENT, "Invoice WD-118"),
    ("Patient leaflets, 5,000 copies", "Giveaway", 4, 2_350, ExpenseStatus.SPENT, "Invoice LF-204, sample in the file"),
    ("Registration for six nurses, sleep congress", "Tickets", 8, 3_900, ExpenseStatus.APPROVED, ""),
    ("Starter packs of 40 mg", "Samples", 10, 5_000, ExpenseStatus.PLANNED, ""),
)  # fmt: skip
# Name, kind, day counted from today, days it takes, place, who.
EVENTS = (
    ("Ward day of Newton Memorial", "Trade show", -150, 1, "Newton, main hall", "kam"),
    ("Sleep congress", "Congress", 38, 3, "Boston", "msl"),
    ("Training day for ward managers", "Training day", 61, 1, "Newton, school of nursing", "msl"),
)


def create_promises(sample: Sample) -> None:
    newton, ironvale = sample.plans["newton"], sample.plans["ironvale"]
    with acting(newton.owner, reason="Agreed with the customer"):
        _commit(sample)
        _share_costs(sample)
        _plan_events(sample)
    with acting(ironvale.owner, reason="Agreed with the customer"):
        _promise_rebate(sample)


def _commit(sample: Sample) -> None:
    plan = sample.plans["newton"]
    made = plan.created_at
    rows = []
    for number, (type_name, quantity, months, who, description, notes) in enumerate(COMMITMENTS):
        commitment = Commitment.objects.create(
            id=sample.new_id(),
            plan=plan,
            activity_type=sample.activity_types[type_name],
            quantity=Decimal(quantity),
            due_date=add_months(plan.start_date, months) - timedelta(days=1),
            owner=sample.users[who],
            description=description,
            notes=notes,
            is_external=True,
            created_at=made + timedelta(minutes=number),
        )
        known = DONE[type_name]
        found = progress_of([commitment], today=sample.today)[commitment.pk].count
        rows += [_done(sample, type_name, days, subject) for days, subject in known[found:]]
    for number, activity in enumerate(rows, 1):
        activity.external_id = f"AP-{number:03d}"
    Activity.objects.bulk_create(rows)


def _done(sample: Sample, type_name: str, days: int, subject: str) -> Activity:
    account = sample.accounts["newton-heart" if "Heart Centre" in subject else "newton"]
    day = weekday_at_or_before(sample.day(-days))
    instant = sample.moment(day, hour=17)
    return Activity(
        id=sample.new_id(),
        account=account,
        type=sample.activity_types[type_name],
        subject=subject,
        owner=account.owner,
        status=ActivityStatus.DONE,
        planned_for=day,
        done_on=day,
        created_at=instant,
        updated_at=instant,
        source=CRM,
    )


def _share_costs(sample: Sample) -> None:
    plan = sample.plans["newton"]
    fund = CoopFund.objects.create(
        id=sample.new_id(),
        plan=plan,
        name="Shared marketing",
        amount=Decimal(18_000),
        terms="Half of what the hospital spends on the launch of Restolar, against invoices.\n"
        "Our name on leaflets and booths.",
        is_external=True,
        created_at=plan.created_at,
    )
    for number, (name, kind, month, amount, status, evidence) in enumerate(EXPENSES):
        CoopExpense.objects.create(
            id=sample.new_id(),
            fund=fund,
            name=name,
            kind=sample.values[PickList.COOP_EXPENSE_KIND, kind],
            date=add_months(plan.start_date, month) + timedelta(days=9),
            amount=Decimal(amount),
            status=status,
            evidence=evidence,
            is_external=status != ExpenseStatus.PLANNED,
            created_at=plan.created_at + timedelta(minutes=number),
        )


def _plan_events(sample: Sample) -> None:
    for name, kind, offset, days, place, who in EVENTS:
        first = sample.day(offset)
        PlanEvent.objects.create(
            id=sample.new_id(),
            plan=sample.plans["newton"],
            name=name,
            kind=sample.values[PickList.PLAN_EVENT_KIND, kind],
            date=first,
            end_date=first + timedelta(days=days - 1) if days > 1 else None,
            place=place,
            owner=sample.users[who],
            is_external=True,
        )


def _promise_rebate(sample: Sample) -> None:
    """Between the first and the second tier, whatever the orders of the day come to."""
    plan = sample.plans["ironvale"]
    ordered = PlanKPI.objects.unscoped("sample data").get(plan_id=plan.pk).won_revenue
    program = RebateProgram(
        id=sample.new_id(),
        plan=plan,
        name="Growth bonus",
        start_date=plan.start_date,
        end_date=plan.end_date,
        terms="Paid as a credit note in the month after the period ends.",
        is_external=True,
        created_at=plan.created_at,
    )
    steps = (("0.7", "1.5", ROUND_FLOOR), ("1.2", "2.5", ROUND_CEILING), ("1.6", "4", ROUND_CEILING))
    program.save()
    tiers = [
        (rounded(ordered * Decimal(part), rounding), Decimal(percent)) for part, percent, rounding in steps
    ]
    for tier in program.check_tiers(tiers):
        tier.id = sample.new_id()
        tier.save()
