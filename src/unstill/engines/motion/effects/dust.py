"""Motes that hang in the air: dust in a beam of light; in the dark they read as fireflies or embers, before a
bright sky as pollen."""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

from unstill.engines.motion.effects.base import Air, Clock, Moment, Side
from unstill.engines.motion.effects.particles import (
    MARGIN,
    PAD,
    Backdrop,
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

COUNT, COUNT_SOFT = 560, 34
"""Motes in a square picture, and the near ones that are out of focus."""
FARTHEST, SOFT_FROM, NEAREST = 0.2, 1.1, 2.3
"""Disparities. From the middle one on motes are discs of light, stamped from a sprite."""
DRIFT, RISE = 34.0, 15.0
"""Pixels (at 1024) per second of a mote of disparity 1: in any direction, and upwards on warm air."""
WANDER = 9.0
"""Pixels (at 1024) by which eddies carry it about."""
LIFE_S = 4.0
"""Seconds that a mote stays in the light. It comes and goes unseen, which also closes loops."""
TWINKLES = 3.0
"""Glints in a life: specks turn and flash."""
RADIUS, BLUR = 8.4, 13.0
"""Pixels (at 1024): of a mote's glow at disparity 1, and of blur for each unit of disparity nearer."""
CORE = 0.62
"""How much of a speck's light is in its middle."""
SMALLEST = 1.6
"""Pixels; a smaller glow would flicker between pixels."""
GLOW, AMBER = Ink((255, 206, 138), 0.1), Ink((196, 138, 66))
"""Light is added on the dark; before the bright, where light cannot show, motes are seen as what they are."""
BRIGHT, DIVERSE = (138.0, 196.0), 76.0
"""Luma of the surroundings between which motes turn from light to amber, and by how much that differs among
them: whatever the grey, some are seen."""
OPACITY, OPACITY_SOFT = 1.0, 0.27
GOLDEN = np.array([0.7548776662, 0.5698402910])
"""Steps from one life's place to the next that never crowd (Roberts 2018, the R2 sequence)."""


class Dust(Particles):
    """Slow motes in every direction, a little upwards, twinkling."""

    id = "dust"

    def __init__(self, scene: Scene, clock: Clock, strength: float, seed: int) -> None:
        super().__init__(scene, clock, strength, seed)
        random, unit = self.random, scene.unit
        near = nearness(random, count_for(scene, strength, COUNT), FARTHEST, SOFT_FROM, 1.1)
        soft = nearness(random, count_for(scene, strength, COUNT_SOFT), SOFT_FROM, NEAREST)
        near = np.concatenate([near, soft])
        self.near = near[thin(random, RADIUS * unit * near, np.maximum(SMALLEST, RADIUS * unit * near))]
        self.sides = self.split(self.near)
        self.lives = clock.seconds / LIFE_S
        if clock.loop:
            self.lives = float(max(1, round(self.lives)))
        count = len(self.near)
        margin = MARGIN + PAD * unit / min(scene.width, scene.height)
        size = np.array([scene.width, scene.height])
        self._box, self._corner = size * (1 + 2 * margin), -size * margin
        self._home, self._born = random.random((count, 2)) * self._box, random.random(count)
        self.velocity = self._drift(random, min(2.0, strength))
        self._lots = random.random((6, count))
        self._order = random.random(count).astype(np.float32)
        self._splats = Splats(scene.height, scene.width, (GLOW, AMBER), CORE)
        self._disc = _bokeh()

    def _drift(self, random: np.random.Generator, strength: float) -> npt.NDArray[np.float64]:
        """Pixels per second [n 2]."""
        angle, pace = random.random(len(self.near)) * 2 * math.pi, 0.4 + random.random(len(self.near))
        way = DRIFT * pace[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1) - np.array([0, RISE])
        return np.asarray(way * self.scene.unit * self.near[:, None] ** 0.8 * (0.8 + 0.2 * strength))

    def draw(self, frame: Image, at: Moment, air: Air, side: Side) -> None:
        who = self.sides[side]
        if at.fade <= 0 or not len(who):
            return
        life, points = self.points(at, air, who)
        seen = self.seen(at, air, who, points, self.near[who], self._order[who])
        light = np.zeros(len(self.near), np.float32)
        light[who] = self._light(life, who)
        opacity = seen.opacity * light[seen.who]
        around = Backdrop(frame).at(seen.points)
        dark = smoothstep(*BRIGHT, around + DIVERSE * (self._order[seen.who] - 0.5))
        soft = self.near[seen.who] > SOFT_FROM
        self._specks(seen, opacity, dark, np.flatnonzero(~soft))
        self._splats.lay(frame)
        self._discs_over(frame, seen, opacity, dark, np.flatnonzero(soft))

    def points(self, at: Moment, air: Air, who: Indices) -> tuple[npt.NDArray[np.float64], Floats]:
        """How far each mote of ``who`` is through its life, 0..1 [n], and its place in the picture [n 2]."""
        number, life = np.divmod(self.lives * at.phase + self._born[who], 1.0)
        if self.clock.loop:
            number = np.mod(number, self.lives)
        seconds = self.clock.seconds / self.lives
        one, two, three, four = self._lots[:4, who]
        eddy = np.stack(
            [np.sin(2 * np.pi * (life * (1 + one) + two)), np.sin(2 * np.pi * (life * (1 + three) + four))]
        )
        place = self._home[who] + number[:, None] * GOLDEN * self._box
        place += self.velocity[who] * ((life - 0.5) * seconds)[:, None]
        place += eddy.T * (WANDER * self.scene.unit * np.sqrt(self.near[who]))[:, None]
        pulled = air.lens.focal * self.near[who, None] * np.array([air.pose.x, air.pose.y])
        corner = self._corner + pulled
        return life, (corner + np.mod(place - corner, self._box)).astype(np.float32)

    def _light(self, life: npt.NDArray[np.float64], who: Indices) -> Floats:
        """0..1: in and out of the light, and the glints on the way."""
        inside = smoothstep(0, 0.22, np.minimum(life, 1 - life).astype(np.float32))
        often, when = self._lots[4:, who]
        glint = 0.62 + 0.38 * np.sin(2 * np.pi * (TWINKLES * (0.5 + often) * life + when))
        return np.asarray(inside * glint, np.float32)

    def _radius(self, seen: Seen, some: Indices) -> tuple[Floats, Floats]:
        """Pixels of the glow and of its blur, as seen."""
        who = seen.who[some]
        near, scale = self.near[who], np.float32(self.scene.unit) * seen.grown[some]
        own = RADIUS * near * (0.55 + 0.9 * self._lots[5, who] ** 2)
        return np.asarray(own * scale, np.float32), np.asarray(
            BLUR * np.maximum(0, near - 0.8) * scale, np.float32
        )

    def _specks(self, seen: Seen, opacity: Floats, dark: Floats, some: Indices) -> None:
        """Splat the small ones."""
        own, blur = self._radius(seen, some)
        radius = np.maximum(SMALLEST, own + blur)
        weights = OPACITY * opacity[some] * np.clip(own / radius, 0.15, 1)
        spread = np.stack([radius**2, np.zeros_like(radius), radius**2], 1)
        self._splats.blobs(seen.points[some], spread, np.ones_like(radius), weights, dark[some])

    def _discs_over(self, frame: Image, seen: Seen, opacity: Floats, dark: Floats, some: Indices) -> None:
        """Stamp the near ones: discs of light."""
        own, blur = self._radius(seen, some)
        radius = (1.1 * (own + blur)).tolist()
        weight = (OPACITY_SOFT * opacity[some] * np.clip(2.2 * own / (own + blur), 0.4, 1))[:, None]
        shade = dark[some, None]
        colour = ((1 - shade) * np.array(GLOW.colour) + shade * np.array(AMBER.colour)) / 255
        cover = (1 - shade) * GLOW.cover + shade * AMBER.cover
        mix = (np.column_stack([colour, cover]) * weight).astype(np.float32)
        for n, (x, y) in enumerate(seen.points[some].tolist()):
            if weight[n, 0] > 1 / 255:
                self._disc.stamp(frame, (x, y), (radius[n], 0.0, 0.0, radius[n]), mix[n, :, None])


def _bokeh() -> Sprite:
    """A point of light out of focus: an even disc with a soft edge, a trace brighter at the rim."""
    side = 96
    at = (np.arange(side, dtype=np.float32) + 0.5) / side * 2 - 1
    r = np.asarray(np.hypot(at[:, None], at) / 0.82, np.float32)
    disc = (0.72 + 0.28 * r**3) * (1 - smoothstep(0.7, 1.16, r))
    return Sprite((255 * cv2.GaussianBlur(disc, (0, 0), 1.5)).astype(np.uint8)[..., None])
