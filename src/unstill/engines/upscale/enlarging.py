"""Frames through a network of Real-ESRGAN, by torch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional as F

from unstill.domain.catalog import ModelCard
from unstill.domain.weight_errors import WeightsDamaged
from unstill.engines.upscale.cards import X4PLUS
from unstill.engines.upscale.networks import SCALE, Compact, Deep, Enlarger
from unstill.engines.upscale.tiles import tiled

Frame = npt.NDArray[np.uint8]
LOOK_CORE, DRAW_CORE = 1536, 256
"""Sides of tiles, in pixels of the frame. The deep network sees 347 pixels far: smaller tiles would be little
else than overlap."""


class Enlarging:
    """One network on one device, in float32."""

    def __init__(self, card: ModelCard, folder: Path, device: str) -> None:
        self.card, self.device = card, device
        self._network: Enlarger = _loaded(card, folder / card.files[0], device)

    def enlarged(self, frame: Frame, times: int) -> Frame:
        """The frame [h w 3], ``times`` (2 or 4) as wide and high. Twice is four times, averaged."""
        with torch.inference_mode():
            pixels = torch.from_numpy(np.ascontiguousarray(frame)).to(self.device)
            large = enlarge(self._network, pixels.permute(2, 0, 1)[None].float() / 255)
            if times < SCALE:
                large = F.avg_pool2d(large, SCALE // times)
            whole = (large[0] * 255).round().clamp(0, 255).to(torch.uint8)
            return np.ascontiguousarray(whole.permute(1, 2, 0).cpu().numpy())


def enlarge(network: Enlarger, frame: Tensor, look: int = LOOK_CORE, draw: int = DRAW_CORE) -> Tensor:
    """A frame [1 3 h w] four times as large; ``look`` and ``draw`` are the sides of the tiles."""
    features = tiled(network.look, frame, look, network.look_radius)
    return tiled(network.draw, features, draw, network.draw_radius, SCALE)


def _loaded(card: ModelCard, file: Path, device: str) -> Enlarger:
    """Raises `WeightsDamaged` for tensors that are not this network's."""
    network = Deep() if card.id == X4PLUS.id else Compact()
    try:
        network.load_state_dict(load_file(str(file)))
    except (SafetensorError, RuntimeError, OSError) as error:
        raise WeightsDamaged(
            model=card.id, file=file.name, reason="its tensors are not those of this network",
            reason_zh="其中的张量与该网络不符",
        ) from error  # fmt: skip
    ready: Enlarger = network.eval().requires_grad_(False).to(device)
    return ready
