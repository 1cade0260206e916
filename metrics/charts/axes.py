"""The upright axis of money that charts over time share."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from kam.core.formatting import Number, as_decimal, format_money_short
from kam.core.svg import INK_2, LINE, ZERO, element, label_at
from metrics.charts.scales import round_step

PLOT_TOP, PLOT_HEIGHT = 14, 210
PLOT_BOTTOM = PLOT_TOP + PLOT_HEIGHT


@dataclass(frozen=True)
class AmountAxis:
    """From a round number below all values to one above; zero always shows."""

    low: Decimal
    high: Decimal
    ticks: Sequence[Decimal]

    @classmethod
    def over(cls, values: Iterable[Number]) -> "AmountAxis":
        known = [value for value in map(as_decimal, values) if value is not None]
        low, high = min([ZERO, *known]), max([ZERO, *known])
        if low == high:
            return cls(ZERO, Decimal(1), [ZERO])
        step = round_step((high - low) / 5)
        first = int((low / step).to_integral_value(ROUND_FLOOR))
        last = int((high / step).to_integral_value(ROUND_CEILING))
        return cls(first * step, last * step, [step * index for index in range(first, last + 1)])

    def y(self, value: Decimal) -> Decimal:
        return PLOT_TOP + (self.high - value) / (self.high - self.low) * PLOT_HEIGHT

    def drawn(self, currency: str) -> list[str]:
        parts = []
        for tick in self.ticks:
            y = self.y(tick)
            css, colour = ("c-zero", INK_2) if tick == 0 else ("c-grid", LINE)
            parts.append(
                element("line", class_=css, x1="0%", x2="100%", y1=f"{y:.1f}", y2=f"{y:.1f}", stroke=colour)
            )
            parts.append(
                label_at(format_money_short(tick, currency), x=-8, y=float(y) + 4, anchor="end", size=11)
            )
        return parts
