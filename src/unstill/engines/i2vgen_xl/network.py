"""The UNet's forward pass, with everything that does not change during a clip computed once.

Equal to `I2VGenXLUNet.forward` up to rounding. What is saved: both halves of guidance share all that comes
before the first cross-attention; keys and values of the context, the picture's branches, and the projections
of time and fps are computed once a clip; the halves may go one after the other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F

from unstill.engines.i2vgen_xl import layers
from unstill.engines.i2vgen_xl.anatomy import Anatomy, Layer, Level
from unstill.engines.i2vgen_xl.layers import KeyValue
from unstill.engines.i2vgen_xl.rungs import Rung, rows_at_once

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module

Gate = Callable[["Module"], None]
"""Is called with a unit of the UNet before it works: streamed weights have to be there by then."""


def always_open(unit: Module) -> None:
    """The gate where all weights are in place."""


@dataclass(frozen=True)
class Constants:
    """What a clip's steps have in common."""

    picture: Tensor
    """The picture's branch of the first convolution's input, [1 f h w 4]."""
    times: Tensor
    """Per step, one row: the projections of time and fps of all resnets, [steps c]."""
    context: Sequence[KeyValue]
    """Per cross-attention, keys and values of each half, unguided first."""

    def half(self, number: int) -> list[KeyValue]:
        """The context of one half of guidance: 0 unguided, 1 guided. Without guidance there is but one."""
        return [(_one(k, number), _one(v, number)) for k, v in self.context]


def _one(values: Tensor, number: int) -> Tensor:
    at = min(number, values.shape[0] - 1)
    return values[at : at + 1]


@dataclass(frozen=True)
class Shared:
    """What both halves begin with."""

    stem: Tensor
    """After the first convolution and temporal transformer, [1 f h w c]."""
    entered: Tensor
    """What goes into the first spatial transformer, [1 f h w c]."""
    asked: Tensor
    """Where that transformer is just before its cross-attention."""


class Network:
    """Runs a UNet that was taken apart, at one rung of the ladder."""

    def __init__(self, anatomy: Anatomy, rung: Rung, gate: Gate = always_open) -> None:
        self.anatomy, self.rung, self.gate = anatomy, rung, gate
        self._value_bytes = next(anatomy.unet.parameters()).dtype.itemsize

    def full(
        self, latents: Tensor, row: Tensor, picture: Tensor, context: Sequence[KeyValue]
    ) -> tuple[Tensor, Tensor]:
        """All of it, for all halves at once: see `start` and `finish`."""
        return self.finish(self.start(latents, row, picture), row, context)

    def quick(
        self, latents: Tensor, row: Tensor, picture: Tensor, context: Sequence[KeyValue], deep: Tensor
    ) -> Tensor:
        """A prediction [b f h w 4] with an earlier step's ``deep`` features (DeepCache): only the first and
        the last layer are computed."""
        last = self.anatomy.up[-1].layers[-1]
        stem = self.stem(latents, picture)
        return self._predict(self._ascend(deep, [last], [stem], row, context))

    def start(self, latents: Tensor, row: Tensor, picture: Tensor) -> Shared:
        """Up to the first cross-attention. ``latents`` [1 f h w 4], a ``row`` of `Constants.times`."""
        stem, first = self.stem(latents, picture), self.anatomy.down[0].layers[0]
        entered = self._convolve(stem, first, row)
        assert first.spatial is not None
        self.gate(first.spatial)
        return Shared(stem, entered, layers.spatial_start(entered, first.spatial))

    def stem(self, latents: Tensor, picture: Tensor) -> Tensor:
        """The first convolution and temporal transformer, [1 f h w c]."""
        unet = self.anatomy.unet
        x = layers.conv(torch.cat([latents, picture], dim=-1), unet.conv_in, unet.conv_in.bias)
        return self._temporal(x, unet.transformer_in)

    def finish(self, shared: Shared, row: Tensor, context: Sequence[KeyValue]) -> tuple[Tensor, Tensor]:
        """The rest, for as many halves as ``context`` has: the prediction [b f h w 4], and what came into the
        last layer of all, [b f h w c], for `quick`."""
        anatomy = self.anatomy
        x, kept = self._descend(shared, row, context)
        for layer in anatomy.middle.layers:
            x = self._layer(x, layer, row, context)
        for level in anatomy.up[:-1]:
            x = self._ascend(x, level.layers, kept, row, context)
            x = self._resize_up(x, level, kept[-1])
        *most, last = anatomy.up[-1].layers
        deep = self._ascend(x, most, kept, row, context)
        return self._predict(self._ascend(deep, [last], kept, row, context)), deep

    def _descend(
        self, shared: Shared, row: Tensor, context: Sequence[KeyValue]
    ) -> tuple[Tensor, list[Tensor]]:
        """All levels on the way down, and what they keep for the way up."""
        x, kept = shared.entered, [shared.stem]
        for depth, level in enumerate(self.anatomy.down):
            for number, layer in enumerate(level.layers):
                if depth == number == 0:
                    x = self._attend(shared.asked, x, layer, context)
                else:
                    x = self._layer(x, layer, row, context)
                kept.append(x)
            if level.resize is not None:
                self.gate(level.resize)
                x = layers.downsample(x, level.resize)
                kept.append(x)
        return x, kept

    def _ascend(
        self, x: Tensor, up: Sequence[Layer], kept: list[Tensor], row: Tensor, context: Sequence[KeyValue]
    ) -> Tensor:
        """Layers on the way up; each takes the last of what was ``kept``."""
        for layer in up:
            beside = kept.pop()
            x = torch.cat([x, beside.expand(x.shape[0], *beside.shape[1:])], dim=-1)
            x = self._layer(x, layer, row, context)
        return x

    def _resize_up(self, x: Tensor, level: Level, beside: Tensor) -> Tensor:
        assert level.resize is not None
        self.gate(level.resize)
        return layers.upsample(x, level.resize, beside.shape[2], beside.shape[3])

    def _layer(self, x: Tensor, layer: Layer, row: Tensor, context: Sequence[KeyValue]) -> Tensor:
        x = self._convolve(x, layer, row)
        if layer.spatial is None:
            return x
        self.gate(layer.spatial)
        return self._attend(layers.spatial_start(x, layer.spatial), x, layer, context)

    def _convolve(self, x: Tensor, layer: Layer, row: Tensor) -> Tensor:
        self.gate(layer.resnet)
        x = layers.resnet(x, layer.resnet, row[layer.time[0] : layer.time[1]])
        self.gate(layer.temporal_conv)
        return layers.temporal_conv(x, layer.temporal_conv)

    def _attend(self, asked: Tensor, x: Tensor, layer: Layer, context: Sequence[KeyValue]) -> Tensor:
        assert layer.spatial is not None
        assert layer.temporal is not None
        self.gate(layer.spatial)
        kv, rows = context[layer.context], self._rows(layer.spatial)
        return self._temporal(layers.spatial_end(asked, x, layer.spatial, kv, rows), layer.temporal)

    def _temporal(self, x: Tensor, module: Module) -> Tensor:
        self.gate(module)
        return layers.temporal(x, module, self._rows(module))

    def _rows(self, transformer: Module) -> int | None:
        wide = transformer.transformer_blocks[0].ff.net[0].proj.out_features
        return rows_at_once(self.rung, wide, self._value_bytes)

    def _predict(self, x: Tensor) -> Tensor:
        unet = self.anatomy.unet
        x = F.silu(layers.norm(x, unet.conv_norm_out, over_frames=False))
        return layers.conv(x, unet.conv_out, unet.conv_out.bias)
