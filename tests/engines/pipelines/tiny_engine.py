"""The driver over tiny pipelines on the processor, on one thread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tiny_pipelines import KINDS
from tiny_rows import KIND_OF, TINY, steps_of
from unstill.core.plan import Plan, make_plan
from unstill.core.ports import Anchor, Machine, Sound
from unstill.domain.catalog import ModelCard
from unstill.domain.request import VideoRequest
from unstill.domain.weight_errors import LoraUnknown
from unstill.engines.pipelines import PipelineFamily
from unstill.engines.pipelines.engine import PipelineEngine
from unstill.engines.pipelines.rungs import Rung
from unstill.engines.placement.torch_device import Device

torch.set_num_threads(1)
MACHINE = Machine(2, 8 << 30)
CPU = Device(torch.device("cpu"), torch.float32)
Ticked = tuple[str, int, int, "np.ndarray | None"]


@dataclass
class Shelf:
    """One folder for every model, and LoRA files by name. Fits `unstill.core.ports.Weights`."""

    path: Path
    loras: Mapping[str, Path] = field(default_factory=dict)

    def folder(self, card: ModelCard) -> Path:
        return self.path

    def lora(self, source: str) -> Path:
        if source not in self.loras:
            raise LoraUnknown(param="loras", source=source)
        return self.loras[source]


@dataclass(frozen=True)
class Clip:
    """What an engine gave."""

    frames: np.ndarray
    """uint8 [f h w 3]."""
    notes: Sequence[str]
    """Their codes."""
    ticks: Sequence[Ticked]
    sound: Sound | None

    @property
    def previews(self) -> list[np.ndarray]:
        return [shown for *_, shown in self.ticks if shown is not None]


def picture(row: str, seed: int = 0) -> np.ndarray:
    """uint8 [h w 3], of the tiny pipeline's size."""
    width, height = KINDS[KIND_OF[row]].side
    coarse = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), np.uint8)
    return np.kron(coarse, np.ones((height // 4, width // 4, 1), np.uint8))


def plan_of(row: str, placement: Rung | None = None, **fields: Any) -> Plan:
    """The plan of a short clip by a row, ``placement`` where it is to begin."""
    given: dict[str, Any] = {"prompt": "the cat", "seed": 3, "num_inference_steps": steps_of(TINY[row], 4)}
    if TINY[row].card.last_picture == "must":
        given["last_image"] = b"a picture"
    request = VideoRequest(**{**given, "model": row, **fields})
    made = make_plan(request, KINDS[KIND_OF[row]].side, [PipelineFamily([TINY[row]])], MACHINE)
    where = {} if placement is None else {"placement": placement.name.lower()}
    return replace(made, details={**made.details, **where})


def engine_of(path: Path, **loras: Path) -> PipelineEngine:
    return PipelineEngine(Shelf(path, loras), TINY, CPU)


def made(engine: PipelineEngine, plan: Plan, last: np.ndarray | None = None) -> Clip:
    """A clip; where the plan's request has a ``last`` picture, that one."""
    ticks: list[Ticked] = []

    def tick(stage: str, done: int, total: int, preview: np.ndarray | None = None) -> None:
        ticks.append((stage, done, total, preview))

    first = picture(plan.model)
    given = plan.request.last_image is not None
    other = (picture(plan.model, 1) if last is None else last) if given else None
    anchor = Anchor(first, first, (0, 0, plan.width, plan.height), last=other)
    frames = np.stack(list(engine.frames(plan, anchor, tick)))
    return Clip(frames, [each.code for each in engine.notes()], ticks, engine.sound())


def apart(one: Clip, other: Clip) -> float:
    """The mean difference of two clips' values, of 255."""
    return float(np.abs(one.frames.astype(int) - other.frames.astype(int)).mean())
