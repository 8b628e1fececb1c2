"""One clip of ours, by the engine's own code, and what it took."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from unstill.core.ports import Anchor
from unstill.domain.notes import Note
from unstill.engines.i2vgen_xl.acceleration import Accelerator, mode_for
from unstill.engines.i2vgen_xl.bench.meter import Meter
from unstill.engines.i2vgen_xl.conditioning import Conditioner
from unstill.engines.i2vgen_xl.ladder import Ladder
from unstill.engines.i2vgen_xl.parts import Parts
from unstill.engines.i2vgen_xl.rungs import Rung
from unstill.engines.i2vgen_xl.take import Take

if TYPE_CHECKING:
    from torch import Tensor

    from unstill.core.plan import Plan
    from unstill.core.ports import Frame, Tick


@dataclass(frozen=True)
class Run:
    """A clip and what it took."""

    meter: Meter
    latents: Tensor
    """Of the finished clip, float32 [f 4 h w], on the host."""
    frames: int
    rung: Rung
    acceleration: str
    notes: tuple[Note, ...]


class KeepingTake(Take):
    """Keeps the latents of the finished clip."""

    latents: Tensor | None = None

    def _denoised(self, anchor: Anchor, tick: Tick) -> Tensor:
        self.latents = super()._denoised(anchor, tick)
        return self.latents


def picture(width: int, height: int) -> Frame:
    """A soft picture of random colours, uint8 [h w 3], the same whenever called."""
    from PIL import Image

    coarse = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)
    return np.array(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))


def run_ours(
    plan: Plan, warm: Plan | None, parts: Parts, rungs: Sequence[Rung], start: Rung, tick: Tick
) -> Run:
    """Make a clip, from ``start`` down the ``rungs`` where memory runs out. ``warm``, a shorter plan of the
    same size, is run first and does not count.

    Raises:
        OutOfMemory: it does not fit at any of the rungs.
        Cancelled: ``tick`` raised it.
    """
    accelerator = Accelerator(mode_for(plan, parts.hardware))
    if warm is not None:
        _run(warm, parts, Ladder(rungs, start, _clearing(parts)), accelerator, _quietly(tick))
    return _run(plan, parts, Ladder(rungs, start, _clearing(parts)), accelerator, tick)


def _run(plan: Plan, parts: Parts, ladder: Ladder, accelerator: Accelerator, tick: Tick) -> Run:
    shown, meter = picture(plan.width, plan.height), Meter(parts.hardware)
    anchor = Anchor(shown, shown, (0, 0, plan.width, plan.height))

    def timed(stage: str, done: int, total: int, preview: Frame | None = None) -> None:
        if stage == "step":
            meter.step()
        tick(stage, done, total, preview)

    take = KeepingTake(plan, Conditioner(parts), ladder, accelerator)
    meter.start()
    try:
        frames = sum(1 for _ in take.frames(anchor, timed))
    finally:
        parts.rest()
    meter.stop()
    assert take.latents is not None
    mode = "off" if accelerator.failed else accelerator.mode
    return Run(meter, take.latents.to("cpu", torch.float32), frames, ladder.rung, mode, tuple(take.notes))


def _clearing(parts: Parts) -> Callable[[], None]:
    """What frees the rest of a piece of work that failed."""

    def clear() -> None:
        parts.rest()
        parts.hardware.give_back()

    return clear


def _quietly(tick: Tick) -> Tick:
    """The same clip under the name of a warm-up."""

    def warming(stage: str, done: int, total: int, preview: Frame | None = None) -> None:  # noqa: ARG001
        tick("warm_up", 0, 1, preview)

    return warming
