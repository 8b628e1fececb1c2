"""NVIDIA graphics cards as the driver's management library (NVML) tells of them. CUDA is not started.

Functions and units: NVML API reference guide, device queries.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from unstill.core.ports import Accelerator

VISIBLE = "CUDA_VISIBLE_DEVICES"
"""Which cards programs may use: numbers or the beginnings of ids, up to the first that is none."""
TORCH_CUDA = ("libtorch_cuda.so", "torch_cuda.dll")
PROCESSES = Path("/proc")
Found = TypeVar("Found")


@dataclass(frozen=True)
class Card:
    """One graphics card that this program may use."""

    uuid: str
    about: Accelerator


def cards(nvml: ModuleType | Any = None) -> list[Card]:
    """Those that the driver shows and the environment allows, in the order in which CUDA counts them.

    Empty where there is no driver. ``nvml`` stands in for the library in tests.
    """
    library = nvml or _library()
    if library is None:
        return []
    found: list[Card] = []
    for number in _quiet(library.nvmlDeviceGetCount, 0):
        with contextlib.suppress(library.NVMLError):
            found.extend(_parts(library, library.nvmlDeviceGetHandleByIndex(number)))
    return _allowed(found, os.environ.get(VISIBLE))


@dataclass(frozen=True)
class Holder:
    """A program of somebody else that holds memory of a card. 0 bytes where the driver does not say."""

    name: str
    pid: int
    held_bytes: int


def holders(nvml: ModuleType | Any = None) -> list[Holder]:
    """Programs on any card, other than this one and its workers; the largest first."""
    library = nvml or _library()
    if library is None:
        return []
    found: dict[int, int] = {}
    for process in _processes(library):
        pid = int(process.pid)
        found[pid] = max(int(process.usedGpuMemory or 0), found.get(pid, 0))
    ours = _our_processes()
    strange = [Holder(_program(pid), pid, held) for pid, held in found.items() if pid not in ours]
    return sorted(strange, key=lambda one: -one.held_bytes)


def _processes(nvml: Any) -> Iterator[Any]:
    """Of all cards, as far as they say; those that compute and those that draw."""
    for number in _quiet(nvml.nvmlDeviceGetCount, 0):
        for ask in ("nvmlDeviceGetComputeRunningProcesses", "nvmlDeviceGetGraphicsRunningProcesses"):
            with contextlib.suppress(nvml.NVMLError, _older_than_nvml(nvml), AttributeError):
                yield from getattr(nvml, ask)(nvml.nvmlDeviceGetHandleByIndex(number))


def _older_than_nvml(nvml: Any) -> type[Exception]:
    """What the binding raises where the driver lacks a function; it is none of NVML's own errors."""
    found: type[Exception] = getattr(nvml, "NVMLLibraryMismatchError", AttributeError)
    return found


def _program(pid: int) -> str:
    """Its name where this system knows it: inside a container those outside are only numbers."""
    try:
        return (PROCESSES / str(pid) / "comm").read_text(errors="replace").strip()
    except OSError:  # gone, or a system without such files
        return "?"


def torch_speaks_cuda() -> bool:
    """Whether the torch that is installed was built for CUDA; it is not imported for that."""
    spec = find_spec("torch")
    places = spec.submodule_search_locations if spec else None
    return any((Path(place) / "lib" / name).exists() for place in places or () for name in TORCH_CUDA)


@cache
def _library() -> ModuleType | None:
    """NVML, started once a process."""
    try:
        import pynvml

        pynvml.nvmlInit()
    except Exception:  # no driver, another version, not permitted: all of them mean that there is no card
        return None
    return pynvml  # type: ignore[no-any-return]


def _quiet(call: Callable[[], int], otherwise: int) -> Iterable[int]:
    try:
        return range(call())
    except Exception:
        return range(otherwise)


def _parts(nvml: Any, handle: Any) -> Iterator[Card]:
    """A card; where it is divided (MIG), its instances, each of which CUDA takes for a card."""
    try:
        divided = bool(nvml.nvmlDeviceGetMigMode(handle)[0])
    except (nvml.NVMLError, AttributeError):  # cards that cannot be divided
        divided = False
    if not divided:
        yield _card(nvml, handle, handle)
        return
    for number in range(nvml.nvmlDeviceGetMaxMigDeviceCount(handle)):
        with contextlib.suppress(nvml.NVMLError):  # a place without an instance
            yield _card(nvml, nvml.nvmlDeviceGetMigDeviceHandleByIndex(handle, number), handle)


def _memory(nvml: Any, handle: Any) -> tuple[int, int]:
    """Total and free bytes. Where a card has none of its own (Grace, Jetson) the computer's count."""
    try:
        memory = nvml.nvmlDeviceGetMemoryInfo(handle)
    except nvml.NVMLError:
        if sys.platform != "linux":
            raise
        from unstill.doctor import linux

        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"), linux.free_bytes()
    return int(memory.total), int(memory.free)


def _card(nvml: Any, handle: Any, whole: Any) -> Card:
    """``whole`` is the card itself where ``handle`` is an instance of it."""
    total, free = _memory(nvml, handle)
    uuid = _text(nvml.nvmlDeviceGetUUID(handle))

    def asked(call: Callable[[], Found], otherwise: Found) -> Found:
        try:
            return call()
        except (nvml.NVMLError, _older_than_nvml(nvml), AttributeError):  # old ones do not say everything
            return otherwise

    clock = asked(lambda: nvml.nvmlDeviceGetMaxClockInfo(whole, nvml.NVML_CLOCK_SM), 0)
    memory_clock = asked(lambda: nvml.nvmlDeviceGetMaxClockInfo(whole, nvml.NVML_CLOCK_MEM), 0)
    width = asked(lambda: nvml.nvmlDeviceGetMemoryBusWidth(whole), 0)
    major, minor = asked(lambda: nvml.nvmlDeviceGetCudaComputeCapability(whole), (0, 0))
    share = min(1.0, total / max(1, _memory(nvml, whole)[0])) if whole is not handle else 1.0
    processes: Sequence[Any] = asked(lambda: nvml.nvmlDeviceGetComputeRunningProcesses(handle), ())
    about = Accelerator(
        name=_text(nvml.nvmlDeviceGetName(handle)),
        total_bytes=total,
        free_bytes=min(total, _free(uuid, free, processes)),
        capability=(int(major), int(minor)),
        cores=int(share * asked(lambda: nvml.nvmlDeviceGetNumGpuCores(whole), 0)),
        clock_hz=clock * 1e6,
        bandwidth=share * memory_clock * 1e6 * 2 * width / 8,  # two transfers a clock
    )
    return Card(uuid, about)


_first_free: dict[str, int] = {}
"""What was free when this process first looked: before it, or a worker of it, loaded anything."""


def _free(uuid: str, free: int, processes: Iterable[Any]) -> int:
    """Free bytes, and what this program and its workers hold: a model that is kept warm is no reason to
    refuse its next clip.

    Inside a container the driver's process numbers are those outside. What was free at the start counts
    there, unless the driver now says more.
    """
    first, ours = _first_free.setdefault(uuid, free), _our_processes()
    held, foreign = 0, False
    for process in processes:
        if int(process.pid) in ours:
            held += int(process.usedGpuMemory or 0)
        else:
            foreign = foreign or not _is_here(int(process.pid))
    return max(free + held, first) if foreign and not held else free + held


def _our_processes() -> set[int]:
    return {os.getpid(), *_started_by(os.getpid())}


def _started_by(pid: int) -> Iterator[int]:
    """Processes that a process started, and theirs, where the system shows them."""
    for task in PROCESSES.glob(f"{pid}/task/*/children"):
        with contextlib.suppress(OSError):
            for word in task.read_text().split():
                yield int(word)
                yield from _started_by(int(word))


def _is_here(pid: int) -> bool:
    """Whether this system knows a process of that number. Where that cannot be seen it does."""
    return not PROCESSES.is_dir() or (PROCESSES / str(pid)).exists()


def _allowed(found: list[Card], wish: str | None) -> list[Card]:
    if wish is None:
        return found
    kept: list[Card] = []
    for word in (each.strip() for each in wish.split(",")):
        if word.isdecimal():
            match = found[int(word)] if int(word) < len(found) else None
        else:
            match = next((card for card in found if word and card.uuid.startswith(word)), None)
        if match is None:
            break
        kept.append(match)
    return kept


def _text(value: str | bytes) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
