"""The small, slow tremble of a camera in somebody's hands."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from unstill.engines.motion.camera import Pose

SWAY = {"x": 0.010, "y": 0.008, "yaw": 0.008, "pitch": 0.008, "roll": 0.006}
"""Amplitudes at strength 1: travel in units of the nearest distance, turns in radians."""
RATES_HZ = (0.35, 0.8, 1.7)
WEIGHTS = (1.0, 0.5, 0.18)
"""A hand sways below 1 Hz and shivers faintly above."""
SETTLE = 0.15
"""Share of the clip over which the hand starts (and, in a loop, comes back to rest)."""


@dataclass(frozen=True)
class Tremble:
    strength: float
    num_frames: int
    fps: int
    loop: bool
    seed: int
    _phases: npt.NDArray[np.float64] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        random = np.random.default_rng([self.seed, 7])
        object.__setattr__(self, "_phases", random.uniform(0, 2 * math.pi, (len(SWAY), len(RATES_HZ))))

    def envelope(self, index: int) -> float:
        """0 at the first frame (and at a loop's seam), 1 in between."""
        phase = index / max(1, self.num_frames)
        s = min(1.0, (min(phase, 1 - phase) if self.loop else phase) / SETTLE)
        return s * s * s * (s * (6 * s - 15) + 10)

    def pose(self, index: int) -> Pose:
        seconds, whole = index / self.fps, self.num_frames / self.fps
        size = self.strength * self.envelope(index)
        sway = {}
        for (axis, amount), phases in zip(SWAY.items(), self._phases, strict=True):
            total = 0.0
            for rate, weight, phase in zip(RATES_HZ, WEIGHTS, phases, strict=True):
                hz = max(1, round(rate * whole)) / whole if self.loop else rate
                total += weight * math.sin(2 * math.pi * hz * seconds + phase)
            sway[axis] = amount * size * total / sum(WEIGHTS)
        return Pose(**sway)
