"""What this computer has for us right now, whatever system it runs."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec

from unstill.core.ports import Machine
from unstill.doctor import nvidia

if sys.platform == "linux":
    from unstill.doctor import linux as system
elif sys.platform == "win32":
    from unstill.doctor import windows as system
else:
    from unstill.doctor import unix as system


@dataclass(frozen=True)
class WorkPlace:
    """A device that a worker process of its own is for, and the environment that shows it nothing else."""

    device: str
    environ: Mapping[str, str] = field(default_factory=dict)


def this_machine() -> Machine:
    """CPU cores this process may use and memory to be had without swapping, container limits counted; and the
    device for generative models, the first graphics card where torch can use one."""
    cores, memory = min(float(os.cpu_count() or 1), system.cores()), system.free_bytes()
    cards = _cards()
    if cards:
        return Machine(cores, memory, "cuda:0", cards[0].about)
    return Machine(cores, memory, "mps" if _is_apple() else "cpu")


def work_places(cpu_workers: int) -> list[WorkPlace]:
    """One for each graphics card that torch can use; without any, so many on the processor."""
    cards = _cards()
    if cards:
        return [WorkPlace(f"cuda:{number}", {nvidia.VISIBLE: card.uuid}) for number, card in enumerate(cards)]
    kind = "mps" if _is_apple() else "cpu"
    return [WorkPlace(f"{kind}:{number}") for number in range(1 if kind == "mps" else cpu_workers)]


def _cards() -> list[nvidia.Card]:
    return nvidia.cards() if nvidia.torch_speaks_cuda() else []


def _is_apple() -> bool:
    """Whether this is a computer whose own GPU torch can use."""
    return sys.platform == "darwin" and platform.machine() == "arm64" and find_spec("torch") is not None


def peak_bytes() -> int:
    """The most memory this process has had resident so far, in bytes; 0 where the system does not tell."""
    return system.peak_bytes()


def holder_of_port(port: int) -> str | None:
    """Who listens on a TCP port of this computer, as words; None where that cannot be seen."""
    return system.holder_of_port(port)
