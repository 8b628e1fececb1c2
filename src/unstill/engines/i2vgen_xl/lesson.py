"""What a finished clip teaches of this computer: how far the estimate was off."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from unstill.engines.i2vgen_xl.acceleration import Accelerator
from unstill.engines.i2vgen_xl.card import PARAMETERS
from unstill.engines.i2vgen_xl.estimate import correction, kind_of_work
from unstill.engines.i2vgen_xl.ladder import Ladder
from unstill.engines.i2vgen_xl.memory import device_bytes
from unstill.engines.i2vgen_xl.parts import Parts
from unstill.engines.i2vgen_xl.recipe import recipe_of
from unstill.engines.i2vgen_xl.rungs import ladder as ladder_of
from unstill.engines.placement.learned import Figures, figures

if TYPE_CHECKING:
    from unstill.core.plan import Plan

SHORTEST_S = 5.0
"""Shorter clips are mostly the start of it."""
REAL_SIZE = 0.99
"""A network smaller than this share of the real one teaches nothing."""


class Lesson:
    """Begins with a clip, after loading; `learn` is for its end."""

    def __init__(
        self, plan: Plan, parts: Parts, ladder: Ladder, accelerator: Accelerator, known: Figures | None = None
    ) -> None:
        self._plan, self._parts, self._ladder, self._accelerator = plan, parts, ladder, accelerator
        self._compiled, self._rung, self._known = accelerator.compiled, ladder.rung, known or figures()
        hardware = parts.hardware
        self._kind = kind_of_work(hardware.name, ladder.rung, hardware.value_bytes)
        rungs = ladder_of(hardware.device.type, exact=True)
        right = correction(self._known, hardware.name, ladder.rung, rungs, hardware.value_bytes)
        self._plain = plan.estimate.seconds / right.seconds
        hardware.forget_peak()
        self._began = time.monotonic()

    def learn(self) -> None:
        """Keep what was measured, where it is comparable: the planned rung all through, nothing compiled
        meanwhile, the real network."""
        seconds, hardware = time.monotonic() - self._began, self._parts.hardware
        if seconds < SHORTEST_S or not self._comparable():
            return
        peak, planned = hardware.peak_bytes(), device_bytes(self._plan, self._rung, hardware.value_bytes)
        self._known.learn(
            self._kind,
            seconds=seconds / self._plain if self._as_planned() else None,
            peak=None if peak is None else peak / planned,
        )

    def _comparable(self) -> bool:
        size = sum(each.numel() for each in self._parts.checkpoint.unet.parameters())
        if not recipe_of(self._plan).exact:
            return False  # what its short cuts save is a guess
        same = self._ladder.rung == self._rung and self._accelerator.compiled == self._compiled
        return same and size >= REAL_SIZE * PARAMETERS["unet"]

    def _as_planned(self) -> bool:
        return self._plain > 0 and self._plan.details.get("placement") == self._rung.name.lower()
