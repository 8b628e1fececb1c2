"""Wan: 2.1 (CLIP sees the picture, or two), 2.2 A14B (two experts), 2.2 TI2V-5B (sides by 16)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from diffusers import (
    AutoencoderKLWan,
    UniPCMultistepScheduler,
    WanImageToVideoPipeline,
    WanPipeline,
    WanTransformer3DModel,
)

from tiny_pipelines.hub_layout import hub_names
from tiny_pipelines.sight import clip_pictures, clip_vision
from tiny_pipelines.words import WIDTH, t5_tokenizer, umt5_encoder

TWO_PICTURES = 2 * (1 + (32 // 8) ** 2)
"""Tokens of a first and a last picture: patches of 8 and the class."""


def save(folder: Path, form: str) -> None:
    made: dict[str, Any] = {
        "tokenizer": t5_tokenizer(),
        "text_encoder": umt5_encoder(),
        "scheduler": UniPCMultistepScheduler(
            prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=3.0
        ),
        **_networks(form),
    }
    pipeline = WanPipeline if form == "wan2.2-ti2v-5b" else WanImageToVideoPipeline
    pipeline(**made).save_pretrained(folder)
    hub_names(folder, tokenizer="T5TokenizerFast")


def _networks(form: str) -> dict[str, Any]:
    if form == "wan2.2-ti2v-5b":
        return {"vae": _vae_of_5b(), "transformer": _transformer(48, 48), "expand_timesteps": True}
    if form == "wan2.2-a14b":
        experts = {"transformer": _transformer(16, 36), "transformer_2": _transformer(16, 36)}
        return {"vae": wan_vae(), **experts, "boundary_ratio": 0.9}
    last = {"pos_embed_seq_len": TWO_PICTURES} if form == "wan2.1-flf2v" else {}
    return {
        "vae": wan_vae(),
        "transformer": _transformer(16, 36, image_dim=16, **last),
        "image_encoder": clip_vision(),
        "image_processor": clip_pictures(),
    }


def _transformer(out: int, channels: int, **more: int) -> WanTransformer3DModel:
    return WanTransformer3DModel(**wan_blocks(channels, out), rope_max_seq_len=64, **more).eval()


def wan_blocks(channels: int, out: int) -> dict[str, Any]:
    """Wan's transformer, which others took over."""
    return {
        "patch_size": (1, 2, 2), "num_attention_heads": 2, "attention_head_dim": 12, "in_channels": channels,
        "out_channels": out, "text_dim": WIDTH, "freq_dim": 32, "ffn_dim": 32, "num_layers": 2,
    }  # fmt: skip


def wan_vae() -> AutoencoderKLWan:
    return AutoencoderKLWan(
        base_dim=4, z_dim=16, dim_mult=[1, 1, 1, 1], num_res_blocks=1, temperal_downsample=[False, True, True]
    ).eval()


def _vae_of_5b() -> AutoencoderKLWan:
    return AutoencoderKLWan(
        base_dim=4, decoder_base_dim=4, z_dim=48, dim_mult=[1, 1, 1, 1], num_res_blocks=1,
        temperal_downsample=[False, True, True], is_residual=True, patch_size=2, in_channels=12,
        out_channels=12, scale_factor_spatial=16, latents_mean=[0.0] * 48, latents_std=[1.0] * 48,
    ).eval()  # fmt: skip
