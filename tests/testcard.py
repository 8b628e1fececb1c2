"""A quick engine that joins through the ports, for tests of everything around engines.

It slides the picture sideways. Prompts: "wait" makes every frame slow ("doze" slower), "break" fails as a
mistake of ours would, "black" makes a black video, "hold" stands still. It counts what is asked of it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from importlib.metadata import EntryPoint

import numpy as np

from unstill.core.plan import Plan
from unstill.core.ports import Anchor, Estimate, Machine, Reading, Tick
from unstill.domain.catalog import ModelCard, Option, Range
from unstill.domain.notes import Note, note
from unstill.domain.request import VideoRequest

TESTCARD = EntryPoint("testcard", "testcard:family", "unstill.engines")
"""How the family joins: as any engine does."""

CARD = ModelCard(
    id="testcard",
    family="testcard",
    title="Test card",
    about={"en": "Slides the picture.", "zh": "平移图片。"},
    licence="Apache-2.0",
    generative=False,
    native={"size": "1024p", "fit": "keep", "num_frames": 8, "fps": 8, "loop": False, "interpolate": 1},
    frames=Range(1, 240),
    fps=Range(1, 60),
    side=Range(16, 2048),
    loops=True,
    options={"step": Option(2, {"en": "Pixels a frame.", "zh": "每帧像素。"}, Range(0, 16))},
)
DREAM = ModelCard(
    id="dream",
    family="testcard",
    title="A pretended generative model",
    about={"en": "Pretends.", "zh": "假装。"},
    licence="none",
    generative=True,
    native={"size": "512p", "fit": "crop", "num_frames": 9, "fps": 8, "num_inference_steps": 5,
            "guidance_scale": 9.0},
    frames=Range(9, 41),
    fps=Range(1, 30),
    side=Range(64, 1024),
    side_grid=64,
    frame_stride=8,
    steps=Range(1, 50),
    guidance=Range(1, 20),
    negative_prompt=True,
)  # fmt: skip


def draw(width: int = 64, height: int = 48, seed: int = 0) -> np.ndarray:
    """A picture with something to see in it, uint8 [h w 3]."""
    from PIL import Image

    coarse = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)).copy()


def grey(width: int = 128, height: int = 128) -> np.ndarray:
    """A picture on which only a label can be seen, uint8 [h w 3]."""
    return np.full((height, width, 3), 110, np.uint8)


class Slide:
    """The engine."""

    def __init__(self) -> None:
        self.loads = 0

    def load(self, plan: Plan) -> None:
        self.loads += 1

    def frames(self, plan: Plan, anchor: Anchor, tick: Tick) -> Iterator[np.ndarray]:
        prompt = plan.request.prompt
        if "break" in prompt:
            raise RuntimeError("a secret of the engine")
        step = 0 if "hold" in prompt else int(plan.option("step")) if "step" in plan.card.options else 2
        for index in range(plan.num_frames):
            tick("frame", index, plan.num_frames)
            time.sleep(0.02 if "wait" in prompt else 0.15 if "doze" in prompt else 0)
            frame = np.roll(anchor.frame, step * index + plan.seed % 7, axis=1)
            yield np.zeros_like(frame) if "black" in prompt else np.ascontiguousarray(frame)
        tick("frame", plan.num_frames, plan.num_frames)

    def notes(self) -> Sequence[Note]:
        return (note("no_subject"),)

    def unload(self) -> None:
        self.loads = 0


class Family:
    """What the entry point names."""

    cards = (CARD, DREAM)

    def read(self, request: VideoRequest, card: ModelCard) -> Reading:
        named = "left" in request.prompt
        moves = ["pan_left" if named else "pan_right"]
        if "hold" in request.prompt:
            moves = ["static"]
        return Reading(details={"moves": moves, "effects": [], "auto": not named})

    def estimate(self, plan: Plan, machine: Machine) -> Estimate:
        return Estimate(0.01 * plan.num_frames, 100 * plan.width * plan.height)

    def engine(self, weights: object = None) -> Slide:
        return Slide()


family = Family()
