"""Charts as SVG: one function per chart, plain values in, no ORM, no JavaScript.

Colours stand in presentation attributes, so that a chart is complete on paper; classes let the page's
theme replace them. Horizontal positions are percentages and text is in pixels: a chart has no view box
to shrink, and reads the same on a phone and on a wide screen. Each chart says its content in <title>
and <desc>; the page gives a table with the same numbers.
"""

from metrics.charts.course import Line, course_chart
from metrics.charts.distribution import distribution_chart
from metrics.charts.months import MonthPoint, month_bars
from metrics.charts.parts import Part, parts_bar
from metrics.charts.pipeline import OpenPart, open_bar, pipeline_chart
from metrics.charts.plan import mini_plan_bar, plan_chart
from metrics.charts.progress import progress_bar, ring, sparkline
from metrics.charts.promises import fund_bar, tier_ladder
from metrics.charts.years import YearOfMonths, years_chart

__all__ = [
    "Line",
    "MonthPoint",
    "OpenPart",
    "Part",
    "YearOfMonths",
    "course_chart",
    "distribution_chart",
    "fund_bar",
    "mini_plan_bar",
    "month_bars",
    "open_bar",
    "parts_bar",
    "pipeline_chart",
    "plan_chart",
    "progress_bar",
    "ring",
    "sparkline",
    "tier_ladder",
    "years_chart",
]
