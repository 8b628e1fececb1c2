"""Rain: drops drawn out to streaks by the shutter, long and soft near the lens, a fine veil far away."""

from __future__ import annotations

import numpy as np

from unstill.engines.motion.effects.base import Air, Clock, Moment, Side
from unstill.engines.motion.effects.particles import (
    FAINTEST,
    Backdrop,
    Fall,
    Floats,
    Ink,
    Particles,
    Seen,
    Splats,
    count_for,
    nearness,
    smoothstep,
    thin,
)
from unstill.engines.motion.saliency import Image
from unstill.engines.motion.scene import Scene

COUNT, COUNT_SOFT = 620, 20
"""Drops in a square picture, and the near ones that are out of focus."""
FARTHEST, SOFT_FROM, NEAREST = 0.14, 1.3, 2.4
"""Disparities."""
SPEED, GROWTH = 1450.0, 0.55
"""Pixels (at 1024) per second that a drop of disparity 1 falls, and the power of disparity by which that
changes: near drops are faster, though less than by perspective, which would let far rain crawl."""
SHUTTER_S = 1 / 30
"""Seconds of fall that one streak shows, whatever the frame rate."""
WIDTH, BLUR = 1.85, 3.6
"""Pixels (at 1024): half the width of a streak of disparity 1, soft edge included, and what each unit nearer
than focus adds."""
NARROWEST, FILLED = 1.2, 0.7
"""Pixels; a narrower streak would flicker between columns. Below the second, there are fewer instead."""
OPACITY = 0.68
LIGHT, DARK = (0.35, (226, 233, 242)), Ink((78, 88, 100))
"""A drop shows the whole sky upside down (Garg and Nayar 2007, Vision and Rain), so it shines with
the brightest of the scene (mixed in by the first number) and looks dark only before the bright."""
BRIGHT, DIVERSE = (160.0, 205.0), 70.0
"""Luma of the surroundings over which streaks turn from light to dark, and by how much that differs among
them: whatever the grey, some are seen."""
DARK_SHARE = 0.5
"""Against the bright they show less."""


class Rain(Particles):
    """Fast streaks, slightly slanted. Speeds and sizes follow the picture's size, not the frame rate."""

    id = "rain"

    def __init__(self, scene: Scene, clock: Clock, strength: float, seed: int) -> None:
        super().__init__(scene, clock, strength, seed)
        random, unit = self.random, scene.unit
        near = nearness(random, count_for(scene, strength, COUNT), FARTHEST, SOFT_FROM, 1.1)
        soft = nearness(random, count_for(scene, strength, COUNT_SOFT), SOFT_FROM, NEAREST)
        near = np.concatenate([near, soft])
        width = np.sqrt(WIDTH * unit * near**0.5)  # only the width is bounded, so the root of the area
        near = near[thin(random, width, np.maximum(width, FILLED**0.5))]
        pace = (0.9 + 0.2 * random.random(len(near))) * (0.85 + 0.15 * min(2.0, strength))
        wind = random.uniform(0.07, 0.15) * random.choice([-1, 1])
        slant = (wind + random.normal(0, 0.008, len(near))).astype(np.float32)
        speed = (SPEED * unit * near**GROWTH * pace).astype(np.float32)
        self.fall = Fall(scene, clock, random, near, speed, slant)
        self.sides = self.split(self.fall.near)
        self._order, self._length, self._glint = random.random((3, len(near))).astype(np.float32)[
            :, self.fall.thread
        ]
        self._splats = Splats(scene.height, scene.width, (Ink(_light(scene.picture)), DARK))

    def draw(self, frame: Image, at: Moment, air: Air, side: Side) -> None:
        who = self.sides[side]
        if at.fade <= 0 or not len(who):
            return
        heads = self.fall.points(at, air, who, 0.0, self.scene.height)
        near, slant = self.fall.near[who], self.fall.slant[who]
        long = self.fall.speed[who] * np.float32(SHUTTER_S) * (0.7 + 0.6 * self._length[who])
        tails = heads - np.stack([slant * long, long], 1)
        seen = self.seen(at, air, who, heads, near, self._order[who])
        ends = self.seen(at, air, who, tails, near, self._order[who])
        self._streaks(seen, ends.points, Backdrop(frame))
        self._splats.lay(frame)

    def _streaks(self, seen: Seen, tails: Floats, backdrop: Backdrop) -> None:
        """Splat the streaks, those of one width together."""
        near, heads = self.fall.near[seen.who], seen.points
        blur = BLUR * np.maximum(0, near - 0.7)
        scale = np.float32(self.scene.unit) * seen.grown
        sharp = WIDTH * near**0.5 * scale
        wide = np.maximum(NARROWEST, sharp + blur * scale)
        opacity = OPACITY * seen.opacity * (0.55 + 0.45 * self._glint[seen.who])
        opacity *= np.clip(np.maximum(sharp, NARROWEST) / wide, 0.25, 1) ** 0.7 * np.clip(
            0.6 + 0.4 * near, 0, 1
        )
        ends = np.stack([tails, heads], 1)
        around = backdrop.at(ends.reshape(-1, 2)).reshape(-1, 2)
        dark = smoothstep(*BRIGHT, around + DIVERSE * (self._length[seen.who, None] - 0.5))
        boxes = np.ceil(wide - 0.5).astype(int)  # the middle is rounded: beyond size + 0.5 nothing is missed
        limit = np.array([self.scene.width, self.scene.height]) + wide[:, None]
        inside = (ends.max(1) > -wide[:, None]).all(1) & (ends.min(1) < limit).all(1)
        for size in np.unique(boxes[inside]):
            some = inside & (boxes == size)
            self._some(ends[some], wide[some], opacity[some], dark[some], int(size))

    def _some(self, ends: Floats, wide: Floats, opacity: Floats, dark: Floats, size: int) -> None:
        """Row by row: streaks are nearly upright, so each is a few pixels in every row that it crosses.

        ``ends`` [n 2 2] and ``dark`` [n 2] are of tails and heads, ``wide`` the half widths.
        """
        tails, along = ends[:, 0], ends[:, 1] - ends[:, 0]
        rows = np.clip([ends[..., 1].min(1), ends[..., 1].max(1) + 1], 0, self.scene.height).astype(np.intp)
        count = rows[1] - rows[0]
        streak = np.repeat(np.arange(len(ends)), count)
        y = np.arange(len(streak)) + (rows[0] - np.cumsum(count) + count)[streak]
        upright = np.where(np.abs(along[:, 1]) < 1, 1, along[:, 1])
        share = np.clip((y.astype(np.float32) - tails[streak, 1]) / upright[streak], 0, 1)
        x = tails[streak, 0] + share * along[streak, 0]
        shade = dark[streak, 0] + share * (dark[:, 1] - dark[:, 0])[streak]
        ramp = np.square(2 * share - 1)
        body = (1 - ramp * ramp) * (0.5 + 0.5 * share) * opacity[streak] * (1 - (1 - DARK_SHARE) * shade)
        column = np.rint(x).astype(np.intp)[:, None] + np.arange(-size, size + 1)
        across = np.square((column - x[:, None]).astype(np.float32) / wide[streak, None])
        weights = np.square(np.clip(1 - across, 0, None)) * body[:, None]
        weights *= (column >= 0) & (column < self.scene.width)
        drawn = np.flatnonzero(weights > FAINTEST)
        spots = (y[:, None] * self.scene.width + column).ravel()[drawn]
        self._splats.put(spots, weights.ravel()[drawn], shade[drawn // column.shape[1]])


def _light(picture: Image) -> tuple[float, float, float]:
    """What drops shine with, RGB: the scene's own brightest light, mixed with that of an overcast sky."""
    small = picture[:: max(1, picture.shape[0] // 64), :: max(1, picture.shape[1] // 64)].reshape(-1, 3)
    brightest = small[np.argsort(small.sum(1, dtype=int))[-max(1, len(small) // 12) :]].mean(0)
    share, sky = LIGHT
    red, green, blue = share * brightest + (1 - share) * np.array(sky)
    return float(red), float(green), float(blue)
