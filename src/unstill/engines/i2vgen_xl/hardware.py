"""The device that the engine works on: its number format, its free memory, and when it has run out of it."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from unstill.engines.i2vgen_xl.rungs import LADDERS, Rung
from unstill.engines.placement.devices import half_is_good


@dataclass(frozen=True)
class Hardware:
    """What the engine runs on."""

    device: torch.device
    dtype: torch.dtype
    """Of weights and activations; latents are always kept in float32."""
    rungs: Sequence[Rung]
    """The rungs that make a difference here, best first."""

    @property
    def is_cuda(self) -> bool:
        return bool(self.device.type == "cuda")

    @property
    def value_bytes(self) -> int:
        """Bytes of one value."""
        return int(self.dtype.itemsize)

    @property
    def name(self) -> str:
        """As its driver calls it; "cpu" or "mps" for what is part of the computer."""
        return str(torch.cuda.get_device_name(self.device)) if self.is_cuda else str(self.device.type)

    def available_bytes(self) -> int | None:
        """Memory of the device that this process has or can still get; None where the device shares the
        computer's memory."""
        if not self.is_cuda:
            return None
        return int(torch.cuda.mem_get_info(self.device)[0] + torch.cuda.memory_reserved(self.device))

    def forget_peak(self) -> None:
        """Measure `peak_bytes` from now on."""
        if self.is_cuda:
            torch.cuda.reset_peak_memory_stats(self.device)

    def peak_bytes(self) -> int | None:
        """The most that tensors took since `forget_peak`, those counted that another queue still uses; None
        where memory is shared with the computer."""
        if not self.is_cuda:
            return None
        return int(torch.cuda.memory_stats(self.device)["active_bytes.all.peak"])

    def give_back(self) -> None:
        """Return what nobody holds any more to the device."""
        gc.collect()
        if self.is_cuda:
            torch.cuda.empty_cache()
        elif self.device.type == "mps":
            torch.mps.empty_cache()


def this_hardware() -> Hardware:
    """The best device of this computer.

    fp16 where half precision is quick: it is what the weights come in, and of the two half formats the one
    with the finer steps.
    """
    if torch.cuda.is_available():
        half = half_is_good(torch.cuda.get_device_capability(), torch.cuda.get_device_name())
        return Hardware(torch.device("cuda"), torch.float16 if half else torch.float32, LADDERS["cuda"])
    if torch.backends.mps.is_available():
        return Hardware(torch.device("mps"), torch.float16, LADDERS["mps"])
    return Hardware(torch.device("cpu"), torch.float32, LADDERS["cpu"])


class Pace:
    """Keeps the program at most one step ahead of the device, so that progress is true."""

    def __init__(self, hardware: Hardware) -> None:
        self._mark = torch.cuda.Event() if hardware.is_cuda else None
        self._marked = False

    def keep(self) -> None:
        """Wait until what was given to the device before the last call is done."""
        if self._mark is None:
            return
        if self._marked:
            self._mark.synchronize()
        self._mark.record()
        self._marked = True
