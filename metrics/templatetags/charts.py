"""Each chart of `metrics.charts` as a tag of the same name: `{% plan_chart chart_id="plan" … %}`."""

from decimal import Decimal

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from kam.core.formatting import DASH, format_money_short
from kam.core.templatetags.kam import status_pill
from metrics import charts
from metrics.enums import CurveSource, PaceState
from metrics.models import PlanKPI

register = template.Library()

for _chart in (
    charts.plan_chart,
    charts.mini_plan_bar,
    charts.progress_bar,
    charts.ring,
    charts.sparkline,
    charts.month_bars,
    charts.fund_bar,
    charts.tier_ladder,
    charts.pipeline_chart,
    charts.open_bar,
    charts.parts_bar,
    charts.years_chart,
):
    register.simple_tag(_chart)


PACES = {
    PaceState.ON_PACE: ("ok", "circle-check"),
    PaceState.AT_RISK: ("warn", "alert-triangle"),
    PaceState.BEHIND: ("bad", "alert-circle"),
    PaceState.TO_COME: ("neutral", "clock"),
}


@register.simple_tag
def pace_pill(state: str | None) -> SafeString | str:
    """How a target stands: words, tone and icon."""
    if state is None:
        return DASH
    tone, icon = PACES[PaceState(state)]
    return status_pill(str(PaceState(state).label), tone, icon)


@register.filter
def pace_tone(state: str | None) -> str:
    """For bars, which know no neutral."""
    tone = PACES[PaceState(state)][0] if state else "neutral"
    return "info" if tone == "neutral" else tone


@register.simple_tag
def curve_source(source: str) -> str:
    """Whose season a pace rests on."""
    return str(CurveSource(source).label)


@register.simple_tag
def variance(kpi: PlanKPI) -> SafeString | str:
    return variance_of(kpi.forecast_target_variance, kpi.currency)


def variance_of(amount: Decimal | None, currency: str) -> SafeString | str:
    """Expected against the target, with its sign; short of it in the colour of bad news, too."""
    if amount is None:
        return DASH
    text = format_money_short(amount, currency)
    return format_html('<span class="is-bad-text">{}</span>', text) if amount < 0 else f"+{text}"
