"""How a plan goes and will end: its pace, its chance of reaching the target, and the course of its numbers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from kam.core.clock import company_today
from kam.core.panels import is_part_of_page
from kam.core.policy import object_required
from metrics import history
from metrics.charts import Line, course_chart, sparkline
from metrics.models import PlanKPISnapshot
from plans.models import AccountPlan
from plans.operations import log_confidential_look

SHOWN_DAYS = timedelta(days=731)
MOST_ROWS = 31  # of the table: then a row a month


@object_required(
    AccountPlan,
    "plans.view_numbers",
    queryset=lambda plans: plans.select_related("account", "plan_type", "owner"),
)
def plan_outlook(request: HttpRequest, plan: AccountPlan) -> HttpResponse:
    log_confidential_look(plan=plan, user=request.user)
    days = history_so_far(plan)
    context = {
        "plan": plan,
        "plan_tab": "outlook",
        "days": days,
        "trend": trend_chart(plan, days),
        "trend_rows": rows_of_trend(days),
        "nav_section": "plans",
    }
    return render(request, "metrics/outlook.html", context)


@object_required(AccountPlan, "plans.view_numbers")
def outlook_panel(request: HttpRequest, plan: AccountPlan) -> HttpResponse:
    """The outlook in a few words, loaded into the plan's page after it is shown."""
    if not is_part_of_page(request):
        return redirect("metrics:plan_outlook", plan.pk)
    days = history_so_far(plan)
    context: dict[str, Any] = {"plan": plan, "days": days, "spark": spark(days)}
    return render(request, "metrics/_outlook_panel.html", context)


# --- The course of the numbers ------------------------------------------------------------------
def history_so_far(plan: AccountPlan) -> list[PlanKPISnapshot]:
    today = company_today()
    return history.history_of(plan, since=max(plan.start_date, today - SHOWN_DAYS), until=today)


def trend_chart(plan: AccountPlan, days: Sequence[PlanKPISnapshot]) -> SafeString:
    shown = [day for day in days if day.currency == plan.currency]  # amounts of one currency only
    lines = [
        Line(_("Won"), "won", [day.won_revenue for day in shown]),
        Line(_("Total expected"), "expected", [day.total_expected_revenue for day in shown]),
        Line(_("Target"), "target", [day.sales_target for day in shown]),
    ]
    return course_chart(
        chart_id="trend-chart",
        currency=plan.currency,
        days=[day.day for day in shown],
        lines=lines,
        title=_("Won, expected and target, day by day"),
    )


def rows_of_trend(days: Sequence[PlanKPISnapshot]) -> list[PlanKPISnapshot]:
    """The newest first: every day, or of a long course the last of each month."""
    if len(days) > MOST_ROWS:
        last_of_month = {(day.day.year, day.day.month): day for day in days}
        days = list(last_of_month.values())
    return list(reversed(days))


def spark(days: Sequence[PlanKPISnapshot]) -> SafeString:
    return sparkline(
        chart_id="outlook-spark",
        values=[day.total_expected_revenue for day in days],
        label=_("Total expected over time"),
    )
