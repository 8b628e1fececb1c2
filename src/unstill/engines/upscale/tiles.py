"""A frame in tiles, so that memory does not grow with it; the result is that of the whole frame."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from torch import Tensor

Stage = Callable[[Tensor], Tensor]
"""From [1 c h w] to [1 d s*h s*w]."""


def tiled(stage: Stage, whole: Tensor, core: int, radius: int, scale: int = 1) -> Tensor:
    """What ``stage`` makes of ``whole``, tile by tile.

    Each tile is ``core`` pixels wide and high, and is given ``radius`` more on every side where there are
    more. That is as far as the stage sees, so that what it makes of the core does not depend on the tiling;
    at the frame's own border it pads as it always does.
    """
    height, width = whole.shape[2:]
    if max(height, width) <= core:
        return stage(whole)
    out: Tensor | None = None
    for top, bottom in _spans(height, core):
        for left, right in _spans(width, core):
            y, x = max(0, top - radius), max(0, left - radius)
            made = stage(whole[:, :, y : bottom + radius, x : right + radius])
            if out is None:
                out = made.new_empty((1, made.shape[1], height * scale, width * scale))
            inner = made[:, :, (top - y) * scale : (bottom - y) * scale,
                         (left - x) * scale : (right - x) * scale]  # fmt: skip
            out[:, :, top * scale : bottom * scale, left * scale : right * scale] = inner
    assert out is not None
    return out


def _spans(length: int, core: int) -> Iterator[tuple[int, int]]:
    for start in range(0, length, core):
        yield start, min(length, start + core)
