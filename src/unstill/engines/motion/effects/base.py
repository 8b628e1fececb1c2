"""What every effect shares: the clock, the picture space, and the air in front of the camera.

An effect either paints over a layer before the camera looks at it (clouds, water, fog, flicker: they belong
to the scene and move with it), or hangs in the air as particles with depth (snow, rain, dust, petals).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from unstill.engines.motion.camera import Lens, Points, Pose, inverse, transform
from unstill.engines.motion.saliency import Image, Map
from unstill.engines.motion.scene import Scene

FADE_S, LOOP_FADE_S = 0.8, 1.6
"""Seconds over which an effect comes in, so that frame 0 is the picture; in a loop, where it also goes."""
FADE_SHARE, LOOP_FADE_SHARE = 0.2, 0.3
"""... but at most this share of the clip."""

Layer = Literal["picture", "background", "foreground"]
"""What is painted on: the whole picture at once, or the background before the subject is laid over it, and
then the subject alone."""
Side = Literal["behind", "front"]


@dataclass(frozen=True)
class Moment:
    """One frame's place in time."""

    index: int
    seconds: float
    phase: float
    """Share of the clip, 0 at the first frame; 1 would be the frame after the last, a loop's first again."""
    fade: float
    """0 at frame 0 (and towards a loop's seam), 1 once the effect is fully there."""


@dataclass(frozen=True)
class Clock:
    num_frames: int
    fps: int
    loop: bool

    @property
    def seconds(self) -> float:
        return self.num_frames / self.fps

    def moment(self, index: int) -> Moment:
        phase = index / self.num_frames
        near = min(phase, 1 - phase) if self.loop else phase
        most, seconds = (LOOP_FADE_SHARE, LOOP_FADE_S) if self.loop else (FADE_SHARE, FADE_S)
        rise = min(most, seconds / self.seconds)
        s = min(1.0, near / rise)
        return Moment(index, index / self.fps, phase, s * s * s * (s * (6 * s - 15) + 10))

    def angle(self, at: Moment, hz: float) -> float:
        """2 pi times the cycles gone by at about ``hz``; in a loop a whole number of them fits the clip."""
        if not self.loop:
            return 2 * math.pi * hz * at.seconds
        return 2 * math.pi * max(1, round(hz * self.seconds)) * at.phase


@dataclass(frozen=True)
class Air:
    """The space between the camera and the scene, for particles."""

    lens: Lens
    pose: Pose
    cover: float

    def place(
        self, points: Points, disparity: npt.NDArray[np.float32]
    ) -> tuple[Points, npt.NDArray[np.float32]]:
        """Where particles are seen and how much larger.

        ``points`` [n 2] are pixels of the picture (x y, may lie outside it) that the particles would cover
        from the camera's first place, ``disparity`` [n] their nearness (the scene has about 0 to 1; particles
        near the lens more). Returns output pixels [n 2] and magnification [n].
        """
        moved = self.lens.project(self.pose, points, disparity)
        if self.cover != 1.0:
            moved = transform(inverse(self.lens.rays(Pose(), self.cover)), moved)
        grown = self.cover * math.exp(self.pose.zoom) / (1 - np.float32(self.pose.z) * disparity)
        return moved, grown.astype(np.float32)


class Effect:
    """One effect in one scene. ``strength`` is 1 for the usual way, 0 for nothing to be seen."""

    id: str
    in_air = False
    """True for particles: they are drawn, not painted."""

    def __init__(self, scene: Scene, clock: Clock, strength: float, seed: int) -> None:
        self.scene, self.clock, self.strength, self.seed = scene, clock, strength, seed
        self.random = np.random.default_rng([seed, len(self.id), *self.id.encode()])

    @property
    def region(self) -> Map | None:
        """Where in the picture it may be seen, float32 [h w] 0..1; None where it has no place."""
        raise NotImplementedError

    def overlay(self, at: Moment, layer: Layer) -> Image | None:  # noqa: ARG002 the default paints nothing
        """What to lay over a layer in the picture's own space: premultiplied RGBA uint8 [h w 4], or None.

        Light is added where colour exceeds alpha. Soft things only: it is sampled bilinearly.
        """
        return None

    def draw(self, frame: Image, at: Moment, air: Air, side: Side) -> None:
        """Draw particles into ``frame`` (output space, uint8 [h w 3]) in place, on one side of it all."""


EffectMaker = Callable[[Scene, Clock, float, int], Effect]
