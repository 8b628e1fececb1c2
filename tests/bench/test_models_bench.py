"""The measurement of newer models tries itself with tiny ones, on any computer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("diffusers")

from bench import models_gpu

pytestmark = pytest.mark.filterwarnings("ignore")


def test_tiny_models_at_each_placement_and_by_diffusers_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert models_gpu.main(["--tiny", "--out", str(tmp_path)]) == 0
    rows = [json.loads(line) for line in (tmp_path / models_gpu.NAME).read_text("utf-8").splitlines()]
    assert {row["model"] for row in rows} == {"wan2.2-ti2v-5b", "ltx-video-2b"}
    for model in ("wan2.2-ti2v-5b", "ltx-video-2b"):
        mine = {row["what"]: row for row in rows if row["model"] == model}
        assert set(mine) == {"ours, resident", "ours, tiled", "diffusers"}
        assert all(row["error"] is None and row["seconds"] > 0 for row in mine.values())
        assert mine["ours, tiled"]["predicted_bytes"] > 0
        assert mine["diffusers"]["ours_seconds_ratio"] > 0
    printed = capsys.readouterr().out
    assert models_gpu.main(["report", "--out", str(tmp_path)]) == 0
    assert capsys.readouterr().out.splitlines()[0] == printed.splitlines()[0]
