"""Small pictures of one number: bar, ring, course."""

from collections.abc import Sequence
from decimal import Decimal

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from kam.core.formatting import Number, as_decimal, format_percent
from kam.core.svg import HUNDRED, INK, TONES, TRACK, ZERO, element, label_at, svg
from metrics.charts.scales import percentage


def _held(value: Decimal) -> Decimal:
    return min(max(value, ZERO), HUNDRED)


def progress_bar(
    *, chart_id: str, value: Number, expected: Number = None, tone: str = "ok", label: str = ""
) -> SafeString:
    """How much is done (0–100, or None for nothing to do), with a tick where it should be by now."""
    done, due = as_decimal(value), as_decimal(expected)
    tone = tone if tone in TONES else "ok"
    drawn = [element("rect", class_="c-track", fill=TRACK, width="100%", height=8, rx=2)]
    words = _("nothing to measure") if done is None else _("%(done)s done") % {"done": format_percent(done)}
    if done is not None:
        width = percentage(_held(done))
        drawn.append(
            element(
                "rect",
                class_=f"c-bar-{tone}",
                fill=TONES[tone],
                data_part="done",
                width=width,
                height=8,
                rx=2,
            )
        )
    if due is not None:
        words += ", " + _("%(due)s expected by now") % {"due": format_percent(due)}
        x = percentage(_held(due))
        drawn.append(
            element(
                "line",
                class_="c-target",
                x1=x,
                x2=x,
                y1=-2,
                y2=10,
                stroke=INK,
                stroke_width=2,
                data_mark="due",
            )
        )
    title = f"{label}: {words}" if label else words
    return svg(*drawn, chart_id=chart_id, title=title, description="", css="k-progress-bar", height=8)


def ring(*, chart_id: str, value: Number, label: str = "", tone: str = "ok") -> SafeString:
    """A score of 0–100 as a ring around its number."""
    score = as_decimal(value)
    tone = tone if tone in TONES else "ok"
    circle = {"cx": 38, "cy": 38, "r": 30, "fill": "none", "stroke_width": 7}
    drawn = [element("circle", class_="c-ring-track", stroke=TRACK, **circle)]
    if score is not None and score > 0:
        drawn.append(
            element(
                "circle",
                class_=f"c-ring-{tone}",
                stroke=TONES[tone],
                pathLength=100,
                stroke_dasharray=f"{_held(score):.1f} 100",
                stroke_linecap="round" if score < HUNDRED else None,
                transform="rotate(-90 38 38)",
                data_part="score",
                **circle,
            )
        )
    shown = "–" if score is None else f"{score:.0f}"
    drawn.append(label_at(shown, x=38, y=45, anchor="middle", css="c-strong", size=20))
    words = _("not known") if score is None else _("%(score)s of 100") % {"score": shown}
    return svg(
        *drawn,
        chart_id=chart_id,
        title=f"{label}: {words}" if label else words,
        description="",
        css="k-ring",
        height=74,
        width=74,
        viewBox="0 0 76 76",
    )


def sparkline(*, chart_id: str, values: Sequence[Number], label: str = "", tone: str = "info") -> SafeString:
    """The course of a number, without axes: only up, down and how steadily. Unknown values are left out."""
    numbers = [number for number in map(as_decimal, values) if number is not None]
    tone = tone if tone in TONES else "info"
    drawn = []
    if len(numbers) > 1:
        low, high = min(numbers), max(numbers)
        spread = high - low
        step = Decimal(114) / (len(numbers) - 1)
        points = [
            (3 + index * step, 18 if not spread else 30 - (number - low) / spread * 24)
            for index, number in enumerate(numbers)
        ]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        fill = {"fill": TONES[tone], "class_": f"c-bar-{tone}"}
        drawn = [
            element("polygon", points=f"3,34 {path} 117,34", fill_opacity=".1", **fill),
            element(
                "polyline",
                class_=f"c-line-{tone}",
                points=path,
                fill="none",
                stroke=TONES[tone],
                stroke_width=1.8,
                stroke_linejoin="round",
            ),
            element("circle", cx=f"{points[-1][0]:.1f}", cy=f"{points[-1][1]:.1f}", r=2.6, **fill),
        ]
    return svg(
        *drawn,
        chart_id=chart_id,
        title=label or _("Course over time"),
        description="",
        css="k-spark",
        height=34,
        width=84,
        viewBox="0 0 120 34",
        preserveAspectRatio="xMaxYMid meet",
    )
