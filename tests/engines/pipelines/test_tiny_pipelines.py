"""The tiny pipelines that other tests stand on: each loads by diffusers alone and makes what it says."""

from __future__ import annotations

import inspect
import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tiny_pipelines import KINDS, Kind, build

pytest.importorskip("torch", reason="the extra diffusion is not installed")

UNSAFE = {".bin", ".pt", ".pth", ".ckpt", ".pkl"}
OWN = {
    "cogvideox-5b": {"max_sequence_length": 226},
    "cogvideox-1.5": {"max_sequence_length": 226},
    "ltx-2b-0.9.5": {"decode_timestep": 0.05, "decode_noise_scale": 0.025},
    "ltx-13b-0.9.7": {"decode_timestep": 0.05, "decode_noise_scale": 0.025},
    "ltx-2": {
        "stg_scale": 0.0, "modality_scale": 1.0, "audio_stg_scale": 0.0, "audio_modality_scale": 1.0,
        "spatio_temporal_guidance_blocks": None, "use_cross_timestep": False, "image_crf": 0,
    },
    "ltx-2.5": {
        "guidance_scale": 1.0, "audio_guidance_scale": 1.0, "stg_scale": 0.0, "audio_stg_scale": 0.0,
        "modality_scale": 1.0, "audio_modality_scale": 1.0, "spatio_temporal_guidance_blocks": None,
        "sigmas": [1.0, 0.725], "image_crf": 0,
    },
    "kandinsky-5": {"max_sequence_length": 512},
    "kandinsky-6": {"max_sequence_length": 512},
    "helios-distilled": {"pyramid_num_inference_steps_list": [1, 1, 1], "guidance_scale": 1.0},
}  # fmt: skip
"""What a pipeline wants besides what most take."""


def picture(kind: Kind, seed: int = 0) -> Image.Image:
    coarse = np.random.default_rng(seed).integers(0, 256, (5, 7, 3), np.uint8)
    return Image.fromarray(coarse).resize(kind.side, Image.Resampling.BICUBIC)


def loaded(kind: Kind, folder: Path) -> Any:
    import diffusers

    own = {}
    if kind.name.startswith("kandinsky"):
        from tiny_pipelines.kandinsky import text_alone

        own["tokenizer"] = text_alone(folder)
    pipeline = getattr(diffusers, kind.pipeline).from_pretrained(folder, **own)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def run(kind: Kind, folder: Path) -> Any:
    import torch

    pipeline = loaded(kind, folder)
    usual = {
        "image": picture(kind), "prompt": "the cat", "negative_prompt": "bad", "width": kind.side[0],
        "height": kind.side[1], "num_frames": kind.num_frames, "num_inference_steps": 2,
        "max_sequence_length": 16, "generator": torch.Generator().manual_seed(5), "output_type": "np",
    }  # fmt: skip
    if kind.name == "wan2.1-flf2v":
        usual["last_image"] = picture(kind, 1)
    known = inspect.signature(type(pipeline).__call__).parameters
    return pipeline(**{name: usual[name] for name in usual if name in known} | OWN.get(kind.name, {}))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_a_tiny_pipeline_makes_frames(kind: Kind, tmp_path: Path) -> None:
    """Two steps by plain diffusers: finite frames of the size that the kind says, sound where it says so."""
    build(kind.name, tmp_path / "at")
    made = run(kind, tmp_path / "at")

    frames = np.asarray(made.frames)
    assert frames.shape == (1, kind.num_frames, *kind.side[::-1], 3)
    assert np.isfinite(frames).all()
    assert frames.std() > 0
    sound = getattr(made, "audio", None)
    assert (sound is not None) == kind.sound
    if kind.sound:
        assert np.isfinite(np.asarray(sound)).all()


@pytest.mark.parametrize("name", ["svd", "wan2.2-ti2v-5b", "ltx-2b-0.9.5", "ltx-2", "kandinsky-5"])
def test_a_folder_is_as_the_hub_has_it(name: str, tmp_path: Path) -> None:
    """No pickles; the published class names; the same weights each time. Building warns of nothing."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        build(name, tmp_path / "one")
        build(name, tmp_path / "two")
    files = sorted(
        path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*") if path.is_file()
    )
    index = json.loads((tmp_path / "one" / "model_index.json").read_text())

    assert not [path for path in files if path.suffix in UNSAFE]
    weights = [path for path in files if path.suffix == ".safetensors"]
    assert len(weights) >= 3
    assert all((tmp_path / "one" / at).read_bytes() == (tmp_path / "two" / at).read_bytes() for at in weights)
    said = {"wan2.2-ti2v-5b": "WanPipeline", "ltx-2b-0.9.5": "LTXPipeline", "ltx-2": "LTX2Pipeline"}
    assert index["_class_name"] == said.get(name, KINDS[name].pipeline)
    classes = {value[1] for value in index.values() if isinstance(value, list) and value[1]}
    assert not [name for name in classes if name.endswith("Pil")]
    assert ("Qwen2VLProcessor" in classes) == (name == "kandinsky-5")
