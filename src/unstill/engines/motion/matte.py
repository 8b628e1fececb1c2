"""Soft edges: from a coarse map of the subject to an alpha that follows hair and leaves."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from unstill.engines.motion.saliency import Image, Map

Colour = npt.NDArray[np.float32]
"""float32 RGB [h w 3]."""


def light(image: Image) -> Colour:
    """A picture as float32 0..1."""
    return image.astype(np.float32) * np.float32(1 / 255)


def guided_filter(guide: Colour, target: Map, radius: int, epsilon: float, shrink: int = 4) -> Map:
    """Make ``target`` follow the edges of ``guide`` (0..1).

    The fast colour guided filter: He, Sun, Tang 2013 (eq. 14-16) with the coefficients at 1/shrink scale
    (He and Sun 2015). The 3 x 3 systems are solved in closed form by cofactors.
    """
    height, width = target.shape
    small = (max(1, width // shrink), max(1, height // shrink))
    g = cv2.resize(guide, small, interpolation=cv2.INTER_AREA)
    p = cv2.resize(target, small, interpolation=cv2.INTER_AREA)
    side = 2 * max(1, round(radius / shrink)) + 1

    def mean(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        return np.asarray(cv2.blur(values, (side, side), borderType=cv2.BORDER_REFLECT))

    mean_g, mean_p = mean(g), mean(p)
    cov = mean(g * p[..., None]) - mean_g * mean_p[..., None]
    rr, rg, rb, gg, gb, bb = _covariance(g, mean_g, mean, epsilon)
    c_rr, c_rg, c_rb = gg * bb - gb * gb, rb * gb - rg * bb, rg * gb - rb * gg
    c_gg, c_gb, c_bb = rr * bb - rb * rb, rb * rg - rr * gb, rr * gg - rg * rg
    det = rr * c_rr + rg * c_rg + rb * c_rb
    r, g_, b = cov[..., 0], cov[..., 1], cov[..., 2]
    a = np.dstack(
        [
            (c_rr * r + c_rg * g_ + c_rb * b) / det,
            (c_rg * r + c_gg * g_ + c_gb * b) / det,
            (c_rb * r + c_gb * g_ + c_bb * b) / det,
        ]
    ).astype(np.float32)
    offset = mean_p - (a * mean_g).sum(-1)
    line = cv2.resize(mean(np.dstack([a, offset])), (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray((line[..., :3] * guide).sum(-1) + line[..., 3], dtype=np.float32)


def _covariance(g: Colour, mean_g: Colour, mean, epsilon: float):  # type: ignore[no-untyped-def]
    """The six entries of the local colour covariance, regularised: rr rg rb gg gb bb."""
    for i in range(3):
        for j in range(i, 3):
            entry = mean(np.ascontiguousarray(g[..., i] * g[..., j])) - mean_g[..., i] * mean_g[..., j]
            yield entry + np.float32(epsilon) if i == j else entry


def subject_alpha(image: Colour, salient: Map) -> Map:
    """Alpha of the subject, float32 [h w] 0..1, from its saliency and the picture (0..1)."""
    width = image.shape[1]
    alpha = guided_filter(image, salient, max(3, width // 170), 3e-4)
    alpha = np.clip((alpha - 0.08) / 0.84, 0, 1)
    near = cv2.dilate((salient > 0.02).astype(np.uint8), np.ones((9, 9), np.uint8))
    sure = cv2.erode((salient > 0.9).astype(np.uint8), np.ones((9, 9), np.uint8))
    alpha[near == 0] = 0
    alpha[sure > 0] = 1
    return np.asarray(alpha, dtype=np.float32)
