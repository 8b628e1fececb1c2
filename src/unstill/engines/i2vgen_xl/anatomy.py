"""Which module of the UNet comes when: the order in which `network` walks through it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch.nn import Module


@dataclass(frozen=True)
class Layer:
    """A resnet and what follows it."""

    resnet: Module
    temporal_conv: Module
    spatial: Module | None
    temporal: Module | None
    time: tuple[int, int]
    """From where to where the resnet's projected time stands in a row of `Constants.times`."""
    context: int
    """The number of the cross-attention, which counts into `Constants.context`; -1 without one."""


@dataclass(frozen=True)
class Level:
    """Layers of one size, and the way to the next."""

    layers: tuple[Layer, ...]
    resize: Module | None


@dataclass(frozen=True)
class Anatomy:
    """The UNet in the order of its work."""

    unet: Module
    down: tuple[Level, ...]
    middle: Level
    up: tuple[Level, ...]

    @property
    def levels(self) -> tuple[Level, ...]:
        return (*self.down, self.middle, *self.up)

    @property
    def layers(self) -> Iterator[Layer]:
        for level in self.levels:
            yield from level.layers

    def units(self) -> Iterator[Module]:
        """The modules that come and go as one when weights are streamed, in the order of their work."""
        yield self.unet.transformer_in
        for level in self.levels:
            for layer in level.layers:
                found = (layer.resnet, layer.temporal_conv, layer.spatial, layer.temporal)
                yield from (module for module in found if module is not None)
            if level.resize is not None:
                yield level.resize


def dissect(unet: Module) -> Anatomy:
    """Take a UNet apart. Nothing is changed."""
    count = _Counter()
    down = tuple(count.level(block, "downsamplers") for block in unet.down_blocks)
    middle = count.level(unet.mid_block, "none")
    up = tuple(count.level(block, "upsamplers") for block in unet.up_blocks)
    return Anatomy(unet, down, middle, up)


class _Counter:
    """Gives resnets their place in a row of times, and cross-attentions their number."""

    def __init__(self) -> None:
        self._time, self._context = 0, 0

    def level(self, block: Module, resizers: str) -> Level:
        spatial, temporal = (list(getattr(block, name, [])) for name in ("attentions", "temp_attentions"))
        pairs = zip(block.resnets, block.temp_convs, strict=True)
        layers = tuple(
            self._layer(resnet, conv, _at(spatial, index), _at(temporal, index))
            for index, (resnet, conv) in enumerate(pairs)
        )
        resize = getattr(block, resizers, None)
        return Level(layers, resize[0] if resize else None)

    def _layer(self, resnet: Module, conv: Module, spatial: Module | None, temporal: Module | None) -> Layer:
        start, number = self._time, self._context if spatial is not None else -1
        self._time += resnet.time_emb_proj.out_features
        self._context += spatial is not None
        return Layer(resnet, conv, spatial, temporal, (start, self._time), number)


def _at(modules: list[Module], index: int) -> Module | None:
    return modules[index] if index < len(modules) else None


def lay_out(module: Module) -> None:
    """Store the weights of convolutions with channels last, the way `layers` and the VAE use them.

    A Conv3d of (3, 1, 1) is stored as the Conv2d it is used as. Values stay what they are.
    """
    for part in module.modules():
        if isinstance(part, torch.nn.Conv2d):
            part.weight.data = part.weight.data.contiguous(memory_format=torch.channels_last)
        elif isinstance(part, torch.nn.Conv3d) and part.kernel_size[1:] == (1, 1):
            flat = part.weight.data.squeeze(-1).contiguous(memory_format=torch.channels_last)
            part.weight.data = flat.unsqueeze(-1)
