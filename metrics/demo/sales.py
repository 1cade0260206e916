"""Six hundred opportunities with their lines and schedules."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from random import Random
from uuid import UUID

from crm.models import Account, Opportunity, OpportunityLine, RevenueSchedule, Stage
from crm.policies import add_months
from kam.core.actor import acting
from metrics.demo.account_data import ACCOUNTS, Spec
from metrics.demo.catalog import BY_CODE, Item
from metrics.demo.deals import (
    FOR_DEALERS,
    INDUSTRIAL,
    KNOWN_DEALS,
    LIFE_SCIENCE,
    MEDICINES,
    NEXT_STEPS,
    Deal,
    KnownDeal,
)
from metrics.demo.sample import CRM, Sample, cents

OPPORTUNITIES = 600
ONLY_MEDICINES = {"newton", "newton-heart", "brackwater"}
ALWAYS_SCHEDULED = {"brackwater"}  # its plan counts by schedule
SLOW = {"harrowfen", "harrowfen-royal", "harrowfen-ailred", "brandauer", "brandauer-nord"}  # deals slip here
PRICE_LEVEL = {"USD": Decimal(1), "EUR": Decimal("0.93"), "GBP": Decimal("0.80"), "CHF": Decimal("0.90")}
# Days until the close date: the stages a deal is usually in by then.
STAGES_BY_DAYS = (
    (0, ("Proposal", "Negotiation", "Negotiation")),
    (30, ("Negotiation", "Verbal agreement", "Verbal agreement")),
    (75, ("Proposal", "Negotiation")),
    (140, ("Needs analysis", "Proposal")),
    (10_000, ("Qualified", "Qualified", "Needs analysis")),
)


def weekday_at_or_before(day: date) -> date:
    return day - timedelta(days=max(day.weekday() - 4, 0))


def weekday_at_or_after(day: date) -> date:
    return day + timedelta(days=(7 - day.weekday()) % 7 if day.weekday() > 4 else 0)


def create_opportunities(sample: Sample) -> tuple[int, int]:
    """Returns how many lines and schedules there are."""
    random = sample.random("opportunities")
    specs = random.choices(
        ACCOUNTS, weights=[spec.deals for spec in ACCOUNTS], k=OPPORTUNITIES - len(KNOWN_DEALS)
    )
    made = [_drawn_deal(sample, random, spec) for spec in sorted(specs, key=lambda spec: spec.key)]
    made += [_known_deal(sample, random, known) for known in KNOWN_DEALS]
    keys = {account.pk: key for key, account in sample.accounts.items()}
    lines: list[OpportunityLine] = []
    schedules: list[RevenueSchedule] = []
    for opportunity, its_lines in made:
        sample.opportunities.append(opportunity)
        lines += its_lines
        if keys[opportunity.account_id] in ALWAYS_SCHEDULED or random.random() < 0.35:
            schedules += _schedules(sample, random, opportunity, its_lines)
    for number, opportunity in enumerate(sample.opportunities, 1):
        opportunity.external_id = f"O-{number:05d}"
    Opportunity.objects.bulk_create(sample.opportunities)
    OpportunityLine.objects.bulk_create(lines)
    RevenueSchedule.objects.bulk_create(schedules)
    _name_contacts(sample, random, keys)
    return len(lines), len(schedules)


def _drawn_deal(sample: Sample, random: Random, spec: Spec) -> tuple[Opportunity, list[OpportunityLine]]:
    account = sample.accounts[spec.key]
    offset = random.randint(-210, 210) if random.random() < 0.55 else random.randint(-1_080, -211)
    close_date = weekday_at_or_before(sample.day(offset))
    stage = _stage(sample, random, spec, (close_date - sample.today).days)
    deals = (
        MEDICINES
        if spec.key in ONLY_MEDICINES
        else LIFE_SCIENCE
        if spec.territory[:2] == "LS"
        else INDUSTRIAL
    )
    # One in twelve accounts abroad asks for an offer in dollars.
    currency = "USD" if random.random() < 1 / 12 else account.currency
    return _priced(sample, random, account, random.choice(deals), stage, close_date, currency)


def _known_deal(
    sample: Sample, random: Random, known: KnownDeal
) -> tuple[Opportunity, list[OpportunityLine]]:
    account = sample.accounts[known.account]
    close_date = weekday_at_or_before(sample.day(known.days))
    currency = known.currency or account.currency
    return _priced(sample, random, account, known.deal, sample.stages[known.stage], close_date, currency)


def _stage(sample: Sample, random: Random, spec: Spec, days_left: int) -> Stage:
    if days_left < 0:
        slips = 0.45 if spec.key in SLOW else 0.18
        if days_left < -70 or random.random() > slips:
            wins = 0.45 if spec.key in SLOW else 0.62
            return sample.stages["Won" if random.random() < wins else "Lost"]
    names = next(names for limit, names in STAGES_BY_DAYS if days_left < limit)
    return sample.stages[random.choice(names)]


def _priced(
    sample: Sample,
    random: Random,
    account: Account,
    deal: Deal,
    stage: Stage,
    close_date: date,
    currency: str,
) -> tuple[Opportunity, list[OpportunityLine]]:
    known_since = sample.moment(close_date - timedelta(days=random.randint(45, 220)))
    probability = stage.default_probability
    if not stage.is_closed and random.random() < 0.35:
        probability = min(max(probability + random.choice((-10, -5, 5)), Decimal(5)), Decimal(95))
    opportunity = Opportunity(
        id=sample.new_id(),
        account=account,
        name=deal.name.format(year=close_date.year),
        stage=stage,
        currency=currency,
        probability=probability,
        close_date=close_date,
        owner=account.owner,
        next_step="" if stage.is_closed else _next_step(random, account, stage),
        created_at=known_since,
        updated_at=known_since,
        source=CRM,
    )
    lines = [_line(sample, random, opportunity, BY_CODE[code]) for code in deal.products]
    opportunity.amount = sum((line.amount for line in lines), Decimal(0))
    return opportunity, lines


def _next_step(random: Random, account: Account, stage: Stage) -> str:
    sells_on = account.territory is not None and account.territory.code.startswith("IN")
    steps = (sells_on and FOR_DEALERS.get(stage.name)) or NEXT_STEPS.get(stage.name) or ("",)
    return random.choice(steps)


def _line(sample: Sample, random: Random, opportunity: Opportunity, item: Item) -> OpportunityLine:
    quantity = random.randint(item.smallest, item.largest)
    if quantity > 50:
        quantity = round(quantity, -1)
    discount = Decimal(random.choice((0, 0, 3, 5, 8, 10, 12, 15))) / 100
    price = cents(Decimal(item.price) * PRICE_LEVEL[opportunity.currency] * (1 - discount))
    return OpportunityLine(
        id=sample.new_id(),
        opportunity=opportunity,
        product=sample.products[item.code],
        quantity=Decimal(quantity),
        unit_price=price,
        amount=price * quantity,
        created_at=opportunity.created_at,
    )


def _schedules(
    sample: Sample, random: Random, opportunity: Opportunity, lines: list[OpportunityLine]
) -> list[RevenueSchedule]:
    """Each line in equal monthly parts from the close date on; the last part takes the odd cents."""
    months = random.choice((2, 3, 4, 6))
    schedules = []
    for line in lines:
        part = cents(line.amount / months)
        for number in range(months):
            is_last = number == months - 1
            schedules.append(
                RevenueSchedule(
                    id=sample.new_id(),
                    line=line,
                    date=add_months(opportunity.close_date, number),
                    amount=line.amount - part * (months - 1) if is_last else part,
                )
            )
    return schedules


def _name_contacts(sample: Sample, random: Random, keys: dict[UUID, str]) -> None:
    """Open deals have somebody to talk to. Added one by one, as the log keeps who was added."""
    for opportunity in sample.opportunities:
        team = sample.contacts.get(keys[opportunity.account_id], [])
        if team and not opportunity.stage.is_closed:
            with acting(opportunity.owner):
                opportunity.contacts.add(*random.sample(team, k=min(len(team), random.choice((1, 1, 2)))))
