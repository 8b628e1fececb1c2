"""Processes and their groups, on Linux and other Unix systems."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time
from subprocess import Popen
from typing import Any

SPAWN: dict[str, Any] = {"start_new_session": True}
"""A group of its own: a Ctrl-C in the server's terminal is not the worker's, and its children are known."""


def has_ended(process: Popen[bytes]) -> bool:
    """Whether it is dead. It is not reaped by this, so that its group's number cannot be given away yet."""
    if process.returncode is not None:
        return True
    if not hasattr(os, "waitid"):
        return process.poll() is not None
    try:
        return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is not None
    except ChildProcessError:  # somebody else reaped it
        return True


def terminate(process: Popen[bytes]) -> None:
    """Ask the whole group to end. Only before the process is reaped."""
    _signal(process, signal.SIGTERM)


def kill(process: Popen[bytes]) -> None:
    """End the whole group. Only before the process is reaped."""
    _signal(process, signal.SIGKILL)


def reap_orphans(process: Popen[bytes]) -> None:
    """Where this program is process 1 of a container, the group's other processes are its children now."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-process.pid, os.WNOHANG) != (0, 0):
            pass


def write(handle: int, data: bytes, timeout_s: float) -> None:
    """Write it all. Raises `TimeoutError` where nobody reads, and `OSError`."""
    os.set_blocking(handle, False)
    left, until = memoryview(data), time.monotonic() + timeout_s
    while left:
        try:
            left = left[os.write(handle, left) :]
        except BlockingIOError:
            room = until - time.monotonic()
            if room <= 0:
                raise TimeoutError from None
            poll = select.poll()
            poll.register(handle, select.POLLOUT)
            poll.poll(room * 1000)


def _signal(process: Popen[bytes], number: int) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)
