"""Clouds: the sky's own, carried by a slow wind; in an even sky a few soft new ones."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from unstill.engines.motion.effects.advect import Drift, only
from unstill.engines.motion.effects.base import Clock, Effect, Layer, Moment
from unstill.engines.motion.effects.noise import pixel_grid, sampled, small_size, smoothstep, tile
from unstill.engines.motion.fill import spread
from unstill.engines.motion.saliency import Image, Map
from unstill.engines.motion.scene import Scene

Colour = npt.NDArray[np.float32]

SPEED = 24.0
"""Pixels a second at 1024 at the top of the sky: a strong but natural wind, in a shot sped up a little."""
SLOWEST = 0.35
"""Share of that speed at the horizon, where clouds are far away."""
PLAIN, TEXTURED = 0.05, 0.15
"""Share of the sky that one second's wind changes by more than `SEEN` levels: below the first the sky is
called even and gets new clouds, above the second it has enough of its own."""
SEEN = 8
FADE_IN = 8.0
"""The drifting copy takes over in the first eighth of the fade: it starts as the photo itself."""
STEP = 4.0
"""Pixels (at 1024) between two samples of the new clouds."""
SIDE, GRAIN, WIDE = 512, 3.2, 2.0
"""Samples along a side of a noise tile, pixels (at 1024) between two of them at the top of the sky, and how
much wider than high a wisp is."""
FAR = 1.9
"""How much smaller new clouds are at the horizon."""
DENSE, NIGHT = 0.72, (60.0, 140.0)
"""The most a new cloud covers; mean sky levels between which night turns to day."""
MOST = 46.0
"""Levels by which a new cloud at its densest changes the sky, on average: on a deep blue it stays a veil."""
PALE, SHADE = (205.0, 240.0), 27.0
"""Levels of a sky's weakest colour between which white clouds no longer show on it and grey ones, this many
levels darker, do."""


class Clouds(Effect):
    """Sideways drift of the sky, slower towards the horizon."""

    id = "clouds"

    def __init__(self, scene: Scene, clock: Clock, strength: float, seed: int) -> None:
        super().__init__(scene, clock, strength, seed)
        self.wind = 1.0 if self.random.random() < 0.5 else -1.0
        """1: the clouds drift to the right, -1: to the left."""
        self.pace = SPEED * strength * float(self.random.uniform(0.85, 1.15))
        """Pixels a second at 1024 at the top of the sky."""
        self._region: Map | None = None
        if scene.sky is None or strength < 0 or not (scene.sky > 0.5).any():
            return
        self._region = (scene.sky * (1 - scene.alpha)).astype(np.float32)
        rows = np.nonzero((self._region > 0).any(1))[0]
        self._rows = slice(int(rows[0]), int(rows[-1]) + 1)
        part = np.ascontiguousarray(self._region[self._rows])
        picture = np.ascontiguousarray(scene.picture[self._rows])
        self._masks = {
            "picture": np.asarray(cv2.convertScaleAbs(part, alpha=255)),
            "background": np.asarray(cv2.convertScaleAbs(self._behind_too(), alpha=255)),
        }
        self._plain = self._evenness(picture, part)
        self._drift = self._own(picture, part) if self._plain < 1 else None
        self._new = NewClouds(self, picture, part) if self._plain > 0 else None

    @property
    def region(self) -> Map | None:
        return self._region

    def overlay(self, at: Moment, layer: Layer) -> Image | None:
        if layer == "foreground" or self._region is None or at.fade <= 0 or self.strength <= 0:
            return None
        painted: Image | None = None
        if self._drift is not None:
            cover = cv2.convertScaleAbs(self._masks[layer], alpha=min(1.0, FADE_IN * at.fade))
            sky = cv2.multiply(
                self._drift.at(at.seconds), cv2.cvtColor(cover, cv2.COLOR_GRAY2RGB), scale=1 / 255
            )
            painted = np.asarray(cv2.merge([*cv2.split(sky), cover]))
        if self._new is not None:
            added = self._new.overlay(at, self._plain, self._masks[layer])
            painted = added if painted is None else _over(added, painted)
        assert painted is not None
        out = np.zeros((self.scene.height, self.scene.width, 4), np.uint8)
        out[self._rows] = painted
        return out

    def _behind_too(self) -> Map:
        """The sky as it goes on behind the subject, float32, the sky's rows: a moving camera uncovers it."""
        assert self.scene.sky is not None
        sky, alpha = (np.ascontiguousarray(m[self._rows]) for m in (self.scene.sky, self.scene.alpha))
        known = (alpha < 0.02).astype(np.float32)
        if not known.any():
            return sky
        return np.asarray(np.where(known > 0, sky, np.clip(spread(sky, known), 0, 1)), dtype=np.float32)

    def speed(self, rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Wind at picture rows, pixels a second, signed; the sky's lowest row is as far as it gets."""
        height = 1 - (rows - self._rows.start) / max(1, self._rows.stop - self._rows.start)
        share = SLOWEST + (1 - SLOWEST) * np.clip(height, 0, 1)
        return np.asarray(self.wind * self.pace * self.scene.unit * share, dtype=np.float32)

    def _row_numbers(self) -> npt.NDArray[np.float32]:
        return np.arange(self._rows.start, self._rows.stop, dtype=np.float32)

    def _own(self, picture: Image, part: Map) -> Drift:
        plate = only(picture, part, self.scene.unit)
        speed = self.speed(self._row_numbers())
        return Drift(plate, part, speed, self.clock.seconds, self.clock.loop)

    def _evenness(self, picture: Image, part: Map) -> float:
        """1 for a sky in which the wind would move nothing to be seen, 0 for one full of clouds."""
        size = (max(2, picture.shape[1] // 4), max(2, picture.shape[0] // 4))
        little = cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.float32)
        side = max(3, round(6 * self.scene.unit)) | 1
        inside = cv2.erode(cv2.resize(part, size, interpolation=cv2.INTER_AREA), np.ones((side, side))) > 0.95
        shift = max(1, round(SPEED * self.scene.unit / 4))
        both = inside[:, shift:] & inside[:, :-shift]
        if not both.any():
            return 0.0
        change = np.abs(little[:, shift:] - little[:, :-shift]).max(2)[both]
        share = float((change > SEEN).mean())
        return 1 - _between(PLAIN, TEXTURED, share)


def _between(low: float, high: float, value: float) -> float:
    return float(smoothstep(low, high, np.full((1, 1), value, np.float32))[0, 0])


def _over(top: Image, below: Image) -> Image:
    """Premultiplied RGBA over premultiplied RGBA."""
    clear = cv2.bitwise_not(cv2.extractChannel(top, 3))
    return np.asarray(cv2.add(top, cv2.multiply(below, cv2.merge([clear] * 4), scale=1 / 255)))


class NewClouds:
    """Wisps of fractal noise on a plane overhead, seen in perspective, in the sky's own colours."""

    def __init__(self, owner: Clouds, picture: Image, part: Map) -> None:
        self._owner = owner
        height, width = part.shape
        unit = owner.scene.unit
        self._rows, self._columns = small_size(height, width, unit, STEP)
        random = owner.random
        self._big, self._fine = tile(random, SIDE, SIDE / 2.5, 40, 2.0), tile(random, SIDE, 150, 36, 1.9)
        x, y = pixel_grid(self._rows, self._columns, height, width)
        size = (self._columns, self._rows)
        little = cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.float32)
        known = (cv2.resize(part, size, interpolation=cv2.INTER_AREA) > 0.95).astype(np.float32)
        self._change = self._colours(little[known > 0], self._backdrop(little, known))
        # Towards the horizon everything is smaller, evenly in both directions; wisps are wider than high.
        down = np.clip(y / height, 0, 1)
        self._haze = (1 - 0.5 * down**2).astype(np.float32)
        scale = (1 + (FAR - 1) * down**2) / np.float32(GRAIN * unit)
        self._x = (x - width / 2) * scale
        self._y = WIDE * np.cumsum(scale, axis=0, dtype=np.float32) * (height / self._rows)
        bend = sampled(self._big, self._x * 0.6, self._y * 0.6)
        self._x, self._y = self._x + 6 * bend, self._y + 6 * bend

    def overlay(self, at: Moment, amount: float, mask: Image) -> Image:
        """Premultiplied RGBA uint8 of the sky's rows under ``mask``: light added, shade laid over."""
        cover = self._cover(at) * np.float32(DENSE * min(1.0, self._owner.strength) * at.fade * amount)
        soft = cv2.multiply(self._change, cv2.merge([cover] * 4))
        full = cv2.resize(soft, mask.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        return np.asarray(cv2.multiply(cv2.convertScaleAbs(full), cv2.merge([mask] * 4), scale=1 / 255))

    def _cover(self, at: Moment) -> Map:
        """How much cloud there is, float32 [rows columns] 0..1; the finer wisps fly a little faster."""
        gone = np.float32(self._owner.wind * self._owner.pace / GRAIN * at.seconds)
        big = sampled(self._big, self._x - gone, self._y)
        fine = sampled(self._fine, 1.3 * self._x - 1.5 * gone, 1.5 * self._y)
        return np.asarray(smoothstep(-0.6, 2.2, big + 0.35 * fine) * self._haze)

    def _backdrop(self, little: Colour, known: Map) -> Colour:
        """The sky without its texture, float32 [rows columns 3]."""
        smooth = np.dstack([spread(np.ascontiguousarray(little[..., i]), known) for i in range(3)])
        return np.asarray(cv2.GaussianBlur(smooth, (0, 0), max(1.0, self._columns / 40)), dtype=np.float32)

    def _colours(self, seen: Colour, sky: Colour) -> Colour:
        """What full cover does to each sky pixel, float32 [rows columns 4]: levels to add, alpha (0..255).

        By day clouds are white against blue and grey against a white sky; at night they are little lighter
        than the sky and less blue. What warmth the lowest sky has, they share.
        """
        day = _between(*NIGHT, float(seen.mean()))
        grey = sky.mean(2, keepdims=True)
        low = sky[-max(1, self._rows // 8) :].mean((0, 1))
        warm = 0.7 + 0.3 * np.clip(low / max(float(low.mean()), 1), 0.8, 1.3)
        pale = smoothstep(*PALE, sky.min(2))[..., None]
        white, shade = np.minimum(252, grey + 0.85 * (255 - grey)), 0.6 * sky + 0.4 * grey - SHADE
        target = day * ((1 - pale) * white * warm + pale * shade)
        target = target + (1 - day) * ((0.4 * sky + 0.6 * grey) * 1.36 + 10) * warm
        change = (np.minimum(target, 253) - sky).astype(np.float32)
        change *= np.float32(min(1.0, MOST / max(float(np.abs(change).mean((0, 1)).max()), 1.0)))
        dark = np.maximum(0, (-change / np.maximum(sky, 8)).max(2))
        return np.dstack([change + dark[..., None] * sky, dark * 255]).astype(np.float32)
