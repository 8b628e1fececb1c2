"""Inside a worker: it and whatever it started end with the server that started it. Linux only.

prctl(2), PR_SET_PDEATHSIG: the kernel sends a process a signal when the thread that made it ends. It needs no
help from Python, so that it also ends a worker whose interpreter is stuck in a C loop.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
from pathlib import Path

NICE = 5
"""As the decoding child has it: nobody who asks the server something waits for a video."""
_PR_SET_PDEATHSIG = 1


def hold(parent: int) -> None:
    """Die with the process ``parent``; take the group along, whatever this process dies of.

    Exits at once when the parent is dead already. Call it first of all, from the main thread, while there is
    no other.
    """
    if sys.platform == "linux":
        _signal_at_death_of_parent(signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
    if sys.platform == "linux" and os.getpid() == os.getpgrp():
        _take_the_group_along()


def give_way() -> None:
    """Let the server, and whatever else a person does on this computer, have the processor first.

    Also as a group: a process in a session of its own is one of those (sched(7), autogroup), and a nice value
    counts only inside it.
    """
    with contextlib.suppress(OSError, AttributeError):
        os.nice(NICE)
    with contextlib.suppress(OSError):
        if sys.platform == "linux":
            Path("/proc/self/autogroup").write_text(str(NICE))


def end_group() -> None:
    """End this process and all that it started."""
    if os.getpid() == os.getpgrp():
        os.killpg(os.getpgrp(), signal.SIGKILL)
    os._exit(1)


def _signal_at_death_of_parent(number: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def _take_the_group_along() -> None:
    """Leave a small process behind that waits for this one's death and then ends the group.

    The kernel's signal reaches the worker alone; without this a compiler or a data loader that it started
    would outlive a killed server, and hold its memory.
    """
    worker = os.getpid()
    if os.fork():
        return
    try:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.closerange(0, 1024)
        _signal_at_death_of_parent(signal.SIGUSR1)
        if os.getppid() == worker:
            signal.sigwait({signal.SIGUSR1})
        os.killpg(worker, signal.SIGKILL)
    finally:
        os._exit(0)
