"""The time line of an action plan template, as SVG from plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from kam.core.svg import LINE, TONES, element, escaped, label_at, svg

TOP, ROW, BAR = 26, 40, 12
STEPS = (1, 2, 7, 14, 30, 60, 90, 180, 365, 730)
MOST_TICKS = 8
LONGEST_LABEL = 60


@dataclass(frozen=True)
class TimelineBar:
    """Days are counted from the start; `after` is the place of the bar that comes first."""

    label: str
    start: int
    due: int
    is_required: bool = True
    after: int | None = None


def timeline_chart(*, chart_id: str, bars: Sequence[TimelineBar], title: str = "") -> SafeString:
    """When each item runs: a bar from its start to its due day, hollow where it is not required, with a line
    from what has to be done before."""
    span = max([7, *(bar.due for bar in bars)])
    step = next((days for days in STEPS if span / days <= MOST_TICKS), STEPS[-1])
    height = TOP + ROW * len(bars) + 4
    drawn = [_tick(day, span, height) for day in range(0, span + 1, step)]
    drawn += [
        _link(bars[bar.after], bar.after, bar, row, span)
        for row, bar in enumerate(bars)
        if bar.after is not None
    ]
    drawn += [_bar(bar, row, span) for row, bar in enumerate(bars)]
    return svg(
        *drawn,
        chart_id=chart_id,
        title=title or _("Time line"),
        description="; ".join(_in_words(bar, bars) for bar in bars),
        css="k-template-timeline",
        height=height,
    )


def _at(day: float, span: int) -> str:
    return f"{day * 100 / span:.2f}%"


def _in_words(bar: TimelineBar, bars: Sequence[TimelineBar]) -> str:
    words = _("%(label)s: day %(start)s to %(due)s") % {
        "label": bar.label,
        "start": bar.start,
        "due": bar.due,
    }
    return (
        words
        if bar.after is None
        else _("%(item)s, after %(other)s") % {"item": words, "other": bars[bar.after].label}
    )


def _tick(day: int, span: int, height: int) -> str:
    x = _at(day, span)
    line = element("line", class_="c-grid", stroke=LINE, x1=x, x2=x, y1=TOP - 8, y2=height)
    anchor = "start" if day == 0 else "end" if day > span * 0.94 else "middle"
    return line + label_at(
        _("Start") if day == 0 else _("Day %(day)s") % {"day": day}, x=x, y=12, anchor=anchor, size=11
    )


def _bar(bar: TimelineBar, row: int, span: int) -> str:
    y = TOP + ROW * row
    text = bar.label if len(bar.label) <= LONGEST_LABEL else bar.label[: LONGEST_LABEL - 1] + "…"
    anchor, day = _label_place(bar, span)
    label = label_at(text, x=_at(day, span), y=y + 12, anchor=anchor)
    width = max(Decimal((bar.due - bar.start) * 100) / span, Decimal("0.8"))
    start = min(Decimal(bar.start * 100) / span, 100 - width)
    hollow = not bar.is_required
    shape = element(
        "rect",
        element("title", escaped(f"{bar.label}: {bar.start}–{bar.due}")),
        class_="c-bar-info c-hollow" if hollow else "c-bar-info",
        data_part="optional" if hollow else "required",
        fill="none" if hollow else TONES["info"],
        stroke=TONES["info"] if hollow else None,
        stroke_width=1.5 if hollow else None,
        x=f"{start:.2f}%",
        width=f"{width:.2f}%",
        y=y + 18,
        height=BAR,
        rx=3,
    )
    return label + shape


def _label_place(bar: TimelineBar, span: int) -> tuple[str, float]:
    """How the label is anchored, and at which day: so that two thirds of the width are free for it."""
    if bar.start * 3 <= span:
        return "start", bar.start
    if bar.due * 3 >= span * 2:
        return "end", bar.due
    return "middle", (bar.start + bar.due) / 2


def _link(first: TimelineBar, first_row: int, bar: TimelineBar, row: int, span: int) -> str:
    """Down from the end of what comes first, then across to the start of the bar."""
    x, y = _at(first.due, span), TOP + ROW * row + 18 + BAR // 2
    y_first = TOP + ROW * first_row + 18 + BAR // 2
    style = {"class_": "c-link", "stroke": LINE, "stroke_width": 1.5, "data_part": "link"}
    down = element("line", **style, x1=x, x2=x, y1=y_first, y2=y)
    return down + element("line", **style, x1=x, x2=_at(bar.start, span), y1=y, y2=y)
