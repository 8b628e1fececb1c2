"""Looks at every frame on its way to the file: is it a frame, is everything black, does nothing move."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import cv2
import numpy as np

from unstill.domain.errors import BadOutput
from unstill.domain.notes import Note, note

if TYPE_CHECKING:
    import numpy.typing as npt

    from unstill.core.ports import Frame

CELLS = 64
"""Frames are compared as CELLS x CELLS area means; that averages sensor noise away and keeps slow drifts."""
BLACK_MEAN, BLACK_PEAK = 4.0, 32
"""Levels of 255. Black: the mean of every frame is below the first and no single sample reaches the second,
so that a night sky with stars is not called black."""
MOVED_CELL, MOVED_RMS = 0.5, 0.04
"""Levels of 255 between a frame and the first one: the largest cell (something small moves) and the root mean
square over all cells (the whole picture drifts). A 2 % zoom of a soft gradient gives an RMS of 0.1 to 0.2;
rounding alone stays below 0.02."""


class FrameWatch:
    """A `core.ports.FrameCheck`. Once a clip is neither black nor frozen, frames are only validated."""

    def __init__(self, *, still_allowed: bool = False) -> None:
        self._still_allowed = still_allowed
        self._shape: tuple[int, ...] | None = None
        self._first: npt.NDArray[np.float32] | None = None
        self._count = 0
        self._black = True
        self._moved = False

    def see(self, frame: Frame) -> None:
        """Look at the next frame, uint8 RGB [h w 3].

        Raises:
            BadOutput: the frame is of another type or shape than uint8 [h w 3], or than the first frame.
        """
        self._refuse_unlike(frame)
        if self._black or not self._moved:
            now = cells(frame)
            self._black = self._black and float(now.mean()) < BLACK_MEAN and int(frame.max()) < BLACK_PEAK
            if self._first is None:
                self._first = now
            else:
                self._moved = self._moved or _differ(now, self._first)
        self._count += 1

    def verdict(self) -> Sequence[Note]:
        """``video_black`` or ``video_frozen`` where that is so. A clip of one frame cannot be frozen."""
        if self._count == 0:
            return []
        if self._black:
            return [note("video_black")]
        if self._count > 1 and not self._moved and not self._still_allowed:
            return [note("video_frozen")]
        return []

    def _refuse_unlike(self, frame: Frame) -> None:
        problem = _problem(frame, self._shape)
        if problem is not None:
            english, chinese = problem
            number = self._count + 1
            raise BadOutput(problem=f"frame {number} {english}", problem_zh=f"第 {number} 帧{chinese}")
        self._shape = frame.shape


def _problem(frame: object, shape: tuple[int, ...] | None) -> tuple[str, str] | None:
    """What makes ``frame`` unusable, in English and Chinese; ``shape`` is the first frame's."""
    if not isinstance(frame, np.ndarray):
        return "is not an array of pixels", "不是像素数组"
    if frame.dtype != np.uint8:
        if np.issubdtype(frame.dtype, np.floating) and not np.isfinite(frame).all():
            return "holds values that are not numbers (NaN or infinity)", "含有无效数值（NaN 或无穷大）"
        return f"holds {frame.dtype} values instead of bytes", f"的数值类型是 {frame.dtype}，应为字节"
    if frame.ndim != 3 or frame.shape[2] != 3 or 0 in frame.shape:
        return (
            f"has the shape {frame.shape} instead of height, width, 3",
            f"的形状为 {frame.shape}，应为 高、宽、3",
        )
    if shape is not None and frame.shape != shape:
        now, then = f"{frame.shape[1]}x{frame.shape[0]}", f"{shape[1]}x{shape[0]}"
        return f"is {now}, the ones before were {then}", f"为 {now}，之前的帧为 {then}"
    return None


def cells(frame: Frame) -> npt.NDArray[np.float32]:
    """Area means of the luma [<=64 <=64], 0 to 255; as floats, so that a tenth of a level survives."""
    luma = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY).astype(np.float32)
    size = (min(CELLS, frame.shape[1]), min(CELLS, frame.shape[0]))
    return np.asarray(cv2.resize(luma, size, interpolation=cv2.INTER_AREA), np.float32)


def _differ(now: npt.NDArray[np.float32], first: npt.NDArray[np.float32]) -> bool:
    difference = now - first
    return bool(np.abs(difference).max() >= MOVED_CELL or np.sqrt(np.mean(difference**2)) >= MOVED_RMS)
