"""What is open: its amount, and in it how much of that is to be expected."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from kam.core.formatting import Number, as_decimal, format_money
from kam.core.svg import HUNDRED, TRACK, ZERO, element, escaped, label_at, svg
from metrics.charts.axes import PLOT_BOTTOM, AmountAxis
from metrics.charts.scales import percentage
from metrics.charts.svg import UNDER, WEIGHTED_LINE, WON, hatch

BAR = 12


@dataclass(frozen=True)
class OpenPart:
    """One column: `is_late` for what should be closed already."""

    label: str
    amount: Number
    weighted: Number
    is_late: bool = False

    def words(self, currency: str) -> str:
        return _("%(label)s: open %(amount)s, weighted %(weighted)s") % {
            "label": self.label,
            "amount": format_money(self.amount, currency),
            "weighted": format_money(self.weighted, currency),
        }


def pipeline_chart(*, chart_id: str, currency: str, parts: Sequence[OpenPart], title: str = "") -> SafeString:
    """A column each: hatched the amount that is open, solid the weighted part of it."""
    axis = AmountAxis.over(value for part in parts for value in (part.amount, part.weighted))
    slot = HUNDRED / max(len(parts), 1)
    drawn = []
    for place, part in enumerate(parts):
        left = slot * place
        solid = {"class_": "c-under", "fill": UNDER} if part.is_late else {"class_": "c-won", "fill": WON}
        columns = [
            _upright(axis, part.amount, left, slot, fill=f"url(#{chart_id}-hatch)", stroke=WEIGHTED_LINE),
            _upright(axis, part.weighted, left, slot, **solid),
        ]
        drawn.append(element("g", element("title", escaped(part.words(currency))), *columns))
        label = label_at(
            part.label, x=percentage(left + slot / 2), y=PLOT_BOTTOM + 18, anchor="middle", size=11
        )
        is_minor = len(parts) > 6 and place % 2
        drawn.append(element("g", label, class_="c-wide-only") if is_minor else label)
    return svg(
        hatch(chart_id),
        *axis.drawn(currency),
        *drawn,
        chart_id=chart_id,
        title=title or _("Open, by month"),
        description="; ".join(part.words(currency) for part in parts),
        css="k-month-bars",
        height=PLOT_BOTTOM + 26,
    )


def _upright(axis: AmountAxis, amount: Number, left: Decimal, slot: Decimal, **look: object) -> str:
    top, bottom = sorted((axis.y(as_decimal(amount) or ZERO), axis.y(ZERO)))
    return element(
        "rect",
        x=percentage(left + slot / 5),
        width=percentage(slot * 3 / 5),
        y=f"{top:.1f}",
        height=f"{bottom - top:.1f}",
        **look,
    )


def open_bar(
    *, chart_id: str, currency: str, amount: Number, weighted: Number, most: Number, label: str
) -> SafeString:
    """The same lying in a table cell; bars beside each other share `most`."""
    whole = max(as_decimal(most) or ZERO, Decimal(1))

    def part(value: Number, **look: object) -> str:
        share = min(max(as_decimal(value) or ZERO, ZERO) / whole, Decimal(1)) * HUNDRED
        return element("rect", width=percentage(share), height=BAR, **look)

    return svg(
        hatch(chart_id),
        element("rect", class_="c-track", fill=TRACK, width="100%", height=BAR, rx=2),
        part(amount, fill=f"url(#{chart_id}-hatch)", stroke=WEIGHTED_LINE),
        part(weighted, class_="c-won", fill=WON),
        chart_id=chart_id,
        title=OpenPart(label, amount, weighted).words(currency),
        description="",
        css="k-mini-bar",
        height=BAR,
    )
