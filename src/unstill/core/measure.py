"""What of a finished clip can be measured without knowing what it should have been."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ClipMeasure:
    """A clip in numbers. Both grow with what people want more of."""

    motion: float
    """How much the picture changes in half a second: the median over the clip of the root mean square
    difference of 64 x 64 area means of luma, in levels of 255. A still picture has 0 to 0.1 after encoding,
    a slow push in 5 to 20."""
    sharpness: float
    """0 (all blur) to 1: one less the blur metric of Crété-Roffet et al., "The blur effect: perception and
    estimation with a new no-reference perceptual blur metric", SPIE 6492 (2007); the median over frames."""
    num_frames: int
    fps: float
