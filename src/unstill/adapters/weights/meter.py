"""How much of a fetch has arrived, and how fast it comes."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

from unstill.core.weights import PullProgress
from unstill.domain.notes import Note

WINDOW_S = 8.0
"""The rate is that of so many seconds."""


class Meter:
    """Fed by the fetching threads, read by the one that looks on."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._lock = threading.Lock()
        self.monotonic = monotonic
        self._have: dict[str, int] = {}
        self._total = 0
        self._stage, self._source = "weights_ask", ""
        self._seen: deque[tuple[float, int]] = deque()
        self._arrived = 0
        self._notes: deque[Note] = deque()
        self.all_notes: list[Note] = []
        self.fetched_bytes = 0
        """Over the network."""
        self.from_hosts: set[str] = set()

    def stage(self, name: str, total: int = 0) -> None:
        """A new stage begins; its bytes are counted from nothing."""
        with self._lock:
            self._stage, self._total, self._arrived = name, total, 0
            self._have.clear()
            self._seen.clear()

    def set(self, file: str, have: int) -> None:
        """So much of a file is there, however it came to be."""
        with self._lock:
            self._have[file] = have

    def arrived(self, file: str, count: int, source: str) -> None:
        """More of a file came over the network."""
        with self._lock:
            self._have[file] = self._have.get(file, 0) + count
            self._arrived += count
            self.fetched_bytes += count
            self._source = source
            self.from_hosts.add(source)

    def read(self, file: str, count: int) -> None:
        """More of a file was read here."""
        with self._lock:
            self._have[file] = self._have.get(file, 0) + count
            self._arrived += count

    def say(self, note: Note) -> None:
        """Something the person should know, once."""
        with self._lock:
            if note not in self.all_notes:
                self._notes.append(note)
                self.all_notes.append(note)

    def progress(self) -> PullProgress:
        with self._lock:
            now = self.monotonic()
            self._seen.append((now, self._arrived))
            while now - self._seen[0][0] > WINDOW_S and len(self._seen) > 2:
                self._seen.popleft()
            since, before = self._seen[0]
            rate = (self._arrived - before) / (now - since) if now > since else 0.0
            done = min(sum(self._have.values()), self._total)
            eta = (self._total - done) / rate if rate > 0 and self._total else None
            note = self._notes.popleft() if self._notes else None
            return PullProgress(self._stage, done, self._total, rate, eta, self._source or None, note)
