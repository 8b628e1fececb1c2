"""`unstill bench`: a table of this computer, in words or in JSON."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from importlib.util import find_spec

import pytest

from testcard import TESTCARD, Family
from unstill import wiring
from unstill.core.bench import BenchCase, BenchOrder, BenchRow, Heard
from unstill.core.ports import Machine
from unstill.domain.errors import OutOfMemory

MODEL = EntryPoint("i2vgen-xl", "unstill.engines.i2vgen_xl:family", "unstill.engines")
PRETENDED = EntryPoint("pretended", "test_cli_bench:pretended", "unstill.engines")
GIB = 1 << 30
needs_torch = pytest.mark.skipif(find_spec("torch") is None, reason="the extra diffusion is not installed")


class Pretended(Family):
    """Measures nothing: the figures are made up. With the option step=7 somebody presses Ctrl-C."""

    def bench(self, order: BenchOrder, heard: Heard) -> Iterator[BenchRow]:
        for case in order.cases:
            heard(case.name, "step", 0, 1)
            common = {"case": case, "model": order.card.id, "weights": "random", "device": "A card",
                      "dtype": "float16"}  # fmt: skip
            yield BenchRow(
                "ours", rung="resident", seconds=6.0, step_seconds=0.11, peak_bytes=7 * GIB,
                predicted_bytes=8 * GIB, floor_seconds=3.0, frames_made=case.num_frames, **common,
            )  # fmt: skip
            if order.cap_bytes:
                yield BenchRow("cap", error=OutOfMemory(), **common)
            if order.options.get("step") == 7:
                os.kill(os.getpid(), signal.SIGINT)


pretended = Pretended()


class Here(wiring.House):
    """A computer without a graphics card, whatever the tests run on."""

    def machine(self) -> Machine:
        return Machine(2, 16 << 30)


@pytest.fixture
def house() -> wiring.House:
    return Here(entries=[MODEL, TESTCARD])


@pytest.fixture
def pretending(house: wiring.House) -> None:
    """A model whose figures are known is the only one that can be measured."""
    house._entries = [PRETENDED]


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.split("  ") if cell.strip()]


def test_the_table(cli, pretending: None) -> None:
    """Under a line that says what was measured: resolution, frames, steps, seconds, memory, share of the
    floor. Columns with nothing in them are left out."""
    answer = cli("bench", "--case", "512p/16/5", "--case", "64x96/9/2")
    first, head, *rows = answer.out.splitlines()
    assert (answer.code, answer.err) == (0, "")
    assert first == "testcard on A card, float16, random weights of the full size"
    assert cells(head) == ["What", "Size", "Frames", "Steps", "Placement", "Seconds", "s a step", "Peak GiB",
                           "Of the floor", "Predicted GiB", "Off"]  # fmt: skip
    assert cells(rows[0]) == ["ours", "512p", "16", "5", "resident", "6.00", "0.110", "7.00", "50 %", "8.00",
                              "-12 %"]  # fmt: skip
    assert cells(rows[1])[1:4] == ["64x96", "9", "2"]


def test_the_table_in_chinese(cli, pretending: None) -> None:
    """Aligned, in Chinese."""
    first, head, _ = cli("bench", "--case", "64p/9/2", "--lang", "zh").out.splitlines()
    assert first == "testcard，设备 A card，float16，完整规模的随机权重"
    assert cells(head)[:4] == ["项目", "尺寸", "帧数", "步数"]


def test_a_failed_row_stands_in_the_table(cli, pretending: None) -> None:
    """Why is said below, with what to do, and the exit code tells."""
    answer = cli("bench", "--case", "64p/9/2", "--cap-gib", "6")
    assert answer.code == 1
    assert cells(answer.out.splitlines()[3])[0] == "capped (failed)"
    assert f"64p/9/2 capped: {OutOfMemory().message()}" in answer.err


def test_the_rows_in_json(cli, pretending: None) -> None:
    """Every figure, and errors in their place."""
    told = json.loads(cli("bench", "--case", "64p/9/2", "--cap-gib", "6.5", "--json").out)
    good, bad = told["rows"]
    assert (told["model"], told["device"]) == ("testcard", "A card")
    assert (good["case"], good["width"], good["frames"], good["steps"]) == ("64p/9/2", 64, 9, 2)
    assert (good["seconds"], good["step_seconds"], good["peak_bytes"]) == (6.0, 0.11, 7 * GIB)
    assert (good["floor_share"], good["off_percent"], good["error"]) == (0.5, -12.5, None)
    assert bad["error"]["code"] == "out_of_memory"


def test_ctrl_c_keeps_what_was_measured(cli, pretending: None) -> None:
    """The rows so far, one line, the shell's exit code."""
    answer = cli("bench", "--case", "64p/9/2", "--case", "64p/9/3", "--option", "step=7")
    assert answer.code == 130
    assert len(answer.out.splitlines()) == 3
    assert answer.err == "Stopped. Nothing was written.\n"


def test_hours_are_not_begun_by_accident(cli) -> None:
    """Without a graphics card it says how long the usual cases would take, and what to do."""
    answer = cli("bench")
    assert (answer.code, answer.out) == (2, "")
    for said in ("512p/16/50", "768p/24/80", "1024p/16/50", " hours", "--tiny", "--case 64x64/1/1"):
        assert said in answer.err
    assert "1280x704" not in answer.err
    assert "1280x704/16/50" in cli("bench", "--all").err
    assert "小时" in cli("bench", "--lang", "zh").err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--case", "huge"], "--case is 'huge', which is not SIZE/FRAMES/STEPS such as 512p/16/50."),
        (["--case", "100p/1/1"], "in multiples of 8"),
        (["--case", "512p/99/1"], "(num_frames) is 99; it must be from 1 to 64"),
        (["--tiny", "--steps", "many"], "--steps is 'many', which is not a whole number above 0."),
        (["--tiny", "--cap-gib", "-1"], "--cap-gib is '-1', which is not a number above 0."),
        (["--tiny", "--against", "magic"], "--against is magic; it can be diffusers."),
        (["--tiny", "--option", "speed=light"], "speed is light; it can be exact, balanced, fast."),
        (["nothing"], "There is no model called nothing."),
        (["testcard"], "There is no bench for testcard."),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_call(cli, arguments: list[str], said: str) -> None:
    """One error, one hint, exit code 2."""
    answer = cli("bench", *arguments)
    assert (answer.code, answer.out) == (2, "")
    assert said in answer.err
    assert len(answer.err.splitlines()) == 2


def test_a_bad_case_is_shown_how(cli) -> None:
    """In both languages."""
    assert "512p/16/50" in cli("bench", "--case", "big").err
    assert (
        "--case 的值 'big' 不对，应为 512p/16/50 的形式" in cli("bench", "--case", "big", "--lang", "zh").err
    )


def test_a_model_without_a_bench_names_those_that_have_one(cli) -> None:
    """The hint."""
    assert "These models have one: i2vgen-xl." in cli("bench", "testcard").err


@needs_torch
def test_weights_that_are_not_there(cli, here) -> None:
    """A folder that is named is needed."""
    answer = cli("bench", "--tiny", "--weights", "gone")
    assert answer.code == 1
    assert answer.err.startswith("Error: ")
    assert "gone" in answer.err


@needs_torch
def test_a_tiny_model_is_measured_against_diffusers(cli) -> None:
    """The whole way, and the ratio columns are there."""
    answer = cli("bench", "--tiny", "--case", "64p/1/2", "--against", "diffusers", "--rungs")
    _, head, *rows = answer.out.splitlines()
    assert answer.code == 0, answer.err
    assert {"Ours / its s", "Ours / its GiB", "Difference"} <= set(cells(head))
    assert [cells(row)[0] for row in rows] == ["ours", "placement", "placement", "diffusers"]
    assert float(cells(rows[-1])[-1]) < 1e-4


@needs_torch
def test_tiny_has_cases_of_its_own(cli) -> None:
    """So that it answers in seconds; --steps goes for all of them."""
    told = json.loads(cli("bench", "i2vgen-xl", "--tiny", "--steps", "1", "--json").out)
    assert [row["case"] for row in told["rows"]] == ["64p/2/1", "96x64/3/1"]
    assert all(row["seconds"] > 0 and row["frames_made"] == row["frames"] for row in told["rows"])
    assert BenchCase(64, 64, 2, 1).name == "64p/2/1"
