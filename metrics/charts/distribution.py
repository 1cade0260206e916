"""How an amount may turn out: bars for how often, marks for what is to be reached."""

from collections.abc import Sequence
from decimal import Decimal

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from kam.core.formatting import Number, as_decimal, format_money, format_money_short, format_percent
from kam.core.svg import HUNDRED, INK, INK_2, element, escaped, label_at, svg
from metrics.charts.scales import Scale, anchor_at, percentage
from metrics.charts.svg import WEIGHTED_LINE, WON

TOP, HEIGHT = 34, 90
BOTTOM = TOP + HEIGHT
Class = tuple[Number, Number, float]


def _bars(
    classes: Sequence[tuple[Decimal, Decimal, float]], scale: Scale, target: Decimal | None, currency: str
) -> list[str]:
    most = max(share for _low, _high, share in classes) or 1
    drawn = []
    for low, high, share in classes:
        height = Decimal(share / most * HEIGHT)
        reaches = target is not None and low >= target
        look = (
            {"class_": "c-won", "fill": WON} if reaches else {"class_": "c-line-fill", "fill": WEIGHTED_LINE}
        )
        words = _("%(low)s to %(high)s: %(share)s") % {
            "low": format_money_short(low, currency),
            "high": format_money_short(high, currency),
            "share": format_percent(share * 100),
        }
        width = max(scale.at(high) - scale.at(low) - Decimal("0.3"), Decimal("0.6"))
        drawn.append(
            element(
                "rect",
                element("title", escaped(words)),
                x=scale.x(low),
                width=percentage(width),
                y=f"{BOTTOM - height:.1f}",
                height=f"{height:.1f}",
                data_part="reached" if reaches else "short",
                **look,
            )
        )
    return drawn


def _mark(value: Decimal, label: str, scale: Scale, *, y: int, name: str, dashed: bool = False) -> list[str]:
    at = scale.at(value)
    colour = INK_2 if dashed else INK
    line = element(
        "line",
        class_="c-stretch" if dashed else "c-target",
        x1=percentage(at),
        x2=percentage(at),
        y1=y + 4,
        y2=BOTTOM,
        stroke=colour,
        stroke_width=1.8,
        stroke_dasharray="2 4" if dashed else None,
        data_mark=name,
    )
    return [line, label_at(label, x=percentage(at), y=y, anchor=anchor_at(at), css="c-strong", size=11)]


def distribution_chart(
    *,
    chart_id: str,
    currency: str,
    classes: Sequence[Class],
    target: Number = None,
    stretch: Number = None,
    title: str = "",
    is_small: bool = False,
    span: Sequence[Number] = (),
) -> SafeString:
    """`classes` are equal ones in ascending order: from, to, share. What reaches the target is darker.

    `span` holds amounts that are to be in the picture, too: of those that it is compared with.
    """
    known = [
        (as_decimal(low) or Decimal(0), as_decimal(high) or Decimal(0), share) for low, high, share in classes
    ]
    goal, high_goal = as_decimal(target), as_decimal(stretch)
    values = [value for low, high, _share in known for value in (low, high)]
    marks = [value for value in (goal, high_goal) if value is not None]
    others = [value for value in map(as_decimal, span) if value is not None]
    low, high = min([*values, *marks, *others]), max([*values, *marks, *others])
    margin = (high - low) / 20 or Decimal(1)
    scale = Scale(low - margin, high + margin)
    drawn = [
        element("line", class_="c-zero", x1="0%", x2="100%", y1=BOTTOM, y2=BOTTOM, stroke=INK_2),
        *_bars(known, scale, goal, currency),
    ]
    if goal is not None:
        label = _("Target %(amount)s") % {"amount": format_money_short(goal, currency)}
        drawn += _mark(goal, label, scale, y=26, name="target")
    if high_goal is not None and not is_small:
        label = _("Stretch %(amount)s") % {"amount": format_money_short(high_goal, currency)}
        drawn += _mark(high_goal, label, scale, y=11, name="stretch", dashed=True)
    for value in () if is_small else (known[0][0], known[-1][1]):
        at = scale.at(value)
        text = format_money_short(value, currency)
        drawn.append(
            label_at(text, x=percentage(min(at, HUNDRED)), y=BOTTOM + 16, anchor=anchor_at(at), size=11)
        )
    description = _("From %(low)s to %(high)s.") % {
        "low": format_money(known[0][0], currency),
        "high": format_money(known[-1][1], currency),
    }
    return svg(
        *drawn,
        chart_id=chart_id,
        title=title or _("How the total may turn out"),
        description=description,
        css="k-distribution",
        height=BOTTOM + (6 if is_small else 22),
    )
