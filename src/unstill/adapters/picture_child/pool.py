"""A few decoding children: made when needed, kept for the next picture, ended when idle."""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future

from unstill.adapters.picture_child.child import Child
from unstill.adapters.picture_child.settings import ChildSettings
from unstill.domain.service_errors import ServerFull

AGAIN_S = 5
LOOK_S = 15.0
"""How often to look for children that nobody needs."""
LOG = logging.getLogger(__name__)


class Pool:
    """Safe to share between threads."""

    def __init__(self, settings: ChildSettings) -> None:
        self._settings = settings
        self._slots = threading.BoundedSemaphore(settings.children)
        self._lock = threading.Lock()
        self._idle: list[tuple[Child, float]] = []
        self._wanted: queue.SimpleQueue[Future[Child] | None] = queue.SimpleQueue()
        self._keeper: threading.Thread | None = None
        self._warned = self._closed = False

    @contextlib.contextmanager
    def borrow(self) -> Iterator[Child]:
        """A child for one job. Raises `ServerFull` when none gets free."""
        if not self._slots.acquire(timeout=self._settings.wait_s):
            raise ServerFull(seconds=AGAIN_S)
        try:
            child = self._rested() or self._fresh()
            try:
                yield child
            finally:
                self._put_back(child)
        finally:
            self._slots.release()

    def warm(self) -> None:
        """Have one child ready."""
        with self.borrow():
            pass

    def close(self) -> None:
        """End every child that is not at work; those end with their job."""
        self._closed = True
        self._wanted.put(None)
        self._end_idle(older_than=0.0)

    @property
    def pids(self) -> list[int]:
        """Of the children that wait for work."""
        with self._lock:
            return [child.pid for child, _ in self._idle]

    def _rested(self) -> Child | None:
        while True:
            with self._lock:
                if not self._idle:
                    return None
                child, _ = self._idle.pop()
            if child.usable:
                return child
            child.end()

    def _put_back(self, child: Child) -> None:
        if child.usable and not self._closed:
            with self._lock:
                self._idle.append((child, time.monotonic()))
        else:
            child.end()

    def _fresh(self) -> Child:
        with self._lock:
            if self._keeper is None or not self._keeper.is_alive():
                self._keeper = threading.Thread(target=self._keep, name="picture-children", daemon=True)
                self._keeper.start()
        wanted: Future[Child] = Future()
        self._wanted.put(wanted)
        child = wanted.result()
        self._say_once(child)
        return child

    def _keep(self) -> None:
        """The one thread that makes children, so that they live as long as the server; it also ends those
        that nobody needs."""
        look_s = max(0.05, min(LOOK_S, self._settings.idle_s / 4))
        while not self._closed:
            with contextlib.suppress(queue.Empty):
                wanted = self._wanted.get(timeout=look_s)
                if wanted is not None:
                    self._make(wanted)
            self._end_idle(older_than=self._settings.idle_s)

    def _make(self, wanted: Future[Child]) -> None:
        try:
            wanted.set_result(Child(self._settings))
        except Exception as error:
            wanted.set_exception(error)

    def _end_idle(self, older_than: float) -> None:
        now = time.monotonic()
        with self._lock:
            old = [entry for entry in self._idle if now - entry[1] >= older_than or not entry[0].usable]
            self._idle = [entry for entry in self._idle if entry not in old]
        for child, _ in old:
            child.end()

    def _say_once(self, child: Child) -> None:
        missing = child.facts.get("open")
        if missing and not self._warned:
            self._warned = True
            LOG.warning("pictures are decoded without a network filter here (%s)", str(missing)[:200])
