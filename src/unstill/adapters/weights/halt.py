"""One sign for all threads of a fetch to stop by."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

from unstill.domain.catalog import ModelCard
from unstill.domain.errors import Cancelled
from unstill.domain.weight_errors import PullStopped


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


@contextlib.contextmanager
def stoppable(card: ModelCard) -> Iterator[None]:
    """Stopping, in the words of a fetch."""
    try:
        yield
    except PullStopped:
        raise
    except Cancelled:
        raise PullStopped(model=card.id) from None
