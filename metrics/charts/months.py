"""Actual against target, month by month."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from kam.core.formatting import Number, as_decimal, format_money
from kam.core.svg import HUNDRED, INK, INK_2, NEGATIVE, ZERO, element, escaped, label_at, svg
from metrics.charts.axes import PLOT_BOTTOM, AmountAxis
from metrics.charts.scales import percentage
from metrics.charts.svg import UNDER, WEIGHTED_LINE, WON, hatch


@dataclass(frozen=True)
class MonthPoint:
    """One month: what was reached, what was planned, and for months to come what is forecast."""

    label: str
    actual: Number = None
    target: Number = None
    forecast: Number = None


def _month_column(
    month: MonthPoint,
    *,
    left: Decimal,
    slot: Decimal,
    currency: str,
    axis: AmountAxis,
    chart_id: str,
    mark: str,
) -> str:
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
        top, bottom = sorted((axis.y(value), axis.y(ZERO)))
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
        words.append(f"{mark} {format_money(target, currency)}")
        x1, x2 = percentage(left + slot / 10), percentage(left + slot * 9 / 10)
        height = f"{axis.y(target):.1f}"
        drawn.append(
            element(
                "line", class_="c-target", x1=x1, x2=x2, y1=height, y2=height, stroke=INK, stroke_width=2.2
            )
        )
    return element("g", element("title", escaped(f"{month.label}: {', '.join(words) or '–'}")), *drawn)


def month_bars(
    *,
    chart_id: str,
    currency: str,
    months: Sequence[MonthPoint],
    title: str = "",
    today_index: int | None = None,
    mark: str = "",
) -> SafeString:
    """Actual against target per month; months to come are hatched. `today_index`: the first of these.

    `mark` is the name of what is compared with, if it is no target.
    """
    mark = mark or _("target")
    axis = AmountAxis.over(
        value for month in months for value in (month.actual, month.target, month.forecast)
    )
    slot = HUNDRED / max(len(months), 1)
    columns, labels = [], []
    for index, month in enumerate(months):
        left = slot * index
        columns.append(
            _month_column(
                month, left=left, slot=slot, currency=currency, axis=axis, chart_id=chart_id, mark=mark
            )
        )
        # On a phone every other label of a long year is left out.
        minor = "c-wide-only" if len(months) > 6 and index % 2 else ""
        label = label_at(
            month.label,
            x=percentage(left + slot / 2),
            y=PLOT_BOTTOM + 18,
            anchor="middle",
            size=11,
        )
        labels.append(element("g", label, class_=minor) if minor else label)
    if today_index is not None and 0 < today_index < len(months):
        x = percentage(slot * today_index)
        labels.append(
            element(
                "line",
                class_="c-stretch",
                x1=x,
                x2=x,
                y1=0,
                y2=PLOT_BOTTOM,
                stroke=INK_2,
                stroke_dasharray="3 3",
            )
        )
    total = {
        name: sum((as_decimal(getattr(month, name)) or ZERO for month in months), ZERO)
        for name in ("actual", "target", "forecast")
    }
    description = _(
        "Actual %(actual)s, %(mark)s %(target)s, forecast for the months to come %(forecast)s."
    ) % {
        "mark": mark,
        **{name: format_money(value, currency) for name, value in total.items()},
    }
    return svg(
        hatch(chart_id),
        *axis.drawn(currency),
        *columns,
        *labels,
        chart_id=chart_id,
        title=title or _("Actual against target by month"),
        description=description,
        css="k-month-bars",
        height=PLOT_BOTTOM + 26,
    )
