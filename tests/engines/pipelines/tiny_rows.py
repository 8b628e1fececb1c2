"""The catalogue's rows over the tiny pipelines: each real but for its small sizes and lengths.

An engine family of its own (``family``): its entry point comes before the real one's, so that a model's id
means the tiny one in every process that finds it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tiny_pipelines import KINDS, Kind
from unstill.domain.catalog import Range
from unstill.engines.pipelines import PipelineFamily
from unstill.engines.pipelines.row import Row
from unstill.engines.pipelines.rows import ROWS

KIND_OF: Mapping[str, str] = {
    "wan2.2-ti2v-5b": "wan2.2-ti2v-5b",
    "wan2.2-i2v-a14b": "wan2.2-a14b",
    "wan2.1-i2v-14b-480p": "wan2.1-i2v",
    "wan2.1-i2v-14b-720p": "wan2.1-i2v",
    "wan2.1-flf2v-14b-720p": "wan2.1-flf2v",
    "ltx-2": "ltx-2",
    "ltx-2.3": "ltx-2.5",
    "ltx-2.5": "ltx-2.5",
    "hunyuanvideo-1.5-480p": "hunyuanvideo-1.5",
    "hunyuanvideo-1.5-720p": "hunyuanvideo-1.5",
    "hunyuanvideo-1.5-480p-distilled": "hunyuanvideo-1.5",
    "hunyuanvideo-1.5-720p-distilled": "hunyuanvideo-1.5",
    "hunyuanvideo-1.5-480p-step-distilled": "hunyuanvideo-1.5",
    "ltx-video-2b-0.9.0": "ltx-2b-0.9.0",
    "ltx-video-2b": "ltx-2b-0.9.5",
    "ltx-video-13b": "ltx-13b-0.9.7",
    "ltx-video-13b-distilled": "ltx-13b-0.9.7",
    "ltx-video-13b-0.9.7-distilled": "ltx-13b-0.9.7",
    "kandinsky-5-lite": "kandinsky-5",
    "skyreels-v2-i2v-1.3b": "skyreels-v2",
    "cogvideox-5b": "cogvideox-5b",
    "cogvideox-1.5-5b": "cogvideox-1.5",
    "svd": "svd",
    "svd-xt": "svd",
}
"""The tiny pipeline that stands for each row."""
ONE_OF_A_KIND: Mapping[str, str] = {kind: row for row, kind in reversed(KIND_OF.items())}
"""The first row of each tiny pipeline that has one."""


def kind_of(row: str) -> Kind:
    return KINDS[KIND_OF[row]]


def steps_of(row: Row, wanted: int = 2) -> int:
    """``wanted``, where the row leaves a choice."""
    assert row.card.steps is not None
    return max(wanted, int(row.card.steps.low))


def _tiny(row: Row) -> Row:
    """The row with a card whose limits its tiny pipeline keeps."""
    kind = kind_of(row.card.id)
    size, few = "{}x{}".format(*kind.side), kind.num_frames
    native = {**row.card.native, "size": size, "num_frames": few, "num_inference_steps": steps_of(row)}
    card = replace(
        row.card,
        side=Range(16, 2 * max(kind.side)),
        sizes=(size,),
        frames=Range(few, few + 2 * row.card.frame_stride),
        native=native,
        trained_side=None,
    )
    return replace(row, card=card)


TINY: Mapping[str, Row] = {row.card.id: _tiny(row) for row in ROWS}
"""Every row, small, by its model's id."""
family = PipelineFamily(tuple(TINY.values()))
