"""Whether there is a motion between two frames at all: they may be the same, or of two scenes."""

from __future__ import annotations

from enum import Enum

import cv2
import numpy as np
import numpy.typing as npt

Frame = npt.NDArray[np.uint8]
SIDE = 64
"""Long side of the small pictures that are compared, in pixels."""
MARGIN = 8
"""A part of a picture is looked for in the other one, an eighth of its sides to every direction."""
ALIKE = 0.42
"""The least correlation of two frames of one scene. Of 45 pairs of different photographs the highest was
0.41; of photographs shifted by up to 60 of 512 pixels the lowest 0.78, darkened to a twentieth 0.96."""
FLAT = 2.0
"""Standard deviation, of 255, below which a picture has nothing to correlate."""
FAR = 24.0
"""Mean difference, of 255, from which flat pictures are of two scenes."""


class Kind(Enum):
    """What lies between two frames."""

    SAME = "same"
    MOTION = "motion"
    CUT = "cut"


def kind_of(first: Frame, last: Frame) -> Kind:
    """How two frames, uint8 [h w 3] of one size, hang together."""
    if np.array_equal(first, last):
        return Kind.SAME
    a, b = _small(first), _small(last)
    if min(_contrast(a), _contrast(b)) < FLAT:
        return Kind.CUT if float(np.abs(a - b).mean()) > FAR else Kind.MOTION
    return Kind.MOTION if max(_found(a, b), _found(b, a)) >= ALIKE else Kind.CUT


def _small(frame: Frame) -> npt.NDArray[np.float32]:
    height, width = frame.shape[:2]
    share = min(1.0, SIDE / max(height, width))
    sides = (max(1, round(width * share)), max(1, round(height * share)))
    small: Frame = cv2.resize(frame, sides, interpolation=cv2.INTER_AREA)
    return small.astype(np.float32)


def _contrast(picture: npt.NDArray[np.float32]) -> float:
    return float(picture.std(axis=(0, 1)).max())


def _found(whole: npt.NDArray[np.float32], other: npt.NDArray[np.float32]) -> float:
    """How well the middle of one picture is found in another, -1..1."""
    y, x = other.shape[0] // MARGIN, other.shape[1] // MARGIN
    part = np.ascontiguousarray(other[y : other.shape[0] - y, x : other.shape[1] - x])
    return float(cv2.matchTemplate(whole, part, cv2.TM_CCOEFF_NORMED).max())
