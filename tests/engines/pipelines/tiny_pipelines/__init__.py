"""Tiny pipelines of the real classes with random weights, saved as the hub's folders are.

Importing this is cheap: torch and diffusers come with the first `build`.
"""

from __future__ import annotations

import functools
import importlib
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

SEED = 0


@dataclass(frozen=True)
class Kind:
    """One pipeline class as it is published, made tiny."""

    name: str
    build: Callable[[Path], None]
    """Saves the pipeline into a folder: safetensors alone, random weights, the same ones each time."""
    pipeline: str
    """The diffusers class to load the folder with: not always what model_index.json says."""
    side: tuple[int, int]
    """A width and a height at which it is quick."""
    num_frames: int
    """A number of frames that it makes."""
    sound: bool = False


def _save(module: str, form: str, folder: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the libraries warn of their own ways
        import torch

        save = importlib.import_module(f"tiny_pipelines.{module}").save
        torch.set_num_threads(1)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(SEED)
            save(folder, form)


def _kind(
    name: str, module: str, pipeline: str, side: int, num_frames: int, *, form: str = "", sound: bool = False
) -> Kind:
    return Kind(
        name, functools.partial(_save, module, form or name), pipeline, (side, side), num_frames, sound
    )


_ALL = (
    _kind("svd", "svd", "StableVideoDiffusionPipeline", 64, 5),
    _kind("cogvideox-5b", "cogvideox", "CogVideoXImageToVideoPipeline", 64, 9),
    _kind("cogvideox-1.5", "cogvideox", "CogVideoXImageToVideoPipeline", 64, 9),
    _kind("ltx-2b-0.9.0", "ltx", "LTXImageToVideoPipeline", 64, 9),
    _kind("ltx-2b-0.9.5", "ltx", "LTXConditionPipeline", 64, 9),
    _kind("ltx-13b-0.9.7", "ltx", "LTXConditionPipeline", 64, 9),
    _kind("ltx-2", "ltx2", "LTX2ImageToVideoPipeline", 64, 9, sound=True),
    _kind("ltx-2.5", "ltx2_newer", "LTX2ImageToVideoPipeline", 64, 9, sound=True),
    _kind("wan2.1-i2v", "wan", "WanImageToVideoPipeline", 32, 5),
    _kind("wan2.1-flf2v", "wan", "WanImageToVideoPipeline", 32, 5),
    _kind("wan2.2-a14b", "wan", "WanImageToVideoPipeline", 32, 5),
    _kind("wan2.2-ti2v-5b", "wan", "WanImageToVideoPipeline", 64, 5),
    _kind("hunyuanvideo-1.5", "hunyuan15", "HunyuanVideo15ImageToVideoPipeline", 64, 5),
    _kind("skyreels-v2", "skyreels", "SkyReelsV2ImageToVideoPipeline", 32, 5),
    _kind("kandinsky-5", "kandinsky", "Kandinsky5I2VPipeline", 64, 17),  # fewer frames give NaN
    _kind("kandinsky-6", "kandinsky", "Kandinsky6TI2VAPipeline", 64, 5, sound=True),
    _kind("helios", "helios", "HeliosPipeline", 64, 33),
    _kind("helios-distilled", "helios", "HeliosPyramidPipeline", 64, 33),
)
KINDS: Mapping[str, Kind] = {kind.name: kind for kind in _ALL}


def build(name: str, folder: Path) -> Kind:
    """Save a tiny pipeline of a kind into a folder, which may be missing. KeyError for an unknown kind."""
    kind = KINDS[name]
    folder.mkdir(parents=True, exist_ok=True)
    kind.build(folder)
    return kind
