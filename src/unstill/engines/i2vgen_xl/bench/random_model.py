"""I2VGen-XL with random weights, of its real size or tiny, made in memory: no file is read or written.

Random weights cost the same time and memory as real ones. They are small enough for half precision: each
layer's output is about as large as its input, as freshly made layers of torch have it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from accelerate import init_empty_weights
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.unets.unet_i2vgen_xl import I2VGenXLUNet
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTokenizer,
    CLIPVisionConfig,
    CLIPVisionModelWithProjection,
)

from unstill.engines.i2vgen_xl.checkpoint import Checkpoint
from unstill.engines.i2vgen_xl.reading import CLIP_MEAN, CLIP_STD, MARKS, Eye, Tokens

if TYPE_CHECKING:
    from torch.nn import Module

Sizes = dict[str, dict[str, Any]]
SCHEDULE: dict[str, Any] = {
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
"""Reconstructed from the authors' repository (ali-vilab/VGen): v-prediction, cosine betas, no signal at the
end."""
_CLIP = {"num_attention_heads": 16, "hidden_act": "gelu", "projection_dim": 1024}
_VAE = {"down_block_types": ("DownEncoderBlock2D",) * 4, "up_block_types": ("UpDecoderBlock2D",) * 4}
FULL: Sizes = {
    "unet": {"sample_size": 32},
    "vae": {"block_out_channels": (128, 256, 512, 512), "layers_per_block": 2, "sample_size": 768, **_VAE},
    "text_encoder": {
        "vocab_size": 49408, "hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24, **_CLIP,
    },
    "image_encoder": {
        "hidden_size": 1280, "intermediate_size": 5120, "num_hidden_layers": 32, "image_size": 224,
        "patch_size": 14, **_CLIP,
    },
}  # fmt: skip
"""What the hub's configurations say; parameters as in `card.PARAMETERS`."""
_TINY_CLIP = {"hidden_size": 16, "intermediate_size": 32, "num_attention_heads": 4, "hidden_act": "gelu",
              "projection_dim": 16}  # fmt: skip
TINY: Sizes = {
    "unet": {
        "block_out_channels": (8, 16, 16), "layers_per_block": 1, "sample_size": 8, "cross_attention_dim": 16,
        "attention_head_dim": 4, "norm_num_groups": 4,
        "down_block_types": ("CrossAttnDownBlock3D", "CrossAttnDownBlock3D", "DownBlock3D"),
        "up_block_types": ("UpBlock3D", "CrossAttnUpBlock3D", "CrossAttnUpBlock3D"),
    },
    "vae": {"block_out_channels": (8, 8, 8, 8), "norm_num_groups": 2, "sample_size": 32, **_VAE},
    "text_encoder": {"vocab_size": 514, "num_hidden_layers": 3, **_TINY_CLIP},
    "image_encoder": {"num_hidden_layers": 2, "image_size": 32, "patch_size": 8, **_TINY_CLIP},
}  # fmt: skip
BLOCK = 4_194_301
"""Random numbers that are drawn: a prime, so that no rows of a weight are alike when they are used again."""


def random_checkpoint(sizes: Sizes, dtype: torch.dtype, tell: Callable[[int, int], None]) -> Checkpoint:
    """The four networks in ``dtype``, the same whenever called. ``tell`` hears how many parts are done."""
    block = torch.randn(BLOCK, generator=torch.Generator().manual_seed(0)).to(dtype)
    makers, made = _makers(sizes), {}
    for done, (name, make) in enumerate(makers.items()):
        tell(done, len(makers))
        made[name] = _filled(empty(make), block, dtype)
    tell(len(makers), len(makers))
    side = sizes["image_encoder"]["image_size"]
    eye = Eye(side, side, CLIP_MEAN, CLIP_STD)
    return Checkpoint(**made, tokens=_tokens(sizes["text_encoder"]["vocab_size"]), eye=eye, schedule=SCHEDULE)


def _makers(sizes: Sizes) -> dict[str, Callable[[], Module]]:
    words = sizes["text_encoder"]["vocab_size"]
    ends = {"bos_token_id": words - 2, "eos_token_id": words - 1, "pad_token_id": words - 1}
    return {
        "unet": lambda: I2VGenXLUNet(**sizes["unet"]),
        "vae": lambda: AutoencoderKL(**sizes["vae"]),
        "text_encoder": lambda: CLIPTextModel(CLIPTextConfig(**sizes["text_encoder"], **ends)),
        "image_encoder": lambda: CLIPVisionModelWithProjection(CLIPVisionConfig(**sizes["image_encoder"])),
    }


def empty(make: Callable[[], Module]) -> Module:
    """A network whose weights have shapes and no values."""
    with init_empty_weights(include_buffers=False):
        return make()


def parameters(sizes: Sizes) -> dict[str, int]:
    """How many weights each network has."""
    made = {name: empty(make) for name, make in _makers(sizes).items()}
    return {name: sum(each.numel() for each in module.parameters()) for name, module in made.items()}


def _filled(module: Module, block: torch.Tensor, dtype: torch.dtype) -> Module:
    """Norms do nothing, biases are none, everything else is normal with a variance of 1 / (3 inputs), which
    is that of torch's fresh layers."""
    state: dict[str, torch.Tensor] = {}
    start = 0
    for name, wanted in module.state_dict().items():
        if wanted.device.type != "meta":  # a buffer, which has its values
            state[name] = wanted
        elif wanted.dim() == 1 and name.endswith("weight"):
            state[name] = torch.ones(wanted.shape, dtype=dtype)
        elif wanted.dim() == 1 and name.endswith("bias"):
            state[name] = torch.zeros(wanted.shape, dtype=dtype)
        else:
            inputs = wanted[0].numel() if wanted.dim() > 1 else wanted.numel()
            state[name] = _normal(wanted.shape, 1 / math.sqrt(3 * inputs), block, start, dtype)
            start = (start + wanted.numel()) % BLOCK
    module.load_state_dict(state, assign=True)
    return module.eval().requires_grad_(False)


def _normal(
    shape: torch.Size, scale: float, block: torch.Tensor, start: int, dtype: torch.dtype
) -> torch.Tensor:
    """A tensor of the block's values times ``scale``, from ``start`` on and around again."""
    made = torch.empty(shape, dtype=dtype)
    flat, done = made.view(-1), 0
    while done < flat.numel():
        few = min(flat.numel() - done, BLOCK - start)
        torch.mul(block[start : start + few], scale, out=flat[done : done + few])
        done, start = done + few, (start + few) % BLOCK
    return made


def _tokens(words: int) -> Tokens:
    """A vocabulary of the right size in CLIP's byte-level alphabet, which reads letter by letter."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    alphabet = [chr(byte) for byte in plain] + [chr(256 + n) for n in range(256 - len(plain))]
    known = [*alphabet, *(f"{letter}</w>" for letter in alphabet)]
    filling = [f"<{number}>" for number in range(words - len(known) - 2)]
    listed = [*known, *filling, MARKS["bos_token"], MARKS["eos_token"]]
    vocabulary = {word: at for at, word in enumerate(listed)}
    return Tokens(CLIPTokenizer(vocab=vocabulary, merges=[], **MARKS), 77)
