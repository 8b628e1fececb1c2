"""Fog, mist and smoke: soft banks that drift across, near ones faster than far ones."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from unstill.engines.motion.effects.base import Clock, Effect, Layer, Moment
from unstill.engines.motion.effects.noise import enlarged, pixel_grid, sampled, small_size, smoothstep, tile
from unstill.engines.motion.saliency import Image, Map
from unstill.engines.motion.scene import Scene

THICKEST = 0.45
"""The most of the picture that fog hides at strength 1, and 1.5 times as much at any strength."""
STEP = 4.0
"""Pixels (at 1024) between two samples: banks have no finer detail."""
SIDE = 256
"""Samples along a side of a noise tile."""
OVER_SUBJECT = 0.35
"""How much of the nearest bank passes in front of the subject."""


@dataclass(frozen=True)
class Bank:
    """One layer of fog. Lengths in pixels at 1024, speed in those a second."""

    wavelength: float
    speed: float
    thickness: float
    """Opacity at its densest."""
    nearness: float
    """0: hangs far away, 1: near the camera."""


BANKS = (Bank(330, 18, 0.55, 0.0), Bank(480, 34, 0.50, 0.5), Bank(760, 60, 0.50, 1.0))
STRETCH = 1.9
"""Banks are this much wider than high."""


class Fog(Effect):
    """Three layers of fractal noise, denser with distance and near the ground, in the picture's own light."""

    id = "fog"

    def __init__(self, scene: Scene, clock: Clock, strength: float, seed: int) -> None:
        super().__init__(scene, clock, strength, seed)
        self.wind = 1.0 if self.random.random() < 0.5 else -1.0
        """1: the banks drift to the right, -1: to the left."""
        rows, columns = small_size(scene.height, scene.width, scene.unit, STEP)
        self._x, self._y = pixel_grid(rows, columns, scene.height, scene.width)
        self._tiles = [tile(self.random, SIDE, SIDE / 3, 12, 1.9) for _ in BANKS]
        self._origins = self.random.uniform(0, SIDE, (len(BANKS), 4)).astype(np.float32)
        self._density = [self._where(bank) for bank in BANKS]
        self._colour = self._ambient(rows, columns)
        self._clear = (1 - scene.alpha).astype(np.float32)
        solid = np.zeros_like(scene.alpha) if scene.foreground is None else scene.foreground[..., 3]
        self._solid = solid.astype(np.float32) * np.float32(1 / 255)

    @property
    def region(self) -> Map:
        """Everywhere; over the subject only as much as passes in front of it."""
        return np.asarray(self._clear + OVER_SUBJECT * self.scene.alpha, dtype=np.float32)

    def overlay(self, at: Moment, layer: Layer) -> Image | None:
        if self.strength * at.fade <= 0:
            return None
        full = self._thick(at, range(len(BANKS)), 1.0)
        if layer != "background" and self.scene.has_subject:
            thin = self._thick(at, range(len(BANKS) - 1, len(BANKS)), OVER_SUBJECT)
            full = full * self._clear + thin * (1 - self._clear)
            if layer == "foreground":
                full *= self._solid
        alpha = cv2.convertScaleAbs(full, alpha=255)
        colour = cv2.multiply(self._colour, cv2.cvtColor(alpha, cv2.COLOR_GRAY2RGB), scale=1 / 255)
        return np.asarray(cv2.merge([*cv2.split(colour), alpha]))

    def _thick(self, at: Moment, banks: range, share: float) -> Map:
        """How much of what is behind them some banks hide, float32 [h w] 0..1."""
        amount = np.float32(self.strength * at.fade * share)
        clear = np.ones_like(self._x)
        for i in banks:
            clear *= 1 - np.minimum(0.9, self._bank(i, at) * amount)
        most = np.float32(THICKEST * min(1.5, max(1.0, self.strength)))
        hidden = most * (1 - np.exp((clear - 1) / most))
        return np.asarray(enlarged(hidden, self.scene.height, self.scene.width))

    def _bank(self, index: int, at: Moment) -> Map:
        """Opacity of one bank, float32 [rows columns]: two fields that slide at different speeds, so that it
        changes as it goes."""
        bank, field, origin = BANKS[index], self._tiles[index], self._origins[index]
        scale = np.float32(SIDE / 3 / (bank.wavelength * self.scene.unit))
        gone = self.wind * bank.speed * self.scene.unit * at.seconds
        x = (self._x - np.float32(gone)) * (scale / STRETCH)
        other = (self._x - np.float32(0.6 * gone)) * (1.7 * scale / STRETCH)
        y = self._y * scale
        swirl = sampled(field, x + origin[0], y + origin[1])
        swirl = swirl + 0.6 * sampled(field, other + origin[2], 1.7 * y + origin[3])
        return smoothstep(-1.0, 1.5, swirl) * self._density[index]

    def _where(self, bank: Bank) -> Map:
        """The most a bank can hide, float32 [rows columns]."""
        size = self._x.shape[::-1]
        far = cv2.resize(self.scene.far, size, interpolation=cv2.INTER_AREA)
        near = (far - far.min()) / max(float(np.ptp(far)), 1e-3)
        share = self._y / self.scene.height
        level = self.scene.horizon if self.scene.sky is not None else 0.75
        low = np.exp(-np.maximum(0, level - share) / 0.28)
        depth = 1 - 0.55 * near if bank.nearness < 0.5 else 0.75 + 0.25 * near
        reach = 0.35 + 0.65 * low
        return np.asarray(bank.thickness * reach * depth, dtype=np.float32)

    def _ambient(self, rows: int, columns: int) -> npt.NDArray[np.uint8]:
        """Fog's colour, uint8 [h w 3]: the picture's own light, scattered: greyed, brightened and blurred."""
        small = cv2.resize(self.scene.picture, (columns, rows), interpolation=cv2.INTER_AREA).astype(
            np.float32
        )
        local = cv2.GaussianBlur(small, (0, 0), columns / 9)
        mean = small.mean((0, 1))
        bright = float(np.clip(np.percentile(small.mean(2), 80) * 1.1 + 12, 105, 235))
        tint = mean / max(float(mean.mean()), 1.0)
        even = bright * (0.8 + 0.2 * tint)
        lit = 0.72 * even + 0.28 * local * (bright / np.maximum(local.mean(2, keepdims=True), 60)) ** 0.5
        full = cv2.resize(lit, (self.scene.width, self.scene.height), interpolation=cv2.INTER_LINEAR)
        return np.asarray(np.clip(full, 0, 250).round(), dtype=np.uint8)
