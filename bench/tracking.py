"""What an eye would see move: tracked points and the numbers made from their paths.

Nothing here knows the engine. Frames are uint8 RGB [h w 3]; tracks are float32 [frames points 2], x y in
pixels.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

POINTS, QUALITY, SPACING = 200, 0.02, 25 / 1024
"""`cv2.goodFeaturesToTrack`: how many corners, how weak, and how far apart (share of the shorter side)."""
WINDOW, LEVELS = (21, 21), 3
MAX_RETURN = 0.5
"""Pixels by which a point tracked there and back may miss its start."""
MARGIN = 16
"""Points that ever come this near to an edge are dropped: their window would leave the picture."""
MEAN_FRAMES = 9
TOP_UP, CLOSER = 60, 0.5
"""Corners looked for inside each mask beyond the first 200, and how much closer together they may be."""


@dataclass(frozen=True)
class Tracks:
    """Paths of the points that could be followed through the whole clip."""

    paths: Floats
    """[frames points 2]"""
    extra: Mask
    """[points] True for points found inside a mask beyond the first 200."""
    found: int
    """How many of the first 200 there were to start with."""

    @property
    def main(self) -> Floats:
        """Paths of the first 200 points alone."""
        return self.paths[:, ~self.extra]


def grey(frame: Image) -> Image:
    return np.asarray(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY))


def corners(image: Image, inside: Mask | None = None) -> Floats:
    """Up to 200 corners of a grey image, or 60 more crowded ones inside a mask, float32 [n 2]."""
    spacing, count, mask = SPACING * min(image.shape), POINTS, None
    if inside is not None:
        spacing, count, mask = spacing * CLOSER, TOP_UP, np.where(inside, 255, 0).astype(np.uint8)
    found = cv2.goodFeaturesToTrack(image, count, QUALITY, max(4.0, spacing), mask=mask)
    return np.zeros((0, 2), np.float32) if found is None else np.asarray(found[:, 0], np.float32)


def follow(frames: Iterable[Image], more_inside: Sequence[Mask] = ()) -> Tracks:
    """Follow corners of the first frame through all frames.

    Chained pyramidal Lucas-Kanade from frame to frame; each step is tracked back again, and a point that
    misses its start by more than `MAX_RETURN` or ever comes within `MARGIN` of an edge is dropped for the
    whole clip. Each mask of ``more_inside`` asks for `TOP_UP` more corners in there.
    """
    steps = iter(frames)
    image = grey(next(steps))
    first = corners(image)
    points = np.concatenate([first, *(corners(image, inside) for inside in more_inside)])
    extra = np.arange(len(points)) >= len(first)
    good = _inside(points, image)
    paths, before = [points], image
    for frame in steps:
        image = grey(frame)
        points, held = _step(before, image, points)
        good &= held & _inside(points, image)
        paths.append(points)
        before = image
    return Tracks(np.stack(paths)[:, good], extra[good], len(first))


def displacement(first: Image, second: Image) -> float:
    """Median distance that corners of one frame have moved in another, in pixels; NaN without any."""
    a = grey(first)
    points = corners(a)
    if not len(points):
        return float("nan")
    moved, held = _step(a, grey(second), points)
    return float(np.median(np.linalg.norm((moved - points)[held], axis=1))) if held.any() else float("nan")


def _inside(points: Floats, image: Image) -> Mask:
    height, width = image.shape
    return np.asarray(((points >= MARGIN) & (points <= (width - 1 - MARGIN, height - 1 - MARGIN))).all(1))


def _step(before: Image, after: Image, points: Floats) -> tuple[Floats, Mask]:
    """Where points [n 2] are in the next frame, and which of them find their way back."""
    if not len(points):
        return points, np.zeros(0, np.bool_)
    start = np.ascontiguousarray(points[:, None])
    moved, there, _ = cv2.calcOpticalFlowPyrLK(before, after, start, None, winSize=WINDOW, maxLevel=LEVELS)
    back, again, _ = cv2.calcOpticalFlowPyrLK(after, before, moved, None, winSize=WINDOW, maxLevel=LEVELS)
    miss = np.linalg.norm((back - start)[:, 0], axis=1)
    held = (there[:, 0] > 0) & (again[:, 0] > 0) & (miss < MAX_RETURN)
    return np.asarray(moved[:, 0], np.float32), np.asarray(held)


def _less_mean(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Values [frames ..] less their 9-frame moving mean; towards the ends the window narrows evenly."""
    out = np.empty_like(values)
    for i in range(len(values)):
        reach = min(MEAN_FRAMES // 2, i, len(values) - 1 - i)
        out[i] = values[i] - values[i - reach : i + reach + 1].mean(0)
    return out


def judder(paths: Floats) -> float:
    """Shake of the whole picture, in pixels.

    The second difference in time of every path (a vector a frame), its median over points in x and in y, less
    the 9-frame moving mean of that; the root mean square over time of what is left.
    """
    if paths.shape[1] == 0 or len(paths) < 3:
        return float("nan")
    bend = np.median(np.diff(paths.astype(np.float64), 2, axis=0), axis=1)
    return float(np.sqrt((_less_mean(bend) ** 2).sum(1).mean()))


def point_judder(paths: Floats) -> float:
    """The stricter reading, in pixels: each point's own second difference less its moving mean; the median
    over points of its length, root mean square over time. It also sees a zoom that breathes, but carries
    the tracker's noise on every point."""
    if paths.shape[1] == 0 or len(paths) < 3:
        return float("nan")
    rest = _less_mean(np.diff(paths.astype(np.float64), 2, axis=0))
    return float(np.sqrt((np.median(np.linalg.norm(rest, axis=2), axis=1) ** 2).mean()))


def travel(paths: Floats) -> float:
    """Median distance of points between the first frame and the last, in pixels."""
    return float(np.median(np.linalg.norm(paths[-1] - paths[0], axis=1))) if paths.shape[1] else float("nan")


def shift(paths: Floats) -> tuple[float, float]:
    """Median x and y of points' way from the first frame to the last, in pixels."""
    moved = np.median(paths[-1] - paths[0], axis=0)
    return float(moved[0]), float(moved[1])


def expansion(paths: Floats, size: tuple[int, int]) -> float:
    """Median way of points outward from the centre of a picture (width, height), in pixels."""
    from_centre = paths[0] - (np.array(size, np.float32) - 1) / 2
    outward = from_centre / np.maximum(np.linalg.norm(from_centre, axis=1, keepdims=True), 1e-6)
    return float(np.median(((paths[-1] - paths[0]) * outward).sum(1)))


def psnr(a: Image, b: Image, where: Mask | None = None) -> float:
    """Peak signal to noise ratio of two uint8 images in dB (peak 255) over ``where``; infinite when equal."""
    apart = cv2.absdiff(a, b).astype(np.float32)
    if where is not None:
        apart = apart[where]
    error = float(np.square(apart, dtype=np.float64).mean()) if apart.size else 0.0
    return float("inf") if error == 0 else float(10 * np.log10(255**2 / error))


def mean_change(a: Image, b: Image) -> float:
    """Mean absolute difference of two uint8 images, in levels."""
    return float(cv2.absdiff(a, b).mean())
