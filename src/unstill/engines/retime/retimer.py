"""The retimer of one process: on a graphics card where there is one to be had, else on the processor."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING

from unstill.core.ports import Estimate, Machine, Tick
from unstill.engines.retime.scale import scales_of

if TYPE_CHECKING:
    from unstill.core.plan import Plan
    from unstill.core.ports import Frame
    from unstill.engines.retime.between import Middle

LOG = logging.getLogger(__name__)
CPU = "cpu"
SCALES_CPU_S = {4: 6.0e-6, 8: 2.6e-6}
"""CPU seconds a pixel of a new frame, by the coarsest scale; measured by `python -m bench.retiming`."""
PARALLEL = 8
"""Cores that help: more find too little to do in small layers."""
BASE_BYTES, BYTES_PER_PIXEL = 90 << 20, {4: 1500, 8: 600}
"""Peak memory on the processor, measured from 256 x 256 to 1920 x 1088."""
GPU_BASE_BYTES, GPU_BYTES_PER_PIXEL = 400 << 20, {4: 1500, 8: 600}
GPU_S_PER_PIXEL = 1.2e-7
"""On a graphics card: reckoned from the layers' sizes and 2 * 127,000 operations a pixel. Not measured."""
SHARE = 0.9
"""Of the memory that a graphics card has left."""


class Retimer:
    """Fits `unstill.core.finishing.Finisher`."""

    def __init__(self) -> None:
        self._middle: Middle | None = None

    def estimate(self, plan: Plan, machine: Machine, engine: Estimate) -> Estimate:
        """What the new frames cost beside the engine's own. Where they are drawn is the detail "retime"."""
        pixels, coarsest = plan.width * plan.height, scales_of(plan.height, plan.width)[0]
        new = plan.num_frames - plan.drawn.num_frames
        on_card = GPU_BASE_BYTES + GPU_BYTES_PER_PIXEL[coarsest] * pixels
        room = SHARE * (engine.free_bytes or 0) - engine.peak_bytes
        if _has_cuda(machine) and on_card <= room:
            return Estimate(new * pixels * GPU_S_PER_PIXEL, on_card, details={"retime": machine.device})
        seconds = new * pixels * SCALES_CPU_S[coarsest] / max(1.0, min(machine.cores, PARALLEL))
        own = 0 if engine.free_bytes is not None else BASE_BYTES + BYTES_PER_PIXEL[coarsest] * pixels
        return Estimate(seconds, own, details={"retime": CPU})

    def frames(self, plan: Plan, drawn: Iterator[Frame], tick: Tick) -> Iterator[Frame]:
        """The plan's frames, of those that the engine has drawn.

        Raises:
            DamagedInstall: the network's weights are missing or were changed.
        """
        from unstill.engines.retime.between import retimed

        new = plan.num_frames - plan.drawn.num_frames
        middle = self._on(str(plan.details.get("retime", CPU)))
        return retimed(drawn, plan.retimed, middle, loop=plan.loop, total=new, tick=tick)

    def unload(self) -> None:
        self._middle = None

    def _on(self, device: str) -> Middle:
        """What draws on this device; on the processor where the device cannot be had after all."""
        if self._middle is None or self._middle.device != device:
            self._middle = _made(device)
        return self._middle


def _made(device: str) -> Middle:
    from unstill.engines.retime.opencv import OpenCvMiddle

    if device == CPU:
        return OpenCvMiddle()
    try:
        from unstill.engines.retime.on_torch import TorchMiddle

        return TorchMiddle(device)
    except (ImportError, RuntimeError) as error:  # no torch, no driver, or no memory left there
        LOG.warning("in-between frames are drawn on the processor: %s (%s)", type(error).__name__, device)
        return OpenCvMiddle()


def _has_cuda(machine: Machine) -> bool:
    return machine.device.startswith("cuda") and find_spec("torch") is not None
