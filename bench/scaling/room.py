"""One pool of equal slots, simulated: jobs come, wait in turn, are made, are lost with machines and made
again.

Each slot is a machine of its own (a node with one graphics card, or a core) that keeps one model warm. A job
goes to a free slot with its model, else to an empty one, else to the one that has been free for longest.
`simpy` keeps the time; the store and the front are `Line`.
"""

from __future__ import annotations

import math
import random
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import simpy

from bench.scaling.demand import Job, exponential
from bench.scaling.line import Line
from bench.scaling.turns import Turns

LOOK_S = 5.0
"""Between two looks of the autoscaler. Assumed; Ray's own default."""


@dataclass(frozen=True)
class Pool:
    """What there is, and how it behaves."""

    slots: int
    """At most."""
    least: int | None = None
    """Machines that are always there; None for all, without autoscaling."""
    start_s: float = 0.0
    """From asking for a machine until it takes jobs."""
    idle_s: float = 600.0
    """After which a machine that does nothing goes."""
    life_s: float = math.inf
    """Mean of a machine's exponential life, of spot machines."""
    lease_s: float = 20.0
    """From the loss of a machine until its job returns to the queue."""
    affinity: bool = True
    patience_s: float = 300.0
    fair: bool = True
    store_per_s: float = math.inf
    """Transactions a second. A job takes three (added, claimed, settled), and ``upkeep`` a second while it
    runs."""
    upkeep_per_s: float = 0.0
    uploads_per_s: float = math.inf
    """Of all API servers."""

    @property
    def floor(self) -> int:
        return self.slots if self.least is None else self.least


@dataclass(slots=True, eq=False)
class Slot:
    """A machine: when it was asked for, when its job began, when it last became free."""

    since: float
    model: str | None = None
    job: Job | None = None
    began: float = 0.0
    idle_at: float = 0.0
    up: bool = False


@dataclass
class Outcome:
    """What a run came to. Times in seconds."""

    jobs: list[Job]
    span_s: float
    """Until the last job was settled."""
    paid_s: float = 0.0
    """Of machines, from asking for them until they went; those in use at the end count until then."""
    worked_s: float = 0.0
    """Of slots, on attempts that were settled, loading included."""
    wasted_s: float = 0.0
    """Of slots, on attempts that were lost with their machines."""
    lost: int = 0
    """Attempts lost."""
    in_system: float = 0.0
    """Mean number of jobs in the system, over the span."""
    store_passed: float = 0.0
    most_waiting: int = 0

    def waits(self, after_s: float = 0.0) -> list[float]:
        """Sorted; of jobs that came after the warming up."""
        return sorted(job.wait_s for job in self.jobs if job.arrived >= after_s)

    def cold_share(self, after_s: float = 0.0) -> float:
        found = [job.cold for job in self.jobs if job.arrived >= after_s]
        return sum(found) / len(found)


def quantile(ordered: list[float], share: float) -> float:
    """The smallest value that ``share`` of the ordered ones do not exceed."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


@dataclass
class Room:
    """A run: ``Room(pool, jobs, seed).run()``."""

    pool: Pool
    demand: Iterable[Job]
    seed: int = 0
    _free: dict[str | None, OrderedDict[Slot, None]] = field(default_factory=dict)
    _slots: dict[Slot, None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._env = simpy.Environment()
        self._done = self._env.event()
        self._lives = random.Random(f"{self.seed} lives")
        self._turns = Turns(fair=self.pool.fair, patience_s=self.pool.patience_s)
        self._store, self._front = Line(self.pool.store_per_s), Line(self.pool.uploads_per_s)
        self._jobs: list[Job] = []
        self._inside, self._counted_at, self._area, self._all_came = 0, 0.0, 0.0, False
        self._running = 0
        self._out = Outcome(self._jobs, 0.0)

    def run(self) -> Outcome:
        """Until every job is settled."""
        for _ in range(self.pool.floor):
            self._add_slot(at_once=True)
        self._env.process(self._arrivals())
        if self.pool.floor < self.pool.slots:
            self._env.process(self._autoscaler())
        self._env.run(until=self._done)
        out, now = self._out, self._env.now
        out.span_s, out.in_system, out.store_passed = now, self._area / now, self._store.passed
        out.paid_s += sum(now - slot.since for slot in self._slots)
        return out

    # --- jobs

    def _arrivals(self) -> Any:
        for job in self.demand:
            yield self._env.timeout(job.arrived - self._env.now)
            self._jobs.append(job)
            self._count(1)
            now = self._env.now
            self._later(self._front.take(now) + self._store.take(now), partial(self._queue, job))
        self._all_came = True
        self._maybe_done()

    def _queue(self, job: Job, *, first: bool = False) -> None:
        if not first:
            job.queued = self._env.now
        self._turns.add(job, first=first)
        self._out.most_waiting = max(self._out.most_waiting, len(self._turns))
        slot = self._best_free(job)
        if slot is not None:
            self._begin(slot, self._turns.take(slot.model if self.pool.affinity else None))

    def _begin(self, slot: Slot, job: Job) -> None:
        job.attempts += 1
        cold = slot.model != job.kind.model
        job.cold = job.cold or cold
        slot.model, slot.job = job.kind.model, job
        self._weigh(1)
        took = job.work_s + (job.kind.load_s if cold else 0.0)
        slot.began = self._env.now
        self._later(took + self._store.take(self._env.now), lambda: self._made(slot, job))

    def _made(self, slot: Slot, job: Job) -> None:
        if slot.job is job and slot.up:
            self._later(self._store.take(self._env.now), lambda: self._settle(slot, job))

    def _settle(self, slot: Slot, job: Job) -> None:
        if slot.job is not job or not slot.up:
            return
        now = self._env.now
        job.done, job.settled = now, job.settled + 1
        self._out.worked_s += now - slot.began
        slot.job = None
        self._weigh(-1)
        self._count(-1)
        self._release(slot)
        self._maybe_done()

    # --- slots

    def _release(self, slot: Slot) -> None:
        """Free: the next job, or wait for one."""
        if len(self._turns):
            self._begin(slot, self._turns.take(slot.model if self.pool.affinity else None))
            return
        slot.idle_at = self._env.now
        self._free.setdefault(slot.model, OrderedDict())[slot] = None

    def _best_free(self, job: Job) -> Slot | None:
        """Warm, empty, or the one that has been free for longest; of warm ones the one used last, so that
        others may go. Without affinity the one that has been free for longest."""
        for model in (job.kind.model, None) if self.pool.affinity else ():
            if free := self._free.get(model):
                return free.popitem()[0]
        eldest = [next(iter(free)) for free in self._free.values() if free]
        if not eldest:
            return None
        slot = min(eldest, key=lambda slot: slot.idle_at)
        del self._free[slot.model][slot]
        return slot

    def _add_slot(self, *, at_once: bool = False) -> None:
        slot = Slot(self._env.now)
        self._slots[slot] = None
        self._later(0.0 if at_once else self.pool.start_s, lambda: self._up(slot))

    def _up(self, slot: Slot) -> None:
        slot.up = True
        if math.isfinite(self.pool.life_s):
            self._later(exponential(self._lives, self.pool.life_s), lambda: self._lose(slot))
        self._release(slot)

    def _lose(self, slot: Slot) -> None:
        """The machine is gone; its job returns when the lease has run out, a new machine comes in its
        place."""
        if not slot.up:
            return
        job = slot.job
        self._remove(slot)
        if job is not None:
            self._out.lost += 1
            self._out.wasted_s += self._env.now - slot.began
            self._weigh(-1)
            self._later(self.pool.lease_s, lambda: self._queue(job, first=True))
        self._scale()

    def _remove(self, slot: Slot) -> None:
        slot.up = False
        del self._slots[slot]
        self._out.paid_s += self._env.now - slot.since
        if slot.job is None:
            del self._free[slot.model][slot]

    def _autoscaler(self) -> Any:
        while True:
            yield self._env.timeout(LOOK_S)
            self._scale()
            now = self._env.now
            idle = [
                slot
                for free in self._free.values()
                for slot in free
                if now - slot.idle_at >= self.pool.idle_s
            ]
            for slot in idle[: max(0, len(self._slots) - self.pool.floor)]:
                self._remove(slot)

    def _scale(self) -> None:
        """As many machines as there are jobs, within the limits."""
        want = min(self.pool.slots, max(self.pool.floor, self._running + len(self._turns)))
        for _ in range(want - len(self._slots)):
            self._add_slot()

    # --- counting

    def _count(self, more: int) -> None:
        """Jobs in the system, and the area below their number."""
        now = self._env.now
        self._area += self._inside * (now - self._counted_at)
        self._inside, self._counted_at = self._inside + more, now

    def _weigh(self, more: int) -> None:
        self._running += more
        if self.pool.upkeep_per_s:
            self._store.weigh(self._env.now, self._running * self.pool.upkeep_per_s)

    def _maybe_done(self) -> None:
        if self._all_came and not self._inside and not self._done.triggered:
            self._done.succeed()

    def _later(self, delay_s: float, act: Callable[[], None]) -> None:
        if delay_s <= 0:
            act()
        else:
            self._env.timeout(delay_s).callbacks.append(lambda _: act())
