"""How the numbers of the sample plans went until today, week by week."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from kam.core.money import round_money
from metrics.demo.sample import Sample
from metrics.models import PlanKPI, PlanKPISnapshot, PlanNumbers
from metrics.record_rows import PlanRecord
from metrics.records import counted_records
from plans.models import AccountPlan

WEEK = timedelta(days=7)
KNOWN_BEFORE = timedelta(days=150)  # so long before it closes a deal is in the pipeline
HALF = Decimal("0.5")


def create_history(sample: Sample) -> None:
    """What was won by a day is known; what has been won since was open then, at even odds."""
    snapshots = []
    for plan in sample.plans.values():
        kpi = PlanKPI.objects.unscoped("sample company").get(plan_id=plan.pk)
        records = counted_records(plan, "total_expected_revenue")
        day = plan.start_date
        while day < min(sample.today, plan.end_date):
            snapshots.append(_snapshot(sample, plan, kpi, records, day))
            day += WEEK
    PlanKPISnapshot.objects.bulk_create(snapshots)


def _snapshot(
    sample: Sample, plan: AccountPlan, kpi: PlanKPI, records: list[PlanRecord], day: date
) -> PlanKPISnapshot:
    won = pipeline = weighted = Decimal(0)
    counts = {"won_count": 0, "open_count": 0, "slipped_count": 0}
    for record in records:
        if not record.is_open and record.date <= day:
            won += record.contribution or 0
            counts["won_count"] += 1
        elif record.date - KNOWN_BEFORE <= day:
            amount = record.amount * (record.factor or 0)
            pipeline += amount
            weighted += amount * (HALF if not record.is_open else (record.probability or Decimal(0)) / 100)
            counts["open_count"] += 1
            counts["slipped_count"] += record.date < day
    sums = {"won_revenue": won, "pipeline": pipeline, "weighted_pipeline": weighted}
    values = {name: round_money(amount, plan.currency) for name, amount in sums.items()}
    values["total_expected_revenue"] = values["won_revenue"] + values["weighted_pipeline"]
    if plan.sales_target is not None:
        values["forecast_target_variance"] = values["total_expected_revenue"] - plan.sales_target
    # What is told in company currency is told at today's ratio.
    ratio = kpi.company_total_expected_revenue / (kpi.total_expected_revenue or 1)
    company = {
        f"company_{name}": round_money(amount * ratio, kpi.company_currency)
        for name, amount in values.items()
    }
    stored = {field.attname: getattr(kpi, field.attname) for field in PlanNumbers._meta.local_fields}
    return PlanKPISnapshot(
        plan=plan,
        day=day,
        stretch_target=plan.stretch_target,
        taken_at=sample.moment(day, 23),
        **{**stored, **values, **company, **counts},
    )
