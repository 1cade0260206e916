"""Actual against target, month by month."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from kam.core.formatting import Number, as_decimal, format_money, format_money_short
from kam.core.svg import HUNDRED, INK, INK_2, LINE, NEGATIVE, ZERO, element, escaped, label_at, svg
from metrics.charts.scales import percentage, round_step
from metrics.charts.svg import UNDER, WEIGHTED_LINE, WON, hatch


@dataclass(frozen=True)
class MonthPoint:
    """One month: what was reached, what was planned, and for months to come what is forecast."""

    label: str
    actual: Number = None
    target: Number = None
    forecast: Number = None


_PLOT_TOP, _PLOT_HEIGHT = 14, 210


def _month_scale(months: Sequence[MonthPoint]) -> tuple[Decimal, Decimal, list[Decimal]]:
    values = [as_decimal(value) for month in months for value in (month.actual, month.target, month.forecast)]
    known = [value for value in values if value is not None]
    low, high = min([ZERO, *known]), max([ZERO, *known])
    if low == high:
        return ZERO, Decimal(1), [ZERO]
    step = round_step((high - low) / 5)
    first = (low / step).to_integral_value(ROUND_FLOOR)
    last = (high / step).to_integral_value(ROUND_CEILING)
    return first * step, last * step, [step * index for index in range(int(first), int(last) + 1)]


def _month_column(
    month: MonthPoint,
    *,
    left: Decimal,
    slot: Decimal,
    currency: str,
    low: Decimal,
    high: Decimal,
    chart_id: str,
) -> str:
    def y(value: Decimal) -> Decimal:
        return _PLOT_TOP + (high - value) / (high - low) * _PLOT_HEIGHT

    actual, target, forecast = map(as_decimal, (month.actual, month.target, month.forecast))
    value = actual if actual is not None else forecast
    words, drawn = [], []
    if value is not None:
        name = _("actual") if actual is not None else _("forecast")
        words.append(f"{name} {format_money(value, currency)}")
        attributes = {"class_": "c-won", "fill": WON, "data_part": "actual"}
        if actual is None:
            hatch = f"url(#{chart_id}-hatch)"
            attributes = {"fill": hatch, "stroke": WEIGHTED_LINE, "data_part": "forecast"}
        elif actual < 0:
            attributes = {"class_": "c-negative", "fill": NEGATIVE, "data_part": "actual"}
        elif target is not None and actual < target:
            attributes = {"class_": "c-under", "fill": UNDER, "data_part": "actual"}
        top, bottom = sorted((y(value), y(ZERO)))
        drawn.append(
            element(
                "rect",
                x=percentage(left + slot / 5),
                width=percentage(slot * 3 / 5),
                y=f"{top:.1f}",
                height=f"{bottom - top:.1f}",
                **attributes,
            )
        )
    if target is not None:
        words.append(_("target %(amount)s") % {"amount": format_money(target, currency)})
        x1, x2 = percentage(left + slot / 10), percentage(left + slot * 9 / 10)
        height = f"{y(target):.1f}"
        drawn.append(
            element(
                "line", class_="c-target", x1=x1, x2=x2, y1=height, y2=height, stroke=INK, stroke_width=2.2
            )
        )
    return element("g", element("title", escaped(f"{month.label}: {', '.join(words) or '–'}")), *drawn)


def _month_axis(ticks: Sequence[Decimal], low: Decimal, high: Decimal, currency: str) -> list[str]:
    drawn = []
    for tick in ticks:
        y = _PLOT_TOP + (high - tick) / (high - low) * _PLOT_HEIGHT
        css, colour = ("c-zero", INK_2) if tick == 0 else ("c-grid", LINE)
        drawn.append(
            element("line", class_=css, x1="0%", x2="100%", y1=f"{y:.1f}", y2=f"{y:.1f}", stroke=colour)
        )
        drawn.append(
            label_at(format_money_short(tick, currency), x=-8, y=float(y) + 4, anchor="end", size=11)
        )
    return drawn


def month_bars(
    *,
    chart_id: str,
    currency: str,
    months: Sequence[MonthPoint],
    title: str = "",
    today_index: int | None = None,
) -> SafeString:
    """Actual against target per month; months to come are hatched. `today_index`: the first of these."""
    low, high, ticks = _month_scale(months)
    slot = HUNDRED / max(len(months), 1)
    columns, labels = [], []
    for index, month in enumerate(months):
        left = slot * index
        columns.append(
            _month_column(
                month, left=left, slot=slot, currency=currency, low=low, high=high, chart_id=chart_id
            )
        )
        # On a phone every other label of a long year is left out.
        minor = "c-wide-only" if len(months) > 6 and index % 2 else ""
        label = label_at(
            month.label,
            x=percentage(left + slot / 2),
            y=_PLOT_TOP + _PLOT_HEIGHT + 18,
            anchor="middle",
            size=11,
        )
        labels.append(element("g", label, class_=minor) if minor else label)
    if today_index is not None and 0 < today_index < len(months):
        x = percentage(slot * today_index)
        bottom = _PLOT_TOP + _PLOT_HEIGHT
        labels.append(
            element(
                "line", class_="c-stretch", x1=x, x2=x, y1=0, y2=bottom, stroke=INK_2, stroke_dasharray="3 3"
            )
        )
    total = {
        name: sum((as_decimal(getattr(month, name)) or ZERO for month in months), ZERO)
        for name in ("actual", "target", "forecast")
    }
    description = _("Actual %(actual)s, target %(target)s, forecast for the months to come %(forecast)s.") % {
        name: format_money(value, currency) for name, value in total.items()
    }
    return svg(
        hatch(chart_id),
        *_month_axis(ticks, low, high, currency),
        *columns,
        *labels,
        chart_id=chart_id,
        title=title or _("Actual against target by month"),
        description=description,
        css="k-month-bars",
        height=_PLOT_TOP + _PLOT_HEIGHT + 26,
    )
