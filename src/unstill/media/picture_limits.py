"""How much picture is too much."""

from __future__ import annotations

import math
from dataclasses import dataclass

from unstill.domain.errors import SideOutOfRange, TooManyPixels
from unstill.domain.request import SIDE


@dataclass(frozen=True)
class Limits:
    """What is too much. Bytes of the file, pixels in all, pixels a side."""

    max_bytes: int = 20 * 2**20
    max_pixels: int = 40_000_000
    min_side: int = SIDE[0]
    max_side: int = SIDE[1]

    def check_size(self, size: tuple[int, int], name: str) -> None:
        """Raises `TooManyPixels` or `SideOutOfRange` for a (width, height) outside the limits."""
        width, height = size
        if width * height > self.max_pixels:
            raise TooManyPixels(
                name=name, width=width, height=height, megapixels=_tenths(width * height / 1e6),
                limit=_tenths(self.max_pixels / 1e6),
            )  # fmt: skip
        if not (self.min_side <= width <= self.max_side and self.min_side <= height <= self.max_side):
            raise SideOutOfRange(name=name, width=width, height=height, low=self.min_side, high=self.max_side)


def _tenths(mega: float) -> str:
    """Rounded up, so that one pixel too many does not read as the limit itself."""
    return f"{math.ceil(mega * 10) / 10:.1f}".removesuffix(".0")
