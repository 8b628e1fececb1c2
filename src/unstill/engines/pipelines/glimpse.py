"""A glimpse of the clip while it is being made, whatever a pipeline's latents look like."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from unstill.engines.pipelines.row import Latents
from unstill.engines.placement.colours import colours, fitted

if TYPE_CHECKING:
    from torch import Tensor

    from unstill.core.ports import Frame


class Glimpse:
    """The linear map from latents to colours that fits this picture best: its latents, as the VAE encodes
    it, and its pixels are both known."""

    def __init__(self, picture: Frame, latents: Latents, width: int, height: int, num_frames: int) -> None:
        self._picture, self._form = picture, latents
        self._size = width // latents.spatial, height // latents.spatial
        self._frames = (num_frames - 1) // latents.temporal + 1
        self._map: Tensor | None = None
        self._clean: Tensor | None = None

    def seen(self, vae: Any, encoded: Any) -> None:
        """What the VAE made of a picture: its first frame teaches the map. Never fails."""
        if self._map is not None:
            return
        try:
            first = _first(_mode(encoded)).detach().float().cpu()
            if first.shape[-2:] == (self._size[1], self._size[0]):
                self._map = fitted(self._picture, _normal(vae, first))
        except (AttributeError, RuntimeError, ValueError, TypeError, IndexError):
            self._map = None

    def stepped(self, scheduler: Any, sample: Any, predicted: Any, sigma: float | None, done: Any) -> None:
        """Keep what a step believes the finished latents to be."""
        clean = done[1] if isinstance(done, tuple) and len(done) > 1 else None
        if clean is None:
            clean = getattr(done, "pred_original_sample", None)
        if clean is None and getattr(scheduler.config, "use_flow_sigmas", False):
            outputs = getattr(scheduler, "model_outputs", None) or [None]
            clean = outputs[-1]
        if clean is None and sigma is not None:
            clean = sample - sigma * predicted
        self._clean = clean if clean is not None else done[0] if isinstance(done, tuple) else sample

    def shown(self) -> Frame | None:
        """The middle of the clip as the last step believes it to be: uint8 [H W 3], as `colours`
        makes it; None where nothing is known of it."""
        if self._map is None or self._clean is None:
            return None
        try:
            frame = self._middle(self._clean.detach().float().cpu())
            return colours(frame, self._map)
        except (RuntimeError, ValueError, IndexError):
            return None

    def _middle(self, latents: Tensor) -> Tensor:
        """[c h w] of the frame in the middle."""
        axes, channels = self._form.axes, self._form.channels
        wide, high = self._size
        if axes == "packed" and latents.dim() == 3:
            own = self._frames * high * wide  # further tokens are pictures to go by
            whole = latents[0, -own:] if latents.shape[1] >= own else latents[0]
            return whole.view(self._frames, high, wide, -1)[self._frames // 2].permute(2, 0, 1)[:channels]
        if axes == "bfhwc":
            return latents[0, latents.shape[1] // 2].permute(2, 0, 1)[:channels]
        if axes == "bfchw":
            return latents[0, latents.shape[1] // 2, :channels]
        return latents[0, :channels, latents.shape[2] // 2]


def _mode(encoded: Any) -> Tensor:
    """The latents that an encoder gives, whatever they are wrapped in."""
    found: Any = encoded[0] if isinstance(encoded, tuple) else encoded
    found = getattr(found, "latent_dist", found)
    latents: Tensor = found.mode() if hasattr(found, "mode") else getattr(found, "latents", found)
    return latents


def _first(latents: Tensor) -> Tensor:
    """[c h w] of the first frame of [b c f h w] or [b c h w]."""
    return latents[0, :, 0] if latents.dim() == 5 else latents[0]


def _normal(vae: Any, latents: Tensor) -> Tensor:
    """As the denoiser knows them."""
    config = vae.config
    mean, spread = getattr(config, "latents_mean", None), getattr(config, "latents_std", None)
    if mean is None and hasattr(vae, "latents_mean"):
        mean, spread = vae.latents_mean, vae.latents_std
    if mean is not None and spread is not None:
        means, spreads = (torch.as_tensor(each).float().cpu().view(-1, 1, 1) for each in (mean, spread))
        return (latents - means) / spreads
    return latents * float(getattr(config, "scaling_factor", None) or 1.0)
