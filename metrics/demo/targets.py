"""Target lines of the sample plans: last year's sales by category and quarter, scaled to the plan's target."""

from __future__ import annotations

from decimal import Decimal

from metrics.demo.sample import Sample
from plans.actuals import last_year_of
from plans.enums import TargetPeriod
from plans.models import AccountPlan, TargetLine
from plans.policies import periods_within
from plans.targeting import sold_categories

PLANS = ("newton", "harrowfen", "ironvale", "brandauer")
STRETCH = Decimal("1.15")
HUNDREDS = Decimal("1E2")


def create_targets(sample: Sample, key: str) -> None:
    if key in PLANS:
        TargetLine.objects.bulk_create(_lines(sample, sample.plans[key]))


def _lines(sample: Sample, plan: AccountPlan) -> list[TargetLine]:
    period = TargetPeriod.QUARTER
    lines = [
        TargetLine(
            id=sample.new_id(),
            plan=plan,
            category=category,
            year=year,
            period=period,
            number=number,
            target=0,
        )
        for category in sold_categories(plan)
        for year, number in periods_within(plan.start_date, plan.end_date, period)
    ]
    last_year = last_year_of(lines)
    sold = sum((last_year[line.pk].amount for line in lines), Decimal(0))
    target = plan.sales_target or Decimal(0)
    for line in lines:
        share = last_year[line.pk].amount / sold if sold else Decimal(0)
        line.target = (share * target).quantize(HUNDREDS)
    if sold:  # so that they add up
        largest = max(lines, key=lambda line: line.target)
        largest.target += target - sum((line.target for line in lines), Decimal(0))
    for line in lines:
        line.stretch = (line.target * STRETCH).quantize(HUNDREDS)
    return lines
