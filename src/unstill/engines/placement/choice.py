"""Which rung of a ladder of placements to begin with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

MARGIN = 0.9
"""The share of a device's free memory that is planned with: the rest is for what splinters, and for the
libraries' scratch memory."""
Rung = TypeVar("Rung")


@dataclass(frozen=True)
class Need(Generic[Rung]):
    """What a clip takes at one rung."""

    rung: Rung
    seconds: float
    peak_bytes: int


def choose(needs: Sequence[Need[Rung]], free_bytes: int | None, margin: float = MARGIN) -> Need[Rung]:
    """The first that fits into ``free_bytes`` with a margin; where none does, the one that needs least.

    ``needs`` go from the quickest down, which is a fact of the ladder: an estimate that experience has put
    right for one rung and not yet for another does not change their order. With None nobody knows how much
    memory there is: the first.
    """
    if free_bytes is None:
        return needs[0]
    fitting = (need for need in needs if need.peak_bytes <= free_bytes * margin)
    return next(fitting, None) or min(needs, key=lambda need: need.peak_bytes)
