"""What a plan's deals would bring if some of them were otherwise. Pure: no database, no clock.

Amounts are fractions until they are rounded once at the end, as the rollup does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

from kam.core.money import minor_units
from metrics.simulation import EXACT_DEALS, Bet

NOTHING = Fraction(0)
CERTAIN = Decimal(100)


@dataclass(frozen=True)
class Frame:
    """What decides whether a record counts in a plan, and for how much."""

    start: date
    end: date
    currency: str
    factor: Callable[[str, date], Decimal | None]  # one unit of a currency on a day in the plan's

    def holds(self, day: date) -> bool:
        return self.start <= day <= self.end


@dataclass(frozen=True)
class Stake:
    """What a deal brings to the plan, in its currency, not rounded."""

    amount: Fraction
    probability: Decimal


@dataclass(frozen=True)
class Piece:
    """A record of a deal whatever its day: the deal itself, or one of its schedules."""

    day: date
    amount: Decimal
    is_kept: bool = False  # counts on any day: somebody put it into the plan by hand


@dataclass(frozen=True)
class Deal:
    """An open deal as it is, with the records that the plan counts or would count on another day."""

    day: date
    amount: Decimal
    currency: str
    probability: Decimal
    pieces: Sequence[Piece]


@dataclass(frozen=True)
class Wish:
    """What would be otherwise with a deal. None: as it is."""

    day: date | None = None
    amount: Decimal | None = None
    probability: Decimal | None = None
    is_won: bool = False
    is_dropped: bool = False


@dataclass(frozen=True)
class Imagined:
    """What a changed deal would bring: `stake` while it stays open, `won` if it is won."""

    stake: Stake | None = None
    won: Fraction = NOTHING
    outside: int = 0  # records that fall outside the period
    not_converted: int = 0


class _Sum:
    """Adds very many fractions: those with the same denominator as whole numbers."""

    def __init__(self) -> None:
        self._parts: dict[int, int] = defaultdict(int)

    def add(self, numerator: int, denominator: int) -> None:
        self._parts[denominator] += numerator

    @property
    def total(self) -> Fraction:
        return sum((Fraction(above, below) for below, above in self._parts.items()), NOTHING)


@dataclass
class Sums:
    """A plan's deals together: what is won, and what each open one brings."""

    won: Fraction = NOTHING
    stakes: dict[UUID, Stake] = field(default_factory=dict)

    def changed(self, imagined: Mapping[UUID, Imagined]) -> Sums:
        """The same with these deals otherwise (or added)."""
        result = Sums(self.won, dict(self.stakes))
        for key, deal in imagined.items():
            result.stakes.pop(key, None)
            if deal.stake is not None:
                result.stakes[key] = deal.stake
            result.won += deal.won
        return result

    def rounded(self, currency: str) -> dict[str, Decimal]:
        """The sums of the KPIs, each rounded once; the total is that of the rounded parts."""
        pipeline, weighted = _Sum(), _Sum()
        for stake in self.stakes.values():
            chance, whole = stake.probability.as_integer_ratio()
            pipeline.add(stake.amount.numerator, stake.amount.denominator)
            weighted.add(stake.amount.numerator * chance, stake.amount.denominator * whole)
        won, likely = rounded(self.won, currency), rounded(weighted.total / 100, currency)
        return {
            "won_revenue": won,
            "pipeline": rounded(pipeline.total, currency),
            "weighted_pipeline": likely,
            "total_expected_revenue": won + likely,
        }


def rounded(amount: Fraction, currency: str) -> Decimal:
    """Half up (away from zero) to the currency's minor unit."""
    units = in_units(amount, currency)
    return Decimal(units).scaleb(-minor_units(currency))


def in_units(amount: Fraction, currency: str) -> int:
    above, below = amount.numerator * 10 ** minor_units(currency), amount.denominator
    whole = (2 * abs(above) + below) // (2 * below)
    return whole if above >= 0 else -whole


def stakes_of(records: Iterable[tuple[UUID, Decimal, Decimal]]) -> dict[UUID, Stake]:
    """By deal, from (deal, what a record of it brings, probability): its records are won or lost together."""
    amounts: dict[UUID, Fraction] = defaultdict(Fraction)
    chances: dict[UUID, Decimal] = {}
    for key, amount, probability in records:
        amounts[key] += Fraction(amount)
        chances.setdefault(key, probability)
    return {key: Stake(amount, chances[key]) for key, amount in amounts.items()}


# --- One deal -----------------------------------------------------------------------------------
def imagine(deal: Deal, wish: Wish, frame: Frame) -> Imagined:
    """What a deal would bring. Its records move by as many days as it does, and grow as it does."""
    if wish.is_dropped:
        return Imagined()
    total, outside, not_converted = NOTHING, 0, 0
    counted = 0
    for piece in deal.pieces:
        day = moved(piece.day, deal.day, wish.day)
        if not (piece.is_kept or frame.holds(day)):
            outside += 1
            continue
        factor = frame.factor(deal.currency, day)
        if factor is None:
            not_converted += 1
            continue
        counted += 1
        total += scaled(piece, deal, wish.amount) * Fraction(factor)
    if not counted:
        return Imagined(outside=outside, not_converted=not_converted)
    if wish.is_won:
        return Imagined(None, total, outside, not_converted)
    probability = deal.probability if wish.probability is None else wish.probability
    return Imagined(Stake(total, probability), NOTHING, outside, not_converted)


def moved(day: date, was: date, becomes: date | None) -> date:
    """As many days later or earlier as `becomes` lies from `was`; never beyond the calendar."""
    if becomes is None:
        return day
    ordinal = day.toordinal() + becomes.toordinal() - was.toordinal()
    return date.fromordinal(min(max(ordinal, date.min.toordinal()), date.max.toordinal()))


def scaled(piece: Piece, deal: Deal, amount: Decimal | None) -> Fraction:
    """The share of the deal's other amount; of a deal without amount, its records share it evenly."""
    if amount is None:
        return Fraction(piece.amount)
    if not deal.amount:
        return Fraction(amount) / len(deal.pieces)
    return Fraction(piece.amount) * Fraction(amount) / Fraction(deal.amount)


# --- Chance -------------------------------------------------------------------------------------
def bets_of(now: Mapping[UUID, Stake], then: Mapping[UUID, Stake], currency: str) -> list[Bet]:
    """The bets of an imagined plan, so that what is drawn for a deal stays what it is now.

    Lots are drawn deal by deal. A deal that is gone keeps its place with nothing to win, new ones come
    last: two plans differ by what was changed and not by luck. A certain deal takes no lots, so one that
    becomes or ceases to be certain changes its place.
    """
    if len(then) <= EXACT_DEALS:  # counted, not drawn
        return [_bet(stake, currency) for _key, stake in in_order(then)]
    bets, placed = [], set()
    for key, stake in in_order(now):
        there = then.get(key)
        if there is not None and is_certain(there) == is_certain(stake):
            bets.append(_bet(there, currency))
            placed.add(key)
        else:
            bets.append(Bet(0, _chance(stake)))
    return bets + [_bet(stake, currency) for key, stake in in_order(then) if key not in placed]


def in_order(stakes: Mapping[UUID, Stake]) -> list[tuple[UUID, Stake]]:
    """By the ids of their deals."""
    return sorted(stakes.items(), key=lambda pair: pair[0].int)


def is_certain(stake: Stake) -> bool:
    return stake.probability >= CERTAIN


def _bet(stake: Stake, currency: str) -> Bet:
    return Bet(in_units(stake.amount, currency), _chance(stake))


def _chance(stake: Stake) -> int:
    return int(stake.probability * 10)
