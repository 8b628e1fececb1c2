"""Helios: chunk by chunk, with Wan's VAE and umT5; the base pipeline and the distilled pyramid."""

from __future__ import annotations

from pathlib import Path

from diffusers import (
    HeliosDMDScheduler,
    HeliosPipeline,
    HeliosPyramidPipeline,
    HeliosScheduler,
    HeliosTransformer3DModel,
)

from tiny_pipelines.wan import wan_blocks, wan_vae
from tiny_pipelines.words import t5_tokenizer, umt5_encoder


def save(folder: Path, form: str) -> None:
    parts = {
        "tokenizer": t5_tokenizer(),
        "text_encoder": umt5_encoder(),
        "vae": wan_vae(),
        "transformer": HeliosTransformer3DModel(**wan_blocks(16, 16), rope_dim=(4, 4, 4)).eval(),
    }
    if form == "helios":
        pipeline = HeliosPipeline(**parts, scheduler=HeliosScheduler(stage_range=[0, 1], stages=1))
    else:  # gamma 1/3 makes a covariance so close to singular that torch refuses it on a CPU
        pipeline = HeliosPyramidPipeline(**parts, scheduler=HeliosDMDScheduler(gamma=0.3), is_distilled=True)
    pipeline.save_pretrained(folder)
