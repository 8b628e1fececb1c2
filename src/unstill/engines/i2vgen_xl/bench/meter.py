"""What a piece of work takes: seconds, steps, peak memory; and how far apart two results are."""

from __future__ import annotations

import contextlib
import platform
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import torch

from unstill.engines.i2vgen_xl.hardware import Hardware

if TYPE_CHECKING:
    from torch import Tensor

UNSETTLED = 2
"""First steps that are left out of the median: they build what later ones use again."""


class Meter:
    """Measures one piece of work at a time: `start`, the work, `stop`."""

    def __init__(self, hardware: Hardware) -> None:
        self._hardware = hardware
        self._began = 0.0
        self._steps: list[float] = []
        self._marks: list[torch.cuda.Event] = []
        self.seconds = 0.0
        self.peak_bytes: int | None = None
        self.reserved_bytes: int | None = None

    def start(self) -> None:
        self._hardware.give_back()
        if self._hardware.is_cuda:
            torch.cuda.synchronize()
            torch.cuda.reset_peak_memory_stats()
        else:
            forget_peak()
        self._steps, self._marks = [], []
        self._began = time.perf_counter()

    def step(self) -> None:
        """A step begins or the last one is done. The device says when: the program may be ahead of it."""
        if self._hardware.is_cuda:
            self._marks.append(torch.cuda.Event(enable_timing=True))
            self._marks[-1].record()
        else:
            self._steps.append(time.perf_counter())

    def stop(self) -> None:
        if self._hardware.is_cuda:
            torch.cuda.synchronize()
            self._steps = [self._marks[0].elapsed_time(mark) / 1000 for mark in self._marks]
            self.peak_bytes = int(torch.cuda.max_memory_allocated())
            self.reserved_bytes = int(torch.cuda.max_memory_reserved())
        else:
            self.peak_bytes = resident_peak()
        self.seconds = time.perf_counter() - self._began

    @property
    def step_seconds(self) -> float | None:
        """The median of the steps after the first two; of all where there are no more."""
        times = [later - earlier for earlier, later in zip(self._steps, self._steps[1:], strict=False)]
        return median(times[UNSETTLED:] or times) if times else None


def resident_peak() -> int | None:
    """The most memory this process has had since `forget_peak`, in bytes; None where nobody counts."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def forget_peak() -> None:
    """Begin anew with the peak, where the system can: Linux."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def device_name(hardware: Hardware) -> str:
    """As its maker calls it."""
    if hardware.is_cuda:
        return str(torch.cuda.get_device_name(hardware.device))
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def apart(ours: Tensor, other: Tensor) -> tuple[float, float]:
    """The largest difference as a share of the largest value, and both as root mean squares."""
    mine, its = ours.double().cpu(), other.double().cpu()
    gap = mine - its
    largest = float(gap.abs().max() / its.abs().max())
    return largest, float(gap.square().mean().sqrt() / its.square().mean().sqrt())


@contextlib.contextmanager
def full_precision() -> Iterator[None]:
    """Float32 as such: no convolution in TF32."""
    before = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = False
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32 = before


@contextlib.contextmanager
def capped(hardware: Hardware, cap_bytes: int) -> Iterator[None]:
    """No more than so much of the device's memory for torch."""
    total = torch.cuda.get_device_properties(hardware.device).total_memory
    hardware.give_back()
    torch.cuda.set_per_process_memory_fraction(min(1.0, cap_bytes / total))  # a device must have its number
    try:
        yield
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
