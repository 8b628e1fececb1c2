"""What snow, rain, dust and petals share: where particles are, and how they get into a frame.

Small particles are *splatted*: a closed-form profile is evaluated at the pixels around each true position, so
that they glide instead of hopping from pixel to pixel. Two inks are collected (one for dark surroundings, one
for bright ones) and only the touched pixels of the frame are mixed. Large and shaped ones are *stamped*: a
sprite is warped to a small patch.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from unstill.engines.motion.camera import sample
from unstill.engines.motion.effects.base import Air, Clock, Effect, Moment, Side
from unstill.engines.motion.layers import lay_over
from unstill.engines.motion.saliency import Image, Map
from unstill.engines.motion.scene import Scene

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]
Turn = tuple[float, float, float, float]
"""A 2 x 2 matrix by rows."""

MARGIN = 0.15
"""How far the volume of air reaches past each edge of the picture, as a share of it: what a camera that turns
or backs away can see of the sides."""
PAD = 90.0
"""... and pixels (at 1024) beyond, so that the largest particle is out of sight when it wraps."""
SPLIT = (0.32, 0.6)
"""Particles farther than the subject are hidden by it; the subject's disparity is believed within these
bounds, so that there is always some air on both sides."""
GONE, WHOLE = 0.22, 0.5
"""Depth (of its first depth) at which a particle has passed the lens, and from which on it is fully seen."""
MOST_COPIES = 48
"""In a loop, particles of one thread follow each other at most this densely."""
ARRIVAL = 0.35
"""Share of the fade that one particle takes to appear; they come one by one."""
BOXES = np.array([1, 2, 3, 4, 5, 6, 8, 10, 13, 17, 22, 28])
"""Half sides of the squares that blobs are drawn in; those of one size are drawn together."""
FAINTEST = 1 / 200
"""Weights below are not worth a pixel."""


def smoothstep(low: float, high: float, values: Floats) -> Floats:
    """0 below ``low``, 1 above ``high``, smooth between."""
    s = np.clip((values - np.float32(low)) / np.float32(high - low), 0, 1)
    return np.asarray(s * s * (3 - 2 * s), np.float32)


def nearness(random: np.random.Generator, count: int, least: float, most: float, bias: float = 1.0) -> Floats:
    """Disparities [count], log-uniform for ``bias`` 1 (far ones by far the most, as in a cone of air); evenly
    stratified, so that every seed has its few near ones."""
    share = (np.arange(count) + random.random(count)) / max(1, count)
    return (least * (most / least) ** (share**bias)).astype(np.float32)


def count_for(scene: Scene, strength: float, usual: float) -> int:
    """How many particles: ``usual`` in a square picture, more in a longer one, as many as there is air."""
    aspect = max(scene.width, scene.height) / min(scene.width, scene.height)
    return round(usual * max(0.0, strength) * aspect * (1 + 2 * MARGIN) ** 2)


def thin(random: np.random.Generator, wanted: Floats, drawn: Floats) -> npt.NDArray[np.bool_]:
    """Which particles [n] to keep when the smallest cannot be drawn as small as they should be.

    ``wanted`` and ``drawn`` are sizes in pixels; the covered area stays. Matters for thumbnails only.
    """
    return np.asarray(random.random(len(wanted)) < (wanted / drawn) ** 2)


class Fall:
    """Particles that fall for ever through a box of air that wraps around.

    All arrays are [n]. A particle's ``way`` through the box is 0 to 1. In a loop, fast ones go round a whole
    number of times; slow ones are threaded: ``copies`` of them follow one path at one clip's distance, so
    that each ends where the next began. Whatever depends on the way alone and has period 1 therefore loops
    by itself, at the true speed.
    """

    def __init__(
        self,
        scene: Scene,
        clock: Clock,
        random: np.random.Generator,
        near: Floats,
        speed: Floats,
        slant: Floats,
    ) -> None:
        """``speed`` is in pixels per second downwards, ``slant`` in pixels to the right per pixel down.

        Of slow particles in a loop, a few of those given are kept and repeated: ``thread`` [n] says which.
        """
        pad = 2 * PAD * scene.unit
        self._size = scene.width * (1 + 2 * MARGIN) + pad, scene.height * (1 + 2 * MARGIN) + pad
        self._origin = (scene.width - self._size[0]) / 2, (scene.height - self._size[1]) / 2
        least, run = self._size[1], np.maximum(speed.astype(np.float64) * clock.seconds, 1e-6)
        copies, box, rate = self._rounds(least, run, clock.loop)
        self.thread = self._threads(near, copies, random)
        """Which of the given particles each one is; what is drawn by lot must be the same along a thread."""
        self.copies, self.box = copies[self.thread], box[self.thread]
        self.near, self.speed, self.slant = near[self.thread], speed[self.thread], slant[self.thread]
        self._rate = rate[self.thread]
        self._start = self._starts(random)
        self._across = (random.random(len(near)) * self._size[0])[self.thread]
        self._lots = random.random((4, len(near)))[:, self.thread]

    @staticmethod
    def _rounds(least: float, run: Doubles, loop: bool) -> tuple[npt.NDArray[np.int_], Doubles, Doubles]:
        """By the pixels fallen in a clip: copies, height of the box and boxes fallen in a clip."""
        if not loop:
            return np.ones(len(run), int), np.full(len(run), least), run / least
        copies = np.clip(np.ceil(least / run), 1, MOST_COPIES).astype(int)
        rounds = np.maximum(1, run // least)
        box = np.maximum(least, np.where(run < least, copies * run, run / rounds))
        return copies, box, np.where(run < least, 1 / copies, rounds)

    @staticmethod
    def _threads(near: Floats, copies: npt.NDArray[np.int_], random: np.random.Generator) -> Indices:
        """Keep one particle of ``copies`` in order of depth and repeat it, so that the number stays."""
        order = np.argsort(near)
        steps = np.floor(np.cumsum(1 / copies[order]) + random.random())
        kept = order[np.diff(steps, prepend=0.0) > 0]
        return np.repeat(kept, copies[kept])

    def _starts(self, random: np.random.Generator) -> npt.NDArray[np.float64]:
        """Where along the way each particle is at frame 0: random, and evenly along a thread."""
        number = np.arange(len(self.thread))
        leads = np.diff(self.thread, prepend=-1) != 0
        place = number - np.maximum.accumulate(np.where(leads, number, 0))
        first = random.random(int(self.thread.max(initial=-1)) + 1)[self.thread]
        return np.asarray((first + place) / self.copies)

    def way(self, at: Moment, who: Indices) -> npt.NDArray[np.float64]:
        """How far along each of ``who`` is, 0..1."""
        return np.asarray(np.mod(self._start[who] + self._rate[who] * at.phase, 1.0))

    def points(self, at: Moment, air: Air, who: Indices, sway: float, wave: float) -> Floats:
        """Positions [n 2] in the picture's space, wrapped around what the camera sees.

        ``sway`` is how far (pixels, of disparity 1) they swing to the sides over a fall of ``wave`` pixels;
        what sways also falls unevenly, by a quarter of its speed.
        """
        s, box, near = self.way(at, who), self.box[who], self.near[who].astype(np.float64)
        one, two, three, swing = self._lots[:, who]
        waves = np.maximum(1, np.round(box / wave * (0.6 + 0.8 * swing)))
        lazy = np.sin(2 * np.pi * (waves * s + one)) + 0.35 * np.sin(2 * np.pi * (2 * waves * s + two))
        pace = np.maximum(1, np.round(waves / 2))
        lull = 0.25 if sway else 0.0
        fallen = box * (s + lull * np.sin(2 * np.pi * (pace * s + three)) / (2 * np.pi * pace))
        pulled = air.lens.focal * near
        top, left = self._origin[1] + pulled * air.pose.y, self._origin[0] + pulled * air.pose.x
        y = top + np.mod(fallen - top, box)
        x = self._across[who] + self.slant[who] * y + sway * np.sqrt(near) * (0.4 + 0.6 * swing) * lazy
        return np.stack([left + np.mod(x - left, self._size[0]), y], 1).astype(np.float32)


@dataclass(frozen=True)
class Seen:
    """Particles as the camera sees them, [n] each."""

    who: Indices
    points: Floats
    """Output pixels [n 2]."""
    grown: Floats
    """Magnification."""
    opacity: Floats
    """Less than 1 while they appear and where they pass the lens."""


class Particles(Effect):
    """Ground that the particle effects stand on."""

    in_air = True

    @property
    def region(self) -> Map | None:
        """Everywhere."""
        return np.ones((self.scene.height, self.scene.width), np.float32)

    def split(self, near: Floats) -> dict[Side, Indices]:
        """Who is behind the subject and who before it, far to near."""
        bound = min(max(self.scene.pivot, SPLIT[0]), SPLIT[1])
        order = np.argsort(near, kind="stable")
        return {"behind": order[near[order] < bound], "front": order[near[order] >= bound]}

    def seen(self, at: Moment, air: Air, who: Indices, points: Floats, near: Floats, lots: Floats) -> Seen:
        """Project; drop what has passed the lens or has yet to come, in the order of ``lots`` [n] 0..1."""
        depth = np.asarray(1 - np.float32(air.pose.z) * near, np.float32)
        come = np.clip((at.fade * (1 + ARRIVAL) - lots) / ARRIVAL, 0, 1)
        opacity = np.asarray(come * smoothstep(GONE, WHOLE, depth), np.float32)
        shown = opacity > 0
        placed, grown = air.place(points[shown], near[shown])
        return Seen(who[shown], placed, grown, opacity[shown])


class Backdrop:
    """How bright the frame is around a place, coarsely: particles are lit by their surroundings."""

    CELLS = 32

    def __init__(self, frame: Image) -> None:
        step = max(1, min(frame.shape[:2]) // 96)
        rough = np.ascontiguousarray(frame[step // 2 :: step, step // 2 :: step])
        cell = max(1.0, min(rough.shape[:2]) / self.CELLS)
        size = (max(1, round(rough.shape[1] / cell)), max(1, round(rough.shape[0] / cell)))
        small = cv2.cvtColor(cv2.resize(rough, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
        self._light = cv2.GaussianBlur(small, (0, 0), 1.0).astype(np.float32)
        self._scale = np.array([size[0] / frame.shape[1], size[1] / frame.shape[0]], np.float32)

    def at(self, points: Floats) -> Floats:
        """Luma 0..255 [n] around output pixels [n 2]."""
        if not len(points):
            return np.zeros(0, np.float32)
        return sample(self._light, (points + np.float32(0.5)) * self._scale - np.float32(0.5))


@dataclass(frozen=True)
class Ink:
    """Colour 0..255, and how much of what is below it hides (0 adds light only)."""

    colour: tuple[float, float, float]
    cover: float = 1.0


class Splats:
    """Collects two inks per pixel and mixes the touched pixels of a frame, nothing else."""

    def __init__(self, height: int, width: int, inks: tuple[Ink, Ink], core: float = 0.0) -> None:
        """``core`` is the share of a blob that gathers in its middle: a point of light with a glow."""
        self.height, self.width, self._core = height, width, np.float32(core)
        self._planes = np.zeros((2, height * width), np.float32)
        self._colours = np.array([ink.colour for ink in inks], np.float32)
        self._covers = np.array([ink.cover for ink in inks], np.float32)
        self._collected: list[tuple[Indices, Floats, Floats]] = []

    def put(self, spots: Indices, weights: Floats, dark: Floats) -> None:
        """Add ``weights`` at flat pixel numbers, the share ``dark`` of them to the second ink. All [m]."""
        self._collected.append((spots, weights, dark))

    def blobs(self, points: Floats, spread: Floats, hard: Floats, weights: Floats, dark: Floats) -> None:
        """Soft ellipses.

        ``spread`` [n 3] is the matrix (xx, xy, yy) whose unit ellipse is the edge, in square pixels; ``hard``
        [n] is 1 for a soft hump and more for a disc with a steeper edge.
        """
        a, b, c = spread.T
        inverse = np.stack([c, -b, a], 1) / np.maximum(a * c - b * b, 1e-6)[:, None]
        reach = np.sqrt(np.maximum(a, c))
        far = reach[:, None] + 1
        inside = ((points > -far) & (points < np.array([self.width, self.height]) + far)).all(1)
        inside &= weights > FAINTEST
        # The middle is rounded to a pixel, so a box reaches half a pixel farther than its size.
        step = np.searchsorted(BOXES, reach - 0.5)
        for number in np.unique(step[inside]):
            some = np.flatnonzero(inside & (step == number))
            size = int(BOXES[number]) if number < len(BOXES) else math.ceil(float(reach[some].max()))
            self._some(points[some], inverse[some], hard[some], weights[some], dark[some], size)

    def _some(
        self, points: Floats, inverse: Floats, hard: Floats, weights: Floats, dark: Floats, size: int
    ) -> None:
        """Blobs that all fit into squares of ``2 size + 1`` pixels."""
        middle = np.rint(points).astype(np.intp)
        steps = np.arange(-size, size + 1)
        x, y = middle[:, 0, None] + steps, middle[:, 1, None] + steps
        dx, dy = (x - points[:, 0, None]).astype(np.float32), (y - points[:, 1, None]).astype(np.float32)
        xx, xy, yy = (inverse[:, i, None] for i in range(3))
        rise = (1 - yy * dy * dy)[:, :, None] - (xx * dx * dx)[:, None, :]
        rise -= (2 * xy * dy)[:, :, None] * dx[:, None, :]
        rise *= hard[:, None, None]
        np.clip(rise, 0, 1, out=rise)
        rise *= rise
        if self._core:
            rise *= 1 - self._core + self._core * rise * rise
        within = ((y >= 0) & (y < self.height)) * weights[:, None]
        rise *= within[:, :, None]
        rise *= ((x >= 0) & (x < self.width))[:, None, :]
        drawn = np.flatnonzero(rise > FAINTEST)
        spots = ((y * self.width)[:, :, None] + x[:, None, :]).ravel()[drawn]
        self.put(spots, rise.ravel()[drawn], dark[drawn // steps.size**2])

    def lay(self, frame: Image) -> None:
        """Mix what was collected into ``frame`` uint8 [h w 3] and start anew."""
        if not self._collected:
            return
        spots, weights, dark = (np.concatenate(parts) for parts in zip(*self._collected, strict=True))
        self._collected = []
        shade = weights * dark
        np.add.at(self._planes[0], spots, weights - shade)
        np.add.at(self._planes[1], spots, shade)
        inks = np.stack([plane.take(spots) for plane in self._planes])
        for plane in self._planes:
            plane[spots] = 0
        inks /= np.maximum(1, inks[0] + inks[1])
        flat = np.ascontiguousarray(frame).reshape(-1, 3)
        mixed = flat.take(spots, 0).T * (1 - self._covers @ inks) + self._colours.T @ inks
        np.minimum(mixed + np.float32(0.5), 255, out=mixed)
        pixel = np.dtype("V3")  # whole pixels are moved faster than rows of three numbers
        after = np.ascontiguousarray(mixed.T.astype(np.uint8))
        flat.view(pixel)[:, 0][spots] = after.view(pixel)[:, 0]
        if not np.shares_memory(flat, frame):
            frame[...] = flat.reshape(frame.shape)


class Sprite:
    """A shape to be stamped, uint8 [h w c], black around, kept at several sizes against aliasing."""

    def __init__(self, image: Image) -> None:
        self.levels = [image]
        while min(self.levels[-1].shape[:2]) > 8:
            height, width = self.levels[-1].shape[:2]
            half = (width // 2, height // 2)
            self.levels.append(np.asarray(cv2.resize(self.levels[-1], half, interpolation=cv2.INTER_AREA)))

    def stamp(self, frame: Image, at: tuple[float, float], turn: Turn, mix: Floats) -> None:
        """Lay it over ``frame`` in place, its centre ``at`` x y.

        ``turn`` takes the sprite's -1..1 to pixels; ``mix`` [4 c] its channels to premultiplied RGBA.
        """
        (x, y), (a, b, c, d) = at, turn
        wide, high = abs(a) + abs(b) + 1, abs(c) + abs(d) + 1
        left, right = max(0, math.floor(x - wide)), min(frame.shape[1], math.ceil(x + wide) + 1)
        top, bottom = max(0, math.floor(y - high)), min(frame.shape[0], math.ceil(y + high) + 1)
        if left >= right or top >= bottom:
            return
        whole = self.levels[0].shape
        smaller = min(whole[1] / (2 * math.hypot(a, c)), whole[0] / (2 * math.hypot(b, d)))
        level = self.levels[min(len(self.levels) - 1, int(math.log2(max(1.0, smaller))))]
        k, m = 2 / level.shape[1], 2 / level.shape[0]
        across, down = 1 - k / 2, 1 - m / 2  # from the sprite's middle to that of its first pixel
        matrix = np.array(
            [
                [a * k, b * m, x - left - a * across - b * down],
                [c * k, d * m, y - top - c * across - d * down],
            ]
        )
        patch = cv2.warpAffine(level, matrix, (right - left, bottom - top), flags=cv2.INTER_LINEAR)
        lay_over(frame, cv2.transform(patch, mix), (slice(top, bottom), slice(left, right)))
