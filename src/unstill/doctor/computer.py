"""The computer itself: Python, system, processor, memory, clock, language."""

from __future__ import annotations

import locale
import platform
import shutil
import struct
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from unstill.doctor import machine
from unstill.domain.check import Check, failure, ok, warning

OLDEST, NEWEST = (3, 11), (3, 14)
"""Versions of Python that unstill is made for."""
LEAST_BYTES, GOOD_BYTES = 400 << 20, 1 << 30
"""Memory that a clip in motion needs at least, and what serves for every size."""
LEAST_SHARED = 32 << 20
EARLIEST = 1_767_225_600
"""2026-01-01 in seconds since 1970: a clock before that is wrong."""
LATEST = 4_102_444_800
ROOT = Path("/")
GIB = 1 << 30


def computer(root: Path = ROOT) -> Iterator[Check]:
    """All of it. ``root`` stands in for / in tests."""
    yield python(sys.version_info[:2])
    yield system(struct.calcsize("P") * 8)
    yield processor(root)
    yield memory(machine.this_machine().memory_bytes)
    yield limits(root)
    yield shared_memory(root)
    yield clock(time.time())
    yield text(sys.getfilesystemencoding(), locale.getpreferredencoding(False))


def python(version: tuple[int, int]) -> Check:
    shown = ".".join(map(str, version))
    if OLDEST <= version <= NEWEST:
        return ok("python", f"Python {shown}", f"Python {shown}")
    if version < OLDEST:
        return failure(
            "python", (f"Python {shown} is too old", f"Python {shown} 版本过低"),
            ("Install Python 3.11 or newer and set unstill up with it again.",
             "请安装 Python 3.11 或更新版本，然后重新安装 unstill。"),
        )  # fmt: skip
    return warning(
        "python", (f"Python {shown} is newer than any that was tried", f"Python {shown} 尚未测试过"),
        ("If something fails, use Python 3.11 to 3.14.", "如遇问题，请使用 Python 3.11 至 3.14。"),
    )  # fmt: skip


def system(bits: int) -> Check:
    shown = f"{platform.system()} {platform.release()}, {platform.machine()}"
    if bits == 64:
        return ok("system", shown, shown)
    return failure(
        "system", (f"{shown}: a 32 bit Python", f"{shown}：32 位 Python"),
        ("Install a 64 bit Python.", "请安装 64 位 Python。"),
    )  # fmt: skip


def processor(root: Path) -> Check:
    """AVX2 is what the libraries' quick kernels want; there are slow ones without it."""
    cores = machine.this_machine().cores
    shown, shown_zh = f"{cores:g} cores", f"{cores:g} 核"
    flags = _flags(root)
    if platform.machine() not in ("x86_64", "AMD64") or not flags or "avx2" in flags:
        return ok("processor", shown, shown_zh)
    return warning(
        "processor", (f"{shown}, without AVX2", f"{shown_zh}，不支持 AVX2"),
        ("Everything works, several times slower. In a virtual machine pass the host's processor on.",
         "可以运行，但会慢数倍；在虚拟机中请直通主机 CPU。"),
    )  # fmt: skip


def _flags(root: Path) -> set[str]:
    try:
        lines = (root / "proc/cpuinfo").read_text().splitlines()
    except OSError:
        return set()
    found = next((line for line in lines if line.startswith("flags")), "")
    return set(found.partition(":")[2].split())


def memory(free: int) -> Check:
    shown, shown_zh = f"{free / GIB:.1f} GiB of memory are free", f"可用内存 {free / GIB:.1f} GiB"
    if free >= GOOD_BYTES:
        return ok("memory", shown, shown_zh)
    tight = ("Close other programs, or ask for smaller videos: `--size 512p`.",
             "请关闭其他程序，或生成较小的视频：`--size 512p`。")  # fmt: skip
    if free >= LEAST_BYTES:
        return warning("memory", (shown, shown_zh), tight)
    return failure("memory", (f"Only {shown}", shown_zh), tight)


def limits(root: Path) -> Check:
    """What a container, or a service manager, allows of the computer's memory."""
    from unstill.doctor import linux

    room = linux.limit_bytes(root) if sys.platform == "linux" else None
    if room is None:
        return ok("limits", "no limit of memory is set", "未设置内存上限")
    shown, shown_zh = f"limited to {room / GIB:.1f} GiB of memory", f"内存上限 {room / GIB:.1f} GiB"
    if room >= GOOD_BYTES:
        return ok("limits", shown, shown_zh)
    return warning(
        "limits", (shown, shown_zh),
        ("Allow the container at least 2 GiB: `docker run -m 2g ...`.",
         "请给容器至少 2 GiB 内存：`docker run -m 2g ...`。"),
    )  # fmt: skip


def shared_memory(root: Path) -> Check:
    folder = root / "dev/shm"
    if not folder.is_dir():
        return ok("shared_memory", "not used on this system", "本系统不使用")
    free = shutil.disk_usage(folder).free
    shown, shown_zh = f"{free >> 20} MiB in /dev/shm", f"共享内存可用 {free >> 20} MiB"
    if free >= LEAST_SHARED:
        return ok("shared_memory", shown, shown_zh)
    return warning(
        "shared_memory", (f"Only {shown}", shown_zh),
        ("Start the container with `--shm-size 1g`.", "启动容器时加上 `--shm-size 1g`。"),
    )  # fmt: skip


def clock(now: float) -> Check:
    shown = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(now))
    if EARLIEST <= now <= LATEST:
        return ok("clock", shown, shown)
    return warning(
        "clock", (f"The clock says {shown}", f"系统时间为 {shown}"),
        ("Set the clock: downloads over HTTPS fail with a wrong one.",
         "请校准系统时间，否则 HTTPS 下载会失败。"),
    )  # fmt: skip


def text(files: str, words: str) -> Check:
    if _is_utf8(files) and _is_utf8(words):
        return ok("text", "UTF-8", "UTF-8")
    return warning(
        "text", (f"Text is {words}, file names are {files}", f"文本编码 {words}，文件名编码 {files}"),
        ("Set UTF-8, so that every language can be shown: `export LANG=C.UTF-8`.",
         "请设置 UTF-8 以正确显示各种语言：`export LANG=C.UTF-8`。"),
    )  # fmt: skip


def _is_utf8(name: str) -> bool:
    return name.lower().replace("-", "").replace("_", "") == "utf8"
