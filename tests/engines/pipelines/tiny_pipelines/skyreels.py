"""SkyReels-V2 I2V: Wan's parts under names of its own."""

from __future__ import annotations

from pathlib import Path

from diffusers import (
    SkyReelsV2ImageToVideoPipeline,
    SkyReelsV2Transformer3DModel,
    UniPCMultistepScheduler,
)

from tiny_pipelines.hub_layout import hub_names
from tiny_pipelines.sight import clip_pictures, clip_vision_projected
from tiny_pipelines.wan import wan_blocks, wan_vae
from tiny_pipelines.words import t5_tokenizer, umt5_encoder


def save(folder: Path, form: str) -> None:
    transformer = SkyReelsV2Transformer3DModel(**wan_blocks(36, 16), rope_max_seq_len=64, image_dim=16).eval()
    scheduler = UniPCMultistepScheduler(
        prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=5.0
    )
    SkyReelsV2ImageToVideoPipeline(
        tokenizer=t5_tokenizer(), text_encoder=umt5_encoder(), image_processor=clip_pictures(),
        image_encoder=clip_vision_projected(), transformer=transformer, vae=wan_vae(), scheduler=scheduler,
    ).save_pretrained(folder)  # fmt: skip
    hub_names(folder, tokenizer="T5TokenizerFast")
