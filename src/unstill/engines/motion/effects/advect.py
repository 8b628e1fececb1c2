"""Letting a still texture drift for ever: the photo's own clouds, carried by a wind.

Two copies of the texture flow with the wind, one a life ahead of the other; each fades out before it has
strayed too far and starts again (Max, Becker and Crawfis 1993; Vlachos 2010, flow maps). Averaging two unlike
textures dulls them, so their blend keeps the variance (Heitz and Neyret 2018), with the correlation
that the two copies of this very picture have.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

from unstill.engines.motion.effects.noise import Vector, pixel_grid
from unstill.engines.motion.fill import spread
from unstill.engines.motion.saliency import Image, Map

LIFE_S = 6.0
"""Seconds for which a copy flows, about."""
WHOLE_S = 8.0
"""A clip up to this long that is no loop needs only one copy."""
COARSE = 24
"""What is wider than the picture's width over this is the sky's own shading, which the two copies may
average; the rest is texture, whose contrast is kept."""
MIDDLE = 128
"""Texture is kept as levels around this, uint8."""


def only(picture: Image, mask: Map, unit: float) -> Image:
    """The picture where ``mask`` (float32 [h w]) is 1, and a likeness of that everywhere else, uint8 [h w 3].

    Colour spreads smoothly; texture is mirrored at the nearest edge of the mask.
    """
    known = cv2.erode(
        (mask > 0.95).astype(np.uint8), np.ones((3, 3), np.uint8), iterations=max(1, round(3 * unit))
    )
    if known.all() or not known.any():
        return picture
    height, width = mask.shape
    small = (max(2, width // 2), max(2, height // 2))
    little = cv2.resize(picture, small, interpolation=cv2.INTER_AREA).astype(np.float32)
    inside = cv2.resize(known, small, interpolation=cv2.INTER_NEAREST).astype(np.float32)
    wide = 12 * unit
    low = cv2.GaussianBlur(little * inside[..., None], (0, 0), wide)
    low /= np.maximum(cv2.GaussianBlur(inside, (0, 0), wide), 1e-3)[..., None]
    texture = (little - low) * inside[..., None]
    smooth = np.dstack([spread(np.ascontiguousarray(low[..., i]), inside) for i in range(3)])
    likeness = smooth + _mirrored(texture, inside)
    full = cv2.resize(likeness, (width, height), interpolation=cv2.INTER_LINEAR)
    weight = cv2.GaussianBlur(known.astype(np.float32), (0, 0), max(0.5, unit)) * known
    out = picture * weight[..., None] + full * (1 - weight[..., None])
    return np.asarray(np.clip(out, 0, 255).round(), dtype=np.uint8)


def _mirrored(texture: npt.NDArray[np.float32], inside: Map) -> npt.NDArray[np.float32]:
    """Values [h w 3] outside a mask, taken from as far within it, across its nearest edge."""
    _, labels = cv2.distanceTransformWithLabels(
        (inside == 0).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    rows, columns = np.nonzero(inside)
    place = np.zeros((int(labels.max()) + 1, 2), np.float32)
    place[labels[rows, columns]] = np.stack([columns, rows], 1)
    x, y = pixel_grid(*inside.shape, *inside.shape)
    edge = place[labels]
    outside = inside == 0
    across = np.where(outside, 2 * edge[..., 0] - x, x).astype(np.float32)
    down = np.where(outside, 2 * edge[..., 1] - y, y).astype(np.float32)
    return np.asarray(cv2.remap(texture, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101))


class Drift:
    """A texture that flows sideways, each row at its own speed.

    ``plate`` uint8 [h w 3]; ``speed`` float32 [h], pixels a second to the right; ``seconds`` of the clip.
    """

    def __init__(self, plate: Image, mask: Map, speed: Vector, seconds: float, loop: bool) -> None:
        self._height, self._width = plate.shape[:2]
        self._single = not loop and seconds <= WHOLE_S
        self.life_s = seconds if self._single else seconds / max(1, round(seconds / LIFE_S))
        self._speed = speed[:, None]
        self._x, self._y = pixel_grid(self._height, self._width, self._height, self._width)
        small = cv2.resize(plate, None, fx=0.125, fy=0.125, interpolation=cv2.INTER_AREA)
        self._shade = cv2.GaussianBlur(small, (0, 0), max(1.0, self._width / COARSE / 8))
        shade = cv2.resize(self._shade, (self._width, self._height), interpolation=cv2.INTER_LINEAR)
        self._plate = plate
        self._texture = cv2.addWeighted(plate, 1.0, shade, -1.0, MIDDLE)
        self._likeness = 0.0 if self._single else self._correlation(mask)

    def at(self, seconds: float) -> Image:
        """The texture after ``seconds``, uint8 [h w 3]; the plate itself at 0 and after every life."""
        if self._single:
            return self._carried(self._plate, seconds)
        part = (seconds / self.life_s) % 1.0
        first, second = part * self.life_s, (part - 1.0) * self.life_s
        a, b = 1.0 - part, part
        norm = math.sqrt(a * a + b * b + 2 * a * b * self._likeness)
        texture = cv2.addWeighted(
            self._carried(self._texture, first), a / norm, self._carried(self._texture, second), b / norm,
            MIDDLE * (1 - (a + b) / norm),
        )  # fmt: skip
        shade = cv2.addWeighted(self._carried_small(first), a, self._carried_small(second), b, 0)
        large = cv2.resize(shade, (self._width, self._height), interpolation=cv2.INTER_LINEAR)
        return np.asarray(cv2.addWeighted(texture, 1.0, large, 1.0, -MIDDLE))

    def _carried(self, image: Image, seconds: float) -> Image:
        x = self._x - self._speed * np.float32(seconds)
        return np.asarray(cv2.remap(image, x, self._y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101))

    def _carried_small(self, seconds: float) -> Image:
        rows, columns = self._shade.shape[:2]
        x, y = pixel_grid(rows, columns, rows, columns)
        speed = cv2.resize(self._speed, (1, rows), interpolation=cv2.INTER_AREA) * np.float32(
            columns / self._width
        )
        gone = x - speed.reshape(rows, 1) * np.float32(seconds)
        return np.asarray(
            cv2.remap(self._shade, gone, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
        )

    def _correlation(self, mask: Map) -> float:
        """Of the fine texture with itself one life later: streaks along the wind repeat."""
        grey = cv2.cvtColor(self._texture, cv2.COLOR_RGB2GRAY).astype(np.float32)
        fine = grey - cv2.GaussianBlur(grey, (0, 0), 3 * min(mask.shape) / 1024)
        later = cv2.remap(
            fine, self._x - self._speed * np.float32(self.life_s), self._y, cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REFLECT_101,
        )  # fmt: skip
        here = mask > 0.5
        a, b = fine[here], later[here]
        spread_ = float(np.sqrt((a * a).mean() * (b * b).mean()))
        return float(np.clip((a * b).mean() / max(spread_, 1e-6), -0.5, 1.0))
