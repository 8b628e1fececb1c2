"""The ladder of placements: each rung needs less memory than the one before; all but one are exact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntEnum
from types import MappingProxyType


class Rung(IntEnum):
    """Every rung does what those above it do, and one thing more; only FP8 is a step to the side."""

    RESIDENT = 0
    """All parts stay on the device."""
    OFFLOADED = 1
    """A part is on the device only while it works."""
    CHUNKED = 2
    """Feed-forward layers take a slice of their rows at a time; frames are decoded one by one."""
    SEQUENTIAL = 3
    """The two halves of guidance go one after the other."""
    FP8 = 4
    """The network's weights stay on the device in 8 bits, which changes the picture a little."""
    STREAMED = 5
    """Weights come to the device a layer at a time, the next one while this one computes."""

    @property
    def offloads(self) -> bool:
        return self >= Rung.OFFLOADED

    @property
    def chunks(self) -> bool:
        return self >= Rung.CHUNKED

    @property
    def sequential(self) -> bool:
        return self >= Rung.SEQUENTIAL

    @property
    def narrows(self) -> bool:
        return self is Rung.FP8

    @property
    def streams(self) -> bool:
        return self >= Rung.STREAMED

    @property
    def exact(self) -> bool:
        """Whether the picture is that of the other rungs."""
        return not self.narrows


WORDS: Mapping[Rung, tuple[str, str]] = MappingProxyType(
    {
        Rung.RESIDENT: ("everything on the device", "全部常驻显存"),
        Rung.OFFLOADED: ("idle parts moved away", "闲置部分移出显存"),
        Rung.CHUNKED: ("large layers in slices", "大层分片计算"),
        Rung.SEQUENTIAL: ("guidance in two passes", "引导分两次计算"),
        Rung.FP8: ("weights kept in 8 bits", "权重以 8 位保存"),
        Rung.STREAMED: ("weights brought layer by layer", "权重逐层传入"),
    }
)
"""What a rung is, in English and Chinese, for notes."""

LADDERS: Mapping[str, tuple[Rung, ...]] = MappingProxyType(
    {
        "cuda": tuple(Rung),
        "mps": (Rung.RESIDENT, Rung.CHUNKED, Rung.SEQUENTIAL),
        "cpu": (Rung.CHUNKED, Rung.SEQUENTIAL),
    }
)
"""The rungs that make a difference on a kind of device, quickest first: only a graphics card has memory that
weights can leave or that they fill, and on the processor slices of a large layer are quicker, not slower."""


def ladder(kind: str, *, exact: bool) -> tuple[Rung, ...]:
    """The rungs for a kind of device; ``exact`` where nothing may change the picture."""
    return allowed(LADDERS.get(kind, LADDERS["cpu"]), exact=exact)


def allowed(rungs: Sequence[Rung], *, exact: bool) -> tuple[Rung, ...]:
    """Those of ``rungs`` that a clip may take; ``exact`` where nothing may change the picture."""
    return tuple(rung for rung in rungs if rung.exact or not exact)


CHUNK_BYTES = 64 << 20
"""A chunked feed-forward layer's hidden values take about this much at a time."""
DECODED_PIXELS = 4 * 512 * 512
"""About so many pixels are decoded at a time where memory is no concern."""


def rows_at_once(rung: Rung, hidden: int, value_bytes: int) -> int | None:
    """Rows of a feed-forward layer to take at a time, whose hidden layer is ``hidden`` wide; None for all.

    Spatial and temporal layers, and layers of each width, get their own number.
    """
    return max(64, CHUNK_BYTES // (hidden * value_bytes)) if rung.chunks else None


def frames_at_once(rung: Rung, width: int, height: int) -> int:
    """Frames to decode at a time."""
    return 1 if rung.chunks else max(1, DECODED_PIXELS // (width * height))
