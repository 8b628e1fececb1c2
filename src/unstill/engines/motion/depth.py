"""How near things are, without a depth network: ground, sky, and the subject standing on the ground.

Disparity here is 1 / distance in free units: 0 is infinitely far, about 1 the nearest thing in a picture.
"""

from __future__ import annotations

import cv2
import numpy as np

from unstill.engines.motion.fill import spread
from unstill.engines.motion.saliency import Map

NO_SKY = (0.30, 0.22, 0.50)
"""Horizon (share of the height), far and near disparity where no sky is seen: a slope."""
SKY, NEAREST = 0.03, 0.62
"""Disparity of a sky, and of the nearest ground under one."""
SLOPE, LOW = 1.3, 0.85
"""How fast the ground rises below the horizon, disparity a picture height (a plane's is linear in the row;
the slope is the camera's height above it). A horizon as low as `LOW` shows hardly any ground: what stands
there is all one distance."""
UPRIGHT = 0.12
"""Disparity of what stands above the horizon and is not sky: hills, towers, trees."""


def horizon(sky: Map | None, alpha: Map) -> float:
    """The horizon as a share of the height: where the sky ends in columns clear of the subject."""
    if sky is None:
        return NO_SKY[0]
    height, width = sky.shape
    covered = (sky > 0.5) | (alpha > 0.5)
    ends = np.where(covered.all(0), height, np.argmin(covered, axis=0))
    rim = max(3, height // 25)
    clear = (sky[:rim].mean(0) > 0.5) & ((alpha > 0.5).mean(0) < 0.05)
    if clear.sum() <= width * 0.1:
        return 0.5
    return float(np.clip(np.percentile(ends[clear], 70) / height, 0.15, 0.85))


def background_disparity(sky: Map | None, level: float, shape: tuple[int, int]) -> Map:
    """Disparity behind the subject, float32 [h w]: a ground plane below the horizon ``level`` (0..1)."""
    height, width = shape
    far, near = NO_SKY[1:]
    if sky is not None:  # the ground begins where upright things stand: a step there would bend them
        far, near = UPRIGHT, min(NEAREST, UPRIGHT + SLOPE * max(0.0, LOW - level))
    rows = np.arange(height, dtype=np.float32)[:, None] / height
    ramp = far + (near - far) * np.clip((rows - level) / max(1 - level, 1e-3), 0, 1)
    out = np.repeat(ramp, width, axis=1).astype(np.float32)
    if sky is not None:
        out = (out * (1 - sky) + SKY * sky).astype(np.float32)
        out = cv2.GaussianBlur(out, (0, 0), max(1.0, min(height, width) / 90))
    return out


def subject_disparity(alpha: Map, ground: Map, outdoors: bool) -> Map:
    """Disparity of the subject, extended smoothly past its edge, float32 [h w].

    Each part takes its distance from the row where it meets the ground; a part cut by the lower edge is
    nearer. Relief comes from the root of the distance to its outline (a rounded body). Under a sky with
    little ground in sight everything is far, and the subject nearer only in proportion.
    """
    height, width = alpha.shape
    scale = float(np.clip(np.ptp(ground) / (NEAREST - SKY), 0.5, 1)) if outdoors else 1.0
    count, labels, stats, _ = cv2.connectedComponentsWithStats((alpha > 0.5).astype(np.uint8))
    near, known = np.zeros_like(alpha), np.zeros_like(alpha)
    for part in range(1, count):
        if stats[part, cv2.CC_STAT_AREA] < 0.001 * height * width:
            continue
        body = (labels == part).astype(np.uint8)
        foot = stats[part, cv2.CC_STAT_TOP] + stats[part, cv2.CC_STAT_HEIGHT]
        cut = foot >= height * 0.985
        base = float(ground[min(height, foot) - 1].mean()) + scale * (0.30 if cut else 0.16)
        inside = cv2.distanceTransform(body, cv2.DIST_L2, 5)
        round_body = 0.14 * np.sqrt(inside / max(float(inside.max()), 1.0))
        near += (float(np.clip(base, 0.35 * scale, 1.0)) + scale * (round_body - 0.05)) * body
        known += body
    if not known.any():
        return ground
    return np.asarray(cv2.GaussianBlur(spread(near, known), (0, 0), max(1.0, min(height, width) / 70)))
