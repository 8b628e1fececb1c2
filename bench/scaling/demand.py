"""Who asks for what and when: Poisson arrivals with the hours of a day and bursts. The same seed, the same
jobs."""

from __future__ import annotations

import math
import random
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

HOUR_S, DAY_S = 3600.0, 86_400.0
DAY_PROFILE = (
    0.55, 0.40, 0.32, 0.28, 0.28, 0.32, 0.45, 0.65, 0.85, 1.00, 1.10, 1.15,
    1.20, 1.20, 1.20, 1.20, 1.25, 1.35, 1.50, 1.65, 1.70, 1.60, 1.25, 0.85,
)  # fmt: skip
"""Assumed: demand of each hour, of the day's mean. Scaled so that the mean is one."""
LENGTHS = ((0.5, 0.25), (1.0, 0.5), (1.5, 0.25))
"""Assumed: how long clips are, of the model's own length, and how often."""


@dataclass(frozen=True)
class Kind:
    """One model's jobs in a pool."""

    model: str
    seconds: float
    """Of one slot, for a clip of the model's own length, with the model warm."""
    load_s: float
    """More where it is not."""
    share: float = 1.0


@dataclass(frozen=True)
class Bursts:
    """``factor`` times as many for ``on_s`` in every ``every_s``, at a random moment of it that stays.
    Assumed."""

    factor: float = 2.0
    on_s: float = 120.0
    every_s: float = 1800.0

    @property
    def mean(self) -> float:
        return 1 + (self.factor - 1) * self.on_s / self.every_s


@dataclass(frozen=True)
class Demand:
    """``per_day`` jobs a day on average, bursts counted, at one hour's rate (``hour``) or over a whole day
    (None)."""

    kinds: tuple[Kind, ...]
    per_day: float
    hour: int | None = None
    bursts: Bursts | None = Bursts()
    owners: int = 200
    """Keys; the n-th sends in proportion to 1 / n."""
    lengths: tuple[tuple[float, float], ...] = LENGTHS
    exponential: bool = False
    """Exponential times instead of ``lengths``: for theory."""

    def rate(self, at_s: float) -> float:
        """Jobs a second, bursts aside."""
        hour = int(at_s // HOUR_S) % 24 if self.hour is None else self.hour
        return self.per_day / DAY_S * DAY_PROFILE[hour] * 24 / sum(DAY_PROFILE)

    @property
    def mean_s(self) -> float:
        """Mean seconds of a warm slot for one job."""
        total = sum(kind.share for kind in self.kinds)
        factor = (
            1.0 if self.exponential else sum(a * b for a, b in self.lengths) / sum(b for _, b in self.lengths)
        )
        return factor * sum(kind.seconds * kind.share for kind in self.kinds) / total


PEAK_HOUR = DAY_PROFILE.index(max(DAY_PROFILE))


@dataclass(slots=True)
class Job:
    """One video. Times in seconds from the beginning; ``work_s`` is the same in every attempt."""

    number: int
    owner: int
    kind: Kind
    work_s: float
    arrived: float
    queued: float = 0.0
    done: float = math.nan
    attempts: int = 0
    cold: bool = False
    settled: int = 0

    @property
    def wait_s(self) -> float:
        """From the request to the finished video, less the work itself: queue, loading, lost attempts,
        store."""
        return self.done - self.arrived - self.work_s


def jobs(demand: Demand, seed: int, *, until_s: float = math.inf, most: int | None = None) -> Iterator[Job]:
    """In the order of their arrival: those before ``until_s``, ``most`` at most."""
    times, rng = _times(demand, random.Random(f"{seed} arrivals")), random.Random(f"{seed} jobs")
    shares = list(accumulate(kind.share for kind in demand.kinds))
    keys = list(accumulate(1 / (n + 1) for n in range(demand.owners)))
    often = list(accumulate(share for _, share in demand.lengths))
    for number, at in enumerate(times):
        if at >= until_s or number == most:
            return
        kind = demand.kinds[_drawn(rng, shares)]
        length = demand.lengths[_drawn(rng, often)][0]
        if demand.exponential:
            length = exponential(rng, 1.0)
        yield Job(number, _drawn(rng, keys), kind, kind.seconds * length, at)


def exponential(rng: random.Random, mean: float) -> float:
    """From `random` alone, whose numbers are the same in every version of Python."""
    return -mean * math.log(1.0 - rng.random())


def _drawn(rng: random.Random, cumulated: Sequence[float]) -> int:
    return bisect_right(cumulated, rng.random() * cumulated[-1], hi=len(cumulated) - 1)


def _times(demand: Demand, rng: random.Random) -> Iterator[float]:
    """By thinning (Lewis and Shedler, 1979): as many as at the busiest moment, some of them left out."""
    bursts = demand.bursts
    factor, scale = (bursts.factor, bursts.mean) if bursts else (1.0, 1.0)
    begin = rng.random() * (bursts.every_s - bursts.on_s) if bursts else 0.0
    most = max(demand.rate(hour * HOUR_S) for hour in range(24)) * factor / scale
    at = 0.0
    while True:
        at += exponential(rng, 1 / most)
        on = bursts is not None and begin <= at % bursts.every_s < begin + bursts.on_s
        if rng.random() * most < demand.rate(at) * (factor if on else 1.0) / scale:
            yield at
