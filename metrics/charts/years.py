"""Several years, month by month, one column beside the other: alone, or small beside others of the same scale."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.safestring import SafeString

from kam.core.formatting import Number, as_decimal, format_money
from kam.core.svg import HUNDRED, INK_2, LINE, NEGATIVE, ZERO, element, escaped, label_at, svg
from metrics.charts.axes import PLOT_BOTTOM, AmountAxis
from metrics.charts.scales import percentage
from metrics.charts.svg import WEIGHTED_LINE, WON

SMALL_TOP, SMALL_BOTTOM = 4, 64


@dataclass(frozen=True)
class YearOfMonths:
    """`months` has a label and an amount each; `is_latest` stands out."""

    label: str
    months: Sequence[tuple[str, Number]]
    is_latest: bool = False

    @property
    def total(self) -> Decimal:
        return sum((as_decimal(amount) or ZERO for _label, amount in self.months), ZERO)


def years_chart(
    *,
    chart_id: str,
    currency: str,
    years: Sequence[YearOfMonths],
    title: str,
    reach: tuple[Number, Number] | None = None,
) -> SafeString:
    """With an axis; or small, between the amounts of `reach`, which charts beside each other share."""
    axis = AmountAxis.over(amount for year in years for _label, amount in year.months)
    height: Callable[[Decimal], Decimal] = axis.y
    if reach is None:
        drawn, bottom = axis.drawn(currency), PLOT_BOTTOM
    else:
        height, bottom = _between(*reach), SMALL_BOTTOM
        y = f"{height(ZERO):.1f}"
        drawn = [element("line", class_="c-zero", stroke=INK_2, x1="0%", x2="100%", y1=y, y2=y)]
    slot = HUNDRED / max(sum(len(year.months) for year in years), 1)
    left = ZERO
    for number, year in enumerate(years):
        x, middle = percentage(left), percentage(left + slot * len(year.months) / 2)
        if number:
            line = {"class_": "c-grid", "stroke": LINE, "x1": x, "x2": x}
            drawn.append(element("line", **line, y1=SMALL_TOP, y2=bottom + 6))
        drawn.append(label_at(year.label, x=middle, y=bottom + 18, anchor="middle", size=11))
        for label, amount in year.months:
            value = as_decimal(amount) or ZERO
            text = f"{label}: {format_money(value, currency)}"
            if value:
                drawn.append(_column(text, value, left, slot, height, is_latest=year.is_latest))
            left += slot
    return svg(
        *drawn,
        chart_id=chart_id,
        title=title,
        description="; ".join(f"{year.label}: {format_money(year.total, currency)}" for year in years),
        css="k-month-bars" if reach is None else "k-years-small",
        height=bottom + 26,
    )


def _between(low: Number, high: Number) -> Callable[[Decimal], Decimal]:
    """Heights of a small chart."""
    least, most = min(as_decimal(low) or ZERO, ZERO), max(as_decimal(high) or ZERO, ZERO)
    span = (most - least) or Decimal(1)
    return lambda value: SMALL_TOP + (most - value) / span * (SMALL_BOTTOM - SMALL_TOP)


def _column(
    text: str,
    value: Decimal,
    left: Decimal,
    slot: Decimal,
    height: Callable[[Decimal], Decimal],
    *,
    is_latest: bool,
) -> str:
    top, base = sorted((height(value), height(ZERO)))
    look = {"class_": "c-line-fill", "fill": WEIGHTED_LINE}
    if value < 0:
        look = {"class_": "c-negative", "fill": NEGATIVE}
    elif is_latest:
        look = {"class_": "c-won", "fill": WON}
    return element(
        "rect",
        element("title", escaped(text)),
        x=percentage(left + slot / 8),
        width=percentage(slot * 3 / 4),
        y=f"{top:.1f}",
        height=f"{base - top:.1f}",
        **look,
    )
