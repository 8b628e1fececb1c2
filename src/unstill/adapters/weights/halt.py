"""One sign for all threads of a fetch to stop by."""

from __future__ import annotations

import threading

from unstill.domain.errors import Cancelled


class Halt:
    """Once stopped it stays so."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def stop(self) -> None:
        self._event.set()

    def check(self) -> None:
        """Raises `Cancelled` when it is time."""
        if self._event.is_set():
            raise Cancelled()

    def sleep(self, seconds: float) -> None:
        """Raises as `check`, at once."""
        self._event.wait(seconds)
        self.check()
