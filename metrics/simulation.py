"""How deals may turn out together: exactly for a few, by drawing lots for many. Pure, no database, no clock.

Each deal is won or lost by itself with its probability. Up to `EXACT_DEALS` all outcomes are counted.
Above, `DRAWS` outcomes are drawn at once: one bit of a long integer is one draw, so that an addition
over all draws is a few operations on integers, whatever language the loop would be written in.

Of very many deals (those of a whole territory) the `DRAWN_DEALS` that vary most are drawn one by one. All
others together come close to a normal distribution with their mean and variance, which is drawn instead.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from heapq import nlargest
from itertools import accumulate
from math import sqrt
from random import Random

EXACT_DEALS = 15
DRAWS = 10_000
DRAWN_DEALS = 1_000
LOTS = 16  # bits of a lot: probabilities are met to a 65,536th
PER_MILLE = 1_000


@dataclass(frozen=True)
class Bet:
    """A deal: its amount in minor units, and its probability in tenths of a percent."""

    amount: int
    chance: int

    @property
    def variance(self) -> int:
        """In minor units squared, times a million."""
        return self.amount**2 * self.chance * (PER_MILLE - self.chance)


class Outcomes:
    """What may come out: totals, and how often each does. `chance_of` and `swings` depend on how they came about."""

    is_exact: bool

    def __init__(self, totals: Sequence[int], weights: Sequence[int]) -> None:
        pairs = sorted(zip(totals, weights, strict=True))
        self.totals = [total for total, _weight in pairs]
        self.reached = list(accumulate(weight for _total, weight in pairs))

    @property
    def weight(self) -> int:
        return self.reached[-1]

    def chance_of(self, target: int) -> float:
        """That the total is at least so much."""
        first = bisect_left(self.totals, target)
        return (self.weight - (self.reached[first - 1] if first else 0)) / self.weight

    def quantile(self, percent: int) -> int:
        """The smallest total that is not exceeded in at least so many percent of the outcomes."""
        return self.totals[bisect_left(self.reached, -(-self.weight * percent // 100))]

    def swings(self, target: int) -> list[float]:
        """For each deal: how much more likely the target is with it won than with it lost.

        Of a deal that is certain, one way or the other, nothing is to be told: 0.
        """
        won, hits, all_hits = self._counted(target)
        return [
            hit / of - (all_hits - hit) / (self.weight - of) if 0 < of < self.weight else 0.0
            for of, hit in zip(won, hits, strict=True)
        ]

    def _counted(self, target: int) -> tuple[list[int], list[int], int]:
        """By deal: the weight of the outcomes in which it is won, and of those with the target; and of all of these."""
        raise NotImplementedError

    def histogram(self, bars: int) -> list[tuple[int, int, float]]:
        """Equal classes from the smallest to the largest total: from, to, share."""
        low, high = self.totals[0], self.totals[-1]
        if low == high:
            return [(low, high, 1.0)]
        edges = [low + (high - low) * number // bars for number in range(bars + 1)]
        places = [bisect_left(self.totals, edge) for edge in edges[1:-1]]
        up_to = [0, *(self.reached[place - 1] if place else 0 for place in places), self.weight]
        return [
            (edges[number], edges[number + 1], (up_to[number + 1] - up_to[number]) / self.weight)
            for number in range(bars)
        ]


def outcomes_of(bets: Sequence[Bet], *, base: int, seed: str) -> Outcomes:
    """What `base` and the deals may come to. The same bets and seed give the same outcomes."""
    if len(bets) <= EXACT_DEALS:
        return EveryOutcome(bets, base)
    if len(bets) <= DRAWN_DEALS:
        return DrawnOutcomes(bets, base, Random(seed))
    return ManyOutcomes(bets, base, seed)


class EveryOutcome(Outcomes):
    """All of them. The k-th binary digit of an outcome's place says whether the k-th deal is won in it."""

    is_exact = True

    def __init__(self, bets: Sequence[Bet], base: int) -> None:
        self._totals, self._weights = [base], [1]
        for bet in bets:
            self._totals += [total + bet.amount for total in self._totals]
            lost, won = PER_MILLE - bet.chance, bet.chance
            self._weights = [w * lost for w in self._weights] + [w * won for w in self._weights]
        self._deals = len(bets)
        super().__init__(self._totals, self._weights)

    def _counted(self, target: int) -> tuple[list[int], list[int], int]:
        hitting = [
            weight if total >= target else 0
            for total, weight in zip(self._totals, self._weights, strict=True)
        ]
        return self._by_deal(self._weights), self._by_deal(hitting), sum(hitting)

    def _by_deal(self, weights: list[int]) -> list[int]:
        """The last deal is won in the second half; folded on the first, that leaves the outcomes of the others."""
        found = []
        for _deal in range(self._deals):
            half = len(weights) // 2
            found.append(sum(weights[half:]))
            weights = [lost + won for lost, won in zip(weights[:half], weights[half:], strict=True)]
        return found[::-1]


class DrawnOutcomes(Outcomes):
    """So many drawn ones, all at once."""

    is_exact = False

    def __init__(self, bets: Sequence[Bet], base: int, random: Random) -> None:
        self._draw(bets, [_lots(bet.chance, random) for bet in bets], base)
        super().__init__(self._totals, [1] * DRAWS)

    def _draw(self, bets: Sequence[Bet], lots: list[int], base: int) -> None:
        self._won = lots
        everywhere = (1 << DRAWS) - 1
        planes: list[int] = []  # plane k holds the k-th binary digit of the total of every draw
        lowest = base
        for bet, won in zip(bets, self._won, strict=True):
            # A negative amount counts from its own loss upwards, so that all that is added is positive.
            lowest += min(bet.amount, 0)
            _add(planes, abs(bet.amount), won if bet.amount >= 0 else won ^ everywhere)
        digits = [f"{plane:0{DRAWS}b}" for plane in reversed(planes)] or ["0" * DRAWS]
        self._totals = [int("".join(column), 2) + lowest for column in zip(*digits, strict=True)]

    def _counted(self, target: int) -> tuple[list[int], list[int], int]:
        hitting = int("".join("1" if total >= target else "0" for total in self._totals), 2)
        won = [mask.bit_count() for mask in self._won]
        return won, [(mask & hitting).bit_count() for mask in self._won], hitting.bit_count()


class ManyOutcomes(DrawnOutcomes):
    """Each deal that is drawn has lots of its own, by its place: one that changes leaves the others theirs."""

    def __init__(self, bets: Sequence[Bet], base: int, seed: str) -> None:
        self._deals = len(bets)
        self._drawn = sorted(nlargest(DRAWN_DEALS, range(len(bets)), key=lambda place: bets[place].variance))
        drawn, rest = set(self._drawn), Random(f"{seed} rest")
        lots = [_lots(bets[place].chance, Random(f"{seed} {place}")) for place in self._drawn]
        self._draw([bets[place] for place in self._drawn], lots, base)
        others = [bet for place, bet in enumerate(bets) if place not in drawn]
        mean = sum(bet.amount * bet.chance for bet in others) / PER_MILLE
        deviation = sqrt(sum(bet.variance for bet in others)) / PER_MILLE
        low, high = (sum(pick(bet.amount, 0) for bet in others) for pick in (min, max))
        self._totals = [
            total + min(max(round(rest.gauss(mean, deviation)), low), high) for total in self._totals
        ]
        Outcomes.__init__(self, self._totals, [1] * DRAWS)

    def swings(self, target: int) -> list[float]:
        """What one of the others moves is too little to be told: 0."""
        found = dict(zip(self._drawn, super().swings(target), strict=True))
        return [found.get(place, 0.0) for place in range(self._deals)]


def _lots(chance: int, random: Random) -> int:
    """A bit per draw, set with this probability: a binary fraction below it, compared digit by digit."""
    threshold = (chance << LOTS) // PER_MILLE
    if threshold >= 1 << LOTS:
        return (1 << DRAWS) - 1
    below = 0
    for digit in range(LOTS):
        lot = random.getrandbits(DRAWS)
        below = below | ~lot if threshold >> digit & 1 else below & ~lot
    return below & (1 << DRAWS) - 1


def _add(planes: list[int], amount: int, where: int) -> None:
    """Add an amount to the totals of the draws in `where`."""
    carry, place = 0, 0
    while amount >> place or carry:
        if place == len(planes):
            planes.append(0)
        digit = where if amount >> place & 1 else 0
        old = planes[place]
        planes[place] = old ^ digit ^ carry
        carry = old & digit | old & carry | digit & carry
        place += 1
