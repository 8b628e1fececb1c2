"""From a checkpoint's folder to the parts of the model, as diffusers' and transformers' classes.

The classes are built without weights and filled from safetensors: no `from_pretrained`, so no hub is asked,
no pickle read, and no code of a stranger's is loaded whatever a configuration says.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from accelerate import init_empty_weights
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.unets.unet_i2vgen_xl import I2VGenXLUNet
from diffusers.schedulers.scheduling_ddim import DDIMScheduler
from transformers import CLIPTextConfig, CLIPTextModel, CLIPVisionConfig, CLIPVisionModelWithProjection

from unstill.engines.i2vgen_xl.anatomy import dissect
from unstill.engines.i2vgen_xl.card import CARD, SCHEDULERS
from unstill.engines.i2vgen_xl.folder import CheckpointFolder
from unstill.engines.i2vgen_xl.reading import Eye, Tokens, read_eye, read_tokens
from unstill.engines.i2vgen_xl.schedulers import Schedule

if TYPE_CHECKING:
    from torch.nn import Module

DIFFUSERS_STEM, TRANSFORMERS_STEM = "diffusion_pytorch_model", "model"
PIPELINE = "I2VGenXLPipeline"
WHOLE = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
"""Formats that weights may come in; 8 bits would be another picture."""
MOST_STEPS = int(CARD.steps.high) if CARD.steps else 1
MOST_FACTOR = 1000.0
"""Of the VAE's latents; the real one is 0.18."""
SPARE = 64
"""Entries of a file that are no weights of ours: position numbers, counters."""
SCALE = 8
"""Pixels of a latent place along each axis; sizes come in multiples of it."""
_CLIP = ("hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "hidden_act",
         "layer_norm_eps", "projection_dim")  # fmt: skip
_TEXT = (*_CLIP, "vocab_size", "max_position_embeddings", "bos_token_id", "eos_token_id", "pad_token_id")
_VISION = (*_CLIP, "image_size", "patch_size", "num_channels")
_OLD_ATTENTION = {".query.": ".to_q.", ".key.": ".to_k.", ".value.": ".to_v.", ".proj_attn.": ".to_out.0."}
"""What the VAE's attention was called in checkpoints of 2022."""


@dataclass
class Checkpoint:
    """Everything that a folder holds, on the host, ready to compute."""

    unet: Module
    vae: Module
    text_encoder: Module
    image_encoder: Module
    tokens: Tokens
    eye: Eye
    schedule: Mapping[str, Any]
    """The scheduler's configuration."""

    @property
    def modules(self) -> dict[str, Module]:
        names = ("text_encoder", "image_encoder", "unet", "vae")
        return {name: getattr(self, name) for name in names}


def open_checkpoint(path: Path, model: str, dtype: torch.dtype) -> Checkpoint:
    """Read a folder in the hub's layout; weights come out in ``dtype``.

    Raises:
        WeightsIncomplete, WeightsDamaged, WeightsUnsafe: see `CheckpointFolder`.
    """
    folder = CheckpointFolder(path, model)
    _check_kind(folder)
    made = Checkpoint(
        unet=_unet(folder, dtype),
        vae=_filled(folder, "vae", DIFFUSERS_STEM, _maker(AutoencoderKL), _names(AutoencoderKL), dtype),
        text_encoder=_filled(
            folder, "text_encoder", TRANSFORMERS_STEM,
            lambda **s: CLIPTextModel(CLIPTextConfig(**s)), _TEXT, dtype,
        ),
        image_encoder=_filled(
            folder, "image_encoder", TRANSFORMERS_STEM,
            lambda **s: CLIPVisionModelWithProjection(CLIPVisionConfig(**s)), _VISION, dtype,
        ),
        tokens=read_tokens(folder),
        eye=read_eye(folder),
        schedule=folder.settings("scheduler/scheduler_config.json", _names(DDIMScheduler)),
    )  # fmt: skip
    _check_fit(made, folder)
    _check_reading(made, folder)
    _check_schedule(made, folder)
    return made


def _check_kind(folder: CheckpointFolder) -> None:
    """Another model's folder is named as such before its weights are read."""
    name = "model_index.json"
    kind = folder.table(name).get("_class_name", PIPELINE) if folder.has(name) else PIPELINE
    if kind != PIPELINE:
        shown = str(kind)[:40]
        raise folder.damaged(name, f"it says {shown}, not {PIPELINE}", f"内容为 {shown}，而不是 {PIPELINE}")


def _unet(folder: CheckpointFolder, dtype: torch.dtype) -> Module:
    unet = _filled(folder, "unet", DIFFUSERS_STEM, _maker(I2VGenXLUNet), _names(I2VGenXLUNet), dtype)
    config = unet.config
    try:
        whole = all(level.layers for level in dissect(unet).levels)
    except (IndexError, ValueError):
        whole = False
    if config.down_block_types[0] != "CrossAttnDownBlock3D" or config.in_channels != 4 or not whole:
        raise folder.damaged("unet/config.json", "it is another network", "不是同一种网络")
    return unet


def _check_fit(made: Checkpoint, folder: CheckpointFolder) -> None:
    unet, vae = made.unet.config, made.vae.config
    widths = {unet.cross_attention_dim, made.text_encoder.config.hidden_size,
              made.image_encoder.config.projection_dim}  # fmt: skip
    scale = 2 ** (len(vae.block_out_channels) - 1)
    if len(widths) > 1 or vae.latent_channels != unet.in_channels or scale != SCALE:
        raise folder.damaged("model_index.json", "its parts do not fit together", "各部分互不匹配")
    factor = vae.scaling_factor
    if isinstance(factor, bool) or not isinstance(factor, (int, float)) or not 0 < factor < MOST_FACTOR:
        shown = str(factor)[:40]
        raise folder.damaged("vae/config.json", f"scaling_factor is {shown}", f"scaling_factor 为 {shown}")


def _check_reading(made: Checkpoint, folder: CheckpointFolder) -> None:
    """Words and picture come in a form that the encoders take."""
    text, vision = made.text_encoder.config, made.image_encoder.config
    if made.tokens.length > text.max_position_embeddings or made.tokens.size > text.vocab_size:
        raise folder.damaged("text_encoder/config.json", "it does not fit the vocabulary", "与词表不匹配")
    if text.num_hidden_layers < 1:
        raise folder.damaged("text_encoder/config.json", "it has no layers", "没有任何层")
    if (made.eye.width, made.eye.height) != (vision.image_size, vision.image_size):
        raise folder.damaged(
            "feature_extractor/preprocessor_config.json", "it does not fit the image encoder",
            "与图像编码器不匹配",
        )  # fmt: skip


def _check_schedule(made: Checkpoint, folder: CheckpointFolder) -> None:
    """All schedulers can be built, and take as many steps as anybody may ask for."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of libraries about each other
            for name in SCHEDULERS:
                Schedule(name, made.schedule, MOST_STEPS).check()
    except Exception:  # what a wrong configuration breaks is as various as configurations
        raise folder.damaged(
            "scheduler/scheduler_config.json", "it describes no way from noise to a clip", "没有描述去噪过程"
        ) from None


def _maker(kind: type[Module]) -> Callable[..., Module]:
    return lambda **settings: kind(**settings)


def _names(kind: type) -> tuple[str, ...]:
    return tuple(inspect.signature(kind).parameters)


def _filled(
    folder: CheckpointFolder,
    part: str,
    stem: str,
    make: Callable[..., Module],
    allowed: Collection[str],
    dtype: torch.dtype,
) -> Module:
    """A part built from its configuration and filled with its weights."""
    config = f"{part}/config.json"
    settings = folder.settings(config, allowed)
    try:
        with init_empty_weights(include_buffers=False):
            module = make(**settings)
    except Exception:  # what a wrong configuration breaks is as various as configurations
        raise folder.damaged(config, "it describes no such network", "描述的不是这种网络") from None
    wanted = module.state_dict()
    state: dict[str, torch.Tensor] = {}
    found = folder.tensors(
        part, stem, lambda key: _own_name(key, wanted), half=dtype.itemsize == 2, most=2 * len(wanted) + SPARE
    )
    for name, tensor in found:
        state[name] = _fitting(tensor, wanted[name], folder, part, name).to(dtype)
    lacking = sorted(wanted.keys() - state.keys())
    if lacking:
        reason, reason_zh = f"it lacks {lacking[0]}", f"缺少 {lacking[0]}"
        raise folder.damaged(f"{part}/{stem}.safetensors", reason, reason_zh)
    module.load_state_dict(state, assign=True)
    return module.eval().requires_grad_(False)


def _own_name(key: str, wanted: Collection[str]) -> str | None:
    """A weight's name in today's classes: some lost a prefix, some attention layers were renamed."""
    modern = key
    for old, new in _OLD_ATTENTION.items():
        modern = modern.replace(old, new)
    names = (key, modern, key.removeprefix("text_model."), f"text_model.{key}")
    return next((name for name in names if name in wanted), None)


def _fitting(
    tensor: torch.Tensor, wanted: torch.Tensor, folder: CheckpointFolder, part: str, key: str
) -> torch.Tensor:
    """The tensor in its parameter's shape: a 1 x 1 convolution may have become a matrix."""
    if tensor.dtype not in WHOLE:
        kind = str(tensor.dtype).removeprefix("torch.")
        reason, reason_zh = f"{key} is kept as {kind}", f"{key} 的格式是 {kind}"
        raise folder.damaged(f"{part}/*.safetensors", reason, reason_zh)
    if tensor.shape == wanted.shape:
        return tensor
    if tensor.squeeze().shape == wanted.shape:
        return tensor.reshape(wanted.shape)
    got, need = list(tensor.shape), list(wanted.shape)
    reason, reason_zh = f"{key} has the shape {got}, not {need}", f"{key} 的形状是 {got}，应为 {need}"
    raise folder.damaged(f"{part}/*.safetensors", reason, reason_zh)
