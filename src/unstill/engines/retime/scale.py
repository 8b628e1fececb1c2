"""At which scales the network looks, and how pictures are padded for it."""

from __future__ import annotations

SCALES = (4, 2, 1)
"""By what each of the three blocks sees the frames smaller (arXiv 2011.06294, section 3.2)."""
LARGE = 1024
"""From this long side on the flow is found at half scale, as RIFE's authors advise for large pictures: the
same motion is half as far there, and it costs a quarter."""
STRIDE = 8
"""The smallest picture side a block works on: it halves twice, and deconvolves twice from there."""


def scales_of(height: int, width: int) -> tuple[int, ...]:
    """The blocks' scales for frames of this size."""
    return tuple(2 * scale for scale in SCALES) if max(height, width) >= LARGE else SCALES


def padded(height: int, width: int) -> tuple[int, int]:
    """The sides rounded up so that every scale divides them into whole steps."""
    grid = scales_of(height, width)[0] * STRIDE
    return -(-height // grid) * grid, -(-width // grid) * grid
