"""Where the sky is: smooth, sky-coloured and reaching the top of the picture."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from unstill.engines.motion.matte import guided_filter, light
from unstill.engines.motion.saliency import Image, Map

Mask = npt.NDArray[np.bool_]

WORK_SIDE = 320
"""The search runs at this longer side: sky is large and smooth."""
MIN_CONFIDENCE = 0.15
MIN_TOP, MAX_TEXTURE, MAX_SATURATION = 0.5, 1.6, 230
"""A sky covers this share of the free upper rim, is this smooth (mean Lab level against its 2 px blur; on
photos skies gave 0.5 to 1.1, walls and table tops 1.7 and more) and less saturated than leaves and cloth."""
EDGE_STEPS = (18, 30, 45, 70)
"""Gradients (levels a pixel) tried as the border between sky and land."""


def find_sky(image: Image, salient: Map | None) -> Map | None:
    """Soft sky mask, float32 [h w] 0..1, or None where there is no sky to speak of."""
    height, width = image.shape[:2]
    scale = min(1.0, WORK_SIDE / max(height, width))
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    subject = np.zeros(small.shape[:2], np.float32)
    if salient is not None:
        subject = cv2.resize(salient, small.shape[1::-1], interpolation=cv2.INTER_AREA)
    gradient, coloured = _gradient(small), _sky_coloured(small)
    rim = max(3, small.shape[0] // 25)
    seed = np.zeros(small.shape[:2], bool)
    seed[:rim] = (coloured & (gradient < 40) & (subject < 0.3))[:rim]
    share = float(seed[:rim].mean())
    if share < 0.25:
        return None
    region = _best_region(small, seed, gradient, coloured & (subject < 0.5))
    if region is None:
        return None
    region = _refine(small, region, subject, rim)
    if _confidence(region, share) < MIN_CONFIDENCE or not _looks_like_sky(small, region, subject, rim):
        return None
    full = cv2.resize(region.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    soft = guided_filter(light(image), full, max(4, width // 128), 1e-4)
    return np.asarray(np.clip((soft - 0.1) / 0.8, 0, 1), dtype=np.float32)


def _gradient(small: Image) -> Map:
    smooth = cv2.GaussianBlur(small, (0, 0), 1.0).astype(np.float32)
    across = np.abs(cv2.Sobel(smooth, -1, 1, 0)).max(2)
    down = np.abs(cv2.Sobel(smooth, -1, 0, 1)).max(2)
    return np.asarray(np.hypot(across, down), dtype=np.float32)


def _sky_coloured(small: Image) -> Mask:
    """Blue by day or night, grey of clouds and haze, or the warm glow of a low sun."""
    r, g, b = (small[..., i].astype(np.float32) for i in range(3))
    hsv = cv2.cvtColor(small, cv2.COLOR_RGB2HSV)
    value, saturation = hsv[..., 2] / 255.0, hsv[..., 1] / 255.0
    blue = (b >= r - 4) & (b >= g - 12) & (value > 0.12)
    grey = (saturation < 0.22) & (value > 0.35)
    glow = (r >= g) & (g >= b - 20) & (value > 0.6) & (saturation < 0.75)
    return np.asarray(blue | grey | glow)


def _best_region(small: Image, seed: Mask, gradient: Map, allowed: Mask) -> Mask | None:
    """The seed's connected region at the edge strength that parts two even-coloured regions best.

    The score is the sum of log determinants of both colour covariances, after Shen and Wang 2013 (eq. 3).
    """
    lab = cv2.cvtColor(small, cv2.COLOR_RGB2LAB).astype(np.float32)
    best: tuple[float, Mask] | None = None
    for step in EDGE_STEPS:
        smooth = (gradient < step) & allowed
        _, labels = cv2.connectedComponents(smooth.astype(np.uint8))
        inside = np.unique(labels[seed & smooth])
        region = np.isin(labels, inside[inside > 0])
        if region.mean() < 0.03 or (~region).sum() < 50:
            continue
        spread = [np.linalg.det(np.cov(lab[part].T) + 4 * np.eye(3)) for part in (region, ~region)]
        score = 0.5 * np.log(spread[0]) + 0.25 * np.log(spread[1])
        if best is None or score < best[0]:
            best = (float(score), region)
    return best[1] if best else None


def _refine(small: Image, region: Mask, subject: Map, rim: int) -> Mask:
    """GrabCut from the found region; parts not touching the top are dropped."""
    height = small.shape[0]
    mask = cv2.morphologyEx(region.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8))
    marks = np.where(mask > 0, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    marks[cv2.erode(mask, np.ones((9, 9), np.uint8)) > 0] = cv2.GC_FGD
    marks[int(height * 0.93) :] = cv2.GC_BGD
    marks[subject > 0.6] = cv2.GC_BGD
    marks[cv2.dilate(mask, np.ones((31, 31), np.uint8)) == 0] = cv2.GC_BGD
    try:
        cv2.setRNGSeed(0)
        cv2.grabCut(small, marks, None, np.zeros((1, 65)), np.zeros((1, 65)), 2, cv2.GC_INIT_WITH_MASK)
    except cv2.error:  # nothing left of one of the two sides
        return np.asarray(mask > 0)
    sky = np.isin(marks, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
    _, labels = cv2.connectedComponents(sky)
    top = np.unique(labels[:rim])
    kept = np.isin(labels, top[top > 0])
    return kept if kept.mean() > 0.02 else np.asarray(mask > 0)


def _looks_like_sky(small: Image, region: Mask, subject: Map, rim: int) -> bool:
    free = subject[:rim] < 0.3
    if not region.any() or float(region[:rim][free].mean() if free.any() else 0) < MIN_TOP:
        return False
    lab = cv2.cvtColor(small, cv2.COLOR_RGB2LAB).astype(np.float32)
    texture = np.abs(lab - cv2.GaussianBlur(lab, (0, 0), 2)).mean(2)
    saturation = cv2.cvtColor(small, cv2.COLOR_RGB2HSV)[..., 1]
    return (
        float(texture[region].mean()) < MAX_TEXTURE and float(np.median(saturation[region])) < MAX_SATURATION
    )


def _confidence(region: Mask, share: float) -> float:
    """Sky fills a good part of the top, lies high, and is not the whole picture."""
    if not region.any():
        return 0.0
    rows = np.nonzero(region)[0]
    high = 1.0 if np.median(rows) < region.shape[0] * 0.55 else 0.3
    partial = 1.0 if region.mean() < 0.92 else 0.3
    return share * min(1.0, float(region.mean()) / 0.08) * high * partial
