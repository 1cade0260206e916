"""When the work of a plan is to be done, as SVG from plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from kam.core.svg import BAD, INK_2, LINE, TONES, element, escaped, svg

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
