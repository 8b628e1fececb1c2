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
            mega = math.ceil(width * height / 1e5) / 10  # up: one pixel too many must not read as the limit
            raise TooManyPixels(
                name=name,
                width=width,
                height=height,
                megapixels=f"{mega:g}",
                limit=f"{self.max_pixels / 1e6:g}",
            )
        if not (self.min_side <= width <= self.max_side and self.min_side <= height <= self.max_side):
            raise SideOutOfRange(name=name, width=width, height=height, low=self.min_side, high=self.max_side)
