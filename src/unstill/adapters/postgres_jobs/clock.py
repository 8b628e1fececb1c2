"""Time by the database server: the one clock that all API servers and workers share."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from sqlalchemy import text

from unstill.adapters.postgres_jobs.server import PostgresServer

BOOT = "server"
"""One for all: every lease is counted by the same clock."""
FRESH_S = 5.0
"""For so long the server's time is reckoned by this computer's own clock before it is asked again."""
_NOW = text("SELECT extract(epoch FROM clock_timestamp())::float8")


def local_steady() -> float:
    """Seconds by a clock of this computer that never jumps, and goes on while it sleeps where one does."""
    known = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if known is None else time.clock_gettime(known)


class ServerClock:
    """`Clock` by the server, right to the time that half an answer takes: it is asked every few seconds and
    reckoned in between. A PostgreSQL server has no clock but that of its computer: where that one is set
    back, leases last longer by as much."""

    def __init__(self, server: PostgresServer, local: Callable[[], float] = local_steady) -> None:
        self._server, self._local = server, local
        self._lock = threading.Lock()
        self._asked_at, self._ahead_s = float("-inf"), 0.0

    def wall(self) -> float:
        return self._now()

    def steady(self) -> float:
        return self._now()

    def boot(self) -> str:
        return BOOT

    def _now(self) -> float:
        with self._lock:
            if self._local() - self._asked_at > FRESH_S:
                before = self._local()
                told = self._server.value(_NOW)
                self._asked_at = self._local()
                self._ahead_s = told - (before + self._asked_at) / 2
            return self._local() + self._ahead_s
