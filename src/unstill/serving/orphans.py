"""Process 1 of a container is the parent of every process there whose own parent has ended.

Such as what `docker exec CONTAINER sh -c 'sleep 60 &'` leaves behind. Somebody has to take note of its end,
or it stays in the process table until the container stops.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from pathlib import Path

LOOK_S = 5.0
LOOKS = 3
"""So many times in a row somebody was seen dead: whoever started it would have noticed by then."""


def adopt_orphans() -> None:
    """Begin to look after them, where this is process 1."""
    if os.getpid() == 1:
        threading.Thread(target=_look_for_ever, name="orphans", daemon=True).start()


def _look_for_ever() -> None:
    seen: dict[int, int] = {}
    while True:
        time.sleep(LOOK_S)
        seen = look(seen)


def look(seen: dict[int, int], looks: int = LOOKS) -> dict[int, int]:
    """Reap the children that were dead ``looks`` times in a row; how often the others were seen so.

    Ours, the workers and decoders, are reaped at once by who started them, who wants to know how they ended.
    """
    dead = {pid: seen.get(pid, 0) + 1 for pid in _children() if _is_dead(pid)}
    for pid in [pid for pid, times in dead.items() if times >= looks]:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)
        del dead[pid]
    return dead


def _children() -> list[int]:
    """Of every thread of this process: proc(5), /proc/PID/task/TID/children."""
    found: list[int] = []
    for path in Path("/proc/self/task").glob("*/children"):
        with contextlib.suppress(OSError):  # the thread has ended
            found.extend(int(word) for word in path.read_text().split())
    return found


def _is_dead(pid: int) -> bool:
    try:
        about = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return False
    return about.rpartition(")")[2].split()[:1] == ["Z"]
