"""Which worker of a crew takes which of the waiting jobs: where the model is warm before a cold start, and no
place asked for that nobody needs.

A worker whose place must first be had (a machine of a cluster) says by `ready` whether it can take a job at
once. All workers of a crew share one `Placing`.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from unstill.core.queue import ANY, JobStore, Reach

DEFER_S = 2.0
"""How long a job is left to an idle worker that has its model at hand before another takes it cold."""
IN_A_ROW = 8
"""Jobs of its warm model that a worker prefers, before whoever's turn it is comes first again."""
FRESH_S = 0.25
"""How long a count of what waits is good for: a crew asks as one."""


@dataclass
class _Standing:
    warm: str | None = None
    state: str = "away"
    """ "away": no place; "coming": asked for; "idle"; "busy"."""
    in_a_row: int = 0
    models: tuple[str, ...] = ()
    reach: Reach = ANY

    @property
    def memory_bytes(self) -> float:
        return math.inf if self.reach.memory_bytes is None else self.reach.memory_bytes


RANKS = {"idle": 0, "coming": 1, "away": 2}


class Placing:
    """What the workers of one crew know of each other."""

    def __init__(self, store: JobStore, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._store, self._monotonic = store, monotonic
        self._lock = threading.Lock()
        self._standing: dict[str, _Standing] = {}
        self._counted: dict[tuple[tuple[str, ...], Reach], tuple[float, Mapping[str, int]]] = {}
        self._deferred: dict[str, float] = {}

    def place(self, name: str, models: Collection[str], reach: Reach, ready: Callable[[bool], bool]) -> Place:
        """A worker's own part of it."""
        with self._lock:
            self._standing[name] = _Standing(models=tuple(models), reach=reach)
        return Place(self, name, tuple(models), reach, ready)

    def waiting(self, models: tuple[str, ...], reach: Reach) -> Mapping[str, int]:
        """How many jobs of each model wait that such a worker may take."""
        now = self._monotonic()
        with self._lock:
            counted = self._counted.get((models, reach))
        if counted is None or now - counted[0] > FRESH_S:
            counted = (now, self._store.waiting(models, reach))
            with self._lock:
                self._counted[(models, reach)] = counted
        return counted[1]

    def is_needed(self, name: str) -> bool:
        """Whether the waiting jobs need this worker's place, too. Places that there are come first, then the
        smallest that will do; each takes one job, the heaviest that it can."""
        with self._lock:
            mine = self._standing[name]
            alike = {n: s for n, s in self._standing.items() if s.state in RANKS and s.models == mine.models}
            free = sorted((RANKS[s.state], s.memory_bytes, n) for n, s in alike.items())
            reaches = {s.memory_bytes: s.reach for s in alike.values()}
        left, counted = dict[float, int](), 0
        for memory in sorted(reaches):  # what fits here and on nothing smaller
            all_here = sum(self.waiting(mine.models, reaches[memory]).values())
            left[memory], counted = all_here - counted, all_here
        for _, memory, other in free:
            fits = (size for size, jobs in left.items() if size <= memory and jobs > 0)
            heaviest = max(fits, default=None)
            if other == name:
                return heaviest is not None
            if heaviest is not None:
                left[heaviest] -= 1
        return False

    def orders(self, name: str, waiting: Mapping[str, int]) -> list[list[str]]:
        """Models to try to claim, best first."""
        now = self._monotonic()
        with self._lock:
            mine = self._standing[name]
            warm_elsewhere = {s.warm for n, s in self._standing.items() if n != name and s.state == "idle"}
            for model in [m for m in self._deferred if m not in waiting]:
                del self._deferred[model]
            left = []
            for model in waiting:
                to_others = model != mine.warm and model in warm_elsewhere
                if to_others and now - self._deferred.setdefault(model, now) < DEFER_S:
                    continue
                left.append(model)
            first = [[mine.warm]] if mine.warm in left and mine.in_a_row < IN_A_ROW and len(left) > 1 else []
            return [*first, left] if left else []

    def told(self, name: str, **changes: object) -> None:
        with self._lock:
            for field, value in changes.items():
                setattr(self._standing[name], field, value)

    def took(self, name: str, model: str) -> None:
        with self._lock:
            mine = self._standing[name]
            mine.in_a_row = mine.in_a_row + 1 if mine.warm == model else 0
            mine.warm, mine.state = model, "busy"
            self._deferred.pop(model, None)
            self._counted.clear()


class Place:
    """One worker's view. Used by its dispatcher's thread alone."""

    def __init__(
        self,
        placing: Placing,
        name: str,
        models: tuple[str, ...],
        reach: Reach,
        ready: Callable[[bool], bool],
    ) -> None:
        self._placing, self._name, self._models = placing, name, models
        self._reach, self._ready = reach, ready
        self.coming = False
        """Whether a place was asked for and is not there yet."""

    def orders(self, coming: Collection[str]) -> Sequence[Sequence[str]]:
        """Models to try to claim now, best first; nothing while there is no place to make a video in.
        Models that are ``coming``, whose files are being fetched, wait."""
        models = tuple(model for model in self._models if model not in coming)
        waiting = self._placing.waiting(models, self._reach)
        self._placing.told(self._name, models=models)
        needed = self._placing.is_needed(self._name)
        ready = self._ready(needed)
        self.coming = needed and not ready
        if not ready:
            self._placing.told(self._name, state="coming" if needed else "away", warm=None, in_a_row=0)
            return []
        self._placing.told(self._name, state="idle")
        return self._placing.orders(self._name, waiting)

    def took(self, model: str) -> None:
        """A job of this model was claimed."""
        self._placing.took(self._name, model)

    def done(self, *, alive: bool) -> None:
        """The job is settled; whether the process, and with it the model, is still there."""
        if alive:
            self._placing.told(self._name, state="idle")
        else:
            self._placing.told(self._name, state="away", warm=None, in_a_row=0)
