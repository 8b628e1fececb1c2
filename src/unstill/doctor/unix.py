"""macOS and other Unix systems. Written from their manuals; not run on them yet."""

from __future__ import annotations

import os
import resource

AVAILABLE_SHARE = 0.5
"""macOS tells how much memory there is, not (without another program) how much is free: plan for half."""


def cores() -> float:
    return float(os.cpu_count() or 1)


def free_bytes() -> int:
    pages = os.sysconf("SC_PHYS_PAGES")
    return int(pages * os.sysconf("SC_PAGE_SIZE") * AVAILABLE_SHARE)


def peak_bytes() -> int:
    """macOS counts ru_maxrss in bytes, unlike Linux (getrusage(2) there)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def holder_of_port(port: int) -> str | None:  # noqa: ARG001 as on Linux
    """Not found out here."""
    return None
