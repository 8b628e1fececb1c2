"""A model in somebody else's package: as docs/adding-a-model.md has it, installed, and used."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("torch", reason="the extra diffusion is not installed")
pytest.importorskip("setuptools", reason="the package is built with it, and nothing is fetched here")

from tiny_pipelines import build
from unstill.media.read_video import read_frames

GUIDE = Path(__file__).parents[3] / "docs" / "adding-a-model.md"
SIDE = 64


def files_of_the_guide() -> Mapping[str, str]:
    """Each block of code under the file's name, the first that the paragraph above it has in backquotes."""
    found = {}
    text = GUIDE.read_text(encoding="utf-8")
    for above, code in re.findall(r"([^\n]+(?:\n[^\n]+)*)\n\n```(?:toml|python)\n(.*?)```", text, re.DOTALL):
        name = re.search(r"`([\w/]+\.\w+)`", above)
        assert name, above
        found[name[1]] = code
    return found


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that pip has installed the guide's package into, without a network."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("site")
    for name, code in files_of_the_guide().items():
        (source / name).parent.mkdir(exist_ok=True)
        (source / name).write_text(code, encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-deps",
           "--no-index", "--no-build-isolation", "--target", str(target), str(source)]  # fmt: skip
    done = subprocess.run(pip, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return target


def unstill(here: Path, installed: Path, *arguments: str) -> str:
    """What the program prints, in a process of its own that finds the package."""
    environ = {**os.environ, "PYTHONPATH": str(installed), "OMP_NUM_THREADS": "1",
               "UNSTILL_MODELS_DIR": str(here / "models")}  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "unstill", *arguments],
        cwd=here, env=environ, capture_output=True, text=True, encoding="utf-8", timeout=200, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_its_models_are_listed_with_ours(tmp_path: Path, installed: Path) -> None:
    """With all that a card has; without torch, which such a call has no time for."""
    told = {card["id"]: card for card in json.loads(unstill(tmp_path, installed, "models", "list", "--json"))}
    assert {"motion", "wan2.2-ti2v-5b", "helios", "helios-distilled"} <= set(told)
    card = told["helios"]
    assert (card["default"], card["weights"]["state"], card["terms"]["commercial"]) == (
        False,
        "missing",
        "unknown",
    )
    assert card["frame_grid"] == {"stride": 32, "remainder": 1, "low": 33, "high": 1441}
    assert (card["sizes"], card["size_grid"], card["native"]["fps"]) == (["640x384"], 16, 24)
    looked = "import sys, unstill_helios; print([n for n in ('torch', 'diffusers') if n in sys.modules])"
    environ = {**os.environ, "PYTHONPATH": str(installed)}
    heavy = subprocess.run(
        [sys.executable, "-c", looked], env=environ, capture_output=True, text=True, check=True
    )
    assert heavy.stdout == "[]\n"


@pytest.mark.parametrize(("model", "steps"), [("helios", 2), ("helios-distilled", 1)])
def test_it_makes_a_video(tmp_path: Path, installed: Path, model: str, steps: int) -> None:
    """One by an adapter of ours, one by the package's own; pieces of 33 frames, decoded again."""
    build(model, tmp_path / "weights")
    coarse = np.random.default_rng(1).integers(0, 256, (4, 4, 3), np.uint8)
    Image.fromarray(np.kron(coarse, np.ones((SIDE // 4, SIDE // 4, 1), np.uint8))).save(
        tmp_path / "photo.png"
    )
    unstill(
        tmp_path, installed, "generate", "photo.png", "the cat", "--model", model, "--weights", "weights",
        "--size", f"{SIDE}x{SIDE}", "--num-frames", "65", "--num-inference-steps", str(steps),
        "-o", "clip.mp4",
    )  # fmt: skip
    frames = list(read_frames(tmp_path / "clip.mp4"))
    assert len(frames) == 65
    assert {frame.shape for frame in frames} == {(SIDE, SIDE, 3)}
    assert np.std(frames) > 1
    shown = json.loads(unstill(tmp_path, installed, "show", "clip.mp4", "--json"))
    assert (shown["model"], shown["generative"]) == (model, True)
    assert shown["request"]["num_inference_steps"] == steps


def test_the_guide_names_what_a_row_has(installed: Path) -> None:
    """Every field of a row, and no other."""
    from dataclasses import fields

    from unstill.engines.pipelines.adapters import ADAPTERS
    from unstill.engines.pipelines.row import Row

    text = GUIDE.read_text(encoding="utf-8")
    table = text.split("## What a row says")[1].split("An adapter is")[0]
    named = {name for line in table.splitlines() if line.startswith("| `")
             for name in re.findall(r"`(\w+)`", line.split("|")[1])}  # fmt: skip
    assert named == {each.name for each in fields(Row)} - {"card", "lightning"}
    for name in ADAPTERS:
        assert f"`{name}`" in table
