"""A tiny I2VGen-XL of the real classes with random weights, and what diffusers' own pipeline makes of it."""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import AutoencoderKL, DDIMScheduler, I2VGenXLUNet
from PIL import Image
from transformers import CLIPTextConfig, CLIPTextModel, CLIPVisionConfig, CLIPVisionModelWithProjection

from unstill.core.plan import Plan, make_plan
from unstill.core.ports import Anchor, Machine
from unstill.domain.catalog import ModelCard
from unstill.domain.request import VideoRequest
from unstill.engines.i2vgen_xl import family
from unstill.engines.i2vgen_xl.hardware import Hardware
from unstill.engines.i2vgen_xl.rungs import Rung

torch.set_num_threads(1)

WIDTH = 16
"""Of the context, and so of both encoders."""
DOWN = ("CrossAttnDownBlock3D", "CrossAttnDownBlock3D", "DownBlock3D")
UP = ("UpBlock3D", "CrossAttnUpBlock3D", "CrossAttnUpBlock3D")
SCHEDULE = {
    "_class_name": "DDIMScheduler",
    "num_train_timesteps": 1000,
    "beta_start": 0.0001,
    "beta_end": 0.02,
    "beta_schedule": "squaredcos_cap_v2",
    "clip_sample": False,
    "set_alpha_to_one": True,
    "steps_offset": 1,
    "prediction_type": "v_prediction",
    "rescale_betas_zero_snr": True,
    "timestep_spacing": "leading",
}
PARTS = {
    "feature_extractor": ["transformers", "CLIPImageProcessor"],
    "image_encoder": ["transformers", "CLIPVisionModelWithProjection"],
    "scheduler": ["diffusers", "DDIMScheduler"],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "tokenizer": ["transformers", "CLIPTokenizer"],
    "unet": ["diffusers", "I2VGenXLUNet"],
    "vae": ["diffusers", "AutoencoderKL"],
}
"""What model_index.json lists."""
MARKS = {"bos_token": "<|startoftext|>", "eos_token": "<|endoftext|>", "unk_token": "<|endoftext|>",
         "pad_token": "<|endoftext|>"}  # fmt: skip


def letters() -> list[str]:
    """The 256 bytes as CLIP's byte-level alphabet writes them."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in plain]
    return [chr(byte) for byte in plain] + [chr(256 + n) for n in range(len(others))]


MERGES = [("c", "a"), ("ca", "t</w>"), ("t", "h"), ("th", "e</w>")]


def vocabulary() -> dict[str, int]:
    alphabet = letters()
    words = [*alphabet, *(f"{letter}</w>" for letter in alphabet), *("".join(pair) for pair in MERGES)]
    return {word: at for at, word in enumerate([*words, MARKS["bos_token"], MARKS["eos_token"]])}


def modules(seed: int = 0) -> dict[str, torch.nn.Module]:
    """The four networks, random, in evaluation mode."""
    torch.manual_seed(seed)
    size = len(vocabulary())
    made = {
        "unet": I2VGenXLUNet(
            block_out_channels=(8, 16, 16), layers_per_block=1, sample_size=8, cross_attention_dim=WIDTH,
            attention_head_dim=4, norm_num_groups=4, down_block_types=DOWN, up_block_types=UP,
        ),
        "vae": AutoencoderKL(
            block_out_channels=(8, 8, 8, 8), down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4, norm_num_groups=2, sample_size=32,
        ),
        "text_encoder": CLIPTextModel(CLIPTextConfig(
            vocab_size=size, hidden_size=WIDTH, intermediate_size=32, num_attention_heads=4,
            num_hidden_layers=3, hidden_act="gelu", projection_dim=WIDTH, bos_token_id=size - 2,
            eos_token_id=size - 1, pad_token_id=size - 1,
        )),
        "image_encoder": CLIPVisionModelWithProjection(CLIPVisionConfig(
            hidden_size=16, intermediate_size=32, num_attention_heads=4, num_hidden_layers=2, image_size=32,
            patch_size=8, projection_dim=WIDTH, hidden_act="gelu",
        )),
    }  # fmt: skip
    for module in made["unet"].modules():
        if type(module).__name__ == "TemporalConvLayer":  # which starts as the identity
            torch.nn.init.normal_(module.conv4[-1].weight, std=0.1)
    return {name: module.eval().requires_grad_(False) for name, module in made.items()}


def write(folder: Path, made: dict[str, torch.nn.Module], **saving: object) -> Path:
    """Save a checkpoint the way the hub has it."""
    for name, module in made.items():
        module.save_pretrained(folder / name, **saving)
    parts = {
        "tokenizer/vocab.json": vocabulary(),
        "tokenizer/tokenizer_config.json": {"model_max_length": 77, **MARKS},
        "tokenizer/special_tokens_map.json": MARKS,
        "feature_extractor/preprocessor_config.json": {
            "crop_size": {"height": 32, "width": 32},
            "image_mean": [0.5, 0.4, 0.3],
            "image_std": [0.2, 0.3, 0.4],
        },
        "scheduler/scheduler_config.json": SCHEDULE,
        "model_index.json": {"_class_name": "I2VGenXLPipeline", **PARTS},
    }  # fmt: skip
    for name, content in parts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(json.dumps(content), encoding="utf-8")
    merges = "\n".join(["#version: 0.2", *(" ".join(pair) for pair in MERGES)])
    (folder / "tokenizer/merges.txt").write_text(merges + "\n", encoding="utf-8")
    return folder


class Extractor:
    """What diffusers' pipeline asks of its feature extractor, which itself would want torchvision."""

    crop_size = {"height": 32, "width": 32}  # noqa: RUF012 as the real one has it

    def __call__(self, images: np.ndarray, **_: object) -> object:
        mean, std = (torch.tensor(v).view(3, 1, 1) for v in ([0.5, 0.4, 0.3], [0.2, 0.3, 0.4]))

        class Found:
            pixel_values = (torch.as_tensor(images) - mean) / std

        return Found


def embed(encoder: torch.nn.Module, ids: torch.Tensor) -> torch.Tensor:
    """Text embeddings [1 77 c]: the last but one layer through the final norm."""
    layers = encoder(ids, output_hidden_states=True).hidden_states
    return getattr(encoder, "text_model", encoder).final_layer_norm(layers[-2])


def reference(
    made: dict[str, torch.nn.Module],
    picture: np.ndarray,
    seed: int,
    words: tuple[torch.Tensor, torch.Tensor],
    scheduler: object = None,
    **settings: int | float | str,
) -> torch.Tensor | np.ndarray:
    """What diffusers' own pipeline makes of a picture [h w 3] and embeddings of negative prompt and prompt.

    Its VAE draws from torch's global generator, which is set to go on where the noise's ends.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is deprecated, which is why ours exists
        from diffusers import I2VGenXLPipeline

        usual = DDIMScheduler.from_config(SCHEDULE)
        pipe = I2VGenXLPipeline(
            **made, scheduler=scheduler or usual, tokenizer=None, feature_extractor=Extractor()
        )
        pipe.set_progress_bar_config(disable=True)
        shape = (1, 4, int(settings["num_frames"]), int(settings["height"]) // 8, int(settings["width"]) // 8)
        used = torch.Generator().manual_seed(seed)
        torch.randn(shape, generator=used)
        torch.set_rng_state(used.get_state())
        return pipe(
            image=Image.fromarray(picture),
            generator=torch.Generator().manual_seed(seed),
            prompt_embeds=words[1],
            negative_prompt_embeds=words[0],
            **settings,
        ).frames


def picture(width: int, height: int, seed: int = 0) -> np.ndarray:
    """A soft picture, uint8 [h w 3]."""
    coarse = np.random.default_rng(seed).integers(0, 256, (5, 7, 3), np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)).copy()


def machine(*rungs: Rung) -> Hardware:
    """This processor, which counts as a device of its own where rungs move weights."""
    return Hardware(torch.device("cpu"), torch.float32, rungs or (Rung.RESIDENT,))


@dataclass(frozen=True)
class Shelf:
    """Fits `Weights`: one folder."""

    path: Path

    def folder(self, card: ModelCard) -> Path:
        return self.path


def plan(**fields: Any) -> Plan:
    """A plan for a picture of its own size: 64 x 64, 2 frames, 3 steps, seed 5, unless told otherwise."""
    usual = {"size": "64x64", "num_frames": 2, "num_inference_steps": 3, "seed": 5, "prompt": "the cat"}
    request = VideoRequest(**{**usual, "negative_prompt": "", **fields})  # type: ignore[arg-type]
    return make_plan(request, (64, 64), [family], Machine(2, 64 << 30))


def whole(pixels: np.ndarray) -> Anchor:
    """A picture that is the frame itself."""
    return Anchor(pixels, pixels, (0, 0, pixels.shape[1], pixels.shape[0]))
