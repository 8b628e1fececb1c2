"""Models that take a picture for the last frame, and LoRA files: both can be seen in the frames.

The first frame shows the first picture, the last the last one (of a loop the first again), between them one
fades into the other. Every LoRA darkens all of them: by half at weight 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib.metadata import EntryPoint

import numpy as np

from testcard import CARD
from unstill.core.plan import Plan
from unstill.core.ports import Anchor, Estimate, Machine, Reading, Tick, Weights
from unstill.domain.catalog import ModelCard
from unstill.domain.notes import Note
from unstill.domain.request import VideoRequest

CAN = replace(
    CARD,
    id="ends",
    family="twopictures",
    title="Ends",
    last_picture="can",
    lora=True,
    generative=True,
    options={},
)
MUST = replace(CAN, id="between", title="Between", last_picture="must", lora=False)


class Fading:
    """The engine."""

    def __init__(self, weights: Weights) -> None:
        self._weights = weights

    def load(self, plan: Plan) -> None:
        for use in plan.request.loras:
            assert self._weights.lora(use.source).suffix == ".safetensors"

    def frames(self, plan: Plan, anchor: Anchor, tick: Tick) -> Iterator[np.ndarray]:
        first = anchor.frame.astype(float)
        last = first if anchor.last is None else anchor.last.astype(float)
        light = 1.0
        for use in plan.request.loras:
            light *= 1 - use.weight / 2
        for index in range(plan.num_frames):
            tick("frame", index, plan.num_frames)
            share = index / max(1, plan.num_frames - 1)
            yield np.clip(light * ((1 - share) * first + share * last), 0, 255).astype(np.uint8)
        tick("frame", plan.num_frames, plan.num_frames)

    def notes(self) -> Sequence[Note]:
        return ()

    def unload(self) -> None:
        """Nothing is kept."""


class Family:
    """What the entry point names."""

    cards = (CAN, MUST)

    def read(self, request: VideoRequest, card: ModelCard) -> Reading:
        return Reading()

    def estimate(self, plan: Plan, machine: Machine) -> Estimate:
        return Estimate(0.01 * plan.num_frames, 100 * plan.width * plan.height)

    def engine(self, weights: Weights) -> Fading:
        return Fading(weights)


family = Family()
TWO_PICTURES = EntryPoint("two_pictures", "two_pictures:family", "unstill.engines")


def shades(left: int, right: int, size: tuple[int, int] = (96, 64)) -> np.ndarray:
    """Two grey halves, uint8 [h w 3]: easy to tell in a compressed frame."""
    width, height = size
    picture = np.full((height, width, 3), left, np.uint8)
    picture[:, width // 2 :] = right
    return picture


def halves(frame: np.ndarray) -> tuple[float, float]:
    """The mean of each half, away from the edge between them."""
    middle = frame.shape[1] // 2
    return float(frame[:, : middle - 6].mean()), float(frame[:, middle + 6 :].mean())
