"""The device that torch works on: its number format, its memory. Imports torch."""

from __future__ import annotations

import gc
from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Device:
    """Where a model's work is done."""

    device: torch.device
    dtype: torch.dtype
    """Of weights and activations."""

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
