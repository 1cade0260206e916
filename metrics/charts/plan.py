"""A plan in one bar."""

from dataclasses import dataclass
from decimal import Decimal

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from kam.core.formatting import Number, as_decimal, format_money, format_money_short, format_percent
from kam.core.svg import BAD, GOOD, HUNDRED, INK, INK_2, LINE, NEGATIVE, TRACK, ZERO, element, label_at, svg
from metrics.charts.scales import Scale, anchor_at, percentage
from metrics.charts.svg import WEIGHTED_LINE, WON, hatch


@dataclass(frozen=True)
class _PlanNumbers:
    """A plan's numbers, ready to draw. A target of zero or less is no target."""

    target: Decimal | None
    won: Decimal
    weighted: Decimal
    stretch: Decimal | None = None

    @classmethod
    def of(cls, target: Number, won: Number, weighted: Number, stretch: Number = None) -> "_PlanNumbers":
        def positive(value: Number) -> Decimal | None:
            number = as_decimal(value)
            return number if number is not None and number > 0 else None

        return cls(positive(target), as_decimal(won) or ZERO, as_decimal(weighted) or ZERO, positive(stretch))

    @property
    def expected(self) -> Decimal:
        return self.won + self.weighted

    @property
    def variance(self) -> Decimal | None:
        return None if self.target is None else self.expected - self.target

    def parts(self) -> list[tuple[str, Decimal, Decimal]]:
        """Won and weighted end to end: positive parts to the right of zero, negative ones to its left."""
        right = left = ZERO
        drawn = []
        for name, value in (("won", self.won), ("weighted", self.weighted)):
            start = right if value >= 0 else left
            if value > 0:
                right += value
            else:
                left += value
            if value:
                drawn.append((name, start, start + value))
        return drawn

    def scale(self) -> Scale:
        ends = [end for _name, _start, end in self.parts()]
        marks = [mark for mark in (self.target, self.stretch, self.expected) if mark is not None]
        low, high = min([ZERO, *ends, *marks]), max([ZERO, *ends, *marks])
        if low == high:
            return Scale(ZERO, Decimal(1))
        room = (high - low) * Decimal("0.04")
        return Scale(low - room if low < 0 else ZERO, high + room)

    def describe(self, currency: str) -> str:
        lines = [
            _("Won %(won)s, weighted pipeline %(weighted)s, together expected %(expected)s.")
            % {
                "won": format_money(self.won, currency),
                "weighted": format_money(self.weighted, currency),
                "expected": format_money(self.expected, currency),
            }
        ]
        if self.target is None or self.variance is None:
            lines.append(_("No target is set."))
        else:
            lines.append(
                _("Target %(target)s: %(variance)s.")
                % {
                    "target": format_money(self.target, currency),
                    "variance": self.verdict(currency, full=True),
                }
            )
        return " ".join(lines)

    def verdict(self, currency: str, *, full: bool = False) -> str:
        """Short of the target, above it, or on it, in words."""
        if self.variance is None:
            return _("no target")
        amount = (format_money if full else format_money_short)(abs(self.variance), currency)
        if self.variance < 0:
            return _("%(amount)s short of target") % {"amount": amount}
        return (
            _("%(amount)s above target") % {"amount": amount} if self.variance > 0 else _("exactly on target")
        )


def _part_rects(numbers: _PlanNumbers, scale: Scale, *, chart_id: str, y: float, height: float) -> list[str]:
    rects = []
    for name, start, end in numbers.parts():
        box = {"x": scale.x(min(start, end)), "y": y, "width": scale.width(start, end), "height": height}
        if end < start:
            rects.append(element("rect", class_="c-negative", fill=NEGATIVE, data_part=name, **box))
        elif name == "won":
            rects.append(element("rect", class_="c-won", fill=WON, data_part=name, **box))
        else:
            # No class for the fill: a rule in CSS would take the pattern away.
            fill = f"url(#{chart_id}-hatch)"
            rects.append(element("rect", fill=fill, stroke=WEIGHTED_LINE, data_part=name, **box))
    return rects


def _gap_rect(numbers: _PlanNumbers, scale: Scale, *, y: float, height: float) -> list[str]:
    """The missing piece between what is expected and the target, as an empty dashed box."""
    if numbers.target is None or numbers.variance is None or numbers.variance >= 0:
        return []
    # Credit notes pull the expected amount back under the bar: the box starts where the bar ends.
    start = max([numbers.expected, ZERO, *(end for _name, _start, end in numbers.parts())])
    if start >= numbers.target:
        return []
    return [
        element(
            "rect",
            class_="c-gap",
            data_part="gap",
            x=scale.x(start),
            y=y + 1,
            width=scale.width(start, numbers.target),
            height=height - 2,
            fill="none",
            stroke=BAD,
            stroke_width=1.5,
            stroke_dasharray="4 3",
        )
    ]


def _upright(scale: Scale, value: Decimal, *, y1: float, y2: float, css: str, **attributes: object) -> str:
    x = scale.x(value)
    return element("line", class_=css, x1=x, x2=x, y1=y1, y2=y2, **attributes)


def _plan_marks(numbers: _PlanNumbers, scale: Scale, currency: str) -> list[str]:
    """Target and stretch above the bar, with their labels where these do not collide."""
    if numbers.target is None:
        return [label_at(_("No target set"), x="0%", y=13)]
    marks = [
        _upright(
            scale,
            numbers.target,
            y1=18,
            y2=56,
            css="c-target",
            stroke=INK,
            stroke_width=2.5,
            data_mark="target",
        )
    ]
    at = scale.at(numbers.target)
    text = _("Target %(amount)s") % {"amount": format_money_short(numbers.target, currency)}
    marks.append(label_at(text, x=percentage(at), y=13, anchor=anchor_at(at), css="c-strong"))
    if numbers.stretch is not None and numbers.stretch != numbers.target:
        dashes = {"stroke": INK_2, "stroke_width": 1.5, "stroke_dasharray": "2 3"}
        marks.append(
            _upright(scale, numbers.stretch, y1=18, y2=56, css="c-stretch", data_mark="stretch", **dashes)
        )
        stretch_at = scale.at(numbers.stretch)
        if abs(stretch_at - at) > 45:
            text = _("Stretch %(amount)s") % {"amount": format_money_short(numbers.stretch, currency)}
            marks.append(label_at(text, x=percentage(stretch_at), y=13, anchor=anchor_at(stretch_at)))
    return marks


def _expected_mark(numbers: _PlanNumbers, scale: Scale, currency: str) -> list[str]:
    """A small arrow under the bar where won and weighted end."""
    at = scale.at(numbers.expected)
    arrow = element("path", class_="c-mark", fill=INK, d="M0 0 5 7 -5 7Z", transform="translate(0 53)")
    text = _("Expected %(amount)s") % {"amount": format_money_short(numbers.expected, currency)}
    if numbers.target is not None:
        text += f" · {format_percent(numbers.expected / numbers.target * HUNDRED)}"
    holder = element("svg", arrow, x=percentage(at), overflow="visible")
    return [holder, label_at(text, x=percentage(at), y=75, anchor=anchor_at(at), css="c-strong")]


def _variance_bracket(numbers: _PlanNumbers, scale: Scale, currency: str) -> list[str]:
    """From expected to target, with how much that is."""
    if numbers.target is None or numbers.variance is None:
        return []
    css, colour, tone = (
        ("c-gap", BAD, "c-tone-bad") if numbers.variance < 0 else ("c-surplus", GOOD, "c-tone-ok")
    )
    left, right = sorted((numbers.expected, numbers.target))
    middle = (scale.at(left) + scale.at(right)) / 2
    text = label_at(
        numbers.verdict(currency), x=percentage(middle), y=104, anchor=anchor_at(middle), css=tone
    )
    if not numbers.variance:
        return [text]
    line = element(
        "line", class_=css, x1=scale.x(left), x2=scale.x(right), y1=87, y2=87, stroke=colour, stroke_width=1.5
    )
    caps = [
        _upright(scale, end, y1=83, y2=91, css=css, stroke=colour, stroke_width=1.5) for end in (left, right)
    ]
    return [line, *caps, text]


def _plan_axis(scale: Scale, currency: str, *, empty: bool) -> list[str]:
    drawn = []
    for tick in [ZERO] if empty else scale.ticks(4):
        at = scale.at(tick)
        css, colour = ("c-zero", INK_2) if tick == 0 else ("c-grid", LINE)
        drawn.append(_upright(scale, tick, y1=18, y2=116, css=css, stroke=colour, data_tick=tick))
        anchor = "start" if at < 4 else "end" if at > 94 else "middle"
        label = format_money_short(tick, currency)
        drawn.append(label_at(label, x=percentage(at), y=130, anchor=anchor, size=11))
    return drawn


def plan_chart(
    *,
    chart_id: str,
    currency: str,
    target: Number,
    won: Number,
    weighted_pipeline: Number,
    stretch: Number = None,
    title: str = "",
) -> SafeString:
    """Won, then weighted pipeline, in one bar; it ends at what is expected, beside the target."""
    numbers = _PlanNumbers.of(target, won, weighted_pipeline, stretch)
    scale = numbers.scale()
    empty = not numbers.parts() and numbers.target is None
    reach = numbers.target or scale.high
    track = element(
        "rect", class_="c-track", fill=TRACK, x=scale.x(ZERO), y=22, width=scale.width(ZERO, reach), height=28
    )
    return svg(
        hatch(chart_id),
        *_plan_axis(scale, currency, empty=empty),
        track,
        *_part_rects(numbers, scale, chart_id=chart_id, y=22, height=28),
        *_gap_rect(numbers, scale, y=22, height=28),
        *_plan_marks(numbers, scale, currency),
        *_expected_mark(numbers, scale, currency),
        *_variance_bracket(numbers, scale, currency),
        chart_id=chart_id,
        title=title or _("Target and expected revenue"),
        description=numbers.describe(currency),
        css="k-plan-chart",
        height=136,
    )


def mini_plan_bar(
    *, chart_id: str, currency: str, target: Number, won: Number, weighted_pipeline: Number
) -> SafeString:
    """The plan chart in a table cell: the bar and the target mark, the words for screen readers."""
    numbers = _PlanNumbers.of(target, won, weighted_pipeline)
    scale = numbers.scale()
    reach = numbers.target or scale.high
    drawn = [
        hatch(chart_id),
        element(
            "rect",
            class_="c-track",
            fill=TRACK,
            x=scale.x(ZERO),
            y=4,
            width=scale.width(ZERO, reach),
            height=10,
        ),
        *_part_rects(numbers, scale, chart_id=chart_id, y=4, height=10),
    ]
    if numbers.target is not None:
        drawn.append(
            _upright(
                scale,
                numbers.target,
                y1=0,
                y2=18,
                css="c-target",
                stroke=INK,
                stroke_width=2,
                data_mark="target",
            )
        )
    return svg(
        *drawn,
        chart_id=chart_id,
        title=numbers.describe(currency),
        description="",
        css="k-mini-bar",
        height=18,
    )
