"""The frame halfway between two, by torch: for graphics cards."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from unstill.engines.retime.scale import padded, scales_of
from unstill.engines.retime.weights import weights

Frame = npt.NDArray[np.uint8]
BACK = [2, 3, 0, 1]
"""As in `opencv`."""


def _layer(into: int, out: int, stride: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(into, out, 3, stride, 1), nn.PReLU(out))


def _head(into: int, out: int) -> nn.Sequential:
    half = into // 2
    return nn.Sequential(
        nn.ConvTranspose2d(into, half, 4, 2, 1), nn.PReLU(half), nn.ConvTranspose2d(half, out, 4, 2, 1)
    )


class Block(nn.Module):  # type: ignore[misc]  # torch comes with an extra
    """[n 11 h w] (pair, mask, flow) to [n 5 h w] (flow and mask, corrected by). Named as the weights are."""

    def __init__(self, into: int = 11, width: int = 90) -> None:
        super().__init__()
        self.conv0 = nn.Sequential(_layer(into, width // 2, 2), _layer(width // 2, width, 2))
        for part in range(4):
            both = nn.Sequential(_layer(width, width, 1), _layer(width, width, 1))
            self.add_module(f"convblock{part}", both)
        self.conv1, self.conv2 = _head(width, 4), _head(width, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv0(x)
        for part in range(4):
            x = x + self.get_submodule(f"convblock{part}")(x)
        return torch.cat([self.conv1(x), self.conv2(x)], 1)


class TorchMiddle:
    """Draws middle frames on one device, in float32. The same steps as `OpenCvMiddle`, which says more."""

    def __init__(self, device: str) -> None:
        self.device = device
        blocks = nn.ModuleDict({f"block{index}": Block() for index in range(3)})
        blocks.load_state_dict({name: torch.from_numpy(value.copy()) for name, value in weights().items()})
        self._blocks = blocks.eval().requires_grad_(False).to(device)

    def middle(self, first: Frame, last: Frame) -> Frame:
        """The frame at half time between two, each uint8 [h w 3] of one size."""
        with torch.inference_mode():
            height, width = first.shape[:2]
            pair = [self._padded(frame) for frame in (first, last)]
            near, far, mask = self._look(pair, scales_of(height, width))
            drawn = far + (near - far) * mask.sigmoid()
            whole = (drawn[0, :, :height, :width] * 255).round().clamp(0, 255).to(torch.uint8)
            made: Frame = whole.permute(1, 2, 0).cpu().numpy()
            return np.ascontiguousarray(made)

    def _look(self, pair: Sequence[Tensor], scales: Sequence[int]) -> tuple[Tensor, Tensor, Tensor]:
        sides = pair[0].shape[2:]
        flow, mask = pair[0].new_zeros((1, 4, *sides)), pair[0].new_zeros((1, 1, *sides))
        seen = list(pair)
        for block, scale in zip(self._blocks.children(), scales, strict=True):
            views = [_view(seen, flow, mask, scale), _view(seen[::-1], flow[:, BACK], -mask, scale)]
            there, back = _resized(block(torch.cat(views)), sides).split(1)
            flow = flow + (there[:, :4] + back[:, BACK]) * (scale / 2)
            mask = mask + (there[:, 4:] - back[:, 4:]) / 2
            seen = [_warped(pair[0], flow[:, :2]), _warped(pair[1], flow[:, 2:])]
        return seen[0], seen[1], mask

    def _padded(self, frame: Frame) -> Tensor:
        height, width = frame.shape[:2]
        tall, wide = padded(height, width)
        planes = torch.from_numpy(np.ascontiguousarray(frame)).to(self.device).permute(2, 0, 1)[None]
        return F.pad(planes.float() / 255, (0, wide - width, 0, tall - height))


def _view(pair: Sequence[Tensor], flow: Tensor, mask: Tensor, scale: int) -> Tensor:
    """What a block sees, [1 11 h/scale w/scale]."""
    whole = torch.cat([*pair, mask, flow], 1)
    sides = (whole.shape[2] // scale, whole.shape[3] // scale)
    small = _resized(whole, torch.Size(sides))
    return torch.cat([small[:, :7], small[:, 7:] / scale], 1)


def _resized(planes: Tensor, sides: torch.Size) -> Tensor:
    if planes.shape[2:] == sides:
        return planes
    return F.interpolate(planes, size=tuple(sides), mode="bilinear", align_corners=False)


def _warped(picture: Tensor, flow: Tensor) -> Tensor:
    """The picture [1 3 h w] read at each place plus ``flow`` [1 2 h w] pixels; beyond it, its border."""
    height, width = picture.shape[2:]
    x = torch.arange(width, device=picture.device) + flow[:, 0]
    y = torch.arange(height, device=picture.device)[:, None] + flow[:, 1]
    grid = torch.stack([x * (2 / (width - 1)) - 1, y * (2 / (height - 1)) - 1], -1)
    return F.grid_sample(picture, grid, mode="bilinear", padding_mode="border", align_corners=True)
