"""When the work of a plan is to be done, and counts by month, as SVG from plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from kam.core.svg import BAD, INK_2, LINE, TONES, element, escaped, label_at, svg

HEAD, ROW, BAR = 30, 34, 12
MONTH_WIDTH = 96  # pixels; a chart of many months is wider than a screen and scrolls
WEEKS_UP_TO = 130  # days: a shorter span is marked by weeks
LONGEST = 366 * 6


@dataclass(frozen=True)
class WorkBar:
    """A row of the time line. Without a date it has no bar; `after` is the place of the row that comes first."""

    label: str
    start: date | None
    due: date | None
    tone: str = "info"
    is_summary: bool = False
    after: int | None = None
    note: str = ""


@dataclass(frozen=True)
class Span:
    first: date
    last: date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    def at(self, day: date) -> str:
        return f"{(day - self.first).days * 100 / self.days:.3f}%"

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last


def span_of(bars: Sequence[WorkBar], *, start: date, end: date) -> Span:
    """The plan's period, and what of the work lies around it; whole months."""
    days = [day for bar in bars for day in (bar.start, bar.due) if day]
    first, last = min([start, *days]), max([end, *days])
    first, last = first.replace(day=1), _month_after(last) - timedelta(days=1)
    if (last - first).days > LONGEST:  # a date that was mistyped must not make a mile of chart
        first, last = max(first, start.replace(day=1)), min(last, start + timedelta(days=LONGEST))
    return Span(first, last)


def work_timeline(
    *, chart_id: str, bars: Sequence[WorkBar], span: Span, today: date, title: str
) -> SafeString:
    """A bar for each row, in the order given; lines lead from what comes first, a line marks today."""
    height = HEAD + ROW * len(bars)
    drawn = [_row_line(row) for row in range(len(bars))]
    drawn += _ticks(span, height)
    drawn += [
        _link(bars[bar.after], bar.after, bar, row, span)
        for row, bar in enumerate(bars)
        if bar.after is not None
    ]
    drawn += [_bar(bar, row, span) for row, bar in enumerate(bars)]
    if today in span:
        drawn.append(_today(today, span, height))
    return svg(
        *drawn,
        chart_id=chart_id,
        title=title,
        description="",
        css="k-work-timeline",
        height=height,
        width=max(round(span.days / 30.4 * MONTH_WIDTH), 480),
    )


def _month_after(day: date) -> date:
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


def _ticks(span: Span, height: int) -> list[str]:
    by_week = span.days <= WEEKS_UP_TO
    days = []
    day = span.first
    if by_week:
        day += timedelta(days=-day.weekday() % 7)
    while day <= span.last:
        days.append(day)
        day = day + timedelta(days=7) if by_week else _month_after(day)
    drawn = []
    for day in days:
        x = span.at(day)
        drawn.append(element("line", class_="c-grid", stroke=LINE, x1=x, x2=x, y1=8, y2=height))
        text = date_format(day, "j M") if by_week else date_format(day, "M Y" if day.month == 1 else "M")
        drawn.append(_text(text, x=x, y=20))
    return drawn


def _row_line(row: int) -> str:
    y = HEAD + ROW * (row + 1)
    return element("line", class_="c-grid", stroke=LINE, x1="0%", x2="100%", y1=y, y2=y)


def _today(today: date, span: Span, height: int) -> str:
    x = span.at(today)
    line = element(
        "line", class_="c-today", stroke=TONES["bad"], stroke_width=1.5, x1=x, x2=x, y1=0, y2=height
    )
    return line + _text(_("Today"), x=x, y=9, css="c-tone-bad")


def _text(text: str, *, x: str, y: int, css: str = "") -> str:
    fill = BAD if css else INK_2
    return element("text", escaped(text), class_=css or None, x=x, dx=4, y=y, font_size=11, fill=fill)


def _period(bar: WorkBar, span: Span) -> tuple[date, date] | None:
    """First and last day of the bar, within the chart; a single date is a bar of that day."""
    start, due = bar.start or bar.due, bar.due or bar.start
    if start is None or due is None or due < span.first or start > span.last:
        return None
    return max(start, span.first), min(due, span.last)


def _bar(bar: WorkBar, row: int, span: Span) -> str:
    period = _period(bar, span)
    if period is None:
        return ""
    width = ((period[1] - period[0]).days + 1) * 100 / span.days
    height = 6 if bar.is_summary else BAR
    tone = bar.tone if bar.tone in TONES else ""
    return element(
        "rect",
        element("title", escaped(f"{bar.label}: {bar.note}" if bar.note else bar.label)),
        class_=f"c-bar-{tone}" if tone else "c-bar-closed",
        fill=TONES.get(tone, LINE),
        data_part="summary" if bar.is_summary else "task",
        x=span.at(period[0]),
        width=f"{max(width, 0.4):.3f}%",
        y=HEAD + ROW * row + (ROW - height) / 2,
        height=height,
        rx=3,
    )


def _link(first: WorkBar, first_row: int, bar: WorkBar, row: int, span: Span) -> str:
    """Down from the end of what comes first, then across to the start of the bar."""
    before, period = _period(first, span), _period(bar, span)
    if before is None or period is None:
        return ""
    x, x_end = span.at(before[1]), span.at(period[0])
    y_first, y = HEAD + ROW * first_row + ROW // 2, HEAD + ROW * row + ROW // 2
    style = {"class_": "c-link", "stroke": LINE, "stroke_width": 1.5, "data_part": "link"}
    down = element("line", **style, x1=x, x2=x, y1=y_first, y2=y)
    return down + element("line", **style, x1=x, x2=x_end, y1=y, y2=y)


# --- Counts by month --------------------------------------------------------------------------
MOST_SERIES = 6  # as many colours as there are (`--k-series-…`)
SERIES_COLOURS = ("#2563b8", "#0f7f86", "#b06a00", "#7a4fc0", "#b83b6e", "#5b6b84")
COUNTS_TOP, COUNTS_HEIGHT = 10, 170
COUNTS_BOTTOM = COUNTS_TOP + COUNTS_HEIGHT
MOST_LABELS = 13


@dataclass(frozen=True)
class Series:
    """One layer of the columns: `look` is the number of its colour, from 1."""

    label: str
    look: int
    counts: Sequence[int]


def stacked_months(
    *, chart_id: str, months: Sequence[str], series: Sequence[Series], title: str
) -> SafeString:
    """A column a month, the series above each other in their order, from the bottom."""
    sums = [sum(one.counts[number] for one in series) for number in range(len(months))]
    step = count_step(max(sums, default=0))
    top = max(-(-max(sums, default=0) // step) * step, step)
    slot = 100 / max(len(months), 1)
    drawn = [_count_line(count, top) for count in range(0, top + 1, step)]
    every = -(-len(months) // MOST_LABELS)
    for number, label in enumerate(months):
        drawn.append(_stack(number, label, sums[number], series, slot=slot, top=top))
        if number % every == 0:
            drawn.append(
                _month_name(label, x=f"{slot * (number + 0.5):.3f}%", is_minor=number // every % 2 == 1)
            )
    counted = ", ".join(f"{one.label} {sum(one.counts)}" for one in series)
    return svg(
        *drawn,
        chart_id=chart_id,
        title=title,
        description=counted,
        css="k-stacked-months",
        height=COUNTS_BOTTOM + 24,
    )


def count_step(highest: int) -> int:
    """A round distance that makes at most five lines: 1, 2, 5, 10, 20, 50 …"""
    size = 1
    while True:
        for step in (size, 2 * size, 5 * size):
            if step * 5 >= highest:
                return step
        size *= 10


def _count_line(count: int, top: int) -> str:
    y = f"{COUNTS_BOTTOM - count * COUNTS_HEIGHT / top:.1f}"
    css, colour = ("c-zero", INK_2) if count == 0 else ("c-grid", LINE)
    line = element("line", class_=css, stroke=colour, x1="0%", x2="100%", y1=y, y2=y)
    return line + label_at(str(count), x=-8, y=float(y) + 4, anchor="end", size=11)


def _stack(number: int, label: str, total: int, series: Sequence[Series], *, slot: float, top: int) -> str:
    below, parts = 0, []
    for one in series:
        count = one.counts[number]
        if not count:
            continue
        below += count
        height = count * COUNTS_HEIGHT / top
        parts.append(
            element(
                "rect",
                element("title", escaped(f"{one.label}: {count} · {label}: {total}")),
                class_=f"c-series c-series-{one.look}",
                fill=SERIES_COLOURS[one.look - 1],
                stroke="#ffffff",
                stroke_width=1.5,
                data_part="count",
                x=f"{slot * (number + 0.2):.3f}%",
                width=f"{slot * 0.6:.3f}%",
                y=f"{COUNTS_BOTTOM - below * COUNTS_HEIGHT / top:.1f}",
                height=f"{height:.1f}",
            )
        )
    return element("g", *parts) if parts else ""


def _month_name(label: str, *, x: str, is_minor: bool) -> str:
    """On a phone every other name is left out."""
    drawn = label_at(label, x=x, y=COUNTS_BOTTOM + 18, anchor="middle", size=11)
    return element("g", drawn, class_="c-wide-only") if is_minor else drawn
