"""A glimpse of the clip while it is being made: latents to colours by a straight line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

if TYPE_CHECKING:
    from torch import Tensor

    from unstill.core.ports import Frame

SIDE = 256
"""The longer side of a preview, in pixels."""
FIRMNESS = 1e-3
"""Ridge that keeps the fit calm where a picture has few colours."""


class Glimpse:
    """The linear map from latents to colours that fits this picture best.

    Fitted by least squares to the picture itself, whose latents and pixels are both known, so that it holds
    for whatever VAE the checkpoint has, and for these colours above all.
    """

    def __init__(self, picture: Frame, latents: Tensor) -> None:
        """``picture`` uint8 [8h 8w 3] and its ``latents`` float32 [1 4 h w], on the host."""
        pixels = torch.from_numpy(np.ascontiguousarray(picture)).permute(2, 0, 1)[None].float() / 255
        colours = F.interpolate(pixels, size=latents.shape[-2:], mode="area")[0].flatten(1).T
        known = _with_one(latents[0].flatten(1).T)
        ridge = FIRMNESS * len(known) * torch.eye(known.shape[1])
        self._map = torch.linalg.solve(known.T @ known + ridge, known.T @ colours)

    def of(self, latents: Tensor) -> Frame:
        """The preview of one frame's latents [4 h w]: uint8 [H W 3], at most `SIDE` on its longer side."""
        _, height, width = latents.shape
        colours = _with_one(latents.float().cpu().flatten(1).T) @ self._map
        small = (colours.clamp(0, 1) * 255).round().to(torch.uint8).view(height, width, 3).numpy()
        scale = SIDE / max(height, width)
        size = max(1, round(width * scale)), max(1, round(height * scale))
        return np.asarray(Image.fromarray(small).resize(size, Image.Resampling.BICUBIC))


def _with_one(values: Tensor) -> Tensor:
    """Rows with a 1 at their end, for the line's offset."""
    return torch.cat([values, torch.ones(len(values), 1)], dim=1)
