"""The ladder of placements of the pipelines: each rung needs less of a graphics card's memory."""

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
    TILED = 2
    """Frames are decoded in tiles that overlap."""
    FP8 = 3
    """The denoiser's weights are kept in 8 bits and widened layer by layer, which changes the picture."""
    STREAMED = 4
    """The denoiser's blocks come to the device one by one, the next while this one computes."""

    @property
    def offloads(self) -> bool:
        return self >= Rung.OFFLOADED

    @property
    def tiles(self) -> bool:
        return self >= Rung.TILED

    @property
    def narrows(self) -> bool:
        return self is Rung.FP8

    @property
    def streams(self) -> bool:
        return self is Rung.STREAMED


WORDS: Mapping[Rung, tuple[str, str]] = MappingProxyType(
    {
        Rung.RESIDENT: ("everything on the device", "全部常驻显存"),
        Rung.OFFLOADED: ("idle parts moved away", "闲置部分移出显存"),
        Rung.TILED: ("frames decoded in tiles", "分块解码画面"),
        Rung.FP8: ("weights kept in 8 bits", "权重以 8 位保存"),
        Rung.STREAMED: ("weights brought block by block", "权重逐块传入"),
    }
)
"""What a rung is, in English and Chinese, for notes."""
LADDERS: Mapping[str, tuple[Rung, ...]] = MappingProxyType(
    {"cuda": tuple(Rung), "mps": (Rung.RESIDENT, Rung.TILED), "cpu": (Rung.RESIDENT, Rung.TILED)}
)
"""The rungs that make a difference on a kind of device: only a graphics card has memory that weights can
leave."""


def ladder(kind: str, *, exact: bool, tiles: bool) -> tuple[Rung, ...]:
    """The rungs for a kind of device; ``exact`` where weights must stay as they are, ``tiles`` where the
    model's VAE has them."""
    return allowed(LADDERS.get(kind, LADDERS["cpu"]), exact=exact, tiles=tiles)


def allowed(rungs: Sequence[Rung], *, exact: bool, tiles: bool) -> tuple[Rung, ...]:
    """Those of ``rungs`` that a clip may take."""
    return tuple(rung for rung in rungs if not (exact and rung.narrows) and (tiles or rung is not Rung.TILED))
