"""How many slots a demand takes at its peak, by trying."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from bench.scaling.demand import HOUR_S, PEAK_HOUR, Demand, jobs
from bench.scaling.room import Outcome, Pool, Room, quantile

WARM_UP_S = 1800.0
"""Simulated before waits count."""
COUNTED = 6000
"""Jobs that count at least, so that a rare demand is looked at for many peak hours."""
SHARE = 0.95
CLOSE = 0.01
"""How much too many slots an answer may be, of itself: below 200 it is exact."""
PLENTY = 4


@dataclass(frozen=True)
class Slice:
    """A stretch at one hour's rate."""

    demand: Demand
    span_s: float

    @classmethod
    def peak(cls, demand: Demand, counted: int = COUNTED) -> Slice:
        """The day's busiest hour, or as many of them as bring ``counted`` jobs."""
        steady = replace(demand, hour=PEAK_HOUR)
        return cls(steady, WARM_UP_S + max(HOUR_S, counted / steady.rate(0.0)))

    @property
    def load(self) -> float:
        """Slots at work on average, all warm."""
        return self.demand.rate(0.0) * self.demand.mean_s

    def run(self, pool: Pool, seed: int) -> Outcome:
        return Room(pool, jobs(self.demand, seed, until_s=self.span_s), seed).run()

    def wait_s(self, pool: Pool, seed: int) -> float:
        """The wait that 95 % of the jobs after the warming up do not exceed."""
        return quantile(self.run(pool, seed).waits(WARM_UP_S), SHARE)


def slots_for(part: Slice, most_s: float, seed: int, pool: Pool | None = None) -> int | None:
    """The fewest slots at which 95 % of the jobs wait ``most_s`` at most; the same jobs for each try. Never
    fewer than keep up with the rate for ever: the hours before and after a peak are not much quieter. None
    where no number helps, as with machines that are lost too often."""
    given = pool or Pool(0)

    def enough(slots: int) -> bool:
        return part.wait_s(replace(given, slots=slots), seed) <= most_s

    return fewest(enough, math.floor(part.load) + 1)


def fewest(enough: Callable[[int], bool], least: int) -> int | None:
    """The least number, ``least`` or more, that is ``enough`` where more always is, too; within `CLOSE` above
    it. None where not even `PLENTY` times as many are."""
    low, high, step = least - 1, least, max(1, least // 8)
    while not enough(high):
        if high > PLENTY * least + PLENTY:
            return None
        low, high, step = high, high + step, 2 * step
    while high - low > max(1, math.floor(high * CLOSE)):
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
