"""How a plan goes and will end: its pace, its chance of reaching the target, and the course of its numbers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from kam.core.clock import company_today
from kam.core.formatting import Number, format_money_short, format_percent
from kam.core.panels import is_part_of_page
from kam.core.policy import object_required
from kam.core.svg import ZERO
from metrics import history
from metrics.charts import Line, course_chart, distribution_chart, sparkline
from metrics.forecast import Forecast, forecast_of
from metrics.models import PlanKPISnapshot
from metrics.pace import PlanPace, pace_of
from metrics.pacing import Pace
from metrics.promises import commitments_of, rebates_of
from plans.models import Plan
from plans.operations import log_confidential_look

SHOWN_DAYS = timedelta(days=731)
MOST_ROWS = 31  # of the table: then a row a month


@object_required(
    Plan,
    "plans.view_numbers",
    queryset=lambda plans: plans.select_related("account", "territory", "plan_type", "owner"),
)
def plan_outlook(request: HttpRequest, plan: Plan) -> HttpResponse:
    log_confidential_look(plan=plan, user=request.user)
    days = history_so_far(plan)
    found = pace_of(plan, today=company_today())
    forecast = forecast_of(plan, today=company_today())
    context = {
        "plan": plan,
        "plan_tab": "outlook",
        "found": found,
        "pace_words": pace_words(found.pace),
        "pace_chart": pace_chart(found),
        "forecast": forecast,
        "chance_words": chance_words(forecast),
        "chance_chart": chance_chart(forecast),
        "rebates": rebates_of(plan, today=company_today()),
        "commitments": commitments_of(plan, today=company_today()),
        "drivers": forecast.drivers(request.user),
        "days": days,
        "trend": trend_chart(plan, days),
        "trend_rows": rows_of_trend(days),
        "nav_section": "plans",
    }
    return render(request, "metrics/outlook.html", context)


@object_required(Plan, "plans.view_numbers")
def outlook_panel(request: HttpRequest, plan: Plan) -> HttpResponse:
    """The outlook in a few words, loaded into the plan's page after it is shown."""
    if not is_part_of_page(request):
        return redirect("metrics:plan_outlook", plan.pk)
    days = history_so_far(plan)
    found = pace_of(plan, today=company_today())
    forecast = forecast_of(plan, today=company_today())
    context: dict[str, Any] = {
        "forecast": forecast,
        "chance_words": chance_words(forecast),
        "chance_chart": chance_chart(forecast, is_small=True),
        "plan": plan,
        "pace": found.pace,
        "pace_words": pace_words(found.pace),
        "days": days,
        "spark": spark(days),
    }
    return render(request, "metrics/_outlook_panel.html", context)


# --- Pace ---------------------------------------------------------------------------------------
def pace_words(pace: Pace) -> str:
    """Where the target stands, in a sentence."""
    if pace.target is None:
        return _("There is no target yet.")
    if pace.state == "to_come":
        return _("The period has not begun.")
    amounts = {
        "won": format_money_short(pace.actual, pace.currency),
        "expected": format_money_short(pace.expected, pace.currency),
        "percent": format_percent(pace.percent),
        "needed": format_money_short(pace.needed_per_month, pace.currency),
    }
    if not pace.remaining:
        return _("The target is reached: %(won)s is won.") % amounts
    words = {
        "on_pace": _("On pace: %(won)s is won, %(expected)s was to be expected by today."),
        "at_risk": _("At risk: %(won)s is won, %(percent)s of the %(expected)s to be expected by today."),
        "behind": _("Behind: %(won)s is won, %(percent)s of the %(expected)s to be expected by today."),
    }[str(pace.state)]
    if pace.needed_per_month is None:
        return words % amounts
    return (words + " " + _("From now on it takes %(needed)s a month.")) % amounts


def pace_chart(found: PlanPace) -> SafeString:
    """What the season expects and what was won, added up month by month."""
    pace = found.pace
    days: list[date] = [pace.start]
    expected: list[Number] = [ZERO]
    won: list[Number] = [ZERO]
    so_far = ZERO
    for month in found.months:
        so_far += month.actual
        if month.first <= pace.today <= month.last:
            days.append(pace.today)
            expected.append(pace.expected)
            won.append(so_far)
        if pace.today != month.last:
            days.append(month.last)
            expected.append(month.expected_total)
            won.append(so_far if month.last < pace.today else None)
    return course_chart(
        chart_id="pace-chart",
        currency=pace.currency,
        days=days,
        lines=[
            Line(_("Won"), "won", won),
            Line(_("Expected"), "expected", expected),
            Line(_("Target"), "target", [pace.target] * len(days)),
        ],
        title=_("Won and expected by the season, added up"),
        today=pace.today,
    )


# --- Chance -------------------------------------------------------------------------------------
def chance_words(forecast: Forecast) -> str:
    """How the plan may end, in a sentence."""
    currency = forecast.plan.currency
    amounts = {
        "p10": format_money_short(forecast.p10, currency),
        "p90": format_money_short(forecast.p90, currency),
    }
    between = _("In 8 of 10 cases it ends between %(p10)s and %(p90)s.") % amounts
    if forecast.chance_of_target is None:
        return between
    chance = _("The target is reached in %(chance)s of the cases.") % {
        "chance": format_percent(forecast.chance_of_target)
    }
    return f"{chance} {between}"


def chance_chart(forecast: Forecast, *, is_small: bool = False) -> SafeString:
    return distribution_chart(
        chart_id="chance-chart",
        currency=forecast.plan.currency,
        classes=[(bar.low, bar.high, bar.share) for bar in forecast.bars],
        target=forecast.kpi.sales_target,
        stretch=forecast.plan.stretch_target,
        title=_("How won revenue may turn out"),
        is_small=is_small,
    )


# --- The course of the numbers ------------------------------------------------------------------
def history_so_far(plan: Plan) -> list[PlanKPISnapshot]:
    today = company_today()
    return history.history_of(plan, since=max(plan.start_date, today - SHOWN_DAYS), until=today)


def trend_chart(plan: Plan, days: Sequence[PlanKPISnapshot]) -> SafeString:
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
