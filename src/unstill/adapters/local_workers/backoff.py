"""When a process that failed may be tried again."""

from __future__ import annotations

from collections.abc import Callable

from unstill.core.worker import WorkerSettings


class BackOff:
    """1, 2, 4 ... 60 s while it keeps failing soon after its start; after some of those once a minute."""

    def __init__(self, settings: WorkerSettings, monotonic: Callable[[], float]) -> None:
        self._settings, self._monotonic = settings, monotonic
        self._row, self._until = 0, 0.0

    @property
    def quarantined(self) -> bool:
        return self._row >= self._settings.quarantine_after

    def failed(self, lived_s: float) -> None:
        """A process crashed or hung ``lived_s`` after its start."""
        s = self._settings
        self._row = self._row + 1 if lived_s < s.quick_s else 1
        wait = min(s.backoff_s * 2 ** min(self._row - 1, 30), s.backoff_most_s)
        self._until = self._monotonic() + (s.probe_s if self.quarantined else wait)

    def healthy(self) -> None:
        self._row, self._until = 0, 0.0

    def wait_s(self) -> float:
        return max(0.0, self._until - self._monotonic())
