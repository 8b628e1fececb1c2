"""The compute floor: what a device's arithmetic alone needs for a clip."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from unstill.engines.i2vgen_xl.estimate import clip_flops
from unstill.engines.i2vgen_xl.hardware import Hardware
from unstill.engines.i2vgen_xl.recipe import recipe_of
from unstill.engines.placement.devices import peak_flops

if TYPE_CHECKING:
    from unstill.core.plan import Plan
    from unstill.core.ports import Machine

SIDE, TRIES = 1024, 4


@dataclass(frozen=True)
class Peak:
    """The best that a device's arithmetic does."""

    flops: float
    """A second."""
    measured: bool = False

    def floor_seconds(self, plan: Plan) -> float:
        return clip_flops(plan, recipe_of(plan)) / self.flops


def peak_of(hardware: Hardware, machine: Machine) -> Peak | None:
    """A device's best in the number format that it works in; None where nobody knows."""
    if hardware.device.type == "cpu":
        return Peak(_product_speed(), measured=True)
    flops = peak_flops(machine.accelerator) if machine.accelerator else None
    return Peak(flops) if flops else None


def _product_speed() -> float:
    """Operations a second of a product of fp32 matrices: the best of a few."""
    a, b = torch.randn(SIDE, SIDE), torch.randn(SIDE, SIDE)
    seconds = []
    for _ in range(TRIES):
        began = time.perf_counter()
        torch.mm(a, b)
        seconds.append(time.perf_counter() - began)
    return 2 * SIDE**3 / min(seconds)
