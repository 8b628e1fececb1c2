"""An engine that needs as many GiB of a graphics card as its video has frames, by its own account."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from testcard import DREAM, Slide
from testcard import Family as Cards
from unstill.core.plan import Plan
from unstill.core.ports import Anchor, Estimate, Machine, Tick
from unstill.domain.catalog import Range

GIB = 2**30
CARD = replace(
    DREAM, id="weighty", family="weighty", frames=Range(1, 240), frame_stride=1, side_grid=16,
    side=Range(16, 2048),
)  # fmt: skip


class Weighty(Slide):
    """Quick, for all its weight."""

    def frames(self, plan: Plan, anchor: Anchor, tick: Tick) -> Iterator[np.ndarray]:
        for index in range(plan.num_frames):
            tick("frame", index, plan.num_frames)
            yield np.ascontiguousarray(np.roll(anchor.frame, 2 * index, axis=1))


class Family(Cards):
    """What the entry point names."""

    cards = (CARD,)

    def estimate(self, plan: Plan, machine: Machine) -> Estimate:
        free = machine.accelerator.free_bytes if machine.accelerator else None
        return Estimate(0.01 * plan.num_frames, plan.num_frames * GIB, free)

    def engine(self, weights: object = None) -> Weighty:
        return Weighty()


family = Family()
