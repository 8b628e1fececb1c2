"""New frames between those that come, one pair after the other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np
import numpy.typing as npt

from unstill.core.ports import Tick, silent
from unstill.engines.retime.pairs import Kind, kind_of

Frame = npt.NDArray[np.uint8]
STAGE = "retime"


class Middle(Protocol):
    """Draws the frame halfway between two."""

    @property
    def device(self) -> str:
        """What it computes on."""

    def middle(self, first: Frame, last: Frame) -> Frame: ...


def retimed(
    frames: Iterator[Frame], times: int, middle: Middle, *, loop: bool = False, total: int = 0,
    tick: Tick = silent,
) -> Iterator[Frame]:  # fmt: skip
    """The frames as they are, and between each two of them ``times`` - 1 new ones; 2 or 4 ``times``.

    Of n frames come (n - 1) * times + 1, and n * times of a loop, whose last frame is followed by its first.
    Never more than two frames that came, and those between them, are held. ``total``, how many will come, is
    what the tick is told.

    Between equal frames the same is repeated, and at a cut the nearer one (the earlier in the middle).
    """
    done = 0
    first = before = None
    for frame in frames:
        if before is None:
            first = before = frame.copy()
            continue
        yield before
        for new in _between(before, frame, times, middle):
            tick(STAGE, done := done + 1, total)
            yield new
        before = frame.copy()  # an engine may draw its next frame into the same memory
    if before is None or first is None:
        return
    yield before
    if loop:
        for new in _between(before, first, times, middle):
            tick(STAGE, done := done + 1, total)
            yield new


def _between(first: Frame, last: Frame, times: int, middle: Middle) -> Iterator[Frame]:
    """``times`` - 1 frames, evenly spaced in time: the middle, and the middles of both halves."""
    kind = kind_of(first, last)
    if kind is not Kind.MOTION:
        yield from (first if number <= times // 2 else last for number in range(1, times))
        return
    yield from _drawn(first, last, times, middle)


def _drawn(first: Frame, last: Frame, times: int, middle: Middle) -> Iterator[Frame]:
    if times == 1:
        return
    half = middle.middle(first, last)
    yield from _drawn(first, half, times // 2, middle)
    yield half
    yield from _drawn(half, last, times // 2, middle)
