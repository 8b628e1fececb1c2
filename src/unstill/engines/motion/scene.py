"""One look at a picture: subject, sky, depth and two layers to move."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
import numpy.typing as npt

from unstill.engines.motion.depth import background_disparity, horizon, subject_disparity
from unstill.engines.motion.fill import behind, split
from unstill.engines.motion.matte import light, subject_alpha
from unstill.engines.motion.saliency import Image, Map, saliency
from unstill.engines.motion.sky import find_sky

MIN_PEAK, SUBJECT_SHARE, LARGE, MAIN = 0.5, (0.004, 0.9), 0.06, 0.7
"""Saliency is believed when its peak and its share of the picture are sane and it is one thing: its largest
part fills 6 % of the picture or is 70 % of it all. Crumbs (the two eyes of a face) are no subject."""
SCRAP = 0.12
"""Parts smaller than this share of the largest are left in the background."""


@dataclass(frozen=True)
class Scene:
    """What the camera moves through. All maps are float32 [h w], 0..1, at the picture's size."""

    picture: Image
    background: Image
    """The picture with the subject painted out, uint8 [h w 3]."""
    foreground: Image | None
    """The subject alone, RGB premultiplied by alpha and alpha, uint8 [h w 4]; None without a subject."""
    alpha: Map
    invented: Map
    """How much of each background pixel is guessed."""
    sky: Map | None
    horizon: float
    """Share of the height."""
    far: Map
    """Disparity of the background."""
    near: Map
    """Disparity of the subject, extended past its edge."""
    landmarks: npt.NDArray[np.float32]
    """Corners a viewer's eye holds on to, float32 [n 2] x y."""

    @property
    def has_subject(self) -> bool:
        return self.foreground is not None

    @property
    def height(self) -> int:
        return int(self.picture.shape[0])

    @property
    def width(self) -> int:
        return int(self.picture.shape[1])

    @property
    def unit(self) -> float:
        """Shorter side over 1024: turns pixel constants tuned at 1024 into this picture's."""
        return min(self.height, self.width) / 1024

    @cached_property
    def seen(self) -> Map:
        """1 where the subject's layer shows anything at all, faint rims included, float32 [h w]."""
        if self.foreground is None:
            return np.zeros_like(self.alpha)
        return (self.foreground[..., 3] > 0).astype(np.float32)

    def disparity_at(self, points: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Disparity under points [n 2] x y: the subject's where it covers, else the background's."""
        x, y = points.round().astype(int).T
        x, y = np.clip(x, 0, self.width - 1), np.clip(y, 0, self.height - 1)
        return np.asarray(np.where(self.alpha[y, x] > 0.5, self.near[y, x], self.far[y, x]))

    @property
    def pivot(self) -> float:
        """The subject's disparity: what an orbit turns around."""
        inside = self.alpha > 0.5
        return float(np.median(self.near[inside])) if inside.any() else float(np.median(self.far)) + 0.1


def analyse(
    picture: Image, context: Image | None = None, box: tuple[int, int, int, int] | None = None
) -> Scene:
    """Look at a picture uint8 [h w 3].

    ``context`` is the whole picture and ``box`` (left, top, right, bottom) the part that is ``picture``:
    saliency looks at the whole, because a tight crop loses the subject.
    """
    height, width = picture.shape[:2]
    unit = min(height, width) / 1024
    found = _subject(picture, context, box)
    colour = light(picture)
    alpha = subject_alpha(colour, found) if found is not None else np.zeros((height, width), np.float32)
    if not (alpha > 0.5).any():
        found, alpha = None, np.zeros_like(alpha)
    sky = find_sky(picture, found)
    level = horizon(sky, alpha)
    far = background_disparity(sky, level, (height, width))
    near = subject_disparity(alpha, far, sky is not None) if found is not None else far
    background, foreground, invented = picture, None, np.zeros_like(alpha)
    if found is not None:
        fill, hole = behind(picture, alpha, unit)
        background, foreground, invented = split(picture, alpha, fill, hole)
    return Scene(
        picture, background, foreground, alpha, invented, sky, level, far, near, _landmarks(picture)
    )  # fmt: skip


def _subject(picture: Image, context: Image | None, box: tuple[int, int, int, int] | None) -> Map | None:
    """The believable saliency of the picture, or None."""
    whole = picture if context is None else context
    salient, peak = saliency(whole)
    if box is not None:
        left, top, right, bottom = box
        salient = np.ascontiguousarray(salient[top:bottom, left:right])
    mask = salient > 0.5
    share = float(mask.mean())
    if peak < MIN_PEAK or not SUBJECT_SHARE[0] < share < SUBJECT_SHARE[1]:
        return None
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    areas = stats[1:, cv2.CC_STAT_AREA]
    if count < 2 or (areas.max() < LARGE * mask.size and areas.max() < MAIN * areas.sum()):
        return None
    return _without_scraps(salient, labels, areas)


def _without_scraps(salient: Map, labels: npt.NDArray[np.int32], areas: npt.NDArray[np.int32]) -> Map:
    """Only the main part and others of some size: half of a thin thing lifted out tears it."""
    kept = np.isin(labels, 1 + np.nonzero(areas >= SCRAP * areas.max())[0]).astype(np.uint8)
    side = max(3, min(salient.shape) // 40) | 1
    return np.asarray(salient * cv2.dilate(kept, np.ones((side, side), np.uint8)), dtype=np.float32)


def _landmarks(picture: Image) -> npt.NDArray[np.float32]:
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    side = min(grey.shape)
    corners = cv2.goodFeaturesToTrack(grey, 300, 0.02, max(2, side // 40))
    if corners is not None and len(corners) >= 12:
        return np.asarray(corners[:, 0], dtype=np.float32)
    height, width = grey.shape
    x, y = np.meshgrid(np.linspace(0.1, 0.9, 9) * width, np.linspace(0.1, 0.9, 9) * height)
    return np.stack([x.ravel(), y.ravel()], 1).astype(np.float32)
