"""What the sample's key account manager has tried out on the plan of Newton: a bad autumn and a good one."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from crm.models import Opportunity
from kam.core.actor import acting
from metrics.demo.sample import Sample
from metrics.enums import DealOutcome
from metrics.models import BuildingBlock, Scenario, ScenarioChange
from plans.models import Plan

LATER = timedelta(days=75)  # after the plan's end
BAD = (
    "The budget freeze comes",
    "New contracts may have to wait for the next budget: the largest one slips out of the year, two get smaller.",
)
GOOD = (
    "Formulary listing by spring",
    "The board has it on its agenda. If it says yes, the wards follow and the sleep laboratory asks for an offer.",
)


def create_scenarios(sample: Sample) -> None:
    plan = sample.plans["newton"]
    deals = _largest_deals(plan)
    with acting(plan.owner, reason="Tried out before the review"):
        _budget_freeze(sample, plan, deals)
        _formulary_listing(sample, plan, deals)


def _largest_deals(plan: Plan) -> list[Opportunity]:
    """The open ones of the plan's period and account."""
    rows = Opportunity.objects.unscoped("the sample's scenarios").open().filter(account=plan.account)
    rows = rows.filter(close_date__range=(plan.start_date, plan.end_date), currency=plan.currency)
    return list(rows.order_by("-amount", "pk")[:4])


def _budget_freeze(sample: Sample, plan: Plan, deals: list[Opportunity]) -> None:
    name, note = BAD
    scenario = Scenario.objects.create(
        id=sample.new_id(), plan=plan, owner=plan.owner, name=name, note=note, is_shared=True
    )
    for place, deal in enumerate(deals[:3]):
        what: dict[str, Any] = {"date": plan.end_date + LATER} if place == 0 else {"amount": deal.amount / 2}
        if place == 2:
            what["probability"] = Decimal(20)
        _change(sample, scenario, deal, **what)


def _formulary_listing(sample: Sample, plan: Plan, deals: list[Opportunity]) -> None:
    name, note = GOOD
    scenario = Scenario.objects.create(id=sample.new_id(), plan=plan, owner=plan.owner, name=name, note=note)
    for place, deal in enumerate(deals[:3]):
        what = {"outcome": DealOutcome.WON} if place == 0 else {"probability": Decimal(85)}
        _change(sample, scenario, deal, **what)
    BuildingBlock.objects.create(
        id=sample.new_id(),
        scenario=scenario,
        name="Sleep laboratory, second site",
        amount=Decimal(95_000),
        date=plan.end_date - timedelta(days=20),
        probability=Decimal(60),
    )


def _change(sample: Sample, scenario: Scenario, deal: Opportunity, **what: object) -> None:
    ScenarioChange.objects.create(
        id=sample.new_id(), scenario=scenario, opportunity=deal, deal_name=deal.name, **what
    )
