"""Several blocking calls at a time, while the caller's own thread keeps looking on."""

from __future__ import annotations

import queue
import threading
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
) -> list[T | Exception]:
    """What each call gave or raised, in order; ``look`` is called every ``look_s`` seconds meanwhile.

    With ``all_or_none`` the first failure stops the others and is raised. What ``look`` raises always is.
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
    try:
        while len(results) < len(calls):
            look()
            try:
                number, result = done.get(timeout=look_s)
            except queue.Empty:
                continue
            results[number] = result
            if all_or_none and isinstance(result, Exception):
                raise result
    except BaseException:
        halt.stop()
        for thread in threads:
            thread.join(FAREWELL_S)
        raise
    return [results[number] for number in range(len(calls))]
