"""Latents to colours by a straight line: previews of a clip while it is being made. Imports torch."""

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


def fitted(picture: Frame, latents: Tensor) -> Tensor:
    """The map [c + 1, 3] from ``latents`` [c h w] to the colours of ``picture`` uint8 [H W 3]."""
    pixels = torch.from_numpy(np.ascontiguousarray(picture)).permute(2, 0, 1)[None].float() / 255
    wanted = F.interpolate(pixels, size=latents.shape[-2:], mode="area")[0].flatten(1).T
    known = _with_one(latents.flatten(1).T)
    ridge = FIRMNESS * len(known) * torch.eye(known.shape[1])
    return torch.linalg.solve(known.T @ known + ridge, known.T @ wanted)


def colours(latents: Tensor, map_: Tensor) -> Frame:
    """The preview of one frame's latents [c h w]: uint8 [H W 3], at most `SIDE` on its longer side."""
    _, height, width = latents.shape
    found = _with_one(latents.flatten(1).T) @ map_
    small = (found.nan_to_num().clamp(0, 1) * 255).round().to(torch.uint8).view(height, width, 3).numpy()
    scale = SIDE / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(Image.fromarray(small).resize(size, Image.Resampling.BICUBIC))


def _with_one(values: Tensor) -> Tensor:
    """Rows with a 1 at their end, for the line's offset."""
    return torch.cat([values, torch.ones(len(values), 1)], dim=1)
