from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from crm.models import Product, ProductCategory
from kam.users.models import User
from plans.enums import Factor, Impact, PinEffect
from plans.models import (
    AccountPlanProduct,
    Objective,
    Plan,
    PlanPin,
    RelatedObjectAnalysis,
)
from plans.models.pins import RECORDS
from plans.operations import save_analysis, save_plan_product
from plans.operations.pins import pin_record
from tests.factories.crm import Number, create_product
from tests.factories.sequence import numbered


def create_plan_product(
    plan: Plan,
    product: Product | None = None,
    *,
    category: ProductCategory | None = None,
    target: Number | None = None,
    last_year_actual: Number | None = None,
    strategy_note: str = "",
) -> AccountPlanProduct:
    """A product of the plan, or a category where one is given."""
    return save_plan_product(
        AccountPlanProduct(
            plan=plan,
            product=product or (None if category else create_product()),
            category=category,
            target=None if target is None else Decimal(target),
            last_year_actual=None if last_year_actual is None else Decimal(last_year_actual),
            strategy_note=strategy_note,
        )
    )


def create_pin(
    plan: Plan, record: Any, *, effect: str = PinEffect.INCLUDE, reason: str = "Agreed"
) -> PlanPin:
    kind = next(kind for kind, model in RECORDS.items() if isinstance(record, model))
    return pin_record(plan=plan, record=record, kind=kind, effect=effect, reason=reason)[0]


def create_analysis(
    plan: Plan,
    text: str = "",
    *,
    factor: str = Factor.STRENGTH,
    product: AccountPlanProduct | None = None,
    impact: int = Impact.MEDIUM,
    likelihood: int | None = None,
    owner: User | None = None,
    objectives: Sequence[Objective] = (),
) -> RelatedObjectAnalysis:
    entry = RelatedObjectAnalysis(
        plan=plan,
        text=text or numbered("Entry"),
        factor=factor,
        product=product,
        impact=impact,
        likelihood=likelihood,
        owner=owner or plan.owner,
    )
    return save_analysis(analysis=entry, objectives=objectives, user=plan.owner)
