"""Token buckets: so many requests at once, then so many a second, for each name."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

from unstill.domain.service_errors import TooManyRequests

MOST = 4096
"""Names remembered; the one that asked longest ago is forgotten first."""


class Buckets:
    """Not for threads: the event loop is the only caller."""

    def __init__(self, per_s: float, burst: int, now: Callable[[], float] = time.monotonic) -> None:
        self._per_s, self._burst, self._now = per_s, burst, now
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, name: str) -> None:
        """One request of ``name``. Raises `TooManyRequests` with the whole seconds to wait."""
        now = self._now()
        level, since = self._levels.pop(name, (float(self._burst), now))
        level = min(float(self._burst), level + (now - since) * self._per_s)
        allowed = level >= 1
        self._levels[name] = (level - 1 if allowed else level, now)
        if len(self._levels) > MOST:
            self._levels.popitem(last=False)
        if not allowed:
            raise TooManyRequests(seconds=int((1 - level) / self._per_s) + 1)
