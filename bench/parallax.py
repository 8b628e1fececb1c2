"""What is left of a move once the picture's own plane has been taken out: parallax."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from bench.tracking import Floats, Mask

MIN_SUBJECT, MIN_BACKGROUND = 8, 16
"""Points needed on either side before a number is believed."""
NEIGHBOURS = 8
"""Points around a place that speak for one side there."""
RANSAC_PX = 3.0


@dataclass(frozen=True)
class Parallax:
    """All in pixels."""

    local: float
    """The number that is judged; see `measure`."""
    medians: float
    """Length of the difference between the two sides' median residual vectors."""
    root_mean_square: float
    """Of all residuals."""
    over_background: float
    """Median distance of subject points from where a homography of the background (RANSAC) puts them."""
    points: tuple[int, int]
    """On the subject, on the background."""


def measure(start: Floats, end: Floats, subject: Mask, background: Mask) -> Parallax | None:
    """Parallax between two frames from tracked points [n 2]; None with too few points on either side.

    One homography is fitted to all points by least squares (the best global one), and every point keeps what
    it misses. A camera that only turns or zooms leaves nothing. ``local`` compares, at each point on the
    subject, the median residual (in x and in y) of the `NEIGHBOURS` nearest points of the subject with that
    of the nearest points of the background, and is the median over the subject of the length of the
    difference: how far the two have slid past one another where they meet. The medians keep the tracker's
    noise out. Compared with one median for either side it also sees a dolly, whose residuals point away from
    the centre on all sides and cancel.
    """
    if subject.sum() < MIN_SUBJECT or background.sum() < MIN_BACKGROUND:
        return None
    rest = _residuals(start, end, np.ones(len(start), np.bool_), 0)
    medians = np.median(rest[subject], 0) - np.median(rest[background], 0)
    over = _residuals(start, end, background, cv2.RANSAC)[subject]
    return Parallax(
        float(np.median(np.linalg.norm(_slide(start, rest, subject, background), axis=1))),
        float(np.linalg.norm(medians)),
        float(np.sqrt((rest**2).sum(1).mean())),
        float(np.median(np.linalg.norm(over, axis=1))),
        (int(subject.sum()), int(background.sum())),
    )


def left_over(start: Floats, end: Floats) -> float:
    """Median residual length after the best homography, in pixels: for pictures without a subject."""
    if len(start) < MIN_BACKGROUND:
        return float("nan")
    rest = _residuals(start, end, np.ones(len(start), np.bool_), 0)
    return float(np.median(np.linalg.norm(rest, axis=1)))


def _residuals(start: Floats, end: Floats, fitted: Mask, method: int) -> npt.NDArray[np.float64]:
    """What a homography fitted to some of the points misses at each of them, [n 2]."""
    homography, _ = cv2.findHomography(start[fitted], end[fitted], method, RANSAC_PX)
    landed = cv2.perspectiveTransform(start[:, None].astype(np.float64), homography)[:, 0]
    return np.asarray(end - landed, dtype=np.float64)


def _slide(
    start: Floats, rest: npt.NDArray[np.float64], subject: Mask, background: Mask
) -> npt.NDArray[np.float64]:
    """Residual of the subject less that of the background, around each subject point, [n 2]."""
    here = start[subject]
    return np.asarray(
        _around(here, start[subject], rest[subject]) - _around(here, start[background], rest[background])
    )


def _around(here: Floats, points: Floats, rest: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Median in x and y of the residuals of the points nearest to each place, [n 2]."""
    apart = np.linalg.norm(here[:, None] - points[None], axis=2)
    return np.asarray(np.median(rest[np.argsort(apart, axis=1)[:, :NEIGHBOURS]], axis=1))
