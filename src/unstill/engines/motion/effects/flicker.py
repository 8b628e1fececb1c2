"""Flicker: lamps, candles, windows and stars burn unsteadily, each in its own rhythm."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from unstill.engines.motion.effects.base import Clock, Effect, Layer, Moment
from unstill.engines.motion.effects.noise import small_size
from unstill.engines.motion.saliency import Image, Map
from unstill.engines.motion.scene import Scene

WORK_SIDE = 512
"""The search runs at this longer side; areas below are in its pixels."""
DARK, BRIGHT_SHARE, MEDIAN = 150, 0.14, 85
"""Lights shine in the dark: at most this share of the picture is brighter than this level, and half of it is
darker than the last. Of twelve photos by day and in a studio eleven exceed one of them; a launch site at
night has 0.03 and 60."""
SURE_AREA, SURE_COUNT = 8, 5
"""One bare light of this many pixels or this many tiny ones (stars) make a night; a lone spark is the
reflection in an eye."""
APART = 3.0
"""A spot within so many radii of a larger light is one of its rays."""
CLIPPED, WINDOW = (240, 215), (195, 0.35)
"""A bare light burns out: largest colour and luma at least these; a lit window or neon has this level and
saturation."""
AREA, ROUND = (2, 2600), 0.22
"""Pixels of a light, and its share of the square around it: rays and rims of things are long."""
CONTRAST, AROUND = 1.7, 115
"""A light against its surroundings 5 to 9 radii off, and the most these may have (levels)."""
MOST_SOURCES, MOST_GLOW = 64, 0.2
"""Sources followed, the largest; share of the picture that may pulse: general flashes are those of a quarter
of the field (WCAG 2.2, success criterion 2.3.1)."""
STEP = 2.0
"""Pixels (at 1024) between samples of the glow."""
FLAMES_HZ = (2.2, 3.4, 5.1, 7.3, 8.8)
"""Frequencies summed, weaker as they rise: flames puff at about 10 Hz (Maxworthy 1999) and sway slower."""
GAIN, DIM, GLOW = 0.42, 0.34, 26.0
"""How much brighter and darker a source gets at a typical swing, and the levels of the halo it casts."""
CORE_KEEPS = 0.92
"""Share of the dimming that a burnt-out core hides: its true brightness lies above white."""


@dataclass(frozen=True)
class Source:
    """One light: where its glow may be (rows and columns of the small map) and how strong there."""

    window: tuple[slice, slice]
    glow: Map
    hz: npt.NDArray[np.float64]
    start: npt.NDArray[np.float64]
    weight: npt.NDArray[np.float64]


class Flicker(Effect):
    """Irregular brightening and dimming of small lights and of the glow around them."""

    id = "flicker"

    def __init__(self, scene: Scene, clock: Clock, strength: float, seed: int) -> None:
        super().__init__(scene, clock, strength, seed)
        self._size = small_size(scene.height, scene.width, scene.unit, STEP)
        self._sources = self._follow(find_lights(scene.picture))
        self._region: Map | None = None
        if not self._sources:
            return
        most = np.zeros(self._size, np.float32)
        for source in self._sources:
            np.maximum(most[source.window], source.glow, out=most[source.window])
        self._add, self._hide = self._paints(most)
        seen = cv2.resize(
            np.clip(most * 2.5, 0, 1), (scene.width, scene.height), interpolation=cv2.INTER_LINEAR
        )
        self._region = np.asarray(seen, dtype=np.float32)
        behind = cv2.convertScaleAbs(1 - scene.alpha, alpha=255)
        self._masks = {
            "background": cv2.merge([behind] * 4),
            "foreground": cv2.merge([cv2.bitwise_not(behind)] * 4),
        }

    @property
    def region(self) -> Map | None:
        return self._region

    def overlay(self, at: Moment, layer: Layer) -> Image | None:
        over = layer == "foreground"
        if (
            self._region is None
            or at.fade <= 0
            or self.strength <= 0
            or (over and not self.scene.has_subject)
        ):
            return None
        swing = np.zeros(self._size, np.float32)
        for source in self._sources:
            swing[source.window] += np.float32(self._level(source, at)) * source.glow
        amount = np.float32(self.strength * at.fade)
        up, down = np.clip(swing, 0, 1.2) * amount, np.clip(-swing, 0, 1.2) * amount
        painted = cv2.merge([*(up * c for c in self._add), np.minimum(230, down * self._hide)])
        size = (self.scene.width, self.scene.height)
        out = cv2.resize(cv2.convertScaleAbs(painted), size, interpolation=cv2.INTER_LINEAR)
        if layer != "picture":
            out = cv2.multiply(out, self._masks[layer], scale=1 / 255)
        return np.asarray(out)

    def _level(self, source: Source, at: Moment) -> float:
        """The light's swing now, about -1.2 to 1.2."""
        turn = [self.clock.angle(at, float(hz)) for hz in source.hz]
        return float(np.clip((source.weight * np.sin(np.array(turn) + source.start)).sum(), -1.2, 1.2))

    def _follow(self, lights: list[tuple[float, float, float]]) -> list[Source]:
        """A source for each light found (x, y, radius in shares of the width)."""
        rows, columns = self._size
        reach = 4.0
        area = sum(np.pi * (reach * self._spread(r)) ** 2 for *_, r in lights) / (rows * columns)
        shrink = min(1.0, (MOST_GLOW / area) ** 0.5) if area else 1.0
        sources = []
        for x, y, radius in lights:
            spread = self._spread(radius) * shrink
            left, right = (int(np.clip(x * columns + d * reach * spread, 0, columns)) for d in (-1, 1))
            top, bottom = (int(np.clip(y * rows + d * reach * spread, 0, rows)) for d in (-1, 1))
            yy, xx = np.mgrid[top:bottom, left:right].astype(np.float32) + 0.5
            away = np.hypot(xx - x * columns, yy - y * rows) / spread
            glow = np.exp(-0.5 * away**2) * np.clip((reach - away) / 1.5, 0, 1)
            hz = np.array(FLAMES_HZ) * self.random.uniform(0.9, 1.1, len(FLAMES_HZ))
            weight = self.random.uniform(0.6, 1.0, hz.size) / np.sqrt(np.arange(1, hz.size + 1))
            start = self.random.uniform(0, 2 * np.pi, hz.size)
            window = (slice(top, bottom), slice(left, right))
            sources.append(
                Source(window, glow.astype(np.float32), hz, start, 0.8 * weight / np.linalg.norm(weight))
            )
        return sources

    def _spread(self, radius: float) -> float:
        """Width of a light's glow, samples: the light itself and some air around it."""
        least = 7.0 * self.scene.unit * self._size[1] / self.scene.width
        return float(np.clip(1.9 * radius * self._size[1], least, 0.09 * self._size[1]))

    def _paints(self, glow: Map) -> tuple[list[Map], Map]:
        """Levels that a full swing up adds (three maps) and the alpha (0..255) that one down hides."""
        size = self._size[::-1]
        small = cv2.resize(self.scene.picture, size, interpolation=cv2.INTER_AREA).astype(np.float32)
        around = cv2.GaussianBlur(small * glow[..., None], (0, 0), max(1.0, size[0] / 80))
        tint = around / np.maximum(around.max(2, keepdims=True), 1.0)
        add = small * np.float32(GAIN) + tint * np.float32(GLOW)
        burnt = np.clip((small.min(2) - 200) / 50, 0, 1)
        hide = 255 * DIM * (1 - CORE_KEEPS * burnt)
        return [np.ascontiguousarray(add[..., i]) for i in range(3)], hide.astype(np.float32)


def find_lights(picture: Image) -> list[tuple[float, float, float]]:
    """Lights in a dark picture, largest first: x, y and radius as shares of the width (y: of the height)."""
    scale = min(1.0, WORK_SIDE / max(picture.shape[:2]))
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    luma = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)
    if float((luma > DARK).mean()) > BRIGHT_SHARE or float(np.median(luma)) > MEDIAN:
        return []
    hsv = cv2.cvtColor(small, cv2.COLOR_RGB2HSV)
    bare = (hsv[..., 2] >= CLIPPED[0]) & (luma >= CLIPPED[1])
    found = _compact(bare, luma)
    if len(found) < SURE_COUNT and not any(np.pi * r * r >= SURE_AREA for *_, r in found):
        return []
    lit = (hsv[..., 2] >= WINDOW[0]) & (hsv[..., 1] >= 255 * WINDOW[1]) & ~bare
    found = _separate(found + _compact(lit, luma))
    height, width = luma.shape
    return [(x / width, y / height, r / width) for x, y, r in found]


def _compact(mask: npt.NDArray[np.bool_], luma: Map) -> list[tuple[float, float, float]]:
    """Round bright spots with dark around them: x, y, radius in pixels."""
    count, labels, stats, centres = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    found = []
    for i in range(1, count):
        wide, high, area = (int(v) for v in stats[i][2:5])
        if not AREA[0] <= area <= AREA[1] or area < ROUND * max(wide, high) ** 2:
            continue
        radius = max(0.8, float(np.sqrt(area / np.pi)))
        x, y = (float(v) + 0.5 for v in centres[i])
        here = float(luma[labels == i].mean())
        far = _ring(luma, x, y, 5 * radius + 2, 9 * radius + 4)
        if far <= AROUND and here >= CONTRAST * far:
            found.append((x, y, radius))
    return found


def _separate(spots: list[tuple[float, float, float]]) -> list[tuple[float, float, float]]:
    """The largest spots, without those that belong to a larger neighbour."""
    kept: list[tuple[float, float, float]] = []
    for x, y, r in sorted(spots, key=lambda spot: -spot[2]):
        if len(kept) < MOST_SOURCES and all(
            (x - a) ** 2 + (y - b) ** 2 > (APART * s + r) ** 2 for a, b, s in kept
        ):
            kept.append((x, y, r))
    return kept


def _ring(luma: Map, x: float, y: float, inner: float, outer: float) -> float:
    """Mean level between two circles."""
    top, left = max(0, int(y - outer)), max(0, int(x - outer))
    part = luma[top : int(y + outer) + 1, left : int(x + outer) + 1]
    yy, xx = np.mgrid[top : top + part.shape[0], left : left + part.shape[1]]
    away = np.hypot(xx + 0.5 - x, yy + 0.5 - y)
    inside = (away >= inner) & (away <= outer)
    return float(part[inside].mean()) if inside.any() else 255.0
