"""Measures a finished clip: how much moves, and how sharp it is. One frame in memory at a time."""

from __future__ import annotations

from collections import deque
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from unstill.core.measure import ClipMeasure
from unstill.domain.errors import NotAVideo
from unstill.media.quality import CELLS, cells
from unstill.media.read_video import probe, stills

if TYPE_CHECKING:
    import numpy.typing as npt

    from unstill.core.ports import Frame

LAG_S = 0.5
"""Two pictures that far apart are compared; fewer where the clip is shorter."""
SHARP_FRAMES = 24
"""So many frames, evenly spaced, are looked at for sharpness."""
WINDOW = 11
"""Samples of the blur metric's box filter; the authors' own."""


def measure(path: Path) -> ClipMeasure:
    """Decode a clip and measure it.

    Raises:
        FileMissing, NotReadable, NotAVideo: as `unstill.media.read_video.probe`.
    """
    facts = probe(path)
    lag = max(1, min(round(LAG_S * facts.fps), facts.num_frames - 1))
    every = max(1, facts.num_frames // SHARP_FRAMES)
    before: deque[npt.NDArray[np.float32]] = deque(maxlen=lag)
    changes, sharp, count = [], [], 0
    with closing(stills(path)) as found:
        for count, still in enumerate(found, 1):
            wide, tall = still.size
            now = cells(still.rgb((min(CELLS, wide), min(CELLS, tall))))
            if len(before) == lag:
                changes.append(float(np.sqrt(np.mean((now - before[0]) ** 2))))
            before.append(now)
            if (count - 1) % every == 0:
                sharp.append(sharpness(still.rgb()))
    if not count:
        raise NotAVideo(path=path)
    return ClipMeasure(
        float(np.median(changes)) if changes else 0.0, float(np.median(sharp)), count, facts.fps
    )


def sharpness(frame: Frame) -> float:
    """How sharp a frame [h w 3] is, 0 to 1: how much of its edges another blur takes away.

    Of the two axes the blurrier one counts. A picture without any edge has 0.
    """
    luma = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return min(_along(luma, (1, 0), (WINDOW, 1)), _along(luma, (0, 1), (1, WINDOW)))


def _along(luma: npt.NDArray[np.float32], axis: tuple[int, int], window: tuple[int, int]) -> float:
    """The share of an axis' edges that a box filter along it takes away."""
    edges = _edges(luma, axis)
    left = _edges(cv2.blur(luma, window, borderType=cv2.BORDER_REFLECT), axis)
    whole = float(edges.sum())
    return float(np.maximum(0, edges - left).sum()) / whole if whole > 0 else 0.0


def _edges(luma: npt.NDArray[np.float32], axis: tuple[int, int]) -> npt.NDArray[np.float32]:
    found = np.abs(cv2.Sobel(luma, cv2.CV_32F, *axis, ksize=3, borderType=cv2.BORDER_REFLECT))
    return np.asarray(found[2:-1, 2:-1], np.float32)
