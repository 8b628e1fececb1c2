"""Weights that stay on the device in 8 bits, and are widened a unit at a time: a little less exact."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from unstill.engines.placement.berth import stored

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module

FORMAT, LARGEST = torch.float8_e4m3fn, 448.0
"""Four bits of exponent and three of mantissa, and its largest number (arXiv 2209.05433, section 3)."""
LEAST_POWER = -24
"""Of two, in fp16."""


@dataclass(frozen=True)
class Narrowed:
    """A weight in 8 bits; each row of it, an output of the layer, has its own scale."""

    values: Tensor
    """float8, in the weight's shape [n ...] and memory layout."""
    scale: Tensor
    """[n 1 ...] in the weight's own format: powers of two, so that widening is exact."""

    def wide(self) -> Tensor:
        """The weight again, up to rounding: within a sixteenth of each value that is not tiny in its row."""
        return self.values.to(self.scale.dtype).mul_(self.scale)


def narrowed(weight: Tensor) -> Narrowed:
    """A weight [n ...] in 8 bits."""
    largest = weight.abs().amax(dim=tuple(range(1, weight.dim())), keepdim=True).float()
    power = torch.log2(largest / LARGEST).ceil().clamp(min=LEAST_POWER)
    scale = torch.exp2(power)
    return Narrowed((weight.float() / scale).to(FORMAT), scale.to(weight.dtype))


class Narrow:
    """A gate in front of a part's ``units``; calling it with a unit widens that one's weights.

    All weights are on the device: matrices and kernels of the units in 8 bits, everything else as it is. Of
    the units one at a time is wide. The part's weights must be at home when this is made, and are again after
    `close`.
    """

    def __init__(self, part: Module, units: Iterable[Module], device: torch.device) -> None:
        self._part, self._device, self._units = part, device, list(units)
        self._homes = [(each, each.data) for each in stored(part)]
        self._narrow: dict[int, list[tuple[Tensor, Narrowed]]] = {}
        self._wide: Module | None = None

    def open(self) -> None:
        """Bring all weights, those of the units in 8 bits."""
        for unit in self._units:
            matrices = [each for each in stored(unit) if each.dim() > 1]
            self._narrow[id(unit)] = [(each, narrowed(each.data.to(self._device))) for each in matrices]
            self._fold(unit)
        small = {id(each) for pairs in self._narrow.values() for each, _ in pairs}
        for each in stored(self._part):
            if id(each) not in small:
                each.data = each.data.to(self._device)

    def close(self) -> None:
        """Everything goes home, whatever has happened."""
        self._narrow.clear()
        self._wide = None
        for each, home in self._homes:
            each.data = home

    def __call__(self, unit: Module) -> None:
        """Widen ``unit``'s weights, and let go of the last one's wide ones."""
        if id(unit) not in self._narrow or self._wide is unit:
            return
        if self._wide is not None:
            self._fold(self._wide)
        self._wide = unit
        for each, small in self._narrow[id(unit)]:
            each.data = small.wide()

    def _fold(self, unit: Module) -> None:
        """Nothing is left of a unit's wide weights on the device."""
        for each, _ in self._narrow[id(unit)]:
            each.data = torch.empty(0, dtype=each.dtype, device=self._device)
