"""From amounts to positions."""

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from kam.core.svg import HUNDRED


def percentage(value: Decimal) -> str:
    return f"{value:.2f}%"


@dataclass(frozen=True)
class Scale:
    low: Decimal
    high: Decimal

    def at(self, value: Decimal) -> Decimal:
        """Where a value stands, in percent of the width."""
        return (value - self.low) / (self.high - self.low) * HUNDRED

    def x(self, value: Decimal) -> str:
        return percentage(self.at(value))

    def width(self, start: Decimal, end: Decimal) -> str:
        return percentage(abs(self.at(end) - self.at(start)))

    def ticks(self, count: int) -> list[Decimal]:
        """Round numbers inside the scale, at most `count` steps."""
        step = round_step((self.high - self.low) / count)
        first = (self.low / step).to_integral_value(ROUND_CEILING)
        last = (self.high / step).to_integral_value(ROUND_FLOOR)
        return [step * index for index in range(int(first), int(last) + 1)]


def round_step(least: Decimal) -> Decimal:
    """The smallest of 1, 2, 2.5, 5 times a power of ten that is not below `least`."""
    power = Decimal(10) ** least.adjusted()
    return next(step * power for step in map(Decimal, ("1", "2", "2.5", "5", "10")) if step * power >= least)


def anchor_at(position: Decimal) -> str:
    """Labels near an edge grow inwards."""
    return "start" if position < 22 else "end" if position > 78 else "middle"
