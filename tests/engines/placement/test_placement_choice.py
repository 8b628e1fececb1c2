"""The rung that a clip begins at, for memory of every size; and what finished clips teach."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from unstill.core.plan import Plan, make_plan
from unstill.core.ports import Accelerator, Machine
from unstill.domain.request import VideoRequest
from unstill.engines.i2vgen_xl import family
from unstill.engines.i2vgen_xl.card import PARAMETERS
from unstill.engines.i2vgen_xl.estimate import kind_of_work, predict, rung_for
from unstill.engines.i2vgen_xl.memory import device_bytes
from unstill.engines.i2vgen_xl.rungs import LADDERS, Rung, ladder
from unstill.engines.placement.choice import Need, choose
from unstill.engines.placement.devices import Speed, peak_flops, speed_of, value_bytes
from unstill.engines.placement.learned import KEPT, Correction, Figures, figures

GIB = 1 << 30
RTX_3060 = "NVIDIA GeForce RTX 3060"


def card(free_gib: float, name: str = RTX_3060) -> Accelerator:
    return Accelerator(name, 12 * GIB, int(free_gib * GIB), (8, 6), 3584, 1.777e9, 3.6e11)


def computer(free_gib: float, name: str = RTX_3060) -> Machine:
    return Machine(8, 64 * GIB, "cuda:0", card(free_gib, name))


def plan(machine: Machine | None = None, **fields: Any) -> Plan:
    request = VideoRequest(**{"prompt": "a cat walks", "seed": 1, **fields})
    return make_plan(request, (1600, 900), [family], machine or computer(11))


# --- by memory


@pytest.mark.parametrize(
    ("free", "rung"),
    [(80, "resident"), (11, "resident"), (8, "offloaded"), (6, "chunked"), (5, "sequential"),
     (3, "streamed"), (0.5, "streamed")],
)  # fmt: skip
def test_the_quickest_that_fits_is_taken(free: float, rung: str) -> None:
    """512p, 16 frames, on a card with so many GiB free; what is planned is what is said."""
    made = plan(computer(free))
    assert made.details["placement"] == rung
    assert made.details["device"] == RTX_3060
    assert made.fits is (free > 0.5)
    codes = {said.code for said in made.notes}
    assert ("placed" in codes) is (rung != "resident")
    assert ("memory_tight" in codes) is (free == 0.5)
    assert made.estimate.free_bytes == int(free * GIB)


def test_the_meter_decides_at_every_rung() -> None:
    """A byte less than a rung needs with its margin, and the next is taken; the lowest takes all the rest."""
    made, exact = plan(), ladder("cuda", exact=True)
    assert Rung.FP8 not in exact
    for rung, lower in zip(exact, (*exact[1:], Rung.STREAMED), strict=True):
        needed = device_bytes(made, rung, 2)
        assert rung_for(made, LADDERS["cuda"], int(needed / 0.9) + 2, 2, "card") == rung
        assert rung_for(made, LADDERS["cuda"], int(needed / 0.9) - 2, 2, "card") == lower


@pytest.mark.parametrize(("speed", "rung"), [("exact", "streamed"), ("balanced", "fp8"), ("fast", "fp8")])
def test_eight_bits_only_where_the_picture_may_change(speed: str, rung: str) -> None:
    """On a card of 4 GiB; the plan says so."""
    made = plan(computer(3.8), options={"speed": speed})
    assert made.details["placement"] == rung
    (said,) = [each for each in made.notes if each.code.startswith("placed")]
    assert ("8 bits" in said.text("en"), "Same picture" in said.text("en")) == (rung == "fp8", rung != "fp8")


@pytest.mark.parametrize(("gib", "tight"), [(64, False), (5.7, False), (5.5, True)])
def test_the_computers_own_memory_is_looked_at(gib: float, tight: bool) -> None:
    """The weights pass through it, and stay there where parts leave the card."""
    made = plan(Machine(8, int(gib * GIB), "cuda:0", card(11)))
    assert ("host_memory_tight" in {said.code for said in made.notes}) is tight


def test_each_rung_needs_less_than_the_one_above() -> None:
    """At 512p in fp16 about what was counted; the order holds for every size and number format."""
    needs = [device_bytes(plan(), rung, 2) / GIB for rung in Rung]
    assert needs == pytest.approx([6.73, 4.74, 4.11, 3.49, 2.27, 1.09], abs=0.05)
    assert sum(PARAMETERS.values()) * 2 / GIB == pytest.approx(4.636, abs=0.01)
    for fields in ({"size": "64x64", "num_frames": 1}, {"size": "1280x704"}, {"guidance_scale": 1.0},
                   {"size": "1280x1280", "num_frames": 64}):  # fmt: skip
        for value in (2, 4):
            needs = [device_bytes(plan(**fields), rung, value) for rung in Rung]
            assert needs == sorted(needs, reverse=True), fields


def test_on_the_processor_its_memory_counts() -> None:
    """Full precision, no weights that move; said plainly."""
    made = plan(Machine(2, 64 * GIB))
    assert (made.details["placement"], made.details["precision"]) == ("chunked", "float32")
    assert made.fits
    assert "no_gpu" in {said.code for said in made.notes}
    small = plan(Machine(2, 8 * GIB))
    assert (small.details["placement"], small.fits) == ("sequential", False)


def test_a_choice_among_needs() -> None:
    """The first that fits; the least where none does; the first where nobody knows."""
    needs = [Need("a", 2.0, 100), Need("b", 1.0, 80), Need("c", 3.0, 10)]
    assert choose(needs, 1000).rung == "a"
    assert choose(needs, 90).rung == "b"
    assert choose(needs, 50).rung == "c"
    assert choose(needs, 5).rung == "c"
    assert choose(needs, None).rung == "a"


# --- by time


def test_a_quicker_card_is_told_less_time() -> None:
    """And a lower rung takes longer."""
    slow, quick = plan(computer(11)), plan(computer(11, "another"))
    assert slow.estimate.seconds == quick.estimate.seconds
    h100 = Accelerator("NVIDIA H100 80GB HBM3", 80 * GIB, 79 * GIB, (9, 0), 16896, 1.98e9, 3.35e12)
    fast = plan(Machine(8, 64 * GIB, "cuda:0", h100))
    assert fast.estimate.seconds < slow.estimate.seconds / 8
    assert 84 < slow.estimate.seconds < 250  # the card's own floor, and what would be no use
    assert plan(computer(3)).estimate.seconds > slow.estimate.seconds


@pytest.mark.parametrize(
    ("device", "tera"),
    [
        (card(11), 25.5),
        (Accelerator("NVIDIA H100 80GB HBM3", 0, 0, (9, 0), 16896, 1.98e9), 790),
        (Accelerator("NVIDIA A100-SXM4-40GB", 0, 0, (8, 0), 6912, 1.41e9), 312),
        (Accelerator("NVIDIA GeForce RTX 4090", 0, 0, (8, 9), 16384, 2.52e9), 165),
        (Accelerator("NVIDIA GeForce GTX 1660", 0, 0, (7, 5), 1408, 1.785e9), 5.0),
        (Accelerator("NVIDIA GeForce GTX 1080", 0, 0, (6, 1), 2560, 1.733e9), 8.9),
    ],
)
def test_peak_rates_are_those_of_the_data_sheets(device: Accelerator, tera: float) -> None:
    """In the precision that is used; in single precision where half is slow or wrong."""
    assert (peak_flops(device) or 0) / 1e12 == pytest.approx(tera, rel=0.05)
    half = device.capability >= (7, 0) and "GTX 16" not in device.name
    assert value_bytes(Machine(1, 1, "cuda:0", device)) == (2 if half else 4)


def test_a_card_of_which_nothing_is_known_gets_a_guess() -> None:
    assert peak_flops(Accelerator("?", 1, 1)) is None
    assert speed_of(Machine(1, 1, "cuda:0", Accelerator("?", 1, 1))) == Speed(2.0e13, 3.0e11)


# --- by experience


def test_what_clips_really_took_puts_estimates_right(tmp_path: Path) -> None:
    """The median for time, the most for memory; only for the same device, placement and precision."""
    known, made = Figures(tmp_path / "deep" / "figures.json"), plan()
    before = predict(made, computer(11), known)
    kind = kind_of_work(RTX_3060, Rung.RESIDENT, 2)
    for seconds, peak in ((2.0, 1.1), (9.0, 1.02), (2.2, 1.05)):
        known.learn(kind, seconds=seconds, peak=peak)
    after = predict(made, computer(11), known)
    assert after.seconds == pytest.approx(2.2 * before.seconds)
    assert after.peak_bytes - before.peak_bytes == pytest.approx(
        0.1 * device_bytes(made, Rung.RESIDENT, 2), 1e-3
    )
    other = predict(made, computer(11, "another"), known)
    assert (other.seconds, other.peak_bytes) == (before.seconds, before.peak_bytes)
    lower = predict(made, computer(8), known)  # never measured: as much slower as its neighbour was
    assert lower.details["placement"] == "offloaded"
    assert lower.seconds == pytest.approx(2.2 * predict(made, computer(8, "another"), known).seconds)


def test_a_rung_that_proved_too_large_is_avoided(tmp_path: Path) -> None:
    """More memory was taken than promised: the next clip begins lower."""
    known, made = Figures(tmp_path / "figures.json"), plan()
    assert predict(made, computer(9.6), known).details["placement"] == "resident"
    known.learn(kind_of_work(RTX_3060, Rung.RESIDENT, 2), peak=1.3)
    assert predict(made, computer(9.6), known).details["placement"] == "offloaded"


def test_only_the_last_few_count_and_nonsense_does_not(tmp_path: Path) -> None:
    """A laptop that slept teaches nothing; a new driver is believed soon."""
    known = Figures(tmp_path / "figures.json")
    for ratio in (0.0, -1.0, 1e9, float("nan"), float("inf")):
        known.learn("it", seconds=ratio, peak=ratio)
    assert known.correction("it") == Correction()
    for _ in range(KEPT):
        known.learn("it", seconds=3.0)
    for _ in range(KEPT):
        known.learn("it", seconds=2.0)
    assert known.correction("it").seconds == 2.0
    assert Figures(tmp_path / "figures.json").correction("it").seconds == 2.0


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "[" * 9999, '{"it": 3}',
      '{"it": {"seconds": "x"}}', '{"it": {"seconds": [true, "2", 1e300, null]}}',
    ],
)  # fmt: skip
def test_a_damaged_file_costs_only_what_was_learned(content: str, tmp_path: Path) -> None:
    """And is put right by the next lesson."""
    path = tmp_path / "figures.json"
    path.write_text(content)
    known = Figures(path)
    assert known.correction("it") == Correction()
    known.learn("it", seconds=2.0)
    assert json.loads(path.read_text())["it"] == {"seconds": [2.0]}


def test_where_nothing_can_be_written_nothing_is_learned(tmp_path: Path) -> None:
    """Work is never lost over it."""
    (tmp_path / "file").write_text("")
    known = Figures(tmp_path / "file" / "figures.json")
    known.learn("it", seconds=2.0)
    assert known.correction("it") == Correction()


def test_many_learn_at_once(tmp_path: Path) -> None:
    """The file is whole at every moment."""
    known = Figures(tmp_path / "figures.json")
    threads = [
        threading.Thread(target=lambda kind=kind: known.learn(kind, seconds=2.0))  # type: ignore[misc]
        for kind in map(str, range(16))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(json.loads((tmp_path / "figures.json").read_text())) == set(map(str, range(16)))
    assert [path.name for path in tmp_path.iterdir()] == ["figures.json"]


def test_figures_are_the_users_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the cache folder, and the same for all who ask."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    figures().learn("it", seconds=2.0)
    assert figures().correction("it").seconds == 2.0
    assert (tmp_path / "unstill" / "figures.json").exists()
