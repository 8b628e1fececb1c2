"""An end to a request as a whole: an HTTP client's own limits begin anew with every byte that comes."""

from __future__ import annotations

import contextlib
import socket
import threading
from types import TracebackType
from typing import Any, Self


class Deadline:
    """Cuts a request's connections once ``seconds`` are over. A context manager around the request, which is
    given `trace` as httpx's extension of that name."""

    def __init__(self, seconds: float) -> None:
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True
        self._lock = threading.Lock()
        self._over = False
        self._ways: list[socket.socket] = []

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        with self._lock:
            while self._ways:
                self._ways.pop().close()

    @property
    def over(self) -> bool:
        """Whether it came to that: what was read may be cut off."""
        with self._lock:
            return self._over

    def trace(self, event: str, info: dict[str, Any]) -> None:
        """What the client tells of a request; a new connection is remembered."""
        if not event.endswith("connect_tcp.complete"):
            return
        way = info["return_value"].get_extra_info("socket").dup()  # TLS takes the other one out of our hands
        with self._lock:
            self._ways.append(way)
            late = self._over
        if late:
            self._cut()

    def _cut(self) -> None:
        with self._lock:
            self._over = True
            for way in self._ways:
                with contextlib.suppress(OSError):
                    way.shutdown(socket.SHUT_RDWR)
