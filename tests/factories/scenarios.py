from __future__ import annotations

from datetime import date
from decimal import Decimal

from crm.models import Opportunity, ProductCategory
from kam.users.models import User
from metrics.enums import DealOutcome
from metrics.models import BuildingBlock, Scenario, ScenarioChange
from plans.models import Plan
from tests.factories.crm import Number
from tests.factories.sequence import numbered


def create_scenario(
    plan: Plan, name: str = "", *, owner: User | None = None, is_shared: bool = False, note: str = ""
) -> Scenario:
    """Of the plan's owner, for nobody else, unless said otherwise."""
    return Scenario.objects.create(
        plan=plan,
        name=name or numbered("Scenario"),
        owner=owner or plan.owner,
        is_shared=is_shared,
        note=note,
    )


def create_scenario_change(
    scenario: Scenario,
    deal: Opportunity,
    *,
    day: date | None = None,
    amount: Number | None = None,
    probability: Number | None = None,
    outcome: str = DealOutcome.OPEN,
) -> ScenarioChange:
    return ScenarioChange.objects.create(
        scenario=scenario,
        opportunity=deal,
        deal_name=deal.name,
        date=day,
        amount=None if amount is None else Decimal(amount),
        probability=None if probability is None else Decimal(probability),
        outcome=outcome,
    )


def create_building_block(
    scenario: Scenario,
    name: str = "",
    *,
    amount: Number = 1_000,
    day: date | None = None,
    probability: Number = 50,
    product_category: ProductCategory | None = None,
) -> BuildingBlock:
    """On the last day of the plan unless said otherwise."""
    return BuildingBlock.objects.create(
        scenario=scenario,
        name=name or numbered("Block"),
        amount=Decimal(amount),
        date=day or scenario.plan.end_date,
        probability=Decimal(probability),
        product_category=product_category,
    )
