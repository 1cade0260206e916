from __future__ import annotations

from decimal import Decimal

from crm.models import ProductCategory
from plans.enums import TargetPeriod
from plans.models import Plan, TargetLine
from tests.factories.crm import Number


def create_target_line(
    plan: Plan,
    category: ProductCategory | None = None,
    *,
    year: int | None = None,
    period: str = TargetPeriod.YEAR,
    number: int = 1,
    target: Number = 1_000,
    stretch: Number | None = None,
    last_year_entered: Number | None = None,
) -> TargetLine:
    """All categories in the year in which the plan ends, unless said otherwise."""
    return TargetLine.objects.create(
        plan=plan,
        category=category,
        year=year or plan.end_date.year,
        period=period,
        number=number,
        target=Decimal(target),
        stretch=None if stretch is None else Decimal(stretch),
        last_year_entered=None if last_year_entered is None else Decimal(last_year_entered),
    )
