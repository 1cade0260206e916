"""The plans that are said to be ahead or behind are so by their KPIs, on whichever day the company is made."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pytest
import time_machine
from django.utils import timezone

from metrics.demo import Facts, create_sample_company
from plans.models import AccountPlan
from plans.policies import elapsed_share

ZONE = timezone.get_default_timezone()
DAYS = {
    "today": timezone.now(),
    "leap day": datetime(2028, 2, 29, 12, tzinfo=ZONE),
    "first of the year": datetime(2027, 1, 1, 12, tzinfo=ZONE),
}


@pytest.fixture(params=DAYS)
def plans(request: pytest.FixtureRequest, db: None) -> dict[str, AccountPlan]:
    with time_machine.travel(DAYS[request.param]):
        facts: Facts = create_sample_company(today=timezone.localdate())
        plans = AccountPlan.objects.unscoped("test of the sample company").select_related("kpi").in_bulk()
        yield {key: plans[plan.id] for key, plan in facts.plans.items()}


def should_be_won(plan: AccountPlan) -> Decimal:
    """The target in proportion to the time that has passed."""
    elapsed = elapsed_share(start=plan.start_date, end=plan.end_date, today=timezone.localdate())
    return plan.sales_target * elapsed


def test_plans_stand_as_they_are_said_to(plans: dict[str, AccountPlan]) -> None:
    for key in ("newton", "arnsee", "ironvale"):
        assert plans[key].kpi.forecast_target_variance > 0, key
        assert plans[key].kpi.won_revenue >= should_be_won(plans[key]), key
    for key in ("harrowfen", "brandauer"):
        assert plans[key].kpi.forecast_target_variance < 0, key
        assert plans[key].kpi.won_revenue < should_be_won(plans[key]) * Decimal("0.8"), key
    for key in ("calder", "ketting"):
        assert plans[key].start_date > timezone.localdate(), key
        assert plans[key].kpi.won_revenue == 0, key
    assert plans["newton-last-year"].kpi.won_revenue >= plans["newton-last-year"].sales_target
    assert plans["harrowfen"].kpi.slipped_count >= 2
    assert plans["harrowfen"].kpi.not_converted_count == 1
