"""Seconds and weights of the catalogue's models on a named graphics card, as plans compute them before
anything was measured there: ``python -m bench.scaling planned`` writes them into `measured.json`."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from bench.scaling.facts import FILE
from unstill.core.plan import make_plan
from unstill.core.ports import Accelerator, Machine
from unstill.domain.request import VideoRequest
from unstill.engines.pipelines import family
from unstill.engines.pipelines.estimate import part_bytes, predict
from unstill.engines.pipelines.row import Row
from unstill.engines.pipelines.rows import ROWS
from unstill.engines.placement.learned import Figures

GIB = 2**30
CARD = Accelerator("NVIDIA H100 80GB HBM3", 80 * GIB, 79 * GIB, (9, 0), 16896, 1.98e9, 3.35e12)
MACHINE = Machine(16, 200 * GIB, "cuda:0", CARD)
PICTURE = (1024, 683)
"""A photo of three to two."""


def planned() -> dict[str, dict[str, Any]]:
    """For each model: seconds of a clip in its own settings, bytes of its weights in half precision, and
    where they are placed. What this computer has learned of its own clips is left out."""
    with tempfile.TemporaryDirectory() as empty:
        nothing = Figures(Path(empty) / "none.json")
        return {row.card.id: _of(row, nothing) for row in ROWS if row.card.last_picture != "must"}


def _of(row: Row, nothing: Figures) -> dict[str, Any]:
    request = VideoRequest.model_validate({"model": row.card.id, "prompt": "waves", "seed": 0})
    plan = make_plan(request, PICTURE, [family], MACHINE)
    estimate = predict(row, plan.drawn, MACHINE, nothing)
    return {
        "seconds": round(estimate.seconds, 1),
        "weights_bytes": sum(part_bytes(row, 2).values()),
        "placement": str(estimate.details["placement"]),
    }


def write(date: str, path: Path = FILE) -> None:
    """Into ``path``, beside the measured numbers. ``date`` as 2026-11-23."""
    said = json.loads(path.read_text(encoding="utf-8"))
    source = (
        "the catalogue's estimates before anything was measured: unstill plan on a computer with this card"
    )
    said["planned"] = {"card": CARD.name, "date": date, "source": source, "models": planned()}
    path.write_text(json.dumps(said, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
