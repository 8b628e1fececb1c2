"""Ctrl-C and SIGTERM: the work is asked to stop at its next tick and clears up behind itself."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

from unstill.domain.errors import Cancelled


class Stopped(BaseException):
    """Stop here and now. No `Exception`, so that nothing takes it for a failure of its own."""

    def __init__(self, number: int) -> None:
        self.number = number


class Stop:
    """Whether, and by which signal, the person asked to stop."""

    def __init__(self) -> None:
        self.number: int | None = None
        self.gently = False

    @property
    def exit_code(self) -> int:
        """128 and the signal's number, as shells have it."""
        return 128 + (self.number or signal.SIGINT)

    @contextlib.contextmanager
    def at_next_tick(self) -> Iterator[None]:
        """While rendering a first signal waits for the next tick; a second one does not."""
        self.gently = True
        try:
            yield
        finally:
            self.gently = False

    def check(self) -> None:
        """Raises `Cancelled` once a signal has come."""
        if self.number is not None:
            raise Cancelled()

    def _heard(self, number: int, _frame: FrameType | None) -> None:
        first, self.number = self.number is None, number
        if not (self.gently and first):
            raise Stopped(number)


@contextlib.contextmanager
def listening() -> Iterator[Stop]:
    """Listen for signals; what was listening before is put back."""
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    names = ("SIGINT", "SIGTERM", "SIGHUP")
    numbers = [number for name in names if (number := getattr(signal, name, None))]
    # What the caller ignores stays ignored: nohup, and a script's jobs in the background.
    heard = [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, stop._heard) for number in heard}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
