"""`make bench-gpu`: rows on disk as they come, and Markdown of them; tried with a tiny model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the extra diffusion is not installed")

from bench import gpu
from bench.gpu_report import latest, markdown
from unstill.core.bench import BenchCase
from unstill.engines.i2vgen_xl import family


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where two runs of one part left their rows."""
    out = tmp_path_factory.mktemp("out")
    for _ in range(2):
        assert gpu.main(["stock", "--tiny", "--out", str(out)]) == 0
    return out


def read(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / gpu.NAME).read_text(encoding="utf-8").splitlines()]


def test_rows_are_appended(folder: Path) -> None:
    """With what they depend on; nothing of an earlier run is lost."""
    rows = read(folder)
    assert [row["kind"] for row in rows] == ["ours", "ours", "diffusers", "diffusers"] * 2
    assert all(row["part"] == "stock" and row["date"] and row["torch"] and row["seconds"] for row in rows)


def test_the_report_takes_the_last_of_each(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One table a part, a row for each measurement, with the command that made it."""
    rows = read(folder)
    assert latest(rows) == rows[4:]
    assert gpu.main(["report", "--out", str(folder)]) == 0
    said = capsys.readouterr().out
    assert said.rstrip() == markdown(rows[4:], gpu.titles()).rstrip()
    assert "`make bench-gpu PART=stock`" in said
    table = [line for line in said.splitlines() if line.startswith("|")]
    assert len(table) == 2 + 4
    assert len({line.count("|") for line in table}) == 1
    assert "ours / its seconds" in table[0]
    assert "predicted" not in table[0]


def test_a_part_that_fails_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A processor's memory cannot be capped: the row has the reason, the exit status tells."""
    card = family.cards[0]
    device = gpu.order(gpu.PARTS["cap"], {}, tiny=True).machine.device
    if device != "cpu":
        pytest.skip("this computer has a graphics card")
    assert gpu.main(["cap", "--tiny", "--out", str(tmp_path)]) == 1
    assert "cannot be capped" in capsys.readouterr().out
    assert all(BenchCase.read(text, card) for part in gpu.PARTS.values() for text in part.cases)
