"""``python -m bench.models_gpu``: newer models at full size with random weights, at each placement, against
plain diffusers in the same run.

Needs CUDA, some 40 GiB of the computer's memory, torch, transformers, diffusers, and no network. Rows are
appended to a file of JSON lines as they are measured; ``report`` prints them as Markdown. ``--tiny`` tries
the measurement itself on any computer.
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench.gpu import software, talk
from unstill.core.bench import GIB
from unstill.core.out_of_memory import is_out_of_memory
from unstill.core.plan import Plan, make_plan
from unstill.core.ports import Anchor, Machine
from unstill.doctor.machine import this_machine
from unstill.domain.catalog import Range
from unstill.domain.errors import OutOfMemory
from unstill.domain.request import VideoRequest
from unstill.engines.pipelines import PipelineFamily
from unstill.engines.pipelines.estimate import device_bytes, shape_of
from unstill.engines.pipelines.row import Row
from unstill.engines.pipelines.rows import ROWS
from unstill.engines.pipelines.rungs import LADDERS, Rung, allowed
from unstill.engines.placement.quiet import quiet

HEAD = ("model", "size", "frames", "steps", "what", "seconds", "s a step", "peak GiB", "predicted GiB",
        "ours / its seconds", "ours / its peak")  # fmt: skip
NAME = "bench-models.jsonl"
PROMPT = "a boat on a calm lake, the water moves, clouds drift"
SEED = 5


@dataclass(frozen=True)
class Case:
    """A clip of one model."""

    model: str
    make: str
    """The function of `big_pipelines`."""
    width: int
    height: int
    num_frames: int
    steps: int


CASES = (
    Case("wan2.2-ti2v-5b", "wan", 1280, 704, 121, 4),
    Case("wan2.2-ti2v-5b", "wan", 832, 480, 81, 4),
    Case("ltx-video-2b", "ltx", 768, 512, 121, 8),
)
TINY = (Case("wan2.2-ti2v-5b", "wan", 64, 64, 5, 2), Case("ltx-video-2b", "ltx", 64, 64, 9, 2))


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.models_gpu", description=__doc__)
    parser.add_argument("what", nargs="?", choices=["measure", "report"], default="measure")
    parser.add_argument("--model", help="only this one")
    parser.add_argument("--out", type=Path, default=Path("build/bench-gpu"), help="folder for the rows")
    parser.add_argument("--tiny", action="store_true", help="tiny models, to try this command")
    asked = parser.parse_args(argv)
    file = asked.out / NAME
    if asked.what == "report":
        print(markdown([json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]))
        return 0
    file.parent.mkdir(parents=True, exist_ok=True)
    rows = []
    cases = [case for case in (TINY if asked.tiny else CASES) if asked.model in (None, case.model)]
    for row in measured(cases, tiny=asked.tiny):
        with file.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(row) + "\n")
        talk(f"{row['model']} {row['size']} {row['what']}: {row['error'] or row['seconds']}")
        rows.append(row)
    print(markdown(rows))
    return 1 if all(row["error"] for row in rows) else 0


def measured(cases: Sequence[Case], *, tiny: bool) -> Iterator[dict[str, Any]]:
    """A row for each placement of each case, and for what diffusers does by itself."""
    from bench import big_pipelines
    from unstill.engines.pipelines.engine import this_device

    quiet()
    device = this_device()
    for case in cases:
        talk(f"{case.model}: making it ...")
        pipe = getattr(big_pipelines, case.make)(device.dtype, tiny=tiny)
        row = _row(case.model, tiny=tiny)
        sitting = Sitting(case, row, pipe, device)
        yield from sitting.ours()
        yield from sitting.plain()
        del pipe, sitting
        device.give_back()


def _row(model: str, *, tiny: bool) -> Row:
    row = next(row for row in ROWS if row.card.id == model)
    if not tiny:
        return row
    card = dataclasses.replace(row.card, side=Range(16, 2048), frames=Range(1, 999))
    return dataclasses.replace(row, card=card)


class _Nowhere:
    """Weights that are in memory already."""

    def folder(self, card: object) -> Path:  # noqa: ARG002
        return Path()

    def lora(self, source: str) -> Path:
        raise KeyError(source)


class Sitting:
    """One case on one device."""

    def __init__(self, case: Case, row: Row, pipe: Any, device: Any) -> None:
        from unstill.engines.pipelines.engine import PipelineEngine

        self._case, self._row, self._pipe, self._device = case, row, pipe, device
        self._kind = type(pipe)
        self._engine = PipelineEngine(_Nowhere(), {row.card.id: row}, device)
        self._machine = this_machine()
        frame = np.random.default_rng(SEED).integers(0, 256, (case.height, case.width, 3), np.uint8)
        self._anchor = Anchor(frame, frame, (0, 0, case.width, case.height))
        self._best: dict[str, Any] | None = None

    def ours(self) -> Iterator[dict[str, Any]]:
        """Each placement by itself, FP8 too."""
        rungs = LADDERS.get(self._device.device.type, LADDERS["cpu"])
        for rung in allowed(rungs, exact=False, tiles=self._row.tiles):
            made = self._measured(f"ours, {rung.name.lower()}", functools.partial(self._by_us, rung))
            made["predicted_bytes"] = self._predicted(rung)
            if self._best is None and made["error"] is None:
                self._best = made
            yield made
        self._engine.unload()
        self._pipe.__class__ = self._kind

    def plain(self) -> Iterator[dict[str, Any]]:
        """diffusers' pipeline, whole on the device and as it offloads by itself."""
        ways: Mapping[str, Callable[[], object]] = {
            "diffusers": lambda: self._pipe.to(self._device.device),
            "diffusers, model offload": lambda: self._pipe.enable_model_cpu_offload(),
            "diffusers, group offload": self._groups,
        }
        if not self._device.is_cuda:
            ways = {"diffusers": ways["diffusers"]}
        for name, place in ways.items():
            made = self._measured(name, functools.partial(self._by_diffusers, place))
            if self._best and not made["error"]:
                made["ours_seconds_ratio"] = self._best["seconds"] / made["seconds"]
                made["ours_peak_ratio"] = _ratio(self._best["peak_bytes"], made["peak_bytes"])
            yield made
            self._pipe.remove_all_hooks()
            if not name.endswith("group offload"):
                self._pipe.to("cpu")

    def _groups(self) -> None:
        self._pipe.enable_group_offload(
            onload_device=self._device.device, offload_type="leaf_level", use_stream=True
        )

    def _by_us(self, rung: Rung) -> None:
        plan = self._plan("balanced" if rung.narrows else "exact")
        plan = dataclasses.replace(plan, details={**plan.details, "placement": rung.name.lower()})
        self._engine.adopt(plan, self._pipe)
        self._engine.only_rung(rung)
        self._device.give_back()
        self._start()
        for _ in self._engine.frames(plan, self._anchor, self._tick):
            pass

    def _by_diffusers(self, place: Callable[[], object]) -> None:
        from unstill.engines.pipelines.adapters import adapter_for

        plan = self._plan("exact")
        place()
        arguments = adapter_for(self._row).arguments(self._pipe, plan, self._anchor)
        self._pipe.set_progress_bar_config(disable=True)
        self._start()

        def step(pipe: object, number: int, timestep: object, tensors: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG001
            self._tick("step", number + 1, self._case.steps)
            return tensors

        self._pipe(**arguments, callback_on_step_end=step)

    def _plan(self, speed: str) -> Plan:
        case = self._case
        request = VideoRequest(
            prompt=PROMPT, model=case.model, size=f"{case.width}x{case.height}", fit="crop",
            num_frames=case.num_frames, num_inference_steps=case.steps, seed=SEED, options={"speed": speed},
        )  # fmt: skip
        machine: Machine = self._machine
        return make_plan(request, (case.width, case.height), [PipelineFamily([self._row])], machine)

    def _start(self) -> None:
        self._device.forget_peak()
        self._steps: list[float] = []
        self._began = time.perf_counter()

    def _tick(self, stage: str, done: int, total: int, preview: object = None) -> None:  # noqa: ARG002
        if stage == "step":
            if self._device.is_cuda:
                import torch

                torch.cuda.synchronize()
            self._steps.append(time.perf_counter())

    def _measured(self, what: str, work: Callable[[], None]) -> dict[str, Any]:
        error = None
        self._start()
        try:
            work()
            if self._device.is_cuda:
                import torch

                torch.cuda.synchronize()
        except Exception as failure:
            if not (isinstance(failure, OutOfMemory) or is_out_of_memory(failure)):
                raise
            error = "out of memory"
        seconds = time.perf_counter() - self._began
        steps = [b - a for a, b in zip(self._steps, self._steps[1:], strict=False)]
        peak = self._device.peak_bytes()
        self._device.give_back()
        case = self._case
        return {
            "date": time.strftime("%Y-%m-%d"), "device": self._device.name, **software(),
            "model": case.model, "size": f"{case.width}x{case.height}", "frames": case.num_frames,
            "steps": case.steps, "what": what, "seconds": None if error else round(seconds, 3),
            "step_seconds": sorted(steps)[len(steps) // 2] if steps and not error else None,
            "peak_bytes": None if error else peak, "predicted_bytes": None, "ours_seconds_ratio": None,
            "ours_peak_ratio": None, "error": error,
        }  # fmt: skip

    def _predicted(self, rung: Rung) -> int:
        plan = self._plan("exact")
        moves = self._device.is_cuda
        return device_bytes(self._row, shape_of(plan), rung, self._device.value_bytes, moves=moves)


def _ratio(ours: int | None, theirs: int | None) -> float | None:
    return ours / theirs if ours and theirs else None


def markdown(rows: Sequence[Mapping[str, Any]]) -> str:
    """A table that fits into docs/benchmarks.md."""
    lines = [f"| {' | '.join(HEAD)} |", "|---" * len(HEAD) + "|"]
    for row in rows:
        numbers = [
            _shown(row["seconds"], ".2f"), _shown(row["step_seconds"], ".3f"),
            _shown(row["peak_bytes"], ".2f", GIB), _shown(row["predicted_bytes"], ".2f", GIB),
            _shown(row["ours_seconds_ratio"], ".2f"), _shown(row["ours_peak_ratio"], ".2f"),
        ]  # fmt: skip
        if row["error"]:
            numbers[0] = row["error"]
        facts = [row["model"], row["size"], str(row["frames"]), str(row["steps"]), row["what"]]
        lines.append(f"| {' | '.join([*facts, *numbers])} |")
    return "\n".join(lines)


def _shown(value: float | None, form: str, unit: float = 1.0) -> str:
    return "" if value is None else f"{value / unit:{form}}"


if __name__ == "__main__":
    sys.exit(main())
