"""Each chart of `metrics.charts` as a tag of the same name: `{% plan_chart chart_id="plan" … %}`."""

from django import template

from metrics import charts

register = template.Library()

for _chart in (
    charts.plan_chart,
    charts.mini_plan_bar,
    charts.progress_bar,
    charts.ring,
    charts.sparkline,
    charts.month_bars,
):
    register.simple_tag(_chart)
