"""Real-ESRGAN's two networks, in two stages each: one at the frame's own size, one that enlarges.

Inputs are [1 3 h w] float32 RGB 0..1; the second stage gives [1 3 4h 4w]. ``radius`` is how far, in pixels of
its input, a stage sees: a tile that is wider by so much on every side comes out as the whole frame would.
Modules are named as the published weights are.
"""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F

SCALE = 4
SLOPE, SHARE = 0.2, 0.2
"""Of leaky ReLUs, and how much of a block's change counts (arXiv 1809.00219, section 3.1)."""


class Enlarger(Protocol):
    """What both networks offer."""

    look_radius: int
    draw_radius: int

    def look(self, frame: Tensor) -> Tensor:
        """Features [1 c h w] of a frame."""

    def draw(self, features: Tensor) -> Tensor:
        """The enlarged frame from its features."""


def _conv(into: int, out: int) -> nn.Conv2d:
    return nn.Conv2d(into, out, 3, 1, 1)


class Compact(nn.Module):  # type: ignore[misc]  # torch comes with an extra
    """animevideov3: a plain row of convolutions, added to the frame itself (SRVGGNetCompact)."""

    draw_radius = 0

    def __init__(self, width: int = 64, depth: int = 16) -> None:
        super().__init__()
        inner = [layer for _ in range(depth) for layer in (_conv(width, width), nn.PReLU(width))]
        ends = [_conv(3, width), nn.PReLU(width)], [_conv(width, 3 * SCALE**2)]
        self.body = nn.Sequential(*ends[0], *inner, *ends[1])
        self.look_radius = depth + 2

    def look(self, frame: Tensor) -> Tensor:
        """The change at 16 places of each pixel, and the pixel, [1 51 h w]."""
        return torch.cat([self.body(frame), frame], 1)

    def draw(self, features: Tensor) -> Tensor:
        change = F.pixel_shuffle(features[:, :-3], SCALE)
        return change + F.interpolate(features[:, -3:], scale_factor=SCALE, mode="nearest")


class Dense(nn.Module):  # type: ignore[misc]
    """Five convolutions, each of which sees all before it."""

    def __init__(self, width: int, growth: int) -> None:
        super().__init__()
        for number in range(5):
            into, out = width + number * growth, width if number == 4 else growth
            self.add_module(f"conv{number + 1}", _conv(into, out))

    def forward(self, x: Tensor) -> Tensor:
        seen = x
        for number in range(1, 5):
            new = F.leaky_relu(self.get_submodule(f"conv{number}")(seen), SLOPE)
            seen = torch.cat([seen, new], 1)
        return x + self.get_submodule("conv5")(seen) * SHARE


class Trio(nn.Module):  # type: ignore[misc]
    """Three dense blocks, and a way round them."""

    def __init__(self, width: int, growth: int) -> None:
        super().__init__()
        self.rdb1, self.rdb2, self.rdb3 = (Dense(width, growth) for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.rdb3(self.rdb2(self.rdb1(x))) * SHARE


class Deep(nn.Module):  # type: ignore[misc]
    """x4plus: residual dense blocks within residual blocks, then twice twice the size (RRDBNet)."""

    draw_radius = 3

    def __init__(self, blocks: int = 23, width: int = 64, growth: int = 32) -> None:
        super().__init__()
        self.conv_first = _conv(3, width)
        self.body = nn.Sequential(*(Trio(width, growth) for _ in range(blocks)))
        self.conv_body, self.conv_up1, self.conv_up2, self.conv_hr = (_conv(width, width) for _ in range(4))
        self.conv_last = _conv(width, 3)
        self.look_radius = 15 * blocks + 2

    def look(self, frame: Tensor) -> Tensor:
        first = self.conv_first(frame)
        return first + self.conv_body(self.body(first))

    def draw(self, features: Tensor) -> Tensor:
        for layer in (self.conv_up1, self.conv_up2):
            larger = F.interpolate(features, scale_factor=2, mode="nearest")
            features = F.leaky_relu(layer(larger), SLOPE)
        return self.conv_last(F.leaky_relu(self.conv_hr(features), SLOPE))
