"""Stable Video Diffusion: no prompt, sides by 8, time not compressed."""

from __future__ import annotations

from pathlib import Path

from diffusers import (
    AutoencoderKLTemporalDecoder,
    EulerDiscreteScheduler,
    StableVideoDiffusionPipeline,
    UNetSpatioTemporalConditionModel,
)

from tiny_pipelines.hub_layout import hub_names
from tiny_pipelines.sight import clip_pictures, clip_vision_projected

SCHEDULE = {
    "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "prediction_type":
    "v_prediction", "sigma_max": 700.0, "sigma_min": 0.002, "steps_offset": 1, "timestep_spacing": "leading",
    "timestep_type": "continuous", "use_karras_sigmas": True,
}  # fmt: skip
SIDE = 224
"""Of the picture that the encoder sees: the pipeline scales to it whatever the processor says."""


def save(folder: Path, form: str) -> None:
    unet = UNetSpatioTemporalConditionModel(
        sample_size=(8, 8), block_out_channels=(32, 64), layers_per_block=1, cross_attention_dim=16,
        down_block_types=("CrossAttnDownBlockSpatioTemporal", "DownBlockSpatioTemporal"),
        up_block_types=("UpBlockSpatioTemporal", "CrossAttnUpBlockSpatioTemporal"),
        num_attention_heads=(2, 4), addition_time_embed_dim=8, projection_class_embeddings_input_dim=24,
        num_frames=14,
    ).eval()  # fmt: skip
    vae = AutoencoderKLTemporalDecoder(
        block_out_channels=(32, 32, 32, 32), down_block_types=("DownEncoderBlock2D",) * 4, layers_per_block=1
    ).eval()
    StableVideoDiffusionPipeline(
        vae=vae, unet=unet, image_encoder=clip_vision_projected(SIDE, 32),
        scheduler=EulerDiscreteScheduler(**SCHEDULE), feature_extractor=clip_pictures(SIDE),
    ).save_pretrained(folder)  # fmt: skip
    hub_names(folder)
