"""Water: ripples that travel towards the viewer over whatever lake, river or sea the picture shows."""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

from unstill.engines.motion.effects.base import Clock, Effect, Layer, Moment
from unstill.engines.motion.effects.noise import pixel_grid, small_size, smoothstep
from unstill.engines.motion.matte import guided_filter
from unstill.engines.motion.saliency import Image, Map
from unstill.engines.motion.scene import Scene

Mask = npt.NDArray[np.bool_]

WORK_SIDE = 320
"""The search runs at this longer side."""
SMOOTH = 4.5
"""Mean Lab level against its 2 px blur below which a surface may be water (a hazy lake
has 0.7 to 1.7, leaves and roofs 4 to 15)."""
MIN_SHARE, MIN_WIDTH = 0.025, 0.25
"""Least share of the picture, and of its width, that a piece of water fills."""
MIN_SHORE = 0.35
"""A water's upper third is at least this wide against its widest row: a shore is level, a road tapers."""
BARE_SHARE, BARE_WIDTH, BARE_RIPPLE = 0.15, 0.6, 1.35
"""Where no sky tells the horizon: larger, wider, and with ripples, which make gradients up and down stronger
than across by this factor."""
SURE_SKY, LEVELS = 0.12, (11.0, 3.5, 3.5)
"""A sky that fills less of the picture tells no horizon; least tolerance in Lab levels around one surface."""

STEP = 2.0
"""Pixels (at 1024) between samples of the wave field."""
WAVES = 16
SHIFT, SHINE = 2.2, 7.5
"""Root mean square of the displacement (pixels at 1024, near the viewer) and of the shading (levels)."""
PACE_HZ = (0.45, 1.3)
"""Frequencies of the longest and the shortest waves."""
LENGTHS = (15.0, 70.0)
"""Wavelengths, pixels (at 1024) in the nearest row; at the horizon they are `DISTANCE` times shorter."""
DISTANCE = 5.0
FINEST = 4.5
"""Waves shorter than about this many pixels (at 1024) on the screen blend into a sheen: they are left out."""


class Water(Effect):
    """Travelling ripples in perspective that bend the photo and glitter."""

    id = "water"

    def __init__(self, scene: Scene, clock: Clock, strength: float, seed: int) -> None:
        super().__init__(scene, clock, strength, seed)
        self._region = find_water(scene)
        if self._region is None:
            return
        rows, columns = (np.nonzero((self._region > 0.002).any(axis))[0] for axis in (1, 0))
        self._box = (slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1))
        part = np.ascontiguousarray(self._region[self._box])
        self._mask = cv2.merge([np.asarray(cv2.convertScaleAbs(part, alpha=255))] * 4)
        self._plate = np.ascontiguousarray(scene.picture[self._box])
        self._make_waves(part)

    @property
    def region(self) -> Map | None:
        return self._region

    def overlay(self, at: Moment, layer: Layer) -> Image | None:
        if layer == "foreground" or self._region is None or at.fade <= 0 or self.strength <= 0:
            return None
        across, down, shine = self._field(at)
        size = self._plate.shape[1::-1]
        x = self._x + cv2.resize(across, size, interpolation=cv2.INTER_LINEAR)
        y = self._y + cv2.resize(down, size, interpolation=cv2.INTER_LINEAR)
        bent = cv2.remap(self._plate, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
        light = cv2.resize(shine, size, interpolation=cv2.INTER_LINEAR)
        up, below = cv2.convertScaleAbs(np.maximum(light, 0)), cv2.convertScaleAbs(np.minimum(light, 0))
        lit = cv2.subtract(cv2.add(bent, cv2.merge([up] * 3)), cv2.merge([below] * 3))
        opaque = cv2.cvtColor(lit, cv2.COLOR_RGB2RGBA)
        out = np.zeros((self.scene.height, self.scene.width, 4), np.uint8)
        out[self._box] = cv2.multiply(opaque, self._mask, scale=1 / 255)
        return out

    def _make_waves(self, part: Map) -> None:
        """The wave field's parts that do not change: for each wave its sine and cosine at the start."""
        scene, (top, left) = self.scene, (self._box[0].start, self._box[1].start)
        height, width = part.shape
        self._x, self._y = pixel_grid(height, width, height, width)
        rows, columns = small_size(height, width, scene.unit, STEP)
        x, y = pixel_grid(rows, columns, height, width)
        level = min(scene.horizon * scene.height, top) if scene.sky is not None else top - 0.1 * scene.height
        near = np.clip((y + top - level) / max(1.0, scene.height - level), 0, 1)
        # Ground seen in perspective: one step on it is longer on the screen the nearer it is.
        soft = 1 / (math.sqrt(DISTANCE) - 1)
        shrink = ((near + soft) / (1 + soft)) ** 2
        ahead = (scene.height - level) * (1 + soft) ** 2 * (1 / (near + soft) - 1 / (1 + soft))
        aside = (x + left - scene.width / 2) / np.sqrt(shrink)
        still = cv2.erode(part, np.ones((3, 3)), iterations=max(1, round(4 * scene.unit)))
        calm = cv2.resize(cv2.GaussianBlur(still, (0, 0), 3 * scene.unit), (columns, rows))
        self._spectrum(ahead, aside, shrink)
        near_scale = calm * np.sqrt(shrink)
        self._amount = np.float32(SHIFT * scene.unit) * near_scale
        self._gleam = np.float32(SHINE) * calm
        self._shape = (rows, columns)

    def _spectrum(self, ahead: Map, aside: Map, shrink: Map) -> None:
        """Waves of random length and heading, mostly towards the viewer, the short ones faster to and fro."""
        low, high = LENGTHS
        draw = self.random
        lengths = low * (high / low) ** (np.arange(WAVES) / (WAVES - 1)) * draw.uniform(0.9, 1.1, WAVES)
        heading, start = draw.normal(0, 0.48, WAVES), draw.uniform(0, 2 * np.pi, WAVES)
        share = np.log(lengths / low).clip(0) / np.log(high / low)
        self._hz = PACE_HZ[1] * (PACE_HZ[0] / PACE_HZ[1]) ** share
        basis = []
        for length, angle, phase in zip(lengths, heading, start, strict=True):
            k = 2 * np.pi / (length * self.scene.unit)
            wave = k * (np.cos(angle) * ahead + np.sin(angle) * aside) + phase
            seen = smoothstep(FINEST, 2.2 * FINEST, length * shrink)
            basis += [np.sin(wave) * seen, np.cos(wave) * seen]
        field = np.stack(basis).astype(np.float32)
        power = np.sqrt(np.maximum((field**2).sum(0), 0.5))
        self._basis = (field / power).reshape(len(basis), -1)
        tilt = np.stack([np.sin(heading), np.ones(WAVES), np.ones(WAVES)])
        steep = (low / lengths) ** np.array([[0.0], [0.0], [0.35]])
        self._weights = (tilt * steep).astype(np.float32)

    def _field(self, at: Moment) -> tuple[Map, Map, Map]:
        """Displacement across and down (pixels) and shading (levels), float32 [rows columns], against the
        still picture: a wave counts as its height now less its height at the start."""
        turn = np.array([self.clock.angle(at, float(hz)) for hz in self._hz])
        mix = np.empty((3, 2 * WAVES), np.float32)
        mix[:, 0::2] = self._weights * (np.cos(turn) - 1)
        mix[:, 1::2] = self._weights * np.sin(turn)
        across, down, shine = (mix @ self._basis).reshape(3, *self._shape)
        crest = shine + 0.35 * np.abs(shine) * shine
        most = np.float32(self.strength)
        return 0.6 * most * across * self._amount, most * down * self._amount, most * crest * self._gleam


def find_water(scene: Scene) -> Map | None:
    """Where the picture shows water, float32 [h w] 0..1, or None; in doubt None.

    Water is a wide, even surface below the horizon, cool in colour or coloured like the low sky it mirrors.
    """
    height, width = scene.alpha.shape
    scale = min(1.0, WORK_SIDE / max(height, width))
    size = (max(8, round(width * scale)), max(8, round(height * scale)))
    small = cv2.resize(scene.picture, size, interpolation=cv2.INTER_AREA)
    subject = cv2.resize(scene.alpha, size, interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(small, cv2.COLOR_RGB2LAB).astype(np.float32)
    texture = cv2.blur(np.abs(lab - cv2.GaussianBlur(lab, (0, 0), 2)).mean(2), (5, 5))
    free = (subject < 0.3) & (texture < SMOOTH)
    if scene.sky is None or float(scene.sky.mean()) < SURE_SKY:
        mask = _piece(free & _deep(small), BARE_SHARE, BARE_WIDTH)
        if mask is None or not _rippled(small, mask):
            return None
    else:
        sky = cv2.resize(scene.sky, size, interpolation=cv2.INTER_AREA)
        below = np.arange(size[1])[:, None] > scene.horizon * size[1] + 0.01 * size[1]
        mask = _piece(free & below & (sky < 0.3) & _mirrors(small, lab, sky), MIN_SHARE, MIN_WIDTH)
        mask = None if mask is None else _piece(mask & _one_surface(lab, texture, mask), MIN_SHARE, MIN_WIDTH)
    return None if mask is None else _soft(scene, mask)


def _piece(candidate: Mask, least: float, width: float) -> Mask | None:
    """The largest connected part, if it is large, wide, and its shore is level."""
    open_ = cv2.morphologyEx(candidate.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 5), np.uint8))
    closed = cv2.morphologyEx(open_, cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(closed)
    if count < 2:
        return None
    best = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    if stats[best, cv2.CC_STAT_AREA] < least * labels.size:
        return None
    piece = labels == best
    across = piece.sum(1)[stats[best, cv2.CC_STAT_TOP] :][: stats[best, cv2.CC_STAT_HEIGHT]]
    upper = across[: max(1, len(across) // 3)].max()
    level = upper >= MIN_SHORE * across.max()
    wide = across.max() >= width * labels.shape[1]
    return piece if level and wide else None


def _mirrors(small: Image, lab: Map, sky: Map) -> Mask:
    """Cool, or coloured like the lowest sky, and not much darker or lighter than it."""
    r, g, b = (small[..., i].astype(np.float32) for i in range(3))
    cool = (np.maximum(g, b) > r + 5) & (b > 0.86 * g)
    sure = sky > 0.9
    rows = np.nonzero(sure.any(1))[0]
    low = sure & (np.arange(len(sky))[:, None] > rows[-1] - 0.12 * len(sky)) if len(rows) else sure
    if not low.any():
        return np.asarray(cool)
    mean = np.median(lab[low], axis=0)
    alike = np.hypot(lab[..., 1] - mean[1], lab[..., 2] - mean[2]) < 7
    bright = (lab[..., 0] > 0.45 * mean[0]) & (lab[..., 0] < 1.12 * mean[0] + 6)
    return np.asarray((cool | alike) & bright)


def _one_surface(lab: Map, texture: Map, mask: Mask) -> Mask:
    """What goes on as the nearer, smoother half of a piece does: a far shore in haze does not.

    Lightness and colour of the half are fitted by planes over the picture; tolerance grows with their own
    spread.
    """
    rows, columns = np.nonzero(mask)
    calm = (rows >= np.median(rows)) & (texture[rows, columns] <= np.percentile(texture[mask], 60))
    places = np.stack([np.ones_like(rows), columns, rows], 1).astype(np.float64)
    values = lab[rows, columns].astype(np.float64)
    planes, *_ = np.linalg.lstsq(places[calm], values[calm], rcond=None)
    off = np.abs(values - places @ planes)
    allowed = np.maximum(LEVELS, 3.0 * off[calm].std(0))
    rough = max(1.0, 3.0 * float(np.median(texture[rows, columns][calm])))
    out = np.zeros_like(mask)
    out[rows, columns] = (off < allowed).all(1) & (texture[rows, columns] < rough)
    return out


def _deep(small: Image) -> Mask:
    """Blue-green as water is where no sky is in sight; neither black nor the green of leaves."""
    hsv = cv2.cvtColor(small, cv2.COLOR_RGB2HSV)
    hue, saturation, value = (hsv[..., i] for i in range(3))
    return np.asarray((hue > 82) & (hue < 118) & (saturation > 35) & (saturation < 225) & (value > 60))


def _rippled(small: Image, mask: Mask) -> bool:
    """Texture that runs across, low in the picture and down to its lower edge."""
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)
    inner = cv2.erode(mask.astype(np.uint8), np.ones((7, 7), np.uint8)) > 0
    if not inner.any():
        return False
    across, down = (float(np.abs(cv2.Sobel(grey, -1, *d))[inner].mean()) for d in ((1, 0), (0, 1)))
    rows = np.nonzero(mask)[0]
    lies_low = float(rows.mean()) > 0.5 * len(mask) and bool(mask[-3:].any())
    return lies_low and down > 4.0 and down > BARE_RIPPLE * across


def _soft(scene: Scene, mask: Mask) -> Map:
    """The mask at the picture's size with the picture's own edges."""
    full = cv2.resize(mask.astype(np.float32), (scene.width, scene.height), interpolation=cv2.INTER_LINEAR)
    guide = np.asarray(scene.picture / np.float32(255), dtype=np.float32)
    near = cv2.dilate(full, np.ones((3, 3)), iterations=max(1, round(5 * scene.unit)))
    soft = guided_filter(guide, np.asarray(full, dtype=np.float32), max(4, scene.width // 128), 3e-4)
    soft = np.clip((soft - 0.15) / 0.7, 0, 1) * (near > 0.5) * (1 - scene.alpha)
    return np.asarray(soft if scene.sky is None else soft * (1 - scene.sky), dtype=np.float32)
