"""A model of each pipeline on the command line: licence, files, a video, and what that says of itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np
import pytest

pytest.importorskip("torch", reason="the extra diffusion is not installed")

from rows_hub import ENTRY, Imitation, hub_of_rows, nobodys_hub
from tiny_rows import TINY, kind_of, steps_of
from unstill import wiring
from unstill.core.ports import Machine

pytestmark = pytest.mark.filterwarnings("ignore")  # the libraries warn of their own ways

Run = Callable[..., object]
ONE_OF_A_PIPELINE = {row.pipeline: name for name, row in reversed(TINY.items())}
"""The first model of each of diffusers' pipelines."""
MODELS = sorted([*ONE_OF_A_PIPELINE.values(), "wan2.1-flf2v-14b-720p"])


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Imitation]:
    with hub_of_rows(tmp_path_factory.mktemp("tiny")) as made:
        yield made


@pytest.fixture(autouse=True)
def only_hub(hub: Imitation, tmp_path: Path, own_folders: Path) -> Iterator[None]:
    with nobodys_hub(hub, tmp_path):
        yield


@pytest.fixture
def house(only_hub: None, monkeypatch: pytest.MonkeyPatch) -> wiring.House:
    """With the tiny rows alone, on a computer without a graphics card."""
    import torch

    torch.set_num_threads(1)
    made = wiring.House(entries=[ENTRY])
    monkeypatch.setattr(made, "machine", lambda: Machine(2, 32 << 30))
    return made


@pytest.mark.parametrize("model", MODELS)
def test_from_the_hub_to_a_file(model: str, cli: Run, photo: Path, here: Path) -> None:
    card, kind, steps = TINY[model].card, kind_of(model), steps_of(TINY[model])
    asked = cli("models", "pull", model)
    assert asked.code == 2
    assert card.licence in asked.err
    got = cli("models", "pull", model, "--accept-licence", "--quiet")
    assert got.code == 0, got.err
    assert (Path(got.out.strip()) / "model_index.json").is_file()
    wanted = ["--model", model, "--seed", "3", "--num-inference-steps", str(steps), "--size", card.sizes[0]]
    if card.last_picture != "no":
        wanted += ["--last-image", "photo.jpg"]
    odd = kind.num_frames + (card.frame_stride > 1)
    plan = json.loads(cli("plan", "photo.jpg", "the cat", *wanted, "--num-frames", odd, "--json").out)
    assert (plan["num_frames"], plan["placement"], plan["model"]) == (kind.num_frames, "resident", model)
    assert bool([text for text in plan["notes"] if "n + 1 frames" in text]) == (odd != kind.num_frames)
    made = cli("generate", "photo.jpg", "the cat", *wanted, "-o", "clip.mp4")
    assert made.code == 0, made.err
    assert made.out == "clip.mp4\n"
    assert f"AI-generated video, made by {model}." in made.err
    with av.open("clip.mp4") as box:
        assert box.streams.video[0].average_rate == card.native["fps"]
        assert len(box.streams.audio) == card.sound
        frames = np.stack([frame.to_ndarray(format="rgb24") for frame in box.decode(video=0)])
    assert frames.shape == (kind.num_frames, *kind.side[::-1], 3)
    assert frames.std() > 1
    told = json.loads(cli("show", "clip.mp4", "--json").out)
    assert (told["model"], told["licence"], told["generative"]) == (model, card.licence, True)
    assert (told["request"]["num_inference_steps"], told["request"]["seed"]) == (steps, 3)
    assert told["details"]["placement"] == "resident"
    assert told.get("last_picture") == ("photo.jpg" if card.last_picture != "no" else None)
    assert sorted(path.name for path in here.iterdir()) == ["clip.mp4", "photo.jpg"]
