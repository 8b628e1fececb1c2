"""The operating system's lock on a file: it ends with the process, however that ends."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from unstill.core.durable import file_errors

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

WAIT_S = 0.05


class Held(Exception):
    """Somebody else has it."""


@contextlib.contextmanager
def held(path: Path, *, wait_s: float = 0.0) -> Iterator[None]:
    """Hold ``path`` as long as the block runs. Raises `Held` where it is not to be had in time."""
    with file_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        until = time.monotonic() + wait_s
        while not _taken(handle):
            if time.monotonic() >= until:
                raise Held
            time.sleep(WAIT_S)
        yield
    finally:
        os.close(handle)


def _taken(handle: int) -> bool:
    try:
        if sys.platform == "win32":
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
