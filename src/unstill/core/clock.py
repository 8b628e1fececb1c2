"""The real clocks."""

from __future__ import annotations

import secrets
import time
from functools import cache
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_STEADY = getattr(time, "CLOCK_BOOTTIME", None)


class SystemClock:
    """`Clock` by the operating system."""

    def wall(self) -> float:
        return time.time()

    def steady(self) -> float:
        # Linux's monotonic clock stands still while the computer sleeps; the boot-time clock does not.
        return time.monotonic() if _STEADY is None else time.clock_gettime(_STEADY)

    def boot(self) -> str:
        return _boot()


@cache
def _boot() -> str:
    """The kernel's name for this boot. Where there is none, each process counts as a boot of its own: what
    it left behind when it died is then free at once, which is what a server that starts alone does anyway."""
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return f"process-{secrets.token_hex(8)}"
