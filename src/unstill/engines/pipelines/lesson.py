"""What a finished clip teaches of this computer: how far the estimate was off."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from unstill.engines.pipelines.estimate import device_bytes, kind_of_work, shape_of
from unstill.engines.pipelines.placing import Placement
from unstill.engines.pipelines.recipe import recipe_of
from unstill.engines.pipelines.row import Row
from unstill.engines.placement.learned import Figures, figures
from unstill.engines.placement.torch_device import Device

if TYPE_CHECKING:
    from unstill.core.plan import Plan

SHORTEST_S = 5.0
"""Shorter clips are mostly the start of it."""
REAL_SIZE = 0.95
"""A denoiser smaller than this share of the real one teaches nothing."""


class Lesson:
    """Begins with a clip, after loading; `stop` is for the end of the pipeline's work, `learn` for the
    clip's."""

    def __init__(
        self,
        row: Row,
        plan: Plan,
        pipe: Any,
        placement: Placement,
        device: Device,
        known: Figures | None = None,
    ) -> None:
        self._row, self._plan, self._placement, self._device = row, plan, placement, device
        self._known, self._rung, self._parts = known or figures(), placement.rung, pipe.components
        self._kind = kind_of_work(row, device.name, self._rung, device.value_bytes)
        self._seconds = 0.0
        device.forget_peak()
        self._began = time.monotonic()

    def stop(self) -> None:
        """The pipeline is done; what follows is encoding."""
        self._seconds = time.monotonic() - self._began

    def learn(self) -> None:
        """Keep what was measured, where it is comparable: one rung all through, the real network, nothing
        left out."""
        if self._seconds < SHORTEST_S or not self._comparable():
            return
        plan, planned = self._plan, self._plan.estimate.seconds / self._known.correction(self._kind).seconds
        as_planned = planned > 0 and plan.details.get("placement") == self._rung.name.lower()
        peak = self._device.peak_bytes()
        needed = device_bytes(self._row, shape_of(plan), self._rung, self._device.value_bytes)
        self._known.learn(
            self._kind,
            seconds=self._seconds / planned if as_planned else None,
            peak=None if peak is None or not needed else peak / needed,
        )

    def _comparable(self) -> bool:
        recipe = recipe_of(self._plan)
        if not recipe.exact or recipe.quantization != "none" or self._placement.rung != self._rung:
            return False
        parts = (self._parts.get(name) for name in self._row.denoisers)
        size = max(
            (sum(p.numel() for p in part.parameters()) for part in parts if part is not None), default=0
        )
        return size >= REAL_SIZE * self._row.denoiser_parameters > 0
