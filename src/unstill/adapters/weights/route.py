"""Which of several sources a file is fetched from, and which takes over when one is slow or fails."""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from unstill.adapters.weights.sources import Listing, Name, Source


@dataclass(frozen=True)
class Road:
    """A source and what it lists."""

    source: Source
    listing: Listing


class Route:
    """The best first. Shared by the threads of one fetch."""

    def __init__(self, roads: Sequence[Road]) -> None:
        self._roads, self._slow = list(roads), set[Name]()
        self._lock = threading.Lock()

    def pick(self, failed: Collection[Name]) -> Road | None:
        """The best one that has not failed this file; a slow one only where there is no other."""
        with self._lock:
            left = [road for road in self._roads if road.source.name not in failed]
            return next((r for r in left if r.source.name not in self._slow), left[0] if left else None)

    def has_better(self, name: Name, failed: Collection[Name]) -> bool:
        """Whether somebody else could take over from ``name``, should it be slow."""
        with self._lock:
            others = {r.source.name for r in self._roads} - self._slow - set(failed) - {name}
            return bool(others)

    def slow(self, name: Name) -> None:
        with self._lock:
            self._slow.add(name)
