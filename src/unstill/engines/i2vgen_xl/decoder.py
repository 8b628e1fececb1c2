"""From latents to frames, a few at a time, the next ones while the last are used."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from unstill.domain.errors import BadOutput
from unstill.engines.i2vgen_xl.parts import Parts
from unstill.engines.i2vgen_xl.rungs import Rung, frames_at_once

if TYPE_CHECKING:
    from torch import Tensor

    from unstill.core.ports import Frame

Attempt = Callable[[Callable[[Rung], "Pending"]], "Pending"]
"""Runs work at the ladder's present rung, or at a lower one where memory runs out."""


@dataclass(frozen=True)
class Pending:
    """Frames on their way from the device."""

    pixels: Tensor
    """uint8 [n h w 3] on the host, complete once ``arrived`` is."""
    arrived: torch.cuda.Event | None
    finite: Tensor
    """Whether what they were made from was, on the host, complete with the pixels."""

    def frames(self) -> Iterator[Frame]:
        """Each uint8 RGB [h w 3]. Raises `BadOutput` where numbers overflowed."""
        if self.arrived is not None:
            self.arrived.synchronize()
        if not bool(self.finite):
            raise BadOutput(problem="its numbers overflowed", problem_zh="数值溢出")
        yield from self.pixels.numpy()


def decode(latents: Tensor, parts: Parts, attempt: Attempt) -> Iterator[Frame]:
    """Decode latents [f 4 h w] to frames [8h 8w 3] uint8; while some are used the next are on their way."""
    start, waiting = 0, None
    while start < len(latents):
        begun = attempt(lambda rung, start=start: _begin(latents, start, parts, rung))  # type: ignore[misc]
        start += len(begun.pixels)
        if waiting is not None:
            yield from waiting.frames()
        waiting = begun
    if waiting is not None:
        yield from waiting.frames()


def _begin(latents: Tensor, start: int, parts: Parts, rung: Rung) -> Pending:
    """Set the device to work on the next few frames."""
    vae, hardware = parts.checkpoint.vae, parts.hardware
    parts.use("vae", rung)
    few = frames_at_once(rung, 8 * latents.shape[-1], 8 * latents.shape[-2])
    chunk = latents[start : start + few] / vae.config.scaling_factor
    with torch.no_grad():
        made = vae.decode(chunk.to(hardware.dtype), return_dict=False)[0]
        return _to_host(to_pixels(made), torch.isfinite(made).all())


def to_pixels(values: Tensor) -> Tensor:
    """What a VAE gives, [n 3 h w] from -1 to 1, as uint8 [n h w 3]."""
    unit = (values.float() * 0.5 + 0.5).clamp(0, 1)
    return (unit * 255.0).round().to(torch.uint8).permute(0, 2, 3, 1).contiguous()


def _to_host(pixels: Tensor, finite: Tensor) -> Pending:
    if pixels.device.type != "cuda":
        return Pending(pixels.cpu(), None, finite.cpu())
    host, told = (torch.empty(each.shape, dtype=each.dtype, pin_memory=True) for each in (pixels, finite))
    host.copy_(pixels, non_blocking=True)
    told.copy_(finite, non_blocking=True)
    return Pending(host, torch.cuda.current_stream().record_event(), told)
