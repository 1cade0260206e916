"""Amounts over days: how the numbers of a plan went, or should go, through its period."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from kam.core.formatting import Number, as_decimal, format_money
from kam.core.svg import HUNDRED, INK, INK_2, element, label_at, svg
from metrics.charts.axes import PLOT_BOTTOM, PLOT_TOP, AmountAxis
from metrics.charts.scales import anchor_at, percentage
from metrics.charts.svg import WEIGHTED_LINE, WON

WIDTH = 1000  # of the inner drawing, which stretches; text stays outside, in pixels
MOST_MONTH_LABELS = 12
# Each line differs by its pattern, too: colour says nothing alone.
LOOKS: dict[str, dict[str, object]] = {
    "won": {"class_": "c-line-won", "stroke": WON, "stroke_width": 2.6},
    "expected": {
        "class_": "c-line-expected",
        "stroke": WEIGHTED_LINE,
        "stroke_width": 2.2,
        "stroke_dasharray": "7 4",
    },
    "target": {"class_": "c-target", "stroke": INK, "stroke_width": 1.8},
    "stretch": {"class_": "c-stretch", "stroke": INK_2, "stroke_width": 1.6, "stroke_dasharray": "2 4"},
}


@dataclass(frozen=True)
class Line:
    """One course: `look` is a key of `LOOKS`; days without a value are passed over."""

    label: str
    look: str
    values: Sequence[Number]


def _month_labels(days: Sequence[date], place: dict[date, Decimal]) -> list[str]:
    first, last = days[0], days[-1]
    starts = [
        date(index // 12, index % 12 + 1, 1)
        for index in range(first.year * 12 + first.month, last.year * 12 + last.month)
    ]
    drawn = []
    every = max(-(-len(starts) // MOST_MONTH_LABELS), 1)
    for number, day in enumerate(starts[::every]):
        x = place[day]
        mark = element(
            "line", class_="c-grid", x1=percentage(x), x2=percentage(x), y1=PLOT_BOTTOM, y2=PLOT_BOTTOM + 5
        )
        label = mark + label_at(
            date_format(day, "M"), x=percentage(x), y=PLOT_BOTTOM + 18, anchor="middle", size=11
        )
        is_minor = len(starts) > 6 and number % 2
        drawn.append(element("g", label, class_="c-wide-only") if is_minor else label)
    return drawn


def _places(days: Sequence[date]) -> dict[date, Decimal]:
    first, span = days[0].toordinal(), max(days[-1].toordinal() - days[0].toordinal(), 1)
    return {date.fromordinal(first + offset): Decimal(offset) / span * HUNDRED for offset in range(span + 1)}


def _course(line: Line, days: Sequence[date], place: dict[date, Decimal], axis: AmountAxis) -> str:
    points = [
        (place[day] * WIDTH / HUNDRED, axis.y(value) - PLOT_TOP)
        for day, value in zip(days, map(as_decimal, line.values), strict=True)
        if value is not None
    ]
    if not points:
        return ""
    if len(points) == 1:  # one day alone would be no line at all
        points.append((points[0][0] + 4, points[0][1]))
    return element(
        "polyline",
        points=" ".join(f"{x:.1f},{y:.1f}" for x, y in points),
        fill="none",
        vector_effect="non-scaling-stroke",
        stroke_linejoin="round",
        data_line=line.look,
        **LOOKS[line.look],
    )


def course_chart(
    *,
    chart_id: str,
    currency: str,
    days: Sequence[date],
    lines: Sequence[Line],
    title: str,
    today: date | None = None,
) -> SafeString:
    """Lines over the same ascending days; `today` is marked if it lies among them."""
    axis = AmountAxis.over(value for line in lines for value in line.values)
    drawn = [*axis.drawn(currency)]
    if days:
        place = _places(days)
        height = PLOT_BOTTOM - PLOT_TOP
        courses = [_course(line, days, place, axis) for line in lines]
        drawn += [
            element(
                "svg",
                *courses,
                y=PLOT_TOP,
                width="100%",
                height=height,
                viewBox=f"0 0 {WIDTH} {height}",
                preserveAspectRatio="none",
                overflow="visible",
            ),
            *_month_labels(days, place),
        ]
        if today in place:
            x = place[today]
            drawn.append(
                element(
                    "line",
                    class_="c-stretch",
                    x1=percentage(x),
                    x2=percentage(x),
                    y1=6,
                    y2=PLOT_BOTTOM,
                    stroke=INK_2,
                    stroke_dasharray="3 3",
                    data_mark="today",
                )
            )
            drawn.append(label_at(_("Today"), x=percentage(x), y=4, anchor=anchor_at(x), size=11))
    last = []
    for line in lines:
        known = [value for value in line.values if value is not None]
        if known:
            last.append(f"{line.label} {format_money(known[-1], currency)}")
    return svg(
        *drawn,
        chart_id=chart_id,
        title=title,
        description=_("At the end: %(values)s.") % {"values": ", ".join(last)} if last else "",
        css="k-month-bars",
        height=PLOT_BOTTOM + 26,
    )
