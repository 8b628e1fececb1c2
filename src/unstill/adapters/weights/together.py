"""Several blocking calls at a time, while the caller's own thread keeps looking on."""

from __future__ import annotations

import math
import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from unstill.adapters.weights.halt import Halt

T = TypeVar("T")
FAREWELL_S = 1.0
"""How long a stopped thread is waited for. One that hangs in a read writes nothing any more when it wakes."""


def together(
    calls: Sequence[Callable[[], T]],
    at_once: int,
    look: Callable[[], None],
    look_s: float,
    halt: Halt,
    *,
    all_or_none: bool = True,
    late_s: float | None = None,
) -> list[T | Exception]:
    """What each call gave or raised, in order; ``look`` is called every ``look_s`` seconds meanwhile.

    With ``all_or_none`` the first failure stops the others and is raised. What ``look`` raises always is.
    With ``late_s`` the others get so many seconds more once the first call has ended and one has succeeded;
    what still runs then counts as a `TimeoutError`.
    """
    waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
    done: queue.SimpleQueue[tuple[int, T | Exception]] = queue.SimpleQueue()
    for number in range(len(calls)):
        waiting.put(number)

    def work() -> None:
        while True:
            try:
                number = waiting.get_nowait()
            except queue.Empty:
                return
            try:
                halt.check()
                done.put((number, calls[number]()))
            except Exception as error:
                done.put((number, error))

    # Daemons: the program must be able to end while one hangs in a read.
    threads = [threading.Thread(target=work, daemon=True) for _ in range(min(at_once, len(calls)))]
    for thread in threads:
        thread.start()
    results: dict[int, T | Exception] = {}
    until = math.inf
    try:
        while len(results) < len(calls) and time.monotonic() < until:
            look()
            try:
                number, result = done.get(timeout=look_s)
            except queue.Empty:
                continue
            results[number] = result
            if all_or_none and isinstance(result, Exception):
                raise result
            good = any(not isinstance(one, Exception) for one in results.values())
            if late_s is not None and 0 in results and good:
                until = min(until, time.monotonic() + late_s)
    except BaseException:
        halt.stop()
        for thread in threads:
            thread.join(FAREWELL_S)
        raise
    return [results.get(number, TimeoutError()) for number in range(len(calls))]
