"""One measured number, and the limit it is held to."""

from __future__ import annotations

import math
from dataclasses import dataclass

GROUPS = (
    "first", "sight", "judder", "loops", "static", "travel", "parallax", "effects", "cost", "zoompan",
    "service", "stores", "ray",
)  # fmt: skip
"""In the order they are printed."""


@dataclass(frozen=True)
class Sample:
    """A number of one move (or effect) on one photo. Without limits it is for information."""

    group: str
    number: str
    """What was measured, with its unit."""
    subject: str
    """The move or effect, or what else was measured."""
    photo: str
    value: float
    least: float | None = None
    most: float | None = None
    note: str = ""

    @property
    def judged(self) -> bool:
        return self.least is not None or self.most is not None

    @property
    def passed(self) -> bool:
        """NaN, a number that could not be measured, passes no limit."""
        if math.isnan(self.value):
            return not self.judged
        return (self.least is None or self.value >= self.least) and (
            self.most is None or self.value <= self.most
        )

    @property
    def margin(self) -> float:
        """How far inside its limits the value is, as a share of the limit; negative outside."""
        if math.isnan(self.value):
            return -math.inf if self.judged else math.inf
        below = math.inf if self.least is None else (self.value - self.least) / (abs(self.least) or 1.0)
        above = math.inf if self.most is None else (self.most - self.value) / (abs(self.most) or 1.0)
        return min(below, above)

    @property
    def limit(self) -> str:
        """The limit in words."""
        if self.least is not None and self.most is not None:
            return f"{self.least:g} to {self.most:g}"
        if self.least is not None:
            return f"at least {self.least:g}"
        return "" if self.most is None else f"at most {self.most:g}"
