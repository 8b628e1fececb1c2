"""What everything passes one by one: the job store, the API servers. No events, so that millions pass
quickly."""

from __future__ import annotations

import math


class Line:
    """First come, first served, a constant time each, ``rate`` a second: infinite for no limit.

    ``upkeep`` a second pass besides, evenly, for whatever `weigh` says is in progress: renewed leases,
    progress.
    """

    def __init__(self, rate: float = math.inf) -> None:
        self._each_s = 1 / rate
        self._free_at = self._seen_at = self._upkeep = 0.0
        self.passed = 0.0

    def weigh(self, now: float, upkeep: float) -> None:
        """From ``now`` on so many a second besides."""
        self._settle(now)
        self._upkeep = upkeep

    def take(self, now: float, count: int = 1) -> float:
        """Seconds until the last of ``count`` that come now has passed."""
        self._settle(now)
        self._free_at = max(now, self._free_at) + count * self._each_s
        self.passed += count
        return self._free_at - now

    def _settle(self, now: float) -> None:
        """The upkeep since the last look: it takes its part of the time, and queues where it is too much."""
        besides = (now - self._seen_at) * self._upkeep
        self.passed += besides
        behind = max(0.0, self._free_at - self._seen_at) + besides * self._each_s
        self._free_at = now + max(0.0, behind - (now - self._seen_at))
        self._seen_at = now
