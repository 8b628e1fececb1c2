"""What this computer has for us right now, whatever system it runs."""

from __future__ import annotations

import os
import sys

from unstill.core.ports import Machine

if sys.platform == "linux":
    from unstill.doctor import linux as system
elif sys.platform == "win32":
    from unstill.doctor import windows as system
else:
    from unstill.doctor import unix as system


def this_machine() -> Machine:
    """CPU cores this process may use and memory to be had without swapping, container limits counted."""
    cores = min(float(os.cpu_count() or 1), system.cores())
    return Machine(cores=cores, memory_bytes=system.free_bytes())


def peak_bytes() -> int:
    """The most memory this process has had resident so far, in bytes; 0 where the system does not tell."""
    return system.peak_bytes()


def holder_of_port(port: int) -> str | None:
    """Who listens on a TCP port of this computer, as words; None where that cannot be seen."""
    return system.holder_of_port(port)
