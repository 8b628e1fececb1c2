"""The device that the engine works on: its number format, its free memory, and when it has run out of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from unstill.engines.i2vgen_xl.rungs import LADDERS, Rung
from unstill.engines.placement.devices import half_is_good
from unstill.engines.placement.torch_device import Device


@dataclass(frozen=True)
class Hardware(Device):
    """What the engine runs on. Latents are kept in float32 whatever its number format."""

    rungs: Sequence[Rung]
    """The rungs that make a difference here, best first."""


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
