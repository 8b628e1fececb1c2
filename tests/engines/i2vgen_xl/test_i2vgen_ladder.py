"""When memory runs out: down a rung, and on from where the work was."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra diffusion is not installed")

from torch.utils._python_dispatch import TorchDispatchMode  # noqa: E402

from tiny_i2vgen import SCHEDULE, Shelf, machine, picture, plan, whole  # noqa: E402
from unstill.core.out_of_memory import is_out_of_memory  # noqa: E402
from unstill.core.plan import Plan  # noqa: E402
from unstill.domain.errors import OutOfMemory  # noqa: E402
from unstill.engines.i2vgen_xl.engine import I2VGenXLEngine  # noqa: E402
from unstill.engines.i2vgen_xl.ladder import Ladder  # noqa: E402
from unstill.engines.i2vgen_xl.rungs import WORDS, Rung  # noqa: E402
from unstill.engines.i2vgen_xl.schedulers import Schedule  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
SHOWN = whole(picture(64, 64))


class Meter(TorchDispatchMode):
    """A device whose memory runs out at the operations counted out to it."""

    def __init__(self, at: set[int]) -> None:
        super().__init__()
        self.count, self._at = 0, at

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.count += 1
        if self.count in self._at:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return func(*args, **(kwargs or {}))


def film(engine: I2VGenXLEngine, made: Plan, at: set[int]) -> tuple[np.ndarray, int]:
    """The frames, and how many operations they took."""
    with Meter(at) as meter:
        frames = np.stack(list(engine.frames(made, SHOWN, lambda *_: None)))
    return frames, meter.count


@pytest.fixture
def made() -> Plan:
    """Three steps of a scheduler that remembers the last one; a single frame; from the top of the ladder."""
    planned = plan(num_frames=1, options={"scheduler": "dpm++"})
    return replace(planned, details={**planned.details, "placement": "resident"})


def fresh(shelf: Shelf, made: Plan) -> I2VGenXLEngine:
    """With no memory of words and pictures, at a device that knows all rungs."""
    engine = I2VGenXLEngine(shelf, machine(*Rung))
    engine.load(made)
    return engine


def test_memory_may_run_out_anywhere(shelf: Shelf, made: Plan) -> None:
    """The clip is the same, and a note says what was changed."""
    calm, total = film(fresh(shelf, made), made, set())
    stages = set()
    for at in np.linspace(1, total - 20, 6).astype(int).tolist():
        engine = fresh(shelf, made)
        frames, count = film(engine, made, {at})
        assert np.abs(frames.astype(int) - calm).max() <= 1, at
        (said,) = engine.notes()
        assert said.code == "memory_stepped_down"
        assert said.facts["how"] == "idle parts moved away"
        stages.add(said.facts["stage"])
        assert count > total - 50  # all of it was done in the end
    assert stages == {"preparing", "denoising", "decoding"}


@pytest.mark.parametrize("name", ["ddim", "dpm++", "unipc"])
def test_a_scheduler_that_failed_can_be_asked_again(name: str) -> None:
    """Whichever of its operations found no memory: what it remembers of earlier steps is put back."""

    def walk(at: int) -> tuple[Any, int, bool]:
        schedule, latents = Schedule(name, SCHEDULE, 4), torch.linspace(-1, 1, 16).view(1, 4, 2, 2)
        failed = False
        with Meter({at}) as meter:
            for step in range(len(schedule)):
                predicted = 3 * latents * (1 - latents)
                try:
                    latents, _ = schedule.advance(predicted, step, latents)
                except torch.OutOfMemoryError:
                    failed = True
                    latents, _ = schedule.advance(predicted, step, latents)
        return latents, meter.count, failed

    calm, total, _ = walk(0)
    failures = 0
    for at in range(3, total, max(1, total // 25)):
        try:
            latents, _, failed = walk(at)
        except torch.OutOfMemoryError:  # of what the test computes between the steps
            continue
        failures += failed
        assert torch.equal(latents, calm)
    assert failures > 10


def test_the_ladder_ends_in_a_clear_error(shelf: Shelf, made: Plan) -> None:
    """Nothing fits, whatever is tried: every rung is, once. Afterwards all is well again."""
    engine = fresh(shelf, made)
    with Meter(set(range(1, 10**5))), pytest.raises(OutOfMemory) as caught:
        list(engine.frames(made, SHOWN, lambda *_: None))
    assert "not enough memory" in str(caught.value)
    ways = [said.facts["how"] for said in engine.notes()]
    assert ways == [words[0] for rung, words in WORDS.items() if rung.exact and rung > Rung.RESIDENT]
    assert np.stack(list(engine.frames(made, SHOWN, lambda *_: None))).shape == (1, 64, 64, 3)
    assert engine.notes() == ()


def test_eight_bits_on_the_way_down_are_said(shelf: Shelf) -> None:
    """Only where the picture may change, and the note does not say that it stays the same."""
    made = plan(num_frames=1, options={"speed": "balanced"}, num_inference_steps=2)
    engine = fresh(shelf, made)
    with Meter(set(range(1, 10**5))), pytest.raises(OutOfMemory):
        list(engine.frames(made, SHOWN, lambda *_: None))
    codes = [said.code for said in engine.notes()]
    assert codes.count("memory_narrowed") == 1
    assert codes[-2:] == ["memory_narrowed", "memory_stepped_down"]


def test_another_beginning_than_planned_is_said() -> None:
    """What is free when the work begins decides."""
    ladder = Ladder(tuple(Rung), Rung.SEQUENTIAL, lambda: None)
    ladder.planned("sequential")
    assert ladder.notes == []
    ladder.planned("resident")
    assert [said.code for said in ladder.notes] == ["placed_anew"]
    assert "guidance in two passes" in ladder.notes[0].text("en")


def test_a_planned_rung_is_where_it_begins(shelf: Shelf, made: Plan) -> None:
    """And what is above it is not gone back to."""
    low = replace(made, details={**made.details, "placement": "sequential"})
    engine = fresh(shelf, made)
    film(engine, low, {2000})
    (said,) = engine.notes()
    assert said.facts["how"] == "weights brought layer by layer"


def test_other_errors_are_not_taken_for_it(shelf: Shelf, made: Plan) -> None:
    """They end the clip."""

    def tick(stage: str, done: int, total: int, preview: object = None) -> None:
        if stage == "step":
            raise RuntimeError("something else")

    engine = fresh(shelf, made)
    with pytest.raises(RuntimeError, match="something else"):
        list(engine.frames(made, SHOWN, tick))
    assert engine.notes() == ()


@pytest.mark.parametrize(
    ("error", "memory"),
    [
        (torch.OutOfMemoryError("CUDA out of memory."), True),
        (RuntimeError("MPS backend out of memory (MPS allocated: 17 GB)"), True),
        (
            RuntimeError("[enforce fail at alloc_cpu.cpp:121] DefaultCPUAllocator: can't allocate memory"),
            True,
        ),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate(handle)"), True),
        (MemoryError(), True),
        (RuntimeError("CUDA error: an illegal memory access was encountered"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_devices_say_it_in_many_ways(error: Exception, memory: bool) -> None:
    """Only a want of memory counts."""
    assert is_out_of_memory(error) is memory
