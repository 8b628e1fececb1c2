"""News of jobs, from the threads that make them to everybody who watches.

Ids grow, also across restarts: they start from the clock. A watcher that comes back with the last id it saw
gets what it missed, as long as the ring still holds it; nothing else is promised, since every watcher starts
from the job's row. A slow watcher loses old progress and never the news that a job is settled.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import logging
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Self

from unstill.domain.job import Job, Progress

KEEP = 1000
"""Events in the ring."""
BACKLOG = 64
"""Events that may wait for one watcher before old progress is dropped."""
PREVIEWS = 64

Kind = Literal["state", "progress", "preview"]


@dataclass(frozen=True)
class Event:
    """One piece of news: ``body`` is the Job, its Progress, or a picture as a data URL."""

    id: int
    job_id: str
    kind: Kind
    body: Job | Progress | str

    @property
    def is_final(self) -> bool:
        return isinstance(self.body, Job) and self.body.state.is_final


Listener = Callable[[Event], None]


class Watch:
    """One watcher's queue, read in the event loop that made it. Leave it as a context manager."""

    def __init__(self, events: Events, job_id: str | None, missed: list[Event], *, resumed: bool) -> None:
        self._events, self.job_id = events, job_id
        self.resumed = resumed
        """Whether everything since the id that was asked for is here."""
        self.settled = any(event.is_final for event in missed)
        self._queue: deque[Event] = deque(missed)
        self._loop, self._news = asyncio.get_running_loop(), asyncio.Event()
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._events.leave(self)

    async def next(self, timeout_s: float | None = None) -> Event | None:
        """The next event; None when nothing came in time or the house closes."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while True:
                    self._news.clear()
                    if self._queue:
                        return self._queue.popleft()
                    if self._closed:
                        return None
                    await self._news.wait()
        return None

    @property
    def closed(self) -> bool:
        return self._closed

    def put(self, event: Event) -> None:
        """Called under the lock of `Events`, from any thread."""
        if event.kind == "preview":
            self._drop(lambda e: e.kind == "preview" and e.job_id == event.job_id)
        if len(self._queue) >= BACKLOG:
            _ = self._drop(lambda e: e.kind != "state") or self._drop(lambda e: not e.is_final)
        self._queue.append(event)
        self._ring()

    def close(self) -> None:
        self._closed = True
        self._ring()

    def _drop(self, which: Callable[[Event], bool]) -> bool:
        """Drop the oldest event like this."""
        found = next((event for event in list(self._queue) if which(event)), None)
        if found is not None:
            with contextlib.suppress(ValueError):  # the reader was quicker
                self._queue.remove(found)
        return found is not None

    def _ring(self) -> None:
        with contextlib.suppress(RuntimeError):  # its loop is gone, and so is the watcher
            self._loop.call_soon_threadsafe(self._news.set)


class Events:
    """The fan-out. Every method may be called from any thread but `watch`, which belongs to an event loop."""

    def __init__(self, wall: Callable[[], float] = time.time, keep: int = KEEP) -> None:
        self._lock = threading.Lock()
        self._last = self._first = int(wall() * 1_000_000)
        self._ring: deque[Event] = deque(maxlen=keep)
        self._previews: OrderedDict[str, Event] = OrderedDict()
        self._watches: set[Watch] = set()
        self._listeners: list[Listener] = []
        self._closed = False

    @property
    def last_id(self) -> int:
        return self._last

    def changed(self, job: Job) -> None:
        """The job's row changed."""
        self._publish(job.id, "state", job)

    def progressed(self, job_id: str, progress: Progress) -> None:
        self._publish(job_id, "progress", progress)

    def previewed(self, job_id: str, jpeg: bytes) -> None:
        """A small picture of the frame at hand."""
        url = "data:image/jpeg;base64," + base64.b64encode(jpeg).decode("ascii")
        self._publish(job_id, "preview", url)

    def listen(self, listener: Listener) -> None:
        """Call this with every event, in the publisher's thread. It must be quick."""
        self._listeners.append(listener)

    def watch(self, job_id: str | None = None, after: int | None = None) -> Watch:
        """Follow one job, or all of them, from now on or from what came behind ``after``."""
        with self._lock:
            oldest = self._ring[0].id - 1 if len(self._ring) == self._ring.maxlen else self._first
            resumed = after is not None and oldest <= after <= self._last
            missed = [
                event
                for event in self._ring
                if resumed and after is not None and event.id > after and job_id in (None, event.job_id)
            ]
            latest = self._previews.get(job_id or "")
            watch = Watch(self, job_id, [*missed, *([latest] if latest else [])], resumed=resumed)
            if self._closed:
                watch.close()
            self._watches.add(watch)
        return watch

    def leave(self, watch: Watch) -> None:
        with self._lock:
            self._watches.discard(watch)

    def close(self) -> None:
        """The server stops: every watcher is told so."""
        with self._lock:
            self._closed = True
            for watch in self._watches:
                watch.close()

    def _publish(self, job_id: str, kind: Kind, body: Job | Progress | str) -> None:
        with self._lock:
            self._last += 1
            event = Event(self._last, job_id, kind, body)
            self._remember(event)
            for watch in self._watches:
                if watch.job_id in (None, job_id):
                    watch.put(event)
        for listener in self._listeners:
            try:
                listener(event)
            except Exception:
                logging.getLogger(__name__).exception("a listener failed")

    def _remember(self, event: Event) -> None:
        """Previews are large and only the newest means anything, so they stay out of the ring."""
        if event.kind != "preview":
            self._ring.append(event)
        if event.is_final:
            self._previews.pop(event.job_id, None)
        elif event.kind == "preview":
            self._previews[event.job_id] = event
            self._previews.move_to_end(event.job_id)
            while len(self._previews) > PREVIEWS:
                self._previews.popitem(last=False)
