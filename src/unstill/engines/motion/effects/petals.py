"""Petals: they sail down aslant, swaying, turning and tumbling."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache

import cv2
import numpy as np
import numpy.typing as npt

from unstill.engines.motion.effects.base import Air, Clock, Moment, Side
from unstill.engines.motion.effects.particles import (
    Fall,
    Floats,
    Indices,
    Particles,
    Seen,
    Sprite,
    count_for,
    nearness,
    thin,
)
from unstill.engines.motion.saliency import Image
from unstill.engines.motion.scene import Scene

COUNT, COUNT_SOFT = 108, 13
"""Petals in a square picture, and the near ones that are out of focus."""
FARTHEST, SOFT_FROM, NEAREST = 0.26, 1.2, 2.3
"""Disparities."""
SPEED = 150.0
"""Pixels (at 1024) per second that a petal of disparity 1 falls."""
SLANT = (0.35, 0.6)
"""How far they are carried to the side per pixel of fall."""
SWAY, WAVE = 30.0, 420.0
"""Pixels (at 1024) to the sides, over a fall of so many."""
LENGTH = 21.0
"""Pixels (at 1024): half the length of a petal of disparity 1."""
SHORTEST = 2.2
"""Pixels; shorter would flicker."""
SPIN, TUMBLE = 700.0, 430.0
"""Pixels (at 1024) of fall, at disparity 1, over which a petal turns and tumbles once."""
EDGE_ON = 0.16
"""How broad a petal looks from its side: it is curved."""
FOCUS = 0.75
BLURS = (0.0, 0.05, 0.11, 0.2)
"""Standard deviations of the kept degrees of blur, as shares of a petal's length."""
LIGHT, SHADE = 0.84, 0.16
"""Brightness of a petal seen edge on, and what facing the light adds or takes."""
BREADTH, LENGTHWAYS = 0.72, 1.06
"""Half the width and height that the shapes below fill, in half petal lengths."""
SIDE, SCALE = 168, 44.0
"""Pixels of the canvas on which a petal is made, and of half its length there."""

TINTS = {
    "cherry": "ffdbe3 f096b0 ffecef f6b2c4 fac8d6 e47a9c",
    "plum": "fcf6f2 eec4cc ffe2e8 ec9eb8 f8f0e8 e4c8aa",
    "rose": "fab0be d64e70 ffced4 e87692 f092a6 c43e62",
}
"""Tip and base colours, RGB, of three tints of a kind."""
PALE = 168.0
"""Mean luma of a picture before which white petals would not be seen: only the deeper kinds are taken."""


class Petals(Particles):
    """Tumbling petals. Speeds and sizes follow the picture's size, not the frame rate."""

    id = "petals"

    def __init__(self, scene: Scene, clock: Clock, strength: float, seed: int) -> None:
        super().__init__(scene, clock, strength, seed)
        random, unit = self.random, scene.unit
        near = nearness(random, count_for(scene, strength, COUNT), FARTHEST, SOFT_FROM)
        soft = nearness(random, count_for(scene, strength, COUNT_SOFT), SOFT_FROM, NEAREST, 1.3)
        near = np.concatenate([near, soft])
        near = near[thin(random, LENGTH * unit * near, np.maximum(SHORTEST, LENGTH * unit * near))]
        pace = (0.75 + 0.5 * random.random(len(near))) * (0.8 + 0.2 * min(2.0, strength))
        wind = random.uniform(*SLANT) * random.choice([-1, 1])
        slant = (wind * (0.75 + 0.5 * random.random(len(near)))).astype(np.float32)
        speed = (SPEED * unit * near**0.8 * pace).astype(np.float32)
        self.fall = Fall(scene, clock, random, near, speed, slant)
        self.sides = self.split(self.fall.near)
        lots = random.random((8, len(near)))[:, self.fall.thread]
        self._order, self._lots = lots[0].astype(np.float32), lots[1:]
        self._sprites = _sprites()
        self._tints = _tints(scene.picture, random)

    def draw(self, frame: Image, at: Moment, air: Air, side: Side) -> None:
        who, unit = self.sides[side], self.scene.unit
        if at.fade <= 0 or not len(who):
            return
        points = self.fall.points(at, air, who, SWAY * unit, WAVE * unit)
        seen = self.seen(at, air, who, points, self.fall.near[who], self._order[who])
        turns, light = self._attitudes(seen, at)
        near, lots = self.fall.near[seen.who], self._lots[:, seen.who]
        off = np.where(near > FOCUS, near - FOCUS, (FOCUS - near) / 3)
        blur = np.searchsorted(np.array([0.12, 0.38, 0.8]), off)
        shape, tint = (lots[5] * len(self._sprites)).astype(int), (lots[6] * len(self._tints)).astype(int)
        opacity = seen.opacity * np.array([0.97, 0.95, 0.88, 0.78], np.float32)[blur]
        mixes = self._mixes(light, opacity, tint)
        for n, (x, y) in enumerate(seen.points.tolist()):
            self._sprites[shape[n]][blur[n]].stamp(frame, (x, y), turns[n].tolist(), mixes[n])

    def _attitudes(self, seen: Seen, at: Moment) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """How each petal is turned, as rows of 2 x 2 matrices [n 4] in pixels, and its brightness [n].

        Both angles go round a whole number of times on the way through the air, so that loops close.
        """
        who = seen.who
        way, box, near = self.fall.way(at, who), self.fall.box[who], self.fall.near[who]
        one, two, three, four, five = self._lots[:5, who]
        fall = box / (self.scene.unit * np.sqrt(near))
        spins = np.rint(fall / SPIN * (0.6 + 0.8 * one)) * np.sign(two - 0.5)
        tumbles = np.maximum(1, np.rint(fall / TUMBLE * (0.6 + 0.8 * three)))
        angle = 2 * np.pi * (spins * way + four) + 0.5 * np.sin(2 * np.pi * (tumbles * way + one))
        tumble = 2 * np.pi * (tumbles * way + five)
        facing = np.cos(tumble)
        broad = np.copysign(np.sqrt(facing**2 + EDGE_ON**2 * np.sin(tumble) ** 2), facing)
        half = np.maximum(SHORTEST, LENGTH * near * (0.75 + 0.5 * two) * self.scene.unit) * seen.grown
        c, s = np.cos(angle) * half, np.sin(angle) * half
        return np.stack([c * broad, -s, s * broad, c], 1), LIGHT + SHADE * np.cos(tumble - 0.9)

    def _mixes(self, light: npt.NDArray[np.float64], opacity: Floats, tint: Indices) -> Floats:
        """From a sprite's alpha and blush to premultiplied RGBA, [n 4 2]."""
        tips, bases = self._tints[tint, 0], self._tints[tint, 1]
        colour = np.stack([tips, bases - tips], 2) * (light / 255)[:, None, None]
        alpha = np.broadcast_to(np.array([1.0, 0.0]), (len(tint), 1, 2))
        return np.asarray(np.concatenate([colour, alpha], 1) * opacity[:, None, None], np.float32)


@cache
def _sprites() -> list[list[_Soft]]:
    """Three petals, each in all degrees of blur; made once, for they differ enough by how they are turned."""
    random = np.random.default_rng(5)
    shapes = [_shape(random) for _ in range(3)]
    return [[_Soft(shape, blur) for blur in BLURS] for shape in shapes]


def _tints(picture: Image, random: np.random.Generator) -> npt.NDArray[np.float64]:
    """Tip and base colours [3 2 3] of one kind of petal, one that stands out from the picture."""
    pale = float(picture[::8, ::8].mean()) > PALE
    kind = str(random.choice(["cherry", "rose"] if pale else ["cherry", "cherry", "plum"]))
    colours = [list(bytes.fromhex(colour)) for colour in TINTS[kind].split()]
    return np.array(colours, np.float64).reshape(3, 2, 3)


def _shape(random: np.random.Generator) -> Image:
    """A petal, tip down: channels alpha and blush (how much of the base's colour), uint8 [SIDE SIDE 2]."""
    broad, notch, lean = random.uniform(0.56, 0.68), random.uniform(0.1, 0.2), random.uniform(-0.1, 0.1)
    t = np.linspace(0, 1, 40)
    outline = broad * np.sin(np.pi * t**1.25) ** 0.75 * (1 - 0.1 * t)
    along = -1 + 2 * t - notch * 0.3 * t**6
    tip = np.array([[lean, 1 - 2.4 * notch]])
    right = np.stack([outline + lean * (along + 1) / 2, along + 0.14 * outline * t], 1)
    left = np.stack([-outline + lean * (along + 1) / 2, along + 0.14 * outline * t], 1)
    polygon = np.concatenate([right[:-2], tip, left[-3::-1]]) * SCALE + (SIDE - 1) / 2
    alpha = np.zeros((SIDE, SIDE), np.uint8)
    cv2.fillPoly(alpha, [np.rint(polygon * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    at = (np.arange(SIDE, dtype=np.float32) - (SIDE - 1) / 2) / np.float32(SCALE)
    x, y = np.meshgrid(at, at)
    vein = 0.3 * np.exp(-((x / 0.07) ** 2)) + 0.1 * np.cos(x * 26 / (1.3 + 0.4 * y)) ** 2
    blush = np.clip(
        0.78 * np.clip(0.45 - 0.62 * y, 0, 1) + vein * (1 - y) / 2 + 0.22 * x * math.copysign(1, lean), 0, 1
    )
    return np.stack([alpha, (alpha * blush).astype(np.uint8)], 2)


class _Soft:
    """A petal out of focus by ``share`` of its length (at least with a soft edge), cut to what is seen."""

    def __init__(self, shape: Image, share: float) -> None:
        sigma = max(1.0, share * 2 * SCALE)
        soft = cv2.GaussianBlur(shape, (0, 0), sigma)
        middle, room = SIDE // 2, math.ceil(2.2 * sigma)
        half = [min(middle, math.ceil(size * SCALE) + room) for size in (BREADTH, LENGTHWAYS)]
        cut = soft[middle - half[1] : middle + half[1], middle - half[0] : middle + half[0]]
        self._sprite, self._half = Sprite(np.ascontiguousarray(cut)), [size / SCALE for size in half]

    def stamp(self, frame: Image, at: tuple[float, float], turn: Sequence[float], mix: Floats) -> None:
        """As `Sprite.stamp`; ``turn`` takes half petal lengths to pixels."""
        (a, b, c, d), (wide, high) = turn, self._half
        self._sprite.stamp(frame, at, (a * wide, b * high, c * wide, d * high), mix)
