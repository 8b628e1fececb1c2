"""Measuring I2VGen-XL: on a tiny model, against diffusers' own pipeline, at each placement."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

torch = pytest.importorskip("torch", reason="the extra diffusion is not installed")

from tiny_i2vgen import Shelf, plan  # noqa: E402
from unstill.core.bench import Benchable, BenchCase, BenchOrder, BenchRow  # noqa: E402
from unstill.core.ports import Accelerator, Machine  # noqa: E402
from unstill.domain.bench_errors import NoMemoryForBench, NothingToCap, StockFailed  # noqa: E402
from unstill.domain.errors import Cancelled, InvalidField, OutOfMemory, OutOfRange  # noqa: E402
from unstill.engines.i2vgen_xl import family  # noqa: E402
from unstill.engines.i2vgen_xl.bench.clip import run_ours  # noqa: E402
from unstill.engines.i2vgen_xl.bench.floor import Peak, peak_of  # noqa: E402
from unstill.engines.i2vgen_xl.bench.meter import apart  # noqa: E402
from unstill.engines.i2vgen_xl.bench.random_model import FULL, TINY, parameters, random_checkpoint  # noqa: E402
from unstill.engines.i2vgen_xl.bench.rows import Sitting  # noqa: E402
from unstill.engines.i2vgen_xl.card import CARD, PARAMETERS  # noqa: E402
from unstill.engines.i2vgen_xl.estimate import clip_flops  # noqa: E402
from unstill.engines.i2vgen_xl.hardware import Hardware  # noqa: E402
from unstill.engines.i2vgen_xl.parts import Parts  # noqa: E402
from unstill.engines.i2vgen_xl.recipe import Recipe  # noqa: E402
from unstill.engines.i2vgen_xl.rungs import LADDERS, Rung  # noqa: E402

HERE = Machine(2, 16 << 30)
CASE = BenchCase(96, 64, 2, 3)
CPU = Hardware(torch.device("cpu"), torch.float32, tuple(Rung))
ORDER = BenchOrder(CARD, (CASE,), HERE, tiny=True)


def measured(order: BenchOrder, hardware: Hardware = CPU, heard=lambda *_: None) -> list[BenchRow]:
    """The rows of a bench on this processor, whatever else the computer has."""
    return list(Sitting(order, family, heard, hardware).rows())


@pytest.fixture(scope="module")
def rows() -> list[BenchRow]:
    """Everything that can be measured of one clip."""
    return measured(replace(ORDER, against="diffusers", rungs=True, numerics=True, cap_bytes=6 << 30))


def of(rows: list[BenchRow], kind: str) -> list[BenchRow]:
    return [row for row in rows if row.kind == kind]


def test_the_family_can_be_measured() -> None:
    """The seam that the command line looks for."""
    assert isinstance(family, Benchable)


def test_a_clip_is_made_and_timed(rows: list[BenchRow]) -> None:
    """All frames, seconds and memory; a tiny model's floor and prediction would mean nothing."""
    (ours,) = of(rows, "ours")
    assert (ours.frames_made, ours.dtype, ours.weights, ours.acceleration) == (2, "float32", "tiny", "off")
    assert ours.seconds > ours.step_seconds > 0
    assert ours.peak_bytes > 100 << 20
    assert (ours.floor_share, ours.off_percent) == (None, None)


def test_the_stock_pipeline_makes_the_same_clip(rows: list[BenchRow]) -> None:
    """Within 1e-4 in fp32; and the ratios are those of the two rows."""
    (ours,), (stock,) = of(rows, "ours"), of(rows, "diffusers")
    assert stock.error is None
    assert stock.frames_made == 2
    assert 0 < stock.difference < 1e-4
    assert 0 < stock.difference_rms < 1e-4
    assert stock.seconds_ratio == pytest.approx(ours.seconds / stock.seconds)
    assert stock.peak_ratio == pytest.approx(ours.peak_bytes / stock.peak_bytes)
    assert stock.step_seconds


def test_each_placement_has_its_row(rows: list[BenchRow]) -> None:
    """And makes the clip of the first."""
    found = of(rows, "rung")
    assert [row.rung for row in found] == [rung.name.lower() for rung in Rung]
    assert found[0].difference == 0
    assert {row.compared_with for row in found} == {"resident"}
    assert {row.rung for row in found if not row.difference < 1e-4} == {"fp8"}


def test_rounding_is_measured_against_a_finer_format(rows: list[BenchRow]) -> None:
    """Float32 against float64 here: small, and not nothing."""
    (finer,) = of(rows, "numerics")
    assert (finer.dtype, finer.compared_with) == ("float64", "float32")
    assert 0 < finer.difference < 1e-4


def test_what_cannot_be_capped_is_said_and_the_rest_goes_on(rows: list[BenchRow]) -> None:
    """A processor has no memory of its own."""
    (capped,) = of(rows, "cap")
    assert isinstance(capped.error, NothingToCap)
    assert [row.kind for row in rows] == ["ours", *["rung"] * 6, "cap", "diffusers", "numerics"]
    assert capped.to_json("zh")["error"]["code"] == "nothing_to_cap"


@pytest.mark.parametrize(
    ("raised", "kind"), [(MemoryError, OutOfMemory), (TypeError("a secret"), StockFailed)]
)
def test_a_failed_row_does_not_end_the_bench(raised: type[Exception] | Exception, kind: type) -> None:
    """No memory, or a pipeline that does not run with these libraries: a typed error, then the next case."""

    def heard(what: str, stage: str, done: int, total: int) -> None:
        if what == f"{CASE.name} diffusers" and stage == "step":
            raise raised

    other = BenchCase(64, 64, 1, 1)
    rows = of(measured(replace(ORDER, cases=(CASE, other), against="diffusers"), heard=heard), "diffusers")
    assert type(rows[0].error) is kind
    assert "secret" not in rows[0].error.message()
    assert rows[0].seconds is None
    assert (rows[1].error, rows[1].frames_made) == (None, 1)
    assert rows[1].difference < 1e-4  # the weights are as they were


def test_it_stops_when_told(rows: list[BenchRow]) -> None:
    """In the middle of a clip of the stock pipeline as well."""

    def heard(what: str, stage: str, done: int, total: int) -> None:
        if "diffusers" in what and done == 1:
            raise Cancelled

    with pytest.raises(Cancelled):
        measured(replace(ORDER, against="diffusers"), heard=heard)


def test_real_weights_are_read_from_a_folder(shelf: Shelf) -> None:
    """A folder in the hub's layout, at the placement that was planned."""
    (row,) = measured(replace(ORDER, folder=shelf.path), replace(CPU, rungs=LADDERS["cpu"]))
    assert (row.weights, row.error, row.frames_made) == ("folder", None, 2)
    assert row.rung == "chunked"


def test_the_full_size_is_the_real_one() -> None:
    """Parameter for parameter."""
    assert parameters(FULL) == PARAMETERS


def test_a_model_that_does_not_fit_is_not_begun() -> None:
    """The full-size model in a small computer."""
    order = replace(ORDER, tiny=False, machine=Machine(2, 4 << 30))
    with pytest.raises(NoMemoryForBench, match=r"takes 9\.3 GiB of memory; 4\.0 GiB are free"):
        measured(order)


def test_random_weights_are_alive() -> None:
    """Nothing is zero that a real checkpoint has trained, no two rows are alike, and it is repeatable."""
    made, again = (random_checkpoint(TINY, torch.float32, lambda *_: None) for _ in range(2))
    for module, other in zip(made.modules.values(), again.modules.values(), strict=True):
        for (name, weight), same in zip(module.named_parameters(), other.parameters(), strict=True):
            assert torch.equal(weight, same)
            if weight.dim() > 1:
                assert weight.abs().min(dim=0).values.max() > 0, name
                assert len(torch.unique(weight.flatten(1), dim=0)) == len(weight), name
    last = made.unet.down_blocks[0].temp_convs[0].conv4[-1].weight
    assert float(last.std()) == pytest.approx(1 / math.sqrt(3 * last[0].numel()), rel=0.2)


class Narrow(Parts):
    """A device with little memory."""

    def use(self, name, rung):
        if rung < Rung.SEQUENTIAL:
            raise torch.OutOfMemoryError
        return super().use(name, rung)


def test_a_clip_steps_down_where_memory_runs_out() -> None:
    """The run says at which placement it ended, and that it stepped down."""
    parts = Narrow(random_checkpoint(TINY, torch.float32, lambda *_: None), CPU)
    made = plan(size="64x64", num_frames=1, num_inference_steps=1)
    run = run_ours(made, None, parts, tuple(Rung), Rung.RESIDENT, lambda *_: None)
    assert (run.rung, run.frames) == (Rung.SEQUENTIAL, 1)
    assert [note.code for note in run.notes] == ["memory_stepped_down"] * 3


def test_the_floor_is_arithmetic_alone() -> None:
    """Operations of the clip over the device's best: measured on a processor, from its driver's figures on a
    graphics card."""
    made = plan(size="512x512", num_frames=16, num_inference_steps=50)
    assert Peak(790e12).floor_seconds(made) == pytest.approx(2.70, rel=0.01)
    assert Peak(1e12).floor_seconds(made) == pytest.approx(clip_flops(made, Recipe()) / 1e12)
    here = peak_of(CPU, HERE)
    assert here is not None
    assert here.measured
    assert 1e8 < here.flops < 1e14
    card = Accelerator("NVIDIA H100 80GB HBM3", 80 << 30, 79 << 30, (9, 0), 16896, 1.98e9, 3.35e12)
    cuda = replace(CPU, device=torch.device("cuda"), dtype=torch.float16)
    known = peak_of(cuda, Machine(16, 64 << 30, "cuda:0", card))
    assert known is not None
    assert not known.measured
    assert known.flops == pytest.approx(790e12, rel=0.02)
    assert peak_of(cuda, Machine(16, 64 << 30, "cuda:0")) is None


def test_how_far_apart() -> None:
    """The largest difference, and the mean one, each as a share."""
    largest, rms = apart(torch.tensor([3.0, 4.0]), torch.tensor([3.0, 5.0]))
    assert largest == pytest.approx(0.2)
    assert rms == pytest.approx(1 / math.sqrt(34))


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("512p/16/50", BenchCase(512, 512, 16, 50)),
        ("1280x704/16/50", BenchCase(1280, 704, 16, 50)),
        ("768p", BenchCase(768, 768, 16, 50)),
        ("64x96/3", BenchCase(64, 96, 3, 50)),
    ],
)
def test_a_case_is_read(text: str, made: BenchCase) -> None:
    """What is left out is the model's own; its name reads back as itself."""
    assert BenchCase.read(text, CARD) == made
    assert BenchCase.read(made.name, CARD) == made
    assert BenchCase.read(text, CARD, steps=2) == replace(made, steps=2)


@pytest.mark.parametrize(
    "text", ["", "big", "512/16/50", "512p/16/50/1", "512p/x/50", "100p/1/1", "512p/-1/2"]
)
def test_a_case_that_is_none(text: str) -> None:
    """Said with how to write one."""
    with pytest.raises(InvalidField) as refused:
        BenchCase.read(text, CARD)
    assert refused.value.param == "--case"


@pytest.mark.parametrize("text", ["32p/1/1", "2000p/1/1", "512p/0/1", "512p/65/1", "512p/1/0", "512p/1/500"])
def test_a_case_beyond_the_model(text: str) -> None:
    """Its limits are those of the card."""
    with pytest.raises(OutOfRange):
        BenchCase.read(text, CARD)
