"""Windows. Written from its documentation (GlobalMemoryStatusEx, GetProcessMemoryInfo); not run on it yet."""

from __future__ import annotations

import ctypes
import os
import sys


class _MemoryStatus(ctypes.Structure):
    """MEMORYSTATUSEX, sysinfoapi.h."""

    _fields_ = (
        ("length", ctypes.c_ulong),
        ("load", ctypes.c_ulong),
        *(
            (name, ctypes.c_ulonglong)
            for name in ("total", "free", "page_total", "page_free", "virtual", "virtual_free", "extended")
        ),
    )


class _Counters(ctypes.Structure):
    """PROCESS_MEMORY_COUNTERS, psapi.h."""

    _fields_ = (
        ("size", ctypes.c_ulong),
        ("faults", ctypes.c_ulong),
        *((name, ctypes.c_size_t) for name in ("peak", "now", "a", "b", "c", "d", "page", "page_peak")),
    )


def cores() -> float:
    return float(os.cpu_count() or 1)


def free_bytes() -> int:
    status = _MemoryStatus(length=ctypes.sizeof(_MemoryStatus))
    if sys.platform == "win32":
        ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status))
    return int(status.free)


def peak_bytes() -> int:
    counters = _Counters(size=ctypes.sizeof(_Counters))
    if sys.platform == "win32":
        kernel = ctypes.windll.kernel32
        kernel.GetCurrentProcess.restype = ctypes.c_void_p
        process = ctypes.c_void_p(kernel.GetCurrentProcess())
        kernel.K32GetProcessMemoryInfo(process, ctypes.byref(counters), counters.size)
    return int(counters.peak)


def holder_of_port(port: int) -> str | None:  # noqa: ARG001 as on Linux
    """Not found out here."""
    return None
