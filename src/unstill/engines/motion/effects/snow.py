"""Snow: far flakes small and many, near ones few, large and out of focus."""

from __future__ import annotations

import cv2
import numpy as np

from unstill.engines.motion.effects.base import Air, Clock, Moment, Side
from unstill.engines.motion.effects.particles import (
    Backdrop,
    Fall,
    Floats,
    Indices,
    Ink,
    Particles,
    Seen,
    Splats,
    Sprite,
    count_for,
    nearness,
    smoothstep,
    thin,
)
from unstill.engines.motion.saliency import Image
from unstill.engines.motion.scene import Scene

COUNT, COUNT_SOFT = 900, 36
"""Flakes in a square picture, and the near ones that are out of focus."""
FARTHEST, SOFT_FROM, NEAREST = 0.16, 1.35, 2.7
"""Disparities. From the middle one on flakes are blurred discs, stamped from a sprite."""
SPEED = 118.0
"""Pixels (at 1024) per second that a flake of disparity 1 falls: 1 m/s, usual for flakes (Locatelli and Hobbs
1974), seen nine metres away."""
RADIUS = 3.3
"""Pixels (at 1024) of a flake of disparity 1."""
FOCUS, DEFOCUS = 0.7, 11.0
"""Disparity in focus, and pixels of blur for each unit of disparity nearer (a third of it for farther)."""
SHUTTER_S = 1 / 48
SWAY, WAVE = 15.0, 330.0
"""Pixels (at 1024) to the sides, over a fall of so many."""
WHITE, GREY = Ink((249, 251, 255)), Ink((172, 180, 194))
"""In front of a bright sky real snow looks grey: it has its light from below and the sides."""
BRIGHT, DIVERSE = (188.0, 228.0), 44.0
"""Luma of the surroundings over which flakes turn from white to grey, and by how much that differs among
them: whatever the grey, some are seen."""
OPACITY, SOFT_EDGE = 0.92, 1.7
"""Of a flake in focus; and how far its soft edge reaches, as an area."""
SMALLEST = 1.2
"""Pixels; a smaller radius would flicker between pixels."""


class Snow(Particles):
    """Slow flakes that sway. Speeds and sizes follow the picture's size, not the frame rate."""

    id = "snow"

    def __init__(self, scene: Scene, clock: Clock, strength: float, seed: int) -> None:
        super().__init__(scene, clock, strength, seed)
        random, unit = self.random, scene.unit
        near = nearness(random, count_for(scene, strength, COUNT), FARTHEST, SOFT_FROM, 1.2)
        soft = nearness(random, count_for(scene, strength, COUNT_SOFT), SOFT_FROM, NEAREST, 1.2)
        near = np.concatenate([near, soft])
        near = near[thin(random, RADIUS * unit * near, np.maximum(SMALLEST, RADIUS * unit * near))]
        pace = (0.8 + 0.4 * random.random(len(near))) * (0.8 + 0.2 * min(2.0, strength))
        wind = random.uniform(0.04, 0.2) * random.choice([-1, 1])
        slant = (wind + random.normal(0, 0.05, len(near))).astype(np.float32)
        speed = (SPEED * unit * near**0.85 * pace).astype(np.float32)
        self.fall = Fall(scene, clock, random, near, speed, slant)
        self.sides = self.split(self.fall.near)
        lots = random.random((4, len(near))).astype(np.float32)[:, self.fall.thread]
        self._order, self._size, self._long, self._angle = lots
        self._splats = Splats(scene.height, scene.width, (WHITE, GREY))
        self._discs = [_disc(random) for _ in range(4)]

    def draw(self, frame: Image, at: Moment, air: Air, side: Side) -> None:
        who, unit = self.sides[side], self.scene.unit
        if at.fade <= 0 or not len(who):
            return
        points = self.fall.points(at, air, who, SWAY * unit, WAVE * unit)
        seen = self.seen(at, air, who, points, self.fall.near[who], self._order[who])
        around = Backdrop(frame).at(seen.points)
        dark = smoothstep(*BRIGHT, around + DIVERSE * (self._size[seen.who] - 0.5))
        angle = self._turned(seen, at)
        soft = self.fall.near[seen.who] > SOFT_FROM
        self._flakes(seen, angle, dark, np.flatnonzero(~soft))
        self._splats.lay(frame)
        self._discs_over(frame, seen, angle, dark, np.flatnonzero(soft))

    def _turned(self, seen: Seen, at: Moment) -> Floats:
        """Angle of every flake: some whole turns on its way through the air, so that it loops."""
        turns = np.rint(4 * self._angle[seen.who] - 2)
        return np.asarray(
            2 * np.pi * (turns * self.fall.way(at, seen.who) + self._long[seen.who]), np.float32
        )

    def _radius(self, seen: Seen, some: Indices) -> tuple[Floats, Floats]:
        """Pixels of the flakes and of their blur, as seen."""
        who = seen.who[some]
        near = self.fall.near[who]
        flake = RADIUS * near * (0.65 + 0.7 * self._size[who] ** 2)
        off = near - np.float32(FOCUS)
        blur = DEFOCUS * np.where(off > 0, off, -off / 9)
        scale = np.float32(self.scene.unit) * seen.grown[some]
        return flake * scale, blur * scale

    def _flakes(self, seen: Seen, angle: Floats, dark: Floats, some: Indices) -> None:
        """Splat the small ones: ellipses that turn, drawn out a little by the shutter."""
        who = seen.who[some]
        flake, blur = self._radius(seen, some)
        edge = np.maximum(SMALLEST, np.sqrt(flake**2 + blur**2))
        uneven = (0.06 + 0.16 * self._long[who]) * flake / (flake + blur)
        a, b = edge * (1 + uneven), edge * (1 - uneven)
        c, s = np.cos(angle[some]), np.sin(angle[some])
        drawn_out = 0.5 * self.fall.speed[who] * seen.grown[some] * np.float32(SHUTTER_S)
        xx, yy = (a * c) ** 2 + (b * s) ** 2, (a * s) ** 2 + (b * c) ** 2
        full = np.stack([xx, (a * a - b * b) * c * s, yy + drawn_out**2], 1) * np.float32(SOFT_EDGE)
        hard = 1 + 0.7 * flake**2 / (flake**2 + blur**2) * np.clip(edge / 2 - 0.5, 0, 1)
        thinner = np.sqrt(yy / (yy + drawn_out**2)) * np.clip(flake / edge, 0.3, 1)
        weights = OPACITY * seen.opacity[some] * thinner
        self._splats.blobs(seen.points[some], full, hard, weights, dark[some])

    def _discs_over(self, frame: Image, seen: Seen, angle: Floats, dark: Floats, some: Indices) -> None:
        """Stamp the near ones, far out of focus."""
        flake, blur = self._radius(seen, some)
        radius = 1.25 * (flake + blur)
        opacity = OPACITY * seen.opacity[some] * np.clip(2 * flake / (flake + blur), 0.2, 0.8)
        shade = dark[some, None]
        colour = (1 - shade) * np.array(WHITE.colour) + shade * np.array(GREY.colour)
        mix = (np.column_stack([colour / 255, np.ones(len(some))]) * opacity[:, None]).astype(np.float32)
        c, s = (radius * np.cos(angle[some])).tolist(), (radius * np.sin(angle[some])).tolist()
        for n, (x, y) in enumerate(seen.points[some].tolist()):
            disc = self._discs[int(self.fall.thread[seen.who[some[n]]]) % len(self._discs)]
            disc.stamp(frame, (x, y), (c[n], -s[n], s[n], c[n]), mix[n, :, None])


def _disc(random: np.random.Generator) -> Sprite:
    """A flake seen out of focus: a few overlapping soft discs, no perfect circle."""
    side = 64
    at = (np.arange(side, dtype=np.float32) + 0.5) / side * 2 - 1
    x, y = np.meshgrid(at, at)
    sum_: Floats = np.zeros((side, side), np.float32)
    for _ in range(4):
        px, py = random.uniform(-0.16, 0.16, 2)
        wide = random.uniform(0.5, 0.72)
        sum_ = sum_ + np.clip(1.5 * (1 - ((x - px) ** 2 + (y - py) ** 2) / wide**2), 0, 1)
    blurred = cv2.GaussianBlur(sum_ / 4, (0, 0), side / 26)
    return Sprite((255 * blurred / max(1e-6, float(blurred.max()))).astype(np.uint8)[..., None])
