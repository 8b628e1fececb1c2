"""What `unstill bench` measures, row by row."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import torch

from unstill.core.bench import BenchCase, BenchOrder, BenchRow, Heard
from unstill.core.out_of_memory import is_out_of_memory
from unstill.core.plan import Plan, make_plan
from unstill.domain.bench_errors import NoMemoryForBench, NothingToCap, StockFailed
from unstill.domain.errors import Cancelled, OutOfMemory, UnstillError
from unstill.domain.request import VideoRequest
from unstill.engines.i2vgen_xl.bench import stock
from unstill.engines.i2vgen_xl.bench.clip import Run, run_ours
from unstill.engines.i2vgen_xl.bench.floor import Peak, peak_of
from unstill.engines.i2vgen_xl.bench.meter import apart, capped, device_name, full_precision
from unstill.engines.i2vgen_xl.bench.random_model import FULL, TINY, random_checkpoint
from unstill.engines.i2vgen_xl.card import PARAMETERS
from unstill.engines.i2vgen_xl.checkpoint import Checkpoint, open_checkpoint
from unstill.engines.i2vgen_xl.estimate import OVERHEAD_BYTES, rung_for
from unstill.engines.i2vgen_xl.hardware import Hardware, this_hardware
from unstill.engines.i2vgen_xl.memory import device_bytes
from unstill.engines.i2vgen_xl.parts import Parts
from unstill.engines.i2vgen_xl.rungs import Rung
from unstill.engines.placement.berth import stored

if TYPE_CHECKING:
    from torch import Tensor

    from unstill.core.ports import EngineFamily, Frame, Tick

LOG = logging.getLogger(__name__)
SEED = 5
PROMPT = "a boat on a calm lake, the water moves, clouds drift"
WARM_STEPS = 2
FINER = {torch.float16: torch.float32, torch.bfloat16: torch.float32, torch.float32: torch.float64}
"""What a number format's rounding is measured against."""


def measure(order: BenchOrder, family: EngineFamily, heard: Heard) -> Iterator[BenchRow]:
    """See `unstill.core.bench.Benchable.bench`."""
    yield from Sitting(order, family, heard, this_hardware()).rows()


class Sitting:
    """One bench of one model on one device. The weights are made or read once."""

    def __init__(self, order: BenchOrder, family: EngineFamily, heard: Heard, hardware: Hardware) -> None:
        self._order, self._family, self._heard, self._hardware = order, family, heard, hardware
        self._plans = {case: self._plan(case, case.steps) for case in order.cases}
        self._device = device_name(hardware)
        self._peak: Peak | None = None if order.tiny else peak_of(hardware, order.machine)
        self._latents: dict[BenchCase, Tensor] = {}
        self._ours: dict[BenchCase, BenchRow] = {}

    def rows(self) -> Iterator[BenchRow]:
        """Ours, its rungs and a run under a cap, then what it is compared with, then numerics."""
        checkpoint = self._checkpoint()
        yield from self._by_us(checkpoint)
        if self._order.against == "diffusers":
            yield from self._stock(checkpoint)
        if self._order.numerics:  # last: it turns the weights into a finer format
            yield from self._numerics(checkpoint)

    def _by_us(self, checkpoint: Checkpoint) -> Iterator[BenchRow]:
        order, parts = self._order, Parts(checkpoint, self._hardware)
        for case in order.cases:
            yield self._made("ours", case, lambda case=case: self._usual(case, parts))  # type: ignore[misc]
        if order.rungs:
            for case in order.cases:
                yield from self._rungs(case, parts)
        if order.cap_bytes is not None:
            for case in order.cases:
                yield self._made("cap", case, lambda case=case: self._capped(case, parts))  # type: ignore[misc]
        parts.clear()

    def _usual(self, case: BenchCase, parts: Parts) -> BenchRow:
        """A clip as the planner places it."""
        plan, rungs = self._plans[case], self._hardware.rungs
        parts.clear()
        first, tick = _first_rung(plan, self._hardware), self._tick("ours", case)
        run = run_ours(plan, self._warm(case), parts, rungs, first, tick)
        self._latents[case] = run.latents
        row = self._ours[case] = self._row("ours", case, run)
        return row

    def _rungs(self, case: BenchCase, parts: Parts) -> Iterator[BenchRow]:
        first: tuple[Rung, Tensor] | None = None

        def at(rung: Rung) -> BenchRow:
            nonlocal first
            parts.clear()
            plan, tick = self._plans[case], self._tick(rung.name.lower(), case)
            run = run_ours(plan, self._warm(case), parts, (rung,), rung, tick)
            first = first or (rung, run.latents)
            return _compared(self._row("rung", case, run), run.latents, first[1], first[0].name.lower())

        for rung in self._hardware.rungs:
            blank = replace(self._blank("rung", case), rung=rung.name.lower())
            yield self._made("rung", case, lambda rung=rung: at(rung), blank)  # type: ignore[misc]

    def _capped(self, case: BenchCase, parts: Parts) -> BenchRow:
        """A clip from the highest rung down to the one that fits."""
        hardware, cap = self._hardware, self._order.cap_bytes or 0
        if not hardware.is_cuda:
            raise NothingToCap(device=self._device)
        parts.clear()
        with capped(hardware, cap):
            rungs = hardware.rungs
            run = run_ours(self._plans[case], None, parts, rungs, rungs[0], self._tick("cap", case))
        row = self._row("cap", case, run)
        return _compared(row, run.latents, self._latents[case], "ours") if case in self._latents else row

    def _stock(self, checkpoint: Checkpoint) -> Iterator[BenchRow]:
        """Diffusers' own pipeline. Where not even its parts find room on the device, every case says so."""
        cases = iter(self._order.cases)
        try:
            with stock.on_device(checkpoint, self._hardware):
                for case in cases:
                    yield self._made("diffusers", case, lambda c=case: self._by_stock(c, checkpoint))  # type: ignore[misc]
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
            for case in cases:
                yield replace(self._blank("diffusers", case), error=OutOfMemory())

    def _by_stock(self, case: BenchCase, checkpoint: Checkpoint) -> BenchRow:
        tick = self._tick("diffusers", case)
        try:
            run = stock.run_stock(self._plans[case], self._warm(case), checkpoint, self._hardware, tick)
        except Cancelled:
            raise
        except Exception as error:
            if is_out_of_memory(error):
                raise
            LOG.warning("diffusers' pipeline failed", exc_info=True)
            raise StockFailed(library="diffusers", reason=type(error).__name__) from error
        row = replace(
            self._blank("diffusers", case),
            seconds=run.meter.seconds, step_seconds=run.meter.step_seconds,
            peak_bytes=run.meter.peak_bytes, reserved_bytes=run.meter.reserved_bytes,
            frames_made=run.frames, acceleration="off",
        )  # fmt: skip
        ours = self._ours.get(case)
        if ours is None or not ours.seconds or not run.meter.seconds:
            return row
        peaks = ours.peak_bytes and run.meter.peak_bytes and ours.peak_bytes / run.meter.peak_bytes
        row = replace(row, seconds_ratio=ours.seconds / run.meter.seconds, peak_ratio=peaks or None)
        return _compared(row, self._latents[case], run.latents, "ours")

    def _numerics(self, checkpoint: Checkpoint) -> Iterator[BenchRow]:
        """The same clips in a finer number format, the weights' values being the same."""
        dtype = FINER[self._hardware.dtype]
        fine = replace(self._hardware, dtype=dtype)
        for module in checkpoint.modules.values():
            for each in stored(module):
                each.data = each.data.to(dtype) if each.is_floating_point() else each.data
        parts = Parts(checkpoint, fine)

        def finer(case: BenchCase) -> BenchRow:
            parts.clear()
            with full_precision():
                run = run_ours(
                    self._plans[case], None, parts, fine.rungs, fine.rungs[0], self._tick("numerics", case)
                )
            row = replace(self._row("numerics", case, run), dtype=_format(dtype), predicted_bytes=None,
                          floor_seconds=None)  # fmt: skip
            if case not in self._latents:
                return row
            return _compared(row, self._latents[case], run.latents, _format(self._hardware.dtype))

        for case in self._order.cases:
            blank = replace(self._blank("numerics", case), dtype=_format(dtype))
            yield self._made("numerics", case, lambda case=case: finer(case), blank)  # type: ignore[misc]
        parts.clear()

    def _made(
        self, kind: str, case: BenchCase, work: Callable[[], BenchRow], blank: BenchRow | None = None
    ) -> BenchRow:
        """What ``work`` gives, or the row with the error that it ended in."""
        try:
            return work()
        except Cancelled:
            raise
        except UnstillError as error:
            failure = error
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            failure = OutOfMemory()
        self._hardware.give_back()
        return replace(blank or self._blank(kind, case), error=failure)

    def _blank(self, kind: str, case: BenchCase) -> BenchRow:
        order = self._order
        weights = "folder" if order.folder else "tiny" if order.tiny else "random"
        floor = self._peak.floor_seconds(self._plans[case]) if self._peak else None
        return BenchRow(
            kind=kind, case=case, model=order.card.id, weights=weights, device=self._device,
            dtype=_format(self._hardware.dtype), options=order.options, floor_seconds=floor,
            floor_measured=bool(self._peak and self._peak.measured),
        )  # fmt: skip

    def _row(self, kind: str, case: BenchCase, run: Run) -> BenchRow:
        predicted = None if self._order.tiny else self._predicted(case, run.rung)
        return replace(
            self._blank(kind, case), rung=run.rung.name.lower(), acceleration=run.acceleration,
            seconds=run.meter.seconds, step_seconds=run.meter.step_seconds, peak_bytes=run.meter.peak_bytes,
            reserved_bytes=run.meter.reserved_bytes, predicted_bytes=predicted, frames_made=run.frames,
            notes=run.notes,
        )  # fmt: skip

    def _predicted(self, case: BenchCase, rung: Rung) -> int:
        hardware = self._hardware
        around = 0 if hardware.is_cuda else OVERHEAD_BYTES["cpu"]  # there the whole process is measured
        needed = device_bytes(self._plans[case], rung, hardware.value_bytes, moves=hardware.is_cuda)
        return around + needed

    def _warm(self, case: BenchCase) -> Plan | None:
        """A short clip that a graphics card is to make first: kernels are loaded on first use."""
        return self._plan(case, min(case.steps, WARM_STEPS)) if self._hardware.is_cuda else None

    def _plan(self, case: BenchCase, steps: int) -> Plan:
        request = VideoRequest(
            prompt=PROMPT, model=self._order.card.id, size=f"{case.width}x{case.height}", seed=SEED,
            num_frames=case.num_frames, num_inference_steps=steps, options=dict(self._order.options),
        )  # fmt: skip
        return make_plan(request, (case.width, case.height), [self._family], self._order.machine)

    def _tick(self, what: str, case: BenchCase) -> Tick:
        def tick(stage: str, done: int, total: int, preview: Frame | None = None) -> None:  # noqa: ARG001
            self._heard(f"{case.name} {what}", stage, done, total)

        return tick

    def _checkpoint(self) -> Checkpoint:
        """Raises `NoMemoryForBench`, and what `open_checkpoint` raises."""
        order, dtype = self._order, self._hardware.dtype
        needed = sum(PARAMETERS.values()) * self._hardware.value_bytes * (2 if order.numerics else 1)
        if not order.tiny and needed > order.machine.memory_bytes:
            facts = {"needed": f"{needed / 2**30:.1f}", "free": f"{order.machine.memory_bytes / 2**30:.1f}"}
            raise NoMemoryForBench(**facts)
        if order.folder is not None:
            self._heard("", "load", 0, 1)
            return open_checkpoint(order.folder, order.card.id, dtype)
        sizes = TINY if order.tiny else FULL
        return random_checkpoint(sizes, dtype, lambda done, total: self._heard("", "load", done, total))


def _first_rung(plan: Plan, hardware: Hardware) -> Rung:
    """Where the engine would begin."""
    available = hardware.available_bytes()
    if available is not None:
        return rung_for(plan, hardware.rungs, available, hardware.value_bytes, hardware.name)
    planned = str(plan.details.get("placement", "")).upper()
    return next((rung for rung in hardware.rungs if rung.name == planned), hardware.rungs[0])


def _compared(row: BenchRow, ours: Tensor, other: Tensor, name: str) -> BenchRow:
    largest, rms = apart(ours, other)
    return replace(row, difference=largest, difference_rms=rms, compared_with=name)


def _format(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
