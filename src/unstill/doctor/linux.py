"""Linux: affinity, /proc and control groups of both versions.

Files and their meaning: Linux admin guide, cgroup-v2.rst (cpu.max, memory.max, memory.current, memory.stat)
and cgroup-v1/memory.txt; proc(5) for meminfo (MemAvailable) and status (VmHWM).
"""

from __future__ import annotations

import contextlib
import os
import resource
from collections.abc import Iterator
from pathlib import Path

ROOT = Path("/")
_LISTEN = "0A"
"""The state of a listening socket in /proc/net/tcp."""


def cores(root: Path = ROOT) -> float:
    """Cores by affinity, cut to the quota of this process's control group."""
    allowed = float(len(os.sched_getaffinity(0)))
    quotas = [quota for folder in _groups("cpu", root) if (quota := _quota(folder)) is not None]
    return min([allowed, *quotas])


def free_bytes(root: Path = ROOT) -> int:
    """MemAvailable, cut to what the control group has left."""
    free = _meminfo(root)
    left = [room for folder in _groups("memory", root) if (room := _room(folder)) is not None]
    return max(0, min([free, *left]))


def limit_bytes(root: Path = ROOT) -> int | None:
    """The least memory that a control group of this process is limited to; None without a limit below what
    the computer has."""
    found = []
    for folder in _groups("memory", root):
        for name in ("memory.max", "memory.limit_in_bytes"):
            with contextlib.suppress(ValueError):
                found.append(int(_text(folder / name)))
    whole = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return min((limit for limit in found if limit < whole), default=None)


def peak_bytes(root: Path = ROOT) -> int:
    """The high-water mark of this very program. getrusage would count the parent's size before exec too."""
    for line in _lines(root / "proc/self/status"):
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _meminfo(root: Path) -> int:
    for line in _lines(root / "proc/meminfo"):
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _groups(controller: str, root: Path) -> Iterator[Path]:
    """Folders of this process's control group and those above it, any of which may hold a limit."""
    base = root / "sys/fs/cgroup"
    for line in _lines(root / "proc/self/cgroup"):
        number, controllers, path = line.split(":", 2)
        if number == "0" and not controllers:
            top = base
        elif controller in controllers.split(","):
            top = base / controller
        else:
            continue
        own = top / path.lstrip("/")
        # Inside a container the path may be the host's, which is not there: the mount's top is ours then.
        yield from (folder for folder in (own, *own.parents) if folder == top or top in folder.parents)


def _quota(folder: Path) -> float | None:
    """Cores of a group: v2 "max 100000" or "150000 100000", v1 a quota of -1 for none."""
    words = _text(folder / "cpu.max").split() or [
        _text(folder / "cpu.cfs_quota_us"),
        _text(folder / "cpu.cfs_period_us"),
    ]
    with contextlib.suppress(ValueError, ZeroDivisionError, IndexError):
        quota, period = int(words[0]), int(words[1])
        if quota > 0:
            return quota / period
    return None


def _room(folder: Path) -> int | None:
    """Bytes left to a group. Cache that the kernel can drop at once counts as free."""
    for limit_name, used_name, cache in (
        ("memory.max", "memory.current", "inactive_file"),
        ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
    ):
        with contextlib.suppress(ValueError):
            limit, used = int(_text(folder / limit_name)), int(_text(folder / used_name))
            stats = dict(line.split(" ", 1) for line in _lines(folder / "memory.stat") if " " in line)
            return limit - max(0, used - int(stats.get(cache, 0)))
    return None


def _text(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def _lines(path: Path) -> list[str]:
    return _text(path).splitlines()


def holder_of_port(port: int, root: Path = ROOT) -> str | None:
    """Name and number of the process that listens on a TCP port, where we may see it (proc(5), net/tcp)."""
    inodes = {
        words[9]
        for table in ("tcp", "tcp6")
        for line in _lines(root / "proc/net" / table)[1:]
        if (words := line.split())[3] == _LISTEN and int(words[1].rpartition(":")[2], 16) == port
    }
    sockets = {f"socket:[{inode}]" for inode in inodes}
    for handle in root.glob("proc/[0-9]*/fd/*") if sockets else ():
        with contextlib.suppress(OSError):
            if os.readlink(handle) in sockets:
                process = handle.parents[1]
                return f"{_text(process / 'comm')}, process {process.name}"
    return None
